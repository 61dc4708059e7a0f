//! A simulated exchange to test against: what the venue does, on this machine, with faults when asked for.
//!
//! Behind the feature `gateway`. Three lines give a test an exchange and a session on it:
//!
//! ```
//! # use kalshi_fix::credentials::PrivateKey;
//! # use kalshi_fix::gateway::Gateway;
//! # use kalshi_fix::prediction::Prediction;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = PrivateKey::generate()?;
//! let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
//! let client = gateway.client_builder::<Prediction>(gateway.member().credentials(&key)).build()?;
//! let session = client.order_entry().await?;
//! # session.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//!
//! Of both products `KalshiNR` (D, F, G, q, UOG), `KalshiRT` (D, F, G, UOG), `KalshiDC` (U1) and `KalshiMD` (V; on
//! prediction e too), of prediction `KalshiPT` and `KalshiRFQ` as well.
//!
//! Each has a loopback port of its own, with TLS and a certificate made at start, by an [`Issuer`] that may be the one of before. A logon needs a registered key's RSA-PSS signature
//! over a SendingTime within 30 s, and a key that holds no other connection. Sequence numbers, CompIDs, heartbeats and the
//! dictionary's rules are enforced. The logon's options are honoured: ResetSeqNumFlag, UseDollars,
//! CancelOrdersOnDisconnect, EnableIocCancelReport, PreserveOriginalOrderQty, SkipPendingExecReports,
//! UseExpiredOrdStatus, AlwaysEmitNewBeforeTrade, ListenerSession, MessageRetentionPeriod.
//!
//! **Drop copy.** A range of ExecIDs of one exchange index, of the last three hours, is replayed as the client takes it, and
//! counted. One request at a time is served; further ones get EventResendRejectReason 1.
//!
//! **Settlements.** [`Gateway::determine`] and [`Gateway::settle`] end a market, or say [why not](exchange::OperationError); each member's `KalshiPT` sessions are told,
//! unless their logon said ReceiveSettlementReports=N, and the `KalshiRT` sessions whose logon said Y.
//!
//! **Requests for quote.** Creators on `KalshiRT` (R, UA, UE, or D with QuoteID on any order entry) and makers on `KalshiRFQ`
//! (S, Z, U7) meet as the venue documents, with its confirmation windows and execution timers. Combinations of outcomes
//! under a [`collection`](GatewayBuilder::collection) become markets. What becomes of a maker's order is told by its
//! listeners and by drop copy.
//!
//! **Retransmission.** On `KalshiRT` and `KalshiPT` a key's numbers go on from one connection to the next, unless a logon resets them.
//! Reports for orders of a session without a connection take their numbers then, and come when the client asks for
//! what it missed; a listener's too. A ResendRequest that begins with a message older than 24 h, or than the last logon's
//! MessageRetentionPeriod, gets a Reject. All of it is kept in memory, or on the disk
//! ([`keep_sessions_in`](GatewayBuilder::keep_sessions_in)).
//!
//! **Time** comes from the system, or from a [`ManualClock`].
//!
//! **Scenarios.** What happens to a market by the clock ([`scenario`](GatewayBuilder::scenario)): a walk of what it is worth,
//! jumps, halts, pauses, the close, the settlement.
//!
//! **Bots** make a book lively where the builder is [told so](GatewayBuilder::bots): they rest, cancel and take around a value that
//! wanders, by the system's time or as a [`ManualClock`] moves. The same seed and the same script make the same bytes.
//!
//! **Rate limits** are kept where the builder names a [tier](GatewayBuilder::rate_tier): by member and product, over all its
//! sessions, logons included. What is over the limit gets a BusinessMessageReject, with BusinessRejectReason 8 on prediction.
//!
//! **Faults** are had on request ([`Gateway::inject`]): on any session and at any step of it messages are lost, held up, garbled,
//! doubled, refused or cut in the middle, once or by chance; what is left to chance follows from a
//! [seed](GatewayBuilder::seed). [`Gateway::begin_maintenance`] throws everybody out.
//!
//! What happens to orders is the business of the [`exchange`] module, which knows no FIX.
//!
//! # Bounds
//!
//! A client has 10 s for TLS and as long for its logon ([`logon_timeout`](GatewayBuilder::logon_timeout)).
//! Connections, frames, requests that wait and bytes that wait to be read are bounded. A client that does not read is
//! cut off when 4 MiB wait for it ([`outbound_limit`](GatewayBuilder::outbound_limit)) or when it takes nothing for 10 s; a member may have 10,000 open orders in a market, and
//! a session 1,000 subscriptions. Of each session that retransmits 64 MiB of messages are kept; a gap fill stands for older
//! ones.
//!
//! # Where it is known to differ from the venue
//!
//! - An API key of a member's is good for the sessions of both products, whichever it was made for. The documentation
//!   describes keys for each product apart, and does not say what becomes of one at the other's port.
//! - Rate limits are off unless asked for, and a connection that is refused before its logon costs nothing.
//! - What open orders hold back is the worst case in each market, at the order's limit, fees included; the venue's
//!   own rule is not published in full. Margin is a fixed rate, and accounts are not marked to market. Fees are rounded
//!   over an order's life, not at each fill. Balances are kept to the millionth of a dollar, and a trade's change of BALANCE (1704)
//!   is told as exactly; the venue rounds it down to a ten-thousandth for direct members, a cent for others, and charges the
//!   rest as a fee.
//! - On `KalshiRT` a message is kept by the gateway's process, or by the operating system where a directory is given: the
//!   machine's power is not outlived. A listener hears of what happened since its first logon, and a
//!   session of settlements since its own.
//! - A ClOrdID is refused as long as it is remembered (100,000 used ones a member), the stricter of two readings.
//! - An amended post-only order that would trade is cancelled; an amend by which an order would meet one of the same
//!   member is refused.
//! - PAYOUT amounts are left to settlements; trades report the change of BALANCE alone.
//! - Drop copy sends again what its own logon asks for: the end of an IOC order's rest with EnableIocCancelReport (21007) only.
//!   The venue does not say.
//! - All exchange indexes count their ExecIDs with one clock, and a mass cancel's reports on several of them follow each
//!   other. New members have money on index 0 alone, as at the venue, where it has to be moved.
//! - A settlement's part of a cent goes to the exchange, and a market is paid out when the test says so, not by a timer. The
//!   documentation's example of a fee on a plain `yes` does not come about.
//! - Customers of clearing members have accounts of their own; their PartyIDs are what the test registers. On margin a
//!   PartyID is echoed, and no more.
//! - An order group is judged after the order that filled it was matched as a whole; it is triggered by more than its limit,
//!   which one page of the documentation states, where another says that reaching it is enough.
//! - An RFQ that nobody closes lasts an hour. A creator is not told when the quote that it accepted was not confirmed; it may
//!   accept another. An order that accepts a quote cannot be cancelled while it is pending. Makers see OrderQty 0 where the
//!   creator named an amount of money. RestRemainder and ReplaceExisting outside of their group are ignored or rejected by
//!   the dictionary's rules, depending on the profile.
//! - A market that closes cancels its orders at once, not shortly after. What EXCEEDED_SELL_POSITION_FLOOR stands for is not
//!   documented: here it is the lowest position that a market lets sells lead to. TOO_LATE_TO_ENTER (OrdRejReason 4) and
//!   EXCHANGE_UNAVAILABLE come about by faults alone; SessionRejectReasons 7, 8 and 12, BusinessRejectReason 2, and on
//!   margin OrdRejReason 5 never do.
//! - Texts where the documentation gives none are this exchange's own.

mod authentication;
mod bots;
mod builder;
mod certificate;
mod clock;
mod connection;
mod dialect;
mod drop_copy;
pub mod exchange;
mod fault;
mod groups;
mod hub;
mod kept;
mod limits;
mod lines;
mod listen;
mod options;
mod quotes;
mod random;
mod reply;
mod request;
mod server;
mod settlement;
mod wire;

pub use bots::BotSettings;
pub use builder::{GatewayBuilder, StartError};
pub use certificate::Issuer;
pub use clock::ManualClock;
pub use fault::{Effect, Fault, Step};
pub use server::{Gateway, Member};
