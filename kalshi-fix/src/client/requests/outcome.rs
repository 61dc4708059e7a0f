//! What a request came to.

use std::fmt;
use std::time::Duration;

use crate::driver::SessionEnd;
use crate::session::{Inbound, SendError, SequenceNumber};

/// A request that was sent, and what is known of it.
#[derive(Clone, Debug)]
#[must_use = "the venue may have refused it, or its fate may be unknown"]
#[non_exhaustive]
pub struct Submitted<A> {
    /// The request's `MsgSeqNum (34)`.
    pub sequence: SequenceNumber,
    /// What the venue said, or that it is not known.
    pub response: Response<A>,
}

impl<A> Submitted<A> {
    pub(super) const fn new(sequence: SequenceNumber, response: Response<A>) -> Submitted<A> {
        Submitted { sequence, response }
    }

    /// The venue's answer, if it acknowledged the request; for `?`.
    pub fn acknowledged(self) -> Result<A, Unacknowledged> {
        match self.response {
            Response::Acknowledged(answer) => Ok(answer),
            Response::Rejected(rejection) => Err(Unacknowledged::Rejected(rejection)),
            Response::InDoubt { reason } => Err(Unacknowledged::InDoubt { reason }),
        }
    }
}

/// What is known of a request.
#[derive(Clone, Debug)]
pub enum Response<A> {
    /// The venue has done what it was asked to, or has taken it on.
    Acknowledged(A),
    /// The venue says that it has not, and will not.
    Rejected(Rejection),
    /// Neither is known: the request may have been carried out. Reconcile before it is repeated.
    InDoubt {
        /// Why it is not known.
        reason: Doubt,
    },
}

/// A request that was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unacknowledged {
    /// The venue has not carried it out, and will not.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It may have been carried out.
    #[error("in doubt: {reason}")]
    InDoubt {
        /// Why that is not known.
        reason: Doubt,
    },
}

/// The message that answers a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer<M> {
    /// The message, to keep. `None` when something that it requires is missing or malformed: that it answers the request
    /// is certain all the same, and what it says is in the frame.
    pub message: Option<M>,
    /// The frame, and the facts of its header.
    pub inbound: Inbound,
}

impl<M> Answer<M> {
    pub(super) const fn new(message: Option<M>, inbound: Inbound) -> Answer<M> {
        Answer { message, inbound }
    }
}

/// What drop copy has sent again.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Replay<M> {
    /// The reports, in the order in which they came.
    pub reports: Vec<M>,
    /// Reports in which something that they require is missing or malformed.
    pub incomplete: Vec<Inbound>,
    /// `ResendEventCount (21003)`: how many the venue says that it has sent. `None` if it is not readable.
    pub announced: Option<u64>,
}

impl<M> Replay<M> {
    /// Whether all that was announced has come, and can be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.incomplete.is_empty() && self.announced == Some(self.reports.len() as u64)
    }
}

/// The venue's refusal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The message that says so.
    pub by: RejectedBy,
    /// The reason's code, in the field that [`RejectedBy::code_tag`] names. `None` if it is missing or not a number.
    pub code: Option<u32>,
    /// `Text (58)`, lossily read as UTF-8.
    pub text: Option<String>,
    /// `RefTagID (371)`: the field at fault, where a `Reject (3)` names one.
    pub ref_tag_id: Option<u32>,
    /// The message itself.
    pub inbound: Inbound,
}

impl Rejection {
    /// Whether the request was over the rate limit (`BusinessRejectReason (380)` = 8): it can be repeated when there are
    /// tokens again.
    #[must_use]
    pub fn is_rate_limit(&self) -> bool {
        self.by == RejectedBy::BusinessMessageReject && self.code == Some(8)
    }
}

impl std::error::Error for Rejection {}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rejected by {}", self.by)?;
        match &self.text {
            Some(text) => write!(f, ": {text}")?,
            // Its codes are not documented, and no text comes with them.
            None if self.by == RejectedBy::OrderMassCancelReport => f.write_str(
                ": the venue says no more than a code; it takes one mass cancel a second, and none while there is no trading",
            )?,
            None => {}
        }
        if let Some(code) = self.code {
            write!(f, " ({}={code})", self.by.code_tag())?;
        }
        if let Some(tag) = self.ref_tag_id {
            write!(f, ", about tag {tag}")?;
        }
        Ok(())
    }
}

macro_rules! rejected_by {
    ($($(#[$doc:meta])* $name:ident = ($text:literal, $tag:literal),)+) => {
        /// Which message refused a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RejectedBy { $($(#[$doc])* $name,)+ }

        impl RejectedBy {
            /// The tag of the field that holds the reason's code.
            #[must_use]
            pub const fn code_tag(self) -> u32 {
                match self { $(RejectedBy::$name => $tag,)+ }
            }
        }

        impl fmt::Display for RejectedBy {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(RejectedBy::$name => $text,)+ })
            }
        }
    };
}

rejected_by! {
    /// `ExecutionReport (8)` with `ExecType (150)` = 8; `OrdRejReason (103)`.
    ExecutionReport = ("ExecutionReport (8)", 103),
    /// `OrderCancelReject (9)`; `CxlRejReason (102)`.
    OrderCancelReject = ("OrderCancelReject (9)", 102),
    /// `OrderMassCancelReport (r)`; `MassCancelRejectReason (532)`.
    OrderMassCancelReport = ("OrderMassCancelReport (r)", 532),
    /// `BusinessMessageReject (j)`; `BusinessRejectReason (380)`.
    BusinessMessageReject = ("BusinessMessageReject (j)", 380),
    /// `Reject (3)`; `SessionRejectReason (373)`.
    Reject = ("Reject (3)", 373),
    /// `QuoteRequestReject (AG)`; `QuoteRequestRejectReason (658)`.
    QuoteRequestReject = ("QuoteRequestReject (AG)", 658),
    /// `QuoteStatusReport (AI)`; `QuoteStatus (297)`.
    QuoteStatusReport = ("QuoteStatusReport (AI)", 297),
    /// `QuoteCancelStatus (U9)`; `QuoteCancelStatus (298)`.
    QuoteCancelStatus = ("QuoteCancelStatus (U9)", 298),
    /// `AcceptQuoteStatus (UC)`; `AcceptQuoteStatus (21025)`.
    AcceptQuoteStatus = ("AcceptQuoteStatus (UC)", 21025),
    /// `RFQCancelStatus (UB)`; `RFQCancelStatus (21013)`.
    RfqCancelStatus = ("RFQCancelStatus (UB)", 21013),
    /// `QuoteConfirmStatus (U8)`; `QuoteConfirmStatus (21010)`.
    QuoteConfirmStatus = ("QuoteConfirmStatus (U8)", 21010),
    /// `EventResendReject (U3)`; `EventResendRejectReason (21004)`.
    EventResendReject = ("EventResendReject (U3)", 21004),
}

/// Why the fate of a request is not known.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Doubt {
    /// No answer in time. It may still come, to the session's receiver.
    ///
    /// Answers are read from the venue as long as there is room for events, which `recv()` takes. Who takes none gets no
    /// answers in the end: see [`DriverSettings::max_waiting_events`](crate::driver::DriverSettings::max_waiting_events).
    #[error(
        "no answer within {waited:?}; it may have been carried out, and the answer may still come{}",
        not_taken(*unread)
    )]
    TimedOut {
        /// For how long it was waited.
        waited: Duration,
        /// How many events waited by then to be taken by `recv()`. Many of them, and it is this program that the answer
        /// waits for: while there is no room for more, nothing is read from the venue.
        unread: usize,
    },
    /// The connection was lost, or the numbers of the session were started anew, before an answer came.
    #[error("the connection was lost before an answer came{}", ended(end.as_ref()))]
    Disconnected {
        /// How the connection ended. What is beyond [`SessionEnd::written`] may not have left, or in part.
        end: Option<SessionEnd>,
    },
    /// The venue says `EXCHANGE_UNAVAILABLE`: its gateway does not know either. Reconcile, or repeat the request with the
    /// same `ClOrdID (11)`.
    #[error("EXCHANGE_UNAVAILABLE: the venue could not confirm whether it was carried out")]
    ExchangeUnavailable {
        /// The message that says so.
        inbound: Inbound,
    },
    /// The venue asked for it again, and the session's [`ResendPolicy`](crate::session::ResendPolicy) held it back: it does
    /// not get there any more. That it had not is likely and not certain, since a venue can ask for more than it has missed.
    #[error(
        "the venue asked for it again and it was held back; it was carried out only if the venue had it already"
    )]
    HeldBack,
    /// The venue has answered, and not in a way that can be read: a status that is missing or not documented.
    #[error("the venue's answer cannot be read (MsgType {})", String::from_utf8_lossy(inbound.msg_type()))]
    Unclear {
        /// The answer.
        inbound: Inbound,
    },
    /// The venue has refused a message with this `ClOrdID (11)`, and one of the latest 1,024 messages of the session had it
    /// before and no answer that was waited for: which of the two was refused is not known. So it is after a time-out or
    /// EXCHANGE_UNAVAILABLE, where the same request is sent again.
    #[error(
        "the venue has refused a message with its ClOrdID (11), which may be an earlier one that had no answer: the other \
         may have been carried out"
    )]
    Ambiguous {
        /// The refusal.
        inbound: Inbound,
    },
    /// A replay brought more reports than are collected. They all went to the session's receiver.
    #[error("more than {limit} reports were replayed; ask for a smaller range")]
    TooManyReports {
        /// How many are collected.
        limit: usize,
    },
}

fn not_taken(unread: usize) -> String {
    match unread {
        0 => String::new(),
        1 => "; 1 event waits to be taken by recv()".to_owned(),
        _ => format!(
            "; {unread} events wait to be taken by recv(), and when there is no room for more, nothing is read from the venue"
        ),
    }
}

fn under_way(msg_type: &str, id: &str) -> String {
    if id.is_empty() {
        format!(
            "a request of MsgType {msg_type}, which has no id, waits for its answer already; one at a time on a session: wait \
             for the answer, or for its time-out"
        )
    } else {
        format!("a request {id:?} (MsgType {msg_type}) waits for its answer already")
    }
}

fn ended(end: Option<&SessionEnd>) -> String {
    end.map_or_else(String::new, |end| format!(": {end}"))
}

/// Why a request was not sent. It has taken no sequence number, and nothing of it leaves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The session does not send it.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Another request under this id waits for its answer, and the two could not be told apart.
    #[error("{}", under_way(msg_type, id))]
    UnderWay {
        /// The message type of this one.
        msg_type: &'static str,
        /// Its id, lossily read as UTF-8. An EventResendRequest (U1) has none: there can be one at a time on a session.
        id: String,
    },
    /// Too many requests wait for their answers.
    #[error("{most} requests wait for their answers, and no more may")]
    TooMany {
        /// How many may.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_named_as_far_as_it_has_a_name() {
        let check = |msg_type, id: &str, expected: &str| {
            let id = id.to_owned();
            assert_eq!(SubmitError::UnderWay { msg_type, id }.to_string(), expected);
        };
        check(
            "D",
            "a-1",
            "a request \"a-1\" (MsgType D) waits for its answer already",
        );
        check(
            "U1",
            "",
            "a request of MsgType U1, which has no id, waits for its answer already; one at a time on a session: wait for the \
             answer, or for its time-out",
        );
    }
}
