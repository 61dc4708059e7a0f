//! From a list of markets to an exchange that listens.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fix_dialect::Profile;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Gateway;
use super::bots::{BotSettings, Bots};
use super::certificate::{Certificate, Issuer};
use super::clock::ManualClock;
use super::exchange::{Market, Money, Rules, Scenario, Time};
use super::hub::Hub;
use super::kept::Keeping;
use super::listen::{Doors, Port, keep, keep_time};
use super::request;
use crate::driver::{Clock, SystemClock};
use crate::environment::{Product, SessionKind};
use crate::rate::{Budgets, Tier};
use crate::transport::TlsError;

/// Puts a [`Gateway`] together.
#[must_use]
pub struct GatewayBuilder {
    markets: Vec<(Product, Market)>,
    collections: Vec<String>,
    deposit: Decimal,
    connections: usize,
    outbound: usize,
    profile: Profile,
    clock: Arc<dyn Clock>,
    keeping: Keeping,
    issuer: Option<Issuer>,
    manual: Option<ManualClock>,
    seed: u64,
    ports: BTreeMap<Port, u16>,
    plaintext: bool,
    logon_timeout: Duration,
    bots: Option<BotSettings>,
    budgets: BTreeMap<u8, Budgets>,
    prediction: Rules,
    margin: Rules,
    scenarios: Vec<(Product, String, Scenario)>,
}

impl GatewayBuilder {
    pub(super) fn new() -> GatewayBuilder {
        GatewayBuilder {
            markets: Vec::new(),
            collections: Vec::new(),
            deposit: Decimal::from(10_000),
            connections: 256,
            outbound: 4 << 20,
            profile: request::USUAL,
            clock: Arc::new(SystemClock),
            keeping: Keeping::default(),
            issuer: None,
            manual: None,
            seed: 0,
            ports: BTreeMap::new(),
            plaintext: false,
            logon_timeout: LOGON_TIMEOUT,
            bots: None,
            budgets: BTreeMap::new(),
            prediction: Rules::prediction(),
            margin: Rules::margin(),
            scenarios: Vec::new(),
        }
    }

    /// Lists a prediction market with whole cents and the venue's usual fees. Its
    /// [symbol](Market::is_symbol) is no other market's of the product.
    pub fn market(self, symbol: &str) -> GatewayBuilder {
        self.list(Product::Prediction, Market::prediction(symbol))
    }

    /// Lists a margin market.
    pub fn margin_market(self, symbol: &str) -> GatewayBuilder {
        self.list(Product::Margin, Market::margin(symbol))
    }

    /// Lets creators of RFQs combine outcomes of prediction markets under this collection's ticker. A combination becomes a
    /// market of its own, on exchange index 1, when it is first asked for.
    pub fn collection(mut self, ticker: &str) -> GatewayBuilder {
        self.collections.push(ticker.to_owned());
        self
    }

    /// Lists a market with a grid and fees of its own.
    pub fn list(mut self, product: Product, market: Market) -> GatewayBuilder {
        self.markets.push((product, market));
        self
    }

    /// What a new member has, in dollars, in each product; 10,000 unless told otherwise.
    pub fn deposit(mut self, dollars: Decimal) -> GatewayBuilder {
        self.deposit = dollars;
        self
    }

    /// The rules and bounds of a product's exchange, other than the usual ones.
    ///
    /// ```
    /// use kalshi_fix::gateway::Gateway;
    /// use kalshi_fix::gateway::exchange::Rules;
    ///
    /// let mut rules = Rules::prediction();
    /// rules.remembered_identifiers = 1_000;
    /// let exchange = Gateway::builder().rules(rules);
    /// ```
    pub fn rules(mut self, rules: Rules) -> GatewayBuilder {
        match rules.product {
            Product::Prediction => self.prediction = rules,
            Product::Margin => self.margin = rules,
        }
        self
    }

    /// How many connections there may be at a time, over all ports; 256 unless told otherwise. Further ones are closed
    /// at once.
    pub fn connections(mut self, most: usize) -> GatewayBuilder {
        self.connections = most;
        self
    }

    /// How many bytes may wait to be read by one client before it is cut off; 4 MiB unless told otherwise, 4 KiB at least.
    pub fn outbound_limit(mut self, bytes: usize) -> GatewayBuilder {
        self.outbound = bytes.max(4 << 10);
        self
    }

    /// What breaches of the dialect's rules in clients' messages lead to: a rule that does not reject is taken note of in
    /// the log, or of nothing. Unless told otherwise every rule rejects but [`Rule::Step`](fix_dialect::Rule::Step),
    /// which only a market can judge.
    ///
    /// Rules without which a request cannot be read reject whatever the profile says: `Required`, `Conditional`,
    /// `NotEmpty`, `Type`, `Listed`, `Once`, `GroupCount` and `DataLength`.
    ///
    /// ```
    /// use kalshi_fix::dialect::{Action, Profile, Rule};
    /// use kalshi_fix::gateway::Gateway;
    ///
    /// // An exchange that knows more tags than the dictionary.
    /// let profile = Profile::strict().with(Rule::Defined, Action::Report);
    /// let exchange = Gateway::builder().market("HIGHNY-23DEC31").validation(profile);
    /// ```
    pub fn validation(mut self, profile: Profile) -> GatewayBuilder {
        self.profile = profile;
        self
    }

    /// Where the exchange's time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> GatewayBuilder {
        self.clock = clock;
        self
    }

    /// Takes the exchange's time from a clock that stands still until it is told to move.
    pub fn manual_clock(mut self, clock: &ManualClock) -> GatewayBuilder {
        self.manual = Some(clock.clone());
        self.clock(Arc::new(clock.clone()))
    }

    /// What chance follows from, in faults that strike by chance and in what they do; 0 unless told otherwise. The same seed
    /// and the same script give the same faults.
    pub fn seed(mut self, seed: u64) -> GatewayBuilder {
        self.seed = seed;
        self
    }

    /// Holds the members of the prediction exchange to the rate limits of this tier. Unless told otherwise there are none.
    ///
    /// Each member has its own buckets, over all its keys and sessions. A request over the limit gets a
    /// BusinessMessageReject (j), a logon a Logout.
    ///
    /// ```
    /// use kalshi_fix::gateway::Gateway;
    /// use kalshi_fix::rate::Tier;
    ///
    /// let exchange = Gateway::builder().market("HIGHNY-23DEC31").rate_tier(Tier::Premier);
    /// ```
    pub fn rate_tier(self, tier: Tier) -> GatewayBuilder {
        self.rate_limits(Product::Prediction, Budgets::prediction(tier))
    }

    /// Holds the members of a product to these rate limits: those of margin are not published.
    pub fn rate_limits(mut self, product: Product, budgets: Budgets) -> GatewayBuilder {
        self.budgets.insert(product as u8, budgets);
        self
    }

    /// Keeps sessions that retransmit in journals under this directory, so that clients resume with a gateway that is
    /// started again. Unless told otherwise they are kept in memory, for as long as the gateway lives.
    ///
    /// Members and their keys are numbered in the order in which they are made: made in the same order again, they have
    /// their sessions again. Orders, money and positions are not kept. One gateway at a time can use a directory.
    pub fn keep_sessions_in(mut self, directory: impl Into<PathBuf>) -> GatewayBuilder {
        self.keeping = Keeping::InDirectory(directory.into());
        self
    }

    /// Has the certificate issued by somebody whom clients know from an earlier start. Unless told otherwise the issuer is new,
    /// and clients need its [root certificate](Gateway::root_certificate).
    pub fn issuer(mut self, issuer: Issuer) -> GatewayBuilder {
        self.issuer = Some(issuer);
        self
    }

    /// Serves sessions of a kind on this loopback port. Unless told otherwise the system chooses one.
    pub fn port(mut self, product: Product, kind: SessionKind, port: u16) -> GatewayBuilder {
        self.ports.insert(Port::tls(product, kind), port);
        self
    }

    /// Serves every kind of session without TLS too, on loopback ports of their own
    /// ([`Gateway::plaintext_address`]): for engines that speak no TLS. The venue has none of these.
    pub fn plaintext(mut self) -> GatewayBuilder {
        self.plaintext = true;
        self
    }

    /// As [`port`](GatewayBuilder::port), for sessions without TLS, which it asks for.
    pub fn plaintext_port(mut self, product: Product, kind: SessionKind, port: u16) -> GatewayBuilder {
        self.ports.insert(Port::plaintext(product, kind), port);
        self.plaintext()
    }

    /// How long a client may take to log on, the TLS handshake not counted; 10 s unless told otherwise.
    pub fn logon_timeout(mut self, timeout: Duration) -> GatewayBuilder {
        self.logon_timeout = timeout;
        self
    }

    /// Has this happen to a market, from the exchange's start on: bots follow what it is worth.
    pub fn scenario(mut self, product: Product, symbol: &str, scenario: Scenario) -> GatewayBuilder {
        self.scenarios.push((product, symbol.to_owned(), scenario));
        self
    }

    /// Has bots trade in every market that is listed now, by the exchange's [seed](GatewayBuilder::seed).
    pub fn bots(mut self, settings: BotSettings) -> GatewayBuilder {
        self.bots = Some(settings);
        self
    }

    /// Makes a certificate and listens, on loopback ports. Dropping the future before it is ready starts nothing, and frees
    /// the ports.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<Gateway, StartError> {
        self.check_symbols()?;
        let issuer = match self.issuer {
            Some(issuer) => issuer,
            None => Issuer::generate()?,
        };
        let certificate = Certificate::issued_by(&issuer)?;
        let millionths = self
            .deposit
            .checked_mul(Decimal::from(1_000_000))
            .and_then(|amount| amount.to_i128());
        let deposit = millionths.ok_or(StartError::Deposit {
            dollars: self.deposit,
        })?;
        let hub = Arc::new(Hub::new(
            self.clock,
            Money::from_millionths(deposit),
            self.keeping,
            self.seed,
            self.budgets,
            [self.prediction, self.margin],
        ));
        if let Some(clock) = &self.manual {
            clock.lead(Arc::clone(&hub));
        }
        for (product, market) in self.markets {
            hub.look(product, |exchange| exchange.list(market));
        }
        let start = Time::from_unix_nanos(hub.clock().utc().unix_nanos());
        for (product, symbol, scenario) in self.scenarios {
            hub.look(product, |exchange| exchange.play(&symbol, &scenario, start));
        }
        for ticker in self.collections {
            hub.look(Product::Prediction, |exchange| exchange.list_collection(&ticker));
        }
        let doors = Doors {
            tls: TlsAcceptor::from(certificate.server),
            ports: self.ports,
            plaintext: self.plaintext,
            outbound: self.outbound,
            profile: self.profile,
            logon_timeout: self.logon_timeout,
            room: Arc::new(Semaphore::new(self.connections)),
        };
        let mut tasks = JoinSet::new();
        let (closing, closes) = watch::channel(false);
        let addresses = doors.open(&hub, &mut tasks, &closes).await?;
        tasks.spawn(keep_time(Arc::clone(&hub), closes.clone()));
        if let Some(settings) = self.bots {
            let bots = Bots::new(Arc::clone(&hub), settings, self.seed);
            match &self.manual {
                None => drop(tasks.spawn(bots.run(closes))),
                Some(clock) => {
                    // It follows the clock for as long as this task goes on.
                    let follower = clock.lead(bots.follow(clock));
                    tasks.spawn(keep(follower, closes));
                }
            }
        }
        Ok(Gateway::new(hub, addresses, certificate.root, tasks, closing))
    }
}

impl GatewayBuilder {
    fn check_symbols(&self) -> Result<(), StartError> {
        let mut listed = BTreeSet::new();
        let markets = self
            .markets
            .iter()
            .map(|(product, market)| (*product, &*market.symbol));
        let collections = self
            .collections
            .iter()
            .map(|ticker| (Product::Prediction, &**ticker));
        for (product, symbol) in markets.chain(collections) {
            if !Market::is_symbol(symbol) {
                return Err(StartError::Symbol {
                    symbol: symbol.to_owned(),
                });
            }
            if !listed.insert((product as u8, symbol)) {
                return Err(StartError::ListedTwice {
                    product,
                    symbol: symbol.to_owned(),
                });
            }
        }
        for (product, symbol, _) in &self.scenarios {
            if !listed.contains(&(*product as u8, symbol)) {
                return Err(StartError::NotListed {
                    product: *product,
                    symbol: symbol.clone(),
                });
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for GatewayBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GatewayBuilder")
            .field("markets", &self.markets)
            .field("deposit", &self.deposit)
            .field("connections", &self.connections)
            .field("outbound", &self.outbound)
            .finish_non_exhaustive()
    }
}

/// Why a gateway could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No certificate could be made.
    #[error("no certificate could be made: {detail}")]
    Certificate {
        /// What the library that makes it said.
        detail: String,
    },
    /// The TLS library refused the certificate.
    #[error("TLS cannot be configured: {0}")]
    Tls(#[source] TlsError),
    /// A port could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where; port 0 stands for one that the system chooses.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The deposit is beyond all money.
    #[error("members cannot be given {dollars} dollars")]
    Deposit {
        /// What was asked for.
        dollars: Decimal,
    },
    /// A market or a collection has a name that no market can have.
    #[error(
        "{symbol:?} is no symbol of a market: that is 1 to 100 printable ASCII characters without spaces"
    )]
    Symbol {
        /// The name.
        symbol: String,
    },
    /// Two markets of a product have the same symbol.
    #[error("the {product} market {symbol} is listed twice")]
    ListedTwice {
        /// Of which product.
        product: Product,
        /// Their symbol.
        symbol: String,
    },
    /// A scenario is to happen to a market that there is not.
    #[error("a scenario is for the {product} market {symbol:?}, which is not listed")]
    NotListed {
        /// Of which product.
        product: Product,
        /// Its symbol.
        symbol: String,
    },
}

/// How long the logon may take unless told otherwise, the TLS handshake not counted.
const LOGON_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(builder: &GatewayBuilder, expected: Result<(), &str>) {
        let checked = builder.check_symbols().map_err(|error| error.to_string());
        assert_eq!(checked, expected.map_err(str::to_owned));
    }

    #[test]
    fn markets_have_names_of_their_own() {
        let builder = GatewayBuilder::new;
        check(&builder().market("M").margin_market("M"), Ok(()));
        check(&builder().market(&"X".repeat(100)), Ok(()));
        for symbol in ["", "A B", "A\u{1}B", "MÄRZ", &"X".repeat(101)] {
            let rule = format!(
                "{symbol:?} is no symbol of a market: that is 1 to 100 printable ASCII characters without spaces"
            );
            check(&builder().market(symbol), Err(&rule));
            check(&builder().margin_market(symbol), Err(&rule));
            check(&builder().collection(symbol), Err(&rule));
        }
        check(
            &builder()
                .market("M")
                .list(Product::Prediction, Market::prediction("M")),
            Err("the prediction market M is listed twice"),
        );
        check(
            &builder().market("M").collection("M"),
            Err("the prediction market M is listed twice"),
        );
        let scenario = |product| builder().market("M").scenario(product, "M", Scenario::new());
        check(&scenario(Product::Prediction), Ok(()));
        check(
            &scenario(Product::Margin),
            Err("a scenario is for the margin market \"M\", which is not listed"),
        );
    }
}
