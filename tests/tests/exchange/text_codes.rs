//! Every documented value of Text (58) and every reject reason, each provoked over FIX.
//!
//! A scenario is a script: `a` and `b` are members on order entry, what follows them a message. `D`, `G` and `F` are given
//! what goes without saying. The last line's answers are what is looked at.

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{ExchangeStatus, Market, MarketStatus, Quantity};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Step};
use rust_decimal::Decimal;

use crate::wire::{Wire, field, private_key};
use crate::{MARKET, PERP, PUBLIC_KEY, Scene};
use kalshi_fix::credentials::PublicKey;

/// What carries a text, and with which code: `103=3` in an ExecutionReport (8), `150=4` in one that cancels, `102=2` in an
/// OrderCancelReject (9).
const TEXTS: &[(&str, &str, &[Product])] = &[
    ("EXCHANGE_UNAVAILABLE", "103=99", BOTH),
    ("INTERNAL_ERROR", "103=99", BOTH),
    ("MARKET_ALREADY_CLOSED", "103=2", BOTH),
    ("MARKET_INACTIVE", "103=2", BOTH),
    ("MARKET_NOT_FOUND", "103=1", BOTH),
    ("EXCHANGE_PAUSED", "103=2", BOTH),
    ("TRADING_PAUSED", "103=2", PREDICTION),
    ("ORDER_ALREADY_EXISTS", "103=6", BOTH),
    ("EXCEEDED_ORDER_GROUP_RISK_LIMIT", "103=3", BOTH),
    ("EXCEEDED_PER_MARKET_RISK_LIMIT", "103=3", BOTH),
    ("EXCEEDED_SELL_POSITION_FLOOR", "103=3", PREDICTION),
    ("INSUFFICIENT_BALANCE", "103=3", BOTH),
    ("INVALID_ORDER", "103=11", PREDICTION),
    ("ORDER_GROUP_NOT_FOUND", "103=11", BOTH),
    ("CUSTOMER_ACCOUNT_NOT_FOUND", "103=15", PREDICTION),
    ("PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT", "103=15", PREDICTION),
    ("EXPIRED", "103=8", PREDICTION),
    ("SELF_CROSS_ATTEMPT", "150=4", BOTH),
    ("SELF_CROSS_ATTEMPT_PARTIALLY_FILLED", "150=4", PREDICTION),
    ("FOK_INSUFFICIENT_VOLUME", "150=4", BOTH),
    ("POST_ONLY_CROSS", "150=4", BOTH),
    ("ORDER_GROUP_CANCEL", "150=4", BOTH),
    ("TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION", "150=4", BOTH),
    ("MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION", "150=4", BOTH),
    ("IMMEDIATE_OR_CANCELLED", "150=4", BOTH),
    ("INVALID_AMEND_QTY_FOR_ORDER", "102=2", BOTH),
    ("CANNOT_UPDATE_FILLED_ORDER", "102=2", BOTH),
    ("SELF_CROSS_ATTEMPT", "102=18", BOTH),
    ("already exists", "", BOTH),
];

/// Other reject reasons of the facts: by what carries them, and the text where there is one.
const REASONS: &[(&str, &str, &[Product])] = &[
    ("", "8 103=4", BOTH),
    ("INVALID_ORDER", "8 103=13", BOTH),
    ("TOO_LATE_TO_CANCEL", "9 102=0", BOTH),
    ("ORDER_NOT_FOUND", "9 102=1", BOTH),
    ("MARKET_INACTIVE", "9 102=99", BOTH),
    ("", "r 531=0", BOTH),
    ("", "3 373=0", BOTH),
    ("", "3 373=1", BOTH),
    ("", "3 373=2", BOTH),
    ("", "3 373=3", BOTH),
    ("", "3 373=4", BOTH),
    ("", "3 373=5", BOTH),
    ("", "3 373=6", BOTH),
    ("", "3 373=9", BOTH),
    ("", "3 373=10", BOTH),
    ("", "3 373=11", BOTH),
    ("", "3 373=13", BOTH),
    ("", "3 373=14", BOTH),
    ("", "3 373=16", BOTH),
    ("maintenance", "j 380=0", PREDICTION),
    ("ORDER_GROUP_NOT_FOUND", "j 380=1", BOTH),
    ("", "j 380=3", BOTH),
    ("EXCHANGE_PAUSED", "j 380=4", BOTH),
    ("", "j 380=5", BOTH),
    ("", "j 380=6", PREDICTION),
    ("", "Y 281=2", BOTH),
    ("", "Y 281=4", BOTH),
    ("MARKET_NOT_FOUND", "AG 658=1", PREDICTION),
    ("RFQ_LIMIT_EXCEEDED", "AG 658=3", PREDICTION),
    ("INSUFFICIENT_BALANCE", "AG 658=11", PREDICTION),
    ("RFQ already exists", "AG 658=99", PREDICTION),
];

/// How each row is provoked, by its text and code.
const SCENARIOS: &[(&str, &str, &str)] = &[
    ("EXCHANGE_UNAVAILABLE", "103=99", "fault doubt D; a D BUY"),
    ("INTERNAL_ERROR", "103=99", "fault refuse D maintenance; a D BUY"),
    ("MARKET_ALREADY_CLOSED", "103=2", "market determined; a D BUY"),
    ("MARKET_INACTIVE", "103=2", "market inactive; a D BUY"),
    ("MARKET_NOT_FOUND", "103=1", "a D BUY|55=NOWHERE"),
    ("EXCHANGE_PAUSED", "103=2", "exchange paused; a D BUY"),
    ("TRADING_PAUSED", "103=2", "exchange trading-paused; a D BUY"),
    ("ORDER_ALREADY_EXISTS", "103=6", "a D BUY; a D BUY"),
    (
        "EXCEEDED_ORDER_GROUP_RISK_LIMIT",
        "103=3",
        "a UOG 20131=1|20132=5; a UOG 20131=4|20130=GROUP; a D BUY|526=GROUP",
    ),
    ("EXCEEDED_PER_MARKET_RISK_LIMIT", "103=3", "a D BUY|55=LIMITED"),
    ("EXCEEDED_SELL_POSITION_FLOOR", "103=3", "a D SELL|55=FLOORED"),
    ("INSUFFICIENT_BALANCE", "103=3", "a D BUY|38=9000000"),
    ("INVALID_ORDER", "103=11", "a D BUY|44=0.605"),
    ("ORDER_GROUP_NOT_FOUND", "103=11", "a D BUY|526=GROUP"),
    (
        "CUSTOMER_ACCOUNT_NOT_FOUND",
        "103=15",
        "a D BUY|453=1|448=nobody|452=24",
    ),
    (
        "PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT",
        "103=15",
        "a D BUY|453=1|448=customer-of-b|452=24",
    ),
    ("EXPIRED", "103=8", "a D BUY|117=gone"),
    ("SELF_CROSS_ATTEMPT", "150=4", "a D SELL; a D BUY|11=2|2964=0"),
    (
        "SELF_CROSS_ATTEMPT_PARTIALLY_FILLED",
        "150=4",
        "b D SELL|38=1; a D SELL; a D BUY|11=2|2964=0",
    ),
    ("FOK_INSUFFICIENT_VOLUME", "150=4", "b D SELL|38=1; a D BUY|59=4"),
    ("POST_ONLY_CROSS", "150=4", "b D SELL; a D BUY|18=6"),
    (
        "ORDER_GROUP_CANCEL",
        "150=4",
        "a UOG 20131=1|20132=5; a D BUY|526=GROUP; a UOG 20131=3|20130=GROUP",
    ),
    (
        "TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION",
        "150=4",
        "a D SELL; a D BUY|11=2",
    ),
    (
        "MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION",
        "150=4",
        "a D SELL; a D BUY|11=2|2964=2",
    ),
    ("IMMEDIATE_OR_CANCELLED", "150=4", "a D BUY|59=3"),
    (
        "INVALID_AMEND_QTY_FOR_ORDER",
        "102=2",
        "a D SELL; b D BUY|38=2; a G SELL|11=2|41=1|38=1",
    ),
    (
        "CANNOT_UPDATE_FILLED_ORDER",
        "102=2",
        "a D SELL; b D BUY; a G SELL|11=2|41=1|38=9",
    ),
    (
        "SELF_CROSS_ATTEMPT",
        "102=18",
        "a D SELL; a D BUY|11=2|44=0.40; a G BUY|11=3|41=2",
    ),
    ("already exists", "", "again"),
    ("", "8 103=4", "fault refuse D TOO_LATE_TO_ENTER; a D BUY"),
    ("INVALID_ORDER", "8 103=13", "a D BUY|38=1000000001"),
    (
        "TOO_LATE_TO_CANCEL",
        "9 102=0",
        "a D SELL; b D BUY; a F SELL|11=2|41=1",
    ),
    ("ORDER_NOT_FOUND", "9 102=1", "a F SELL|11=2|41=1"),
    (
        "MARKET_INACTIVE",
        "9 102=99",
        "a D SELL; market closed; a F SELL|11=2|41=1",
    ),
    ("", "r 531=0", "a q 11=1|530=6; a q 11=2|530=6"),
    ("", "3 373=0", "a D BUY|x=1"),
    ("", "3 373=1", "a q 11=1"),
    ("", "3 373=2", "a D BUY|31=0.50"),
    ("", "3 373=3", "a D BUY|333333=1"),
    ("", "3 373=4", "a D BUY|526="),
    ("", "3 373=5", "a D BUY|59=9"),
    ("", "3 373=6", "a D BUY|38=many"),
    ("", "3 373=9", "stranger D"),
    ("", "3 373=10", "late D"),
    ("", "3 373=11", "a ZZ 11=1"),
    ("", "3 373=13", "a D BUY|+44=0.50"),
    ("", "3 373=14", "a D BUY|43=N"),
    ("", "3 373=16", "a D BUY|453=2|448=x|452=24"),
    (
        "maintenance",
        "j 380=0",
        "fault refuse e maintenance; data e 263=1|55=S",
    ),
    ("ORDER_GROUP_NOT_FOUND", "j 380=1", "a UOG 20131=2|20130=GROUP"),
    ("", "j 380=3", "a V 263=0|146=1|55=S"),
    (
        "EXCHANGE_PAUSED",
        "j 380=4",
        "exchange paused; a UOG 20131=1|20132=5",
    ),
    ("", "j 380=5", "a D BUY|59=6"),
    ("", "j 380=6", "listener D"),
    ("", "Y 281=2", "data V TOO-MANY"),
    ("", "Y 281=4", "data V 263=7|146=1|55=S"),
    ("MARKET_NOT_FOUND", "AG 658=1", "rt R 131=1|146=1|55=NOWHERE|38=1"),
    (
        "RFQ_LIMIT_EXCEEDED",
        "AG 658=3",
        "rt R 131=1|146=1|55=S|38=1000000001",
    ),
    (
        "INSUFFICIENT_BALANCE",
        "AG 658=11",
        "rt R 131=1|146=1|55=S|152=10001",
    ),
    (
        "RFQ already exists",
        "AG 658=99",
        "rt R 131=1|146=1|55=S|38=1; rt R 131=2|146=1|55=S|38=1",
    ),
];

const BOTH: &[Product] = &[Product::Prediction, Product::Margin];
const PREDICTION: &[Product] = &[Product::Prediction];
const GROUP: &str = "0000000e-0000-8000-8000-000000000001";

/// One scenario's gateway, and who is logged on.
struct Stage {
    scene: Scene,
    product: Product,
    a: Wire,
    b: Wire,
    /// Another session of `a`'s, where the scenario asks for one.
    other: Option<Wire>,
    key: String,
}

impl Stage {
    async fn new(product: Product) -> Stage {
        let contracts = Quantity::from_contracts;
        let market = |symbol| match product {
            Product::Prediction => Market::prediction(symbol),
            Product::Margin => Market::margin(symbol),
        };
        let builder = Gateway::builder()
            .deposit(Decimal::from(10_000))
            .list(product, market("LIMITED").with_position_limit(contracts(2)))
            .list(product, market("FLOORED").with_sell_position_floor(contracts(-2)));
        let scene = Scene::built_by(builder).await;
        let (a, b) = (scene.gateway.member(), scene.gateway.member());
        assert!(b.add_customer("customer-of-b", 10));
        let key = a.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap());
        let kind = SessionKind::OrderEntry;
        let a = scene.log_on(product, kind, &key, "21005=Y|21011=Y").await;
        let b_key = b.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap());
        let b = scene.log_on(product, kind, &b_key, "21005=Y|21011=Y").await;
        Stage {
            scene,
            product,
            a,
            b,
            other: None,
            key,
        }
    }

    fn symbol(&self) -> &'static str {
        if self.product == Product::Prediction {
            MARKET
        } else {
            PERP
        }
    }

    /// The message that words stand for; fields that are named again replace what goes without saying.
    fn message(&self, msg_type: &str, fields: &str) -> String {
        let symbol = self.symbol();
        let usual = |side: u8| match msg_type {
            "D" => format!("11=1|38=5|40=2|44=0.60|54={side}|55={symbol}|59=1"),
            "G" => format!("11=1|38=5|40=2|44=0.60|54={side}|55={symbol}"),
            _ => format!("11=1|54={side}|55={symbol}"),
        };
        let (base, named) = if let Some(named) = fields.strip_prefix("BUY") {
            (usual(1), named)
        } else if let Some(named) = fields.strip_prefix("SELL") {
            (usual(2), named)
        } else {
            (String::new(), fields)
        };
        let named: Vec<String> = named
            .split('|')
            .filter(|field| !field.is_empty())
            .map(|field| {
                field
                    .replace("=GROUP", &format!("={GROUP}"))
                    .replace("=S", &format!("={symbol}"))
            })
            .collect();
        let tag = |field: &str| field.split('=').next().unwrap_or_default().to_owned();
        let replaced = |field: &str| named.iter().any(|name| tag(name) == tag(field));
        let mut all: Vec<String> = base
            .split('|')
            .filter(|field| !field.is_empty() && !replaced(field))
            .map(str::to_owned)
            .collect();
        // A plus sign says that the field comes a second time.
        all.extend(named.iter().map(|field| field.trim_start_matches('+').to_owned()));
        format!("35={msg_type}|{}|", all.join("|"))
    }

    async fn run(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        match *words {
            ["a", msg_type, fields] => {
                let message = self.message(msg_type, fields);
                self.a.ask(&message).await
            }
            ["b", msg_type, fields] => {
                let message = self.message(msg_type, fields);
                self.b.ask(&message).await
            }
            [kind @ ("data" | "rt"), msg_type, fields] => {
                let kind = if kind == "data" {
                    SessionKind::MarketData
                } else {
                    SessionKind::OrderEntryRetransmitting
                };
                if self.other.is_none() {
                    let member = self.scene.gateway.member();
                    self.other = Some(self.scene.session(self.product, kind, &member).await);
                }
                let message = if fields == "TOO-MANY" {
                    let symbols: Vec<String> = (0..1_001).map(|number| format!("55=M{number}")).collect();
                    format!("35=V|263=1|146=1001|{}|", symbols.join("|"))
                } else {
                    self.message(msg_type, fields)
                };
                self.other.as_mut().unwrap().ask(&message).await
            }
            ["exchange", status] => {
                let status = match status {
                    "paused" => ExchangeStatus::Paused,
                    _ => ExchangeStatus::TradingPaused,
                };
                self.scene.gateway.set_status(self.product, status).unwrap();
                Vec::new()
            }
            ["market", status] => {
                let status = match status {
                    "inactive" => MarketStatus::Inactive,
                    "closed" => MarketStatus::Closed,
                    _ => MarketStatus::Determined,
                };
                let symbol = self.symbol();
                self.scene
                    .gateway
                    .set_market_status(self.product, symbol, status)
                    .unwrap();
                self.a.heard().await
            }
            ["fault", what, rest] => {
                let (msg_type, text) = rest.split_once(' ').unwrap_or((rest, ""));
                let effect = if what == "doubt" {
                    Effect::Doubt
                } else {
                    Effect::Refuse(text.to_owned())
                };
                self.scene
                    .gateway
                    .inject(Fault::new(Step::message(msg_type), effect));
                Vec::new()
            }
            ["again"] => {
                let mut wire = self
                    .scene
                    .connect(self.product, SessionKind::OrderEntry, &self.key)
                    .await;
                vec![wire.logon(&private_key(), "").await]
            }
            ["listener", msg_type] => {
                let member = self.scene.gateway.member();
                let key = member.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap());
                let kind = SessionKind::OrderEntry;
                let mut wire = self
                    .scene
                    .log_on(self.product, kind, &key, "20126=Y|21011=Y")
                    .await;
                wire.send(&self.message(msg_type, "BUY")).await;
                vec![wire.next().await.unwrap_or_default()]
            }
            // What ends the session leaves no room for a question after it.
            ["late", msg_type] => {
                self.a.ahead = std::time::Duration::from_mins(1);
                let message = self.message(msg_type, "BUY");
                self.a.send(&message).await;
                vec![self.a.next().await.unwrap_or_default()]
            }
            ["stranger", msg_type] => {
                let message = self.message(msg_type, "BUY");
                "somebody-else".clone_into(&mut self.a.sender);
                self.a.send(&message).await;
                vec![self.a.next().await.unwrap_or_default()]
            }
            _ => panic!("{line}"),
        }
    }
}

/// Runs the row's scenario on each of its products.
async fn provoke((text, code, products): (&str, &str, &[Product])) {
    let found = SCENARIOS
        .iter()
        .find(|(of_text, of_code, _)| *of_text == text && *of_code == code);
    let Some((_, _, script)) = found else {
        panic!("no scenario for {text} {code}");
    };
    for product in products {
        let mut stage = Stage::new(*product).await;
        let mut heard = Vec::new();
        for line in script.split("; ") {
            heard = stage.run(line).await;
        }
        let (msg_type, code) = match code.split_once(' ') {
            Some((msg_type, code)) => (msg_type, code),
            None if code.starts_with("102") => ("9", code),
            None if code.is_empty() => ("5", code),
            None => ("8", code),
        };
        let matches = |message: &&String| {
            let of_code = code
                .split_once('=')
                .is_none_or(|(tag, value)| field(message, tag) == Some(value));
            field(message, "35") == Some(msg_type)
                && of_code
                && (text.is_empty() || field(message, "58") == Some(text))
        };
        assert!(
            heard.iter().any(|message| matches(&message)),
            "{product:?}: {text} in {msg_type} with {code} by {script}: {heard:#?}"
        );
        if code.starts_with("103") {
            let last = heard.last().unwrap();
            assert_eq!(
                (field(last, "150"), field(last, "39")),
                (Some("8"), Some("8")),
                "{last}"
            );
        }
    }
}

#[tokio::test]
async fn every_documented_text_is_provoked_with_its_code() {
    for row in TEXTS {
        Box::pin(provoke(*row)).await;
    }
}

#[tokio::test]
async fn reject_reasons_without_a_text_of_their_own_are_provoked() {
    for row in REASONS {
        Box::pin(provoke(*row)).await;
    }
}

#[test]
fn no_scenario_is_left_over() {
    for (text, code, _) in SCENARIOS {
        let mut rows = TEXTS.iter().chain(REASONS);
        assert!(rows.any(|row| row.0 == *text && row.1 == *code), "{text} {code}");
    }
}
