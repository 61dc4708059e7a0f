//! Order groups over FIX.

use kalshi_fix::environment::{Product, SessionKind};

use crate::{PERP, Scene, check};

const GROUP: &str = "0000000e-0000-8000-8000-000000000001";
const OTHER: &str = "770e8400-e29b-41d4-a716-446655440002";

#[tokio::test]
async fn groups_are_made_changed_and_refused() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    for kind in [SessionKind::OrderEntry, SessionKind::OrderEntryRetransmitting] {
        let mut wire = scene.session(Product::Prediction, kind, &member).await;
        check(
            &mut wire,
            "35=UOG|20131=1|20132=5000|79=2",
            &[&if kind == SessionKind::OrderEntry {
                format!("35=UOH|20130={GROUP}|20132=5000|79=2")
            } else {
                "35=UOH|20130=0000000e-0000-8000-8000-000000000002|20132=5000|79=2".to_owned()
            }],
        )
        .await;
    }
    let mut wire = scene
        .session(Product::Prediction, SessionKind::OrderEntry, &member)
        .await;
    let not_found = |id: &str, sequence: u64| {
        format!("35=j|45={sequence}|372=UOG|379={id}|380=1|58=ORDER_GROUP_NOT_FOUND")
    };
    let cases = [
        (
            format!("20131=2|20130={GROUP}|79=2"),
            format!("35=UOH|20130={GROUP}|79=2"),
        ),
        (
            format!("20131=5|20130={GROUP}|20132=7|79=2"),
            format!("35=UOH|20130={GROUP}|20132=7|79=2"),
        ),
        (
            format!("20131=4|20130={GROUP}|79=2"),
            format!("35=UOH|20130={GROUP}|79=2"),
        ),
        (format!("20131=2|20130={GROUP}"), not_found(GROUP, 8)),
        (format!("20131=2|20130={GROUP}|79=2|100=1"), not_found(GROUP, 10)),
        (format!("20131=2|20130={OTHER}"), not_found(OTHER, 12)),
        (
            "20131=2|20130=no-uuid".to_owned(),
            "35=3|45=14|371=20130|372=UOG|373=6|58=OrderGroupID (20130) is not a UUID".to_owned(),
        ),
        (
            "20131=1|20132=0".to_owned(),
            "35=3|45=16|371=20132|372=UOG|373=5|58=value is out of range; expected 1..1000000".to_owned(),
        ),
        (
            "20131=1|20132=1000001".to_owned(),
            "35=3|45=18|371=20132|372=UOG|373=5|58=value is out of range; expected 1..1000000".to_owned(),
        ),
        (
            format!("20131=3|20130={GROUP}|79=2"),
            format!("35=UOH|20130={GROUP}|79=2"),
        ),
        (format!("20131=3|20130={GROUP}|79=2"), not_found(GROUP, 22)),
    ];
    for (request, expected) in cases {
        check(&mut wire, &format!("35=UOG|{request}"), &[&expected]).await;
    }
}

#[tokio::test]
async fn a_triggered_group_loses_its_orders() {
    let scene = Scene::new().await;
    for (product, symbol, price) in [(Product::Prediction, "M", "60"), (Product::Margin, PERP, "100")] {
        let maker = scene.gateway.member();
        let mut maker = scene.session(product, SessionKind::OrderEntry, &maker).await;
        let taker = scene.gateway.member();
        let mut taker = scene.session(product, SessionKind::OrderEntry, &taker).await;
        maker.ask("35=UOG|20131=1|20132=1").await;
        let order = format!("35=D|11=a|38=5|40=2|44={price}|54=2|55={symbol}|59=1|526={GROUP}|");
        let order = order.replace("55=M|", &format!("55={}|", crate::MARKET));
        let heard = maker.ask(&order).await;
        assert!(heard[0].contains("|150=0|"), "{heard:?}");
        let hit = order.replace("54=2", "54=1").replace("38=5", "38=2");
        taker.ask(&hit.replace(&format!("526={GROUP}|"), "")).await;
        let heard = maker.heard().await;
        assert!(heard[0].contains("|150=F|"), "{heard:?}");
        assert!(heard[1].contains("|58=ORDER_GROUP_CANCEL|"), "{heard:?}");
        let heard = maker.ask(&order.replace("11=a", "11=b")).await;
        assert!(
            heard[0].contains("|58=EXCEEDED_ORDER_GROUP_RISK_LIMIT|103=3|"),
            "{heard:?}"
        );
    }
}
