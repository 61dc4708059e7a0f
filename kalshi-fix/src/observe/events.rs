//! What happens on a session, in words.

use crate::driver::Event;
use crate::session::{self, ResetInSession};

/// Tells `tracing` of an event, in the span of its session. Messages are not told of: there are too many of them.
pub(crate) fn trace(event: &Event) {
    match event {
        Event::Session(event) => trace_session(event),
        Event::Reconnected(event) => {
            tracing::info!(gone = ?event.gone, missed = ?event.missed, "logged on again");
        }
        // Told where they arise.
        Event::Dropped(_) | Event::Disconnected(_) | Event::AttemptFailed(_) | Event::Ended(_) => {}
    }
}

fn trace_session(event: &session::Event) {
    match event {
        session::Event::Application(_)
        | session::Event::SignLogon(_)
        | session::Event::LogonRequest(_)
        | session::Event::Ended(_) => {}
        session::Event::Established(established) => {
            let (peer, heart_bt_int, reset) = (
                &established.peer_sender_comp_id,
                established.heart_bt_int,
                established.reset,
            );
            tracing::info!(%peer, heart_bt_int, reset, "logged on");
        }
        session::Event::RejectReceived(reject) => {
            let (reference, tag, reason) = (reject.ref_seq_num, reject.ref_tag_id, reject.reason);
            tracing::warn!(?reference, ?tag, ?reason, text = ?reject.text, "the peer rejects a message");
        }
        session::Event::RejectSent(reject) => {
            let (reference, tag, reason) = (reject.ref_seq_num, reject.ref_tag_id, &reject.reason);
            tracing::warn!(reference, ?tag, ?reason, "rejected a message of the peer's");
        }
        session::Event::BusinessRejectSent(reject) => {
            tracing::warn!(
                reference = reject.ref_seq_num,
                reason = reject.reason,
                "rejected a message of the peer's"
            );
        }
        session::Event::Garbled { reason, skipped } => {
            tracing::warn!(%reason, skipped, "garbled bytes were dropped");
        }
        session::Event::DuplicateIgnored { msg_seq_num } => {
            tracing::debug!(msg_seq_num, "a duplicate is ignored");
        }
        session::Event::SequenceReset {
            gap_fill: true,
            expected,
            new,
        } => {
            tracing::debug!(expected, new, "the peer fills a gap");
        }
        session::Event::SequenceReset { expected, new, .. } => {
            tracing::warn!(expected, new, "the peer moves its numbers");
        }
        session::Event::ResendRequested { begin, end } => {
            tracing::info!(begin, end, "the peer asks for a resend");
        }
        session::Event::HeldBack(held) => {
            tracing::warn!(msg_seq_num = held.msg_seq_num, "held back from a resend");
        }
        session::Event::ResendServed {
            begin,
            through,
            replayed,
        } => {
            tracing::info!(begin, through, replayed, "a resend is done");
        }
        session::Event::ResendAsked { begin, end, attempt } => {
            tracing::warn!(begin, end, attempt, "messages of the peer's are missing");
        }
        session::Event::GapClosed { next } => tracing::info!(next, "all that was missing has come"),
        session::Event::ResetInSession(ResetInSession {
            ours, sent, received, ..
        }) => {
            tracing::info!(ours, sent, received, "the sequence numbers start anew");
        }
        session::Event::ClockSkew {
            offset_millis,
            excessive: true,
        } => {
            tracing::warn!(offset_millis, "the peer's clock and ours are too far apart");
        }
        session::Event::ClockSkew { offset_millis, .. } => {
            tracing::info!(offset_millis, "the peer's clock and ours agree again");
        }
        session::Event::PeerSilent => tracing::warn!("the peer is silent"),
        session::Event::TestRequestAnswered { round_trip, .. } => {
            tracing::debug!(?round_trip, "a test request was answered");
        }
        session::Event::LogoutReceived { text } => tracing::info!(?text, "the peer logs out"),
    }
}
