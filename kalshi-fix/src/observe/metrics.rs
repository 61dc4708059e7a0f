//! The names of the metrics, with the feature `metrics`.
//!
//! They go to the recorder that is installed when a session is started; sessions that were started before one was installed
//! have none. Each has the labels `product`, `kind` and `role`; what it has beyond them, the table says.
//!
//! | name | kind | labels | what |
//! | --- | --- | --- | --- |
//! | [`MESSAGES`] | counter | `direction`, `msg_type` | messages handed to the transport, or received as whole frames |
//! | [`BYTES`] | counter | `direction` | their bytes |
//! | [`GARBLED_BYTES`] | counter | | received bytes that are no frame |
//! | [`SEQUENCE_GAPS`] | counter | | gaps in the peer's numbers |
//! | [`RESEND_REQUESTS`] | counter | `direction` | requests to send again, each repetition included |
//! | [`RESENT_MESSAGES`] | counter | | messages of ours that were sent again |
//! | [`REJECTS`] | counter | `direction`, `level` | rejects on the level `session` (3), and of ours on the level `business` (j) |
//! | [`LOGONS`] | counter | | sessions logged on: the first connection, and each one after it |
//! | [`DISCONNECTIONS`] | counter | `class` | established sessions that were lost, by [class of failure](crate::reconnect::FailureClass) |
//! | [`ATTEMPTS_FAILED`] | counter | `class` | attempts to connect that failed |
//! | [`DROPPED_MESSAGES`] | counter | | messages dropped since the application did not keep up |
//! | [`ESTABLISHED`] | gauge | | 1 while the session is logged on, else 0 |
//! | [`WAITING_EVENTS`] | gauge | | events that wait for the application |
//! | [`WAITING_BYTES`] | gauge | | bytes of frames among them |
//! | [`PENDING_BYTES`] | gauge | | bytes that wait to be sent |
//! | [`STORE_OPERATIONS`] | gauge | | operations that wait for the store's thread |
//! | [`STORE_SECONDS`] | histogram | | from handing a batch of operations to the store to the end of its commit, in seconds |
//! | [`ROUND_TRIP_SECONDS`] | histogram | | from a test request to its answer, in seconds |
//! | [`CLOCK_OFFSET_SECONDS`] | gauge | | the peer's clock less ours, in seconds, the time on the wire included |
//! | [`LOG_DROPPED`] | counter | | lines that a message log has dropped; of all labels, it has none |
//!
//! `direction` is `in` or `out`. `msg_type` is MsgType (35), or `other` beyond the first 64 different ones of a direction:
//! a peer cannot make as many as it likes.

/// Messages handed to the transport, or received as whole frames.
pub const MESSAGES: &str = "kalshi_fix_messages_total";
/// Bytes of messages.
pub const BYTES: &str = "kalshi_fix_bytes_total";
/// Received bytes that are no frame.
pub const GARBLED_BYTES: &str = "kalshi_fix_garbled_bytes_total";
/// Gaps in the peer's numbers.
pub const SEQUENCE_GAPS: &str = "kalshi_fix_sequence_gaps_total";
/// ResendRequests (2).
pub const RESEND_REQUESTS: &str = "kalshi_fix_resend_requests_total";
/// Messages of ours that were sent again.
pub const RESENT_MESSAGES: &str = "kalshi_fix_resent_messages_total";
/// Rejects of either side.
pub const REJECTS: &str = "kalshi_fix_rejects_total";
/// Sessions logged on.
pub const LOGONS: &str = "kalshi_fix_logons_total";
/// Established sessions that were lost.
pub const DISCONNECTIONS: &str = "kalshi_fix_disconnections_total";
/// Attempts to connect that failed.
pub const ATTEMPTS_FAILED: &str = "kalshi_fix_attempts_failed_total";
/// Messages dropped since the application did not keep up.
pub const DROPPED_MESSAGES: &str = "kalshi_fix_dropped_messages_total";
/// Whether the session is logged on.
pub const ESTABLISHED: &str = "kalshi_fix_established";
/// Events that wait for the application.
pub const WAITING_EVENTS: &str = "kalshi_fix_waiting_events";
/// Bytes of frames that wait for the application.
pub const WAITING_BYTES: &str = "kalshi_fix_waiting_bytes";
/// Bytes that wait to be sent.
pub const PENDING_BYTES: &str = "kalshi_fix_pending_bytes";
/// Operations that wait for the store's thread.
pub const STORE_OPERATIONS: &str = "kalshi_fix_store_operations";
/// How long a batch of operations takes the store.
pub const STORE_SECONDS: &str = "kalshi_fix_store_seconds";
/// From a test request to its answer.
pub const ROUND_TRIP_SECONDS: &str = "kalshi_fix_round_trip_seconds";
/// The peer's clock less ours.
pub const CLOCK_OFFSET_SECONDS: &str = "kalshi_fix_clock_offset_seconds";
/// Lines that a message log has dropped.
pub const LOG_DROPPED: &str = "kalshi_fix_message_log_dropped_total";

#[cfg(test)]
mod tests {
    /// The table at the head of this file and the constants say the same.
    #[test]
    fn the_table_is_complete() {
        let text = include_str!("metrics.rs");
        let constants: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("pub const "))
            .filter_map(|rest| rest.split_once(": &str = \"kalshi_fix_").map(|(name, _)| name))
            .collect();
        let rows: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("//! | [`"))
            .filter_map(|rest| rest.split_once("`]").map(|(name, _)| name))
            .collect();
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names
        };
        assert_eq!(sorted(rows), sorted(constants));
    }
}
