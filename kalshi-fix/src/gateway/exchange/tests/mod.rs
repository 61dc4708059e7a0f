//! Scenarios: a line a command, and the exchange's answers as lines.
//!
//! Commands are `member verb arguments…`; `alice` has 100 dollars, `bob` and `carol` 1,000. Answers leave pending reports and
//! identifiers that only count out.

mod groups;
mod limits;
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

#[test]
fn orders_trade_by_price_and_time_at_the_resting_price() {
    check(
        "> bob sell b1 10 60
         b1 new
         > bob sell b2 10 59
         b2 new
         > carol sell c1 5 59
         c1 new
         > alice buy a1 18 60
         a1 new (trades)
         a1 takes 10.00@0.5900 open 8.00 paid -5.9000 holds 10.00
         b2 makes 10.00@0.5900 open 0.00 paid -4.1000 holds -10.00
         a1 takes 5.00@0.5900 open 3.00 paid -2.9500 holds 15.00
         c1 makes 5.00@0.5900 open 0.00 paid -2.0500 holds -5.00
         a1 takes 3.00@0.6000 open 0.00 paid -1.8000 holds 18.00
         b1 makes 3.00@0.6000 open 7.00 paid -1.2000 holds -13.00",
    );
}

#[test]
fn orders_that_do_not_rest() {
    check(
        "> bob sell b1 10 60
         b1 new
         > alice buy a1 12 60 fok
         a1 canceled FillOrKillVolume filled 0.00
         > alice buy a2 5 59 ioc
         a2 canceled ImmediateOrCancelled filled 0.00
         > alice buy a3 5 60 post
         a3 canceled PostOnlyCross filled 0.00
         > alice buy a4 5 60 max1
         a4 canceled MaxExecutionCost filled 0.00
         > alice buy a5 1 60 max1
         a5 new (trades)
         a5 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 1.00
         b1 makes 1.00@0.6000 open 9.00 paid -0.4000 holds -1.00
         > alice buy a6 2 60 fok
         a6 new (trades)
         a6 takes 2.00@0.6000 open 0.00 paid -1.2000 holds 3.00
         b1 makes 2.00@0.6000 open 7.00 paid -0.8000 holds -3.00
         > alice buy a7 9 60 past
         a7 new (trades)
         a7 takes 7.00@0.6000 open 2.00 paid -4.2000 holds 10.00
         b1 makes 7.00@0.6000 open 0.00 paid -2.8000 holds -10.00
         a7 canceled ImmediateOrCancelled filled 7.00
         > alice buy a8 5 59 post
         a8 new",
    );
}

#[test]
fn orders_that_are_not_accepted() {
    check(
        "> alice buy a1 10 60 elsewhere
         a1 rejected 1 MARKET_NOT_FOUND
         > alice buy a1 10 60.5
         a1 rejected 11 INVALID_ORDER
         > alice buy a1 10 100
         a1 rejected 11 INVALID_ORDER
         > alice buy a1 0 60
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 -1 60
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 1000000001 1
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 200 60
         a1 rejected 3 INSUFFICIENT_BALANCE
         > alice buy a1 100 60 group
         a1 rejected 11 ORDER_GROUP_NOT_FOUND
         > alice buy a1 100 60
         a1 new
         > alice buy a1 1 60
         a1 rejected 6 ORDER_ALREADY_EXISTS
         > alice sell a2 100 61
         a2 new
         > alice buy a3 100 60
         a3 rejected 3 INSUFFICIENT_BALANCE
         > alice cancel x a1 buy
         x canceled Requested filled 0.00
         > alice buy a1 1 60
         a1 rejected 6 ORDER_ALREADY_EXISTS
         > bob buy a1 1 60
         a1 new",
    );
    check_product(
        Product::Margin,
        "> alice buy a1 1.5 1950
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 52 1950
         a1 rejected 3 INSUFFICIENT_BALANCE
         > alice buy a1 51 1950
         a1 new",
    );
}

#[test]
fn a_member_does_not_trade_with_itself() {
    check(
        "> bob sell b1 1 60
         b1 new
         > alice sell a1 5 60
         a1 new
         > alice buy a2 3 60
         a2 new (trades)
         a2 takes 1.00@0.6000 open 2.00 paid -0.6000 holds 1.00
         b1 makes 1.00@0.6000 open 0.00 paid -0.4000 holds -1.00
         a2 canceled SelfTradeTaker filled 1.00
         > alice buy a3 3 60
         a3 canceled SelfTradeTaker filled 0.00
         > alice buy a4 3 60 stp0
         a4 canceled SelfCross filled 0.00
         > alice buy a5 3 60 fok
         a5 canceled SelfTradeTaker filled 0.00
         > alice buy a6 3 60 maker
         a6 new
         a1 canceled SelfTradeMaker filled 0.00
         > alice sell a7 3 61
         a7 new
         > alice amend a8 a7 sell 3 60
         a8 refused 18 SELF_CROSS_ATTEMPT",
    );
}

#[test]
fn amends_keep_or_lose_the_place_in_the_queue() {
    check(
        "> alice sell a1 10 60
         a1 new
         > bob sell b1 10 60
         b1 new
         > alice amend a2 a1 sell 8 =
         a2 replaced 8.00@0.6000 open 8.00
         > carol buy c1 1 60
         c1 new (trades)
         c1 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 1.00
         a2 makes 1.00@0.6000 open 7.00 paid -0.4000 holds -1.00
         > alice amend a3 a2 sell 9 =
         a3 replaced 9.00@0.6000 open 8.00
         > carol buy c2 1 60
         c2 new (trades)
         c2 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 2.00
         b1 makes 1.00@0.6000 open 9.00 paid -0.4000 holds -1.00
         > alice amend a4 a2 sell 9 =
         a4 refused 1 ORDER_NOT_FOUND
         > alice amend a4 a3 sell 0.5 =
         a4 refused 2 INVALID_AMEND_QTY_FOR_ORDER
         > alice amend a4 a3 buy 5 =
         a4 refused 1 INVALID_ORDER
         > alice amend a1 a3 sell 5 =
         a1 refused 99 ORDER_ALREADY_EXISTS
         > alice amend a4 a3 sell 5 60.5
         a4 refused 18 INVALID_PRICE
         > alice amend a4 a3 sell 500 =
         a4 refused 99 INSUFFICIENT_BALANCE
         > alice amend a4 a3 sell 1 =
         a4 canceled Requested filled 1.00
         > alice amend a5 a3 sell 2 =
         a5 refused 0 TOO_LATE_TO_CANCEL",
    );
}

#[test]
fn an_amended_price_can_trade() {
    check(
        "> alice buy a1 10 40
         a1 new
         > bob sell b1 10 60
         b1 new
         > bob amend b2 b1 sell 10 40
         b2 replaced 10.00@0.4000 open 10.00
         b2 takes 10.00@0.4000 open 0.00 paid -6.0000 holds -10.00
         a1 makes 10.00@0.4000 open 0.00 paid -4.0000 holds 10.00
         > bob amend b3 b2 sell 11 =
         b3 refused 2 CANNOT_UPDATE_FILLED_ORDER
         > bob cancel b3 b2 sell
         b3 refused 0 TOO_LATE_TO_CANCEL
         > bob cancel b3 zz sell
         b3 refused 1 ORDER_NOT_FOUND
         > alice sell a2 10 70
         a2 new
         > bob buy b4 4 60 post
         b4 new
         > bob amend b5 b4 buy 4 70
         b5 canceled PostOnlyCross filled 0.00",
    );
}

#[test]
fn a_mass_cancel_ends_the_sessions_orders_and_no_others() {
    check(
        "> alice buy a1 1 40
         a1 new
         > alice sell a2 1 60
         a2 new
         > bob buy b1 1 40
         b1 new
         > alice mass m1
         m1 mass Some(2)
         a1 canceled MassCancel filled 0.00
         a2 canceled MassCancel filled 0.00
         > wait 999
         > alice mass m2
         m2 mass None
         > bob mass m3
         m3 mass Some(1)
         b1 canceled MassCancel filled 0.00
         > wait 1
         > alice mass m4
         m4 mass Some(0)",
    );
}

#[test]
fn pauses_and_closes() {
    check(
        "> alice buy a1 1 40
         a1 new
         > exchange trading-paused
         > alice buy a2 1 40
         a2 rejected 2 TRADING_PAUSED
         > alice amend a2 a1 buy 2 =
         a2 refused 99 TRADING_PAUSED
         > exchange paused
         > alice cancel c1 a1 buy
         c1 refused 99 EXCHANGE_PAUSED
         > alice mass m1
         m1 mass None
         > exchange open
         > market inactive
         > alice buy a3 1 40
         a3 rejected 2 MARKET_INACTIVE
         > market active
         a1 canceled MarketReactivated filled 0.00
         > alice buy a4 1 40
         a4 new
         > market closed
         a4 expired
         > alice buy a5 1 40
         a5 rejected 2 MARKET_INACTIVE
         > alice cancel c a4 buy
         c refused 99 MARKET_INACTIVE
         > alice amend a5 a4 buy 2 =
         a5 refused 99 MARKET_INACTIVE
         > market determined
         > alice buy a5 1 40
         a5 rejected 2 MARKET_ALREADY_CLOSED",
    );
}

#[test]
fn a_day_order_expires_at_the_end_of_the_day() {
    check(
        "> alice buy a1 1 40
         a1 new
         > later 4
         > later 1
         a1 expired
         > alice cancel c1 a1 buy
         c1 refused 0 TOO_LATE_TO_CANCEL",
    );
}

#[test]
fn subscribers_hear_of_levels_and_trades() {
    check(
        "> alice buy a1 2 40
         a1 new
         > carol subscribe NOWHERE
         NOWHERE book [] []
         > carol subscribe M
         M book [2.00@0.4000] []
         > bob sell b1 1 60
         b1 new
         [3] +Sell:1.00@0.6000
         > bob sell b2 3 40
         b2 new (trades)
         b2 takes 2.00@0.4000 open 1.00 paid -1.2000 holds -2.00
         a1 makes 2.00@0.4000 open 0.00 paid -0.8000 holds 2.00
         [3] 2.00@0.4000 Buy:0.00@0.4000 +Sell:1.00@0.4000
         > bob amend b3 b2 sell 4 41
         b3 replaced 4.00@0.4100 open 2.00
         [3] Sell:0.00@0.4000 +Sell:2.00@0.4100
         > carol leave
         > bob cancel c b1 sell
         c canceled Requested filled 0.00",
    );
}

#[test]
fn positions_close_before_they_cost() {
    check(
        "> alice buy a1 100 60
         a1 new
         > bob sell b1 100 60
         b1 new (trades)
         b1 takes 100.00@0.6000 open 0.00 paid -40.0000 holds -100.00
         a1 makes 100.00@0.6000 open 0.00 paid -60.0000 holds 100.00
         > alice sell a2 100 99
         a2 new
         > alice sell a3 14000 99
         a3 rejected 3 INSUFFICIENT_BALANCE
         > alice sell a4 13900 99
         a4 new
         > bob buy b2 100 99
         b2 new (trades)
         b2 takes 100.00@0.9900 open 0.00 paid 1.0000 holds 0.00
         a2 makes 100.00@0.9900 open 0.00 paid 99.0000 holds 0.00",
    );
}
