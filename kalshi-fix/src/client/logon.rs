//! What a client asks for when it logs on.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::product::KalshiProduct;
use crate::environment::{Product, ResetOnLogon, SessionKind};
use crate::prediction::Prediction;
use crate::session::Logon;

/// What a client asks for when it logs on, beyond who it is.
///
/// What is not asked for is left out of the logon, which is the venue's default for each. What means nothing on a session
/// is not sent there: one set of options serves all sessions of a client.
///
/// A combination that the venue refuses cannot be written down. What prediction alone has is a method for prediction
/// alone; a retention that is too long is no [`RetentionHours`]; and a listener session is not an option but a way to
/// open one ([`Client::order_entry_listener`](super::Client::order_entry_listener)), which sets what such a logon must
/// carry and leaves out what it must not. Only the heartbeat is judged when the client is built.
///
/// ```
/// use kalshi_fix::client::{LogonOptions, RetentionHours};
/// use kalshi_fix::prediction::Prediction;
///
/// # fn main() -> Result<(), kalshi_fix::client::LogonOptionsError> {
/// let options = LogonOptions::<Prediction>::default()
///     .cancel_orders_on_disconnect(true)
///     .message_retention(RetentionHours::new(48)?)
///     .receive_settlement_reports(true);
/// # let _ = options;
/// # Ok(())
/// # }
/// ```
///
/// Margin prices are always in dollars, and nobody can ask for cents:
///
/// ```compile_fail,E0599
/// use kalshi_fix::{client::LogonOptions, margin::Margin};
///
/// let options = LogonOptions::<Margin>::default().use_dollars(false);
/// ```
pub struct LogonOptions<D: KalshiProduct> {
    choices: Choices,
    product: PhantomData<fn() -> D>,
}

/// The options of either product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    pub(crate) heartbeat: Duration,
    pub(crate) use_dollars: bool,
    pub(crate) cancel_orders_on_disconnect: bool,
    pub(crate) enable_ioc_cancel_report: bool,
    pub(crate) preserve_original_order_qty: bool,
    pub(crate) skip_pending_exec_reports: bool,
    pub(crate) use_expired_ord_status: bool,
    pub(crate) always_emit_new_before_trade: bool,
    pub(crate) split_collateral_return: bool,
    pub(crate) message_retention: Option<RetentionHours>,
    pub(crate) receive_settlement_reports: Option<bool>,
}

/// What a session with orders is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Trading,
    /// `ListenerSession (20126)`: to receive the account's reports, and to send nothing.
    Listening,
}

impl<D: KalshiProduct> Default for LogonOptions<D> {
    /// A heartbeat of 30 s, dollars, and everything else as the venue does it unasked.
    fn default() -> LogonOptions<D> {
        LogonOptions {
            choices: Choices::default(),
            product: PhantomData,
        }
    }
}

impl<D: KalshiProduct> LogonOptions<D> {
    /// `HeartBtInt (108)`, in whole seconds. The venue wants more than 3 s on prediction, at least 3 s on margin, and
    /// takes 30 s as usual.
    #[must_use]
    pub fn heartbeat(self, interval: Duration) -> Self {
        self.with(|choices| choices.heartbeat = interval)
    }

    /// `CancelOrdersOnDisconnect (8013)`: the venue cancels the session's orders when its connection ends in any way, a
    /// logout included; on prediction, on all shards. Order entry only, and not on a listener session, which has none.
    #[must_use]
    pub fn cancel_orders_on_disconnect(self, on: bool) -> Self {
        self.with(|choices| choices.cancel_orders_on_disconnect = on)
    }

    /// `EnableIocCancelReport (21007)`: a report for the unfilled rest of an immediate-or-cancel order, which otherwise
    /// ends in silence. Drop copy asks for it as well: it replays what its own logon asks for.
    #[must_use]
    pub fn enable_ioc_cancel_report(self, on: bool) -> Self {
        self.with(|choices| choices.enable_ioc_cancel_report = on)
    }

    /// `PreserveOriginalOrderQty (21008)`: reports keep the order's first quantity in `OrderQty (38)`.
    #[must_use]
    pub fn preserve_original_order_qty(self, on: bool) -> Self {
        self.with(|choices| choices.preserve_original_order_qty = on)
    }

    /// `SkipPendingExecReports (21011)`: no reports of pending states. A listener session never has them.
    #[must_use]
    pub fn skip_pending_exec_reports(self, on: bool) -> Self {
        self.with(|choices| choices.skip_pending_exec_reports = on)
    }

    /// `UseExpiredOrdStatus (21012)`: expiries are reported as such, rather than as cancels.
    #[must_use]
    pub fn use_expired_ord_status(self, on: bool) -> Self {
        self.with(|choices| choices.use_expired_ord_status = on)
    }

    /// `MessageRetentionPeriod (20200)`: how long the venue keeps what it sent, to send it again. Sessions that
    /// retransmit; 24 hours if nothing is asked for.
    #[must_use]
    pub fn message_retention(self, hours: RetentionHours) -> Self {
        self.with(|choices| choices.message_retention = Some(hours))
    }

    pub(super) fn into_choices(self) -> Choices {
        self.choices
    }

    fn with(mut self, change: impl FnOnce(&mut Choices)) -> Self {
        change(&mut self.choices);
        self
    }
}

/// What only prediction has.
impl LogonOptions<Prediction> {
    /// `UseDollars (21005)`: prices of orders and reports in dollars, rather than in whole cents. On by default, since
    /// prices between two cents cannot be sent otherwise. Market data is in dollars either way.
    #[must_use]
    pub fn use_dollars(self, on: bool) -> Self {
        self.with(|choices| choices.use_dollars = on)
    }

    /// `AlwaysEmitNewBeforeTrade (21026)`: an acknowledgement of its own before the first fill.
    #[must_use]
    pub fn always_emit_new_before_trade(self, on: bool) -> Self {
        self.with(|choices| choices.always_emit_new_before_trade = on)
    }

    /// `SplitCollateralReturn (21027)`: the parts of a change of balance.
    #[must_use]
    pub fn split_collateral_return(self, on: bool) -> Self {
        self.with(|choices| choices.split_collateral_return = on)
    }

    /// `ReceiveSettlementReports (20127)`, on the sessions that retransmit. Unless it is called the venue decides: no on
    /// `KalshiRT`, yes on `KalshiPT`. A no is said as well, and differs from saying nothing.
    #[must_use]
    pub fn receive_settlement_reports(self, on: bool) -> Self {
        self.with(|choices| choices.receive_settlement_reports = Some(on))
    }
}

impl<D: KalshiProduct> Clone for LogonOptions<D> {
    fn clone(&self) -> Self {
        LogonOptions {
            choices: self.choices.clone(),
            product: PhantomData,
        }
    }
}

impl<D: KalshiProduct> PartialEq for LogonOptions<D> {
    fn eq(&self, other: &Self) -> bool {
        self.choices == other.choices
    }
}

impl<D: KalshiProduct> Eq for LogonOptions<D> {}

impl<D: KalshiProduct> fmt::Debug for LogonOptions<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogonOptions").field(&self.choices).finish()
    }
}

impl Default for Choices {
    fn default() -> Choices {
        Choices {
            heartbeat: Duration::from_secs(30),
            use_dollars: true,
            cancel_orders_on_disconnect: false,
            enable_ioc_cancel_report: false,
            preserve_original_order_qty: false,
            skip_pending_exec_reports: false,
            use_expired_ord_status: false,
            always_emit_new_before_trade: false,
            split_collateral_return: false,
            message_retention: None,
            receive_settlement_reports: None,
        }
    }
}

impl Choices {
    /// The logon for one kind of session.
    pub(super) fn logon(
        &self,
        product: Product,
        kind: SessionKind,
        purpose: Purpose,
    ) -> Result<Logon, LogonOptionsError> {
        let minimum = product.minimum_heartbeat_seconds();
        let seconds = u32::try_from(self.heartbeat.as_secs()).unwrap_or(u32::MAX);
        if seconds < minimum || seconds > MAXIMUM_HEARTBEAT || self.heartbeat.subsec_nanos() != 0 {
            return Err(LogonOptionsError::Heartbeat {
                product,
                found: self.heartbeat,
                minimum,
            });
        }
        let profile = kind.profile();
        let prediction = product == Product::Prediction;
        let orders = profile.carries_orders;
        let listener = orders && purpose == Purpose::Listening;
        // Drop copy replays the reports of orders, prices included; quotes have prices too.
        let reports = orders || matches!(kind, SessionKind::DropCopy);
        let prices = reports || matches!(kind, SessionKind::Rfq);
        let flag = |on: bool| on.then(|| "Y".to_owned());
        let settlement = self.receive_settlement_reports.filter(|_| prediction);
        let fields = [
            (
                8013,
                flag(self.cancel_orders_on_disconnect && orders && !listener),
            ),
            (20126, flag(listener)),
            (
                20127,
                settlement
                    .filter(|_| profile.retransmission)
                    .map(|on| if on { "Y" } else { "N" }.to_owned()),
            ),
            (
                20200,
                self.message_retention
                    .filter(|_| profile.retransmission)
                    .map(|hours| hours.0.to_string()),
            ),
            (21005, flag(self.use_dollars && prediction && prices)),
            (21007, flag(self.enable_ioc_cancel_report && reports)),
            (21008, flag(self.preserve_original_order_qty && reports)),
            (
                21011,
                flag((self.skip_pending_exec_reports && orders) || listener),
            ),
            (21012, flag(self.use_expired_ord_status && reports)),
            (
                21026,
                flag(self.always_emit_new_before_trade && prediction && orders),
            ),
            (21027, flag(self.split_collateral_return && prediction && reports)),
        ];
        let mut logon = Logon::new(seconds).signed().default_appl_ver_id(FIX50SP2);
        // Without retransmission every connection starts anew; with it, it resumes unless it is told otherwise.
        logon.reset = profile.reset_on_logon == ResetOnLogon::Always;
        Ok(fields
            .into_iter()
            .filter_map(|(tag, value)| value.map(|value| (tag, value)))
            .fold(logon, |logon, (tag, value)| logon.field(tag, value)))
    }
}

/// A `MessageRetentionPeriod (20200)` that the venue takes: 1 to 72 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetentionHours(u8);

impl RetentionHours {
    /// The longest: 72 hours.
    pub const MAX: RetentionHours = RetentionHours(72);

    /// So many hours.
    ///
    /// # Errors
    ///
    /// [`LogonOptionsError::Retention`] for none, and for more than 72.
    pub const fn new(hours: u8) -> Result<RetentionHours, LogonOptionsError> {
        if hours == 0 || hours > RetentionHours::MAX.0 {
            return Err(LogonOptionsError::Retention { found: hours });
        }
        Ok(RetentionHours(hours))
    }

    /// How many.
    #[must_use]
    pub const fn hours(self) -> u8 {
        self.0
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
    /// The venue does not keep messages for so long, or for no time at all.
    #[error("a message retention of {found} hours: the venue takes 1 to 72")]
    Retention {
        /// What was asked for.
        found: u8,
    },
}

/// No heartbeat for longer than an hour is not a heartbeat; the venue names no upper bound.
const MAXIMUM_HEARTBEAT: u32 = 3600;
/// `DefaultApplVerID (1137)` of FIX 5.0 SP2.
const FIX50SP2: &str = "9";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::margin::Margin;

    /// The logon's own fields, without the signature.
    fn written<D: KalshiProduct>(options: &LogonOptions<D>, kind: SessionKind, purpose: Purpose) -> String {
        let logon = options.choices.logon(D::PRODUCT, kind, purpose).unwrap();
        assert!(logon.signed, "{kind}");
        let mut found = format!("108={}", logon.heart_bt_int);
        if logon.reset {
            found.push_str(" 141=Y");
        }
        assert_eq!(logon.default_appl_ver_id.as_deref(), Some("9"));
        for field in &logon.fields {
            found = format!("{found} {}={}", field.tag, String::from_utf8_lossy(&field.value));
        }
        found
    }

    fn check<D: KalshiProduct>(options: &LogonOptions<D>, expected: &[(SessionKind, Purpose, &str)]) {
        for (kind, purpose, fields) in expected {
            assert_eq!(
                written(options, *kind, *purpose),
                *fields,
                "{} {kind} {purpose:?}",
                D::PRODUCT
            );
        }
    }

    /// Everything that both products have.
    fn common<D: KalshiProduct>() -> LogonOptions<D> {
        LogonOptions::default()
            .heartbeat(Duration::from_secs(9))
            .cancel_orders_on_disconnect(true)
            .enable_ioc_cancel_report(true)
            .preserve_original_order_qty(true)
            .skip_pending_exec_reports(true)
            .use_expired_ord_status(true)
            .message_retention(RetentionHours::MAX)
    }

    use Purpose::{Listening, Trading};
    use SessionKind::{DropCopy, MarketData, OrderEntry, OrderEntryRetransmitting, PostTrade, Rfq};

    #[test]
    fn prediction_logons_of_every_kind() {
        check(
            &LogonOptions::<Prediction>::default(),
            &[
                (OrderEntry, Trading, "108=30 141=Y 21005=Y"),
                (OrderEntry, Listening, "108=30 141=Y 20126=Y 21005=Y 21011=Y"),
                (OrderEntryRetransmitting, Trading, "108=30 21005=Y"),
                (
                    OrderEntryRetransmitting,
                    Listening,
                    "108=30 20126=Y 21005=Y 21011=Y",
                ),
                (DropCopy, Trading, "108=30 141=Y 21005=Y"),
                (PostTrade, Trading, "108=30"),
                (Rfq, Trading, "108=30 141=Y 21005=Y"),
                (MarketData, Trading, "108=30 141=Y"),
                (MarketData, Listening, "108=30 141=Y"),
            ],
        );
        let all = common::<Prediction>()
            .always_emit_new_before_trade(true)
            .split_collateral_return(true)
            .receive_settlement_reports(true);
        let flags = "21005=Y 21007=Y 21008=Y 21011=Y 21012=Y 21026=Y 21027=Y";
        check(
            &all,
            &[
                (OrderEntry, Trading, &format!("108=9 141=Y 8013=Y {flags}")),
                (OrderEntry, Listening, &format!("108=9 141=Y 20126=Y {flags}")),
                (
                    OrderEntryRetransmitting,
                    Trading,
                    &format!("108=9 8013=Y 20127=Y 20200=72 {flags}"),
                ),
                (
                    OrderEntryRetransmitting,
                    Listening,
                    &format!("108=9 20126=Y 20127=Y 20200=72 {flags}"),
                ),
                (
                    DropCopy,
                    Trading,
                    "108=9 141=Y 21005=Y 21007=Y 21008=Y 21012=Y 21027=Y",
                ),
                (PostTrade, Trading, "108=9 20127=Y 20200=72"),
                (Rfq, Trading, "108=9 141=Y 21005=Y"),
                (MarketData, Trading, "108=9 141=Y"),
            ],
        );
        // Unset, Y and N are three things; cents are dollars left out.
        check(
            &LogonOptions::<Prediction>::default()
                .use_dollars(false)
                .receive_settlement_reports(false),
            &[
                (OrderEntry, Trading, "108=30 141=Y"),
                (OrderEntryRetransmitting, Trading, "108=30 20127=N"),
                (PostTrade, Trading, "108=30 20127=N"),
            ],
        );
    }

    #[test]
    fn margin_logons_of_every_kind() {
        check(
            &LogonOptions::<Margin>::default(),
            &[
                (OrderEntry, Trading, "108=30 141=Y"),
                (OrderEntry, Listening, "108=30 141=Y 20126=Y 21011=Y"),
                (OrderEntryRetransmitting, Trading, "108=30"),
                (OrderEntryRetransmitting, Listening, "108=30 20126=Y 21011=Y"),
                (DropCopy, Trading, "108=30 141=Y"),
                (MarketData, Trading, "108=30 141=Y"),
            ],
        );
        let flags = "21007=Y 21008=Y 21011=Y 21012=Y";
        check(
            &common::<Margin>(),
            &[
                (OrderEntry, Trading, &format!("108=9 141=Y 8013=Y {flags}")),
                (OrderEntry, Listening, &format!("108=9 141=Y 20126=Y {flags}")),
                (
                    OrderEntryRetransmitting,
                    Trading,
                    &format!("108=9 8013=Y 20200=72 {flags}"),
                ),
                (DropCopy, Trading, "108=9 141=Y 21007=Y 21008=Y 21012=Y"),
                (MarketData, Trading, "108=9 141=Y"),
            ],
        );
    }

    #[test]
    fn retention() {
        fn check(hours: u8, expected: Result<u8, &str>) {
            let found = RetentionHours::new(hours)
                .map(RetentionHours::hours)
                .map_err(|error| error.to_string());
            assert_eq!(
                found.as_ref().map(|hours| *hours).map_err(String::as_str),
                expected
            );
        }
        check(1, Ok(1));
        check(72, Ok(72));
        check(0, Err("a message retention of 0 hours: the venue takes 1 to 72"));
        check(
            73,
            Err("a message retention of 73 hours: the venue takes 1 to 72"),
        );
    }

    #[test]
    fn heartbeats() {
        fn check<D: KalshiProduct>(heartbeat: Duration, expected: Result<u32, &str>) {
            let options = LogonOptions::<D>::default().heartbeat(heartbeat);
            let found = options
                .choices
                .logon(D::PRODUCT, SessionKind::OrderEntry, Purpose::Trading);
            let found = found
                .map(|logon| logon.heart_bt_int)
                .map_err(|error| error.to_string());
            assert_eq!(
                found.as_ref().map(|seconds| *seconds).map_err(String::as_str),
                expected
            );
        }
        check::<Prediction>(Duration::from_secs(4), Ok(4));
        check::<Margin>(Duration::from_secs(3), Ok(3));
        check::<Prediction>(
            Duration::from_secs(3),
            Err("a heartbeat of 3s: prediction takes whole seconds, from 4 to 3600"),
        );
        check::<Margin>(
            Duration::ZERO,
            Err("a heartbeat of 0ns: margin takes whole seconds, from 3 to 3600"),
        );
        check::<Margin>(
            Duration::from_millis(4500),
            Err("a heartbeat of 4.5s: margin takes whole seconds, from 3 to 3600"),
        );
    }
}
