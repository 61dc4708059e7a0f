//! Settlements in pieces: whatever order they come in, and however often, the same comes out, and once.

use std::collections::BTreeMap;

use kalshi_fix::dialect::{Date, Decimal, Decoder, Encoder, SessionHeader, Timestamp};
use kalshi_fix::prediction::{self, MarketSettlementReport, Prediction, fields, groups};
use kalshi_fix::settlement::{Handled, Incomplete, Reassembler, ReassemblerSettings, Settlement};
use proptest::prelude::*;
use proptest::sample::Index;

fn party() -> impl Strategy<Value = groups::MarketSettlementParty<'static>> {
    let amount = || proptest::option::of((-10_000_i64..1_000_000).prop_map(|amount| Decimal::new(amount, 3)));
    ("[a-d]", amount(), amount(), amount(), amount()).prop_map(|(id, long, short, payout, fee)| {
        let change =
            |amount| groups::CollateralAmountChange::new(amount, fields::CollateralAmountType::Payout);
        let charged = |amount| {
            let (kind, basis) = (fields::MiscFeeType::ExchangeFees, fields::MiscFeeBasis::Absolute);
            groups::MiscFee::new(amount, "USD", kind, basis)
        };
        groups::MarketSettlementParty {
            long_qty: long,
            short_qty: short,
            collateral_amount_changes: payout.map(|amount| vec![change(amount)]),
            misc_fees: fee.map(|amount| vec![charged(amount)]),
            ..groups::MarketSettlementParty::new(id, fields::MarketSettlementPartyRole::CustomerAccount)
        }
    })
}

/// The batches of several markets: each page has its parties.
fn batches() -> impl Strategy<Value = Vec<Vec<Vec<groups::MarketSettlementParty<'static>>>>> {
    let page = proptest::collection::vec(party(), 0..4);
    proptest::collection::vec(proptest::collection::vec(page, 1..6), 1..5)
}

/// All pages, counted. A page's id says nothing of its place.
fn pages(
    batches: &[Vec<Vec<groups::MarketSettlementParty<'static>>>],
) -> Vec<MarketSettlementReport<'static>> {
    let mut pages = Vec::new();
    for (market, batch) in batches.iter().enumerate() {
        for (number, parties) in batch.iter().enumerate() {
            let id = format!("{}-{market}-{number}", (number * 7 + market * 3) % 11);
            let (cents, day) = (Decimal::new(3_061, 2), Date::new(2026, 8, 17).expect("a day"));
            pages.push(MarketSettlementReport {
                tot_num_market_settlement_reports: i64::try_from(batch.len()).ok(),
                last_fragment: Some(number + 1 == batch.len()),
                market_settlement_party_ids: Some(parties.clone()),
                ..MarketSettlementReport::new(
                    id,
                    format!("MARKET-{market}"),
                    day,
                    fields::MarketResult::ScalarValue,
                    cents,
                )
            });
        }
    }
    pages
}

/// The settlements that pages lead to, by market, and what still waits.
fn reassemble<'a>(
    pages: impl IntoIterator<Item = &'a MarketSettlementReport<'static>>,
) -> (BTreeMap<String, Settlement>, Vec<Incomplete>) {
    let mut reassembler = Reassembler::new(ReassemblerSettings::default());
    let mut settled = BTreeMap::new();
    for page in pages {
        match reassembler.handle(page) {
            Handled::Complete(settlement) => {
                let before = settled.insert(settlement.symbol.to_string(), settlement);
                assert!(before.is_none(), "given out twice: {before:?}");
            }
            Handled::Taken { evicted, .. } => assert_eq!(evicted, []),
            Handled::Duplicate => {}
            other => panic!("{other:?}"),
        }
    }
    let mut waiting = reassembler.incomplete();
    waiting.sort_by(|one, other| one.symbol.cmp(&other.symbol));
    (settled, waiting)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn order_and_repetition_change_nothing(
        batches in batches(),
        shuffle in proptest::collection::vec(any::<Index>(), 0..40),
        again in proptest::collection::vec(any::<Index>(), 0..40),
        missing in proptest::option::of(any::<Index>()),
    ) {
        let mut pages = pages(&batches);
        if let Some(missing) = missing {
            pages.remove(missing.index(pages.len()));
        }
        prop_assume!(!pages.is_empty());
        let expected = reassemble(&pages);
        let mut order: Vec<usize> = (0..pages.len()).collect();
        for pair in shuffle.chunks_exact(2) {
            order.swap(pair[0].index(pages.len()), pair[1].index(pages.len()));
        }
        for (at, twice) in again.iter().enumerate() {
            // A page comes again anywhere: before the others of its batch, and after them.
            let page = order[twice.index(order.len())];
            order.insert((at * 13 + twice.index(97)) % (order.len() + 1), page);
        }
        prop_assert_eq!(reassemble(order.iter().map(|at| &pages[*at])), expected.clone());
        // What is there, and no more.
        let (settled, waiting) = expected;
        let complete = batches.len() - usize::from(missing.is_some());
        prop_assert!(settled.len() == complete || settled.len() == complete + usize::from(waiting.is_empty()));
        for (market, batch) in batches.iter().enumerate() {
            let Some(settlement) = settled.get(&format!("MARKET-{market}")) else { continue };
            prop_assert_eq!(settlement.report_ids.len(), batch.len());
            prop_assert_eq!(settlement.parties.len(), batch.iter().map(Vec::len).sum::<usize>());
            let stated = batch.iter().flatten().map(|party| party.collateral_amount_changes.as_ref());
            let stated: Option<Decimal> = stated.map(|changes| Some(changes?[0].collateral_amount_change)).sum();
            prop_assert_eq!(settlement.total_payout().map(kalshi_fix::units::Money::dollars), stated);
        }
    }

    #[test]
    fn nothing_is_held_without_bound(batches in batches(), open in 0..4_usize, held in 0..6_usize) {
        let mut settings = ReassemblerSettings::default();
        (settings.open_batches, settings.held_parties, settings.remembered_reports) = (open, held, 3);
        let mut reassembler = Reassembler::new(settings);
        let (mut given, mut evicted) = (0, 0);
        let pages = pages(&batches);
        for page in pages.iter().filter(|page| page.last_fragment == Some(false)) {
            match reassembler.handle(page) {
                Handled::Complete(_) => given += 1,
                Handled::Taken { evicted: gone, .. } => evicted += gone.len() as u64,
                _ => {}
            }
            let waiting = reassembler.incomplete();
            prop_assert!(waiting.len() <= open);
            prop_assert!(waiting.iter().map(|batch| batch.parties).sum::<usize>() <= held);
            prop_assert_eq!(reassembler.evicted(), evicted);
        }
        prop_assert_eq!(given, 0);
    }

    /// What a page says survives the wire, and a page that was decoded is the page that was meant.
    #[test]
    fn decoded_pages_are_the_same(batches in batches()) {
        let header = SessionHeader::new("FIXT.1.1", "KalshiPT", "me").expect("a header");
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::<Prediction>::new());
        let mut reassembler = Reassembler::new(ReassemblerSettings::default());
        for page in pages(&batches) {
            let handled = reassembler.handle(&page);
            prop_assert!(!matches!(handled, Handled::Duplicate));
            let time = Timestamp::from_unix_nanos(0);
            let frame = encoder.encode(&header, 1, time, &page).expect("a frame");
            let decoded = decoder.decode(frame).expect("a message");
            let Some(prediction::Message::MarketSettlementReport(decoded)) = decoded.message() else {
                panic!("{decoded:?}")
            };
            prop_assert_eq!(reassembler.handle(decoded), Handled::Duplicate);
        }
    }
}
