//! The tour itself: one method a step.

use std::time::Duration;

use kalshi_fix::client::{Client, LogonOptions, Session};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::dialect::{Decimal, SessionHeader};
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{NewOrder, Price, Quantity, Side};
use kalshi_fix::gateway::{self, Effect, Fault, Gateway, Member};
use kalshi_fix::prediction::fields::{
    ExecType, MassCancelRequestType, MassCancelResponse, OrdStatus, OrdType, Side as FixSide,
    SubscriptionRequestType, TimeInForce,
};
use kalshi_fix::prediction::sessions::{MD, NR};
use kalshi_fix::prediction::{
    ExecutionReport, MarketDataRequest, Message, NewOrderSingle, OrderCancelReplaceRequest,
    OrderCancelRequest, OrderMassCancelRequest, Prediction, groups,
};

use crate::arguments::Arguments;
use crate::book::Book;
use crate::draw::Draw;
use crate::screen::{Direction, Screen};
use crate::step::Step;
use crate::talk::{Done, expect, next, show_sent, text, unexpected};

/// What the steps share. What a step needs was left here by an earlier one.
pub(crate) struct Tour {
    pub(crate) screen: Screen,
    arguments: Arguments,
    plan: Plan,
    stage: Option<Stage>,
    key: Option<PrivateKey>,
    data: Option<Session<MD>>,
    orders: Option<Session<NR>>,
    header: Option<SessionHeader>,
    book: Book,
}

/// The exchange, and who is on it.
struct Stage {
    gateway: Gateway,
    us: Member,
    house: Member,
}

/// The prices, in cents, and the sizes, in contracts, of this run.
#[derive(Clone, Copy, Debug)]
struct Plan {
    best_bid: i64,
    best_offer: i64,
    sizes: [i64; 6],
    rest: i64,
    beyond: i64,
}

impl Plan {
    fn draw(seed: u64) -> Plan {
        let mut draw = Draw::new(seed);
        let best_bid = draw.between(20, 70);
        Plan {
            best_bid,
            best_offer: best_bid + draw.between(3, 6),
            sizes: std::array::from_fn(|_| draw.between(5, 40)),
            rest: draw.between(2, 20),
            beyond: draw.between(3, 9),
        }
    }
}

impl Tour {
    pub(crate) fn new(arguments: Arguments, screen: Screen) -> Tour {
        Tour {
            screen,
            arguments,
            plan: Plan::draw(arguments.seed),
            stage: None,
            key: None,
            data: None,
            orders: None,
            header: None,
            book: Book::default(),
        }
    }

    pub(crate) async fn run(&mut self, step: Step) -> Done {
        self.screen.step(step);
        match step {
            Step::Exchange => self.exchange().await,
            Step::Key => self.key().await,
            Step::MarketData => self.market_data().await,
            Step::OrderEntry => self.order_entry().await,
            Step::Book => self.subscribe().await,
            Step::Rest => self.rest().await,
            Step::Update => self.update().await,
            Step::Cross => self.cross().await,
            Step::Fill => self.fill().await,
            Step::Amend => self.amend().await,
            Step::Cancel => self.cancel().await,
            Step::MassCancel => self.mass_cancel().await,
            Step::Logout => self.logout().await,
        }
    }

    async fn exchange(&mut self) -> Done {
        // A member cannot be given all the money there is: that makes this step fail.
        let deposit = if self.fails(Step::Exchange) {
            Decimal::MAX
        } else {
            Decimal::from(DEPOSIT)
        };
        let gateway = Gateway::builder()
            .market(MARKET)
            .deposit(deposit)
            .start()
            .await
            .map_err(text)?;
        let (us, house) = (gateway.member(), gateway.member());
        let Plan {
            best_bid,
            best_offer,
            sizes,
            ..
        } = self.plan;
        for (level, size) in (0..).zip(&sizes[..3]) {
            quote(&house, Side::Buy, best_bid - level, *size)?;
        }
        for (level, size) in (0..).zip(&sizes[3..]) {
            quote(&house, Side::Sell, best_offer + level, *size)?;
        }
        for kind in [SessionKind::MarketData, SessionKind::OrderEntry] {
            let address = gateway.address(Product::Prediction, kind);
            self.screen.note(
                kind.profile().target_comp_id,
                address.map(text).unwrap_or_default(),
            );
        }
        self.screen.note("Seed", self.arguments.seed);
        self.stage = Some(Stage { gateway, us, house });
        Ok(())
    }

    async fn key(&mut self) -> Done {
        let generated = tokio::task::spawn_blocking(PrivateKey::generate)
            .await
            .map_err(text)?;
        let mut key = generated.map_err(text)?;
        if self.fails(Step::Key) {
            key = PrivateKey::from_pem(&key.public_key().to_pem().map_err(text)?).map_err(text)?;
        }
        self.screen.note(
            "Key",
            "RSA, 2048 bits; logons are signed with RSASSA-PSS and SHA-256",
        );
        self.key = Some(key);
        Ok(())
    }

    async fn market_data(&mut self) -> Done {
        let refused = Fault::new(gateway::Step::Logon, Effect::Refuse("already exists".to_owned()));
        self.inject(Step::MarketData, refused.on(SessionKind::MarketData))?;
        let client = self.client()?;
        let about = "A on KalshiMD, MsgSeqNum 1; its signature is not for showing";
        self.screen.unseen(Direction::Sent, "Logon", about);
        let session = client.market_data().await.map_err(text)?;
        self.screen
            .frame(Direction::Received, "KalshiMD", &session.established().frame);
        self.data = Some(session);
        Ok(())
    }

    async fn order_entry(&mut self) -> Done {
        let refused = Fault::new(gateway::Step::Logon, Effect::Refuse("maintenance".to_owned()));
        self.inject(Step::OrderEntry, refused.on(SessionKind::OrderEntry))?;
        // What happens at the logout is settled at the logon.
        let silence = Fault::new(gateway::Step::Logout, Effect::Ignore);
        self.inject(Step::Logout, silence.on(SessionKind::OrderEntry))?;
        let client = self.client()?;
        let about = "A on KalshiNR, MsgSeqNum 1; its signature is not for showing";
        self.screen.unseen(Direction::Sent, "Logon", about);
        let session = client.order_entry().await.map_err(text)?;
        self.screen
            .frame(Direction::Received, "KalshiNR", &session.established().frame);
        self.orders = Some(session);
        Ok(())
    }

    async fn subscribe(&mut self) -> Done {
        self.inject(
            Step::Book,
            Fault::new(gateway::Step::message("V"), Effect::Refuse(String::new())),
        )?;
        // A snapshot alone has no updates: that makes the step that waits for one fail.
        let kind = if self.fails(Step::Update) {
            SubscriptionRequestType::Snapshot
        } else {
            SubscriptionRequestType::SnapshotPlusUpdates
        };
        let request = MarketDataRequest {
            related_sym: Some(vec![groups::RelatedSymbol::new(MARKET)]),
            ..MarketDataRequest::new(kind)
        };
        let session = self.data.as_mut().ok_or("no market data session")?;
        let sequence = session.send(&request).await.map_err(text)?;
        show_sent(
            &mut self.screen,
            self.header.as_ref(),
            "KalshiMD",
            sequence,
            &request,
        )?;
        match next(&mut self.screen, "KalshiMD", session).await? {
            Message::MarketDataSnapshotFullRefresh(snapshot) => self.book.replace(&snapshot),
            other => return Err(unexpected("a snapshot", &other)),
        }
        if self.book.bids().count() != 3 || self.book.offers().count() != 3 {
            return Err("the snapshot does not have three levels a side".to_owned());
        }
        self.screen.book(&self.book);
        Ok(())
    }

    async fn rest(&mut self) -> Done {
        self.inject(
            Step::Rest,
            Fault::new(gateway::Step::message("D"), Effect::Refuse(String::new())),
        )?;
        let order = buy("rest-1", self.plan.best_bid + 1, self.plan.rest);
        self.order(&order).await?;
        self.report("rest-1", ExecType::New, OrdStatus::New).await?;
        Ok(())
    }

    async fn update(&mut self) -> Done {
        self.follow().await?;
        let expected = (cents(self.plan.best_bid + 1), Decimal::from(self.plan.rest));
        match self.book.bids().next() {
            Some(best) if best == expected => {
                self.screen.book(&self.book);
                Ok(())
            }
            best => Err(format!("the best bid should be {expected:?}, and is {best:?}")),
        }
    }

    async fn cross(&mut self) -> Done {
        self.inject(
            Step::Cross,
            Fault::new(gateway::Step::message("D"), Effect::Disconnect),
        )?;
        let Plan {
            best_offer,
            sizes,
            beyond,
            ..
        } = self.plan;
        self.order(&buy("cross-1", best_offer, sizes[3] + beyond)).await?;
        self.report("cross-1", ExecType::New, OrdStatus::New).await?;
        let fill = self
            .report("cross-1", ExecType::Trade, OrdStatus::PartiallyFilled)
            .await?;
        expect("LastQty (32)", fill.last_qty, Decimal::from(sizes[3]))?;
        expect("LastPx (31)", fill.last_px, cents(best_offer))?;
        expect("LeavesQty (151)", Some(fill.leaves_qty), Decimal::from(beyond))?;
        self.follow().await?;
        self.screen.book(&self.book);
        Ok(())
    }

    async fn fill(&mut self) -> Done {
        let Plan {
            best_offer, beyond, ..
        } = self.plan;
        if !self.fails(Step::Fill) {
            let stage = self.stage.as_ref().ok_or("no exchange")?;
            quote(&stage.house, Side::Sell, best_offer, beyond)?;
        }
        let fill = self.report("cross-1", ExecType::Trade, OrdStatus::Filled).await?;
        expect("LastQty (32)", fill.last_qty, Decimal::from(beyond))?;
        expect("LeavesQty (151)", Some(fill.leaves_qty), Decimal::ZERO)?;
        self.follow().await?;
        self.screen.book(&self.book);
        Ok(())
    }

    async fn amend(&mut self) -> Done {
        self.inject(
            Step::Amend,
            Fault::new(gateway::Step::message("G"), Effect::Refuse(String::new())),
        )?;
        let Plan { best_bid, rest, .. } = self.plan;
        let amend = OrderCancelReplaceRequest {
            price: Some(cents(best_bid + 2)),
            ..OrderCancelReplaceRequest::new(
                "rest-2",
                Decimal::from(rest + 1),
                OrdType::Limit,
                "rest-1",
                FixSide::Buy,
                MARKET,
            )
        };
        let sequence = self.orders()?.send(&amend).await.map_err(text)?;
        show_sent(
            &mut self.screen,
            self.header.as_ref(),
            "KalshiNR",
            sequence,
            &amend,
        )?;
        let replaced = self
            .report("rest-2", ExecType::Replaced, OrdStatus::Replaced)
            .await?;
        expect("Price (44)", replaced.price, cents(best_bid + 2))?;
        expect(
            "LeavesQty (151)",
            Some(replaced.leaves_qty),
            Decimal::from(rest + 1),
        )?;
        self.follow().await
    }

    async fn cancel(&mut self) -> Done {
        self.inject(
            Step::Cancel,
            Fault::new(gateway::Step::message("F"), Effect::Ignore),
        )?;
        let cancel = OrderCancelRequest::new("rest-3", "rest-2", FixSide::Buy, MARKET);
        let sequence = self.orders()?.send(&cancel).await.map_err(text)?;
        show_sent(
            &mut self.screen,
            self.header.as_ref(),
            "KalshiNR",
            sequence,
            &cancel,
        )?;
        self.report("rest-3", ExecType::Canceled, OrdStatus::Canceled)
            .await?;
        self.follow().await
    }

    async fn mass_cancel(&mut self) -> Done {
        self.inject(
            Step::MassCancel,
            Fault::new(gateway::Step::message("q"), Effect::Refuse(String::new())),
        )?;
        for (id, below) in [("last-1", 4), ("last-2", 5)] {
            self.order(&buy(id, self.plan.best_bid - below, self.plan.rest))
                .await?;
            self.report(id, ExecType::New, OrdStatus::New).await?;
            self.follow().await?;
        }
        let request = OrderMassCancelRequest::new("mass-1", MassCancelRequestType::CancelForSession);
        let sequence = self.orders()?.send(&request).await.map_err(text)?;
        show_sent(
            &mut self.screen,
            self.header.as_ref(),
            "KalshiNR",
            sequence,
            &request,
        )?;
        let session = self.orders.as_mut().ok_or("no order entry session")?;
        match next(&mut self.screen, "KalshiNR", session).await? {
            Message::OrderMassCancelReport(report)
                if report.mass_cancel_response == MassCancelResponse::AllOrdersCancelled => {}
            other => {
                return Err(unexpected(
                    "a mass cancel report that all orders are cancelled",
                    &other,
                ));
            }
        }
        for id in ["last-1", "last-2"] {
            self.report(id, ExecType::Canceled, OrdStatus::Canceled).await?;
        }
        self.follow().await?;
        self.screen.book(&self.book);
        Ok(())
    }

    async fn logout(&mut self) -> Done {
        let orders = self.orders.take().ok_or("no order entry session")?;
        let data = self.data.take().ok_or("no market data session")?;
        for (name, closed) in [
            ("KalshiNR", orders.close().await),
            ("KalshiMD", data.close().await),
        ] {
            self.screen
                .unseen(Direction::Sent, "Logout", &format!("5 on {name}"));
            let end = closed
                .end
                .ok_or_else(|| format!("{name} had ended before"))?
                .to_string();
            if end != "logged out" {
                return Err(format!("{name}: {end}"));
            }
            self.screen
                .unseen(Direction::Received, "Logout", &format!("5 on {name}"));
        }
        Ok(())
    }

    /// Logs out whatever is logged on, since the process is to end.
    pub(crate) async fn leave(&mut self) -> Done {
        self.screen.note("Asked to end", "logging out");
        let orders = match self.orders.take() {
            Some(session) => Some(session.close().await),
            None => None,
        };
        let data = match self.data.take() {
            Some(session) => Some(session.close().await),
            None => None,
        };
        for (name, closed) in [("KalshiNR", orders), ("KalshiMD", data)] {
            let Some(end) = closed.and_then(|closed| closed.end) else {
                continue;
            };
            self.screen.note(name, &end);
            if end.to_string() != "logged out" {
                return Err(format!("{name}: {end}"));
            }
        }
        Ok(())
    }

    /// What the run came to.
    pub(crate) fn summary(&mut self, elapsed: Duration) {
        let Some(stage) = &self.stage else { return };
        let (balance, _) = stage.us.balance(Product::Prediction);
        let position = stage.us.position(Product::Prediction, MARKET);
        self.screen.heading("    done");
        self.screen
            .note("Position", format!("{position} contracts of {MARKET}"));
        self.screen
            .note("Balance", format!("{balance:.2} dollars of {DEPOSIT}"));
        self.screen
            .note("Frames", format!("{} shown", self.screen.frames));
        self.screen
            .note("Time", format!("{:.2} s", elapsed.as_secs_f64()));
    }

    /// Sends an order and shows it.
    async fn order(&mut self, order: &NewOrderSingle<'_>) -> Done {
        let sequence = self.orders()?.send(order).await.map_err(text)?;
        show_sent(
            &mut self.screen,
            self.header.as_ref(),
            "KalshiNR",
            sequence,
            order,
        )
    }

    /// Waits for the next report, which must be of this order and say this.
    async fn report(
        &mut self,
        id: &str,
        exec_type: ExecType,
        ord_status: OrdStatus,
    ) -> Result<ExecutionReport<'static>, String> {
        let session = self.orders.as_mut().ok_or("no order entry session")?;
        match next(&mut self.screen, "KalshiNR", session).await? {
            Message::ExecutionReport(report)
                if report.cl_ord_id == id
                    && report.exec_type == exec_type
                    && report.ord_status == ord_status =>
            {
                Ok(report)
            }
            other => Err(unexpected(
                &format!("{exec_type:?} of {id}, {ord_status:?}"),
                &other,
            )),
        }
    }

    /// Takes the next change of the book.
    async fn follow(&mut self) -> Done {
        let session = self.data.as_mut().ok_or("no market data session")?;
        match next(&mut self.screen, "KalshiMD", session).await? {
            Message::MarketDataIncrementalRefresh(increment) => self.book.change(&increment),
            other => return Err(unexpected("a change of the book", &other)),
        }
        Ok(())
    }

    /// A client with an API key of its own: the exchange takes one connection per key.
    fn client(&mut self) -> Result<Client<Prediction>, String> {
        let stage = self.stage.as_ref().ok_or("no exchange")?;
        let credentials = stage.us.credentials(self.key.as_ref().ok_or("no key")?);
        let header = SessionHeader::new("FIXT.1.1", credentials.key_id(), "Kalshi");
        self.header = Some(header.map_err(text)?);
        let options = LogonOptions::<Prediction>::default()
            .skip_pending_exec_reports(true)
            .always_emit_new_before_trade(true);
        stage
            .gateway
            .client_builder(credentials)
            .logon(options)
            .build()
            .map_err(text)
    }

    fn orders(&self) -> Result<&Session<NR>, String> {
        self.orders
            .as_ref()
            .ok_or_else(|| "no order entry session".to_owned())
    }

    fn fails(&self, step: Step) -> bool {
        self.arguments.fault == Some(step)
    }

    /// Has the exchange misbehave, if this step is to fail.
    fn inject(&self, step: Step, fault: Fault) -> Done {
        if self.fails(step) {
            self.stage.as_ref().ok_or("no exchange")?.gateway.inject(fault);
        }
        Ok(())
    }
}

fn buy(id: &str, price: i64, contracts: i64) -> NewOrderSingle<'_> {
    NewOrderSingle {
        time_in_force: Some(TimeInForce::GoodTillCancel),
        ..NewOrderSingle::new(
            id,
            Decimal::from(contracts),
            OrdType::Limit,
            cents(price),
            FixSide::Buy,
            MARKET,
        )
    }
}

/// An order of the house's, which needs no connection.
fn quote(house: &Member, side: Side, price: i64, contracts: i64) -> Done {
    let id = format!("house {side:?} {contracts} at {price}");
    let order = NewOrder::limit(
        &id,
        MARKET,
        side,
        Price::from_cents(price),
        Quantity::from_contracts(contracts),
    );
    match house.place(Product::Prediction, order) {
        Ok(_) => Ok(()),
        Err(reason) => Err(format!("the house's order was rejected: {}", reason.text())),
    }
}

fn cents(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

const MARKET: &str = "HIGHNY-23DEC31";
/// What we start with, in dollars.
const DEPOSIT: i64 = 1_000;
