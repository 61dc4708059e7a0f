//! What breaches of the rules lead to.

use crate::violation::{Rule, Violation};

/// What the breach of a rule leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing.
    Ignore,
    /// The message counts, and the breach is told.
    Report,
    /// The message is refused.
    Reject,
}

/// An action for each rule. Start from one that fits, and change single rules at run time:
///
/// ```
/// use fix_dialect::{Action, Profile, Rule};
///
/// let profile = Profile::lenient().with(Rule::Listed, Action::Reject);
/// assert_eq!(profile.action(Rule::Listed), Action::Reject);
/// assert_eq!(profile.action(Rule::Range), Action::Report);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    actions: [Action; Rule::ALL.len()],
}

/// What a profile makes of a message's violations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verdict {
    /// Those for which the message is refused.
    pub rejected: Vec<Violation>,
    /// Those that are told, and no more.
    pub reported: Vec<Violation>,
}

impl Profile {
    /// Refuses a message for any breach: an acceptor's.
    #[must_use]
    pub const fn strict() -> Profile {
        Profile::all(Action::Reject)
    }

    /// Keeps every message and tells what is wrong with it: for what a venue sends, since a fill must not be lost to a
    /// value that the dictionary does not list yet.
    #[must_use]
    pub const fn lenient() -> Profile {
        Profile::all(Action::Report)
    }

    /// Refuses a message of our own for any breach, before it takes a sequence number.
    #[must_use]
    pub const fn outbound() -> Profile {
        Profile::all(Action::Reject)
    }

    /// Applies no rule: validation costs nothing.
    #[must_use]
    pub const fn off() -> Profile {
        Profile::all(Action::Ignore)
    }

    const fn all(action: Action) -> Profile {
        Profile {
            actions: [action; Rule::ALL.len()],
        }
    }

    /// The same, with this action for this rule.
    #[must_use]
    pub const fn with(mut self, rule: Rule, action: Action) -> Profile {
        self.actions[rule as usize] = action;
        self
    }

    /// What a breach of this rule leads to.
    #[must_use]
    pub const fn action(&self, rule: Rule) -> Action {
        self.actions[rule as usize]
    }

    /// Whether no rule leads to anything, so that there is nothing to look for.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.actions.iter().all(|action| *action == Action::Ignore)
    }

    /// Whether any rule leads to a refusal.
    #[must_use]
    pub fn can_reject(&self) -> bool {
        self.actions.contains(&Action::Reject)
    }

    /// Sorts violations by what they lead to.
    #[must_use]
    pub fn judge(&self, violations: Vec<Violation>) -> Verdict {
        let mut verdict = Verdict::default();
        for violation in violations {
            match self.action(violation.rule) {
                Action::Ignore => {}
                Action::Report => verdict.reported.push(violation),
                Action::Reject => verdict.rejected.push(violation),
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::violation::Answer;

    #[test]
    fn violations_are_sorted_by_the_action_of_their_rule() {
        let violations = || {
            let breach = |rule| Violation {
                rule,
                tag: 1,
                path: String::new(),
                value: Vec::new(),
                expected: String::new(),
                answer: Answer::Reject(99),
            };
            Rule::ALL.map(breach).to_vec()
        };
        let check = |profile: Profile, rejected: usize, reported: usize| {
            let verdict = profile.judge(violations());
            assert_eq!(
                (verdict.rejected.len(), verdict.reported.len()),
                (rejected, reported)
            );
            assert_eq!(profile.can_reject(), rejected > 0);
            assert_eq!(profile.is_off(), rejected + reported == 0);
        };
        let all = Rule::ALL.len();
        check(Profile::strict(), all, 0);
        check(Profile::outbound(), all, 0);
        check(Profile::lenient(), 0, all);
        check(Profile::off(), 0, 0);
        check(Profile::strict().with(Rule::Range, Action::Ignore), all - 1, 0);
        check(Profile::off().with(Rule::Listed, Action::Report), 0, 1);
        check(
            Profile::lenient()
                .with(Rule::Listed, Action::Reject)
                .with(Rule::Listed, Action::Ignore),
            0,
            all - 1,
        );
    }

    #[test]
    fn every_rule_has_its_own_place() {
        for (place, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, place);
        }
    }
}
