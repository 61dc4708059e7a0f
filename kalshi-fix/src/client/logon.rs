//! What a client asks for when it logs on.

use std::time::Duration;

use crate::environment::{Product, SessionKind};
use crate::session::Logon;

/// What a client asks for when it logs on, beyond who it is.
///
/// Flags that are off are left out of the logon, which is the venue's default for each. A flag that means nothing on a
/// session is not sent there: one set of options serves all sessions of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogonOptions {
    /// `HeartBtInt (108)`, in whole seconds. The venue wants more than 3 s on prediction, at least 3 s on margin, and
    /// takes 30 s as usual.
    pub heartbeat: Duration,
    /// `UseDollars (21005)`: prices of orders and reports in dollars, rather than in whole cents. On by default, since
    /// prices between two cents cannot be sent otherwise. Prediction only: margin is always in dollars, as market data
    /// is on both.
    pub use_dollars: bool,
    /// `CancelOrdersOnDisconnect (8013)`: the venue cancels the session's orders when its connection ends in any way, a
    /// logout included; on prediction, on all shards. Order entry only.
    pub cancel_orders_on_disconnect: bool,
    /// `EnableIocCancelReport (21007)`: a report for the unfilled rest of an immediate-or-cancel order, which otherwise
    /// ends in silence.
    pub enable_ioc_cancel_report: bool,
    /// `PreserveOriginalOrderQty (21008)`: reports keep the order's first quantity in `OrderQty (38)`.
    pub preserve_original_order_qty: bool,
    /// `SkipPendingExecReports (21011)`: no reports of pending states.
    pub skip_pending_exec_reports: bool,
    /// `UseExpiredOrdStatus (21012)`: expiries are reported as such, rather than as cancels.
    pub use_expired_ord_status: bool,
    /// `AlwaysEmitNewBeforeTrade (21026)`: an acknowledgement of its own before the first fill. Prediction only.
    pub always_emit_new_before_trade: bool,
    /// `SplitCollateralReturn (21027)`: the parts of a change of balance. Prediction only.
    pub split_collateral_return: bool,
}

impl Default for LogonOptions {
    /// A heartbeat of 30 s, dollars, and everything else off.
    fn default() -> LogonOptions {
        LogonOptions {
            heartbeat: Duration::from_secs(30),
            use_dollars: true,
            cancel_orders_on_disconnect: false,
            enable_ioc_cancel_report: false,
            preserve_original_order_qty: false,
            skip_pending_exec_reports: false,
            use_expired_ord_status: false,
            always_emit_new_before_trade: false,
            split_collateral_return: false,
        }
    }
}

impl LogonOptions {
    /// The logon for one kind of session.
    pub(super) fn logon(&self, product: Product, kind: SessionKind) -> Result<Logon, LogonOptionsError> {
        let minimum = product.minimum_heartbeat_seconds();
        let seconds = u32::try_from(self.heartbeat.as_secs()).unwrap_or(u32::MAX);
        if seconds < minimum || seconds > MAXIMUM_HEARTBEAT || self.heartbeat.subsec_nanos() != 0 {
            return Err(LogonOptionsError::Heartbeat {
                product,
                found: self.heartbeat,
                minimum,
            });
        }
        let prediction = product == Product::Prediction;
        let orders = kind.profile().carries_orders;
        // Drop copy replays the reports of orders, prices included; quotes have prices too.
        let reports = orders || matches!(kind, SessionKind::DropCopy);
        let prices = reports || matches!(kind, SessionKind::Rfq);
        let flags = [
            (8013, self.cancel_orders_on_disconnect && orders),
            (21005, self.use_dollars && prediction && prices),
            (21007, self.enable_ioc_cancel_report && orders),
            (21008, self.preserve_original_order_qty && reports),
            (21011, self.skip_pending_exec_reports && orders),
            (21012, self.use_expired_ord_status && reports),
            (21026, self.always_emit_new_before_trade && prediction && orders),
            (21027, self.split_collateral_return && prediction && reports),
        ];
        // Every session starts anew with each connection, as those without retransmission have to.
        let logon = Logon::new(seconds).reset().signed().default_appl_ver_id(FIX50SP2);
        Ok(flags
            .into_iter()
            .filter(|(_, on)| *on)
            .fold(logon, |logon, (tag, _)| logon.field(tag, *b"Y")))
    }
}

/// What is wrong with [`LogonOptions`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogonOptionsError {
    /// The heartbeat is not one that the venue takes.
    #[error("a heartbeat of {found:?}: {product} takes whole seconds, from {minimum} to {MAXIMUM_HEARTBEAT}")]
    Heartbeat {
        /// The product.
        product: Product,
        /// What was asked for.
        found: Duration,
        /// The least, in seconds.
        minimum: u32,
    },
}

/// No heartbeat for longer than an hour is not a heartbeat; the venue names no upper bound.
const MAXIMUM_HEARTBEAT: u32 = 3600;
/// `DefaultApplVerID (1137)` of FIX 5.0 SP2.
const FIX50SP2: &str = "9";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_where_they_mean_something() {
        fn check(product: Product, kind: SessionKind, options: &LogonOptions, expected: &[u32]) {
            let logon = options.logon(product, kind).unwrap();
            let tags: Vec<u32> = logon.fields.iter().map(|field| field.tag).collect();
            assert_eq!(tags, expected, "{product} {kind}");
            assert!(logon.fields.iter().all(|field| field.value == b"Y"));
            assert!(logon.reset && logon.signed);
        }
        use Product::{Margin, Prediction};
        let standard = LogonOptions::default();
        check(Prediction, SessionKind::OrderEntry, &standard, &[21005]);
        check(Prediction, SessionKind::DropCopy, &standard, &[21005]);
        check(Prediction, SessionKind::Rfq, &standard, &[21005]);
        check(Prediction, SessionKind::MarketData, &standard, &[]);
        check(Prediction, SessionKind::PostTrade, &standard, &[]);
        check(Margin, SessionKind::OrderEntry, &standard, &[]);
        let all = LogonOptions {
            cancel_orders_on_disconnect: true,
            enable_ioc_cancel_report: true,
            preserve_original_order_qty: true,
            skip_pending_exec_reports: true,
            use_expired_ord_status: true,
            always_emit_new_before_trade: true,
            split_collateral_return: true,
            ..standard
        };
        let everything = [8013, 21005, 21007, 21008, 21011, 21012, 21026, 21027];
        check(Prediction, SessionKind::OrderEntry, &all, &everything);
        check(
            Margin,
            SessionKind::OrderEntry,
            &all,
            &[8013, 21007, 21008, 21011, 21012],
        );
        check(Prediction, SessionKind::MarketData, &all, &[]);
        let cents = LogonOptions {
            use_dollars: false,
            ..LogonOptions::default()
        };
        check(Prediction, SessionKind::OrderEntry, &cents, &[]);
    }

    #[test]
    fn heartbeats() {
        fn check(product: Product, heartbeat: Duration, expected: Result<u32, &str>) {
            let options = LogonOptions {
                heartbeat,
                ..LogonOptions::default()
            };
            let found = options.logon(product, SessionKind::OrderEntry);
            let found = found
                .map(|logon| logon.heart_bt_int)
                .map_err(|error| error.to_string());
            assert_eq!(
                found.as_ref().map(|seconds| *seconds).map_err(String::as_str),
                expected
            );
        }
        check(Product::Prediction, Duration::from_secs(4), Ok(4));
        check(Product::Margin, Duration::from_secs(3), Ok(3));
        check(
            Product::Prediction,
            Duration::from_secs(3),
            Err("a heartbeat of 3s: prediction takes whole seconds, from 4 to 3600"),
        );
        check(
            Product::Margin,
            Duration::ZERO,
            Err("a heartbeat of 0ns: margin takes whole seconds, from 3 to 3600"),
        );
        check(
            Product::Margin,
            Duration::from_millis(4500),
            Err("a heartbeat of 4.5s: margin takes whole seconds, from 3 to 3600"),
        );
    }
}
