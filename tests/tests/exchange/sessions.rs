//! Every session of both products, by the library's own client over TLS: one test each.

use std::time::{Duration, SystemTime};

use kalshi_fix::client::{ClientBuilder, Event, KalshiProduct, KalshiSession, LogonOptions, Receiver};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::dialect::{Decimal, Timestamp};
use kalshi_fix::driver::SessionStore;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{self, NewOrder, Outcome};
use kalshi_fix::gateway::{Effect, Fault, Gateway, ManualClock, Member, Step};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::{self, Prediction};
use kalshi_fix::reconnect::ReconnectPolicy;
use kalshi_fix::rfq::{
    Contract, CreatedRfq, CreatorEvent, MakerEvent, QuoteTerms, RequestForQuote, RfqMaker, Size,
};
use kalshi_fix::settlement::{Handled, Reassembler, ReassemblerSettings};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::units::Quantity;
use tokio::time::timeout;

use crate::{MARKET, PERP};

const KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");
/// No test waits longer for an event.
const PATIENCE: Duration = Duration::from_mins(1);

/// An exchange, a member under test, and another one to trade with.
struct Venue {
    gateway: Gateway,
    member: Member,
    other: Member,
    key: PrivateKey,
}

impl Venue {
    async fn start(product: Product) -> Venue {
        let gateway = Gateway::builder().market(MARKET).margin_market(PERP);
        let gateway = gateway.start().await.unwrap();
        let (member, other) = (gateway.member(), gateway.member());
        for member in [&member, &other] {
            member.deposit(product, 1_000_000);
        }
        Venue {
            gateway,
            member,
            other,
            key: PrivateKey::from_pem(KEY).unwrap(),
        }
    }

    /// A client of the member's with a key of its own, whose sessions connect again.
    fn client<D: KalshiProduct>(&self) -> ClientBuilder<D> {
        let mut eager = ReconnectPolicy::default();
        eager.backoff = Duration::from_millis(10);
        eager.longest_backoff = Duration::from_millis(50);
        eager.spacing = Duration::from_millis(5);
        eager.key_in_use_interval = Duration::from_millis(50);
        eager.maintenance = Vec::new();
        self.gateway
            .client_builder(self.member.credentials(&self.key))
            .logon(LogonOptions::<D>::default().skip_pending_exec_reports(true))
            .reconnect(eager)
    }

    /// The other one trades, or quotes, without a connection.
    fn other_sells(&self, product: Product, symbol: &str, price: &str, contracts: i64) {
        place(
            &self.other,
            product,
            symbol,
            exchange::Side::Sell,
            price,
            contracts,
        );
    }

    /// The connection ends instead of the next report.
    fn cut_at_the_next_report(&self, kind: SessionKind) {
        self.gateway
            .inject(Fault::new(Step::sending("8"), Effect::Disconnect).on(kind));
    }
}

fn place(member: &Member, product: Product, symbol: &str, side: exchange::Side, price: &str, contracts: i64) {
    let price = exchange::Price::from_dollars(price.parse().unwrap()).unwrap();
    let quantity = exchange::Quantity::from_contracts(contracts);
    let id = format!("{side:?}-{contracts}");
    let order = NewOrder::limit(&id, symbol, side, price, quantity);
    member.place(product, order).unwrap();
}

fn store() -> SessionStore {
    SessionStore::inline(MemoryStore::new(Timestamp::from(SystemTime::now())))
}

/// Takes events until one is what is looked for.
async fn find<S: KalshiSession, T>(
    receiver: &mut Receiver<S>,
    mut wanted: impl FnMut(&Event<'_, S>) -> Option<T>,
) -> T {
    let found = async {
        loop {
            let event = receiver.recv().await.expect("the session goes on");
            if let Some(found) = wanted(&event) {
                return found;
            }
            assert!(!matches!(event, Event::Ended(_)), "{event:?}");
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

/// The sessions that both products have.
macro_rules! sessions {
    ($product:ident, $dialect:ident, $marker:ident, $symbol:expr, $price:expr) => {
        mod $product {
            use kalshi_fix::$dialect::fields::{
                OrdStatus, OrdType, Side, SubscriptionRequestType, TimeInForce,
            };
            use kalshi_fix::$dialect::{
                EventResendRequest, ExecutionReport, MarketDataRequest, Message, NewOrderSingle,
                OrderCancelRequest, groups,
            };

            use super::*;

            const PRODUCT: Product = $marker::PRODUCT;

            fn order(id: &str) -> NewOrderSingle<'_> {
                NewOrderSingle {
                    time_in_force: Some(TimeInForce::GoodTillCancel),
                    ..NewOrderSingle::new(
                        id,
                        Decimal::TEN,
                        OrdType::Limit,
                        $price.parse::<Decimal>().unwrap(),
                        Side::Buy,
                        $symbol,
                    )
                }
            }

            /// The next report, and whether it was sent again.
            async fn report<S>(receiver: &mut Receiver<S>) -> (ExecutionReport<'static>, bool)
            where
                S: KalshiSession<Dialect = $marker>,
            {
                find(receiver, |event| match event {
                    Event::Message(received) => match received.message() {
                        Some(Message::ExecutionReport(report)) => {
                            Some((report.clone().into_owned(), received.inbound().poss_dup))
                        }
                        _ => None,
                    },
                    _ => None,
                })
                .await
            }

            fn check(report: &ExecutionReport<'_>, id: &str, status: OrdStatus, filled: u32) {
                let found = (
                    report.cl_ord_id.to_string(),
                    report.ord_status,
                    report.cum_qty,
                );
                assert_eq!(
                    found,
                    (id.to_owned(), status, Decimal::from(filled)),
                    "{report:?}"
                );
            }

            #[tokio::test]
            async fn order_entry() {
                let venue = Venue::start(PRODUCT).await;
                let (sender, mut receiver) = venue
                    .client::<$marker>()
                    .build()
                    .unwrap()
                    .order_entry()
                    .await
                    .unwrap()
                    .split();
                for id in ["a", "b"] {
                    let answer = sender
                        .submit(&order(id))
                        .await
                        .unwrap()
                        .acknowledged()
                        .unwrap();
                    check(&answer.message.unwrap(), id, OrdStatus::New, 0);
                    check(&report(&mut receiver).await.0, id, OrdStatus::New, 0);
                }
                venue.other_sells(PRODUCT, $symbol, $price, 14);
                check(&report(&mut receiver).await.0, "a", OrdStatus::Filled, 10);
                check(
                    &report(&mut receiver).await.0,
                    "b",
                    OrdStatus::PartiallyFilled,
                    4,
                );
                let cancel = OrderCancelRequest::new("c", "b", Side::Buy, $symbol);
                let answer = sender
                    .submit(&cancel)
                    .await
                    .unwrap()
                    .acknowledged()
                    .unwrap();
                check(&answer.message.unwrap(), "c", OrdStatus::Canceled, 4);
                assert_eq!(venue.member.position(PRODUCT, $symbol), Decimal::from(14));
                // What the venue refuses is told, with its reason.
                let refused = sender.submit(&order("a")).await.unwrap().acknowledged();
                assert!(refused.unwrap_err().to_string().contains("rejected"));
                let end = receiver.close().await.end.unwrap();
                assert_eq!(end.to_string(), "logged out");
            }

            #[tokio::test]
            async fn order_entry_with_retransmission() {
                let venue = Venue::start(PRODUCT).await;
                let client = venue.client::<$marker>().build().unwrap();
                let session = client.order_entry_retransmitting(store()).await.unwrap();
                let (sender, mut receiver) = session.split();
                sender
                    .submit(&order("a"))
                    .await
                    .unwrap()
                    .acknowledged()
                    .unwrap();
                check(&report(&mut receiver).await.0, "a", OrdStatus::New, 0);
                venue.cut_at_the_next_report(SessionKind::OrderEntryRetransmitting);
                venue.other_sells(PRODUCT, $symbol, $price, 10);
                let (missed, sent_again) = report(&mut receiver).await;
                check(&missed, "a", OrdStatus::Filled, 10);
                assert!(sent_again);
                assert!(sender.ready().await);
                sender
                    .submit(&order("b"))
                    .await
                    .unwrap()
                    .acknowledged()
                    .unwrap();
                assert!(receiver.close().await.end.is_some());
            }

            #[tokio::test]
            async fn a_listener_of_order_entry() {
                let venue = Venue::start(PRODUCT).await;
                let client = || venue.client::<$marker>().build().unwrap();
                let mut listener = client().order_entry_listener().await.unwrap();
                let session = client().order_entry().await.unwrap();
                session
                    .submit(&order("a"))
                    .await
                    .unwrap()
                    .acknowledged()
                    .unwrap();
                check(&report(&mut listener).await.0, "a", OrdStatus::New, 0);
                venue.other_sells(PRODUCT, $symbol, $price, 3);
                check(
                    &report(&mut listener).await.0,
                    "a",
                    OrdStatus::PartiallyFilled,
                    3,
                );
                assert!(session.close().await.end.is_some());
                venue.other_sells(PRODUCT, $symbol, $price, 7);
                check(&report(&mut listener).await.0, "a", OrdStatus::Filled, 10);
                assert!(listener.close().await.end.is_some());
            }

            #[tokio::test]
            async fn a_listener_with_retransmission() {
                let venue = Venue::start(PRODUCT).await;
                let client = venue.client::<$marker>().build().unwrap();
                let mut listener = client
                    .order_entry_retransmitting_listener(store())
                    .await
                    .unwrap();
                venue.cut_at_the_next_report(SessionKind::OrderEntryRetransmitting);
                place(
                    &venue.member,
                    PRODUCT,
                    $symbol,
                    exchange::Side::Buy,
                    $price,
                    10,
                );
                let (missed, sent_again) = report(&mut listener).await;
                check(&missed, "Buy-10", OrdStatus::New, 0);
                assert!(sent_again);
                venue.other_sells(PRODUCT, $symbol, $price, 10);
                check(
                    &report(&mut listener).await.0,
                    "Buy-10",
                    OrdStatus::Filled,
                    10,
                );
                assert!(listener.close().await.end.is_some());
            }

            #[tokio::test]
            async fn drop_copy() {
                let venue = Venue::start(PRODUCT).await;
                let client = || venue.client::<$marker>().build().unwrap();
                let session = client().order_entry().await.unwrap();
                let answer = session
                    .submit(&order("a"))
                    .await
                    .unwrap()
                    .acknowledged()
                    .unwrap();
                let first = answer.message.unwrap().exec_id.into_owned();
                assert!(session.close().await.end.is_some());
                venue.other_sells(PRODUCT, $symbol, $price, 4);
                venue.other_sells(PRODUCT, $symbol, $price, 6);
                let copies = client().drop_copy().await.unwrap();
                let range = EventResendRequest::new(first);
                let replay = copies.submit(&range).await.unwrap().acknowledged().unwrap();
                assert!(replay.is_whole());
                let statuses: Vec<_> = replay
                    .reports
                    .iter()
                    .map(|report| (report.ord_status, report.cum_qty.to_string()))
                    .collect();
                let expected = [
                    (OrdStatus::New, "0"),
                    (OrdStatus::PartiallyFilled, "4"),
                    (OrdStatus::Filled, "10"),
                ];
                let expected = expected.map(|(status, filled)| (status, filled.parse::<Decimal>().unwrap()));
                assert_eq!(statuses.len(), 3, "{statuses:?}");
                for ((status, filled), expected) in statuses.into_iter().zip(expected) {
                    assert_eq!((status, filled.parse().unwrap()), expected);
                }
                assert!(copies.close().await.end.is_some());
            }

            #[tokio::test]
            async fn market_data() {
                let venue = Venue::start(PRODUCT).await;
                place(
                    &venue.member,
                    PRODUCT,
                    $symbol,
                    exchange::Side::Buy,
                    $price,
                    10,
                );
                let client = venue.client::<$marker>().build().unwrap();
                let (sender, mut receiver) = client.market_data().await.unwrap().split();
                let request = MarketDataRequest {
                    related_sym: Some(vec![groups::RelatedSymbol::new($symbol)]),
                    ..MarketDataRequest::new(SubscriptionRequestType::SnapshotPlusUpdates)
                };
                sender.send(&request).await.unwrap();
                let snapshot = find(&mut receiver, |event| match event {
                    Event::Message(received) => match received.message() {
                        Some(Message::MarketDataSnapshotFullRefresh(snapshot)) => {
                            Some(format!("{snapshot:?}"))
                        }
                        _ => None,
                    },
                    _ => None,
                });
                let snapshot = snapshot.await;
                assert!(
                    snapshot.contains($symbol) && snapshot.contains("Bid"),
                    "{snapshot}"
                );
                venue.other_sells(PRODUCT, $symbol, $price, 4);
                let trade = find(&mut receiver, |event| match event {
                    Event::Message(received) => match received.message() {
                        Some(Message::MarketDataIncrementalRefresh(update)) => {
                            let text = format!("{update:?}");
                            text.contains("Trade").then_some(text)
                        }
                        _ => None,
                    },
                    _ => None,
                });
                assert!(trade.await.contains($symbol));
                assert!(receiver.close().await.end.is_some());
            }
        }
    };
}

sessions!(on_prediction, prediction, Prediction, MARKET, "0.40");
sessions!(on_margin, margin, Margin, PERP, "20000");

#[tokio::test]
async fn post_trade_on_prediction() {
    let venue = Venue::start(Product::Prediction).await;
    place(
        &venue.member,
        Product::Prediction,
        MARKET,
        exchange::Side::Buy,
        "0.40",
        10,
    );
    venue.other_sells(Product::Prediction, MARKET, "0.40", 10);
    let client = venue.client::<Prediction>().build().unwrap();
    let session = client.post_trade(store()).await.unwrap();
    let (_sender, mut receiver) = session.split();
    // The first connection breaks instead of telling it.
    venue
        .gateway
        .inject(Fault::new(Step::sending("UMS"), Effect::Disconnect).on(SessionKind::PostTrade));
    venue.gateway.determine(MARKET, Outcome::Yes).unwrap();
    venue.gateway.settle(MARKET).unwrap();
    let mut settlements = Reassembler::new(ReassemblerSettings::default());
    let settlement = find(&mut receiver, |event| match event {
        Event::Message(received) => match received.message() {
            Some(prediction::Message::MarketSettlementReport(report)) => match settlements.handle(report) {
                Handled::Complete(settlement) => Some(settlement),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let settlement = settlement.await;
    assert_eq!(&*settlement.symbol, MARKET);
    let [party] = &settlement.parties[..] else {
        panic!("{settlement:?}")
    };
    assert_eq!(party.long, Some(Quantity::from_whole(10)));
    assert_eq!(
        party.payout.unwrap().to_string().parse::<Decimal>(),
        Ok(Decimal::TEN)
    );
    assert_eq!(settlement.findings, []);
    assert!(receiver.close().await.end.is_some());
}

#[tokio::test]
async fn rfq_on_prediction() {
    let now = Timestamp::from(SystemTime::now());
    let clock = ManualClock::at(now);
    let gateway = Gateway::builder().market(MARKET).manual_clock(&clock);
    let gateway = gateway.start().await.unwrap();
    let key = PrivateKey::from_pem(KEY).unwrap();
    let (creating, making) = (gateway.member(), gateway.member());
    let client = |member: &Member| {
        let builder = gateway.client_builder::<Prediction>(member.credentials(&key));
        builder.build().unwrap()
    };
    let creator = client(&creating)
        .order_entry_retransmitting(store())
        .await
        .unwrap();
    let (creator, mut creator_hears) = creator.split();
    let (maker, mut maker_hears) = client(&making).rfq().await.unwrap().split();

    let size = Size::Contracts(Quantity::from_whole(10));
    let (mut rfq, request) = CreatedRfq::create(RequestForQuote::market(MARKET, size), "req-1").unwrap();
    let mut made = RfqMaker::new(maker.price_units());
    let time = Duration::ZERO;
    creator.submit(&request).await.unwrap().acknowledged().unwrap();
    let rfq_id = find(&mut maker_hears, |event| {
        let message = message(event)?;
        made.handle(time, message);
        made.requests().next().map(|request| request.rfq_id.clone())
    });
    let rfq_id = rfq_id.await;
    let terms = QuoteTerms::both("0.45".parse().unwrap(), "0.50".parse().unwrap());
    let quote = made.quote(&rfq_id, "quote-1", &terms).unwrap();
    maker.submit(&quote).await.unwrap().acknowledged().unwrap();
    let quote_id = find(&mut creator_hears, |event| {
        rfq.handle(time, message(event)?);
        rfq.best(Contract::Yes).map(|offer| offer.quote_id.clone())
    });
    let quote_id = quote_id.await;
    let accept = rfq.accept(&quote_id, Contract::Yes, None, "take-1", false);
    creator
        .submit(&accept.unwrap())
        .await
        .unwrap()
        .acknowledged()
        .unwrap();
    find(&mut maker_hears, |event| {
        let events = made.handle(time, message(event)?);
        let is_accepted = |event: &MakerEvent| matches!(event, MakerEvent::Accepted { .. });
        events.iter().any(is_accepted).then_some(())
    })
    .await;
    let confirm = made.confirm(time, "quote-1").unwrap();
    maker.submit(&confirm).await.unwrap().acknowledged().unwrap();
    // The orders are placed when the execution timer ends.
    clock.advance(Duration::from_secs(15));
    find(&mut creator_hears, |event| {
        let events = rfq.handle(time, message(event)?);
        let is_traded = |event: &CreatorEvent| matches!(event, CreatorEvent::Traded { .. });
        events.iter().any(is_traded).then_some(())
    })
    .await;
    let position = |member: &Member| member.position(Product::Prediction, MARKET);
    assert_eq!(
        (position(&creating), position(&making)),
        (Decimal::TEN, -Decimal::TEN)
    );
    assert!(creator_hears.close().await.end.is_some());
    assert!(maker_hears.close().await.end.is_some());
}

fn message<'e, S>(event: &'e Event<'_, S>) -> Option<&'e prediction::Message<'e>>
where
    S: KalshiSession<Dialect = Prediction>,
{
    match event {
        Event::Message(received) => received.message(),
        _ => None,
    }
}
