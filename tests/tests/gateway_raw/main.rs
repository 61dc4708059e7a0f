//! The simulated exchange, driven by bytes over TLS from a client written for this test alone.

mod data;
mod orders;
mod post_trade;
mod retransmission;
mod sessions;
mod validation;
mod wire;

use fix_dialect::Dialect as _;
use kalshi_fix::credentials::PublicKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{Gateway, GatewayBuilder, Member};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;
use wire::{Wire, field, private_key, steady};

const MARKET: &str = "HIGHNY-23DEC31";
const PUBLIC_KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-public.pem");

struct Scene {
    gateway: Gateway,
}

impl Scene {
    async fn new() -> Scene {
        Scene::built_by(Gateway::builder()).await
    }

    async fn built_by(builder: GatewayBuilder) -> Scene {
        let builder = builder.market(MARKET).margin_market("BTC-PERP");
        let gateway = builder.start().await.unwrap();
        Scene { gateway }
    }

    fn key(member: &Member) -> String {
        member.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap())
    }

    async fn connect(&self, product: Product, kind: SessionKind, key: &str) -> Wire {
        let address = self.gateway.address(product, kind).unwrap();
        let target = kind.profile().target_comp_id;
        let tables = match product {
            Product::Prediction => Prediction::tables(),
            Product::Margin => Margin::tables(),
        };
        Wire::connect(address, self.gateway.root_certificate(), key, target, tables).await
    }

    /// A session that is logged on, with the logon fields given.
    async fn session(&self, product: Product, kind: SessionKind, member: &Member, fields: &str) -> Wire {
        let mut wire = self.connect(product, kind, &Scene::key(member)).await;
        let answer = wire.logon(&private_key(), fields).await;
        assert_eq!(field(&answer, "35"), Some("A"), "{answer}");
        wire
    }

    async fn orders(&self, fields: &str) -> Wire {
        self.session(
            Product::Prediction,
            SessionKind::OrderEntry,
            &self.gateway.member(),
            fields,
        )
        .await
    }
}

/// One session, a line a message, the answers as `MsgType field field …` of the fields named.
#[track_caller]
fn show(messages: &[String], tags: &[&str]) -> Vec<String> {
    messages
        .iter()
        .map(|message| {
            let shown = tags
                .iter()
                .filter_map(|tag| Some(format!("{tag}={}", field(message, tag)?)));
            shown.collect::<Vec<_>>().join("|")
        })
        .collect()
}

#[tokio::test]
async fn logon_order_fill_logout() {
    let scene = Scene::new().await;
    let maker = scene.gateway.member();
    let mut wire = scene
        .connect(Product::Prediction, SessionKind::OrderEntry, &Scene::key(&maker))
        .await;
    let answer = wire.logon(&private_key(), "21005=Y").await;
    assert_eq!(steady(&answer), "35=A|98=0|108=30|141=Y|1137=9");
    assert_eq!(
        (field(&answer, "49"), field(&answer, "34")),
        (Some("Kalshi"), Some("1"))
    );

    let heard = wire
        .ask(&format!(
            "35=D|11=maker-1|38=10|40=2|44=0.57|54=2|55={MARKET}|59=1"
        ))
        .await;
    let common = format!("44=0.5700|54=2|55={MARKET}");
    assert_eq!(
        heard,
        [
            format!("35=8|6=0.0000|11=maker-1|14=0.00|38=10.00|39=A|{common}|150=A|151=10.00"),
            format!("35=8|6=0.0000|11=maker-1|14=0.00|38=10.00|39=0|{common}|150=0|151=10.00"),
        ]
    );

    let mut taker = scene.orders("21005=Y|21011=Y").await;
    let heard = taker
        .ask(&format!(
            "35=D|11=taker-1|38=4|40=2|44=0.60|54=1|55={MARKET}|59=3"
        ))
        .await;
    // The fee: 0.07 * 4 * 0.57 * 0.43 = 0.0686, rounded up to a cent. It is part of what the balance changes by.
    let fill = "704=4.00|705=0.00|136=1|137=0.07|138=USD|139=4|891=0|1057=Y|1703=1|1704=-2.3500|1705=BALANCE";
    let expected = format!(
        "35=8|6=0.5700|11=taker-1|14=4.00|30=0|31=0.5700|32=4.00|38=4.00|39=2|44=0.6000|54=1|55={MARKET}|150=F|151=0.00|{fill}"
    );
    assert_eq!(heard, [expected]);

    let heard = wire.heard().await;
    let fill = "704=0.00|705=4.00|136=1|137=0.00|138=USD|139=4|891=0|1057=N|1703=1|1704=-1.7200|1705=BALANCE";
    let expected = format!(
        "35=8|6=0.5700|11=maker-1|14=4.00|30=0|31=0.5700|32=4.00|38=10.00|39=1|{common}|150=F|151=6.00|{fill}"
    );
    assert_eq!(heard, [expected]);

    wire.send("35=5").await;
    assert_eq!(
        wire.next().await.map(|answer| steady(&answer)),
        Some("35=5".to_owned())
    );
    assert_eq!(wire.next().await, None);
}
