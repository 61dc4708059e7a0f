//! New orders: what is checked before one is accepted, and what it does on arrival.

use super::calendar::Time;
use super::engine::{Exchange, LARGEST_QUANTITY};
use super::market::{ExchangeStatus, MarketStatus, Symbol, quantity_step};
use super::matching::{Plan, Step, Taker};
use super::order::{MatchId, NewOrder, Order, OrderId, Origin, SelfTradePrevention, Side, TimeInForce};
use super::report::{CancelReason, Fill, OrderEvent, RejectReason, TradePrint};
use super::turn::{Request, Turn};
use super::units::{Price, Quantity};

/// How an order that has just arrived is handled: what does not outlive its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    /// What is not filled at once rests.
    Patient,
    /// What is not filled at once is cancelled.
    Immediate,
    /// It is filled at once as a whole, or not at all.
    AllOrNothing,
}

impl Exchange {
    pub(super) fn enter(&mut self, turn: &mut Turn, origin: Origin, request: NewOrder) {
        if request.quote.is_some() {
            self.accept_by_order(turn, origin, request);
        } else {
            self.enter_order(turn, origin, request, None);
        }
    }

    /// Enters an order, which was reported as pending before where it has a number.
    pub(super) fn enter_order(
        &mut self,
        turn: &mut Turn,
        origin: Origin,
        request: NewOrder,
        pending: Option<OrderId>,
    ) {
        let refused = self.refusal(origin, &request);
        let group = self.group_of(origin, &request);
        let max_execution_cost = request.max_execution_cost;
        let (urgency, expires) = lifetime(turn.now, request.time_in_force);
        let id = pending.unwrap_or_else(|| self.next_order_id());
        let index = self.index_of(&request);
        let mut order = Order::new(id, origin, request, index, expires);
        let customer = self.customer(origin.owner, order.party.as_ref());
        order.customer = customer.ok().flatten();
        order.group = group.ok().flatten();
        if pending.is_none() {
            turn.report(order.clone(), OrderEvent::PendingNew, None);
        }
        let refused = refused
            .or_else(|| self.risk(&order, order.quantity))
            .or_else(|| self.unpaid(&order));
        if let Some(reason) = refused {
            turn.report(order, OrderEvent::Rejected(reason), None);
            return;
        }

        let plan = self.plan(&order);
        let ends = if order.post_only && (!plan.steps.is_empty() || plan.stopped_at_own_order) {
            Some(CancelReason::PostOnlyCross)
        } else if max_execution_cost.is_some_and(|most| plan.cost(order.side) > most) {
            Some(CancelReason::MaxExecutionCost)
        } else if urgency == Urgency::AllOrNothing && plan.filled < order.quantity {
            let own = plan.stopped_at_own_order.then(|| self_trade_reason(&order));
            Some(own.unwrap_or(CancelReason::FillOrKillVolume))
        } else {
            None
        };
        if let Some(reason) = ends {
            self.retire(&order);
            turn.report(order, OrderEvent::Canceled(reason), None);
            return;
        }

        let trades = plan.filled.is_positive();
        if trades || !(plan.stopped_at_own_order || urgency == Urgency::Immediate) {
            turn.report(
                order.clone(),
                OrderEvent::New {
                    trade_follows: trades,
                },
                None,
            );
        }
        self.arrive(turn, order, &plan, urgency == Urgency::Immediate);
    }

    /// Puts an amended order back: it trades as a new one would, and what is left rests.
    pub(super) fn re_enter(&mut self, turn: &mut Turn, order: Order, request: Request<'_>) {
        let plan = self.plan(&order);
        if order.post_only && !plan.steps.is_empty() {
            self.retire(&order);
            turn.report(
                order,
                OrderEvent::Canceled(CancelReason::PostOnlyCross),
                Some(request),
            );
            return;
        }
        turn.report(order.clone(), OrderEvent::Replaced, Some(request));
        self.arrive(turn, order, &plan, false);
    }

    /// What the order would do to its market's book.
    pub(super) fn plan(&self, order: &Order) -> Plan {
        let taker = Taker {
            side: order.side,
            limit: order.price,
            quantity: order.leaves(),
            group: order.self_trade_group(),
            self_trade_prevention: order.self_trade_prevention,
        };
        self.markets
            .get(&order.symbol)
            .map(|listing| Plan::new(&listing.book, &taker))
            .unwrap_or_default()
    }

    /// Carries out what an order does on arrival, and lets the rest of it rest or end.
    fn arrive(&mut self, turn: &mut Turn, mut order: Order, plan: &Plan, immediate: bool) {
        for step in &plan.steps {
            match *step {
                Step::Trade {
                    maker,
                    price,
                    quantity,
                } => self.trade(turn, &mut order, maker, price, quantity),
                Step::CancelMaker { maker } => {
                    self.end(turn, maker, OrderEvent::Canceled(CancelReason::SelfTradeMaker));
                }
            }
        }
        self.trigger_groups(turn);
        if !order.leaves().is_positive() {
            self.retire(&order);
        } else if self.groups.is_triggered(order.group) {
            self.retire(&order);
            turn.report(order, OrderEvent::Canceled(CancelReason::OrderGroup), None);
        } else if plan.stopped_at_own_order {
            let reason = self_trade_reason(&order);
            self.retire(&order);
            turn.report(order, OrderEvent::Canceled(reason), None);
        } else if immediate {
            self.retire(&order);
            turn.report(
                order,
                OrderEvent::Canceled(CancelReason::ImmediateOrCancelled),
                None,
            );
        } else {
            self.rest(order);
        }
    }

    /// One trade: both accounts, both orders, the book, and both reports.
    fn trade(
        &mut self,
        turn: &mut Turn,
        taker: &mut Order,
        maker: OrderId,
        price: Price,
        quantity: Quantity,
    ) {
        let Some(mut resting) = self.orders.get(&maker).cloned() else {
            return;
        };
        let match_id = self.next_match_id();
        let fill = self.settle(turn.now, taker, price, quantity, match_id, true);
        turn.report(taker.clone(), OrderEvent::Trade(Box::new(fill)), None);

        let terms = self.terms();
        let before = self.exposure(&resting, false);
        if let Some(account) = self.accounts.get_mut(&resting.account()) {
            account.close(terms, &resting.symbol, before);
        }
        let fill = self.settle(turn.now, &mut resting, price, quantity, match_id, false);
        let after = self.exposure(&resting, false);
        if let Some(account) = self.accounts.get_mut(&resting.account()) {
            account.open(terms, &resting.symbol, after);
        }
        if let Some(listing) = self.touch(&resting.symbol) {
            listing.book.reduce(maker, quantity);
            listing.trades.push(TradePrint {
                price,
                quantity,
                aggressor: taker.side,
            });
        }
        self.orders.insert(maker, resting.clone());
        if !resting.leaves().is_positive() {
            self.take_out(maker);
            self.retire(&resting);
        }
        turn.report(resting, OrderEvent::Trade(Box::new(fill)), None);
    }

    /// Settles one side of a trade with its account, and writes it into the order.
    fn settle(
        &mut self,
        now: Time,
        order: &mut Order,
        price: Price,
        quantity: Quantity,
        match_id: MatchId,
        is_aggressor: bool,
    ) -> Fill {
        let mut fee = order.fee_charged;
        if let Some(listing) = self.markets.get(&order.symbol) {
            let fees = &listing.market.fees;
            order.fee = order.fee + fees.exact(price, quantity, is_aggressor);
            fee = fees.rounded(order.fee);
        }
        let due = fee - order.fee_charged;
        let terms = self.terms();
        let account = self.accounts.entry(order.account()).or_default();
        let settled = account.settle(terms, &order.symbol, order.side, price, quantity, due);
        order.filled += quantity;
        order.notional += price.times(quantity);
        order.fee_charged += settled.fee;
        self.collect_fee(settled.fee);
        self.groups.count(now, order, quantity);
        Fill {
            quantity,
            price,
            match_id,
            is_aggressor,
            fee: settled.fee,
            balance_change: settled.balance_change,
            position: settled.position,
        }
    }

    /// Why a request cannot become an order, its price in money left aside.
    pub(super) fn refusal(&mut self, origin: Origin, request: &NewOrder) -> Option<RejectReason> {
        match self.status {
            ExchangeStatus::Paused => return Some(RejectReason::ExchangePaused),
            ExchangeStatus::TradingPaused => return Some(RejectReason::TradingPaused),
            ExchangeStatus::Open => {}
        }
        let Some(listing) = self.markets.get(&request.symbol) else {
            return Some(RejectReason::MarketNotFound);
        };
        let index = listing.market.exchange_index;
        if request.exchange_index.is_some_and(|named| named != index) {
            return Some(RejectReason::MarketNotFound);
        }
        match listing.market.status {
            MarketStatus::Inactive | MarketStatus::Closed => return Some(RejectReason::MarketInactive),
            MarketStatus::Determined | MarketStatus::Settled => {
                return Some(RejectReason::MarketAlreadyClosed);
            }
            MarketStatus::Active => {}
        }
        if !listing.market.grid.contains(request.price) {
            return Some(RejectReason::InvalidPrice);
        }
        if !request.quantity.is_positive() || !self.is_valid(request.quantity) {
            return Some(RejectReason::IncorrectQuantity);
        }
        if let Err(reason) = self.customer(origin.owner, request.party.as_ref()) {
            return Some(reason);
        }
        if let Err(reason) = self.group_of(origin, request) {
            return Some(reason);
        }
        let most = self.rules.open_orders_per_market;
        let member = self.member(origin.owner);
        if member.identifiers.find(&request.cl_ord_id).is_some() {
            return Some(RejectReason::OrderAlreadyExists);
        }
        let open = member.open.get(&request.symbol).copied().unwrap_or(0);
        (open >= most).then_some(RejectReason::ExceededPerMarketRiskLimit)
    }

    /// Whether the account cannot pay for the order at its limit.
    pub(super) fn unpaid(&self, order: &Order) -> Option<RejectReason> {
        let exposure = self.exposure(order, true);
        let covered = self
            .accounts
            .get(&order.account())
            .is_some_and(|account| account.covers(self.terms(), &order.symbol, exposure));
        (!covered).then_some(RejectReason::InsufficientBalance)
    }

    /// Whether `more` of an order could lead to a position that its market does not allow.
    pub(super) fn risk(&self, order: &Order, more: Quantity) -> Option<RejectReason> {
        let market = &self.markets.get(&order.symbol)?.market;
        let account = self.accounts.get(&order.account());
        let (position, open) = account.map_or_else(Default::default, |account| {
            let position = account.position(&order.symbol).quantity;
            (position, account.open_quantity(&order.symbol, order.side))
        });
        let reached = match order.side {
            Side::Buy => position + open + more,
            Side::Sell => position - open - more,
        };
        let beyond = match order.side {
            Side::Buy => market.position_limit.is_some_and(|most| reached > most),
            Side::Sell => market.position_limit.is_some_and(|most| reached < -most),
        };
        if beyond {
            return Some(RejectReason::ExceededPerMarketRiskLimit);
        }
        let floor = market.sell_position_floor.filter(|_| order.side == Side::Sell);
        floor
            .is_some_and(|lowest| reached < lowest)
            .then_some(RejectReason::ExceededSellPositionFloor)
    }

    /// Whether a quantity is a multiple of the product's step, and not absurd.
    pub(super) fn is_valid(&self, quantity: Quantity) -> bool {
        let step = quantity_step(self.rules.product).hundredths();
        quantity.hundredths() % step == 0 && quantity <= LARGEST_QUANTITY
    }

    /// Whether a market's grid has this price.
    pub(super) fn is_on_grid(&self, symbol: &Symbol, price: Price) -> bool {
        self.markets
            .get(symbol)
            .is_some_and(|listing| listing.market.grid.contains(price))
    }
}

/// What an order's time in force means for its arrival, and when it expires. A date that is past makes it immediate.
fn lifetime(now: Time, time_in_force: TimeInForce) -> (Urgency, Option<Time>) {
    match time_in_force {
        TimeInForce::Day => (Urgency::Patient, Some(now.end_of_day_in_new_york())),
        TimeInForce::GoodTillCancel => (Urgency::Patient, None),
        TimeInForce::ImmediateOrCancel => (Urgency::Immediate, None),
        TimeInForce::FillOrKill => (Urgency::AllOrNothing, None),
        TimeInForce::GoodTillDate(date) if date <= now => (Urgency::Immediate, None),
        TimeInForce::GoodTillDate(date) => (Urgency::Patient, Some(date)),
    }
}

fn self_trade_reason(order: &Order) -> CancelReason {
    match order.self_trade_prevention {
        SelfTradePrevention::Unknown if order.filled.is_positive() => CancelReason::SelfCrossPartiallyFilled,
        SelfTradePrevention::Unknown => CancelReason::SelfCross,
        SelfTradePrevention::TakerAtCross | SelfTradePrevention::Maker => CancelReason::SelfTradeTaker,
    }
}
