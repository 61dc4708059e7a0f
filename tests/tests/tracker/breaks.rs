//! Order entry over connections that break, with recovery after each: no fill lost or doubled, and orders as the exchange
//! has them.

use std::time::Duration;

use kalshi_fix::client::{Client, Event, LogonOptions, Receiver, Session};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::dialect::Decimal;
use kalshi_fix::driver::SystemClock;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{self, NewOrder};
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::prediction::{
    NewOrderSingle, OrderCancelReplaceRequest, OrderCancelRequest, OrderMassCancelRequest, Prediction, fields,
};
use kalshi_fix::recovery::{self, RecoverySettings};
use kalshi_fix::tracker::{
    self, Doubt, OrderState, RequestKind, Source, Tracker, TrackerEvent, TrackerSettings,
};
use kalshi_fix::units::{PriceUnit, Quantity};
use kalshi_fix_tests::proxy::{Opening, Plan, Trouble};
use kalshi_fix_tests::stack::{MARKET, Scene};
use tokio::time::timeout;

use super::sessions::{Follower, KEY, PATIENCE, now};

/// Random order flow over a proxy that breaks connections, and recovery after each.
#[test]
fn nothing_is_lost_or_doubled_when_connections_break() {
    let runs = std::thread::scope(|scope| {
        let lanes = [0, 1].map(|lane| {
            scope.spawn(move || {
                (1..=SEEDS)
                    .filter(|seed| seed % 2 == lane)
                    .map(run)
                    .collect::<Vec<_>>()
            })
        });
        lanes.map(|lane| lane.join().expect("a run does not panic"))
    });
    let mut total = Tally::default();
    for run in runs.into_iter().flatten() {
        total.reconnections += run.reconnections;
        total.fills += run.fills;
        total.fetched += run.fetched;
        total.in_doubt += run.in_doubt;
        total.ended += run.ended;
    }
    println!("{SEEDS} seeds: {total:?}");
    // A run in which nothing goes wrong shows nothing.
    assert!(
        total.reconnections > SEEDS && total.fills > SEEDS * 10,
        "{total:?}"
    );
    assert!(total.fetched > 0 && total.ended > SEEDS * 10, "{total:?}");
}

const SEEDS: u64 = 6;
const REQUESTS: u64 = 150;
/// A connection breaks within so many bytes behind its handshake.
const REACH: u64 = 12_000;

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    reconnections: u64,
    fills: u64,
    /// Fills that came by drop copy first.
    fetched: u64,
    /// Orders of which nobody knows in the end.
    in_doubt: u64,
    ended: u64,
}

fn run(seed: u64) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let run = timeout(Duration::from_mins(2), trade(seed)).await;
        run.unwrap_or_else(|_| panic!("seed {seed} does not come to its end"))
    })
}

/// A connection that breaks somewhere in one direction, or does not come about.
fn next_plan(chance: &mut Chance) -> Plan {
    let mut plan = Plan::default();
    if chance.below(8) == 0 {
        plan.opening = Opening::Refused;
    }
    let place = 2_000 + chance.below(REACH);
    let way = if chance.below(2) == 0 {
        &mut plan.up
    } else {
        &mut plan.down
    };
    way.troubles = vec![(place, Trouble::Cut)];
    plan
}

/// Where chance comes from: xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

struct Trader {
    seed: u64,
    session: Session<NR>,
    copies: Client<Prediction>,
    follower: Follower,
    is_up: bool,
    tally: Tally,
}

impl Trader {
    /// Takes an event; whether there was one in time.
    async fn take(&mut self, patience: Duration) -> bool {
        let Ok(event) = timeout(patience, self.session.recv()).await else {
            return false;
        };
        let event = event.expect("the session is not over");
        let Follower { tracker, told } = &mut self.follower;
        tracker
            .observe(now(), Source::OrderEntry, &event, PriceUnit::Dollars, told)
            .unwrap();
        let is_back = matches!(event, Event::Reconnected(_));
        if matches!(event, Event::Disconnected(_)) && self.seed.is_multiple_of(3) {
            // As if another process had come back: it has what the one before wrote down.
            let settings = tracker.settings().clone();
            *tracker =
                Tracker::restore(&tracker.snapshot(), settings).expect("a snapshot that was just made");
        }
        match &event {
            Event::Disconnected(_) => self.is_up = false,
            Event::Ended(end) => panic!("seed {}: {end}", self.seed),
            _ => {}
        }
        drop(event);
        if is_back {
            self.is_up = true;
            self.tally.reconnections += 1;
            self.recover().await;
        }
        true
    }

    async fn recover(&mut self) {
        let Follower { tracker, told } = &mut self.follower;
        let before = fills(told);
        let settings = RecoverySettings::default();
        let clock = &SystemClock;
        let outcome = recovery::recover_with(&self.copies, tracker, settings, clock, told);
        let outcome = outcome
            .await
            .unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        assert!(outcome.is_complete(), "seed {}: {outcome:?}", self.seed);
        self.tally.fetched += fills(told) - before;
    }

    /// Sends a request, and notes it where it went out.
    async fn send(&mut self, request: &Request) {
        let sent = match request {
            Request::New(order) => self.session.send(order).await,
            Request::Replace(amend) => self.session.send(amend).await,
            Request::Cancel(cancel) => self.session.send(cancel).await,
            Request::MassCancel(cancel) => self.session.send(cancel).await,
        };
        // A session that has just lost its connection refuses.
        let Ok(number) = sent else { return };
        match request {
            Request::New(order) => self.follower.sent(number, order),
            Request::Replace(amend) => self.follower.sent(number, amend),
            Request::Cancel(cancel) => self.follower.sent(number, cancel),
            Request::MassCancel(cancel) => self.follower.sent(number, cancel),
        }
    }

    fn request(&mut self, chance: &mut Chance, id: &str) -> Request {
        let open: Vec<_> = self
            .follower
            .tracker
            .open_orders()
            .filter(|order| order.last_exec_id().is_some())
            .map(|order| (order.cl_ord_id().to_owned(), order.side()))
            .collect();
        let side = |side| match side {
            tracker::Side::Buy => fields::Side::Buy,
            tracker::Side::Sell => fields::Side::Sell,
        };
        let picked = open.get(chance.below(open.len().max(1) as u64) as usize);
        let id = id.to_owned();
        match (chance.below(12), picked) {
            (0 | 1, Some((orig, its))) => {
                let quantity = Decimal::from(5 + chance.below(20));
                Request::Replace(OrderCancelReplaceRequest {
                    price: Some(Decimal::new(44 + chance.below(13).cast_signed(), 2)),
                    ..OrderCancelReplaceRequest::new(
                        id,
                        quantity,
                        fields::OrdType::Limit,
                        orig.clone(),
                        side(*its),
                        MARKET,
                    )
                })
            }
            (2 | 3, Some((orig, its))) => {
                Request::Cancel(OrderCancelRequest::new(id, orig.clone(), side(*its), MARKET))
            }
            (4, _) if chance.below(6) == 0 => Request::MassCancel(OrderMassCancelRequest::new(
                id,
                fields::MassCancelRequestType::CancelForSession,
            )),
            _ => {
                let buys = chance.below(2) == 0;
                let side = if buys {
                    fields::Side::Buy
                } else {
                    fields::Side::Sell
                };
                let time_in_force = match chance.below(4) {
                    0 => fields::TimeInForce::ImmediateOrCancel,
                    _ => fields::TimeInForce::GoodTillCancel,
                };
                let price = Decimal::new(44 + chance.below(13).cast_signed(), 2);
                let quantity = Decimal::from(1 + chance.below(9));
                Request::New(NewOrderSingle {
                    time_in_force: Some(time_in_force),
                    ..NewOrderSingle::new(id, quantity, fields::OrdType::Limit, price, side, MARKET)
                })
            }
        }
    }
}

enum Request {
    New(NewOrderSingle<'static>),
    Replace(OrderCancelReplaceRequest<'static>),
    Cancel(OrderCancelRequest<'static>),
    MassCancel(OrderMassCancelRequest<'static>),
}

fn fills(told: &[TrackerEvent]) -> u64 {
    told.iter()
        .filter(|event| matches!(event, TrackerEvent::Fill(_)))
        .count() as u64
}

async fn trade(seed: u64) -> Tally {
    let mut troubles = Chance(seed.wrapping_mul(0xd1b5_4a32_d192_ed03) | 1);
    let scene = Scene::start(SessionKind::OrderEntry, move || next_plan(&mut troubles))
        .await
        .unwrap();
    let mut truth = Follower::new();
    let logon = || {
        LogonOptions::default()
            .skip_pending_exec_reports(true)
            .enable_ioc_cancel_report(true)
    };
    let key = PrivateKey::from_pem(KEY).unwrap();
    let direct = || {
        scene
            .gateway
            .client_builder(scene.trader.credentials(&key))
            .logon(logon())
    };
    // The exchange's own truth, by a listener that no proxy disturbs.
    let listening: Client<Prediction> = direct().build().unwrap();
    let mut witness = listening.order_entry_listener().await.unwrap();
    // Drop copy's prices are in the unit of its own logon.
    let dollars = !seed.is_multiple_of(2);
    let copies = direct().logon(logon().use_dollars(dollars)).build().unwrap();
    let client: Client<Prediction> = scene
        .client(SessionKind::OrderEntry)
        .logon(logon())
        .build()
        .unwrap();
    let session = loop {
        // The first connection is not supervised yet: it may be one that breaks.
        match client.order_entry().await {
            Ok(session) => break session,
            Err(error) => println!("seed {seed}: {error}"),
        }
    };
    let other = scene.gateway.member();
    other.deposit(Product::Prediction, 1_000_000);
    let settings = TrackerSettings {
        ioc_cancel_reports: true,
        ..TrackerSettings::default()
    };
    let mut trader = Trader {
        seed,
        session,
        copies,
        follower: Follower {
            tracker: Tracker::new(settings),
            told: Vec::new(),
        },
        is_up: true,
        tally: Tally::default(),
    };
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for number in 0..REQUESTS {
        let request = trader.request(&mut chance, &format!("r-{number}"));
        if trader.is_up {
            trader.send(&request).await;
        }
        if chance.below(3) == 0 {
            let side = if chance.below(2) == 0 {
                exchange::Side::Buy
            } else {
                exchange::Side::Sell
            };
            let cents = 44 + chance.below(13).cast_signed();
            let price = exchange::Price::from_cents(cents);
            let quantity = exchange::Quantity::from_contracts(1 + chance.below(12).cast_signed());
            let order = NewOrder::limit(&format!("o-{number}"), MARKET, side, price, quantity);
            other.place(Product::Prediction, order).unwrap();
        }
        listen(&mut witness, &mut truth, Duration::ZERO).await;
        loop {
            let patience = if trader.is_up {
                Duration::from_millis(chance.below(4))
            } else {
                PATIENCE
            };
            if !trader.take(patience).await || (trader.is_up && chance.below(3) == 0) {
                break;
            }
        }
    }
    // The network is calm again: what is under way comes to its end.
    scene.proxy.calm();
    let quiet = Duration::from_millis(1_500);
    loop {
        while trader.take(if trader.is_up { quiet } else { PATIENCE }).await {}
        if trader.is_up {
            break;
        }
    }
    listen(&mut witness, &mut truth, quiet).await;
    check(&mut trader, &truth, &scene);
    trader.tally
}

async fn listen(witness: &mut Receiver<NR>, truth: &mut Follower, patience: Duration) {
    while let Ok(Some(event)) = timeout(patience, witness.recv()).await {
        let Follower { tracker, told } = truth;
        tracker
            .observe(now(), Source::Listener, &event, PriceUnit::Dollars, told)
            .unwrap();
    }
}

fn check(trader: &mut Trader, truth: &Follower, scene: &Scene) {
    let seed = trader.seed;
    let follower = &trader.follower;
    follower.check_once();
    truth.check_once();
    assert_eq!(
        follower.net(MARKET),
        scene.trader.position(Product::Prediction, MARKET),
        "seed {seed}"
    );
    assert_eq!(truth.net(MARKET), follower.net(MARKET), "seed {seed}");
    for order in truth.tracker.orders() {
        let id = order.order_id().unwrap();
        let found = follower.tracker.by_order_id(id);
        let found = found.unwrap_or_else(|| panic!("seed {seed}: {id} is not known"));
        assert_eq!(found.filled(), order.filled(), "seed {seed}: {found:?}");
        assert_eq!(found.fees(), order.fees(), "seed {seed}: {found:?}");
        assert!(found.missing_fills().is_zero(), "seed {seed}: {found:?}");
        assert_eq!(found.cl_ord_id(), order.cl_ord_id(), "seed {seed}");
        assert_eq!(found.leaves_qty(), order.leaves_qty(), "seed {seed}: {found:?}");
        assert_eq!(found.price(), order.price(), "seed {seed}: {found:?}");
        // A request that was lost has no answer, and shows as under way; the order is as the exchange has it.
        let expected = match order.state() {
            open @ (OrderState::New | OrderState::PartiallyFilled) => {
                let lost = |kind| {
                    found
                        .pending_requests()
                        .iter()
                        .any(|request| request.kind() == kind)
                };
                if lost(RequestKind::Cancel) {
                    OrderState::PendingCancel
                } else if lost(RequestKind::Replace) {
                    OrderState::PendingReplace
                } else {
                    open
                }
            }
            state => state,
        };
        assert_eq!(found.state(), expected, "seed {seed}: {found:?}");
        assert!(
            found
                .pending_requests()
                .iter()
                .all(|request| request.doubt().is_some()),
            "seed {seed}: {found:?}"
        );
    }
    for order in follower.tracker.orders() {
        let known = order
            .order_id()
            .is_some_and(|id| truth.tracker.by_order_id(id).is_some());
        if known {
            trader.tally.ended += u64::from(order.state().is_final());
            continue;
        }
        // Never accepted: refused, or lost on the way, of which nobody can say more than that.
        assert_eq!(order.filled().quantity, Quantity::ZERO, "seed {seed}: {order:?}");
        match order.state() {
            OrderState::Rejected => {}
            OrderState::Unknown => {
                assert!(
                    matches!(order.doubt(), Some(Doubt::Unconfirmed | Doubt::Unanswered)),
                    "seed {seed}"
                );
                trader.tally.in_doubt += 1;
            }
            state => panic!("seed {seed}: {state:?} {order:?}"),
        }
    }
    trader.tally.fills = fills(&follower.told);
}
