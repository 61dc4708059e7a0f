//! Several keys for several sessions.

use std::fmt;

use super::Credentials;
use super::error::CredentialsError;
use super::source::Variables;
use crate::environment::{Product, SessionKind};

/// What a key is used for: one session of a kind, or one that listens to its reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// A session of this kind.
    Session(SessionKind),
    /// A listener session of this kind. A read-only key is enough.
    Listener(SessionKind),
}

impl KeyUse {
    /// Every use, the sessions first.
    pub fn all() -> impl Iterator<Item = KeyUse> {
        let listeners = SessionKind::ALL
            .into_iter()
            .filter(|kind| kind.profile().carries_orders);
        let sessions = SessionKind::ALL.into_iter().map(KeyUse::Session);
        sessions.chain(listeners.map(KeyUse::Listener))
    }

    /// The kind of session.
    #[must_use]
    pub const fn kind(self) -> SessionKind {
        match self {
            KeyUse::Session(kind) | KeyUse::Listener(kind) => kind,
        }
    }
}

impl From<SessionKind> for KeyUse {
    fn from(kind: SessionKind) -> KeyUse {
        KeyUse::Session(kind)
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyUse::Session(kind) => kind.fmt(f),
            KeyUse::Listener(kind) => write!(f, "a listener on {kind}"),
        }
    }
}

/// Which key each session logs on with.
///
/// The venue takes one connection per key, so that sessions which are to be open at the same time need one each. What has no
/// key of its own uses the usual one. One [`Credentials`] becomes a ring of nothing but a usual key.
///
/// ```
/// use kalshi_fix::credentials::{Credentials, KeyRing, KeyUse, PrivateKey};
/// use kalshi_fix::environment::SessionKind;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = PrivateKey::generate()?;
/// let ring = KeyRing::new(Credentials::new("orders-key", key.clone())?)
///     .with(SessionKind::MarketData, Credentials::new("data-key", key.clone())?)
///     .with(KeyUse::Listener(SessionKind::OrderEntry), Credentials::new("read-only-key", key)?);
/// assert_eq!(ring.find(SessionKind::MarketData)?.key_id(), "data-key");
/// assert_eq!(ring.find(SessionKind::OrderEntry)?.key_id(), "orders-key");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    usual: Option<Credentials>,
    own: Vec<(KeyUse, Credentials)>,
    /// The product whose variables the keys come from, if they do.
    variables_of: Option<Product>,
}

impl KeyRing {
    /// This key for every use.
    #[must_use]
    pub fn new(usual: Credentials) -> KeyRing {
        KeyRing {
            usual: Some(usual),
            ..KeyRing::default()
        }
    }

    /// No key yet: all come from the variables of a product.
    pub(super) fn of_variables(product: Product) -> KeyRing {
        KeyRing {
            variables_of: Some(product),
            ..KeyRing::default()
        }
    }

    /// No key: for those that have one for each use, and none for all others.
    #[must_use]
    pub fn empty() -> KeyRing {
        KeyRing::default()
    }

    /// This key for every use that has none of its own.
    #[must_use]
    pub fn usual(mut self, credentials: Credentials) -> KeyRing {
        self.usual = Some(credentials);
        self
    }

    /// This key for one use, instead of the one that it had.
    #[must_use]
    pub fn with(mut self, key_use: impl Into<KeyUse>, credentials: Credentials) -> KeyRing {
        let key_use = key_use.into();
        self.own.retain(|(known, _)| *known != key_use);
        self.own.push((key_use, credentials));
        self
    }

    /// The key for a use.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::NoKeyFor`] when it has none of its own and there is no usual one.
    pub fn find(&self, key_use: impl Into<KeyUse>) -> Result<&Credentials, CredentialsError> {
        let key_use = key_use.into();
        let own = self.own.iter().find(|(known, _)| *known == key_use);
        own.map(|(_, credentials)| credentials)
            .or(self.usual.as_ref())
            .ok_or_else(|| CredentialsError::NoKeyFor {
                key_use,
                variables: self.variables_of.map(|product| {
                    [Some(key_use), None].map(|key_use| Variables::new(product, key_use).key_id)
                }),
            })
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.usual.is_none() && self.own.is_empty()
    }
}

impl From<Credentials> for KeyRing {
    fn from(usual: Credentials) -> KeyRing {
        KeyRing::new(usual)
    }
}
