//! The kill switch on sessions with the simulated exchange: everything is cancelled, and nothing new goes out.

use std::sync::{Arc, Mutex};

use kalshi_fix::client::{Client, KalshiProduct};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::driver::SessionStore;
use kalshi_fix::gateway::{Gateway, exchange};
use kalshi_fix::limits::{Cancels, KillAction, KillState, Limits, SharedPreTrade};
use kalshi_fix::margin::{self, Margin};
use kalshi_fix::orders::mass_cancel;
use kalshi_fix::prediction::{self, Prediction};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::tracker::{AsRequest, Source, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::PriceUnit;
use tokio::time::{sleep_until, timeout};

use super::sessions::{KEY, MARKET, PATIENCE, PERP, decimal, now, place};

/// A tracker that the limits share.
struct Shared(Arc<Mutex<Tracker>>);

impl Shared {
    fn sent(&self, number: u64, message: &impl AsRequest) {
        let mut tracker = self.0.lock().unwrap();
        tracker
            .sent(now(), number, message, PriceUnit::Dollars, &mut Vec::new())
            .unwrap();
    }
}

/// The session that is cancelled in this way.
macro_rules! open {
    (Mass, $client:ident) => {
        $client.order_entry().await.unwrap()
    };
    (Single, $client:ident) => {{
        let store = SessionStore::inline(MemoryStore::new(now()));
        $client.order_entry_retransmitting(store).await.unwrap()
    }};
}

macro_rules! cancel_all {
    (Mass, $marker:ident, $session:ident, $shared:ident, $id:ident) => {{
        let cancel = mass_cancel::<$marker>(&$id).unwrap();
        let number = $session.send(&cancel).await.unwrap();
        $shared.sent(number, &cancel);
    }};
    (Single, $marker:ident, $session:ident, $shared:ident, $id:ident) => {
        panic!("{}: KalshiRT knows no mass cancellation", $id)
    };
}

macro_rules! kill {
    ($name:ident, $dialect:ident, $marker:ident, $symbol:expr, $price:expr, $cancels:ident) => {
        #[tokio::test]
        async fn $name() {
            use $dialect::{NewOrderSingle, fields};
            let gateway = Gateway::builder().market(MARKET).margin_market(PERP);
            let gateway = gateway.start().await.unwrap();
            let product = $marker::PRODUCT;
            let (member, other) = (gateway.member(), gateway.member());
            for member in [&member, &other] {
                member.deposit(product, 1_000_000);
            }
            let tracker = Arc::new(Mutex::new(Tracker::new(TrackerSettings::default())));
            let limits = SharedPreTrade::tracking(Limits::default(), Arc::<Mutex<Tracker>>::clone(&tracker));
            let (shared, limits) = (Shared(tracker), Arc::new(limits));
            let key = PrivateKey::from_pem(KEY).unwrap();
            let builder = gateway.client_builder(member.credentials(&key));
            let client: Client<$marker> = builder.pre_trade(Arc::clone(&limits)).build().unwrap();
            let mut session = open!($cancels, client);
            let order = |id| NewOrderSingle {
                time_in_force: Some(fields::TimeInForce::GoodTillCancel),
                ..NewOrderSingle::new(
                    id,
                    decimal("10"),
                    fields::OrdType::Limit,
                    decimal($price),
                    fields::Side::Buy,
                    $symbol,
                )
            };
            // None of them has an answer when the switch is tripped: those under way are cancelled too.
            for id in ["a", "b", "c"] {
                let message = order(id);
                let number = session.send(&message).await.unwrap();
                shared.sent(number, &message);
            }
            limits.with(|core| core.kill_switch_mut().trip("a test", Cancels::$cancels));
            let mut requests = 0;
            let canceling = async {
                loop {
                    for action in limits.poll_kill_switch() {
                        requests += 1;
                        let id = format!("kill-{requests}");
                        match action {
                            KillAction::MassCancel => cancel_all!($cancels, $marker, session, shared, id),
                            KillAction::Cancel(open) => {
                                let placed = open.placed::<$marker>();
                                let cancel = placed.cancel(&id).unwrap();
                                let number = session.send(&cancel).await.unwrap();
                                shared.sent(number, &cancel);
                            }
                        }
                    }
                    if limits.with(|core| core.kill_switch().state()) == KillState::Flat {
                        return;
                    }
                    let again = limits.kill_switch_deadline();
                    tokio::select! {
                        event = session.recv() => {
                            let mut events = Vec::new();
                            let event = event.expect("the session goes on");
                            let mut tracker = shared.0.lock().unwrap();
                            tracker
                                .observe(now(), Source::OrderEntry, &event, PriceUnit::Dollars, &mut events)
                                .unwrap();
                            for event in events {
                                if let TrackerEvent::MassCancel { accepted, .. } = event {
                                    limits.with(|core| core.kill_switch_mut().mass_cancel_answered(accepted));
                                }
                            }
                        }
                        () = sleep_until(again.unwrap_or_else(std::time::Instant::now).into()), if again.is_some() => {}
                    }
                }
            };
            timeout(PATIENCE, canceling).await.expect("in time");

            // Nothing new goes out, and nothing is there to trade with.
            let refused = session.send(&order("d")).await.unwrap_err().to_string();
            assert!(refused.contains("the kill switch is tripped (a test)"), "{refused}");
            place(&other, product, $symbol, exchange::Side::Sell, $price, 30);
            assert_eq!(member.position(product, $symbol), decimal("0"));
            assert_eq!(shared.0.lock().unwrap().open_orders().count(), 0);
            limits.with(|core| core.kill_switch_mut().release());
            session.send(&order("d")).await.unwrap();
            assert!(session.close().await.end.is_some());
        }
    };
}

kill!(
    everything_is_cancelled_at_once_on_prediction,
    prediction,
    Prediction,
    MARKET,
    "0.40",
    Mass
);
kill!(
    everything_is_cancelled_at_once_on_margin,
    margin,
    Margin,
    PERP,
    "20000",
    Mass
);
kill!(
    everything_is_cancelled_one_by_one_on_prediction,
    prediction,
    Prediction,
    MARKET,
    "0.40",
    Single
);
kill!(
    everything_is_cancelled_one_by_one_on_margin,
    margin,
    Margin,
    PERP,
    "20000",
    Single
);
