//! FIX toolkit for [Kalshi](https://kalshi.com): typed dialects, a session engine, clients, and a simulated exchange.
//!
//! Kalshi's two products speak two dialects of FIXT.1.1 / FIX 5.0 SP2, generated here from the dictionaries in `spec/`:
//! [`prediction`] (event contracts) and [`margin`] (perpetual futures).
//!
//! It trades with the venue, or offline with a simulated exchange that is part of it; it speaks dialects of your own as well. REST
//! and WebSocket are not in it: [what is not supported](#what-is-not-supported).
//!
//! # A first filled order
//!
//! Five minutes, and no account. In a new package (`cargo new first-order`), with the path of your clone:
//!
//! ```toml
//! [dependencies]
//! kalshi-fix = { path = "…/kalshi-fix", features = ["gateway"] }
//! tokio = { version = "1", features = ["macros", "rt"] }
//! ```
//!
//! The feature `gateway` is the simulated exchange. It listens on this machine, checks signatures and rules, and matches orders:
//!
//! ```
//! use kalshi_fix::client::Event;
//! use kalshi_fix::credentials::PrivateKey;
//! use kalshi_fix::dialect::Timestamp;
//! use kalshi_fix::gateway::Gateway;
//! use kalshi_fix::orders::LimitOrder;
//! use kalshi_fix::prediction::{Message, Prediction, fields};
//! use kalshi_fix::units::PriceUnit;
//! use std::process::ExitCode;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> ExitCode {
//!     let Err(error) = trade().await else { return ExitCode::SUCCESS };
//!     eprintln!("{error}"); // what, where, and what helps
//!     ExitCode::FAILURE
//! }
//!
//! async fn trade() -> Result<(), Box<dyn std::error::Error>> {
//!     let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
//!     let key = PrivateKey::generate()?;
//!     let a_member = || gateway.client_builder::<Prediction>(gateway.member().credentials(&key)).build();
//!     let now = Timestamp::from(std::time::SystemTime::now());
//!
//!     // Somebody offers ten contracts: YES for 55 cents. `submit` waits for the exchange's answer.
//!     let seller = a_member()?.order_entry().await?;
//!     let offer = LimitOrder::<Prediction>::sell_yes("HIGHNY-23DEC31", "10".parse()?, "0.55".parse()?);
//!     seller.submit(&offer.message("offer-1", PriceUnit::Dollars, now)?).await?.acknowledged()?;
//!
//!     // We buy them. `send` does not wait: what comes of it is told by events.
//!     let mut session = a_member()?.order_entry().await?;
//!     let bid = LimitOrder::<Prediction>::buy_yes("HIGHNY-23DEC31", "10".parse()?, "0.55".parse()?);
//!     session.send(&bid.message("bid-1", PriceUnit::Dollars, now)?).await?;
//!     while let Some(event) = session.recv().await {
//!         let Event::Message(received) = event else { continue };
//!         let Some(Message::ExecutionReport(report)) = received.message() else { continue };
//!         if report.ord_status == fields::OrdStatus::Filled {
//!             println!("{} contracts at an average of {} dollars", report.cum_qty, report.avg_px);
//!             break;
//!         }
//!     }
//!     let _ = session.close().await; // logs out
//!     Ok(())
//! }
//! ```
//!
//! What has happened: a [`client::Client`] of a product knows an [`environment::Environment`] and
//! [`credentials::Credentials`], and opens sessions. Each is a TLS connection with a signed logon, and needs an API key of its own.
//! A [`client::Session`] sends only what it may carry, or the program does not compile, and receives [`client::Event`]s:
//! messages, and every way in which the session ends. A received message is decoded on the caller's task, into the types of its
//! dialect; what cannot be read is never made up ([`dialect::Outcome`]).
//!
//! **At the venue** the client comes from [`Client::from_env`](client::Client::from_env), and nothing else changes:
//! [`guide::first_order`] has that program, the keys that it needs, and the usual first stumbles.
//!
//! **Where to go on.** The [`guide`] has a page for each kind of session, for [every error](guide::errors), for
//! [units](guide::units), and for who comes from the [Python SDK](guide::from_the_python_sdk) or from
//! [QuickFIX](guide::from_quickfix). The program `kalshi-fix` (the feature `cli`) tries a connection (`probe`), runs the exchange
//! (`gateway`), and reads logs and dictionaries.
//!
//! # Messages of your own
//!
//! [`FixMessage`](derive@FixMessage), [`FixGroup`](derive@FixGroup) and [`FixEnum`](derive@FixEnum) make a message of a
//! struct, beside those of the dialects. It is sent and received on a session, decoded, validated and printed like one
//! of them. Held against a dialect, as the order below, it takes its tags and its rules from there. It is sent by
//! [`send`](client::Sender::send), and what answers it comes by `recv`: [`submit`](client::Sender::submit), which waits for the
//! answer, takes the dialect's own [requests](client::Request) alone. A [`tracker`] follows it where the struct implements
//! [`tracker::AsRequest`].
//!
//! ```
//! use kalshi_fix::FixMessage;
//! use kalshi_fix::client::Event;
//! use kalshi_fix::credentials::PrivateKey;
//! use kalshi_fix::dialect::{Decimal, Text, Unknown};
//! use kalshi_fix::gateway::Gateway;
//! use kalshi_fix::prediction::Prediction;
//! use kalshi_fix::prediction::fields::{OrdStatus, OrdType, Side};
//!
//! /// NewOrderSingle, as far as this program needs it. A private tag would be a field with `#[fix(tag = …)]`.
//! #[derive(FixMessage)]
//! #[fix(msg_type = "D", client = "kalshi_fix::prediction::sessions::NR")]
//! #[fix(dialect = Prediction)]
//! struct Order<'a> {
//!     cl_ord_id: String,
//!     order_qty: Decimal,
//!     ord_type: OrdType,
//!     price: Decimal,
//!     side: Side,
//!     symbol: &'a str,
//! }
//!
//! /// ExecutionReport, of which nothing but the state of the order matters here.
//! #[derive(FixMessage)]
//! #[fix(msg_type = "8")]
//! struct OrderState<'a> {
//!     #[fix(tag = 11)]
//!     cl_ord_id: Option<Text<'a>>,
//!     #[fix(tag = 39)]
//!     status: OrdStatus,
//!     #[fix(unknown)]
//!     rest: Unknown<'a>,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
//! # let key = PrivateKey::generate()?;
//! # let credentials = gateway.member().credentials(&key);
//! # let client = gateway.client_builder::<Prediction>(credentials).build()?;
//! let mut session = client.order_entry().await?;
//! let order = Order {
//!     cl_ord_id: "1".to_owned(),
//!     order_qty: Decimal::from(10),
//!     ord_type: OrdType::Limit,
//!     price: Decimal::new(5500, 4),
//!     side: Side::Buy,
//!     symbol: "HIGHNY-23DEC31",
//! };
//! assert!(order.validate()?.is_empty());
//! session.send(&order).await?;
//! while let Some(event) = session.recv().await {
//!     let Event::Message(received) = event else { continue };
//!     let Ok(state) = received.decode_as::<OrderState>() else { continue };
//!     if state.status == OrdStatus::New {
//!         assert_eq!(state.cl_ord_id.as_ref().unwrap(), &"1");
//!         assert!(state.rest.get(17).is_some()); // ExecID
//!         break;
//!     }
//! }
//! let _ = session.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! None is on by default, and each only adds API: none changes what decodes or what is sent. [`guide::features`] says what each costs.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `gateway` | the simulated exchange, `kalshi_fix::gateway` |
//! | `config` | configuration from a file of TOML |
//! | `metrics` | counters, gauges and histograms |
//! | `test-support` | for stores of your own: the conformance suite, a disk that fails on demand |
//! | `cli` | the program `kalshi-fix` |
//!
//! CI runs Rust 1.95, which is the oldest that is supported too (`rust-version`), on Linux; no nightly.
//!
//! # What is not supported
//!
//! - REST and WebSocket: what only they know (price grids, balances) is asked for there, and given to the types here.
//! - Market orders: the venue has none. Drop copy of more than three hours: the venue's REST interface has that.
//! - FIX versions other than FIXT.1.1 with FIX 5.0 SP2 are not tried against anybody; FAST and SBE are not there.
//! - Schedules of sessions by the hour; a database as a store, unless you bring one ([`store::Store`]).
//! - The simulated exchange is a model: its fees, prices and margin are not the venue's.
//!
//! [`guide::features`] has the whole list.
//!
//! # Layers
//!
//! | module | what it is |
//! | --- | --- |
//! | [`prediction`], [`margin`] | messages, groups, enums and sessions of the dialects |
//! | [`guide`] | what to read first, page by page |
//! | [`client`] | typed sessions of a product |
//! | [`config`] | a client's configuration: from a file, from variables, from code |
//! | [`book`] | order books, trades and trading statuses from market data |
//! | [`credentials`] | API keys and the signature of a logon |
//! | `gateway` | the simulated exchange (the feature `gateway`) |
//! | [`environment`] | hosts, ports, and what each kind of session does |
//! | [`transport`] | TLS, pins, and connecting |
//! | [`driver`] | the task that runs a session over a stream |
//! | [`observe`] | what a session lets its surroundings see |
//! | [`reconnect`] | when to connect again: a decision, and nothing else |
//! | [`session`] | the session engine: no clock, no socket, no task |
//! | [`settlement`] | settlements put together from their pages, and reconciled |
//! | [`store`] | what of a session outlives its connection |
//! | [`ticks`], [`orders`] | price grids; orders that are checked before they are sent |
//! | [`rate`], [`limits`] | the venue's rate limits, kept on our side; limits of one's own, and the kill switch |
//! | [`tracker`], [`recovery`], [`groups`] | orders, fills and positions; what was missed, from drop copy; order groups |
//! | [`replay`] | a recorded message log, played into what follows messages |
//! | [`rfq`] | requests for quotes: the creator's side and the maker's |
//! | [`units`] | prices, amounts and quantities that do not mix, and cents against dollars |
//! | [`dialect`] | the wire runtime, for dialects of one's own |

pub mod book;
pub mod client;
pub mod config;
pub mod credentials;
pub mod driver;
pub mod environment;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod groups;
pub mod guide;
pub mod limits;
pub mod margin;
pub mod observe;
pub mod orders;
pub mod prediction;
pub mod rate;
pub mod reconnect;
pub mod recovery;
pub mod replay;
pub mod rfq;
pub mod session;
pub mod settlement;
pub mod store;
#[cfg(test)]
mod testing;
pub mod ticks;
pub mod tracker;
pub mod transport;
pub mod units;

pub use fix_derive::{
    KalshiFixDialect as Dialect, KalshiFixEnum as FixEnum, KalshiFixGroup as FixGroup,
    KalshiFixMessage as FixMessage,
};
/// The wire runtime: what generated dialects stand on. The derives of this crate use it; where the crate has another name in
/// `Cargo.toml`, `#[fix(crate = "name::dialect")]` tells them.
pub use fix_dialect as dialect;
/// Beside the derives of the same names.
pub use fix_dialect::{FixGroup, FixMessage, IntoOwned};

/// The samples of the README, as tests.
#[cfg(all(doctest, feature = "gateway"))]
#[doc = include_str!("../README.md")]
struct Readme;
