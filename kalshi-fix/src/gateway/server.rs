//! A running exchange, and its members.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::builder::{GatewayBuilder, StartError};
use super::exchange::{
    AccountKey, Cancel, Command, ExchangeStatus, MarketStatus, Money, NewOrder, OperationError, Order,
    OrderEvent, OrderId, OrderReport, Origin, Outcome, Output, OwnerId, Quantity, RejectReason, SessionId,
    Side, Target,
};
use super::fault::Fault;
use super::hub::Hub;
use super::listen::Port;
use crate::client::{Client, ClientBuilder, KalshiProduct};
use crate::credentials::{Credentials, KeyRing, KeyUse, PrivateKey, PublicKey};
use crate::environment::{Endpoints, Environment, Product, SessionKind};
use crate::transport::TlsSettings;

/// A simulated exchange on loopback ports of this machine. Dropping it closes every connection.
///
/// See the [module](super) for an example, for what it does and for where it differs from the venue.
pub struct Gateway {
    hub: Arc<Hub>,
    addresses: BTreeMap<Port, SocketAddr>,
    root: String,
    /// Ends with the gateway: dropping the set aborts its tasks.
    tasks: JoinSet<()>,
    closing: watch::Sender<bool>,
}

impl Gateway {
    /// Starts to put an exchange together.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::new()
    }

    /// An exchange with one prediction market, `HIGHNY-23DEC31`, and one margin market, `BTC-PERP`. Dropping the future
    /// before it is ready starts nothing.
    pub async fn start() -> Result<Gateway, StartError> {
        Gateway::builder()
            .market("HIGHNY-23DEC31")
            .margin_market("BTC-PERP")
            .start()
            .await
    }

    pub(super) fn new(
        hub: Arc<Hub>,
        addresses: BTreeMap<Port, SocketAddr>,
        root: String,
        tasks: JoinSet<()>,
        closing: watch::Sender<bool>,
    ) -> Gateway {
        Gateway {
            hub,
            addresses,
            root,
            tasks,
            closing,
        }
    }

    /// Takes no further connections, logs everybody out, and waits until all connections are over and what is kept of
    /// sessions is free for another gateway: a few seconds at most. Dropping a gateway does the same at once, without a
    /// word, and frees what is kept a little later. Dropping the future is dropping the gateway.
    pub async fn close(mut self) {
        self.closing.send_replace(true);
        // A connection whose peer does nothing is over when its logout has waited long enough.
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSING, ended).await.is_err() {
            tracing::warn!("connections that did not end in time are closed");
        }
        self.hub.let_go();
    }

    /// Where sessions of this kind are served; `None` for those that the product does not have.
    #[must_use]
    pub fn address(&self, product: Product, kind: SessionKind) -> Option<SocketAddr> {
        self.addresses.get(&Port::tls(product, kind)).copied()
    }

    /// Where sessions of this kind are served without TLS, where that was [asked for](GatewayBuilder::plaintext).
    #[must_use]
    pub fn plaintext_address(&self, product: Product, kind: SessionKind) -> Option<SocketAddr> {
        self.addresses.get(&Port::plaintext(product, kind)).copied()
    }

    /// How many sessions of a kind are logged on.
    #[must_use]
    pub fn sessions(&self, product: Product, kind: SessionKind) -> usize {
        self.hub.sessions(product, kind)
    }

    /// The addresses of a product's sessions, as a client wants them.
    #[must_use]
    pub fn endpoints(&self, product: Product) -> Endpoints {
        self.point(product, Endpoints::new(product, Environment::Loopback))
    }

    /// The certificate to trust, as PEM.
    #[must_use]
    pub fn root_certificate(&self) -> &str {
        &self.root
    }

    /// TLS settings that trust this exchange and nobody else.
    #[must_use]
    pub fn tls(&self) -> TlsSettings {
        let trusting_nobody = TlsSettings::new().without_system_roots();
        // The certificate was made by this process, so it can be read; a client that trusts nobody is the safe answer.
        trusting_nobody
            .clone()
            .roots_from_pem(&self.root)
            .unwrap_or(trusting_nobody)
    }

    /// A new member, with the builder's deposit in each product.
    #[must_use]
    pub fn member(&self) -> Member {
        Member {
            hub: Arc::clone(&self.hub),
            owner: self.hub.add_member(),
        }
    }

    /// A client builder that knows this exchange, for the key or the [keys](Member::key_ring) that a [`Member`] has handed
    /// out.
    pub fn client_builder<D: KalshiProduct>(&self, keys: impl Into<KeyRing>) -> ClientBuilder<D> {
        Client::<D>::builder(Environment::Loopback)
            .endpoints(|endpoints| self.point(D::PRODUCT, endpoints))
            .tls(self.tls())
            .credentials(keys)
    }

    /// Has something go wrong, as often as the fault says.
    pub fn inject(&self, fault: Fault) {
        self.hub.faults().add(fault);
    }

    /// Takes back all faults that have not struck yet, or that would go on.
    pub fn clear_faults(&self) {
        self.hub.faults().clear();
    }

    /// Ends all connections, without a word, and refuses logons with the text `maintenance` until
    /// [`end_maintenance`](Gateway::end_maintenance). What happens to trading is said by
    /// [`set_status`](Gateway::set_status). Returns whether it has begun: it may be under way already.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn begin_maintenance(&self) -> bool {
        let begins = self.hub.set_maintenance(true);
        self.hub.disconnect();
        begins
    }

    /// Takes logons again; whether a [maintenance](Gateway::begin_maintenance) was under way.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn end_maintenance(&self) -> bool {
        self.hub.set_maintenance(false)
    }

    /// Stops or resumes trading in a market, or closes it. One that has closed can be opened again; one that is
    /// determined or settled stays so.
    pub fn set_market_status(
        &self,
        product: Product,
        symbol: &str,
        status: MarketStatus,
    ) -> Result<(), OperationError> {
        self.hub
            .operate(product, Command::SetMarketStatus(symbol.into(), status))
    }

    /// Says what a prediction market's contracts turned out to be worth: its orders end, and its positions wait to be
    /// [paid out](Gateway::settle). Until then another outcome can replace the first.
    pub fn determine(&self, symbol: &str, outcome: Outcome) -> Result<(), OperationError> {
        self.end_market(Command::Determine(symbol.into(), outcome))
    }

    /// Pays out the positions in a market that is [determined](Gateway::determine).
    pub fn settle(&self, symbol: &str) -> Result<(), OperationError> {
        self.end_market(Command::Settle(symbol.into()))
    }

    /// What only prediction markets come to. A margin market is not unknown for that.
    fn end_market(&self, command: Command) -> Result<(), OperationError> {
        let symbol = match self.hub.operate(Product::Prediction, command) {
            Err(OperationError::UnknownMarket { symbol }) => symbol,
            result => return result,
        };
        let is_margin = self
            .hub
            .look(Product::Margin, |exchange| exchange.book(&symbol).is_some());
        Err(if is_margin {
            OperationError::NoOutcome { symbol }
        } else {
            OperationError::UnknownMarket { symbol }
        })
    }

    /// Pauses or resumes a product's exchange.
    pub fn set_status(&self, product: Product, status: ExchangeStatus) -> Result<(), OperationError> {
        self.hub.operate(product, Command::SetStatus(status))
    }

    /// The best bid and the best offer of a market, in dollars.
    #[must_use]
    pub fn best(&self, product: Product, symbol: &str) -> (Option<Decimal>, Option<Decimal>) {
        self.hub.look(product, |exchange| {
            let book = exchange.book(symbol);
            let best = |side| {
                book.and_then(|book| book.best(side))
                    .map(super::exchange::Price::dollars)
            };
            (best(Side::Buy), best(Side::Sell))
        })
    }

    /// The levels of one side of a market's book, best first: prices in dollars, and contracts.
    #[must_use]
    pub fn levels(&self, product: Product, symbol: &str, side: Side) -> Vec<(Decimal, Decimal)> {
        self.hub.look(product, |exchange| {
            let book = exchange.book(symbol);
            book.map_or_else(Vec::new, |book| {
                book.levels(side)
                    .map(|(price, size)| (price.dollars(), size.decimal()))
                    .collect()
            })
        })
    }

    fn point(&self, product: Product, endpoints: Endpoints) -> Endpoints {
        product
            .sessions()
            .iter()
            .fold(endpoints, |endpoints, kind| match self.address(product, *kind) {
                Some(address) => endpoints
                    .host(*kind, address.ip().to_string())
                    .port(*kind, address.port()),
                None => endpoints,
            })
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gateway")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// A member of the simulated exchange: money, positions, API keys. Cheap to clone.
///
/// It can log on with its keys, and trade without a connection too ([`place`](Member::place)): the other side of a test.
#[derive(Clone)]
pub struct Member {
    hub: Arc<Hub>,
    owner: OwnerId,
}

impl Member {
    /// Registers a key, and returns the API key's id. The exchange takes one connection per id; the same key can be
    /// registered for several.
    #[must_use]
    pub fn add_key(&self, key: PublicKey) -> String {
        self.hub.add_key(self.owner, key)
    }

    /// Registers a key, and returns what logs on with it. Call it once for each session that is to run at a time.
    ///
    /// # Panics
    ///
    /// Never: the exchange makes ids that are valid ones.
    #[must_use]
    pub fn credentials(&self, key: &PrivateKey) -> Credentials {
        let key_id = self.add_key(key.public_key());
        Credentials::new(key_id, key.clone()).expect("an id made by the exchange is a valid one")
    }

    /// Registers a key for every use at once, under an id for each, so that one client can have all of its sessions open at
    /// the same time.
    ///
    /// ```
    /// # use kalshi_fix::credentials::PrivateKey;
    /// # use kalshi_fix::gateway::Gateway;
    /// # use kalshi_fix::prediction::Prediction;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = PrivateKey::generate()?;
    /// let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
    /// let client = gateway.client_builder::<Prediction>(gateway.member().key_ring(&key)).build()?;
    /// let (orders, books) = (client.order_entry().await?, client.market_data().await?);
    /// # let _ = (orders.close().await, books.close().await);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn key_ring(&self, key: &PrivateKey) -> KeyRing {
        let uses = KeyUse::all();
        uses.fold(KeyRing::empty(), |ring, key_use| {
            ring.with(key_use, self.credentials(key))
        })
    }

    /// Pays money in, in dollars (out, where it is negative).
    pub fn deposit(&self, product: Product, dollars: i64) {
        self.hub.look(product, |exchange| {
            exchange.deposit(self.owner, 0, Money::from_dollars(dollars));
        });
    }

    /// Opens an account for a customer of this member on the prediction exchange, under the PartyID (448) by which orders name it, and
    /// pays in as many dollars (on index 0). Whether it could: an id that is another member's stays so.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn add_customer(&self, party_id: &str, dollars: i64) -> bool {
        self.hub.look(Product::Prediction, |exchange| {
            let customer = exchange.add_customer(self.owner, party_id);
            if let Some(customer) = customer {
                let account = AccountKey::of_customer(self.owner, customer);
                exchange.deposit_to(account, Money::from_dollars(dollars));
            }
            customer.is_some()
        })
    }

    /// Pays money in on an exchange index (shard), in dollars (out, where it is negative).
    pub fn deposit_on(&self, product: Product, exchange_index: u32, dollars: i64) {
        self.hub.look(product, |exchange| {
            exchange.deposit_on(self.owner, exchange_index, 0, Money::from_dollars(dollars));
        });
    }

    /// What the member has, in dollars: all of it, and what no open order holds back.
    #[must_use]
    pub fn balance(&self, product: Product) -> (Decimal, Decimal) {
        self.hub.look(product, |exchange| {
            exchange
                .account(self.owner, 0)
                .map_or_else(Default::default, |account| {
                    (account.balance().dollars(), account.available().dollars())
                })
        })
    }

    /// The member's position in a market: contracts, negative where it is short.
    #[must_use]
    pub fn position(&self, product: Product, symbol: &str) -> Decimal {
        self.hub.look(product, |exchange| {
            let position = exchange
                .account(self.owner, 0)
                .map(|account| account.position(symbol).quantity);
            position.unwrap_or(Quantity::ZERO).decimal()
        })
    }

    /// Enters an order without a connection. What it leads to reaches the other sides as usual; the order as it is
    /// afterwards is returned.
    pub fn place(&self, product: Product, order: NewOrder) -> Result<Order, RejectReason> {
        let cl_ord_id = order.cl_ord_id.clone();
        let outputs = self.hub.apply(product, Command::NewOrder(self.origin(), order));
        let mut last = Err(RejectReason::InternalError);
        for OrderReport { order, event, .. } in outputs.into_iter().filter_map(own_report) {
            if order.origin == self.origin() && order.cl_ord_id == cl_ord_id {
                last = match event {
                    OrderEvent::Rejected(reason) => Err(reason),
                    _ => Ok(order),
                };
            }
        }
        last
    }

    /// Ends an order that was [placed](Member::place); whether it was still open.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn cancel(&self, product: Product, order: &Order) -> bool {
        let open = |exchange: &mut super::exchange::Exchange| exchange.order(order.id).cloned();
        let Some(Order {
            cl_ord_id,
            symbol,
            side,
            subaccount,
            party,
            ..
        }) = self.hub.look(product, open)
        else {
            return false;
        };
        let target = Target {
            orig_cl_ord_id: cl_ord_id,
            order_id: None,
            symbol,
            side,
            subaccount,
            party,
        };
        let cancel = Cancel {
            cl_ord_id: format!("cancel {}", order.id).into(),
            target,
        };
        self.hub.apply(product, Command::Cancel(self.origin(), cancel));
        !self.is_open(product, order.id)
    }

    /// Whether an order is open.
    #[must_use]
    pub fn is_open(&self, product: Product, order: OrderId) -> bool {
        self.hub.look(product, |exchange| exchange.order(order).is_some())
    }

    /// Members have a session of their own that is not logged on.
    fn origin(&self) -> Origin {
        Origin {
            session: SessionId(self.owner.0),
            owner: self.owner,
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Member")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

fn own_report(output: Output) -> Option<OrderReport> {
    match output {
        Output::Order(report) => Some(Arc::unwrap_or_clone(report)),
        _ => None,
    }
}

/// How long all connections together may take to end.
const CLOSING: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Gateway;

    #[tokio::test]
    async fn a_margin_market_is_not_unknown_for_having_no_outcome() {
        let gateway = Gateway::builder()
            .market("HIGHNY-23DEC31")
            .margin_market("BTC-PERP")
            .start()
            .await
            .unwrap();
        let check = |ended: Result<(), OperationError>, expected: &str| {
            assert_eq!(ended.unwrap_err().to_string(), expected);
        };
        for symbol in ["BTC-PERP", "NOWHERE"] {
            let expected = match symbol {
                "NOWHERE" => "no market \"NOWHERE\" is listed",
                _ => "\"BTC-PERP\" is a margin market, which has no outcome",
            };
            check(gateway.settle(symbol), expected);
            check(gateway.determine(symbol, Outcome::Yes), expected);
        }
        gateway.determine("HIGHNY-23DEC31", Outcome::Yes).unwrap();
        gateway.settle("HIGHNY-23DEC31").unwrap();
    }
}
