//! Scenarios: a line a command, and the exchange's answers as lines.
//!
//! Commands are `member verb arguments…`; `alice` has 100 dollars, `bob` and `carol` 1,000. Answers leave pending reports and
//! identifiers that only count out.

mod groups;
mod limits;
mod markets;
mod orders;
mod rfq;

use super::*;

const SYMBOL: &str = "M";

struct Scene {
    exchange: Exchange,
    now: Time,
}

impl Scene {
    fn new(product: Product) -> Scene {
        let (rules, market) = match product {
            Product::Prediction => (Rules::prediction(), Market::prediction(SYMBOL)),
            Product::Margin => (Rules::margin(), Market::margin(SYMBOL)),
        };
        let mut exchange = Exchange::new(rules);
        let fees = FeeSchedule::free(product);
        exchange.list(market.with_fees(fees));
        exchange.deposit(OwnerId(1), 0, Money::from_dollars(100));
        exchange.deposit(OwnerId(2), 0, Money::from_dollars(1_000));
        exchange.deposit(OwnerId(3), 0, Money::from_dollars(1_000));
        Scene {
            exchange,
            now: Time::from_unix_seconds(1_767_225_600),
        }
    }

    fn run(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let command = self.command(&words);
        self.exchange
            .apply(self.now, command)
            .iter()
            .filter_map(show)
            .collect()
    }

    fn command(&mut self, words: &[&str]) -> Command {
        let origin = |name: &str| {
            let number = match name {
                "alice" => 1,
                "bob" => 2,
                _ => 3,
            };
            Origin {
                session: SessionId(number),
                owner: OwnerId(number),
            }
        };
        match *words {
            [name, side @ ("buy" | "sell"), id, quantity, price, ref rest @ ..] => {
                let mut order = NewOrder::limit(id, SYMBOL, side_of(side), cents(price), contracts(quantity));
                for word in rest {
                    match *word {
                        "ioc" => order.time_in_force = TimeInForce::ImmediateOrCancel,
                        "fok" => order.time_in_force = TimeInForce::FillOrKill,
                        "past" => order.time_in_force = TimeInForce::GoodTillDate(Time::default()),
                        "post" => order.post_only = true,
                        "maker" => order.self_trade_prevention = SelfTradePrevention::Maker,
                        "stp0" => order.self_trade_prevention = SelfTradePrevention::Unknown,
                        "elsewhere" => order.symbol = "ELSEWHERE".into(),
                        "group" => order.order_group = Some("g".into()),
                        "group1" => order.order_group = Some(OrderGroupId(1).to_string().into()),
                        "quote" => order.quote = Some("x1".into()),
                        "rfq9" => order.rfq = Some(RfqId(9).to_string().into()),
                        "sub3" => order.subaccount = Some(3),
                        "max1" => order.max_execution_cost = Some(Money::from_dollars(1)),
                        other => panic!("{other}"),
                    }
                }
                Command::NewOrder(origin(name), order)
            }
            [name, "amend", id, orig, side, quantity, price] => {
                let amend = Amend {
                    cl_ord_id: id.into(),
                    target: target(orig, side),
                    price: (price != "=").then(|| cents(price)),
                    quantity: contracts(quantity),
                };
                Command::Amend(origin(name), amend)
            }
            [name, "cancel", id, orig, side] => Command::Cancel(
                origin(name),
                Cancel {
                    cl_ord_id: id.into(),
                    target: target(orig, side),
                },
            ),
            [name, "mass", id] => Command::MassCancel(origin(name), id.into()),
            [name, "subscribe", symbol] => Command::Subscribe(origin(name).session, vec![symbol.into()]),
            [name, "leave"] => Command::Detach(origin(name).session),
            ["market", status] => Command::SetMarketStatus(
                SYMBOL.into(),
                match status {
                    "inactive" => MarketStatus::Inactive,
                    "closed" => MarketStatus::Closed,
                    "determined" => MarketStatus::Determined,
                    _ => MarketStatus::Active,
                },
            ),
            ["exchange", status] => Command::SetStatus(match status {
                "paused" => ExchangeStatus::Paused,
                "trading-paused" => ExchangeStatus::TradingPaused,
                _ => ExchangeStatus::Open,
            }),
            [name, "group", action, ref rest @ ..] => {
                let number = rest.first().copied().unwrap_or_default();
                let id = || OrderGroupId(number.parse().expect("a group")).to_string().into();
                let limit = |word: Option<&&str>| word.expect("a limit").parse().expect("a limit");
                let action = match action {
                    "create" => GroupAction::Create(limit(rest.first())),
                    "reset" => GroupAction::Reset(id()),
                    "delete" => GroupAction::Delete(id()),
                    "trigger" => GroupAction::Trigger(id()),
                    _ => GroupAction::Update(id(), limit(rest.get(1))),
                };
                let request = GroupRequest {
                    reference: 7,
                    action,
                    exchange_index: u32::from(rest.contains(&"index1")),
                    subaccount: if rest.contains(&"sub3") { 3 } else { 0 },
                };
                Command::Group(origin(name), request)
            }
            [
                name,
                verb @ ("rfq" | "unrfq" | "quote" | "unquote" | "accept" | "confirm"),
                ref rest @ ..,
            ] => Command::Rfq(origin(name), rfq::request(verb, rest)),
            [name, "makes"] => Command::AttachMaker(origin(name)),
            ["volatile"] => {
                self.exchange
                    .list(Market::prediction(SYMBOL).with_high_volatility());
                Command::Tick
            }
            ["doubt", ref rest @ ..] => Command::Doubt(Box::new(self.command(rest))),
            ["list", word] => {
                let market = Market::prediction(SYMBOL).with_fees(FeeSchedule::free(Product::Prediction));
                self.exchange.list(match word {
                    "closing" => {
                        market.closing_at(Time::from_unix_nanos(self.now.unix_nanos() + 1_000_000_000))
                    }
                    "floored" => market.with_sell_position_floor(Quantity::from_contracts(-2)),
                    _ => market.with_position_limit(Quantity::from_contracts(10)),
                });
                Command::Tick
            }
            ["wait", millis] => {
                let millis: i64 = millis.parse().expect("milliseconds");
                self.now = Time::from_unix_nanos(self.now.unix_nanos() + millis * 1_000_000);
                Command::Tick
            }
            ["later", hours] => {
                let hours: i64 = hours.parse().expect("hours");
                self.now = Time::from_unix_nanos(self.now.unix_nanos() + hours * 3_600_000_000_000);
                Command::Tick
            }
            _ => panic!("{words:?}"),
        }
    }
}

fn side_of(word: &str) -> Side {
    if word == "buy" { Side::Buy } else { Side::Sell }
}

fn target(orig: &str, side: &str) -> Target {
    Target {
        orig_cl_ord_id: orig.into(),
        order_id: None,
        symbol: SYMBOL.into(),
        side: side_of(side),
        subaccount: None,
        party: None,
    }
}

fn cents(word: &str) -> Price {
    let cents: rust_decimal::Decimal = word.parse().expect("cents");
    Price::from_dollars(cents / rust_decimal::Decimal::ONE_HUNDRED).expect("a price")
}

fn contracts(word: &str) -> Quantity {
    Quantity::from_decimal(word.parse().expect("contracts")).expect("a quantity")
}

fn show(output: &Output) -> Option<String> {
    Some(match output {
        Output::Order(report) => {
            let id = &report.cl_ord_id;
            let order = &report.order;
            match &report.event {
                OrderEvent::PendingNew | OrderEvent::PendingCancel | OrderEvent::PendingReplace => {
                    return None;
                }
                OrderEvent::New { trade_follows } => {
                    format!("{id} new{}", if *trade_follows { " (trades)" } else { "" })
                }
                OrderEvent::Replaced => {
                    format!(
                        "{id} replaced {}@{} open {}",
                        order.quantity,
                        order.price,
                        order.leaves()
                    )
                }
                OrderEvent::Canceled(reason) => format!("{id} canceled {reason:?} filled {}", order.filled),
                OrderEvent::Expired => format!("{id} expired"),
                OrderEvent::Rejected(reason) => format!("{id} rejected {} {}", reason.code(), reason.text()),
                OrderEvent::Trade(fill) => format!(
                    "{id} {} {}@{} open {} paid {} holds {}",
                    if fill.is_aggressor { "takes" } else { "makes" },
                    fill.quantity,
                    fill.price,
                    order.leaves(),
                    fill.balance_change,
                    fill.position,
                ),
            }
        }
        Output::CancelReject(reject) => {
            format!(
                "{} refused {} {}",
                reject.cl_ord_id,
                reject.reason.code(),
                reject.reason.text()
            )
        }
        Output::MassCancel(report) => format!("{} mass {:?}", report.cl_ord_id, report.cancelled),
        Output::Snapshot(snapshot) => {
            let levels = |levels: &[(Price, Quantity)]| {
                levels
                    .iter()
                    .map(|(price, size)| format!("{size}@{price}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            format!(
                "{} book [{}] [{}]",
                snapshot.symbol,
                levels(&snapshot.bids),
                levels(&snapshot.offers)
            )
        }
        Output::Increment(increment) => {
            let trades = increment
                .trades
                .iter()
                .map(|trade| format!("{}@{}", trade.quantity, trade.price));
            let levels = increment.levels.iter().map(|level| {
                let existed = if level.existed { "" } else { "+" };
                format!("{existed}{:?}:{}@{}", level.side, level.size, level.price)
            });
            let sessions: Vec<u32> = increment.subscribers.iter().map(|session| session.0).collect();
            format!(
                "{sessions:?} {}",
                trades.chain(levels).collect::<Vec<_>>().join(" ")
            )
        }
        Output::MarketDataReject { reason, .. } => format!("refused {reason:?}"),
        Output::MarketStatus { status, .. } => format!("status {status:?}"),
        Output::Group(response) => format!("group {} limit {:?}", response.id.0, response.limit),
        Output::GroupReject(reject) => {
            assert_eq!(reject.reference, 7);
            format!("group refused {} {}", reject.reason.code(), reject.reason.text())
        }
        Output::Rfq(report) => rfq::show(report),
        Output::Settlement(page) => format!("settled {} {:?}", page.owner.0, page.parties),
        Output::Refused(refusal) => format!("refused: {refusal}"),
    })
}

/// Runs a script of `> command` lines and compares the answers that are written below each.
#[track_caller]
fn check_product(product: Product, script: &str) {
    let mut scene = Scene::new(product);
    let mut actual = String::new();
    let mut expected = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        expected.push_str(line);
        expected.push('\n');
        if let Some(command) = line.strip_prefix("> ") {
            actual.push_str(line);
            actual.push('\n');
            for answer in scene.run(command) {
                actual.push_str(&answer);
                actual.push('\n');
            }
        }
    }
    assert_eq!(actual, expected, "\nactual:\n{actual}");
}

#[track_caller]
fn check(script: &str) {
    check_product(Product::Prediction, script);
}
