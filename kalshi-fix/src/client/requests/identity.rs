//! What of a request its answers name.

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// NewOrderSingle (D).
    Order,
    /// OrderCancelRequest (F).
    Cancel,
    /// OrderCancelReplaceRequest (G).
    Amend,
    /// OrderMassCancelRequest (q).
    MassCancel,
    /// OrderGroupRequest (UOG).
    GroupAction,
    /// QuoteRequest (R).
    QuoteRequest,
    /// Quote (S).
    Quote,
    /// QuoteCancel (Z).
    QuoteCancel,
    /// AcceptQuote (UA).
    AcceptQuote,
    /// RFQCancel (UE).
    RfqCancel,
    /// QuoteConfirm (U7).
    QuoteConfirm,
    /// EventResendRequest (U1).
    Replay,
}

impl Kind {
    pub(super) const fn msg_type(self) -> &'static str {
        match self {
            Kind::Order => "D",
            Kind::Cancel => "F",
            Kind::Amend => "G",
            Kind::MassCancel => "q",
            Kind::GroupAction => "UOG",
            Kind::QuoteRequest => "R",
            Kind::Quote => "S",
            Kind::QuoteCancel => "Z",
            Kind::AcceptQuote => "UA",
            Kind::RfqCancel => "UE",
            Kind::QuoteConfirm => "U7",
            Kind::Replay => "U1",
        }
    }

    /// Within which requests an id has to be different: all with a ClOrdID (11) share theirs.
    pub(super) const fn space(self) -> Option<usize> {
        Some(match self {
            Kind::Order | Kind::Cancel | Kind::Amend | Kind::MassCancel => 0,
            Kind::QuoteRequest => 1,
            Kind::Quote => 2,
            Kind::QuoteCancel => 3,
            Kind::AcceptQuote => 4,
            Kind::RfqCancel => 5,
            Kind::QuoteConfirm => 6,
            Kind::Replay => 7,
            Kind::GroupAction => return None,
        })
    }

    /// Whether answers are told apart by the order in which the requests were sent, so that a request that nobody waits for
    /// any more must not be forgotten before it is answered. The rejection of a quote names its RFQ only.
    pub(super) const fn is_in_order(self) -> bool {
        matches!(self, Kind::GroupAction | Kind::Quote | Kind::Replay)
    }
}

/// How many [`Kind::space`]s there are.
pub(super) const SPACES: usize = 8;

/// What of a request its answers name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub(super) kind: Kind,
    /// ClOrdID (11), QuoteID (117), QuoteReqID (131) or RfqId (21023), OrderGroupID (20130); a group that is to be
    /// created has none, and a replay an empty one, since there can be one at a time.
    pub(super) id: Option<Box<[u8]>>,
    /// A second name: QuoteReqID (131) of a quote, ClOrdID (11) of an acceptance, RfqId (21023) of an RFQ's cancellation.
    pub(super) other: Option<Box<[u8]>>,
}

impl Identity {
    pub(super) fn new(kind: Kind, id: impl AsRef<[u8]>) -> Identity {
        Identity {
            kind,
            id: Some(id.as_ref().into()),
            other: None,
        }
    }

    pub(super) fn or(self, other: Option<impl AsRef<[u8]>>) -> Identity {
        Identity {
            other: other.map(|other| other.as_ref().into()),
            ..self
        }
    }

    pub(super) fn unnamed(kind: Kind) -> Identity {
        Identity {
            kind,
            id: None,
            other: None,
        }
    }

    pub(super) fn has(&self, name: Option<&[u8]>) -> bool {
        name.is_some() && (self.id.as_deref() == name || self.other.as_deref() == name)
    }
}
