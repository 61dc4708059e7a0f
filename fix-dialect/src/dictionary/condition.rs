//! The grammar of `x-when`: when a member must be there.
//!
//! ```text
//! condition = all , { " or " , all } ;
//! all       = term , { " and " , term } ;
//! term      = "client" | "exchange"        (* the side that sends the message *)
//!           | "cents" | "dollars"          (* what the session's prices are *)
//!           | "on:" , names                (* the session is one of these, separated by commas *)
//!           | "!on:" , names               (* the session is none of these *)
//!           | name                         (* the field is there *)
//!           | "!" , name                   (* the field is not there *)
//!           | name , "=" , value           (* the field is there with this value *)
//!           | name , "!=" , value ;        (* the field is there with another value, or is not there *)
//! ```

use std::fmt;

use super::model::FieldId;
use crate::Prices;

/// A condition over the fields of a message and the side that sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Condition {
    /// All of these hold.
    All(Vec<Condition>),
    /// At least one of these holds.
    Any(Vec<Condition>),
    /// The field is there with this value.
    Equals {
        /// The field.
        field: FieldId,
        /// The value on the wire.
        value: String,
    },
    /// The field is there with another value, or is not there.
    Differs {
        /// The field.
        field: FieldId,
        /// The value on the wire.
        value: String,
    },
    /// The field is there.
    Present(FieldId),
    /// The field is not there.
    Absent(FieldId),
    /// This side sends the message.
    SentBy(Side),
    /// The session's prices are these.
    Prices(Prices),
    /// The message is on one of these sessions.
    OnSession(Vec<String>),
    /// The message is on none of these sessions.
    OffSession(Vec<String>),
}

/// A side of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// The client.
    Client,
    /// The exchange.
    Exchange,
}

impl Condition {
    /// Whether the condition holds for a message that `sender` sends, where `field` gives a field's value.
    ///
    /// A field of an enclosing level (the message around a group's entry) counts: `field` decides where to look. What
    /// is known of a session alone, its name and its prices, does not hold here.
    pub fn holds<'v>(&self, sender: Side, field: &impl Fn(FieldId) -> Option<&'v [u8]>) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(sender, field)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(sender, field)),
            Condition::Equals { field: id, value } => field(*id) == Some(value.as_bytes()),
            Condition::Differs { field: id, value } => field(*id) != Some(value.as_bytes()),
            Condition::Present(id) => field(*id).is_some(),
            Condition::Absent(id) => field(*id).is_none(),
            Condition::SentBy(side) => *side == sender,
            Condition::Prices(_) | Condition::OnSession(_) | Condition::OffSession(_) => false,
        }
    }

    /// Calls `visit` with every field that the condition names, and the value that it is compared with.
    pub fn each_field(&self, visit: &mut impl FnMut(FieldId, Option<&str>)) {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                for part in parts {
                    part.each_field(visit);
                }
            }
            Condition::Equals { field, value } | Condition::Differs { field, value } => {
                visit(*field, Some(value));
            }
            Condition::Present(field) | Condition::Absent(field) => visit(*field, None),
            Condition::SentBy(_)
            | Condition::Prices(_)
            | Condition::OnSession(_)
            | Condition::OffSession(_) => {}
        }
    }

    /// Visits every session that the condition names.
    pub fn each_session(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                for part in parts {
                    part.each_session(visit);
                }
            }
            Condition::OnSession(names) | Condition::OffSession(names) => {
                for name in names {
                    visit(name);
                }
            }
            _ => {}
        }
    }

    /// Reads a condition; `field` resolves a name.
    pub(super) fn parse(
        text: &str,
        field: &mut impl FnMut(&str) -> Option<FieldId>,
    ) -> Result<Condition, ConditionError> {
        let mut any = Vec::new();
        let mut all = Vec::new();
        let mut words = text.split_ascii_whitespace();
        loop {
            let term = words.next().ok_or(ConditionError::MissingTerm)?;
            all.push(Self::parse_term(term, field)?);
            match words.next() {
                Some("and") => {}
                Some("or") => any.push(combine(std::mem::take(&mut all), Condition::All)),
                None => break,
                Some(other) => return Err(ConditionError::NotAnOperator(other.to_owned())),
            }
        }
        any.push(combine(all, Condition::All));
        Ok(combine(any, Condition::Any))
    }

    fn parse_term(
        term: &str,
        field: &mut impl FnMut(&str) -> Option<FieldId>,
    ) -> Result<Condition, ConditionError> {
        let mut resolve =
            |name: &str| field(name).ok_or_else(|| ConditionError::UnknownField(name.to_owned()));
        let with_value = |name: &str, value: &str| {
            if name.is_empty() || value.is_empty() || value.contains('=') {
                return Err(ConditionError::NotATerm(term.to_owned()));
            }
            Ok(value.to_owned())
        };
        match term {
            "client" => return Ok(Condition::SentBy(Side::Client)),
            "exchange" => return Ok(Condition::SentBy(Side::Exchange)),
            "cents" => return Ok(Condition::Prices(Prices::Cents)),
            "dollars" => return Ok(Condition::Prices(Prices::Dollars)),
            "and" | "or" | "!" => return Err(ConditionError::NotATerm(term.to_owned())),
            _ => {}
        }
        let sessions = |names: &str| -> Result<Vec<String>, ConditionError> {
            let names: Vec<String> = names.split(',').map(str::to_owned).collect();
            if names.iter().any(String::is_empty) {
                return Err(ConditionError::NotATerm(term.to_owned()));
            }
            Ok(names)
        };
        if let Some(names) = term.strip_prefix("on:") {
            return sessions(names).map(Condition::OnSession);
        }
        if let Some(names) = term.strip_prefix("!on:") {
            return sessions(names).map(Condition::OffSession);
        }
        if let Some((name, value)) = term.split_once("!=") {
            let value = with_value(name, value)?;
            return Ok(Condition::Differs {
                field: resolve(name)?,
                value,
            });
        }
        if let Some((name, value)) = term.split_once('=') {
            let value = with_value(name, value)?;
            return Ok(Condition::Equals {
                field: resolve(name)?,
                value,
            });
        }
        match term.strip_prefix('!') {
            Some(name) => Ok(Condition::Absent(resolve(name)?)),
            None => Ok(Condition::Present(resolve(term)?)),
        }
    }
}

fn combine(mut parts: Vec<Condition>, wrap: fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        wrap(parts)
    }
}

/// Why a text is not a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ConditionError {
    MissingTerm,
    NotATerm(String),
    NotAnOperator(String),
    UnknownField(String),
}

impl fmt::Display for ConditionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConditionError::MissingTerm => {
                formatter.write_str("a condition is missing; expected `Name=value`, `Name`, `!Name`, …")
            }
            ConditionError::NotATerm(text) => {
                write!(
                    formatter,
                    "\"{text}\" is no condition; expected `Name=value`, `Name!=value`, `Name`, \
                     `!Name`, `client`, `exchange`, `cents`, `dollars`, `on:SESSION` or `!on:SESSION`"
                )
            }
            ConditionError::NotAnOperator(text) => {
                write!(
                    formatter,
                    "\"{text}\" stands between two conditions; expected `and` or `or`"
                )
            }
            ConditionError::UnknownField(name) => write!(formatter, "no field named \"{name}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(name: &str) -> Option<FieldId> {
        ["A", "B", "C"]
            .iter()
            .position(|&known| known == name)
            .map(FieldId)
    }

    fn parse(text: &str) -> Result<Condition, ConditionError> {
        Condition::parse(text, &mut resolve)
    }

    fn equals(field: usize, value: &str) -> Condition {
        Condition::Equals {
            field: FieldId(field),
            value: value.to_owned(),
        }
    }

    #[test]
    fn conditions_are_read() {
        let check = |text, expected| assert_eq!(parse(text), Ok(expected), "{text}");
        check("A=F", equals(0, "F"));
        check(
            "A!=F",
            Condition::Differs {
                field: FieldId(0),
                value: "F".to_owned(),
            },
        );
        check("A", Condition::Present(FieldId(0)));
        check("!B", Condition::Absent(FieldId(1)));
        check("client", Condition::SentBy(Side::Client));
        check(
            "A=1 and B=2",
            Condition::All(vec![equals(0, "1"), equals(1, "2")]),
        );
        check(
            "exchange or A=1 and B=2",
            Condition::Any(vec![
                Condition::SentBy(Side::Exchange),
                Condition::All(vec![equals(0, "1"), equals(1, "2")]),
            ]),
        );
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let check = |text, expected| assert_eq!(parse(text), Err(expected), "{text}");
        check("", ConditionError::MissingTerm);
        check("A and", ConditionError::MissingTerm);
        check("A B", ConditionError::NotAnOperator("B".to_owned()));
        check("A=", ConditionError::NotATerm("A=".to_owned()));
        check("A==1", ConditionError::NotATerm("A==1".to_owned()));
        check("=1", ConditionError::NotATerm("=1".to_owned()));
        check("and", ConditionError::NotATerm("and".to_owned()));
        check("A=1 or D", ConditionError::UnknownField("D".to_owned()));
    }

    #[test]
    fn conditions_hold_or_not() {
        let values = |id: FieldId| match id.index() {
            0 => Some(&b"F"[..]),
            _ => None,
        };
        let check = |text, expected| {
            let condition = parse(text).expect("a condition");
            assert_eq!(condition.holds(Side::Client, &values), expected, "{text}");
        };
        check("A=F", true);
        check("A=8", false);
        check("A!=8", true);
        check("B!=8", true);
        check("A and B", false);
        check("A and !B", true);
        check("B or client", true);
        check("exchange", false);
    }
}
