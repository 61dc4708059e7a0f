//! Where the venue is and what each of its sessions does, as data.
//!
//! Everything here comes from the venue's connectivity pages (August 2026). Nothing in this module opens a socket;
//! [`Endpoints`] only says where one would go, and refuses places that nobody allowed.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// One of the venue's two products. Each has hosts, keys and a dialect of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Product {
    /// Event contracts: prices within one dollar, quantities in steps of 0.01.
    Prediction,
    /// Margin trading of perpetuals ("perps"): prices in dollars, whole contracts.
    Margin,
}

impl Product {
    /// The sessions that this product offers, order entry first.
    #[must_use]
    pub const fn sessions(self) -> &'static [SessionKind] {
        match self {
            Product::Prediction => &SessionKind::ALL,
            Product::Margin => &[
                SessionKind::OrderEntry,
                SessionKind::OrderEntryRetransmitting,
                SessionKind::DropCopy,
                SessionKind::MarketData,
            ],
        }
    }

    /// Whether this product has sessions of this kind.
    #[must_use]
    pub fn offers(self, kind: SessionKind) -> bool {
        self.sessions().contains(&kind)
    }

    /// The smallest `HeartBtInt (108)` that the venue accepts, in seconds: above 3 on prediction, 3 on margin.
    #[must_use]
    pub const fn minimum_heartbeat_seconds(self) -> u32 {
        match self {
            Product::Prediction => 4,
            Product::Margin => 3,
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Product::Prediction => "prediction",
            Product::Margin => "margin",
        })
    }
}

/// A kind of session. The venue tells them apart by `TargetCompID (56)` and by port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// `KalshiNR`: orders, mass cancel and order groups, without retransmission.
    OrderEntry,
    /// `KalshiRT`: orders, order groups and RFQ creation, with retransmission.
    OrderEntryRetransmitting,
    /// `KalshiDC`: replay of the execution reports of the last three hours, on request.
    DropCopy,
    /// `KalshiPT`: settlement reports, with retransmission.
    PostTrade,
    /// `KalshiRFQ`: requests for quotes, for those who make them.
    Rfq,
    /// `KalshiMD`: books, trades and trading status, on hosts of its own.
    MarketData,
}

impl SessionKind {
    /// Every kind.
    pub const ALL: [SessionKind; 6] = [
        SessionKind::OrderEntry,
        SessionKind::OrderEntryRetransmitting,
        SessionKind::DropCopy,
        SessionKind::PostTrade,
        SessionKind::Rfq,
        SessionKind::MarketData,
    ];

    /// What sessions of this kind do.
    #[must_use]
    pub const fn profile(self) -> &'static SessionProfile {
        match self {
            SessionKind::OrderEntry => &SessionProfile {
                target_comp_id: "KalshiNR",
                port: 8228,
                host_class: HostClass::OrderEntry,
                retransmission: false,
                reset_on_logon: ResetOnLogon::Always,
                carries_orders: true,
            },
            SessionKind::OrderEntryRetransmitting => &SessionProfile {
                target_comp_id: "KalshiRT",
                port: 8230,
                host_class: HostClass::OrderEntry,
                retransmission: true,
                reset_on_logon: ResetOnLogon::Optional,
                carries_orders: true,
            },
            SessionKind::DropCopy => &SessionProfile {
                target_comp_id: "KalshiDC",
                port: 8229,
                host_class: HostClass::OrderEntry,
                retransmission: false,
                reset_on_logon: ResetOnLogon::Always,
                carries_orders: false,
            },
            SessionKind::PostTrade => &SessionProfile {
                target_comp_id: "KalshiPT",
                port: 8231,
                host_class: HostClass::OrderEntry,
                retransmission: true,
                reset_on_logon: ResetOnLogon::Optional,
                carries_orders: false,
            },
            SessionKind::Rfq => &SessionProfile {
                target_comp_id: "KalshiRFQ",
                port: 8232,
                host_class: HostClass::OrderEntry,
                retransmission: false,
                reset_on_logon: ResetOnLogon::Always,
                carries_orders: false,
            },
            SessionKind::MarketData => &SessionProfile {
                target_comp_id: "KalshiMD",
                port: 8233,
                host_class: HostClass::MarketData,
                retransmission: false,
                reset_on_logon: ResetOnLogon::Always,
                carries_orders: false,
            },
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for SessionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.profile().target_comp_id)
    }
}

/// What one kind of session does, as the venue documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionProfile {
    /// `TargetCompID (56)` of what the client sends.
    pub target_comp_id: &'static str,
    /// The TCP port, the same on every host of the venue.
    pub port: u16,
    /// Which of the product's two hosts serves it.
    pub host_class: HostClass,
    /// Whether the venue keeps messages and serves a `ResendRequest`.
    pub retransmission: bool,
    /// What `ResetSeqNumFlag (141)` on the logon has to be.
    pub reset_on_logon: ResetOnLogon,
    /// Whether orders live on it, so that `CancelOrdersOnDisconnect` has something to cancel.
    pub carries_orders: bool,
}

/// Which of a product's two hosts serves a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostClass {
    /// The host of every session but market data.
    OrderEntry,
    /// The host of market data.
    MarketData,
}

/// The venue's rule for `ResetSeqNumFlag (141)` on a logon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetOnLogon {
    /// It must be `Y`: each connection counts from 1.
    Always,
    /// `Y` starts anew, `N` resumes where the last connection ended.
    Optional,
}

/// Which installation of the venue is meant. Keys are not shared between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// Real markets and real money.
    Production,
    /// The venue's demo, with play money.
    Demo,
    /// An exchange on this machine, such as the simulated one: `127.0.0.1` and the venue's ports, until
    /// [`Endpoints`] are told others.
    Loopback,
}

impl Environment {
    /// The host of this environment for a product's sessions of a class.
    #[must_use]
    pub const fn host(self, product: Product, class: HostClass) -> &'static str {
        match (self, product, class) {
            (Environment::Production, Product::Prediction, HostClass::OrderEntry) => {
                "mm.fix.elections.kalshi.com"
            }
            (Environment::Production, Product::Prediction, HostClass::MarketData) => {
                "marketdata.fix.elections.kalshi.com"
            }
            (Environment::Production, Product::Margin, HostClass::OrderEntry) => {
                "margin-mm.fix.elections.kalshi.com"
            }
            (Environment::Production, Product::Margin, HostClass::MarketData) => {
                "margin-marketdata.fix.elections.kalshi.com"
            }
            (Environment::Demo, Product::Prediction, HostClass::OrderEntry) => "fix.demo.kalshi.co",
            (Environment::Demo, Product::Prediction, HostClass::MarketData) => {
                "marketdata.fix.demo.kalshi.co"
            }
            (Environment::Demo, Product::Margin, HostClass::OrderEntry) => "margin-fix.demo.kalshi.co",
            (Environment::Demo, Product::Margin, HostClass::MarketData) => {
                "margin-marketdata.fix.demo.kalshi.co"
            }
            (Environment::Loopback, ..) => "127.0.0.1",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Environment::Production => "production",
            Environment::Demo => "demo",
            Environment::Loopback => "loopback",
        })
    }
}

impl FromStr for Environment {
    type Err = EnvironmentError;

    /// Reads `production`, `demo` or `loopback`, in any case.
    fn from_str(name: &str) -> Result<Environment, EnvironmentError> {
        [Environment::Production, Environment::Demo, Environment::Loopback]
            .into_iter()
            .find(|environment| environment.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| EnvironmentError::UnknownEnvironment {
                name: name.to_owned(),
            })
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Endpoint {
    /// A host name or an IP address (without brackets).
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl Endpoint {
    /// Names an endpoint. Nothing is looked up.
    pub fn new(host: impl Into<String>, port: u16) -> Endpoint {
        Endpoint {
            host: host.into(),
            port,
        }
    }

    /// Whether the host is written as this machine: a loopback address, or `localhost`.
    ///
    /// A name that merely resolves to a loopback address does not count: what it resolves to is not ours to say.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(&self.host)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Where the sessions of one product in one environment are, with the user's overrides.
///
/// A host that is neither the venue's nor this machine has to be allowed by name: a typing error in a host would
/// otherwise hand a signed logon to a stranger.
///
/// ```
/// use kalshi_fix::environment::{Endpoints, Environment, Product, SessionKind};
///
/// let venue = Endpoints::new(Product::Prediction, Environment::Demo);
/// assert_eq!(venue.endpoint(SessionKind::OrderEntry)?.to_string(), "fix.demo.kalshi.co:8228");
///
/// let through_a_proxy = venue.host(SessionKind::OrderEntry, "fix-proxy.example");
/// assert!(through_a_proxy.endpoint(SessionKind::OrderEntry).is_err());
/// let allowed = through_a_proxy.allow_unknown_host("fix-proxy.example");
/// assert_eq!(allowed.endpoint(SessionKind::OrderEntry)?.to_string(), "fix-proxy.example:8228");
/// # Ok::<(), kalshi_fix::environment::EnvironmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    product: Product,
    environment: Environment,
    overrides: [Override; SessionKind::ALL.len()],
    allowed_hosts: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Override {
    host: Option<String>,
    port: Option<u16>,
}

impl Endpoints {
    /// The endpoints as the venue documents them.
    #[must_use]
    pub fn new(product: Product, environment: Environment) -> Endpoints {
        Endpoints {
            product,
            environment,
            overrides: Default::default(),
            allowed_hosts: Vec::new(),
        }
    }

    /// The product that these endpoints belong to.
    #[must_use]
    pub fn product(&self) -> Product {
        self.product
    }

    /// The environment that these endpoints belong to.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Uses another host for one kind of session.
    #[must_use]
    pub fn host(mut self, kind: SessionKind, host: impl Into<String>) -> Endpoints {
        self.overrides[kind.index()].host = Some(host.into());
        self
    }

    /// Uses another port for one kind of session.
    #[must_use]
    pub fn port(mut self, kind: SessionKind, port: u16) -> Endpoints {
        self.overrides[kind.index()].port = Some(port);
        self
    }

    /// Uses another host for every kind of session.
    #[must_use]
    pub fn every_host(mut self, host: &str) -> Endpoints {
        for each in &mut self.overrides {
            each.host = Some(host.to_owned());
        }
        self
    }

    /// Allows a host that is not the venue's. Name it exactly as it is configured; case does not matter.
    #[must_use]
    pub fn allow_unknown_host(mut self, host: impl Into<String>) -> Endpoints {
        self.allowed_hosts.push(host.into());
        self
    }

    /// Where sessions of this kind connect to.
    pub fn endpoint(&self, kind: SessionKind) -> Result<Endpoint, EnvironmentError> {
        if !self.product.offers(kind) {
            return Err(EnvironmentError::NoSuchSession {
                product: self.product,
                kind,
            });
        }
        let profile = kind.profile();
        let Override { host, port } = &self.overrides[kind.index()];
        let documented = self.environment.host(self.product, profile.host_class);
        let host = host.as_deref().unwrap_or(documented);
        let port = port.unwrap_or(profile.port);
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            return Err(EnvironmentError::InvalidHost {
                host: host.to_owned(),
                kind,
            });
        }
        if port == 0 {
            return Err(EnvironmentError::InvalidPort { kind });
        }
        let allowed = host.eq_ignore_ascii_case(documented)
            || is_loopback_host(host)
            || self
                .allowed_hosts
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(host));
        if !allowed {
            return Err(EnvironmentError::UnknownHost {
                host: host.to_owned(),
                kind,
                expected: documented,
                environment: self.environment,
            });
        }
        Ok(Endpoint {
            host: host.to_owned(),
            port,
        })
    }
}

/// What is wrong with where a session is to connect to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The product has no such session.
    #[error("{product} has no {kind} session; it has {}", list(product.sessions()))]
    NoSuchSession {
        /// The product asked.
        product: Product,
        /// The session that it does not have.
        kind: SessionKind,
    },
    /// The host is neither the venue's, nor this machine, nor allowed by name.
    #[error(
        "{host:?} is not the host of {kind} in the {environment} environment ({expected}); \
         if it is meant, allow it with allow_unknown_host({host:?})"
    )]
    UnknownHost {
        /// The host that was configured.
        host: String,
        /// The session that it was configured for.
        kind: SessionKind,
        /// The host that the venue documents.
        expected: &'static str,
        /// The environment.
        environment: Environment,
    },
    /// The host is not one: empty, or with spaces, control characters or slashes in it.
    #[error("{host:?}, configured for {kind}, is not a host name or an IP address")]
    InvalidHost {
        /// What was configured.
        host: String,
        /// The session that it was configured for.
        kind: SessionKind,
    },
    /// Port 0 cannot be connected to.
    #[error("port 0, configured for {kind}, cannot be connected to")]
    InvalidPort {
        /// The session that it was configured for.
        kind: SessionKind,
    },
    /// No environment of this name.
    #[error("no environment is named {name:?}: expected production, demo or loopback")]
    UnknownEnvironment {
        /// The name that was read.
        name: String,
    },
}

fn list(kinds: &[SessionKind]) -> String {
    kinds
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn is_loopback_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_endpoints() {
        fn check(product: Product, environment: Environment, kind: SessionKind, expected: &str) {
            let endpoint = Endpoints::new(product, environment).endpoint(kind).unwrap();
            assert_eq!(endpoint.to_string(), expected, "{product} {environment} {kind}");
        }
        use Environment::{Demo, Loopback, Production};
        use Product::{Margin, Prediction};
        check(
            Prediction,
            Production,
            SessionKind::OrderEntry,
            "mm.fix.elections.kalshi.com:8228",
        );
        check(
            Prediction,
            Production,
            SessionKind::DropCopy,
            "mm.fix.elections.kalshi.com:8229",
        );
        check(
            Prediction,
            Production,
            SessionKind::OrderEntryRetransmitting,
            "mm.fix.elections.kalshi.com:8230",
        );
        check(
            Prediction,
            Production,
            SessionKind::PostTrade,
            "mm.fix.elections.kalshi.com:8231",
        );
        check(
            Prediction,
            Production,
            SessionKind::Rfq,
            "mm.fix.elections.kalshi.com:8232",
        );
        check(
            Prediction,
            Production,
            SessionKind::MarketData,
            "marketdata.fix.elections.kalshi.com:8233",
        );
        check(
            Margin,
            Production,
            SessionKind::OrderEntry,
            "margin-mm.fix.elections.kalshi.com:8228",
        );
        check(
            Margin,
            Production,
            SessionKind::MarketData,
            "margin-marketdata.fix.elections.kalshi.com:8233",
        );
        check(
            Prediction,
            Demo,
            SessionKind::OrderEntry,
            "fix.demo.kalshi.co:8228",
        );
        check(
            Prediction,
            Demo,
            SessionKind::MarketData,
            "marketdata.fix.demo.kalshi.co:8233",
        );
        check(
            Margin,
            Demo,
            SessionKind::DropCopy,
            "margin-fix.demo.kalshi.co:8229",
        );
        check(
            Margin,
            Demo,
            SessionKind::MarketData,
            "margin-marketdata.fix.demo.kalshi.co:8233",
        );
        check(Margin, Loopback, SessionKind::OrderEntry, "127.0.0.1:8228");
    }

    #[test]
    fn retransmission_goes_with_an_optional_reset() {
        for kind in SessionKind::ALL {
            let profile = kind.profile();
            let expected = matches!(
                kind,
                SessionKind::OrderEntryRetransmitting | SessionKind::PostTrade
            );
            assert_eq!(profile.retransmission, expected, "{kind}");
            assert_eq!(
                profile.reset_on_logon == ResetOnLogon::Optional,
                expected,
                "{kind}"
            );
        }
    }

    #[test]
    fn overrides_and_refusals() {
        fn check(endpoints: &Endpoints, expected: Result<&str, &str>) {
            let found = endpoints.endpoint(SessionKind::Rfq);
            let found = found
                .map(|endpoint| endpoint.to_string())
                .map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected);
        }
        let production = Endpoints::new(Product::Prediction, Environment::Production);
        check(
            &production.clone().port(SessionKind::Rfq, 9),
            Ok("mm.fix.elections.kalshi.com:9"),
        );
        check(
            &production
                .clone()
                .host(SessionKind::Rfq, "::1")
                .port(SessionKind::Rfq, 9),
            Ok("[::1]:9"),
        );
        check(&production.clone().every_host("LocalHost"), Ok("LocalHost:8232"));
        check(
            &production.clone().host(SessionKind::MarketData, "x"),
            Ok("mm.fix.elections.kalshi.com:8232"),
        );
        let elsewhere = production.clone().host(SessionKind::Rfq, "Proxy.example");
        check(
            &elsewhere,
            Err(
                "\"Proxy.example\" is not the host of KalshiRFQ in the production environment \
                 (mm.fix.elections.kalshi.com); if it is meant, allow it with \
                 allow_unknown_host(\"Proxy.example\")",
            ),
        );
        check(
            &elsewhere.clone().allow_unknown_host("other.example"),
            elsewhere_refused(),
        );
        check(
            &elsewhere.allow_unknown_host("proxy.EXAMPLE"),
            Ok("Proxy.example:8232"),
        );
        // A demo host in production is a mistake that the port would not reveal.
        check(
            &production.clone().every_host("fix.demo.kalshi.co"),
            Err(
                "\"fix.demo.kalshi.co\" is not the host of KalshiRFQ in the production environment \
                 (mm.fix.elections.kalshi.com); if it is meant, allow it with \
                 allow_unknown_host(\"fix.demo.kalshi.co\")",
            ),
        );
        check(
            &production.clone().every_host(""),
            Err("\"\", configured for KalshiRFQ, is not a host name or an IP address"),
        );
        check(
            &production.port(SessionKind::Rfq, 0),
            Err("port 0, configured for KalshiRFQ, cannot be connected to"),
        );
        check(
            &Endpoints::new(Product::Margin, Environment::Demo),
            Err("margin has no KalshiRFQ session; it has KalshiNR, KalshiRT, KalshiDC, KalshiMD"),
        );
    }

    fn elsewhere_refused() -> Result<&'static str, &'static str> {
        Err(
            "\"Proxy.example\" is not the host of KalshiRFQ in the production environment \
             (mm.fix.elections.kalshi.com); if it is meant, allow it with allow_unknown_host(\"Proxy.example\")",
        )
    }

    #[test]
    fn environments_are_read_by_name() {
        assert_eq!("Demo".parse(), Ok(Environment::Demo));
        assert_eq!(
            "live".parse::<Environment>().unwrap_err().to_string(),
            "no environment is named \"live\": expected production, demo or loopback"
        );
    }
}
