//! Order books, trades and trading statuses, from market data of either product.
//!
//! - [`Book`] is the book of one market. It starts from a snapshot, takes updates, and knows whether it can be believed
//!   ([`BookState`]): what cannot be applied is never guessed, but makes it stale.
//! - [`Books`] are those of a session: they say what to ask the venue for so that all of them become live, and live again.
//! - [`MarketDataFeed`] is [`Books`] over a [`Session`](crate::client::Session), and the one thing here that waits.
//!
//! All but the last read no clock and no socket, and serve backtests and tests as well: [`Entry`], [`Snapshot`] and
//! [`Updates`] are made from typed messages ([`MarketData`]) or from values of one's own.
//!
//! # What the venue documents, and what follows
//!
//! - A snapshot (W) has the whole book, and an update (X) whole sizes of levels. A size of zero deletes, and so does
//!   MDUpdateAction (279) = 2, whatever size it comes with or without.
//! - A delete may lack its price as well, and then nobody knows what it deletes: the book is stale.
//! - MDEntryType (269) = 2 on an update is a trade and changes no level.
//! - Books have no sequence numbers: after a gap, a reconnect or a fault, nothing but a new snapshot helps.
//! - A market that the venue does not know gets an empty snapshot, not a reject.
//! - MarketDataRequestReject (Y) names neither the request nor a symbol.
//!
//! ```
//! use kalshi_fix::book::{Aggressor, Applied, Book, BookState, Entry, Side};
//! use kalshi_fix::dialect::Decimal;
//! use kalshi_fix::environment::Product;
//!
//! let price = |cents| Decimal::new(cents, 2);
//! let mut book = Book::new("HIGHNY-23DEC31", Product::Prediction);
//! book.load([
//!     Entry::level(Side::Bid, price(35), Decimal::from(10)),
//!     Entry::level(Side::Offer, price(65), Decimal::from(5)),
//! ])?;
//! let Applied::Trade(trade) = book.apply(&Entry::trade(price(65), Decimal::from(3), Aggressor::Buy))? else { panic!() };
//! assert_eq!(trade.size.to_string(), "3.00");
//! book.apply(&Entry::level(Side::Offer, price(65), Decimal::from(2)))?;
//! assert_eq!(book.best_offer().unwrap().size.to_string(), "2.00");
//!
//! // Nobody can tell what this one means, so nobody should trade on what the book says from here on.
//! assert!(book.apply(&Entry::level(Side::Bid, price(36), Decimal::from(-1))).is_err());
//! assert!(matches!(book.state(), BookState::Stale(_)));
//! # Ok::<(), kalshi_fix::book::EntryFault>(())
//! ```

mod books;
mod difference;
mod entry;
mod feed;
mod fixed;
mod ladder;
mod no_side;
mod order_book;
mod request;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod view;

pub use books::{BookEvent, Books, BooksSettings, MarketDataProduct, SubscribeError};
pub use difference::Difference;
pub use entry::{Aggressor, Entry, EntryType, Side, UpdateAction};
pub use feed::{FeedEvent, MarketDataFeed};
pub use no_side::NoView;
pub use order_book::{Applied, Book, Depth, Level, LevelChange, Loaded, MAX_LEVELS};
pub use request::Request;
pub use state::{BookState, EntryFault, StaleReason};
pub use status::{Refusal, Trade, TradingStatus};
pub use view::{MarketData, Snapshot, Update, Updates};
