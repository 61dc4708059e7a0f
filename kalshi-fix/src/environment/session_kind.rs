//! The kinds of session, and what each does.

use std::fmt;

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

    pub(super) const fn index(self) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
