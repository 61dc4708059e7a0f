//! Orders: what they are answered with, in the words and codes of the facts.

use std::time::{Duration, SystemTime};

use kalshi_fix::environment::{Product, SessionKind};

use crate::wire::{self, field};
use crate::{MARKET, Scene, show};

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
            "35=3|371=59|372=D|373=5|58=value is not among those listed; expected 0 (DAY), 1 (GTC), 3 (IOC), 4 (FOK), 6 (GTD)",
        ),
        (
            "35=D|ORDER|79=64",
            "35=3|371=79|372=D|373=5|58=value is out of range; expected 0..63",
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
    let cases: [(&str, &[&str]); 11] = [
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
    let expected = "35=8|6=19.5000|11=t|14=4.00|30=0|31=19.5000|32=4.00|38=4.00|39=2|44=20.0000|54=1|55=BTC-PERP|150=F|151=0.00|704=4.00|705=0.00|136=1|137=0.039|138=USD|139=4|891=0|1057=Y|1703=1|1704=-0.0390|1705=BALANCE";
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
