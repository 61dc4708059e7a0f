//! Faults on demand: what a client must live with, and can only be tested against an exchange that misbehaves when told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::random::Random;
use crate::environment::{Product, SessionKind};

/// A misbehaviour: what happens where, how often, and on which sessions. Once, on any session, unless it is told otherwise.
///
/// ```
/// use std::time::Duration;
///
/// use kalshi_fix::environment::SessionKind;
/// use kalshi_fix::gateway::{Effect, Fault, Step};
///
/// let busy = Fault::new(Step::Logon, Effect::Refuse("already exists".to_owned())).on(SessionKind::OrderEntry);
/// let lost_order = Fault::new(Step::message("D"), Effect::Ignore);
/// // From the third execution report on, one in ten is lost on its way to the client.
/// let lossy = Fault::new(Step::sending("8"), Effect::Ignore).after(2).always().chance(10);
/// // The answer to a logon is cut in the middle.
/// let torn = Fault::new(Step::sending("A"), Effect::CutAfter(40));
/// let slow = Fault::new(Step::AnySending, Effect::Delay(Duration::from_millis(5))).always();
/// # let _ = (busy, lost_order, lossy, torn, slow);
/// ```
///
/// What an effect means depends on the step:
///
/// | | [`Connect`](Step::Connect) | [`Logon`](Step::Logon), [`Message`](Step::Message) | [`Sending`](Step::Sending) | [`Logout`](Step::Logout) |
/// | --- | --- | --- | --- | --- |
/// | [`Disconnect`](Effect::Disconnect) | the connection ends | the connection ends, as if the message had not come | the connection ends instead | the connection ends |
/// | [`Ignore`](Effect::Ignore) | no TLS handshake | no answer | the message is lost: a gap | no answer |
/// | [`Refuse`](Effect::Refuse) | as `Ignore` | a refusal | as `Ignore` | as `Ignore` |
/// | [`Doubt`](Effect::Doubt) | none | of an order it says EXCHANGE_UNAVAILABLE | none | none |
/// | [`Delay`](Effect::Delay) | a late handshake | looked at later, and what follows too | it and what follows leave later | a late answer |
/// | [`Silence`](Effect::Silence) | as `Ignore` | nothing more is sent | it and what follows are lost | no answer |
/// | [`Garble`](Effect::Garble) | none | none | a byte of it is wrong | none |
/// | [`Duplicate`](Effect::Duplicate) | none | a message is carried out twice | it is sent twice | none |
/// | [`Gap`](Effect::Gap) | none | the next message's number is too high | the next one's number is too high | none |
/// | [`CutAfter`](Effect::CutAfter) | none | the connection ends when so many more bytes were sent | the same, this message's bytes included | the same |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    session: Option<SessionKind>,
    product: Option<Product>,
    key_id: Option<String>,
    step: Step,
    effect: Effect,
    /// How many times it comes to the step before the fault strikes.
    skip: u32,
    /// How many times it strikes; `None`: always.
    times: Option<u32>,
    /// In how many of a hundred cases.
    chance: u8,
}

/// Where in the life of a session a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A client connects.
    Connect,
    /// A Logon (A) arrives whose signature is right.
    Logon,
    /// An application message of this MsgType (35) arrives.
    Message(String),
    /// An application message arrives.
    AnyMessage,
    /// The exchange is about to send a message of this MsgType (35), be it the session's own (A, 0, 5) or the exchange's.
    Sending(String),
    /// The exchange is about to send a message.
    AnySending,
    /// A Logout (5) arrives.
    Logout,
}

/// What the exchange does instead of what it should. [`Fault`] lists what that means at each step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It closes the connection without a word.
    Disconnect,
    /// It does nothing: no TLS handshake, no answer to the message.
    Ignore,
    /// It refuses. A logon gets a Logout with this text; an order an ExecutionReport with this text where the exchange knows
    /// it as a reason ([`RejectReason::named`](super::exchange::RejectReason::named)), else with INTERNAL_ERROR; an amend or
    /// a cancel an OrderCancelReject with INTERNAL_ERROR, a mass cancel and a market data request their own rejects, an event resend
    /// request EventResendRejectReason 2, anything else a BusinessMessageReject with this text. A connection or a logout
    /// cannot be refused: they are ignored.
    Refuse(String),
    /// It carries the message out, and answers an order EXCHANGE_UNAVAILABLE: the order may live, and a client has to find out.
    Doubt,
    /// It takes its time.
    Delay(Duration),
    /// It sends nothing from here on, heartbeats included, and keeps the connection.
    Silence,
    /// One byte of the message is wrong, by chance, and so is its checksum.
    Garble,
    /// It does it twice.
    Duplicate,
    /// It uses up so many sequence numbers without a message. A session that retransmits fills them over when it is asked.
    Gap(u32),
    /// It closes the connection when so many more bytes of FIX were sent, in the middle of a message or not.
    CutAfter(usize),
}

impl Fault {
    /// A fault on sessions of any kind.
    #[must_use]
    pub const fn new(step: Step, effect: Effect) -> Fault {
        Fault {
            session: None,
            product: None,
            key_id: None,
            step,
            effect,
            skip: 0,
            times: Some(1),
            chance: 100,
        }
    }

    /// The venue's refusal of a second connection of a key.
    #[must_use]
    pub fn already_exists() -> Fault {
        Fault::new(Step::Logon, Effect::Refuse("already exists".to_owned()))
    }

    /// The same fault, on sessions of this kind only.
    #[must_use]
    pub fn on(self, session: SessionKind) -> Fault {
        Fault {
            session: Some(session),
            ..self
        }
    }

    /// The same fault, on sessions of this product only.
    #[must_use]
    pub fn of(self, product: Product) -> Fault {
        Fault {
            product: Some(product),
            ..self
        }
    }

    /// The same fault, on sessions of this API key only. It is not known when a client connects.
    #[must_use]
    pub fn for_key(self, key_id: impl Into<String>) -> Fault {
        Fault {
            key_id: Some(key_id.into()),
            ..self
        }
    }

    /// Lets it come to the step so many times before it strikes.
    #[must_use]
    pub const fn after(mut self, count: u32) -> Fault {
        self.skip = count;
        self
    }

    /// Strikes so many times.
    #[must_use]
    pub const fn times(mut self, count: u32) -> Fault {
        self.times = Some(count);
        self
    }

    /// Strikes for as long as the exchange lives, or until [`Gateway::clear_faults`](super::Gateway::clear_faults).
    #[must_use]
    pub const fn always(mut self) -> Fault {
        self.times = None;
        self
    }

    /// Strikes in so many of a hundred cases only, by the exchange's [seed](super::GatewayBuilder::seed).
    #[must_use]
    pub const fn chance(mut self, percent: u8) -> Fault {
        self.chance = percent;
        self
    }

    fn concerns(&self, place: &Spot<'_>, step: &Reached<'_>) -> bool {
        self.session.is_none_or(|only| only == place.kind)
            && self.product.is_none_or(|only| only == place.product)
            && self
                .key_id
                .as_deref()
                .is_none_or(|only| place.key_id == Some(only))
            && self.step.is(step)
    }
}

impl Step {
    /// A message of this MsgType (35) arrives.
    #[must_use]
    pub fn message(msg_type: &str) -> Step {
        Step::Message(msg_type.to_owned())
    }

    /// A message of this MsgType (35) is about to be sent.
    #[must_use]
    pub fn sending(msg_type: &str) -> Step {
        Step::Sending(msg_type.to_owned())
    }

    fn is(&self, reached: &Reached<'_>) -> bool {
        match (self, reached) {
            (Step::Connect, Reached::Connect)
            | (Step::Logon, Reached::Logon)
            | (Step::Logout, Reached::Logout)
            | (Step::AnyMessage, Reached::Message(_))
            | (Step::AnySending, Reached::Sending(_)) => true,
            (Step::Message(named), Reached::Message(msg_type))
            | (Step::Sending(named), Reached::Sending(msg_type)) => named.as_bytes() == *msg_type,
            _ => false,
        }
    }
}

/// The step that a session has come to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reached<'a> {
    Connect,
    Logon,
    Message(&'a [u8]),
    Sending(&'a [u8]),
    Logout,
}

/// The session that has come there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'a> {
    pub(super) product: Product,
    pub(super) kind: SessionKind,
    pub(super) key_id: Option<&'a str>,
}

/// The faults that may still strike.
#[derive(Debug)]
pub(super) struct Faults {
    /// How many there are: what all sessions look at, with each message.
    waiting: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    faults: Vec<Fault>,
    random: Random,
}

impl Faults {
    pub(super) fn new(seed: u64) -> Faults {
        Faults {
            waiting: AtomicUsize::new(0),
            state: Mutex::new(State {
                faults: Vec::new(),
                random: Random::new(seed),
            }),
        }
    }

    pub(super) fn add(&self, fault: Fault) {
        self.change(|state| state.faults.push(fault));
    }

    pub(super) fn clear(&self) {
        self.change(|state| state.faults.clear());
    }

    /// Whether looking for a fault is worth the while.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// The effect of the first fault that strikes here, which may be used up by it.
    pub(super) fn take(&self, spot: &Spot<'_>, reached: Reached<'_>) -> Option<Effect> {
        if self.is_empty() {
            return None;
        }
        self.change(|State { faults, random }| {
            let mut struck = None;
            for (at, fault) in faults.iter_mut().enumerate() {
                if !fault.concerns(spot, &reached) {
                    continue;
                }
                if fault.skip > 0 {
                    fault.skip -= 1;
                } else if fault.times != Some(0) && random.percent(fault.chance) {
                    struck = Some(at);
                    break;
                }
            }
            let fault = faults.get_mut(struck?)?;
            let effect = fault.effect.clone();
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            faults.retain(|fault| fault.times != Some(0));
            Some(effect)
        })
    }

    /// Where the wrong byte of a garbled message is.
    pub(super) fn pick(&self, length: usize) -> usize {
        let picked = self.change(|state| state.random.below(length as u64));
        usize::try_from(picked).unwrap_or(0)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut state);
        self.waiting.store(state.faults.len(), Ordering::Release);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: Spot<'_> = Spot {
        product: Product::Prediction,
        kind: SessionKind::OrderEntry,
        key_id: Some("a"),
    };
    const DATA: Spot<'_> = Spot {
        product: Product::Margin,
        kind: SessionKind::MarketData,
        key_id: None,
    };

    #[test]
    fn a_fault_strikes_once_and_where_it_should() {
        let faults = Faults::new(0);
        faults.add(Fault::new(Step::message("D"), Effect::Ignore).on(SessionKind::OrderEntry));
        faults.add(Fault::new(Step::Logon, Effect::Disconnect));
        let order = Reached::Message(b"D");
        assert_eq!(faults.take(&DATA, order), None);
        assert_eq!(faults.take(&ORDERS, Reached::Message(b"F")), None);
        assert_eq!(faults.take(&ORDERS, Reached::Sending(b"D")), None);
        assert_eq!(faults.take(&ORDERS, order), Some(Effect::Ignore));
        assert_eq!(faults.take(&ORDERS, order), None);
        assert_eq!(faults.take(&DATA, Reached::Logon), Some(Effect::Disconnect));
        assert!(faults.is_empty());
    }

    /// Which of eight reports the fault strikes.
    #[track_caller]
    fn check(fault: Fault, expected: [u8; 8]) {
        let faults = Faults::new(1);
        let shown = format!("{fault:?}");
        faults.add(fault);
        let struck = expected.map(|_| u8::from(faults.take(&ORDERS, Reached::Sending(b"8")).is_some()));
        assert_eq!(struck, expected, "{shown}");
    }

    #[test]
    fn how_often_and_for_whom() {
        let fault = || Fault::new(Step::AnySending, Effect::Garble);
        check(fault(), [1, 0, 0, 0, 0, 0, 0, 0]);
        check(fault().after(3), [0, 0, 0, 1, 0, 0, 0, 0]);
        check(fault().times(3), [1, 1, 1, 0, 0, 0, 0, 0]);
        check(fault().after(5).always(), [0, 0, 0, 0, 0, 1, 1, 1]);
        check(fault().times(0), [0; 8]);
        check(fault().always().chance(0), [0; 8]);
        check(fault().of(Product::Margin).always(), [0; 8]);
        check(fault().for_key("b").always(), [0; 8]);
        check(fault().for_key("a").always(), [1; 8]);
    }

    #[test]
    fn chance_follows_from_the_seed() {
        let draw = |seed| {
            let faults = Faults::new(seed);
            faults.add(Fault::new(Step::AnyMessage, Effect::Ignore).always().chance(50));
            [(); 32].map(|()| faults.take(&ORDERS, Reached::Message(b"D")).is_some())
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
