//! The book of one market.

use std::sync::Arc;

use fix_dialect::Timestamp;
use rust_decimal::Decimal;

use super::entry::{Entry, EntryType, Side, UpdateAction};
use super::fixed;
use super::ladder::Ladder;
use super::no_side::NoView;
use super::state::{BookState, EntryFault, StaleReason};
use super::status::{Trade, TradingStatus};
use crate::environment::Product;
use crate::units::{Price, Quantity};

/// The order book of one market, aggregated by price, in YES terms on prediction markets.
///
/// It starts from a snapshot ([`load`](Book::load)), goes on with updates ([`apply`](Book::apply)), and knows whether it
/// can be believed ([`state`](Book::state)): an entry that cannot be taken makes it stale, and a stale book stands still
/// until the next snapshot. Prices have up to four decimals and sizes too; nothing is rounded.
///
/// ```
/// use kalshi_fix::book::{Book, BookState, Entry, Side};
/// use kalshi_fix::dialect::Decimal;
/// use kalshi_fix::environment::Product;
///
/// let cents = |cents| Decimal::new(cents, 2);
/// let mut book = Book::new("HIGHNY-23DEC31", Product::Prediction);
/// assert_eq!(book.state(), BookState::AwaitingSnapshot);
/// book.load([
///     Entry::level(Side::Bid, cents(35), Decimal::from(10)),
///     Entry::level(Side::Bid, cents(34), Decimal::from(7)),
///     Entry::level(Side::Offer, cents(39), Decimal::from(5)),
/// ])?;
/// book.apply(&Entry::level(Side::Offer, cents(38), Decimal::from(2)))?;
///
/// assert_eq!(book.state(), BookState::Live);
/// assert_eq!(book.best_offer().unwrap().price.dollars(), cents(38));
/// assert_eq!(book.spread().unwrap().dollars(), cents(3));
/// assert_eq!(book.mid().unwrap().dollars(), Decimal::new(365, 3));
/// // Whoever buys NO meets the bids for YES.
/// let no = book.no().unwrap();
/// assert_eq!(no.best_offer().unwrap().price.dollars(), cents(65));
/// # Ok::<(), kalshi_fix::book::EntryFault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Book {
    symbol: Arc<str>,
    product: Product,
    state: BookState,
    /// By price in ticks.
    bids: Ladder,
    /// By negated price in ticks: the best is the highest here too.
    offers: Ladder,
    time: Option<Timestamp>,
    last_trade: Option<Trade>,
    status: Option<TradingStatus>,
}

/// A price, and what is wanted or offered there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// The contracts of all orders together.
    pub size: Quantity,
}

/// The best levels of a book, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Depth {
    /// The bids.
    pub bids: Vec<Level>,
    /// The offers.
    pub offers: Vec<Level>,
}

/// What an entry did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// A level has another size.
    Level(LevelChange),
    /// A trade took place. It changes no level: the feed tells that by an entry of its own.
    Trade(Trade),
    /// Nothing: the entry is of a level, and the book waits for a snapshot.
    NotLive,
}

/// A level before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LevelChange {
    /// The side.
    pub side: Side,
    /// The price.
    pub price: Price,
    /// The size that was there; `None` where there was no level. A level that is deleted and was not there is no fault:
    /// sizes are whole, so that an update which the snapshot had already does no harm.
    pub before: Option<Quantity>,
    /// The size that is there now; `None` where there is no level any more.
    pub after: Option<Quantity>,
    /// Whether the best price of the side, or the size there, has changed.
    pub best: bool,
}

/// What a snapshot held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// Price levels.
    pub levels: usize,
    /// Entries that are neither bids nor offers. They were left out.
    pub others: usize,
}

impl Book {
    /// The book of a market of which nothing is known yet.
    #[must_use]
    pub fn new(symbol: impl Into<Arc<str>>, product: Product) -> Book {
        Book {
            symbol: symbol.into(),
            product,
            state: BookState::AwaitingSnapshot,
            bids: Ladder::default(),
            offers: Ladder::default(),
            time: None,
            last_trade: None,
            status: None,
        }
    }

    /// Takes a whole book in place of this one. Entries that are neither bids nor offers are left out, and levels
    /// without contracts.
    ///
    /// # Errors
    ///
    /// The first entry that cannot be taken. The book is empty and stale then.
    pub fn load(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<Loaded, EntryFault> {
        self.bids.clear();
        self.offers.clear();
        let loaded = self.fill(entries);
        self.state = match loaded {
            Ok(_) => BookState::Live,
            Err(fault) => {
                self.bids.clear();
                self.offers.clear();
                BookState::Stale(StaleReason::BadSnapshot(fault))
            }
        };
        loaded
    }

    /// Takes an update. Levels are changed in a live book only; a trade is noted in any.
    ///
    /// # Errors
    ///
    /// The entry cannot be taken. If it is of a level, the book is stale from now on: what it should have become is not
    /// known.
    #[inline]
    pub fn apply(&mut self, entry: &Entry) -> Result<Applied, EntryFault> {
        let side = match entry.entry_type {
            EntryType::Bid => Side::Bid,
            EntryType::Offer => Side::Offer,
            EntryType::Trade => return self.trade(entry).map(Applied::Trade),
            EntryType::Unlisted(value) => return Err(EntryFault::Type(value)),
        };
        if self.state != BookState::Live {
            return Ok(Applied::NotLive);
        }
        match self.change(side, entry) {
            Ok(change) => Ok(Applied::Level(change)),
            Err(fault) => {
                self.state = BookState::Stale(StaleReason::BadUpdate(fault));
                Err(fault)
            }
        }
    }

    /// Makes a live book stale. Others stay what they are: one that waits for its first snapshot goes on doing so, and
    /// of several reasons the first counts. Whether it was live.
    ///
    /// Where messages may be missing, the trading status is not known any more either, whatever the state: one of them may
    /// have told another.
    pub fn mark_stale(&mut self, reason: StaleReason) -> bool {
        if reason.may_miss_messages() {
            self.forget_status();
        }
        let live = self.is_live();
        if live {
            self.state = BookState::Stale(reason);
        }
        live
    }

    /// The market.
    #[must_use]
    pub fn symbol(&self) -> &Arc<str> {
        &self.symbol
    }

    /// The product that the market is of.
    #[must_use]
    pub fn product(&self) -> Product {
        self.product
    }

    /// Whether the book can be believed. What it holds can be read in any state.
    #[must_use]
    pub fn state(&self) -> BookState {
        self.state
    }

    /// Whether a snapshot and all that followed it are in the book.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == BookState::Live
    }

    /// The time of the latest entry, by the venue's clock; `None` on margin, whose entries have none.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.time
    }

    /// The latest trade that updates told of.
    #[must_use]
    pub fn last_trade(&self) -> Option<&Trade> {
        self.last_trade.as_ref()
    }

    /// The trading status; `None` where it is not known. The venue tells changes only, and none when it is asked: a status is
    /// known from the first change on, and no more once messages may be missing, until the next one.
    #[must_use]
    pub fn status(&self) -> Option<TradingStatus> {
        self.status
    }

    /// Notes a trading status.
    pub fn set_status(&mut self, status: TradingStatus) {
        self.status = Some(status);
    }

    /// A change of the trading status may have been missed.
    pub fn forget_status(&mut self) {
        self.status = None;
    }

    /// The highest bid, in constant time.
    #[inline]
    #[must_use]
    pub fn best_bid(&self) -> Option<Level> {
        self.best(Side::Bid)
    }

    /// The lowest offer, in constant time.
    #[inline]
    #[must_use]
    pub fn best_offer(&self) -> Option<Level> {
        self.best(Side::Offer)
    }

    /// The best level of a side, in constant time.
    #[inline]
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.ladder(side).best().map(|level| level_of(side, level))
    }

    /// The levels of a side, the best first.
    #[must_use]
    pub fn levels(&self, side: Side) -> impl DoubleEndedIterator<Item = Level> + Clone + '_ {
        self.ladder(side).iter().map(move |level| level_of(side, level))
    }

    /// The bids, the highest first.
    #[must_use]
    pub fn bids(&self) -> impl DoubleEndedIterator<Item = Level> + Clone + '_ {
        self.levels(Side::Bid)
    }

    /// The offers, the lowest first.
    #[must_use]
    pub fn offers(&self) -> impl DoubleEndedIterator<Item = Level> + Clone + '_ {
        self.levels(Side::Offer)
    }

    /// How many levels a side has.
    #[must_use]
    pub fn level_count(&self, side: Side) -> usize {
        self.ladder(side).len()
    }

    /// Up to so many levels of each side, the best first. To copy nothing, use [`levels`](Book::levels).
    #[must_use]
    pub fn depth(&self, levels: usize) -> Depth {
        Depth {
            bids: self.bids().take(levels).collect(),
            offers: self.offers().take(levels).collect(),
        }
    }

    /// What is wanted or offered at a price; zero where there is no level.
    #[must_use]
    pub fn size_at(&self, side: Side, price: Price) -> Quantity {
        let size = fixed::ticks(price.dollars()).and_then(|ticks| self.ladder(side).get(key(side, ticks)));
        fixed::quantity(size.unwrap_or_default())
    }

    /// What is wanted or offered at a price and at all better ones: what an order that goes so far could meet.
    #[must_use]
    pub fn size_through(&self, side: Side, price: Price) -> Quantity {
        let better = self.levels(side).take_while(|level| match side {
            Side::Bid => level.price >= price,
            Side::Offer => level.price <= price,
        });
        let lots = self.ladder(side).iter().take(better.count());
        fixed::total(lots.map(|(_, lots)| i128::from(lots)).sum())
    }

    /// What is wanted or offered at all prices together.
    #[must_use]
    pub fn total_size(&self, side: Side) -> Quantity {
        let lots = self.ladder(side).iter().map(|(_, lots)| i128::from(lots));
        fixed::total(lots.sum())
    }

    /// The price in the middle between the best bid and the best offer: exact, and so not always on the market's grid.
    #[must_use]
    pub fn mid(&self) -> Option<Price> {
        self.touch().map(|(bid, offer)| fixed::middle(bid, offer))
    }

    /// The best offer less the best bid: zero in a locked book, negative in a crossed one.
    #[must_use]
    pub fn spread(&self) -> Option<Price> {
        self.touch().map(|(bid, offer)| fixed::price(offer - bid))
    }

    /// Whether the best bid is above the best offer. Between the entries of a message it may be; afterwards it says that
    /// the feed has gone wrong.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        self.touch().is_some_and(|(bid, offer)| bid > offer)
    }

    /// Whether the best bid and the best offer are at one price.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.touch().is_some_and(|(bid, offer)| bid == offer)
    }

    /// The same book for those who trade NO; `None` for a margin market.
    #[must_use]
    pub fn no(&self) -> Option<NoView<'_>> {
        (self.product == Product::Prediction).then_some(NoView { book: self })
    }

    pub(super) fn ladder(&self, side: Side) -> &Ladder {
        match side {
            Side::Bid => &self.bids,
            Side::Offer => &self.offers,
        }
    }

    /// Whether the entry is of a level, and where and how much. A size of zero is none.
    pub(super) fn level(&self, entry: &Entry) -> Result<Option<(Side, i64, i64)>, EntryFault> {
        let side = match entry.entry_type {
            EntryType::Bid => Side::Bid,
            EntryType::Offer => Side::Offer,
            EntryType::Trade | EntryType::Unlisted(_) => return Ok(None),
        };
        Ok(Some((side, self.ticks(entry)?, lots(entry)?)))
    }

    /// The best prices of both sides, in ticks.
    fn touch(&self) -> Option<(i64, i64)> {
        Some((self.bids.best()?.0, -self.offers.best()?.0))
    }

    fn fill(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<Loaded, EntryFault> {
        let mut loaded = Loaded { levels: 0, others: 0 };
        for entry in entries {
            let Some((side, ticks, size)) = self.level(&entry)? else {
                loaded.others += 1;
                continue;
            };
            self.time = entry.time.or(self.time);
            if size == 0 {
                continue;
            }
            self.check_room(side, key(side, ticks))?;
            let ladder = self.ladder_mut(side);
            if ladder.set(key(side, ticks), size).is_some() {
                let price = fixed::price(ticks).dollars();
                return Err(EntryFault::Twice { side, price });
            }
            loaded.levels += 1;
        }
        Ok(loaded)
    }

    #[inline]
    fn change(&mut self, side: Side, entry: &Entry) -> Result<LevelChange, EntryFault> {
        let ticks = self.ticks(entry)?;
        let size = match entry.action {
            // Whatever size a deleted level is said to have: it is gone.
            UpdateAction::Delete => 0,
            UpdateAction::New | UpdateAction::Change => lots(entry)?,
            UpdateAction::Unlisted(value) => return Err(EntryFault::Action(value)),
        };
        let key = key(side, ticks);
        let best = self.ladder(side).best().is_none_or(|(best, _)| key >= best);
        let before = if size == 0 {
            self.ladder_mut(side).remove(key)
        } else {
            self.check_room(side, key)?;
            self.ladder_mut(side).set(key, size)
        };
        self.time = entry.time.or(self.time);
        Ok(LevelChange {
            side,
            price: fixed::price(ticks),
            before: before.map(fixed::quantity),
            after: (size != 0).then(|| fixed::quantity(size)),
            best: best && before.unwrap_or_default() != size,
        })
    }

    fn trade(&mut self, entry: &Entry) -> Result<Trade, EntryFault> {
        match entry.action {
            UpdateAction::New => {}
            UpdateAction::Change => return Err(EntryFault::Action(b'1')),
            UpdateAction::Delete => return Err(EntryFault::Action(b'2')),
            UpdateAction::Unlisted(value) => return Err(EntryFault::Action(value)),
        }
        let price = fixed::price(self.ticks(entry)?);
        let size = lots(entry)?;
        if size == 0 {
            return Err(EntryFault::SizeRange(Decimal::ZERO));
        }
        let trade = Trade {
            symbol: Arc::clone(&self.symbol),
            price,
            size: fixed::quantity(size),
            aggressor: entry.aggressor,
            time: entry.time,
        };
        self.time = entry.time.or(self.time);
        self.last_trade = Some(trade.clone());
        Ok(trade)
    }

    #[inline]
    fn ticks(&self, entry: &Entry) -> Result<i64, EntryFault> {
        let price = entry.price.ok_or(EntryFault::NoPrice)?;
        let Some(ticks) = fixed::ticks(price) else {
            return Err(if fixed::is_too_fine(price) {
                EntryFault::PriceTooFine(price)
            } else {
                EntryFault::PriceRange(price)
            });
        };
        let highest = match self.product {
            Product::Prediction => ONE_DOLLAR,
            Product::Margin => i64::MAX,
        };
        if (0..=highest).contains(&ticks) {
            Ok(ticks)
        } else {
            Err(EntryFault::PriceRange(price))
        }
    }

    #[inline]
    fn check_room(&self, side: Side, key: i64) -> Result<(), EntryFault> {
        let ladder = self.ladder(side);
        if ladder.len() >= MAX_LEVELS && ladder.get(key).is_none() {
            return Err(EntryFault::TooManyLevels { side });
        }
        Ok(())
    }

    #[inline]
    fn ladder_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Bid => &mut self.bids,
            Side::Offer => &mut self.offers,
        }
    }
}

/// The most levels that a side of a book can have: a prediction market has at most 10,001 prices, and a margin market
/// with more than this many is taken for a fault.
pub const MAX_LEVELS: usize = 65_536;

#[inline]
fn lots(entry: &Entry) -> Result<i64, EntryFault> {
    let size = entry.size.ok_or(EntryFault::NoSize)?;
    match fixed::lots(size) {
        Some(lots) if lots >= 0 => Ok(lots),
        None if fixed::is_too_fine(size) => Err(EntryFault::SizeTooFine(size)),
        _ => Err(EntryFault::SizeRange(size)),
    }
}

/// The ladder's key of a price: higher is better.
#[inline]
pub(super) const fn key(side: Side, ticks: i64) -> i64 {
    match side {
        Side::Bid => ticks,
        Side::Offer => -ticks,
    }
}

#[inline]
pub(super) fn level_of(side: Side, (key, size): (i64, i64)) -> Level {
    Level {
        price: fixed::price(self::key(side, key)),
        size: fixed::quantity(size),
    }
}

/// A dollar in ticks.
pub(super) const ONE_DOLLAR: i64 = 10_000;
