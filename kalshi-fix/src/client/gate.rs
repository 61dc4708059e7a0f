//! What a message passes before it takes a sequence number: the rate limit, and pre-trade limits.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fix_dialect::{EncodeBody, Encoder, SessionHeader, Timestamp, fields};

use crate::driver::{Event, Observer};
use crate::limits::{Counted, Held, Intent, IntentKind, Leave, SharedPreTrade};
use crate::rate::{Cost, RateLimited, RatePolicy, SharedRateLimiter, names_a_shard};
use crate::session::{self, SendError};
use crate::units::PriceUnits;

/// What a client's sessions pass, as its builder was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Limiters {
    pub(super) rate: Option<(Arc<SharedRateLimiter>, RatePolicy)>,
    pub(super) pre_trade: Option<Arc<SharedPreTrade>>,
}

impl Limiters {
    /// Waits for the tokens of a logon. There is nothing to wait for where the policy is not to wait.
    pub(super) async fn admit_logon(&self) {
        let Some((limiter, policy)) = &self.rate else {
            return;
        };
        let cost = limiter.costs().cost("A", None, false);
        // What never fits would never log on; the venue is the one to say so.
        if *policy != RatePolicy::Wait || limiter.acquire(&cost).await.is_err() {
            limiter.take_what_is_there(&cost);
        }
    }
}

/// The gate of one session. All its senders share it.
pub(super) struct Gate {
    limiters: Limiters,
    units: PriceUnits,
    /// Where messages are encoded to be looked into.
    room: Mutex<(SessionHeader, Encoder)>,
}

impl Gate {
    /// `None`: there is nothing to pass.
    pub(super) fn new(limiters: Limiters, units: PriceUnits) -> Option<Gate> {
        if limiters.rate.is_none() && limiters.pre_trade.is_none() {
            return None;
        }
        // Who sends it to whom is the session's to write, and costs nothing.
        let header = SessionHeader::new("FIXT.1.1", "sender", "target").ok()?;
        Some(Gate {
            limiters,
            units,
            room: Mutex::new((header, Encoder::new())),
        })
    }

    /// Waits, where the rate limit's policy is to wait. The pre-trade limits are asked last, so that what waited is held
    /// against them as they are by then. Whether they still are the same is asked once more when the message takes its
    /// number ([`Pass::hold`]): after the kill switch was tripped, nothing comes through.
    pub(super) async fn admit<M: EncodeBody>(&self, message: &M) -> Result<Pass<'_>, SendError> {
        let mut pass = Pass::of(Some(self));
        if let Some((limiter, policy)) = &self.limiters.rate {
            let cost = self.cost(limiter, message)?;
            match policy {
                RatePolicy::Wait => limiter.acquire(&cost).await.map_err(rate_limited)?,
                RatePolicy::Refuse => limiter.try_acquire(&cost).map_err(rate_limited)?,
                RatePolicy::Off => limiter.take_what_is_there(&cost),
            }
            pass.cost = Some(cost);
        }
        self.pre_trade(message, pass)
    }

    /// As [`admit`](Gate::admit), without waiting.
    pub(super) fn try_admit<M: EncodeBody>(&self, message: &M) -> Result<Pass<'_>, SendError> {
        let mut pass = Pass::of(Some(self));
        if let Some((limiter, policy)) = &self.limiters.rate {
            let cost = self.cost(limiter, message)?;
            match policy {
                RatePolicy::Wait | RatePolicy::Refuse => limiter.try_acquire(&cost).map_err(rate_limited)?,
                RatePolicy::Off => limiter.take_what_is_there(&cost),
            }
            pass.cost = Some(cost);
        }
        self.pre_trade(message, pass)
    }

    fn cost<M: EncodeBody>(&self, limiter: &SharedRateLimiter, message: &M) -> Result<Cost, SendError> {
        let msg_type = String::from_utf8_lossy(message.msg_type());
        if !names_a_shard(&msg_type) {
            return Ok(limiter.costs().cost(&msg_type, None, false));
        }
        self.look(message, |frame| limiter.costs().cost_of_frame(&msg_type, frame))
    }

    fn pre_trade<'g, M: EncodeBody>(
        &'g self,
        message: &M,
        mut pass: Pass<'g>,
    ) -> Result<Pass<'g>, SendError> {
        if let Some(limits) = &self.limiters.pre_trade {
            let kind = IntentKind::of(message.msg_type());
            let admitted = if limits.reads(kind) {
                self.look(message, |frame| {
                    limits.admit(&Intent::of_frame(self.units, message.msg_type(), frame))
                })?
            } else {
                limits.admit(&Intent::of_kind(self.units.product(), kind))
            };
            let leave = admitted.map_err(|breach| SendError::Limit {
                breach: breach.to_string(),
            })?;
            pass.leave = Some(leave);
        }
        Ok(pass)
    }

    fn look<M: EncodeBody, T>(&self, message: &M, look: impl FnOnce(&[u8]) -> T) -> Result<T, SendError> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let (header, encoder) = &mut *room;
        let frame = encoder
            .encode(header, 1, Timestamp::from_unix_nanos(0), message)
            .map_err(|error| SendError::encode(error, message))?;
        Ok(look(frame))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("limiters", &self.limiters)
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}

/// Sees refusals of the venue's for the rate limit, also while nobody reads the session, and passes every event on.
pub(super) struct Watch {
    limiter: Arc<SharedRateLimiter>,
    next: Arc<dyn Observer>,
}

impl Limiters {
    /// The observer of a session, in front of this one, where there is something to see.
    pub(super) fn watching(&self, next: Arc<dyn Observer>) -> Arc<dyn Observer> {
        match &self.rate {
            Some((limiter, _)) => Arc::new(Watch {
                limiter: Arc::clone(limiter),
                next,
            }),
            None => next,
        }
    }
}

impl Observer for Watch {
    fn observe(&self, event: &Event) {
        if let Event::Session(session::Event::Application(inbound)) = event
            && inbound.msg_type() == b"j"
        {
            self.heed(&inbound.frame);
        }
        self.next.observe(event);
    }
}

impl Watch {
    /// Whether a `BusinessMessageReject (j)` is for the rate: `BusinessRejectReason (380) = 8`.
    fn heed(&self, reject: &[u8]) {
        let (mut is_rate, mut refused) = (false, None);
        for field in fields(reject) {
            match field.tag {
                380 => is_rate = field.value == b"8",
                372 => refused = std::str::from_utf8(field.value).ok(),
                _ => {}
            }
        }
        if is_rate {
            self.limiter.refused(refused);
        }
    }
}

/// Leave to send one message. What it took is given back unless the message was sent.
#[must_use]
pub(super) struct Pass<'g> {
    gate: Option<&'g Gate>,
    cost: Option<Cost>,
    /// Of the pre-trade limits.
    leave: Option<Leave>,
}

impl<'g> Pass<'g> {
    pub(super) fn of(gate: Option<&'g Gate>) -> Pass<'g> {
        Pass {
            gate,
            cost: None,
            leave: None,
        }
    }

    /// Keeps the pre-trade limits as they are, if they still are what they were when it was given; `None`: ask anew. For as
    /// long as it takes to give the message its number.
    pub(super) fn hold(&self) -> Option<Held<'_>> {
        let limits = self.gate.and_then(|gate| gate.limiters.pre_trade.as_ref());
        match (limits, &self.leave) {
            (Some(limits), Some(leave)) => limits.hold(leave),
            _ => Some(Held::default()),
        }
    }

    /// For whoever waits for the answer; `None`: the message does not count as open.
    pub(super) fn counted(&self) -> Option<Counted> {
        let limits = self.gate?.limiters.pre_trade.as_ref()?;
        limits.counted(self.leave.as_ref()?)
    }

    /// The message has its number.
    pub(super) fn sent(mut self) {
        (self.cost, self.leave) = (None, None);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let Some(gate) = self.gate else { return };
        if let (Some(cost), Some((limiter, _))) = (&self.cost, &gate.limiters.rate) {
            limiter.put_back(cost);
        }
        if let (Some(leave), Some(limits)) = (self.leave.take(), &gate.limiters.pre_trade) {
            limits.take_back(leave);
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
fn rate_limited(refused: RateLimited) -> SendError {
    SendError::RateLimited {
        bucket: refused.bucket.to_string(),
        tokens: refused.tokens,
        wait: refused.wait,
    }
}
