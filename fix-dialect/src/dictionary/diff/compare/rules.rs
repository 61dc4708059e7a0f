//! Changes of what a member must obey in its place: exclusions, values, numbers of entries.

use super::super::{Impact, Subject};
use super::{Compare, Flat, Place};
use crate::Decimal;
use crate::dictionary::{Dictionary, Group, ValueRule};

use Impact::{Additive, Breaking, Cosmetic};

/// What a changed limit allows, next to the old one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    Same,
    Wider,
    Narrower,
    /// Some of what it allowed is excluded, and some of what it excluded is allowed.
    Other,
}

impl Width {
    /// Of a bound that may be absent.
    pub(super) fn of_bound<T: PartialOrd>(was: Option<T>, is: Option<T>, greater_is_wider: bool) -> Width {
        match (was, is) {
            (None, None) => Width::Same,
            (Some(_), None) => Width::Wider,
            (None, Some(_)) => Width::Narrower,
            (Some(was), Some(is)) if was == is => Width::Same,
            (Some(was), Some(is)) => Width::wider_if((is > was) == greater_is_wider),
        }
    }

    /// Of a step: whatever is a multiple of 0.1 is one of 0.05.
    pub(super) fn of_step(was: Option<Decimal>, is: Option<Decimal>) -> Width {
        let divides = |step: Decimal, by: Decimal| step.checked_rem(by) == Some(Decimal::ZERO);
        match (was, is) {
            (Some(was), Some(is)) if was != is => match (divides(was, is), divides(is, was)) {
                (true, _) => Width::Wider,
                (_, true) => Width::Narrower,
                _ => Width::Other,
            },
            (was, is) => Width::of_bound(was, is, false),
        }
    }

    fn of_rule(was: &ValueRule, is: &ValueRule) -> Width {
        if was.equals != is.equals {
            return Width::Other;
        }
        Width::of_bound(was.min, is.min, false)
            .and(Width::of_bound(was.max, is.max, true))
            .and(Width::of_step(was.step, is.step))
    }

    /// Of all rules of `x-value`, pair by pair; each comes with its condition as a text.
    fn of_rules(was: &[(String, &ValueRule)], is: &[(String, &ValueRule)]) -> Width {
        match (was.is_empty(), is.is_empty()) {
            (true, false) => Width::Narrower,
            (false, true) => Width::Wider,
            _ if !was
                .iter()
                .map(|(when, _)| when)
                .eq(is.iter().map(|(when, _)| when)) =>
            {
                Width::Other
            }
            _ => was
                .iter()
                .zip(is)
                .map(|((_, was), (_, is))| Width::of_rule(was, is))
                .fold(Width::Same, Width::and),
        }
    }

    const fn wider_if(wider: bool) -> Width {
        if wider { Width::Wider } else { Width::Narrower }
    }

    fn and(self, other: Width) -> Width {
        match (self, other) {
            (Width::Same, width) | (width, Width::Same) => width,
            (one, other) if one == other => one,
            _ => Width::Other,
        }
    }

    /// On a client that receives, and on one that sends. Values that were impossible are news for a reader; values that
    /// are excluded break a writer.
    pub(super) const fn impact(self) -> (Impact, Impact) {
        match self {
            Width::Same => (Impact::None, Impact::None),
            Width::Wider => (Additive, Additive),
            Width::Narrower => (Cosmetic, Breaking),
            Width::Other => (Additive, Breaking),
        }
    }
}

impl<'d> Compare<'d> {
    pub(super) fn rules(
        &mut self,
        place: &Place,
        component: Option<&'d str>,
        name: &str,
        was: &Flat<'d>,
        is: &Flat<'d>,
    ) {
        let never = |dictionary: &Dictionary, flat: &Flat<'_>| {
            let texts: Vec<String> = flat
                .never
                .iter()
                .map(|condition| dictionary.condition_text(condition))
                .collect();
            (!texts.is_empty()).then(|| texts.join(" or "))
        };
        let (before, after) = (never(self.old, was), never(self.new, is));
        if before != after {
            let (what, width) = match (&before, &after) {
                (_, None) => ("may be there in every case now".to_owned(), Width::Wider),
                (None, Some(after)) => (format!("must not be there when {after} now"), Width::Narrower),
                (Some(before), Some(after)) => (
                    format!("was excluded when {before} and is when {after}"),
                    Width::Other,
                ),
            };
            let (receive, send) = width.impact();
            let what = format!("{name} {what}");
            self.add_member(component, Subject::Presence, place, what, receive, send);
        }
        let (before, after) = (&was.member.values, &is.member.values);
        let texts = (
            self.old.value_rules_text(before),
            self.new.value_rules_text(after),
        );
        if texts.0 != texts.1 {
            let what = match (&texts.0[..], &texts.1[..]) {
                (was, "") => format!("the value of {name} is no longer limited here: it was {was}"),
                ("", is) => format!("the value of {name} is limited here now: {is}"),
                (was, is) => format!("the value of {name} was limited here to {was} and is to {is}"),
            };
            let (before, after) = (conditional(self.old, before), conditional(self.new, after));
            let (receive, send) = Width::of_rules(&before, &after).impact();
            self.add_member(component, Subject::Value, place, what, receive, send);
        }
    }

    pub(super) fn entries(
        &mut self,
        place: &Place,
        component: Option<&'d str>,
        name: &str,
        was: &Group,
        is: &Group,
    ) {
        for (which, was, is, greater_is_wider) in [
            ("least", was.min_entries, is.min_entries, false),
            ("greatest", was.max_entries, is.max_entries, true),
        ] {
            let width = Width::of_bound(was, is, greater_is_wider);
            if width == Width::Same {
                continue;
            }
            let shown =
                |bound: Option<u32>| bound.map_or_else(|| "unlimited".to_owned(), |bound| bound.to_string());
            let what = format!(
                "the {which} number of entries of {name} was {} and is {}",
                shown(was),
                shown(is)
            );
            let (receive, send) = width.impact();
            self.add_member(component, Subject::Group, place, what, receive, send);
        }
    }

    /// A note is part of the documentation, and of nothing else.
    pub(super) fn note(
        &mut self,
        component: Option<&'d str>,
        place: &str,
        of: &str,
        was: Option<&String>,
        is: Option<&String>,
    ) {
        let what = match (was, is) {
            (was, is) if was == is => return,
            (_, None) => "the note is gone".to_owned(),
            (None, Some(is)) => format!("there is a note now: {is}"),
            (Some(_), Some(is)) => format!("the note is another: {is}"),
        };
        let what = if of.is_empty() {
            what
        } else {
            format!("{of}: {what}")
        };
        let place = Place::new(place);
        self.add_member(component, Subject::Note, &place, what, Cosmetic, Cosmetic);
    }
}

/// Rules with their conditions as texts, in which the fields of two dictionaries can be compared.
fn conditional<'r>(dictionary: &Dictionary, rules: &'r [ValueRule]) -> Vec<(String, &'r ValueRule)> {
    let text = |rule: &ValueRule| rule.when.as_ref().map(|when| dictionary.condition_text(when));
    rules
        .iter()
        .map(|rule| (text(rule).unwrap_or_default(), rule))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_steps_are_wider_or_narrower() {
        let bound = |was, is, up| Width::of_bound::<u32>(was, is, up);
        assert_eq!(bound(None, None, true), Width::Same);
        assert_eq!(bound(Some(1), Some(1), true), Width::Same);
        assert_eq!(bound(Some(1), None, true), Width::Wider);
        assert_eq!(bound(None, Some(1), true), Width::Narrower);
        assert_eq!(bound(Some(1), Some(2), true), Width::Wider);
        assert_eq!(bound(Some(1), Some(2), false), Width::Narrower);
        let step = |was: Option<&str>, is: Option<&str>| {
            let number = |text: Option<&str>| text.map(|text| text.parse().expect("a number"));
            Width::of_step(number(was), number(is))
        };
        assert_eq!(step(Some("0.01"), Some("0.010")), Width::Same);
        assert_eq!(step(Some("0.01"), Some("0.001")), Width::Wider);
        assert_eq!(step(Some("0.01"), Some("1")), Width::Narrower);
        assert_eq!(step(Some("0.2"), Some("0.3")), Width::Other);
        assert_eq!(step(None, Some("1")), Width::Narrower);
        assert_eq!(step(Some("1"), None), Width::Wider);
    }
}
