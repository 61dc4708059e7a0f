//! What is on the screen beside the book itself.

use std::collections::VecDeque;

use kalshi_fix::book::Trade;
use kalshi_fix::environment::Product;

use super::known::Known;
use super::view::Terms;

/// The markets, which of them is looked at and how, and what was traded.
pub(super) struct Shown {
    pub(super) product: Product,
    /// Where the session is: an environment, or the simulated exchange.
    pub(super) place: String,
    pub(super) symbols: Vec<String>,
    pub(super) terms: Terms,
    /// Which of the markets are known to exist.
    pub(super) known: Known,
    /// For how many seconds nothing has come of the market that is looked at.
    quiet: u64,
    selected: usize,
    /// The latest in front, of all markets.
    trades: VecDeque<Trade>,
    /// What there is to say, if anything.
    pub(super) message: String,
    /// What to do about that, if anything.
    pub(super) remedy: String,
    /// What has happened and is to be known, until a key says that it is.
    pub(super) notice: String,
    /// Whether it has colours.
    pub(super) colour: bool,
    changed: bool,
}

impl Shown {
    pub(super) fn new(
        product: Product,
        place: String,
        symbols: &[String],
        terms: Terms,
        known: Known,
    ) -> Shown {
        Shown {
            product,
            place,
            symbols: symbols.to_vec(),
            terms,
            known,
            quiet: 0,
            selected: 0,
            trades: VecDeque::new(),
            message: String::new(),
            remedy: String::new(),
            notice: String::new(),
            colour: true,
            changed: true,
        }
    }

    /// The market that is looked at.
    pub(super) fn symbol(&self) -> &str {
        &self.symbols[self.selected]
    }

    pub(super) fn selected(&self) -> usize {
        self.selected
    }

    /// Looks at a market further on, or back.
    pub(super) fn next(&mut self, by: isize) {
        let count = self.symbols.len();
        self.selected = (self.selected + count).saturating_add_signed(by) % count;
        self.changed = true;
    }

    /// Whether the product has two sets of terms.
    pub(super) fn has_terms(&self) -> bool {
        self.product == Product::Prediction
    }

    /// Looks at the market from the other side.
    pub(super) fn turn(&mut self) {
        if self.has_terms() {
            self.terms = self.terms.other();
            self.changed = true;
        }
    }

    pub(super) fn redraw(&mut self) {
        self.changed = true;
    }

    pub(super) fn traded(&mut self, trade: Trade) {
        self.trades.truncate(MOST_TRADES - 1);
        self.trades.push_front(trade);
        self.changed = true;
    }

    pub(super) fn say(&mut self, message: String) {
        self.trouble(message, String::new());
    }

    /// Says what is wrong, and what to do about it.
    pub(super) fn trouble(&mut self, what: String, remedy: String) {
        (self.message, self.remedy) = (what, remedy);
        self.changed = true;
    }

    /// Another exchange is in the place of the one before: nothing of that counts any more.
    pub(super) fn start_over(&mut self, known: Known, notice: String) {
        self.known = known;
        self.quiet = 0;
        self.trades.clear();
        self.notice = notice;
        self.say(String::new());
    }

    /// A key was pressed: what stands there has been seen.
    pub(super) fn seen(&mut self) {
        self.changed |= !self.notice.is_empty();
        self.notice.clear();
    }

    /// Nothing has come of the market for so many seconds.
    pub(super) fn set_quiet(&mut self, seconds: u64) {
        self.changed |= self.quiet != seconds;
        self.quiet = seconds;
    }

    /// For how many seconds nothing has come, if that is worth being said.
    pub(super) fn quiet(&self) -> Option<u64> {
        Some(self.quiet).filter(|seconds| *seconds >= WORTH_SAYING)
    }

    /// The trades of the market that is looked at, the latest first.
    pub(super) fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.trades.iter().filter(|trade| &*trade.symbol == self.symbol())
    }

    /// Whether there is something new since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

/// The trades of all markets that are kept.
const MOST_TRADES: usize = 500;
/// A market that was quiet for fewer seconds is not called that.
const WORTH_SAYING: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(symbols: &[String]) -> Shown {
        let known = Known::unknown(Product::Margin, symbols);
        Shown::new(Product::Margin, String::new(), symbols, Terms::Yes, known)
    }

    #[test]
    fn going_round_the_markets() {
        let symbols = ["A", "B", "C"].map(str::to_owned);
        let mut shown = shown(&symbols);
        let mut seen = String::new();
        for by in [1, 1, 1, -1, -1] {
            shown.next(by);
            seen.push_str(shown.symbol());
        }
        assert_eq!(seen, "BCACB");
    }

    #[test]
    fn what_asks_for_a_new_picture() {
        let symbols = ["A".to_owned()];
        let mut shown = shown(&symbols);
        assert!(shown.take_changed());
        assert!(!shown.take_changed());
        shown.turn();
        assert!(!shown.take_changed(), "margin has no other side");
        assert_eq!(shown.terms, Terms::Yes);
        shown.set_quiet(0);
        assert!(!shown.take_changed());
        shown.set_quiet(4);
        assert!(shown.take_changed() && shown.quiet().is_none());
        shown.set_quiet(5);
        assert_eq!(shown.quiet(), Some(5));
    }

    #[test]
    fn another_exchange_starts_with_nothing_of_the_one_before() {
        let symbols = ["A".to_owned(), "B".to_owned()];
        let mut shown = shown(&symbols);
        shown.next(1);
        shown.trouble("gone".to_owned(), "wait".to_owned());
        shown.set_quiet(9);
        let known = Known::unknown(Product::Margin, &symbols);
        shown.start_over(known, "another".to_owned());
        assert_eq!((shown.trades.len(), shown.quiet()), (0, None));
        // What is looked at stays.
        assert_eq!(
            (shown.symbol(), &*shown.message, &*shown.remedy, &*shown.notice),
            ("B", "", "", "another")
        );
        assert!(shown.take_changed());
        shown.seen();
        assert!(shown.take_changed() && shown.notice.is_empty());
        shown.seen();
        assert!(!shown.take_changed());
    }
}
