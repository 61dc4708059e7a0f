//! The exchange's invariants under arbitrary order flow: nothing crossed at rest, money and contracts conserved, the best
//! price and the earliest order first, books and feeds in agreement.

use std::collections::BTreeMap;

use kalshi_fix::gateway::exchange::{
    Amend, Cancel, Command, Exchange, FeeSchedule, Market, Money, NewOrder, Order, OrderEvent, OrderId,
    Origin, Output, OwnerId, Price, PriceGrid, Product, Quantity, Rules, SelfTradePrevention, SessionId,
    Side, Target, Time, TimeInForce,
};
use proptest::prelude::*;

const MARKETS: [&str; 2] = ["ONE", "TWO"];
const MEMBERS: u32 = 3;
const DEPOSIT: i64 = 50;

/// One step of a random script. Orders are named by a number, so that amends and cancels find some of them.
#[derive(Clone, Debug)]
enum Action {
    New {
        member: u32,
        market: usize,
        side: Side,
        price: i64,
        size: Size,
        kind: u8,
    },
    Amend {
        member: u32,
        which: usize,
        price: i64,
        size: Size,
    },
    Cancel {
        member: u32,
        which: usize,
    },
    MassCancel {
        member: u32,
    },
    Wait {
        hours: i64,
    },
}

/// How large an order is to be.
#[derive(Clone, Copy, Debug)]
enum Size {
    /// In hundredths of a contract.
    Hundredths(i64),
    /// This many thousandths of what the member can pay for, fees left aside: what is held back is put to the test.
    Affordable(i64),
}

fn action() -> impl Strategy<Value = Action> {
    let member = 1..=MEMBERS;
    // Few prices and a spread of sizes: most orders meet something.
    let price = prop_oneof![4 => (40_i64..60).prop_map(|cents| cents * 100), 1 => 1_i64..9_999];
    let size = prop_oneof![
        8 => (1_i64..4_000).prop_map(Size::Hundredths),
        1 => (1_i64..200).prop_map(Size::Hundredths),
        1 => Just(Size::Hundredths(1)),
        4 => (900_i64..=1_000).prop_map(Size::Affordable),
    ];
    prop_oneof![
        10 => (member.clone(), 0..2_usize, any::<bool>(), price.clone(), size.clone(), any::<u8>()).prop_map(
            |(member, market, buys, price, size, kind)| {
                let side = if buys { Side::Buy } else { Side::Sell };
                Action::New { member, market, side, price, size, kind }
            }
        ),
        4 => (member.clone(), any::<usize>(), price, size)
            .prop_map(|(member, which, price, size)| Action::Amend { member, which, price, size }),
        2 => (member.clone(), any::<usize>()).prop_map(|(member, which)| Action::Cancel { member, which }),
        1 => member.prop_map(|member| Action::MassCancel { member }),
        1 => (1_i64..12).prop_map(|hours| Action::Wait { hours }),
    ]
}

/// An exchange, what it has said, and what a subscriber makes of it.
struct World {
    exchange: Exchange,
    product: Product,
    now: i64,
    sent: u64,
    /// Open orders as the reports describe them.
    open: BTreeMap<OrderId, Order>,
    /// When each open order came to its place in the queue.
    arrivals: BTreeMap<OrderId, u64>,
    /// The books as the increments describe them.
    levels: BTreeMap<(String, Side, Price), Quantity>,
    bought: Quantity,
    sold: Quantity,
}

impl World {
    fn new(product: Product) -> World {
        let rules = match product {
            Product::Prediction => Rules::prediction(),
            Product::Margin => Rules::margin(),
        };
        let mut exchange = Exchange::new(rules);
        for symbol in MARKETS {
            let market = match product {
                Product::Prediction => Market::prediction(symbol)
                    .with_grid(PriceGrid::named("center_centi_edge_centi_cent").expect("a known grid"))
                    .with_fees(FeeSchedule {
                        maker: 17_500,
                        // Steps of which the second is so large that rounding decides.
                        step: Money::from_millionths(if symbol == "ONE" { 10_000 } else { 250_000 }),
                        ..FeeSchedule::prediction()
                    }),
                Product::Margin => Market::margin(symbol),
            };
            exchange.list(market);
        }
        for member in 1..=MEMBERS {
            exchange.deposit(OwnerId(member), 0, Money::from_dollars(DEPOSIT));
        }
        let symbols = MARKETS.map(Into::into).to_vec();
        exchange.apply(Time::default(), Command::Subscribe(SessionId(99), symbols));
        World {
            exchange,
            product,
            now: 1_767_225_600,
            sent: 0,
            open: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            levels: BTreeMap::new(),
            bought: Quantity::ZERO,
            sold: Quantity::ZERO,
        }
    }

    fn act(&mut self, action: &Action) {
        self.sent += 1;
        let id = format!("id-{}", self.sent);
        let origin = |member: u32| Origin {
            session: SessionId(member),
            owner: OwnerId(member),
        };
        let command = match *action {
            Action::New {
                member,
                market,
                side,
                price,
                size,
                kind,
            } => {
                let quantity = self.quantity(member, side, price, size);
                let price = Price::from_ten_thousandths(price);
                let mut order = NewOrder::limit(&id, MARKETS[market], side, price, quantity);
                order.time_in_force = match kind % 8 {
                    0 => TimeInForce::ImmediateOrCancel,
                    1 => TimeInForce::FillOrKill,
                    2 | 3 => TimeInForce::GoodTillCancel,
                    4 => TimeInForce::GoodTillDate(Time::from_unix_seconds(self.now + 7_200)),
                    _ => TimeInForce::Day,
                };
                order.post_only = kind / 8 % 8 == 0;
                order.self_trade_prevention = match kind / 64 {
                    0 => SelfTradePrevention::Maker,
                    1 => SelfTradePrevention::Unknown,
                    _ => SelfTradePrevention::TakerAtCross,
                };
                Command::NewOrder(origin(member), order)
            }
            Action::Amend {
                member,
                which,
                price,
                size,
            } => {
                let Some(target) = self.target(which) else { return };
                let quantity = self.quantity(member, target.side, price, size);
                let price = Some(Price::from_ten_thousandths(price));
                let amend = Amend {
                    cl_ord_id: id.as_str().into(),
                    target,
                    price,
                    quantity,
                };
                Command::Amend(origin(member), amend)
            }
            Action::Cancel { member, which } => {
                let Some(target) = self.target(which) else { return };
                Command::Cancel(
                    origin(member),
                    Cancel {
                        cl_ord_id: id.as_str().into(),
                        target,
                    },
                )
            }
            Action::MassCancel { member } => {
                // One a second is taken.
                self.now += 1;
                Command::MassCancel(origin(member), id.as_str().into())
            }
            Action::Wait { hours } => {
                self.now += hours * 3_600;
                Command::Tick
            }
        };
        let before: Vec<_> = MARKETS
            .iter()
            .flat_map(|symbol| {
                [Side::Buy, Side::Sell].map(|side| ((*symbol, side), self.queue(symbol, side)))
            })
            .collect();
        let outputs = self.exchange.apply(Time::from_unix_seconds(self.now), command);
        for output in &outputs {
            self.hear(output);
        }
        self.check_priority(&before, &outputs);
        self.check();
    }

    fn quantity(&self, member: u32, side: Side, price: i64, size: Size) -> Quantity {
        let available = self
            .exchange
            .account(OwnerId(member), 0)
            .map_or(0, |account| account.available().millionths())
            // A margin account can owe more than it has; nobody orders a negative quantity for that.
            .max(0);
        let hundredths = match size {
            Size::Hundredths(hundredths) => hundredths,
            Size::Affordable(thousandths) => {
                let cost = if side == Side::Buy { price } else { 10_000 - price };
                i64::try_from(available).unwrap() * thousandths / 1_000 / cost.max(1)
            }
        };
        match self.product {
            Product::Prediction => Quantity::from_hundredths(hundredths),
            Product::Margin => Quantity::from_contracts(hundredths / 100 + 1),
        }
    }

    fn target(&self, which: usize) -> Option<Target> {
        let order = self.open.values().nth(which % self.open.len().max(1))?;
        Some(Target {
            orig_cl_ord_id: order.cl_ord_id.clone(),
            order_id: Some(order.id.to_string().into()),
            symbol: order.symbol.clone(),
            side: order.side,
            subaccount: None,
            party: None,
        })
    }

    fn hear(&mut self, output: &Output) {
        match output {
            Output::Order(report) => {
                let order = &report.order;
                assert!(order.filled <= order.quantity, "{order:?}");
                match &report.event {
                    OrderEvent::Canceled(_) | OrderEvent::Expired | OrderEvent::Rejected(_) => {
                        self.open.remove(&order.id);
                    }
                    OrderEvent::PendingNew => {}
                    OrderEvent::Trade(fill) => {
                        assert!(fill.quantity.is_positive());
                        match order.side {
                            Side::Buy => assert!(fill.price <= order.price),
                            Side::Sell => assert!(fill.price >= order.price),
                        }
                        match order.side {
                            Side::Buy => self.bought += fill.quantity,
                            Side::Sell => self.sold += fill.quantity,
                        }
                        self.keep(order);
                    }
                    OrderEvent::New { .. } => {
                        self.arrive(order.id);
                        self.keep(order);
                    }
                    OrderEvent::Replaced => {
                        let before = &self.open[&order.id];
                        if order.price != before.price || order.quantity > before.quantity {
                            self.arrive(order.id);
                        }
                        self.keep(order);
                    }
                    _ => self.keep(order),
                }
            }
            Output::Increment(increment) => {
                for change in &increment.levels {
                    let key = (increment.symbol.to_string(), change.side, change.price);
                    let before = if change.size.is_positive() {
                        self.levels.insert(key, change.size)
                    } else {
                        self.levels.remove(&key)
                    };
                    assert_eq!(before.is_some(), change.existed, "{change:?}");
                }
            }
            _ => {}
        }
    }

    fn arrive(&mut self, order: OrderId) {
        self.arrivals.insert(order, self.sent);
    }

    fn keep(&mut self, order: &Order) {
        if order.leaves().is_positive() {
            self.open.insert(order.id, order.clone());
        } else {
            self.open.remove(&order.id);
        }
    }

    /// The open orders of a market and a side, by price and then by arrival, as the reports tell them.
    fn queue(&self, symbol: &str, side: Side) -> Vec<OrderId> {
        let mut orders: Vec<&Order> = self
            .open
            .values()
            .filter(|order| &*order.symbol == symbol && order.side == side)
            .collect();
        orders.sort_by_key(|order| {
            let worse = if side == Side::Buy {
                -order.price.ten_thousandths()
            } else {
                order.price.ten_thousandths()
            };
            (worse, self.arrivals[&order.id])
        });
        orders.iter().map(|order| order.id).collect()
    }

    /// Resting orders trade in the order of the queue, each filled before the next one trades.
    fn check_priority(&self, before: &[((&str, Side), Vec<OrderId>)], outputs: &[Output]) {
        let makers: Vec<(&Order, Price)> = outputs
            .iter()
            .filter_map(|output| match output {
                Output::Order(report) => match &report.event {
                    OrderEvent::Trade(fill) if !fill.is_aggressor => Some((&report.order, fill.price)),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        let Some((last, _)) = makers.last() else { return };
        let (_, queue) = before
            .iter()
            .find(|(of, _)| *of == (&*last.symbol, last.side))
            .expect("a listed market");
        let place = |id: OrderId| {
            queue
                .iter()
                .position(|order| *order == id)
                .expect("it was resting")
        };
        assert!(
            makers
                .windows(2)
                .all(|pair| place(pair[0].0.id) < place(pair[1].0.id)),
            "out of order"
        );
        for id in &queue[..place(last.id)] {
            assert!(!self.open.contains_key(id), "{id} was passed over");
        }
        for (order, price) in makers {
            assert_eq!(price, order.price, "not at the resting price");
        }
    }

    fn check(&self) {
        for symbol in MARKETS {
            let book = self.exchange.book(symbol).expect("listed");
            if let (Some(bid), Some(offer)) = (book.best(Side::Buy), book.best(Side::Sell)) {
                assert!(bid < offer, "{symbol} is crossed at rest: {bid} against {offer}");
            }
            for side in [Side::Buy, Side::Sell] {
                let told: Vec<_> = self
                    .levels
                    .iter()
                    .filter(|((name, of, _), _)| name == symbol && *of == side)
                    .map(|((.., price), size)| (*price, *size))
                    .collect();
                let mut levels: Vec<_> = book.levels(side).collect();
                levels.sort_unstable();
                assert_eq!(told, levels, "the feed of {symbol} {side:?}");
                let orders = self
                    .open
                    .values()
                    .filter(|order| &*order.symbol == symbol && order.side == side);
                let open: Quantity = orders.map(Order::leaves).sum();
                assert_eq!(
                    open,
                    levels.iter().map(|(_, size)| *size).sum(),
                    "the reports of {symbol} {side:?}"
                );
            }
            let positions: Quantity = self
                .exchange
                .accounts()
                .map(|(_, account)| account.position(symbol).quantity)
                .sum();
            assert_eq!(positions, Quantity::ZERO, "contracts of {symbol}");
        }
        assert_eq!(self.exchange.open_orders(), self.open.len());
        assert_eq!(self.bought, self.sold);
        self.check_money();
    }

    fn check_money(&self) {
        let balances: Money = self
            .exchange
            .accounts()
            .map(|(_, account)| account.balance())
            .sum();
        let positions = self
            .exchange
            .accounts()
            .flat_map(|(_, account)| account.positions());
        let invested: Money = match self.product {
            // A dollar is locked up for each pair of a long and a short contract.
            Product::Prediction => positions
                .map(|(_, position)| Money::dollar_each(position.quantity.max(Quantity::ZERO)))
                .sum(),
            // What positions were opened at has been paid by nobody yet.
            Product::Margin => -positions.map(|(_, position)| position.basis).sum::<Money>(),
        };
        let deposits = Money::from_dollars(DEPOSIT * i64::from(MEMBERS));
        assert_eq!(
            balances + invested + self.exchange.fees(),
            deposits,
            "money is conserved"
        );
        if self.product == Product::Prediction {
            for (key, account) in self.exchange.accounts() {
                assert!(
                    account.available() >= Money::ZERO,
                    "{key:?} has {}",
                    account.available()
                );
            }
        }
    }

    /// Ends all orders: nothing must be held back any more.
    fn wind_up(&mut self) {
        for member in 1..=MEMBERS {
            self.act(&Action::MassCancel { member });
        }
        assert_eq!(self.exchange.open_orders(), 0);
        if self.product == Product::Prediction {
            for (key, account) in self.exchange.accounts() {
                assert_eq!(account.available(), account.balance(), "{key:?}");
            }
        }
    }
}

fn run(product: Product, actions: &[Action]) {
    let mut world = World::new(product);
    for action in actions {
        world.act(action);
    }
    world.wind_up();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn prediction_markets_stay_consistent(actions in prop::collection::vec(action(), 1..120)) {
        run(Product::Prediction, &actions);
    }

    #[test]
    fn margin_markets_stay_consistent(actions in prop::collection::vec(action(), 1..120)) {
        run(Product::Margin, &actions);
    }

    #[test]
    fn the_same_script_gives_the_same_answers(actions in prop::collection::vec(action(), 1..60)) {
        let transcript = || {
            let mut world = World::new(Product::Prediction);
            for action in &actions {
                world.act(action);
            }
            format!("{:?} {:?} {:?}", world.open, world.levels, world.exchange.fees())
        };
        prop_assert_eq!(transcript(), transcript());
    }
}
