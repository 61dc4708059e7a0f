//! Ask for quotes, and answer such a request: both sides of an RFQ, from the question to the trade.
//!
//! ```text
//! cargo run --example rfq
//! cargo run --example rfq -- --demo SYMBOL
//! ```
//!
//! - The *creator* asks on `KalshiRT` and accepts a quote; `CreatedRfq` ranks the quotes by what it costs to take them.
//! - The *maker* hears of every request on `KalshiRFQ`, quotes, and confirms what was accepted, within seconds; `RfqMaker`
//!   keeps the deadlines. A quote is two bids, for YES and for NO: who buys YES pays a dollar less the NO bid.
//! - Both are state machines that read no clock: times go in, messages to send and events come out.
//!
//! Two members would be two programs; here they are one, so that it can be read from top to bottom. Against the demo
//! environment the maker is another account, whose keys are in variables that begin with `KALSHI_MAKER_`. They trade there,
//! at 0.50 and on the public book, which wants a market with bids below and offers above that.

mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kalshi_fix::client::{Event, Retransmission, Session};
use kalshi_fix::credentials::{KeyUse, PrivateKey};
use kalshi_fix::driver::{Clock as _, SessionStore, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::{Gateway, ManualClock};
use kalshi_fix::prediction::Message;
use kalshi_fix::prediction::fields::OrdStatus;
use kalshi_fix::prediction::sessions::{RFQ, RT};
use kalshi_fix::rfq::{
    Contract, CreatedRfq, CreatorEvent, MakerEvent, QuoteTerms, RequestForQuote, RfqMaker, Size,
};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::units::Quantity;
use support::{Failure, Options};
use tokio::time::{Instant, sleep_until};

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    // The simulated exchange goes by a clock that is moved by hand: nobody wants to wait for its timers.
    let clock = ManualClock::at(SystemClock.utc());
    let (creator, market, exchange) =
        support::open(&options, Gateway::builder().manual_clock(&clock)).await?;
    let (creator, maker) = if let Some((gateway, other)) = &exchange {
        let key = tokio::task::spawn_blocking(PrivateKey::generate).await??;
        let maker = gateway.client_builder(other.key_ring(&key));
        (
            creator.clock(Arc::new(clock.clone())),
            maker.clock(Arc::new(clock.clone())),
        )
    } else {
        let config = support::demo()?;
        let keys = config.keys_from(|name| std::env::var_os(makers(name)));
        // What is wrong with a variable is told under the name by which it was looked for.
        let keys = keys.map_err(|error| makers(&error.to_string()))?;
        (creator, config.builder()?.credentials(keys))
    };

    let origin = Instant::now();
    // Ids that never come twice: a quote's is that of the order that it becomes.
    let now = SystemClock.utc().unix_nanos();
    let (question_id, quote_id) = (format!("rfq-{now}"), format!("quote-{now}"));
    let request = RequestForQuote::market(market.as_str(), Size::Contracts(Quantity::from_whole(10)));
    let (rfq, question) = CreatedRfq::create(request, &question_id)?;
    let store = SessionStore::inline(MemoryStore::new(SystemClock.utc()));
    // A store in memory knows nothing of the numbers at which an earlier run has left the venue.
    let store = Retransmission::new(store).start_anew();
    let mut creator = Creator {
        session: creator.build()?.order_entry_retransmitting(store).await?,
        rfq,
        origin,
    };
    let session = maker.build()?.rfq().await?;
    let mut maker = Maker {
        quotes: RfqMaker::new(session.price_units()),
        session,
        origin,
    };

    let traded = support::in_time(&options, async {
        creator.session.send(&question).await?;
        println!("creator: who trades 10 contracts of {market}?");
        let rfq_id = maker.requested(&market).await?;
        let terms = QuoteTerms::both("0.45".parse()?, "0.50".parse()?);
        println!("maker:   bids 0.45 for YES and 0.50 for NO");
        maker
            .session
            .send(&maker.quotes.quote(&rfq_id, &quote_id, &terms)?)
            .await?;

        creator
            .until(|event| matches!(event, CreatorEvent::Quoted { .. }))
            .await?;
        let best = creator.rfq.best(Contract::Yes).ok_or("no quote for YES")?;
        let (quote, price) = (
            best.quote_id.clone(),
            best.yes_ask().ok_or("a bid without a complement")?,
        );
        println!("creator: YES costs {price}; accepted");
        // The trade is known by the id that is given here.
        let id = format!("{question_id}-accept");
        let accept = creator.rfq.accept(&quote, Contract::Yes, None, &id, false)?;
        creator.session.send(&accept).await?;

        maker
            .until(|event| matches!(event, MakerEvent::Accepted { .. }))
            .await?;
        println!("maker:   confirms");
        let confirm = maker.quotes.confirm(origin.elapsed(), &quote_id)?;
        maker.session.send(&confirm).await?;
        maker
            .until(|event| matches!(event, MakerEvent::Confirmed { .. }))
            .await?;

        println!("exchange: places both orders, 15 seconds later");
        clock.advance(Duration::from_secs(15));
        creator
            .until(|event| matches!(event, CreatorEvent::Traded { .. }))
            .await?;
        println!("creator: traded");
        Ok(())
    });
    let traded = traded.await;
    support::ended("KalshiRT", &creator.session.close().await);
    support::ended("KalshiRFQ", &maker.session.close().await);
    traded
}

struct Creator {
    session: Session<RT>,
    rfq: CreatedRfq,
    /// What times are counted from.
    origin: Instant,
}

impl Creator {
    /// Takes in what comes until this has happened.
    async fn until(&mut self, is_it: impl Fn(&CreatorEvent) -> bool) -> Result<(), Failure> {
        loop {
            let deadline = self.rfq.next_deadline().map(|deadline| self.origin + deadline);
            let events = tokio::select! {
                event = self.session.recv() => match event.ok_or("the session is over")? {
                    Event::Message(received) => match received.message() {
                        Some(Message::ExecutionReport(report)) if report.ord_status == OrdStatus::Canceled => {
                            return Err(NO_TRADE.into());
                        }
                        Some(message) => self.rfq.handle(self.origin.elapsed(), message),
                        None => return Err("a message that cannot be read".into()),
                    },
                    Event::Rejected(rejected) => return Err(rejected.to_string().into()),
                    Event::Ended(end) => return Err(end.to_string().into()),
                    _ => continue,
                },
                () = at(deadline) => self.rfq.handle_timeout(self.origin.elapsed()),
            };
            for event in &events {
                if let CreatorEvent::Refused { text, .. } = event {
                    return Err(format!("the request is refused: {text}").into());
                }
                if is_it(event) {
                    return Ok(());
                }
            }
        }
    }
}

struct Maker {
    session: Session<RFQ>,
    quotes: RfqMaker,
    /// What times are counted from.
    origin: Instant,
}

impl Maker {
    /// Waits for a request for quotes on a market. Its id is the venue's.
    async fn requested(&mut self, market: &str) -> Result<String, Failure> {
        loop {
            for event in self.news().await? {
                if let MakerEvent::Requested(request) = event
                    && request.symbol == market
                {
                    return Ok(request.rfq_id);
                }
            }
        }
    }

    /// Takes in what comes until this has happened to a quote.
    async fn until(&mut self, is_it: impl Fn(&MakerEvent) -> bool) -> Result<(), Failure> {
        loop {
            for event in self.news().await? {
                if let MakerEvent::Rejected { text, .. } | MakerEvent::ConfirmationRefused { text, .. } =
                    &event
                {
                    return Err(format!("refused: {}", text.as_deref().unwrap_or("no reason given")).into());
                }
                if is_it(&event) {
                    return Ok(());
                }
            }
        }
    }

    async fn news(&mut self) -> Result<Vec<MakerEvent>, Failure> {
        let deadline = self.quotes.next_deadline().map(|deadline| self.origin + deadline);
        tokio::select! {
            event = self.session.recv() => match event.ok_or("the session is over")? {
                Event::Message(received) => match received.message() {
                    Some(message) => Ok(self.quotes.handle(self.origin.elapsed(), message)),
                    None => Err("a message that cannot be read".into()),
                },
                Event::Rejected(rejected) => Err(rejected.to_string().into()),
                Event::Ended(end) => Err(end.to_string().into()),
                _ => Ok(Vec::new()),
            },
            () = at(deadline) => Ok(self.quotes.handle_timeout(self.origin.elapsed())),
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// What the maker's variables, and what is said of them, are called.
fn makers(name: &str) -> String {
    name.replace("KALSHI_", "KALSHI_MAKER_")
}

const NO_TRADE: &str = "the order of the accepted quote was canceled without a trade: most likely, orders of others were in the \
                        way on the public book; take a market with bids below 0.50 and offers above it";

const ABOUT: &str = "\
Ask for quotes, and answer such a request: both sides of an RFQ, from the
question to the trade.

With --demo, two accounts trade 10 contracts with each other, at 0.50 and on the
public book: that wants a market with bids below 0.50 and offers above it. The
maker's keys are in variables that begin with KALSHI_MAKER_, such as
KALSHI_MAKER_KEY_ID. The creator starts its session anew: what the venue has
kept for that key's KalshiRT is lost.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::OrderEntryRetransmitting)];
