//! The simulated exchange, driven by bytes over TLS from a client written for this test alone.

mod wire;

use std::time::{Duration, SystemTime};

use fix_dialect::Dialect as _;
use kalshi_fix::credentials::PublicKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{ExchangeStatus, MarketStatus, NewOrder, Price, Quantity, Side};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Member, Step};
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
        let gateway = Gateway::builder()
            .market(MARKET)
            .margin_market("BTC-PERP")
            .start()
            .await
            .unwrap();
        Scene { gateway }
    }

    fn key(member: &Member) -> String {
        member.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap())
    }

    async fn connect(&self, product: Product, kind: SessionKind, key: &str) -> Wire {
        let address = self.gateway.address(product, kind).unwrap();
        let target = if kind == SessionKind::MarketData {
            "KalshiMD"
        } else {
            "KalshiNR"
        };
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
    // The fee: 0.07 * 4 * 0.57 * 0.43 = 0.0686, rounded up to a cent.
    let fill = "704=4.00|705=0.00|136=1|137=0.07|138=USD|139=4|891=0|1057=Y|1703=1|1704=-2.2800|1705=BALANCE";
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
async fn orders_are_rejected_with_the_documented_codes() {
    let scene = Scene::new().await;
    let mut other = scene.orders("21005=Y|21011=Y").await;
    other
        .ask(&format!("35=D|11=offer|38=5|40=2|44=0.60|54=2|55={MARKET}|59=1"))
        .await;
    let mut wire = scene.orders("21005=Y|21011=Y").await;
    let cases = [
        (
            "11=1|38=1|40=2|44=0.50|54=1|55=NOWHERE",
            "150=8|39=8|103=1|58=MARKET_NOT_FOUND",
        ),
        ("11=2|38=1|40=2|44=0.50|54=1|55=M|59=1", "150=0|39=0"),
        (
            "11=2|38=1|40=2|44=0.50|54=1|55=M|59=1",
            "150=8|39=8|103=6|58=ORDER_ALREADY_EXISTS",
        ),
        (
            "11=3|38=1|40=2|44=0.60|54=1|55=M|18=6",
            "150=4|39=4|58=POST_ONLY_CROSS",
        ),
        (
            "11=4|38=9|40=2|44=0.60|54=1|55=M|59=4",
            "150=4|39=4|58=FOK_INSUFFICIENT_VOLUME",
        ),
        (
            "11=5|38=1|40=2|44=0.59|54=1|55=M|59=3",
            "150=4|39=4|58=IMMEDIATE_OR_CANCELLED",
        ),
        (
            "11=6|38=900000|40=2|44=0.50|54=1|55=M",
            "150=8|39=8|103=3|58=INSUFFICIENT_BALANCE",
        ),
        (
            "11=7|38=1|40=2|44=0.505|54=1|55=M",
            "150=8|39=8|103=11|58=INVALID_ORDER",
        ),
        (
            "11=8|38=0.001|40=2|44=0.50|54=1|55=M",
            "150=8|39=8|103=13|58=INVALID_ORDER",
        ),
        (
            "11=9|38=1|40=2|44=0.50|54=1|55=M|526=g",
            "150=8|39=8|103=11|58=ORDER_GROUP_NOT_FOUND",
        ),
        (
            "11=a|38=1|40=2|44=0.50|54=2|55=M",
            "150=4|39=4|58=TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION",
        ),
        (
            "11=b|38=1|40=2|44=0.50|54=1|55=M|117=q",
            "150=8|39=8|103=8|58=EXPIRED",
        ),
        (
            "11=c|38=1|40=2|44=0.40|54=1|55=M|59=6|126=20400101-00:00:00",
            "150=0|39=0",
        ),
    ];
    for (order, expected) in cases {
        let order = order.replace("55=M", &format!("55={MARKET}"));
        let heard = wire.ask(&format!("35=D|{order}")).await;
        assert_eq!(show(&heard, &["150", "39", "103", "58"]), [expected], "{order}");
    }
}

#[tokio::test]
async fn malformed_messages_are_rejected_with_the_documented_codes() {
    let scene = Scene::new().await;
    let mut wire = scene.orders("").await;
    let order = format!("11=x|38=1|40=2|44=50|54=1|55={MARKET}");
    let cases = [
        (
            "35=D|ORDER|333333=1",
            "35=3|371=333333|372=D|373=3|58=Undefined tag received",
        ),
        (
            "35=D|11=x|38=1|40=2|44=50|54=1",
            "35=3|371=55|372=D|373=1|58=required field is missing",
        ),
        (
            "35=D|ORDER|59=9",
            "35=3|371=59|372=D|373=5|58=value is not among those listed",
        ),
        (
            "35=D|ORDER|79=64",
            "35=3|371=79|372=D|373=5|58=value is out of range",
        ),
        (
            "35=D|ORDER|31=50",
            "35=3|371=31|372=D|373=2|58=tag is not defined for this message",
        ),
        ("35=D|ORDER|18=", "35=3|371=18|372=D|373=4|58=field has no value"),
        (
            "35=D|ORDER|44=50",
            "35=3|371=44|372=D|373=13|58=field appears more than once",
        ),
        (
            "35=D|11=x|38=many|40=2|44=50|54=1|55=M",
            "35=3|371=38|372=D|373=6|58=value is not of the field's type",
        ),
        // Dollars where the logon did not ask for them.
        (
            "35=D|11=x|38=1|40=2|44=0.50|54=1|55=M",
            "35=3|371=44|372=D|373=5|58=prices are whole cents, since the logon did not set UseDollars (21005)",
        ),
        (
            "35=D|ORDER|59=6",
            "35=j|372=D|379=x|380=5|58=ExpireTime (126) is required in this case",
        ),
        (
            "35=V|263=0|146=1|55=M",
            "35=j|372=V|380=3|58=MsgType (35) \"V\" is not supported on this session",
        ),
        (
            "35=D|ORDER|453=1|448=x",
            "35=j|372=D|379=x|380=5|58=PartyRole (452) is required in this case",
        ),
        (
            "35=ZZ",
            "35=3|371=35|372=ZZ|373=11|58=MsgType (35) \"ZZ\" is not defined",
        ),
    ];
    for (message, expected) in cases {
        let heard = wire.ask(&message.replace("ORDER", &order)).await;
        assert_eq!(
            show(&heard, &["35", "371", "372", "379", "380", "373", "58"]),
            [expected],
            "{message}"
        );
    }
    // The session is none the worse for it; prices in reports are cents.
    let heard = wire.ask(&format!("35=D|{order}")).await;
    assert_eq!(
        show(&heard, &["150", "44", "6"]),
        ["150=A|44=50|6=0", "150=0|44=50|6=0"]
    );
}

#[tokio::test]
async fn amends_cancels_and_mass_cancels() {
    let scene = Scene::new().await;
    let mut wire = scene.orders("21005=Y").await;
    let market = format!("40=2|54=1|55={MARKET}");
    let cases: [(&str, &[&str]); 12] = [
        (
            "35=D|11=a|38=10|44=0.40|59=1|M",
            &[
                "35=8|11=a|150=A|39=A|38=10.00|14=0.00|151=10.00",
                "35=8|11=a|150=0|39=0|38=10.00|14=0.00|151=10.00",
            ],
        ),
        (
            "35=G|11=b|41=a|38=8|44=0.41|M",
            &[
                "35=8|11=b|41=a|150=E|39=E|38=10.00|14=0.00|151=10.00",
                "35=8|11=b|41=a|150=5|39=5|38=8.00|14=0.00|151=8.00",
            ],
        ),
        (
            "35=G|11=c|41=a|38=8|44=0.41|M",
            &["35=9|11=c|41=a|39=8|434=2|102=1|58=ORDER_NOT_FOUND"],
        ),
        (
            "35=G|11=c|41=b|38=8|44=0.415|M",
            &[
                "35=8|11=c|41=b|150=E|39=E|38=8.00|14=0.00|151=8.00",
                "35=9|11=c|41=b|39=0|434=2|102=18|58=INVALID_PRICE",
            ],
        ),
        (
            "35=F|11=d|41=b|54=1|55=MARKET",
            &[
                "35=8|11=d|41=b|150=6|39=6|38=8.00|14=0.00|151=8.00",
                "35=8|11=d|41=b|150=4|39=4|38=0.00|14=0.00|151=0.00",
            ],
        ),
        (
            "35=F|11=e|41=b|54=1|55=MARKET",
            &["35=9|11=e|41=b|39=4|434=1|102=0|58=TOO_LATE_TO_CANCEL"],
        ),
        (
            "35=F|11=e|41=zz|54=1|55=MARKET",
            &["35=9|11=e|41=zz|39=8|434=1|102=1|58=ORDER_NOT_FOUND"],
        ),
        (
            "35=D|11=f|38=1|44=0.40|59=1|M",
            &[
                "35=8|11=f|150=A|39=A|38=1.00|14=0.00|151=1.00",
                "35=8|11=f|150=0|39=0|38=1.00|14=0.00|151=1.00",
            ],
        ),
        (
            "35=D|11=g|38=1|44=0.39|59=1|M",
            &[
                "35=8|11=g|150=A|39=A|38=1.00|14=0.00|151=1.00",
                "35=8|11=g|150=0|39=0|38=1.00|14=0.00|151=1.00",
            ],
        ),
        (
            "35=q|11=h|530=6",
            &[
                "35=r|11=h|531=6",
                "35=8|11=f|41=f|150=4|39=4|38=0.00|14=0.00|151=0.00",
                "35=8|11=g|41=g|150=4|39=4|38=0.00|14=0.00|151=0.00",
            ],
        ),
        ("35=q|11=i|530=6", &["35=r|11=i|531=6"]),
        ("35=q|11=i|530=7", &["35=3|373=5"]),
    ];
    for (message, expected) in cases {
        let message = message
            .replace("|M", &format!("|{market}"))
            .replace("55=MARKET", &format!("55={MARKET}"));
        let heard = wire.ask(&message).await;
        let tags = [
            "35", "11", "41", "150", "39", "38", "14", "151", "434", "102", "531", "373",
        ];
        let mut shown = show(&heard, &tags);
        for (line, message) in shown.iter_mut().zip(&heard) {
            if line.starts_with("35=9") {
                line.push_str("|58=");
                line.push_str(field(message, "58").unwrap_or_default());
            }
        }
        assert_eq!(shown, expected, "{message}");
    }
}

#[tokio::test]
async fn books_come_whole_and_then_in_changes() {
    let scene = Scene::new().await;
    let mut orders = scene.orders("21005=Y|21011=Y").await;
    orders
        .ask(&format!("35=D|11=a|38=10|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    let member = scene.gateway.member();
    let mut data = scene
        .session(Product::Prediction, SessionKind::MarketData, &member, "")
        .await;
    let heard = data
        .ask(&format!("35=V|263=1|146=2|55={MARKET}|55=NOWHERE"))
        .await;
    assert_eq!(
        heard,
        [
            format!("35=W|55={MARKET}|268=1|269=0|270=0.4000|271=10.00"),
            "35=W|55=NOWHERE|268=0".to_owned()
        ]
    );
    orders
        .ask(&format!("35=D|11=b|38=5|40=2|44=0.60|54=2|55={MARKET}|59=1"))
        .await;
    let mut taker = scene.orders("21005=Y|21011=Y").await;
    taker
        .ask(&format!("35=D|11=c|38=2|40=2|44=0.60|54=1|55={MARKET}|59=1"))
        .await;
    orders.ask(&format!("35=F|11=d|41=a|54=1|55={MARKET}")).await;
    assert_eq!(
        data.heard().await,
        [
            format!("35=X|268=1|279=0|55={MARKET}|269=1|270=0.6000|271=5.00"),
            format!(
                "35=X|268=2|279=0|55={MARKET}|269=2|270=0.6000|271=2.00|2446=1|279=1|55={MARKET}|269=1|270=0.6000|271=3.00"
            ),
            format!("35=X|268=1|279=2|55={MARKET}|269=0|270=0.4000|271=0.00"),
        ]
    );
    assert_eq!(
        data.ask("35=V|263=9").await,
        ["35=Y|281=4|58=unsupported SubscriptionRequestType"]
    );
    assert_eq!(data.ask("35=V|263=2").await, Vec::<String>::new());
    orders
        .ask(&format!("35=D|11=e|38=1|40=2|44=0.30|54=1|55={MARKET}|59=1"))
        .await;
    assert_eq!(data.heard().await, Vec::<String>::new());
}

#[tokio::test]
async fn margin_markets_trade_whole_contracts_in_dollars() {
    let scene = Scene::new().await;
    let (product, kind) = (Product::Margin, SessionKind::OrderEntry);
    let mut maker = scene
        .session(product, kind, &scene.gateway.member(), "21011=Y")
        .await;
    let mut taker = scene
        .session(product, kind, &scene.gateway.member(), "21011=Y")
        .await;
    maker
        .ask("35=D|11=m|38=10|40=2|44=19.5|54=2|55=BTC-PERP|59=1")
        .await;
    let heard = taker.ask("35=D|11=t|38=4|40=2|44=20|54=1|55=BTC-PERP|59=3").await;
    let expected = "35=8|6=19.5000|11=t|14=4.00|30=0|31=19.5000|32=4.00|38=4.00|39=2|44=20.0000|54=1|55=BTC-PERP|150=F|151=0.00|704=4.00|705=0.00|136=1|137=0.039|138=USD|139=4|891=0|1057=Y|1703=1|1704=0.0000|1705=BALANCE";
    assert_eq!(heard, [expected]);
    let heard = taker
        .ask("35=D|11=u|38=1.5|40=2|44=20|54=1|55=BTC-PERP|59=3")
        .await;
    assert_eq!(show(&heard, &["150", "103"]), ["150=8|103=13"]);
    let mut data = scene
        .session(product, SessionKind::MarketData, &scene.gateway.member(), "")
        .await;
    assert_eq!(
        data.ask("35=V|263=0|146=1|55=BTC-PERP").await,
        ["35=W|55=BTC-PERP|268=1|269=1|270=19.5000|271=6.00"]
    );
}

#[tokio::test]
async fn logons_are_judged() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);
    let key = private_key();

    let mut unknown = scene.connect(product, kind, "nobody").await;
    let answer = unknown.logon(&key, "").await;
    assert_eq!(steady(&answer), "35=5|58=unknown API key in SenderCompID (49)");
    assert_eq!(unknown.next().await, None);

    let mut forged = scene.connect(product, kind, &Scene::key(&member)).await;
    assert_eq!(
        steady(&forged.forged_logon(&key).await),
        "35=5|58=invalid signature in RawData (96)"
    );

    let mut stale = scene.connect(product, kind, &Scene::key(&member)).await;
    let answer = stale
        .logon_at(&key, "", SystemTime::now() - Duration::from_secs(40))
        .await;
    assert_eq!(
        show(&[answer], &["35", "371", "372", "373"]),
        ["35=3|371=52|372=A|373=10"]
    );
    assert_eq!(stale.next().await, None);

    let id = Scene::key(&member);
    let mut first = scene.connect(product, kind, &id).await;
    assert_eq!(field(&first.logon(&key, "").await, "35"), Some("A"));
    let mut second = scene.connect(product, kind, &id).await;
    assert_eq!(steady(&second.logon(&key, "").await), "35=5|58=already exists");
    assert_eq!(first.ask("35=q|11=1|530=6").await, ["35=r|11=1|531=6"]);

    let mut listener = scene.connect(product, kind, &Scene::key(&member)).await;
    let answer = listener.logon(&key, "20126=Y").await;
    assert_eq!(
        steady(&answer),
        "35=5|58=ListenerSession=Y requires SkipPendingExecReports=Y"
    );

    // Only once the first connection is over is the key free again.
    first.send("35=5").await;
    assert_eq!(
        first.next().await.map(|answer| steady(&answer)),
        Some("35=5".to_owned())
    );
    assert_eq!(first.next().await, None);
    let mut again = scene.connect(product, kind, &id).await;
    assert_eq!(field(&again.logon(&key, "").await, "35"), Some("A"));
}

#[tokio::test]
async fn a_gap_ends_the_session_and_takes_orders_along_where_asked() {
    let scene = Scene::new().await;
    let mut data = scene
        .session(
            Product::Prediction,
            SessionKind::MarketData,
            &scene.gateway.member(),
            "",
        )
        .await;
    let mut wire = scene.orders("21005=Y|21011=Y|8013=Y").await;
    wire.ask(&format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    data.ask(&format!("35=V|263=1|146=1|55={MARKET}")).await;
    wire.sequence += 5;
    wire.send("35=0").await;
    let farewell = wire.next().await.unwrap_or_default();
    assert_eq!(field(&farewell, "35"), Some("5"), "{farewell}");
    drop(wire);
    let deleted = format!("35=X|268=1|279=2|55={MARKET}|269=0|270=0.4000|271=0.00");
    let mut heard = Vec::new();
    for _ in 0..100 {
        heard.extend(data.heard().await);
        if !heard.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(heard, [deleted]);
}

#[tokio::test]
async fn a_listener_hears_everything_and_may_say_nothing() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);
    let mut listener = scene
        .session(product, kind, &member, "20126=Y|21011=Y|21005=Y")
        .await;
    let mut orders = scene.session(product, kind, &member, "21005=Y").await;
    orders
        .ask(&format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    let heard = listener.next().await.unwrap_or_default();
    assert_eq!(show(&[heard], &["35", "11", "150"]), ["35=8|11=a|150=0"]);
    listener.send("35=q|11=b|530=6").await;
    let heard = listener.next().await.unwrap_or_default();
    assert_eq!(show(&[heard], &["35", "372", "380"]), ["35=j|372=q|380=6"]);
}

#[tokio::test]
async fn a_logon_decides_what_is_reported() {
    let scene = Scene::new().await;
    let mut maker = scene.orders("21005=Y|21011=Y").await;
    let offer = |id: &str| format!("35=D|11={id}|38=2|40=2|44=0.60|54=2|55={MARKET}|59=1");
    let taker = format!("35=D|11=t|38=5|40=2|44=0.60|54=1|55={MARKET}|59=3");
    let past = format!("35=D|11=p|38=1|40=2|44=0.20|54=1|55={MARKET}|59=6|126=");
    let soon = wire::utc(SystemTime::now() + Duration::from_millis(1_200));
    let cases: [(&str, &[&str], &str); 5] = [
        ("21011=Y", &["150=F|38=5.00|151=3.00|44=60|31=60"], "150=4|39=4"),
        (
            "",
            &[
                "150=A|38=5.00|151=5.00|44=60",
                "150=F|38=5.00|151=3.00|44=60|31=60",
            ],
            "150=4|39=4",
        ),
        (
            "21011=Y|21026=Y",
            &[
                "150=0|38=5.00|151=5.00|44=60",
                "150=F|38=5.00|151=3.00|44=60|31=60",
            ],
            "150=4|39=4",
        ),
        (
            "21011=Y|21007=Y",
            &[
                "150=F|38=5.00|151=3.00|44=60|31=60",
                "150=4|38=2.00|151=0.00|44=60",
            ],
            "150=4|39=4",
        ),
        (
            "21011=Y|21007=Y|21008=Y|21005=Y|21012=Y",
            &[
                "150=F|38=5.00|151=3.00|44=0.6000|31=0.6000",
                "150=4|38=5.00|151=0.00|44=0.6000",
            ],
            "150=C|39=C",
        ),
    ];
    let mut waiting = Vec::new();
    for (number, (options, expected, expired)) in cases.into_iter().enumerate() {
        maker.ask(&offer(&format!("offer-{number}"))).await;
        let mut wire = scene.orders(options).await;
        let price = |order: &str| {
            if options.contains("21005") {
                order.to_owned()
            } else {
                order.replace("44=0.", "44=")
            }
        };
        let heard = wire.ask(&price(&taker)).await;
        assert_eq!(
            show(&heard, &["150", "38", "151", "44", "31"]),
            expected,
            "{options}"
        );
        wire.ask(&price(&format!("{past}{soon}"))).await;
        waiting.push((wire, expired));
    }
    for (mut wire, expired) in waiting {
        let report = wire.next().await.unwrap_or_default();
        assert_eq!(show(&[report], &["150", "39"]), [expired]);
    }
}

#[tokio::test]
async fn trading_stops_and_resumes() {
    let scene = Scene::new().await;
    let (product, member) = (Product::Prediction, scene.gateway.member());
    let mut data = scene.session(product, SessionKind::MarketData, &member, "").await;
    assert_eq!(
        data.ask(&format!("35=e|263=1|55={MARKET}")).await,
        Vec::<String>::new()
    );
    scene
        .gateway
        .set_market_status(product, MARKET, MarketStatus::Inactive);
    assert_eq!(data.heard().await, [format!("35=f|55={MARKET}|326=2")]);
    let mut wire = scene.orders("21011=Y").await;
    let order = format!("35=D|11=a|38=1|40=2|44=20|54=1|55={MARKET}");
    assert_eq!(
        show(&wire.ask(&order).await, &["150", "103", "58"]),
        ["150=8|103=2|58=MARKET_INACTIVE"]
    );
    scene
        .gateway
        .set_market_status(product, MARKET, MarketStatus::Active);
    assert_eq!(
        data.ask(&format!("35=e|263=2|55={MARKET}")).await,
        [format!("35=f|55={MARKET}|326=3")]
    );
    scene.gateway.set_status(product, ExchangeStatus::TradingPaused);
    assert_eq!(
        show(&wire.ask(&order).await, &["150", "103", "58"]),
        ["150=8|103=2|58=TRADING_PAUSED"]
    );
    assert_eq!(data.heard().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_nobody_waits_for_it() {
    let gateway = Gateway::builder()
        .market(MARKET)
        .outbound_limit(32 << 10)
        .start()
        .await
        .unwrap();
    let scene = Scene { gateway };
    let (product, member) = (Product::Prediction, scene.gateway.member());
    let mut idle = scene.session(product, SessionKind::MarketData, &member, "").await;
    idle.ask(&format!("35=V|263=1|146=1|55={MARKET}")).await;
    let house = scene.gateway.member();
    let flood = tokio::task::spawn_blocking(move || {
        // More than all the buffers on the way can take.
        for number in 0..60_000 {
            let id = format!("house-{number}");
            let (price, one) = (Price::from_cents(40), Quantity::from_contracts(1));
            let order = house
                .place(product, NewOrder::limit(&id, MARKET, Side::Buy, price, one))
                .unwrap();
            assert!(house.cancel(product, &order));
        }
    });
    flood.await.unwrap();
    let mut last = None;
    while let Some(message) = idle.next().await {
        last = Some(message);
    }
    // It ends in the midst of the changes, without a word.
    assert_eq!(last.as_deref().and_then(|last| field(last, "35")), Some("X"));
    let mut wire = scene.orders("").await;
    assert_eq!(wire.ask("35=q|11=a|530=6").await, ["35=r|11=a|531=6"]);
}

#[tokio::test]
async fn there_is_room_for_so_many_connections() {
    let gateway = Gateway::builder()
        .market(MARKET)
        .connections(2)
        .start()
        .await
        .unwrap();
    let scene = Scene { gateway };
    let first = scene.orders("").await;
    let mut second = scene.orders("").await;
    let address = scene
        .gateway
        .address(Product::Prediction, SessionKind::OrderEntry)
        .unwrap();
    let mut third = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut byte = [0];
    let read = tokio::io::AsyncReadExt::read(&mut third, &mut byte).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    assert_eq!(second.ask("35=q|11=a|530=6").await, ["35=r|11=a|531=6"]);
    drop(first);
    for _ in 0..100 {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        // Nothing is said before the client does: a connection that stays open was let in.
        let closed = tokio::time::timeout(Duration::from_millis(20), stream.readable())
            .await
            .is_ok();
        if !closed {
            return;
        }
    }
    panic!("the first connection's place was never free again");
}

#[tokio::test]
async fn faults_strike_when_asked_for() {
    let scene = Scene::new().await;
    let gateway = &scene.gateway;
    let key = private_key();
    let member = gateway.member();
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);

    gateway.inject(Fault::new(Step::Logon, Effect::Refuse("maintenance".to_owned())));
    let mut wire = scene.connect(product, kind, &Scene::key(&member)).await;
    assert_eq!(steady(&wire.logon(&key, "").await), "35=5|58=maintenance");

    let mut wire = scene.orders("21005=Y|21011=Y").await;
    gateway.inject(Fault::new(Step::message("D"), Effect::Refuse(String::new())));
    let order = format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1");
    assert_eq!(
        show(&wire.ask(&order).await, &["150", "103", "58"]),
        ["150=8|103=99|58=INTERNAL_ERROR"]
    );
    gateway.inject(Fault::new(Step::message("D"), Effect::Ignore).on(SessionKind::OrderEntry));
    assert_eq!(wire.ask(&order).await, Vec::<String>::new());
    assert_eq!(show(&wire.ask(&order).await, &["150"]), ["150=0"]);
    gateway.inject(Fault::new(Step::message("q"), Effect::Disconnect));
    wire.send("35=q|11=b|530=6").await;
    assert_eq!(wire.next().await, None);

    gateway.inject(Fault::new(Step::Logout, Effect::Disconnect));
    let mut wire = scene.orders("").await;
    wire.send("35=5").await;
    assert_eq!(wire.next().await, None);
}

#[tokio::test]
async fn garbage_and_strangers_do_no_harm() {
    let scene = Scene::new().await;
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);
    let address = scene.gateway.address(product, kind).unwrap();
    // No TLS at all.
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 4096],
        b"8=FIXT.1.1\x019=5\x0135=0\x0110=0\x01",
    ] {
        use tokio::io::AsyncWriteExt as _;
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(bytes).await;
    }
    // TLS, and then nothing that is FIX, or not what is due.
    for bytes in [
        &vec![b'9'; 100_000][..],
        b"8=FIXT.1.1\x019=99999999999\x01",
        &[1; 5_000],
    ] {
        let mut wire = scene.connect(product, kind, "nobody").await;
        wire.bytes(bytes).await;
    }
    let mut wire = scene.connect(product, kind, "nobody").await;
    wire.send("35=D|11=a").await;
    assert_eq!(wire.next().await, None);
    // Garbled bytes within a session are skipped.
    let mut wire = scene.orders("").await;
    wire.bytes(b"\x01\x01garbage 8=FIX\x01").await;
    assert_eq!(wire.ask("35=q|11=a|530=6").await, ["35=r|11=a|531=6"]);
}
