//! Send and receive messages of your own over the venue's dialect: the fields that you need, and private ones.
//!
//! ```text
//! cargo run --example custom_message
//! cargo run --example custom_message -- --demo SYMBOL
//! ```
//!
//! - A struct becomes a message by `#[derive(FixMessage)]`. Held against a dialect (`dialect = Prediction`) it takes its tags
//!   and its rules from there, and a field of a wrong type does not compile.
//! - It is sent where its attribute says (`client = NR`): on another session it does not compile.
//! - It is validated before it is sent, and read out of what was received beside the dialect's own type.

#![expect(
    clippy::struct_field_names,
    reason = "fields have the names that the dictionary gives them"
)]

mod support;

use std::process::ExitCode;

use kalshi_fix::FixMessage;
use kalshi_fix::client::{Event, Session};
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::dialect::{Action, Decimal, Profile, Rule, Unknown};
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::Gateway;
use kalshi_fix::orders::ClOrdIdGenerator;
use kalshi_fix::prediction::fields::{OrdStatus, OrdType, Side};
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::prediction::{OrderCancelRequest, Prediction};
use support::{Failure, Options};

/// NewOrderSingle as far as this program needs it, and a private tag that says which strategy it is of.
#[derive(Debug, FixMessage)]
#[fix(msg_type = "D", dialect = Prediction, client = NR)]
struct Order<'a> {
    cl_ord_id: &'a str,
    order_qty: Decimal,
    ord_type: OrdType,
    price: Decimal,
    side: Side,
    symbol: &'a str,
    #[fix(tag = 20001)]
    strategy: Option<&'a str>,
}

/// ExecutionReport, of which nothing but the state of the order matters here. All the rest is kept. It leaves out what the
/// dialect requires, so that it has tags of its own and is not held against it.
#[derive(Debug, FixMessage)]
#[fix(msg_type = "8")]
struct OrderState<'a> {
    #[fix(tag = 39)]
    ord_status: OrdStatus,
    #[fix(tag = 151)]
    leaves_qty: Decimal,
    #[fix(unknown)]
    rest: Unknown<'a>,
}

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    // An exchange that takes tags which its dictionary does not have. The venue does not.
    let permissive = Profile::strict().with(Rule::Defined, Action::Report);
    let (client, market, exchange) =
        support::open(&options, Gateway::builder().validation(permissive)).await?;
    let client = client.cancel_orders_on_disconnect(true).build()?;
    let mut session = client.order_entry().await?;
    let strategy = exchange.is_some().then_some("momentum");
    let traded = support::in_time(&options, trade(&mut session, &market, strategy)).await;
    support::ended("KalshiNR", &session.close().await);
    traded
}

async fn trade(session: &mut Session<NR>, market: &str, strategy: Option<&str>) -> Result<(), Failure> {
    let ids = ClOrdIdGenerator::new(SystemClock.utc(), std::process::id().into());
    let (id, cancel) = (ids.next_id(), ids.next_id());
    let order = Order {
        cl_ord_id: id.as_str(),
        order_qty: Decimal::TEN,
        ord_type: OrdType::Limit,
        price: Decimal::new(1, 2),
        side: Side::Buy,
        symbol: market,
        strategy,
    };
    // The dialect's rules hold for it, on this session: the price has a decimal too many.
    let too_fine = Order {
        price: Decimal::new(10_001, 5),
        ..order
    };
    if let Err(refused) = session.send(&too_fine).await {
        println!("refused before it left: {refused}");
    }

    session.send(&order).await?;
    println!("sent: buy 10 at 0.01, strategy: {}", strategy.unwrap_or("none"));
    hear(session, OrdStatus::New).await?;
    session
        .send(&OrderCancelRequest::new(
            cancel.as_str(),
            id.as_str(),
            Side::Buy,
            market,
        ))
        .await?;
    hear(session, OrdStatus::Canceled).await
}

/// Waits for a report that says this.
async fn hear(session: &mut Session<NR>, wanted: OrdStatus) -> Result<(), Failure> {
    loop {
        let received = match session.recv().await.ok_or("the session is over")? {
            Event::Message(received) => received,
            Event::Rejected(rejected) => return Err(rejected.to_string().into()),
            Event::Ended(end) => return Err(end.to_string().into()),
            _ => continue,
        };
        // A message of another type is none of these.
        let Ok(state) = received.decode_as::<OrderState<'_>>() else {
            return Err(format!("an answer that was not expected: {}", received.raw()).into());
        };
        let OrderState {
            ord_status,
            leaves_qty,
            rest,
            ..
        } = state.message;
        if ord_status == OrdStatus::Rejected {
            let text = rest.get(58).unwrap_or(b"no reason given");
            return Err(format!("rejected: {}", String::from_utf8_lossy(text)).into());
        }
        if ord_status == wanted {
            let symbol = String::from_utf8_lossy(rest.get(55).unwrap_or_default());
            println!("heard: {ord_status:?}, {leaves_qty} open; kept besides, Symbol (55): {symbol}");
            return Ok(());
        }
    }
}

const ABOUT: &str = "\
Send and receive messages of your own over the venue's dialect: the fields
that you need, and private ones.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::OrderEntry)];
