//! What a session tells its surroundings.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use fix_dialect::{Garbled, Timestamp};

use super::output::Hidden;
use super::{BusinessReject, EndReason, LogonRequest, Reject, SequenceNumber, SignLogon};

/// Something that happened on a session, in the order in which it happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Initiator: the logon needs a signature. Answer with
    /// [`handle_signature`](super::Session::handle_signature).
    SignLogon(SignLogon),
    /// Acceptor: a logon needs a decision. Answer with [`accept_logon`](super::Session::accept_logon) or
    /// [`refuse_logon`](super::Session::refuse_logon).
    LogonRequest(LogonRequest),
    /// Logged on: [`send`](super::Session::send) works from here on.
    Established(Established),
    /// An application message, BusinessMessageReject (j) included.
    Application(Inbound),
    /// The peer rejects one of our messages (Reject (3)).
    RejectReceived(RejectReceived),
    /// We rejected one of the peer's messages (Reject (3)).
    RejectSent(Reject),
    /// We rejected one of the peer's messages (BusinessMessageReject (j)).
    BusinessRejectSent(BusinessReject),
    /// Bytes that are no frame were dropped. They take no sequence number; if a message was among them, the
    /// next one's number shows it.
    Garbled {
        /// Why they are no frame; of several in a row, the first reason.
        reason: Garbled,
        /// How many bytes were dropped.
        skipped: u64,
    },
    /// A message with PossDupFlag (43) = Y that was received before, and is ignored.
    DuplicateIgnored {
        /// Its MsgSeqNum (34).
        msg_seq_num: SequenceNumber,
    },
    /// The peer moved its numbers forward (SequenceReset (4)). Without retransmission, whatever lay between
    /// is lost.
    SequenceReset {
        /// GapFillFlag (123) = Y: the peer says that nothing but session messages lay between.
        gap_fill: bool,
        /// The number that was expected.
        expected: SequenceNumber,
        /// The number that is expected now. Equal to `expected` when the reset changed nothing, which is odd.
        new: SequenceNumber,
    },
    /// The peer asked for a range to be sent again (ResendRequest (2)). [`ResendServed`](Event::ResendServed)
    /// follows when it has been, unless the range was under way already or the session ends.
    ResendRequested {
        /// BeginSeqNo (7).
        begin: SequenceNumber,
        /// EndSeqNo (16); 0 is "to the latest".
        end: SequenceNumber,
    },
    /// The peer asked for a message of ours that the [`ResendPolicy`](super::ResendPolicy) held back: the peer
    /// will not get it. Not told for each message under
    /// [`ResendPolicy::HoldBack`](super::ResendPolicy::HoldBack), which does not look at them.
    HeldBack(HeldBack),
    /// The peer has been sent what it asked for.
    ResendServed {
        /// The first number of the range.
        begin: SequenceNumber,
        /// The last number of the range.
        through: SequenceNumber,
        /// How many messages of it were sent again; gap fills stand for all others.
        replayed: u64,
    },
    /// A gap in the peer's numbers; it was asked to send these again (ResendRequest (2)), or is expected to do so
    /// by itself (NextExpectedMsgSeqNum (789)).
    ResendAsked {
        /// The first number that is missing.
        begin: SequenceNumber,
        /// The last number asked for; 0 is "to the latest".
        end: SequenceNumber,
        /// How often it was asked since the last progress; 0 when it is to come unasked.
        attempt: u32,
    },
    /// All that was missing has come.
    GapClosed {
        /// The number expected next.
        next: SequenceNumber,
    },
    /// Both directions were started at 1, on a session that was logged on (Logon (A) with ResetSeqNumFlag (141) = Y in
    /// both directions): by the peer, or by [`Session::reset`](super::Session::reset).
    ResetInSession(ResetInSession),
    /// The difference between the peer's clock and ours has become too great, or is small again.
    ClockSkew {
        /// The peer's time less ours, in milliseconds: a smoothed estimate, the time on the wire included.
        offset_millis: i64,
        /// Whether it is too great.
        excessive: bool,
    },
    /// Nothing was received for longer than HeartBtInt (108) and its margin; a TestRequest (1) is on its way.
    PeerSilent,
    /// A TestRequest (1) was answered with its own TestReqID (112).
    TestRequestAnswered {
        /// What [`test_request`](super::Session::test_request) returned.
        id: TestRequestId,
        /// From the command to the answer.
        round_trip: Duration,
    },
    /// The peer logs out (Logout (5)); the answer is on its way and [`Event::Ended`] follows.
    LogoutReceived {
        /// Text (58), lossily read as UTF-8.
        text: Option<String>,
    },
    /// The session is over, and this is its last event. Write what
    /// [`poll_transmit`](super::Session::poll_transmit) still gives out, then close the connection.
    Ended(EndReason),
}

/// A message of ours that the peer asked for again and did not get.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldBack {
    /// The message's MsgSeqNum (34).
    pub msg_seq_num: SequenceNumber,
    /// The message as it was sent.
    pub frame: Bytes,
}

/// Does not show the frame.
impl fmt::Debug for HeldBack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HeldBack")
            .field("msg_seq_num", &self.msg_seq_num)
            .field("frame", &Hidden(self.frame.len()))
            .finish()
    }
}

/// Both directions were started at 1 in mid-session.
///
/// What was sent before is in doubt as it is at the end of a session: with the numbers up to `sent`, as far as the peer is
/// not known to have received it. Neither side sends any of it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResetInSession {
    /// Whether it was we who asked for it.
    pub ours: bool,
    /// The last MsgSeqNum (34) that we had sent before.
    pub sent: SequenceNumber,
    /// The last MsgSeqNum (34) that we had received before.
    pub received: SequenceNumber,
}

/// A completed logon.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Established {
    /// SenderCompID (49) of the peer, to which the session holds it from now on. On Kalshi: `Kalshi` or
    /// `KalshiMD`.
    pub peer_sender_comp_id: String,
    /// The interval in force, in seconds. 0: no heartbeats.
    pub heart_bt_int: u32,
    /// Whether both directions were started at 1.
    pub reset: bool,
    /// The peer's whole Logon (A), for the dialect's own fields.
    pub frame: Bytes,
}

/// Does not show the frame.
impl fmt::Debug for Established {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Established")
            .field("peer_sender_comp_id", &self.peer_sender_comp_id)
            .field("heart_bt_int", &self.heart_bt_int)
            .field("reset", &self.reset)
            .field("frame", &Hidden(self.frame.len()))
            .finish()
    }
}

/// An inbound message whose frame and header are verified and whose body is not yet read.
///
/// The frame shares the driver's receive buffer: as long as it is kept, so is that buffer (the whole chunk,
/// not this frame alone). Decode or copy it, and drop it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inbound {
    /// The whole frame, BeginString (8) to CheckSum (10).
    pub frame: Bytes,
    /// MsgSeqNum (34).
    pub msg_seq_num: SequenceNumber,
    /// SendingTime (52).
    pub sending_time: Timestamp,
    /// PossDupFlag (43) = Y on a message that was not received before.
    pub poss_dup: bool,
    /// PossResend (97) = Y: the content may have come under another number. The application decides.
    pub poss_resend: bool,
    pub(super) msg_type: Range<u32>,
}

impl Inbound {
    /// MsgType (35).
    #[must_use]
    pub fn msg_type(&self) -> &[u8] {
        &self.frame[self.msg_type.start as usize..self.msg_type.end as usize]
    }
}

#[cfg(test)]
impl Inbound {
    /// A sound frame, as if a session had received it.
    pub(crate) fn of(frame: &Bytes) -> Inbound {
        let header = fix_dialect::Header::read(frame).unwrap();
        super::inbound::inbound(frame.clone(), &header)
    }
}

/// Shows the header's facts, not the frame.
impl fmt::Debug for Inbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Inbound")
            .field("msg_type", &String::from_utf8_lossy(self.msg_type()))
            .field("msg_seq_num", &self.msg_seq_num)
            .field("sending_time", &self.sending_time)
            .field("poss_dup", &self.poss_dup)
            .field("poss_resend", &self.poss_resend)
            .field("frame", &Hidden(self.frame.len()))
            .finish()
    }
}

/// A Reject (3) of one of our messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectReceived {
    /// The message itself.
    pub inbound: Inbound,
    /// RefSeqNum (45): which of our messages. `None` if the field is missing or malformed, though it is
    /// required.
    pub ref_seq_num: Option<SequenceNumber>,
    /// RefTagID (371): the field it is about.
    pub ref_tag_id: Option<u32>,
    /// RefMsgType (372).
    pub ref_msg_type: Option<String>,
    /// SessionRejectReason (373) as a number; [`RejectReason::from_code`](super::RejectReason::from_code)
    /// names it.
    pub reason: Option<u32>,
    /// Text (58), lossily read as UTF-8.
    pub text: Option<String>,
}

/// Names one TestRequest (1) of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TestRequestId(pub(super) u64);
