//! The kill switch on sessions with the simulated exchange: everything is cancelled, and nothing new goes out.

use std::sync::{Arc, Mutex};

use kalshi_fix::client::{Client, KalshiProduct};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::driver::SessionStore;
use kalshi_fix::gateway::{Gateway, exchange};
use kalshi_fix::limits::{KillRun, Limits, SharedPreTrade};
use kalshi_fix::margin::{self, Margin};
use kalshi_fix::orders::ClOrdIdGenerator;
use kalshi_fix::prediction::{self, Prediction};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::tracker::{AsRequest, OrderState, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::PriceUnit;
use tokio::time::timeout;

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
            let ids = ClOrdIdGenerator::new(now(), 1);
            let (mut canceled, tracker) = (0, Arc::clone(&shared.0));
            let run = KillRun::new(&limits, &tracker, &ids).within(PATIENCE);
            let killed = run.run(&mut session, "a test", |event| {
                let canceled_one = matches!(
                    event,
                    TrackerEvent::Changed {
                        to: OrderState::Canceled,
                        ..
                    }
                );
                canceled += usize::from(canceled_one);
            });
            let killed = timeout(PATIENCE * 2, killed).await.expect("in time");
            assert!(killed.is_flat() && killed.open.is_empty(), "{killed:?}");
            assert_eq!(canceled, 3, "{killed:?}");

            // Nothing new goes out, and nothing is there to trade with.
            let refused = session.send(&order("d")).await.unwrap_err().to_string();
            assert!(
                refused.contains("the kill switch is tripped (a test)"),
                "{refused}"
            );
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
