//! The names of both sides.

/// Who is who on a session.
///
/// On Kalshi the two directions do not mirror each other: a client writes `KalshiNR` (and its like) as
/// TargetCompID (56), and the venue's own SenderCompID (49) is `Kalshi`, or `KalshiMD` on market data. So
/// what we write and what we expect are settings of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// SenderCompID (49) of what we send.
    pub sender_comp_id: String,
    /// TargetCompID (56) of what we send. `None` for an acceptor: the SenderCompID of the peer's logon.
    pub target_comp_id: Option<String>,
    /// SenderCompID (49) that the peer must write. `None`: learned from its Logon (A), and held from then on.
    pub peer_sender_comp_id: Option<String>,
    /// TargetCompID (56) that the peer must write. `None`: learned from its Logon (A), and held from then on.
    pub peer_target_comp_id: Option<String>,
}

impl Identity {
    /// A client: writes these two, expects its own SenderCompID back as TargetCompID, and learns what the
    /// peer calls itself from the answer to the logon (documented as `Kalshi`; `KalshiMD` in the market data
    /// examples).
    #[must_use]
    pub fn initiator(sender_comp_id: impl Into<String>, target_comp_id: impl Into<String>) -> Self {
        let sender_comp_id = sender_comp_id.into();
        Identity {
            peer_target_comp_id: Some(sender_comp_id.clone()),
            sender_comp_id,
            target_comp_id: Some(target_comp_id.into()),
            peer_sender_comp_id: None,
        }
    }

    /// An exchange: writes this SenderCompID and learns the rest from the logon, whose CompIDs the
    /// application judges when it is asked to accept it.
    #[must_use]
    pub fn acceptor(sender_comp_id: impl Into<String>) -> Self {
        Identity {
            sender_comp_id: sender_comp_id.into(),
            target_comp_id: None,
            peer_sender_comp_id: None,
            peer_target_comp_id: None,
        }
    }
}
