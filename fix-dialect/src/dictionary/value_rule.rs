//! The grammar of `x-value`: what a field's value must be in its place.
//!
//! ```text
//! rules = rule , { "; " , rule } ;
//! rule  = what , [ " when " , condition ] ;         (* see `x-when` *)
//! what  = "=" , value                               (* exactly this, as on the wire *)
//!       | range , [ " step " , number ]
//!       | "step " , number ;                        (* a multiple of this *)
//! range = [ number ] , ".." , [ number ] ;          (* both ends included *)
//! ```

use std::fmt;

use super::condition::{Condition, ConditionError};
use super::model::FieldId;
use crate::Decimal;

/// What a field's value must be, under a condition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ValueRule {
    /// When; `None` for always.
    pub when: Option<Condition>,
    /// Exactly this, as on the wire.
    pub equals: Option<String>,
    /// The least number.
    pub min: Option<Decimal>,
    /// The greatest number.
    pub max: Option<Decimal>,
    /// What the number must be a multiple of.
    pub step: Option<Decimal>,
}

/// Why a text is not a list of value rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ValueRuleError {
    NotARule(String),
    Condition(ConditionError),
}

impl ValueRule {
    /// Reads the rules of an attribute; `field` resolves a name.
    pub(super) fn parse_all(
        text: &str,
        field: &mut impl FnMut(&str) -> Option<FieldId>,
    ) -> Result<Vec<ValueRule>, ValueRuleError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.split("; ").map(|rule| Self::parse(rule, field)).collect()
    }

    fn parse(
        text: &str,
        field: &mut impl FnMut(&str) -> Option<FieldId>,
    ) -> Result<ValueRule, ValueRuleError> {
        let (what, when) = match text.split_once(" when ") {
            Some((what, when)) => (
                what,
                Some(Condition::parse(when, field).map_err(ValueRuleError::Condition)?),
            ),
            None => (text, None),
        };
        let refused = || ValueRuleError::NotARule(what.to_owned());
        let mut rule = ValueRule {
            when,
            ..ValueRule::default()
        };
        if let Some(value) = what.strip_prefix('=') {
            if value.is_empty() {
                return Err(refused());
            }
            rule.equals = Some(value.to_owned());
            return Ok(rule);
        }
        let number = |text: &str| text.parse::<Decimal>().map_err(|_| refused());
        let optional = |text: &str| (!text.is_empty()).then(|| number(text)).transpose();
        let mut words = what.split(' ');
        let mut word = words.next();
        if let Some((min, max)) = word.and_then(|word| word.split_once("..")) {
            (rule.min, rule.max) = (optional(min)?, optional(max)?);
            word = words.next();
        }
        if word == Some("step") {
            let step = number(words.next().ok_or_else(refused)?)?;
            if step <= Decimal::ZERO {
                return Err(refused());
            }
            rule.step = Some(step);
            word = words.next();
        }
        let empty = rule.min.is_none() && rule.max.is_none() && rule.step.is_none();
        let crossed = rule.min.zip(rule.max).is_some_and(|(min, max)| min > max);
        if word.is_some() || empty || crossed {
            return Err(refused());
        }
        Ok(rule)
    }

    /// Whether the rule speaks of numbers.
    #[must_use]
    pub const fn is_numeric(&self) -> bool {
        self.equals.is_none()
    }
}

impl fmt::Display for ValueRuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueRuleError::NotARule(text) => write!(
                formatter,
                "\"{text}\" is no rule for a value; expected `=value`, `least..greatest`, `step number`, or the \
                 latter two together"
            ),
            ValueRuleError::Condition(error) => error.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prices;

    fn parse(text: &str) -> Result<Vec<ValueRule>, ValueRuleError> {
        ValueRule::parse_all(text, &mut |name| (name == "A").then_some(FieldId(0)))
    }

    #[test]
    fn rules_are_read() {
        let number = |text: &str| text.parse::<Decimal>().ok();
        let check = |text, expected: &[ValueRule]| assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        let rule = ValueRule::default;
        check(
            "=Y",
            &[ValueRule {
                equals: Some("Y".to_owned()),
                ..rule()
            }],
        );
        check(
            "..1",
            &[ValueRule {
                max: number("1"),
                ..rule()
            }],
        );
        check(
            "1..99 step 1 when cents;\n   step 0.0001 when A",
            &[
                ValueRule {
                    when: Some(Condition::Prices(Prices::Cents)),
                    min: number("1"),
                    max: number("99"),
                    step: number("1"),
                    ..rule()
                },
                ValueRule {
                    when: Some(Condition::Present(FieldId(0))),
                    step: number("0.0001"),
                    ..rule()
                },
            ],
        );
        check(
            "=-1;-1 when A=1",
            &[ValueRule {
                when: Some(Condition::Equals {
                    field: FieldId(0),
                    value: "1".to_owned(),
                }),
                equals: Some("-1;-1".to_owned()),
                ..rule()
            }],
        );
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let not_a_rule = |text: &str| assert_eq!(parse(text), Err(ValueRuleError::NotARule(text.to_owned())));
        for text in [
            "",
            "=",
            "..",
            "2..1",
            "a..b",
            "step",
            "step 0",
            "step -1",
            "1..2 step 1 more",
            "1",
        ] {
            not_a_rule(text);
        }
        let unknown = ConditionError::UnknownField("B".to_owned());
        assert_eq!(parse("=1 when B"), Err(ValueRuleError::Condition(unknown)));
    }
}
