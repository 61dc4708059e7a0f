//! A book held against maps from prices to sizes.

use std::collections::BTreeMap;

use kalshi_fix::book::{Book, Difference, Entry, Side, UpdateAction};
use kalshi_fix::dialect::{Decimal, Decoder, Encoder, SessionHeader, Timestamp};
use kalshi_fix::environment::Product;
use kalshi_fix::prediction::{self, Prediction, fields, groups};
use kalshi_fix::units::Quantity;
use proptest::prelude::*;

/// What a book has to hold: sizes by price, bids and offers.
type Model = [BTreeMap<Decimal, Decimal>; 2];

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Offer)]
}

/// Few prices, so that levels come and go; and many, so that books are deep.
fn price() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        (0_i64..=100).prop_map(|cents| Decimal::new(cents, 2)),
        (0_i64..=10_000).prop_map(|ticks| Decimal::new(ticks, 4)),
    ]
}

fn size() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        1 => Just(Decimal::ZERO),
        9 => (1_i64..=1_000_000).prop_map(|hundredths| Decimal::new(hundredths, 2)),
    ]
}

/// A change of a level in any of the ways in which the venue may say it.
fn update() -> impl Strategy<Value = Entry> {
    (side(), price(), size(), 0_u8..10).prop_map(|(side, price, size, kind)| {
        let level = Entry::level(side, price, size);
        match kind {
            0 => Entry::deletion(side, price),
            1 | 2 => Entry {
                action: UpdateAction::Delete,
                ..level
            },
            3..=6 => Entry {
                action: UpdateAction::Change,
                ..level
            },
            _ => level,
        }
    })
}

fn updates() -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec(update(), 0..600)
}

fn take(model: &mut Model, entry: &Entry) {
    let side = &mut model[usize::from(entry.entry_type == Side::Offer.into())];
    let price = entry.price.expect("a price");
    match entry.size {
        Some(size) if entry.action != UpdateAction::Delete && !size.is_zero() => side.insert(price, size),
        _ => side.remove(&price),
    };
}

fn model_of(updates: &[Entry]) -> Model {
    let mut model = Model::default();
    for update in updates {
        take(&mut model, update);
    }
    model
}

/// The levels of a model as a snapshot has them.
fn snapshot(model: &Model) -> Vec<Entry> {
    let levels = |side: Side| {
        model[side as usize]
            .iter()
            .map(move |(price, size)| Entry::level(side, *price, *size))
    };
    levels(Side::Bid).chain(levels(Side::Offer)).collect()
}

fn assert_same(book: &Book, model: &Model) {
    let best_first = |side| -> Vec<(Decimal, Decimal)> {
        let levels = book.levels(side);
        levels
            .map(|level| (level.price.dollars(), level.size.contracts()))
            .collect()
    };
    let [bids, offers] = model;
    let pair = |(price, size): (&Decimal, &Decimal)| (*price, *size);
    assert_eq!(
        best_first(Side::Bid),
        bids.iter().rev().map(pair).collect::<Vec<_>>()
    );
    assert_eq!(
        best_first(Side::Offer),
        offers.iter().map(pair).collect::<Vec<_>>()
    );
    let price = |level: Option<kalshi_fix::book::Level>| level.map(|level| level.price.dollars());
    assert_eq!(
        price(book.best_bid()),
        bids.last_key_value().map(|(price, _)| *price)
    );
    assert_eq!(
        price(book.best_offer()),
        offers.first_key_value().map(|(price, _)| *price)
    );
    if let (Some((bid, _)), Some((offer, _))) = (bids.last_key_value(), offers.first_key_value()) {
        assert_eq!(book.mid().unwrap().dollars() * Decimal::TWO, bid + offer);
        assert_eq!(book.spread().unwrap().dollars(), offer - bid);
        assert_eq!((book.is_crossed(), book.is_locked()), (bid > offer, bid == offer));
    }
    for side in [Side::Bid, Side::Offer] {
        let total: Decimal = model[side as usize].values().sum();
        assert_eq!(book.total_size(side), Quantity::from_contracts(total));
        assert_eq!(book.level_count(side), model[side as usize].len());
    }
}

fn assert_mirrored(book: &Book) {
    let no = book.no().expect("a prediction market");
    for side in [Side::Bid, Side::Offer] {
        let yes = book.levels(side.opposite());
        let mirrored: Vec<_> = yes
            .map(|level| (Decimal::ONE - level.price.dollars(), level.size))
            .collect();
        let found: Vec<_> = no
            .levels(side)
            .map(|level| (level.price.dollars(), level.size))
            .collect();
        assert_eq!(found, mirrored);
        assert_eq!(no.best(side), no.levels(side).next());
    }
}

fn empty() -> Book {
    let mut book = Book::new("TEST", Product::Prediction);
    book.load([]).expect("an empty snapshot");
    book
}

fn typed(entry: &Entry) -> groups::MDIncEntry<'static> {
    let action = match entry.action {
        UpdateAction::New => fields::MDUpdateAction::New,
        UpdateAction::Change => fields::MDUpdateAction::Change,
        _ => fields::MDUpdateAction::Delete,
    };
    let kind = if entry.entry_type == Side::Bid.into() {
        fields::MDEntryType::Bid
    } else {
        fields::MDEntryType::Offer
    };
    groups::MDIncEntry {
        md_entry_px: entry.price,
        md_entry_size: entry.size,
        ..groups::MDIncEntry::new(action, "TEST", kind)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn updates_do_what_they_do_to_maps(updates in updates()) {
        let (mut book, mut model) = (empty(), Model::default());
        for update in &updates {
            book.apply(update).expect("a sound update");
            take(&mut model, update);
        }
        assert_same(&book, &model);
        assert_mirrored(&book);
        prop_assert!(book.is_live());
    }

    #[test]
    fn a_snapshot_and_what_follows_is_the_later_snapshot(updates in updates(), at in 0..600_usize) {
        let (earlier, later) = updates.split_at(at.min(updates.len()));
        let mut book = Book::new("TEST", Product::Prediction);
        book.load(snapshot(&model_of(earlier))).expect("a sound snapshot");
        for update in later {
            book.apply(update).expect("a sound update");
        }
        let model = model_of(&updates);
        assert_same(&book, &model);
        prop_assert_eq!(book.verify(snapshot(&model)).expect("a sound snapshot"), []);
        // However often it comes, and in whatever order its levels are.
        for _ in 0..2 {
            let mut levels = snapshot(&model);
            levels.reverse();
            book.load(levels).expect("a sound snapshot");
            assert_same(&book, &model);
        }
    }

    #[test]
    fn differences_are_those_of_the_maps(ours in updates(), theirs in updates()) {
        let (ours, theirs) = (model_of(&ours), model_of(&theirs));
        let mut book = Book::new("TEST", Product::Prediction);
        book.load(snapshot(&ours)).expect("a sound snapshot");
        let differences = book.verify(snapshot(&theirs)).expect("a sound snapshot");
        let mut expected = 0;
        for side in [Side::Bid, Side::Offer] {
            let (ours, theirs) = (&ours[side as usize], &theirs[side as usize]);
            let prices: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
            expected += prices.into_iter().filter(|price| ours.get(price) != theirs.get(price)).count();
            for Difference { price, book, snapshot, .. } in differences.iter().filter(|found| found.side == side) {
                prop_assert_eq!(book.contracts(), ours.get(&price.dollars()).copied().unwrap_or_default());
                prop_assert_eq!(snapshot.contracts(), theirs.get(&price.dollars()).copied().unwrap_or_default());
            }
        }
        prop_assert_eq!(differences.len(), expected);
    }

    /// What the decoder makes of a message is what was meant.
    #[test]
    fn typed_messages_lose_nothing_on_the_wire(updates in proptest::collection::vec(update(), 1..40)) {
        let message = prediction::MarketDataIncrementalRefresh::new(updates.iter().map(typed).collect());
        let header = SessionHeader::new("FIXT.1.1", "KalshiMD", "me").expect("a header");
        let mut encoder = Encoder::new();
        let frame = encoder.encode(&header, 1, Timestamp::from_unix_nanos(0), &message).expect("a frame");
        let mut decoder = Decoder::<Prediction>::new();
        let decoded = decoder.decode(frame).expect("a message");
        let Some(prediction::Message::MarketDataIncrementalRefresh(decoded)) = decoded.message() else {
            panic!("{decoded:?}")
        };
        let found: Vec<Entry> = kalshi_fix::book::Updates::from(decoded).iter().map(|update| update.entry).collect();
        prop_assert_eq!(found, updates);
    }

    /// Bytes of a peer's choosing: never a panic, and a live book is one that could take everything.
    #[test]
    fn any_values_are_taken_or_refused(
        entries in proptest::collection::vec((any::<[u8; 3]>(), any::<(Option<(i64, u32)>, Option<(i64, u32)>)>()), 0..60),
        product in prop_oneof![Just(Product::Prediction), Just(Product::Margin)],
    ) {
        let decimal = |(mantissa, scale): (i64, u32)| Decimal::new(mantissa, scale % 29);
        let entries: Vec<Entry> = entries.iter().map(|(bytes, (price, size))| {
            let mut entry = Entry::level(Side::Bid, Decimal::ZERO, Decimal::ZERO);
            entry.action = [UpdateAction::New, UpdateAction::Change, UpdateAction::Delete, UpdateAction::Unlisted(bytes[0])][usize::from(bytes[0] % 4)];
            entry.entry_type = match bytes[1] % 8 {
                0 => kalshi_fix::book::EntryType::Trade,
                1 => kalshi_fix::book::EntryType::Unlisted(bytes[1]),
                even if even % 2 == 0 => Side::Bid.into(),
                _ => Side::Offer.into(),
            };
            entry.price = price.map(decimal);
            entry.size = size.map(decimal);
            entry
        }).collect();
        for at in 0..entries.len().min(4) {
            let mut book = Book::new("TEST", product);
            let loaded = book.load(entries[..at].iter().copied());
            prop_assert_eq!(loaded.is_ok(), book.is_live());
            for entry in &entries[at..] {
                let live = book.is_live();
                let applied = book.apply(entry);
                prop_assert!(live || !book.is_live());
                prop_assert!(applied.is_err() || live == book.is_live());
            }
            for side in [Side::Bid, Side::Offer] {
                prop_assert!(book.levels(side).all(|level| level.size.is_positive()));
            }
            let _ = (book.mid(), book.spread(), book.total_size(Side::Bid), book.no().and_then(|no| no.mid()));
        }
    }
}
