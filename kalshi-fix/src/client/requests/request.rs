//! Which messages are requests, and what answers each.

use fix_dialect::{ClientSends, Decoder, Dialect, Text};

use super::answer_fields::{AnswerFields, number};
use super::identity::{Identity, Kind};
use super::outcome::{Answer, Replay};
use crate::client::product::KalshiSession;
use crate::margin::{self, Margin};
use crate::prediction::{self, Prediction};
use crate::session::Inbound;

/// A message whose answers name it, so that it can be [submitted](crate::client::Sender::submit). Sealed: the messages of
/// the two dialects that the venue answers are.
///
/// | request | acknowledged by | rejected by |
/// | --- | --- | --- |
/// | `NewOrderSingle` (D) | the first `ExecutionReport` that is not pending: new, a fill, or the end of it | the same with 150=8 |
/// | `OrderCancelRequest` (F) | `ExecutionReport`, 150=4 or C | `OrderCancelReject` (9) |
/// | `OrderCancelReplaceRequest` (G) | `ExecutionReport` under the new `ClOrdID`: 150=5, F, 4 or C | `OrderCancelReject` (9) |
/// | `OrderMassCancelRequest` (q) | `OrderMassCancelReport` (r), 531=6 | the same with 531=0 |
/// | `OrderGroupRequest` (UOG) | `OrderGroupResponse` (UOH), by group and in the order of sending | `BusinessMessageReject` |
/// | `QuoteRequest` (R) | `QuoteRequestAck` (b) | `QuoteRequestReject` (AG) |
/// | `Quote` (S) | `QuoteStatusReport` (AI) | the same with 297=5, by RFQ and in the order of sending |
/// | `QuoteCancel` (Z) | `QuoteStatusReport` with 297=17, or `QuoteCancelStatus` (U9), whichever is first | U9 with 298=1 |
/// | `QuoteConfirm` (U7) | `QuoteConfirmStatus` (U8) | the same with 21010=1 |
/// | `AcceptQuote` (UA) | `AcceptQuoteStatus` (UC) | the same with 21025=1 |
/// | `RFQCancel` (UE) | `RFQCancelStatus` (UB), also when the RFQ had expired | the same with 21013=1 |
/// | `EventResendRequest` (U1) | the reports, and `EventResendComplete` (U2) | `EventResendReject` (U3) |
///
/// Every one of them can be refused by `BusinessMessageReject` (j) and by `Reject` (3) as well, which name it by its
/// `MsgSeqNum (34)`. Any refusal with the text `EXCHANGE_UNAVAILABLE` leaves it in doubt.
///
/// A struct of one's own is none, even one of MsgType (35) D: nobody says which of its fields is the id by which it is answered.
/// It is [sent](crate::client::Sender::send), and its answers come as [`Event`](crate::client::Event)s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request whose answers the client knows",
    label = "`submit` and `begin` wait for an answer, which they know for the requests of the dialect alone",
    note = "a message of your own is sent with `send` (`#[fix(client = {S})]`), and what comes of it is told by `recv`",
    note = "the requests, and what answers each, are listed at `kalshi_fix::client::Request`"
)]
pub trait Request<S: KalshiSession>: ClientSends<S> + sealed::Named {
    /// What its acknowledgement is.
    type Answer: Send + 'static;

    /// Reads the acknowledgement.
    #[doc(hidden)]
    fn read(inbound: Inbound, replayed: Vec<Inbound>, decoder: &mut Decoder<S::Dialect>) -> Self::Answer;
}

pub(super) mod sealed {
    use super::Identity;

    pub trait Named {
        fn identity(&self) -> Identity;
    }
}

use sealed::Named;

/// Decodes a frame, to keep.
fn decode<D: Dialect>(
    inbound: &Inbound,
    decoder: &mut Decoder<D>,
) -> Option<<D::Message<'static> as fix_dialect::Message<'static>>::Owned> {
    use fix_dialect::Message as _;
    let decoded = decoder.decode(&inbound.frame).ok()?;
    decoded.message().map(|message| message.clone().into_owned())
}

macro_rules! requests {
    ($dialect:ident, $module:ident, { $($request:ident => $answer:ident,)* }) => {
        $(
            impl<S> Request<S> for $module::$request<'_>
            where
                S: KalshiSession<Dialect = $dialect>,
                Self: ClientSends<S>,
            {
                type Answer = Answer<$module::$answer<'static>>;

                fn read(
                    inbound: Inbound,
                    _: Vec<Inbound>,
                    decoder: &mut Decoder<$dialect>,
                ) -> Self::Answer {
                    let message = match decode(&inbound, decoder) {
                        Some($module::Message::$answer(message)) => Some(message),
                        _ => None,
                    };
                    Answer::new(message, inbound)
                }
            }
        )*

        impl<S> Request<S> for $module::EventResendRequest<'_>
        where
            S: KalshiSession<Dialect = $dialect>,
            Self: ClientSends<S>,
        {
            type Answer = Replay<$module::ExecutionReport<'static>>;

            fn read(
                inbound: Inbound,
                replayed: Vec<Inbound>,
                decoder: &mut Decoder<$dialect>,
            ) -> Self::Answer {
                let mut replay = Replay {
                    reports: Vec::with_capacity(replayed.len()),
                    incomplete: Vec::new(),
                    announced: number(AnswerFields::of(&inbound).resend_event_count),
                };
                for report in replayed {
                    match decode(&report, decoder) {
                        Some($module::Message::ExecutionReport(report)) => replay.reports.push(report),
                        _ => replay.incomplete.push(report),
                    }
                }
                replay
            }
        }

        impl Named for $module::NewOrderSingle<'_> {
            fn identity(&self) -> Identity {
                Identity::new(Kind::Order, self.cl_ord_id.as_bytes())
            }
        }

        impl Named for $module::OrderCancelRequest<'_> {
            fn identity(&self) -> Identity {
                Identity::new(Kind::Cancel, self.cl_ord_id.as_bytes())
            }
        }

        impl Named for $module::OrderCancelReplaceRequest<'_> {
            fn identity(&self) -> Identity {
                Identity::new(Kind::Amend, self.cl_ord_id.as_bytes())
            }
        }

        impl Named for $module::OrderMassCancelRequest<'_> {
            fn identity(&self) -> Identity {
                Identity::new(Kind::MassCancel, self.cl_ord_id.as_bytes())
            }
        }

        impl Named for $module::OrderGroupRequest<'_> {
            fn identity(&self) -> Identity {
                match &self.order_group_id {
                    Some(group) => Identity::new(Kind::GroupAction, group.as_bytes()),
                    None => Identity::unnamed(Kind::GroupAction),
                }
            }
        }

        impl Named for $module::EventResendRequest<'_> {
            fn identity(&self) -> Identity {
                Identity::new(Kind::Replay, b"")
            }
        }
    };
}

requests!(Prediction, prediction, {
    NewOrderSingle => ExecutionReport,
    OrderCancelRequest => ExecutionReport,
    OrderCancelReplaceRequest => ExecutionReport,
    OrderMassCancelRequest => OrderMassCancelReport,
    OrderGroupRequest => OrderGroupResponse,
    QuoteRequest => QuoteRequestAck,
    Quote => QuoteStatusReport,
    QuoteConfirm => QuoteConfirmStatus,
    AcceptQuote => AcceptQuoteStatus,
    RFQCancel => RFQCancelStatus,
});

requests!(Margin, margin, {
    NewOrderSingle => ExecutionReport,
    OrderCancelRequest => ExecutionReport,
    OrderCancelReplaceRequest => ExecutionReport,
    OrderMassCancelRequest => OrderMassCancelReport,
    OrderGroupRequest => OrderGroupResponse,
});

/// Two messages say that a quote is cancelled, in either order: the answer is the first of them.
impl<S> Request<S> for prediction::QuoteCancel<'_>
where
    S: KalshiSession<Dialect = Prediction>,
    Self: ClientSends<S>,
{
    type Answer = Answer<prediction::Message<'static>>;

    fn read(inbound: Inbound, _: Vec<Inbound>, decoder: &mut Decoder<Prediction>) -> Self::Answer {
        Answer::new(decode(&inbound, decoder), inbound)
    }
}

impl Named for prediction::QuoteRequest<'_> {
    fn identity(&self) -> Identity {
        Identity::new(Kind::QuoteRequest, self.quote_req_id.as_bytes())
    }
}

impl Named for prediction::Quote<'_> {
    fn identity(&self) -> Identity {
        Identity::new(Kind::Quote, self.quote_id.as_bytes()).or(Some(self.quote_req_id.as_bytes()))
    }
}

impl Named for prediction::QuoteCancel<'_> {
    fn identity(&self) -> Identity {
        Identity::new(Kind::QuoteCancel, self.quote_id.as_bytes())
    }
}

impl Named for prediction::QuoteConfirm<'_> {
    fn identity(&self) -> Identity {
        Identity::new(Kind::QuoteConfirm, self.quote_id.as_bytes())
    }
}

impl Named for prediction::AcceptQuote<'_> {
    fn identity(&self) -> Identity {
        let cl_ord_id = self.cl_ord_id.as_ref().map(Text::as_bytes);
        Identity::new(Kind::AcceptQuote, self.quote_id.as_bytes()).or(cl_ord_id)
    }
}

impl Named for prediction::RFQCancel<'_> {
    fn identity(&self) -> Identity {
        let request = self.quote_req_id.as_ref().map(Text::as_bytes);
        let rfq = self.rfq_id.as_ref().map(Text::as_bytes);
        match (request, rfq) {
            (Some(request), rfq) => Identity::new(Kind::RfqCancel, request).or(rfq),
            (None, Some(rfq)) => Identity::new(Kind::RfqCancel, rfq),
            // The venue takes no such request; nor does the outbound check.
            (None, None) => Identity::unnamed(Kind::RfqCancel),
        }
    }
}
