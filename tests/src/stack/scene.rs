//! The whole stack on the loopback interface: a client, TLS, the proxy, a simulated exchange, and a witness beside it.

use std::error::Error;
use std::io;
use std::time::Duration;

use kalshi_fix::client::{Client, ClientBuilder, LogonOptions, Receiver};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{NewOrder, Price, Quantity, Side};
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::prediction::{NewOrderSingle, Prediction, fields};
use kalshi_fix::reconnect::ReconnectPolicy;
use rust_decimal::Decimal;

use super::ledger::Fault;
use crate::proxy::{BURST, Plan, Proxy};

/// An exchange with a market in which every order finds the other side, and a member whose orders go through a proxy.
#[derive(Debug)]
pub struct Scene {
    /// The exchange.
    pub gateway: Gateway,
    /// What stands between it and the client.
    pub proxy: Proxy,
    /// Whose orders they are.
    pub trader: Member,
    key: PrivateKey,
    _maker: Member,
}

impl Scene {
    /// Starts it; `plan` says what goes wrong on each connection of the client's to this kind of session.
    pub async fn start(
        kind: SessionKind,
        plan: impl FnMut() -> Plan + Send + 'static,
    ) -> Result<Scene, Box<dyn Error>> {
        let gateway = Gateway::builder().market(MARKET).start().await?;
        let address = gateway
            .address(Product::Prediction, kind)
            .ok_or_else(|| io::Error::other(format!("the exchange does not serve {kind}")))?;
        let maker = gateway.member();
        let trader = gateway.member();
        for member in [&maker, &trader] {
            member.deposit(Product::Prediction, WEALTH);
        }
        for (side, cents) in [(Side::Sell, OFFER), (Side::Buy, BID)] {
            quote(&maker, side, cents)?;
        }
        Ok(Scene {
            proxy: Proxy::start(address, plan).await?,
            gateway,
            trader,
            key: PrivateKey::from_pem(KEY)?,
            _maker: maker,
        })
    }

    /// A client of the trader's whose sessions of this kind go through the proxy, with one report an order.
    pub fn client(&self, kind: SessionKind) -> ClientBuilder<Prediction> {
        let port = self.proxy.port();
        self.gateway
            .client_builder(self.trader.credentials(&self.key))
            .endpoints(|endpoints| endpoints.port(kind, port))
            .logon(LogonOptions::default().skip_pending_exec_reports(true))
            .heartbeat(HEARTBEAT)
            .reconnect(eager())
    }

    /// A new API key of the trader's, for another process that has the [private key](KEY).
    #[must_use]
    pub fn key_id(&self) -> String {
        self.trader.add_key(self.key.public_key())
    }

    /// Hears all that the exchange says of the trader's orders, without the proxy in between.
    pub async fn witness(&self) -> Result<Receiver<NR>, Box<dyn Error>> {
        let client: Client<Prediction> = self
            .gateway
            .client_builder(self.trader.credentials(&self.key))
            .logon(LogonOptions::default().skip_pending_exec_reports(true))
            .build()?;
        Ok(client.order_entry_listener().await?)
    }

    /// Whether the client hurried to connect again. The proxy may take note of a connection late, by this much.
    pub fn check_pace(&self, late: Duration) -> Result<(), Fault> {
        let least = (SPACING * (BURST as u32 - 1)).saturating_sub(late);
        match self.proxy.densest() {
            Some(took) if took < least => Err(format!(
                "{BURST} attempts to connect within {took:?}, {least:?} would be the least"
            )),
            _ => Ok(()),
        }
    }

    /// Has the exchange say something that the witness knows for the last word ([`LAST_WORD`]).
    pub fn last_word(&self) -> Result<(), Box<dyn Error>> {
        let (price, one) = (cents(1)?, contracts(1)?);
        let order = NewOrder::limit(LAST_WORD, MARKET, Side::Buy, price, one);
        self.trader
            .place(Product::Prediction, order)
            .map(drop)
            .map_err(|reason| format!("the last order was rejected: {reason:?}").into())
    }
}

/// The order with this number. Most are filled at once; some find nothing at their price and are cancelled at once; some
/// are rejected. Each gets one report.
#[must_use]
pub fn order(id: u64, cl_ord_id: &str) -> NewOrderSingle<'_> {
    let buys = id.is_multiple_of(2);
    let finds = !id.is_multiple_of(5);
    let (side, cents) = match (buys, finds) {
        (true, true) => (fields::Side::Buy, OFFER),
        (true, false) => (fields::Side::Buy, BID),
        (false, true) => (fields::Side::Sell, BID),
        (false, false) => (fields::Side::Sell, OFFER),
    };
    let symbol = if id.is_multiple_of(17) { "NOWHERE" } else { MARKET };
    NewOrderSingle {
        time_in_force: Some(fields::TimeInForce::ImmediateOrCancel),
        ..NewOrderSingle::new(
            cl_ord_id,
            Decimal::ONE,
            fields::OrdType::Limit,
            Decimal::new(cents, 2),
            side,
            symbol,
        )
    }
}

/// Connects again soon, but never sooner than [`SPACING`] after the attempt before.
fn eager() -> ReconnectPolicy {
    let mut policy = ReconnectPolicy::default();
    policy.backoff = Duration::from_millis(20);
    policy.longest_backoff = Duration::from_millis(500);
    policy.spacing = SPACING;
    policy.key_in_use_interval = Duration::from_millis(200);
    policy.maintenance = Vec::new();
    policy
}

fn quote(maker: &Member, side: Side, price: i64) -> Result<(), Box<dyn Error>> {
    let id = format!("quote-{price}");
    let order = NewOrder::limit(&id, MARKET, side, cents(price)?, contracts(DEPTH)?);
    maker
        .place(Product::Prediction, order)
        .map(drop)
        .map_err(|reason| format!("a quote was rejected: {reason:?}").into())
}

fn cents(cents: i64) -> Result<Price, Box<dyn Error>> {
    Price::from_dollars(Decimal::new(cents, 2)).ok_or_else(|| "no price".into())
}

fn contracts(count: i64) -> Result<Quantity, Box<dyn Error>> {
    Quantity::from_decimal(Decimal::from(count)).ok_or_else(|| "no quantity".into())
}

/// The market.
pub const MARKET: &str = "HIGHNY-23DEC31";
/// What the trader's ClOrdIDs begin with, before a number.
pub const PREFIX: &str = "s";
/// The ClOrdID of the exchange's [last word](Scene::last_word).
pub const LAST_WORD: &str = "last word";
/// The least time from one attempt to connect to the next.
pub const SPACING: Duration = Duration::from_secs(1);
/// The shortest that the venue takes on prediction.
const HEARTBEAT: Duration = Duration::from_secs(4);
/// The maker's prices, in cents.
const OFFER: i64 = 60;
const BID: i64 = 40;
/// How many contracts the maker has on each side, and dollars enough for them and for all fees.
const DEPTH: i64 = 50_000_000;
const WEALTH: i64 = 1_000_000_000;
/// The private key of every session here; a test's own, and no secret.
pub const KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");
