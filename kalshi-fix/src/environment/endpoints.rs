//! Where sessions connect to, with what the user overrides.

use std::fmt;
use std::net::IpAddr;

use super::{Environment, Product, SessionKind};

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
}
