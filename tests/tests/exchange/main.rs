//! The business of the simulated exchange, over FIX and without it.

mod groups;
mod invariants;
mod model;
mod rfq;
mod sessions;
mod text_codes;
#[path = "../gateway_raw/wire.rs"]
#[expect(dead_code, reason = "the tests of sessions use the rest of it")]
mod wire;

use std::time::{Duration, SystemTime};

use fix_dialect::{Dialect as _, Timestamp};
use kalshi_fix::credentials::PublicKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{Gateway, GatewayBuilder, ManualClock, Member};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;
use wire::{Wire, field, private_key};

const MARKET: &str = "HIGHNY-23DEC31";
const PERP: &str = "BTC-PERP";
const PUBLIC_KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-public.pem");

/// A gateway whose time moves when it is told to.
struct Scene {
    gateway: Gateway,
    clock: ManualClock,
}

impl Scene {
    async fn new() -> Scene {
        Scene::built_by(Gateway::builder()).await
    }

    async fn built_by(builder: GatewayBuilder) -> Scene {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        let clock = ManualClock::at(Timestamp::from_unix_nanos(i64::try_from(now).unwrap()));
        let gateway = builder
            .market(MARKET)
            .margin_market(PERP)
            .manual_clock(&clock)
            .start()
            .await
            .unwrap();
        Scene { gateway, clock }
    }

    /// A session of a member's that is logged on. It does not hear of pending orders.
    async fn session(&self, product: Product, kind: SessionKind, member: &Member) -> Wire {
        let key = member.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap());
        let orders = matches!(
            kind,
            SessionKind::OrderEntry | SessionKind::OrderEntryRetransmitting
        );
        let fields = if orders { "21011=Y" } else { "" };
        self.log_on(product, kind, &key, fields).await
    }

    async fn log_on(&self, product: Product, kind: SessionKind, key: &str, fields: &str) -> Wire {
        let mut wire = self.connect(product, kind, key).await;
        let answer = wire.logon(&private_key(), fields).await;
        assert_eq!(field(&answer, "35"), Some("A"), "{answer}");
        wire
    }

    async fn connect(&self, product: Product, kind: SessionKind, key: &str) -> Wire {
        let address = self.gateway.address(product, kind).unwrap();
        let target = kind.profile().target_comp_id;
        let tables = match product {
            Product::Prediction => Prediction::tables(),
            Product::Margin => Margin::tables(),
        };
        let root = self.gateway.root_certificate();
        Wire::connect(address, root, key, target, tables).await
    }

    /// Lets time pass, for the gateway and for the clients.
    fn pass(&self, seconds: u64, wires: &mut [&mut Wire]) {
        let time = Duration::from_secs(seconds);
        for wire in wires {
            wire.ahead += time;
        }
        self.clock.advance(time);
    }
}

/// Asks, and expects these answers; `M` is the market's symbol in both.
async fn check(wire: &mut Wire, request: &str, expected: &[&str]) {
    let market = |text: &str| text.replace("55=M|", &format!("55={MARKET}|"));
    let request = market(&format!("{request}|"));
    let heard = wire.ask(&request).await;
    let expected: Vec<String> = expected.iter().map(|answer| market(answer)).collect();
    assert_eq!(heard, expected, "{request}");
}

/// Expects that this was heard meanwhile.
async fn check_heard(wire: &mut Wire, expected: &[&str]) {
    let heard = wire.heard().await;
    let expected: Vec<String> = expected
        .iter()
        .map(|answer| answer.replace("55=M|", &format!("55={MARKET}|")))
        .collect();
    assert_eq!(heard, expected);
}
