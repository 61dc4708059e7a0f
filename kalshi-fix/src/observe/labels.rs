//! Which session it is, for people.

use tracing::Span;

use crate::session::{Role, SessionSettings};

/// What a session is called in spans, metrics and logs. Sessions of [`client`](crate::client) have theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Labels {
    /// Which exchange: `prediction` or `margin` on Kalshi. Empty if it is not known.
    pub product: &'static str,
    /// Which of its sessions: `KalshiNR`. Empty if it is not known.
    pub kind: &'static str,
}

impl Labels {
    /// A session of this kind, of this product.
    #[must_use]
    pub const fn new(product: &'static str, kind: &'static str) -> Labels {
        Labels { product, kind }
    }

    /// The span in which all of a session happens.
    pub(crate) fn span(&self, settings: &SessionSettings, role: &Role) -> Span {
        let identity = &settings.identity;
        tracing::info_span!(
            "session",
            product = self.product,
            kind = self.kind,
            role = role_name(role),
            sender_comp_id = %identity.sender_comp_id,
            target_comp_id = identity.target_comp_id.as_deref().unwrap_or_default(),
        )
    }
}

pub(crate) const fn role_name(role: &Role) -> &'static str {
    match role {
        Role::Initiator(_) => "initiator",
        Role::Acceptor => "acceptor",
    }
}
