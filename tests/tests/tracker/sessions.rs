//! The tracker on sessions over TLS with the simulated exchange: what was missed is fetched from drop copy.

use std::time::{Duration, SystemTime};

use kalshi_fix::client::{Client, KalshiProduct};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::dialect::{Decimal, Profile, Timestamp, Unlisted};
use kalshi_fix::driver::SystemClock;
use kalshi_fix::environment::Product;
use kalshi_fix::gateway::exchange::{self, NewOrder};
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::margin::{self, Margin};
use kalshi_fix::prediction::{self, Prediction};
use kalshi_fix::recovery::{self, RecoverySettings};
use kalshi_fix::tracker::{
    AccountRef, AsRequest, OrderState, Source, Tracker, TrackerEvent, TrackerSettings,
};
use kalshi_fix::units::PriceUnit;
use tokio::time::timeout;

pub(crate) const KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");
pub(crate) const MARKET: &str = "HIGHNY-23DEC31";
pub(crate) const PERP: &str = "BTC-PERP";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

pub(crate) fn decimal(text: &str) -> Decimal {
    kalshi_fix::dialect::parse_decimal(text.as_bytes()).expect("a decimal")
}

/// What a test follows: a session's tracker, and what it told.
pub(crate) struct Follower {
    pub(crate) tracker: Tracker,
    pub(crate) told: Vec<TrackerEvent>,
}

impl Follower {
    pub(crate) fn new() -> Follower {
        Follower {
            tracker: Tracker::new(TrackerSettings::default()),
            told: Vec::new(),
        }
    }

    pub(crate) fn sent(&mut self, number: u64, message: &impl AsRequest) {
        self.tracker
            .sent(now(), number, message, PriceUnit::Dollars, &mut self.told)
            .expect("a request that can be read");
    }

    fn state(&self, cl_ord_id: &str) -> OrderState {
        self.tracker
            .by_cl_ord_id(cl_ord_id)
            .expect("a known order")
            .state()
    }

    pub(crate) fn net(&self, symbol: &str) -> Decimal {
        let position = self.tracker.position(symbol, AccountRef::default());
        position.map_or(Decimal::ZERO, |position| position.net().unwrap().contracts())
    }

    /// Every fill was told once.
    pub(crate) fn check_once(&self) {
        let mut fills: Vec<_> = self
            .told
            .iter()
            .filter_map(|event| match event {
                TrackerEvent::Fill(fill) => Some(fill.exec_id.to_string()),
                _ => None,
            })
            .collect();
        let told = fills.len();
        fills.sort_unstable();
        fills.dedup();
        assert_eq!(fills.len(), told);
    }
}

pub(crate) fn place(
    member: &Member,
    product: Product,
    symbol: &str,
    side: exchange::Side,
    price: &str,
    contracts: i64,
) {
    let price = exchange::Price::from_dollars(decimal(price)).expect("a price");
    let quantity = exchange::Quantity::from_contracts(contracts);
    let id = format!(
        "other-{}",
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_nanos()
    );
    let order = NewOrder::limit(&id, symbol, side, price, quantity);
    member.place(product, order).expect("an order that is accepted");
}

/// Orders rest, the session is cut off, and the other side trades with them: all of it is found again.
macro_rules! missed_reports_are_fetched {
    ($name:ident, $dialect:ident, $marker:ident, $symbol:expr, $price:expr) => {
        #[tokio::test]
        async fn $name() {
            use $dialect::{NewOrderSingle, fields};
            let gateway = Gateway::builder()
                .market(MARKET)
                .margin_market(PERP)
                .start()
                .await
                .unwrap();
            let key = PrivateKey::from_pem(KEY).unwrap();
            let (member, other) = (gateway.member(), gateway.member());
            let product = $marker::PRODUCT;
            for member in [&member, &other] {
                member.deposit(product, 1_000_000);
            }
            let client = |member: &Member| -> Client<$marker> {
                gateway
                    .client_builder(member.credentials(&key))
                    .build()
                    .unwrap()
            };
            let (trading, second_key) = (client(&member), client(&member));
            let mut follower = Follower::new();
            let mut session = trading.order_entry().await.unwrap();
            for id in ["filled", "part", "rests"] {
                let (ten, limit) = (decimal("10"), fields::OrdType::Limit);
                let order = NewOrderSingle {
                    time_in_force: Some(fields::TimeInForce::GoodTillCancel),
                    ..NewOrderSingle::new(id, ten, limit, decimal($price), fields::Side::Buy, $symbol)
                };
                let number = session.send(&order).await.unwrap();
                follower.sent(number, &order);
                while follower.state(id) == OrderState::PendingNew {
                    let event = timeout(PATIENCE, session.recv()).await.unwrap().unwrap();
                    let Follower { tracker, told } = &mut follower;
                    tracker
                        .observe(now(), Source::OrderEntry, &event, PriceUnit::Dollars, told)
                        .unwrap();
                }
            }
            // The connection goes; nothing more is heard of the orders.
            session.sender().abort();
            while let Some(event) = timeout(PATIENCE, session.recv()).await.unwrap() {
                let Follower { tracker, told } = &mut follower;
                tracker
                    .observe(now(), Source::OrderEntry, &event, PriceUnit::Dollars, told)
                    .unwrap();
            }
            assert_eq!(follower.state("rests"), OrderState::Unknown);
            place(&other, product, $symbol, exchange::Side::Sell, $price, 14);

            let session = trading.order_entry().await.unwrap();
            let Follower { tracker, told } = &mut follower;
            tracker.connected(Source::OrderEntry, true, told);
            let outcome = recovery::recover_with(
                &second_key,
                tracker,
                RecoverySettings::default(),
                &SystemClock,
                told,
            );
            let outcome = timeout(PATIENCE, outcome).await.unwrap().unwrap();
            assert!(
                outcome.is_complete() && outcome.ranges.len() == 1,
                "{outcome:?}"
            );
            assert_eq!(follower.state("filled"), OrderState::Filled);
            assert_eq!(follower.state("part"), OrderState::PartiallyFilled);
            assert_eq!(follower.state("rests"), OrderState::New);
            assert_eq!(follower.net($symbol), member.position(product, $symbol));
            assert_eq!(follower.net($symbol), decimal("14"));
            follower.check_once();
            assert!(session.close().await.end.is_some());
        }
    };
}

missed_reports_are_fetched!(
    missed_reports_are_fetched_on_prediction,
    prediction,
    Prediction,
    MARKET,
    "0.40"
);
missed_reports_are_fetched!(
    missed_reports_are_fetched_on_margin,
    margin,
    Margin,
    PERP,
    "20000"
);

#[tokio::test]
async fn a_message_that_breaks_the_protocol_is_refused_for_good() {
    let gateway = Gateway::builder().market(MARKET).start().await.unwrap();
    let key = PrivateKey::from_pem(KEY).unwrap();
    let client = gateway.client_builder::<Prediction>(gateway.member().credentials(&key));
    let mut session = client.build().unwrap().order_entry().await.unwrap();
    // Our own check would not have let it pass.
    session.sender().set_validation(Profile::off());
    let market_order = prediction::fields::OrdType::Unlisted(Unlisted::new(b'1').unwrap());
    let (ten, side) = (decimal("10"), prediction::fields::Side::Buy);
    let order = prediction::NewOrderSingle::new("a", ten, market_order, decimal("0.4"), side, MARKET);
    let number = session.send(&order).await.unwrap();
    let mut follower = Follower::new();
    follower.sent(number, &order);
    while follower.state("a") == OrderState::PendingNew {
        let event = timeout(PATIENCE, session.recv()).await.unwrap().unwrap();
        let Follower { tracker, told } = &mut follower;
        tracker
            .observe(now(), Source::OrderEntry, &event, PriceUnit::Dollars, told)
            .unwrap();
    }
    assert_eq!(follower.state("a"), OrderState::Rejected);
}
