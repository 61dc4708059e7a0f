//! Faults on demand: what a client must live with, and can only be tested against an exchange that misbehaves when told.

use crate::environment::SessionKind;

/// One misbehaviour, once: the next time that a session comes to this step.
///
/// ```
/// use kalshi_fix::environment::SessionKind;
/// use kalshi_fix::gateway::{Effect, Fault, Step};
///
/// let busy = Fault::new(Step::Logon, Effect::Refuse("already exists".to_owned())).on(SessionKind::OrderEntry);
/// let lost_order = Fault::new(Step::message("D"), Effect::Ignore);
/// # let _ = (busy, lost_order);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    session: Option<SessionKind>,
    step: Step,
    effect: Effect,
}

/// Where in the life of a session a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A client connects.
    Connect,
    /// A Logon (A) arrives whose signature is right.
    Logon,
    /// A message of this MsgType (35) arrives.
    Message(String),
    /// A Logout (5) arrives.
    Logout,
}

/// What the exchange does instead of what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It closes the connection without a word.
    Disconnect,
    /// It does nothing: no TLS handshake, no answer to the message.
    Ignore,
    /// It refuses. A logon gets a Logout with this text; an order an ExecutionReport with INTERNAL_ERROR, an amend or a
    /// cancel an OrderCancelReject with the same, a mass cancel and a market data request their own rejects, anything else
    /// a BusinessMessageReject with this text. A connection or a logout cannot be refused: they are ignored.
    Refuse(String),
}

impl Fault {
    /// A fault on sessions of any kind.
    #[must_use]
    pub const fn new(step: Step, effect: Effect) -> Fault {
        Fault {
            session: None,
            step,
            effect,
        }
    }

    /// The same fault, on sessions of this kind only.
    #[must_use]
    pub fn on(self, session: SessionKind) -> Fault {
        Fault {
            session: Some(session),
            ..self
        }
    }

    fn strikes(&self, session: SessionKind, step: &Step) -> bool {
        self.session.is_none_or(|only| only == session) && self.step == *step
    }
}

impl Step {
    /// A message of this MsgType (35).
    #[must_use]
    pub fn message(msg_type: &str) -> Step {
        Step::Message(msg_type.to_owned())
    }
}

/// The faults that have not struck yet.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The effect of the first fault for this step, which is used up by it.
    pub(super) fn take(&mut self, session: SessionKind, step: &Step) -> Option<Effect> {
        let at = self.0.iter().position(|fault| fault.strikes(session, step))?;
        Some(self.0.remove(at).effect)
    }

    /// Whether looking for a fault is worth the while.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_once_and_where_it_should() {
        let mut faults = Faults::default();
        faults.add(Fault::new(Step::message("D"), Effect::Ignore).on(SessionKind::OrderEntry));
        faults.add(Fault::new(Step::Logon, Effect::Disconnect));
        assert_eq!(faults.take(SessionKind::MarketData, &Step::message("D")), None);
        assert_eq!(faults.take(SessionKind::OrderEntry, &Step::message("F")), None);
        assert_eq!(
            faults.take(SessionKind::OrderEntry, &Step::message("D")),
            Some(Effect::Ignore)
        );
        assert_eq!(faults.take(SessionKind::OrderEntry, &Step::message("D")), None);
        assert_eq!(
            faults.take(SessionKind::MarketData, &Step::Logon),
            Some(Effect::Disconnect)
        );
        assert!(faults.is_empty());
    }
}
