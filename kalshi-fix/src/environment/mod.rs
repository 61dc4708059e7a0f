//! Where the venue is and what each of its sessions does, as data.
//!
//! Everything here comes from the venue's connectivity pages (August 2026). Nothing in this module opens a socket;
//! [`Endpoints`] only says where one would go, and refuses places that nobody allowed.

mod endpoints;
mod session_kind;

use std::fmt;
use std::str::FromStr;

pub use endpoints::{Endpoint, Endpoints, EnvironmentError};
pub use session_kind::{HostClass, ResetOnLogon, SessionKind, SessionProfile};

/// One of the venue's two products. Each has hosts, keys and a dialect of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Product {
    /// Event contracts: prices within one dollar, quantities in steps of 0.01.
    Prediction,
    /// Margin trading of perpetuals ("perps"): prices in dollars, whole contracts.
    Margin,
}

impl Product {
    /// `prediction` or `margin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Product::Prediction => "prediction",
            Product::Margin => "margin",
        }
    }

    /// The other one of the two.
    #[must_use]
    pub const fn other(self) -> Product {
        match self {
            Product::Prediction => Product::Margin,
            Product::Margin => Product::Prediction,
        }
    }

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
        f.write_str(self.name())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_read_by_name() {
        assert_eq!("Demo".parse(), Ok(Environment::Demo));
        assert_eq!(
            "live".parse::<Environment>().unwrap_err().to_string(),
            "no environment is named \"live\": expected production, demo or loopback"
        );
    }
}
