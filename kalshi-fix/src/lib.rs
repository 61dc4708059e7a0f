//! FIX toolkit for [Kalshi](https://kalshi.com): typed dialects, a session engine, clients, and a simulated exchange.
//!
//! Kalshi's two products speak two dialects of FIXT.1.1 / FIX 5.0 SP2, generated here from the dictionaries in `spec/`:
//! [`prediction`] (event contracts) and [`margin`] (perpetual futures).
//!
//! The [`guide`] has a page for each kind of session, for [every error](guide::errors), for [units](guide::units), and for who comes
//! from the [Python SDK](guide::from_the_python_sdk) or from [QuickFIX](guide::from_quickfix). Five minutes lead to a
//! [first filled order](guide::first_order).
//!
//! # From nothing to a filled order
//!
//! 1. A [`client::Client`] of a product knows an [`environment::Environment`] and [`credentials::Credentials`], and opens
//!    sessions: each is a TLS connection with a signed logon, and needs an API key of its own.
//! 2. A [`client::Session`] sends what its session may carry, and receives [`client::Event`]s: messages, and every way in
//!    which the session ends.
//! 3. A received message is decoded on the caller's task, into the types of its dialect. What cannot be read is never
//!    made up: see [`dialect::Outcome`].
//!
//! The feature `gateway` adds a simulated exchange, with which all of this can be tried offline:
//!
//! ```
//! use kalshi_fix::client::Event;
//! use kalshi_fix::credentials::PrivateKey;
//! use kalshi_fix::dialect::Decimal;
//! use kalshi_fix::gateway::Gateway;
//! use kalshi_fix::prediction::{Message, NewOrderSingle, Prediction, fields};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
//! let key = PrivateKey::generate()?;
//! let credentials = gateway.member().credentials(&key);
//! let client = gateway.client_builder::<Prediction>(credentials).build()?;
//! let mut session = client.order_entry().await?;
//!
//! let (ten, price) = (Decimal::from(10), Decimal::new(5500, 4)); // contracts, and $0.5500
//! let limit = fields::OrdType::Limit;
//! session.send(&NewOrderSingle::new("1", ten, limit, price, fields::Side::Buy, "HIGHNY-23DEC31")).await?;
//! while let Some(event) = session.recv().await {
//!     let Event::Message(received) = event else { continue };
//!     let Some(Message::ExecutionReport(report)) = received.message() else { continue };
//!     if report.ord_status == fields::OrdStatus::New {
//!         break;
//!     }
//! }
//! let _ = session.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Messages of your own
//!
//! [`FixMessage`](derive@FixMessage), [`FixGroup`](derive@FixGroup) and [`FixEnum`](derive@FixEnum) make a message of a
//! struct, beside those of the dialects. It is sent and received on a session, decoded, validated and printed like one
//! of them. Held against a dialect, as the order below, it takes its tags and its rules from there.
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
//! #[fix(dialect = Prediction, crate = "kalshi_fix::dialect")]
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
//! #[fix(msg_type = "8", crate = "kalshi_fix::dialect")]
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
//! `gateway` (the simulated exchange), `config` (configuration from TOML), `metrics`, `test-support` (for stores of your own) and
//! `cli` (the program), all off by default. A feature only adds API: none changes what decodes or what is sent. Tested with Rust
//! 1.95. What each costs, and what is not supported: [`guide::features`].
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
pub mod ticks;
pub mod tracker;
pub mod transport;
pub mod units;

pub use fix_derive::{Dialect, FixEnum, FixGroup, FixMessage};
/// The wire runtime: what generated dialects stand on. `#[fix(crate = "kalshi_fix::dialect")]` makes the derive use it.
pub use fix_dialect as dialect;
/// Beside the derives of the same names.
pub use fix_dialect::{FixGroup, FixMessage, IntoOwned};

/// The samples of the README, as tests.
#[cfg(all(doctest, feature = "gateway"))]
#[doc = include_str!("../README.md")]
struct Readme;
