//! What a client asked for when it logged on.

use std::time::Duration;

use fix_dialect::{fields, parse_unsigned};

use crate::environment::{Product, SessionKind};

/// The flags of a Logon (A).
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// CancelOrdersOnDisconnect (8013).
    pub(super) cancel_on_disconnect: bool,
    /// ListenerSession (20126).
    pub(super) listener: bool,
    /// UseDollars (21005); always on for margin.
    pub(super) dollars: bool,
    /// EnableIocCancelReport (21007).
    pub(super) ioc_cancel_report: bool,
    /// PreserveOriginalOrderQty (21008).
    pub(super) original_quantity: bool,
    /// SkipPendingExecReports (21011).
    pub(super) skip_pending: bool,
    /// UseExpiredOrdStatus (21012).
    pub(super) expired_status: bool,
    /// AlwaysEmitNewBeforeTrade (21026).
    pub(super) new_before_trade: bool,
    /// MessageRetentionPeriod (20200): how old a message may be that is sent again.
    pub(super) retention: Duration,
    /// MessageRetentionPeriod (20200) as it was written, where it is none.
    bad_retention: Option<String>,
    /// ReceiveSettlementReports (20127): asked for on KalshiRT, declined on KalshiPT.
    pub(super) settlements: bool,
    kind: SessionKind,
}

impl Options {
    /// Reads them from a logon's frame.
    pub(super) fn read(product: Product, kind: SessionKind, frame: &[u8]) -> Options {
        let mut options = Options {
            cancel_on_disconnect: false,
            listener: false,
            dollars: product == Product::Margin,
            ioc_cancel_report: false,
            original_quantity: false,
            skip_pending: false,
            expired_status: false,
            new_before_trade: false,
            retention: hours(24),
            bad_retention: None,
            settlements: kind == SessionKind::PostTrade,
            kind,
        };
        for field in fields(frame) {
            let is_set = field.value == b"Y";
            match field.tag {
                8013 => options.cancel_on_disconnect = is_set,
                20127 if kind.profile().retransmission => options.settlements = is_set,
                20126 => options.listener = is_set,
                21005 => options.dollars |= is_set,
                21007 => options.ioc_cancel_report = is_set,
                21008 => options.original_quantity = is_set,
                // 21003 was this flag's number once, and is still taken (v1.0.17 of the venue's changelog).
                21011 | 21003 => options.skip_pending |= is_set,
                21012 => options.expired_status = is_set,
                21026 => options.new_before_trade = is_set,
                20200 => match parse_unsigned(field.value) {
                    Some(period @ 1..=72) => options.retention = hours(period),
                    _ => options.bad_retention = Some(String::from_utf8_lossy(field.value).into_owned()),
                },
                _ => {}
            }
        }
        options
    }

    /// What contradicts itself.
    pub(super) fn fault(&self) -> Option<String> {
        if self.listener && !self.kind.profile().carries_orders {
            return Some("ListenerSession=Y is for order entry".to_owned());
        }
        if self.listener && !self.skip_pending {
            return Some("ListenerSession=Y requires SkipPendingExecReports=Y".to_owned());
        }
        if self.listener && self.cancel_on_disconnect {
            return Some("ListenerSession=Y excludes CancelOrdersOnDisconnect=Y".to_owned());
        }
        self.bad_retention
            .as_ref()
            .map(|found| format!("MessageRetentionPeriod (20200) is {found}, must be 1 to 72 hours"))
    }
}

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: SessionKind, body: &str) -> Options {
        Options::read(Product::Prediction, kind, body.replace('|', "\x01").as_bytes())
    }

    #[track_caller]
    fn check(body: &str, fault: Option<&str>) {
        let options = read(SessionKind::OrderEntryRetransmitting, body);
        assert_eq!(options.fault().as_deref(), fault, "{body}");
    }

    #[test]
    fn messages_are_kept_for_three_days_at_most() {
        check("35=A|20200=1|", None);
        check("35=A|20200=72|", None);
        for found in ["0", "73", "-1", "99999999999999999999"] {
            let text = format!("MessageRetentionPeriod (20200) is {found}, must be 1 to 72 hours");
            check(&format!("35=A|20200={found}|"), Some(&text));
        }
        let retention = |body| read(SessionKind::PostTrade, body).retention;
        assert_eq!(retention("35=A|"), Duration::from_hours(24));
        assert_eq!(retention("35=A|20200=72|"), Duration::from_hours(72));
    }

    #[test]
    fn settlements_go_where_they_are_asked_for_and_not_declined() {
        for (kind, body, expected) in [
            (SessionKind::PostTrade, "35=A|", true),
            (SessionKind::PostTrade, "35=A|20127=N|", false),
            (SessionKind::OrderEntryRetransmitting, "35=A|", false),
            (SessionKind::OrderEntryRetransmitting, "35=A|20127=Y|", true),
            (SessionKind::OrderEntry, "35=A|20127=Y|", false),
        ] {
            assert_eq!(read(kind, body).settlements, expected, "{kind} {body}");
        }
    }

    #[test]
    fn only_order_entry_can_be_listened_to() {
        let fault = read(SessionKind::MarketData, "35=A|20126=Y|21011=Y|").fault();
        assert_eq!(fault.as_deref(), Some("ListenerSession=Y is for order entry"));
    }

    #[test]
    fn a_listener_session_has_its_conditions() {
        check("35=A|21005=Y|8013=Y|", None);
        check("35=A|20126=Y|21011=Y|", None);
        check("35=A|20126=Y|21003=Y|", None);
        check(
            "35=A|20126=Y|",
            Some("ListenerSession=Y requires SkipPendingExecReports=Y"),
        );
        check(
            "35=A|20126=Y|21011=Y|8013=Y|",
            Some("ListenerSession=Y excludes CancelOrdersOnDisconnect=Y"),
        );
    }
}
