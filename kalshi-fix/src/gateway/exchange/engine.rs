//! The exchange's state, and the one way in and out of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::account::{Account, Exposure, Terms};
use super::book::{Book, Resting};
use super::calendar::Time;
use super::command::Command;
use super::customer::Customers;
use super::feed::Subscriptions;
use super::group::Groups;
use super::history::History;
use super::identifiers::{Identifiers, Use};
use super::market::{ExchangeStatus, Market, Symbol};
use super::operation::OperationError;
use super::order::{
    AccountKey, Amend, Cancel, MatchId, NewOrder, Order, OrderId, Origin, OwnerId, SessionId,
};
use super::report::{
    CancelReason, CancelRejectReason, Ended, MarketDataRejectReason, MassCancelReport, OrderEvent, Output,
    RejectReason, TradePrint,
};
use super::rfq::Rfqs;
use super::rules::Rules;
use super::settlement::{Outcome, SettlementReport};
use super::turn::Turn;
use super::units::{Money, Price, Quantity};

/// An exchange for one product. See the [module](super) for an example.
#[derive(Debug)]
pub struct Exchange {
    pub(super) rules: Rules,
    pub(super) status: ExchangeStatus,
    pub(super) markets: BTreeMap<Symbol, Listing>,
    pub(super) orders: HashMap<OrderId, Order>,
    pub(super) accounts: BTreeMap<AccountKey, Account>,
    pub(super) members: BTreeMap<OwnerId, Member>,
    pub(super) by_session: BTreeMap<SessionId, BTreeSet<OrderId>>,
    pub(super) expiries: BTreeSet<(Time, OrderId)>,
    /// The markets that close by themselves.
    pub(super) closings: BTreeSet<(Time, Symbol)>,
    /// What is to be done at a time.
    pub(super) scheduled: BTreeMap<(Time, u64), Command>,
    pub(super) last_scheduled: u64,
    /// When each session last asked for a mass cancel that was looked at.
    pub(super) mass_cancels: BTreeMap<SessionId, Time>,
    fees: Money,
    /// The markets that the current command changed.
    pub(super) touched: BTreeSet<Symbol>,
    pub(super) data: Subscriptions,
    pub(super) statuses: Subscriptions,
    pub(super) groups: Groups,
    pub(super) rfqs: Rfqs,
    pub(super) history: History,
    pub(super) customers: Customers,
    pub(super) settlements: BTreeMap<OwnerId, VecDeque<Arc<SettlementReport>>>,
    clock: u64,
    last_order: u64,
    last_match: u64,
    pub(super) last_settlement: u64,
}

/// A market and what happened to it in the current command.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) market: Market,
    pub(super) book: Book,
    pub(super) trades: Vec<TradePrint>,
    /// What it turned out to be worth.
    pub(super) outcome: Option<Outcome>,
    /// What it is said to be worth.
    pub(super) worth: Option<Price>,
}

/// What is kept about a member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) identifiers: Identifiers,
    /// Open orders by market.
    pub(super) open: BTreeMap<Symbol, usize>,
}

impl Exchange {
    /// An exchange without markets and members.
    #[must_use]
    pub fn new(rules: Rules) -> Exchange {
        Exchange {
            history: History::new(rules.remembered_reports),
            rules,
            status: ExchangeStatus::default(),
            markets: BTreeMap::new(),
            orders: HashMap::new(),
            accounts: BTreeMap::new(),
            members: BTreeMap::new(),
            by_session: BTreeMap::new(),
            expiries: BTreeSet::new(),
            closings: BTreeSet::new(),
            scheduled: BTreeMap::new(),
            last_scheduled: 0,
            mass_cancels: BTreeMap::new(),
            fees: Money::ZERO,
            touched: BTreeSet::new(),
            data: Subscriptions::default(),
            statuses: Subscriptions::default(),
            clock: 0,
            last_order: 0,
            last_match: 0,
            last_settlement: 0,
            customers: Customers::default(),
            groups: Groups::default(),
            rfqs: Rfqs::default(),
            settlements: BTreeMap::new(),
        }
    }

    /// Lists a market. One of the same symbol keeps its book and gets the new grid, fees and status.
    pub fn list(&mut self, market: Market) {
        if let Some(time) = market.closes {
            self.closings.insert((time, Symbol::clone(&market.symbol)));
        }
        if let Some(listing) = self.markets.get_mut(&market.symbol) {
            if let Some(before) = listing.market.closes.filter(|time| Some(*time) != market.closes) {
                self.closings.remove(&(before, Symbol::clone(&market.symbol)));
            }
            listing.market = market;
            return;
        }
        let symbol = Symbol::clone(&market.symbol);
        self.markets.insert(
            symbol,
            Listing {
                market,
                book: Book::new(),
                trades: Vec::new(),
                outcome: None,
                worth: None,
            },
        );
    }

    /// Pays money into a member's subaccount on exchange index 0 (out of it, where the amount is negative).
    pub fn deposit(&mut self, owner: OwnerId, subaccount: u8, amount: Money) {
        self.deposit_on(owner, 0, subaccount, amount);
    }

    /// Pays money into a member's subaccount on an exchange index, as [`deposit`](Exchange::deposit) does on index 0.
    pub fn deposit_on(&mut self, owner: OwnerId, exchange_index: u32, subaccount: u8, amount: Money) {
        self.deposit_to(AccountKey::new(owner, exchange_index, subaccount), amount);
    }

    /// Pays money into any account.
    pub fn deposit_to(&mut self, account: AccountKey, amount: Money) {
        self.accounts.entry(account).or_default().deposit(amount);
    }

    /// Carries out a command. Orders whose time is over expire first.
    pub fn apply(&mut self, now: Time, command: Command) -> Vec<Output> {
        self.clock += 1;
        let mut turn = Turn {
            now,
            clock: self.clock,
            event: 0,
            outputs: Vec::new(),
        };
        self.expire(&mut turn);
        let (command, doubted) = match command {
            Command::Doubt(command) => {
                let doubted = match &*command {
                    Command::NewOrder(origin, request) => Some((*origin, request.clone())),
                    _ => None,
                };
                (*command, doubted)
            }
            command => (command, None),
        };
        if let Err(refusal) = self.carry_out(&mut turn, command) {
            turn.outputs.push(Output::Refused(refusal));
        }
        self.publish(&mut turn);
        self.remember(now, &turn.outputs);
        if let Some((origin, request)) = doubted {
            self.hide(&mut turn, origin, request);
        }
        turn.outputs
    }

    /// Says of an order that nobody knows what came of it.
    fn hide(&mut self, turn: &mut Turn, origin: Origin, request: NewOrder) {
        let mut hidden = None;
        turn.outputs.retain(|output| match output {
            Output::Order(report)
                if report.order.origin == origin && report.order.cl_ord_id == request.cl_ord_id =>
            {
                hidden = Some(report.order.id);
                matches!(report.event, OrderEvent::PendingNew)
            }
            _ => true,
        });
        let id = hidden.unwrap_or_else(|| self.next_order_id());
        let order = self.pending_order(id, origin, request);
        turn.report(
            order,
            OrderEvent::Rejected(RejectReason::ExchangeUnavailable),
            None,
        );
    }

    pub(super) fn carry_out(&mut self, turn: &mut Turn, command: Command) -> Result<(), OperationError> {
        match command {
            Command::NewOrder(origin, request) => self.enter(turn, origin, request),
            Command::Amend(origin, request) => self.amend(turn, origin, &request),
            Command::Cancel(origin, request) => self.cancel(turn, origin, &request),
            Command::MassCancel(origin, cl_ord_id) => self.mass_cancel(turn, origin, cl_ord_id),
            Command::Group(origin, request) => self.group(turn, origin, request),
            Command::Rfq(origin, request) => self.rfq(turn, origin, request),
            Command::AttachMaker(origin) => self.rfqs.attach(origin),
            Command::CancelOnDisconnect(session) => {
                self.cancel_session(turn, session, CancelReason::Disconnected);
            }
            Command::Snapshot(session, symbols) => self.snapshots(turn, session, symbols, false),
            Command::Subscribe(session, symbols) => self.snapshots(turn, session, symbols, true),
            Command::Unsubscribe(session, Some(symbols)) => {
                for symbol in &symbols {
                    self.data.remove(session, symbol);
                }
            }
            Command::Unsubscribe(session, None) => self.data.remove_all(session),
            Command::SubscribeStatus(session, symbol) => self.subscribe_status(turn, session, &symbol),
            Command::UnsubscribeStatus(session, symbol) => self.statuses.remove(session, &symbol),
            Command::Detach(session) => {
                self.data.remove_all(session);
                self.statuses.remove_all(session);
                self.rfqs.detach(session);
            }
            Command::Tick => {}
            Command::SetMarketStatus(symbol, status) => self.set_market_status(turn, &symbol, status)?,
            Command::SetWorth(symbol, price) => {
                if let Some(listing) = self.markets.get_mut(&symbol) {
                    listing.worth = Some(price);
                }
            }
            Command::Determine(symbol, outcome) => self.determine(turn, &symbol, outcome)?,
            Command::Settle(symbol) => self.settle_market(turn, &symbol)?,
            Command::SetStatus(status) => self.set_status(turn, status)?,
            Command::Refuse(command, reason) => self.refuse(turn, *command, reason),
            Command::Doubt(command) => self.carry_out(turn, *command)?,
        }
        Ok(())
    }

    /// Answers a command as if it could not be carried out. Those that have no refusal are left without an answer.
    fn refuse(&mut self, turn: &mut Turn, command: Command, reason: RejectReason) {
        match command {
            Command::NewOrder(origin, request) => {
                let index = self.index_of(&request);
                let order = Order::new(self.next_order_id(), origin, request, index, None);
                turn.report(order.clone(), OrderEvent::PendingNew, None);
                turn.report(order, OrderEvent::Rejected(reason), None);
            }
            Command::Amend(
                origin,
                Amend {
                    cl_ord_id, target, ..
                },
            ) => {
                let found = self.find(origin, &target);
                turn.refuse(
                    origin,
                    &cl_ord_id,
                    &target,
                    true,
                    found,
                    CancelRejectReason::InternalError,
                );
            }
            Command::Cancel(origin, Cancel { cl_ord_id, target }) => {
                let found = self.find(origin, &target);
                turn.refuse(
                    origin,
                    &cl_ord_id,
                    &target,
                    false,
                    found,
                    CancelRejectReason::InternalError,
                );
            }
            Command::MassCancel(origin, cl_ord_id) => {
                let operation = self.next_order_id();
                let report = MassCancelReport {
                    origin,
                    cl_ord_id,
                    operation,
                    cancelled: None,
                };
                turn.outputs.push(Output::MassCancel(report));
            }
            Command::Rfq(origin, request) => turn.refuse_rfq(origin, request),
            Command::Group(origin, request) => turn.refuse_group(origin, request),
            Command::Snapshot(session, _) | Command::Subscribe(session, _) => {
                let reason = MarketDataRejectReason::TooManySymbols;
                turn.outputs.push(Output::MarketDataReject { session, reason });
            }
            _ => {}
        }
    }

    /// When the next order or RFQ expires, a market closes, an accepted quote's time is over, or what is
    /// [scheduled](Exchange::schedule) is due: [`Command::Tick`] is due then.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Time> {
        let order = self.expiries.first().map(|(time, _)| *time);
        let closing = self.closings.first().map(|(time, _)| *time);
        let rfq = self.rfqs.next_timer();
        let scheduled = self.scheduled.first_key_value().map(|((time, _), _)| *time);
        [order, closing, rfq, scheduled].into_iter().flatten().min()
    }

    /// A member's subaccount on exchange index 0, once it has had money or trades.
    #[must_use]
    pub fn account(&self, owner: OwnerId, subaccount: u8) -> Option<&Account> {
        self.account_on(owner, 0, subaccount)
    }

    /// A member's subaccount on an exchange index, once it has had money or trades.
    #[must_use]
    pub fn account_on(&self, owner: OwnerId, exchange_index: u32, subaccount: u8) -> Option<&Account> {
        self.account_at(AccountKey::new(owner, exchange_index, subaccount))
    }

    /// Any account, once it has had money or trades.
    #[must_use]
    pub fn account_at(&self, account: AccountKey) -> Option<&Account> {
        self.accounts.get(&account)
    }

    /// All subaccounts.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountKey, &Account)> {
        self.accounts.iter().map(|(key, account)| (*key, account))
    }

    /// A market's book.
    #[must_use]
    pub fn book(&self, symbol: &str) -> Option<&Book> {
        self.markets.get(symbol).map(|listing| &listing.book)
    }

    /// The listed markets.
    pub fn markets(&self) -> impl Iterator<Item = &Market> {
        self.markets.values().map(|listing| &listing.market)
    }

    /// An open order.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// How many orders are open.
    #[must_use]
    pub fn open_orders(&self) -> usize {
        self.orders.len()
    }

    /// What the exchange has earned in fees.
    #[must_use]
    pub fn fees(&self) -> Money {
        self.fees
    }

    /// Whether the exchange takes orders.
    #[must_use]
    pub fn status(&self) -> ExchangeStatus {
        self.status
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            product: self.rules.product,
            initial_margin: self.rules.initial_margin,
        }
    }

    /// The exchange index that a request goes to.
    pub(super) fn index_of(&self, request: &NewOrder) -> u32 {
        let of_market = self
            .markets
            .get(&request.symbol)
            .map(|listing| listing.market.exchange_index);
        of_market.or(request.exchange_index).unwrap_or(0)
    }

    pub(super) fn next_order_id(&mut self) -> OrderId {
        self.last_order += 1;
        OrderId(self.last_order)
    }

    pub(super) fn next_match_id(&mut self) -> MatchId {
        self.last_match += 1;
        MatchId(self.last_match)
    }

    pub(super) fn collect_fee(&mut self, fee: Money) {
        self.fees += fee;
    }

    pub(super) fn member(&mut self, owner: OwnerId) -> &mut Member {
        let remembered = self.rules.remembered_identifiers;
        self.members.entry(owner).or_insert_with(|| Member {
            identifiers: Identifiers::new(remembered),
            open: BTreeMap::new(),
        })
    }

    /// What an open order may still cost: the rest at its limit, and its fees as far as they are not charged.
    pub(super) fn exposure(&self, order: &Order, as_taker: bool) -> Exposure {
        let leaves = order.leaves();
        let fee = self.markets.get(&order.symbol).map_or(Money::ZERO, |listing| {
            let fees = &listing.market.fees;
            let whole = |is_taker| fees.rounded(order.fee + fees.exact(order.price, leaves, is_taker));
            let fee = if as_taker {
                // At a better price the order costs less, but its fee can round up one step further.
                let rounding = if fees.taker > 0 { fees.step } else { Money::ZERO };
                whole(true).max(whole(false)) + rounding
            } else {
                whole(false)
            };
            fee - order.fee_charged
        });
        Exposure {
            side: order.side,
            price: order.price,
            leaves,
            fee,
        }
    }

    /// Lets an order rest: from here on it can be met, cancelled and amended.
    pub(super) fn rest(&mut self, order: Order) {
        let terms = self.terms();
        let exposure = self.exposure(&order, false);
        self.accounts
            .entry(order.account())
            .or_default()
            .open(terms, &order.symbol, exposure);
        if let Some(listing) = self.touch(&order.symbol) {
            let resting = Resting {
                order: order.id,
                group: order.self_trade_group(),
                leaves: order.leaves(),
            };
            listing.book.insert(order.side, order.price, resting);
        }
        self.register(order);
    }

    /// Keeps an open order where the requests about it are looked up.
    pub(super) fn register(&mut self, order: Order) {
        let member = self.member(order.origin.owner);
        member.identifiers.open(&order.cl_ord_id, order.id);
        *member.open.entry(Symbol::clone(&order.symbol)).or_default() += 1;
        self.groups.rests(&order, true);
        self.by_session
            .entry(order.origin.session)
            .or_default()
            .insert(order.id);
        if let Some(time) = order.expires {
            self.expiries.insert((time, order.id));
        }
        self.orders.insert(order.id, order);
    }

    /// Takes an open order out of the book and out of all look-ups, and releases what it held back.
    pub(super) fn take_out(&mut self, id: OrderId) -> Option<Order> {
        let order = self.orders.remove(&id)?;
        let terms = self.terms();
        let exposure = self.exposure(&order, false);
        if let Some(account) = self.accounts.get_mut(&order.account()) {
            account.close(terms, &order.symbol, exposure);
        }
        if let Some(listing) = self.touch(&order.symbol) {
            listing.book.remove(id);
        }
        if let Some(time) = order.expires {
            self.expiries.remove(&(time, id));
        }
        if let Some(session) = self.by_session.get_mut(&order.origin.session) {
            session.remove(&id);
            if session.is_empty() {
                self.by_session.remove(&order.origin.session);
            }
        }
        self.groups.rests(&order, false);
        let open = &mut self.member(order.origin.owner).open;
        if let Some(count) = open.get_mut(&order.symbol) {
            *count -= 1;
            if *count == 0 {
                open.remove(&order.symbol);
            }
        }
        Some(order)
    }

    /// Remembers how an order ended, under its last identifier.
    pub(super) fn retire(&mut self, order: &Order) {
        let ended = if order.leaves().is_positive() {
            Ended::Canceled
        } else {
            Ended::Filled
        };
        self.member(order.origin.owner)
            .identifiers
            .retire(&order.cl_ord_id, Use::Ended(order.id, ended));
    }

    /// Ends an open order.
    pub(super) fn end(&mut self, turn: &mut Turn, id: OrderId, event: OrderEvent) {
        if let Some(order) = self.take_out(id) {
            self.retire(&order);
            turn.report(order, event, None);
        }
    }

    /// A market whose book is about to change.
    pub(super) fn touch(&mut self, symbol: &Symbol) -> Option<&mut Listing> {
        let listing = self.markets.get_mut(symbol)?;
        self.touched.insert(Symbol::clone(symbol));
        Some(listing)
    }
}

/// A billion contracts: far from every order, and small enough that no sum overflows.
pub(super) const LARGEST_QUANTITY: Quantity = Quantity::from_contracts(1_000_000_000);
