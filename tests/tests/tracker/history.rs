//! Histories of random order flow: what a member sent, what the exchange said to it, and what was true in the end.

use std::collections::BTreeMap;

use kalshi_fix::dialect::{Decimal, Text, Timestamp};
use kalshi_fix::gateway::exchange::{
    Amend, Cancel, CancelReason, CancelReject, Command, Ended, Exchange, Market, Money, NewOrder, Order,
    OrderEvent, OrderId, OrderReport, Origin, Output, OwnerId, Price, PriceGrid, Quantity, Rules,
    SelfTradePrevention, SessionId, Side, Target, Time, TimeInForce,
};
use kalshi_fix::prediction::{
    ExecutionReport, NewOrderSingle, OrderCancelReject, OrderCancelReplaceRequest, OrderCancelRequest,
    fields, groups,
};
use proptest::prelude::*;

/// The second is on another exchange index.
pub(crate) const MARKETS: [&str; 2] = ["ONE", "TWO"];
const OWN: u32 = 1;
const OTHER: u32 = 2;

/// One step of a random script.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    New {
        own: bool,
        market: usize,
        buys: bool,
        cents: i64,
        contracts: i64,
        kind: u8,
    },
    Amend {
        which: usize,
        cents: i64,
        contracts: i64,
    },
    Cancel {
        which: usize,
    },
    /// An amend or a cancel of an order that may have ended.
    Late {
        which: usize,
        amends: bool,
    },
    MassCancel,
    Wait {
        hours: i64,
    },
}

pub(crate) fn actions() -> impl Strategy<Value = Vec<Action>> {
    let cents = || 44_i64..56;
    let contracts = || 1_i64..30;
    let action = prop_oneof![
        10 => (any::<bool>(), 0..2_usize, any::<bool>(), cents(), contracts(), any::<u8>()).prop_map(
            |(own, market, buys, cents, contracts, kind)| Action::New { own, market, buys, cents, contracts, kind }
        ),
        4 => (any::<usize>(), cents(), contracts())
            .prop_map(|(which, cents, contracts)| Action::Amend { which, cents, contracts }),
        2 => any::<usize>().prop_map(|which| Action::Cancel { which }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, amends)| Action::Late { which, amends }),
        1 => Just(Action::MassCancel),
        1 => (1_i64..14).prop_map(|hours| Action::Wait { hours }),
    ];
    proptest::collection::vec(action, 1..60)
}

/// What the logon asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// New is reported before a trade of the same order.
    pub(crate) new_before_trade: bool,
    /// Pending reports are given.
    pub(crate) pending: bool,
    /// Expiry has a status of its own.
    pub(crate) expired_status: bool,
}

/// A request of the member.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    New(NewOrderSingle<'static>),
    Replace(OrderCancelReplaceRequest<'static>),
    Cancel(OrderCancelRequest<'static>),
}

/// What the exchange said to the member.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a history is short")]
pub(crate) enum Said {
    Report(ExecutionReport<'static>),
    Reject(OrderCancelReject<'static>),
}

/// In the order in which it happened.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a history is short")]
pub(crate) enum Step {
    Sent(Sent),
    Said(Said),
}

/// What is true of an order in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrueOrder {
    pub(crate) is_open: bool,
    pub(crate) is_rejected: bool,
    pub(crate) cl_ord_id: String,
    pub(crate) price: Decimal,
    pub(crate) leaves: Decimal,
    pub(crate) filled: Decimal,
}

/// A history and its end.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) steps: Vec<Step>,
    pub(crate) orders: BTreeMap<String, TrueOrder>,
    /// By market.
    pub(crate) positions: BTreeMap<String, Decimal>,
    pub(crate) fees: Decimal,
    pub(crate) fills: usize,
}

impl History {
    pub(crate) fn of(actions: &[Action], options: Options) -> History {
        let mut world = World::new(options);
        for action in actions {
            world.act(action);
        }
        world.end()
    }

    /// What was sent, and what was said, apart.
    pub(crate) fn apart(&self) -> (Vec<&Sent>, Vec<&Said>) {
        let (mut sent, mut said) = (Vec::new(), Vec::new());
        for step in &self.steps {
            match step {
                Step::Sent(request) => sent.push(request),
                Step::Said(message) => said.push(message),
            }
        }
        (sent, said)
    }
}

struct World {
    exchange: Exchange,
    options: Options,
    now: i64,
    sent: u64,
    /// The member's orders as the exchange last showed them.
    own: BTreeMap<OrderId, Order>,
    history: History,
}

impl World {
    fn new(options: Options) -> World {
        let mut exchange = Exchange::new(Rules::prediction());
        for (index, symbol) in MARKETS.into_iter().enumerate() {
            let index = 2 * index as u32;
            let grid = PriceGrid::linear_cent();
            exchange.list(Market::prediction(symbol).with_grid(grid).on_index(index));
            for member in [OWN, OTHER] {
                exchange.deposit_on(OwnerId(member), index, 0, Money::from_dollars(100));
            }
        }
        World {
            exchange,
            options,
            now: 1_767_225_600,
            sent: 0,
            own: BTreeMap::new(),
            history: History {
                steps: Vec::new(),
                orders: BTreeMap::new(),
                positions: BTreeMap::new(),
                fees: Decimal::ZERO,
                fills: 0,
            },
        }
    }

    fn act(&mut self, action: &Action) {
        self.sent += 1;
        self.now += 1;
        let id = format!("id-{}", self.sent);
        let command = match *action {
            Action::New {
                own,
                market,
                buys,
                cents,
                contracts,
                kind,
            } => {
                let member = if own { OWN } else { OTHER };
                let order = self.new_order(&id, market, buys, cents, contracts, kind);
                if own {
                    self.send(Sent::New(typed_order(&order)));
                }
                Command::NewOrder(origin(member), order)
            }
            Action::Amend {
                which,
                cents,
                contracts,
            } => {
                let Some(order) = self.pick(which, true) else {
                    return;
                };
                self.amend(&id, &order, cents, contracts)
            }
            Action::Cancel { which } => {
                let Some(order) = self.pick(which, true) else {
                    return;
                };
                self.cancel(&id, &order)
            }
            Action::Late { which, amends } => {
                let Some(order) = self.pick(which, false) else {
                    return;
                };
                if amends {
                    self.amend(&id, &order, 50, 10)
                } else {
                    self.cancel(&id, &order)
                }
            }
            Action::MassCancel => Command::MassCancel(origin(OWN), id.into()),
            Action::Wait { hours } => {
                self.now += hours * 3_600;
                Command::Tick
            }
        };
        for output in self.exchange.apply(Time::from_unix_seconds(self.now), command) {
            self.hear(&output);
        }
    }

    fn new_order(
        &self,
        id: &str,
        market: usize,
        buys: bool,
        cents: i64,
        contracts: i64,
        kind: u8,
    ) -> NewOrder {
        let side = if buys { Side::Buy } else { Side::Sell };
        let quantity = Quantity::from_hundredths(contracts * 100 + i64::from(kind % 3) * 25);
        let mut order = NewOrder::limit(id, MARKETS[market], side, Price::from_cents(cents), quantity);
        order.time_in_force = match kind % 8 {
            0 => TimeInForce::ImmediateOrCancel,
            1 => TimeInForce::FillOrKill,
            2 | 3 => TimeInForce::GoodTillCancel,
            4 => TimeInForce::GoodTillDate(Time::from_unix_seconds(self.now + 7_200)),
            _ => TimeInForce::Day,
        };
        order.post_only = (kind / 8).is_multiple_of(8);
        order.self_trade_prevention = match kind / 64 {
            0 => SelfTradePrevention::Maker,
            1 => SelfTradePrevention::Unknown,
            _ => SelfTradePrevention::TakerAtCross,
        };
        order
    }

    fn amend(&mut self, id: &str, order: &Order, cents: i64, contracts: i64) -> Command {
        let (price, quantity) = (Price::from_cents(cents), Quantity::from_contracts(contracts));
        self.send(Sent::Replace(OrderCancelReplaceRequest {
            price: Some(price.dollars()),
            ..OrderCancelReplaceRequest::new(
                text(id),
                quantity.decimal(),
                fields::OrdType::Limit,
                text(&order.cl_ord_id),
                side(order.side),
                text(&order.symbol),
            )
        }));
        Command::Amend(
            origin(OWN),
            Amend {
                cl_ord_id: id.into(),
                target: target(order),
                price: Some(price),
                quantity,
            },
        )
    }

    fn cancel(&mut self, id: &str, order: &Order) -> Command {
        let (symbol, side) = (text(&order.symbol), side(order.side));
        let request = OrderCancelRequest::new(text(id), text(&order.cl_ord_id), side, symbol);
        self.send(Sent::Cancel(request));
        Command::Cancel(
            origin(OWN),
            Cancel {
                cl_ord_id: id.into(),
                target: target(order),
            },
        )
    }

    fn send(&mut self, request: Sent) {
        self.history.steps.push(Step::Sent(request));
    }

    fn pick(&self, which: usize, open: bool) -> Option<Order> {
        let is_wanted = |order: &&Order| !open || self.exchange.order(order.id).is_some();
        let candidates: Vec<&Order> = self.own.values().filter(is_wanted).collect();
        candidates
            .get(which % candidates.len().max(1))
            .map(|order| (*order).clone())
    }

    fn hear(&mut self, output: &Output) {
        match output {
            Output::Order(report) if report.order.origin.owner == OwnerId(OWN) => self.report(report),
            Output::CancelReject(reject) if reject.origin.owner == OwnerId(OWN) => {
                let reject = typed_reject(reject);
                self.history.steps.push(Step::Said(Said::Reject(reject)));
            }
            _ => {}
        }
    }

    fn report(&mut self, report: &OrderReport) {
        let is_pending = report.exec_id.is_none();
        let is_rejected = matches!(report.event, OrderEvent::Rejected(_));
        if !is_pending && !is_rejected {
            let mut order = report.order.clone();
            if let (OrderEvent::Canceled(_), Some(own)) = (&report.event, &report.orig_cl_ord_id) {
                // An amend to what is filled ends the order; its identifier is nobody's then.
                order.cl_ord_id = own.clone();
            }
            self.own.insert(order.id, order);
        }
        if is_rejected {
            let rejected = TrueOrder {
                is_open: false,
                is_rejected: true,
                cl_ord_id: report.cl_ord_id.to_string(),
                price: report.order.price.dollars(),
                leaves: Decimal::ZERO,
                filled: Decimal::ZERO,
            };
            self.history.orders.insert(report.cl_ord_id.to_string(), rejected);
        }
        if let OrderEvent::Trade(fill) = &report.event {
            self.history.fees += fill.fee.dollars();
            self.history.fills += 1;
        }
        let is_wanted = match &report.event {
            OrderEvent::PendingNew | OrderEvent::PendingCancel | OrderEvent::PendingReplace => {
                self.options.pending
            }
            OrderEvent::New { trade_follows } => self.options.new_before_trade || !trade_follows,
            _ => true,
        };
        if is_wanted {
            let report = typed_report(report, self.options);
            self.history.steps.push(Step::Said(Said::Report(report)));
        }
    }

    fn end(mut self) -> History {
        for order in self.own.values() {
            let open = self.exchange.order(order.id);
            let shown = open.unwrap_or(order);
            let truth = TrueOrder {
                is_open: open.is_some(),
                is_rejected: false,
                cl_ord_id: shown.cl_ord_id.to_string(),
                price: shown.price.dollars(),
                leaves: open.map_or(Decimal::ZERO, |order| order.leaves().decimal()),
                filled: shown.filled.decimal(),
            };
            self.history.orders.insert(order.id.to_string(), truth);
        }
        for (index, symbol) in MARKETS.into_iter().enumerate() {
            let account = self.exchange.account_on(OwnerId(OWN), 2 * index as u32, 0);
            let net = account.map_or(Quantity::ZERO, |account| account.position(symbol).quantity);
            self.history.positions.insert(symbol.to_owned(), net.decimal());
        }
        self.history
    }
}

fn origin(member: u32) -> Origin {
    Origin {
        session: SessionId(member),
        owner: OwnerId(member),
    }
}

fn target(order: &Order) -> Target {
    Target {
        orig_cl_ord_id: order.cl_ord_id.clone(),
        order_id: None,
        symbol: order.symbol.clone(),
        side: order.side,
        subaccount: None,
        party: None,
    }
}

fn text(text: &str) -> Text<'static> {
    Text::from(text.to_owned())
}

fn side(side: Side) -> fields::Side {
    match side {
        Side::Buy => fields::Side::Buy,
        Side::Sell => fields::Side::Sell,
    }
}

fn typed_order(order: &NewOrder) -> NewOrderSingle<'static> {
    let time_in_force = match order.time_in_force {
        TimeInForce::Day => fields::TimeInForce::Day,
        TimeInForce::GoodTillCancel => fields::TimeInForce::GoodTillCancel,
        TimeInForce::ImmediateOrCancel => fields::TimeInForce::ImmediateOrCancel,
        TimeInForce::FillOrKill => fields::TimeInForce::FillOrKill,
        TimeInForce::GoodTillDate(_) => fields::TimeInForce::GoodTillDate,
    };
    NewOrderSingle {
        time_in_force: Some(time_in_force),
        ..NewOrderSingle::new(
            text(&order.cl_ord_id),
            order.quantity.decimal(),
            fields::OrdType::Limit,
            order.price.dollars(),
            side(order.side),
            text(&order.symbol),
        )
    }
}

/// The report as a session with these options reads it.
fn typed_report(report: &OrderReport, options: Options) -> ExecutionReport<'static> {
    use fields::{ExecType, OrdStatus};
    let order = &report.order;
    let ends = matches!(
        report.event,
        OrderEvent::Canceled(_) | OrderEvent::Expired | OrderEvent::Rejected(_)
    );
    let leaves = if ends { Quantity::ZERO } else { order.leaves() };
    let (exec_type, status) = match &report.event {
        OrderEvent::PendingNew => (ExecType::PendingNew, OrdStatus::PendingNew),
        OrderEvent::PendingCancel => (ExecType::PendingCancel, OrdStatus::PendingCancel),
        OrderEvent::PendingReplace => (ExecType::PendingReplace, OrdStatus::PendingReplace),
        OrderEvent::New { .. } => (ExecType::New, OrdStatus::New),
        OrderEvent::Replaced => (ExecType::Replaced, OrdStatus::Replaced),
        OrderEvent::Expired if options.expired_status => (ExecType::Expired, OrdStatus::Expired),
        OrderEvent::Rejected(_) => (ExecType::Rejected, OrdStatus::Rejected),
        OrderEvent::Trade(_) if leaves.is_positive() => (ExecType::Trade, OrdStatus::PartiallyFilled),
        OrderEvent::Trade(_) => (ExecType::Trade, OrdStatus::Filled),
        _ => (ExecType::Canceled, OrdStatus::Canceled),
    };
    let exec_id = report.exec_id.map_or("-1;-1".to_owned(), |id| id.to_string());
    let words = match &report.event {
        OrderEvent::Canceled(reason) => CancelReason::text(*reason),
        OrderEvent::Rejected(reason) => Some(reason.text()),
        _ => None,
    };
    let mut typed = ExecutionReport {
        orig_cl_ord_id: report.orig_cl_ord_id.as_deref().map(text),
        price: Some(order.price.dollars()),
        text: words.map(text),
        transact_time: Some(report.time.timestamp()),
        ..ExecutionReport::new(
            order.average_price().unwrap_or_default(),
            text(&report.cl_ord_id),
            order.filled.decimal(),
            text(&exec_id),
            text(&order.id.to_string()),
            (order.filled + leaves).decimal(),
            status,
            side(order.side),
            text(&order.symbol),
            exec_type,
            leaves.decimal(),
        )
    };
    if let OrderEvent::Trade(fill) = &report.event {
        let fee = groups::MiscFee::new(
            fill.fee.dollars(),
            text("USD"),
            fields::MiscFeeType::ExchangeFees,
            fields::MiscFeeBasis::Absolute,
        );
        typed.last_qty = Some(fill.quantity.decimal());
        typed.last_px = Some(fill.price.dollars());
        typed.misc_fees = Some(vec![fee]);
        typed.trd_match_id = Some(text(&fill.match_id.to_string()));
        typed.long_qty = Some(fill.position.or_zero().decimal());
        typed.short_qty = Some((-fill.position).or_zero().decimal());
    }
    typed
}

fn typed_reject(reject: &CancelReject) -> OrderCancelReject<'static> {
    use fields::{CxlRejResponseTo, OrdStatus};
    let status = match (&reject.order, reject.ended) {
        (Some(order), _) if order.filled.is_positive() => OrdStatus::PartiallyFilled,
        (Some(_), _) => OrdStatus::New,
        (None, Some(Ended::Filled)) => OrdStatus::Filled,
        (None, Some(Ended::Canceled)) => OrdStatus::Canceled,
        (None, None) => OrdStatus::Rejected,
    };
    let response_to = if reject.is_amend {
        CxlRejResponseTo::OrderCancelReplaceRequest
    } else {
        CxlRejResponseTo::OrderCancelRequest
    };
    let order_id = reject.order_id.map_or("NONE".to_owned(), |id| id.to_string());
    OrderCancelReject {
        orig_cl_ord_id: Some(text(&reject.orig_cl_ord_id)),
        text: Some(text(reject.reason.text())),
        ..OrderCancelReject::new(text(&order_id), text(&reject.cl_ord_id), status, response_to)
    }
}

/// A moment, so many seconds into a test.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(1_767_225_600_000_000_000 + seconds * 1_000_000_000)
}
