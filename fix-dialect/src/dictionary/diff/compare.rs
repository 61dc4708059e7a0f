//! Finds the changes.

mod fields;
mod flat;
mod rules;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Change, Diff, Impact, Subject};
use crate::dictionary::{Dictionary, Group, Member, MemberKind, Message, Sessions};

use Impact::{Additive, Breaking, Cosmetic};
use flat::{Flat, Need, flatten};

impl Diff {
    /// Compares the meaning of two dictionaries, attribute by attribute. Where things stand in their files, and whether
    /// members are written out or come with a component, is no part of it; a note is a cosmetic change.
    #[must_use]
    pub fn new(old: &Dictionary, new: &Dictionary) -> Diff {
        let mut compare = Compare {
            old,
            new,
            changes: Vec::new(),
            within: None,
            direction: Direction::BOTH,
        };
        compare.dialect();
        compare.fields();
        compare.members(&Place::new("header"), &old.header, &new.header);
        compare.members(&Place::new("trailer"), &old.trailer, &new.trailer);
        compare.messages();
        compare.components();
        let mut changes = fold(compare.changes);
        changes.sort_by_key(|change| {
            (
                change.subject != Subject::TagReuse,
                std::cmp::Reverse(change.impact()),
            )
        });
        Diff { changes }
    }
}

struct Compare<'d> {
    old: &'d Dictionary,
    new: &'d Dictionary,
    /// With the component that each is in.
    changes: Vec<(Option<&'d str>, Change)>,
    /// The component that is looked at.
    within: Option<&'d str>,
    direction: Direction,
}

/// Whom a message concerns.
#[derive(Clone, Copy)]
struct Direction {
    received: bool,
    sent: bool,
}

impl Direction {
    const BOTH: Direction = Direction {
        received: true,
        sent: true,
    };

    fn of(message: &Message) -> Direction {
        let is_stated = |sessions: &Sessions| *sessions != Sessions::Unstated;
        if !is_stated(&message.client) && !is_stated(&message.exchange) {
            return Direction::BOTH;
        }
        let some = |sessions: &Sessions| match sessions {
            Sessions::Unstated => false,
            Sessions::All => true,
            Sessions::Listed(names) => !names.is_empty(),
        };
        Direction {
            received: some(&message.exchange),
            sent: some(&message.client),
        }
    }

    fn or(self, other: Direction) -> Direction {
        Direction {
            received: self.received || other.received,
            sent: self.sent || other.sent,
        }
    }
}

/// Where a list of members is.
struct Place {
    /// The message and the groups: `ExecutionReport/NoMiscFees`.
    text: String,
    /// Whether it is the entry of a group; the order within an entry may matter.
    is_entry: bool,
}

impl Place {
    fn new(text: &str) -> Place {
        Place {
            text: text.to_owned(),
            is_entry: false,
        }
    }
}

impl<'d> Compare<'d> {
    fn add(
        &mut self,
        subject: Subject,
        place: impl Into<String>,
        what: impl Into<String>,
        receive: Impact,
        send: Impact,
    ) {
        let Direction { received, sent } = self.direction;
        let change = Change {
            subject,
            place: place.into(),
            also: Vec::new(),
            what: what.into(),
            receive: if received { receive } else { Impact::None },
            send: if sent { send } else { Impact::None },
        };
        self.changes.push((self.within, change));
    }

    /// As [`Compare::add`], of a member that comes with a component.
    fn add_member(
        &mut self,
        component: Option<&'d str>,
        subject: Subject,
        place: &Place,
        what: String,
        receive: Impact,
        send: Impact,
    ) {
        let around = self.within;
        self.within = around.or(component);
        self.add(subject, &place.text, what, receive, send);
        self.within = around;
    }

    fn dialect(&mut self) {
        let (old, new) = (self.old, self.new);
        if old.begin_string() != new.begin_string() {
            let what = format!(
                "the begin string was {} and is {}",
                old.begin_string(),
                new.begin_string()
            );
            self.add(Subject::Dialect, "dialect", what, Breaking, Breaking);
        }
        if old.dialect != new.dialect {
            let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "unnamed".to_owned());
            let what = format!(
                "the dialect was {} and is {}",
                name(&old.dialect),
                name(&new.dialect)
            );
            self.add(Subject::Dialect, "dialect", what, Cosmetic, Cosmetic);
        }
        if old.service_pack != new.service_pack {
            let what = format!(
                "the service pack was {} and is {}",
                old.service_pack, new.service_pack
            );
            self.add(Subject::Dialect, "dialect", what, Cosmetic, Cosmetic);
        }
        if old.version != new.version {
            let state = |version: &Option<String>| version.clone().unwrap_or_else(|| "unstated".to_owned());
            let what = format!(
                "the version was {} and is {}",
                state(&old.version),
                state(&new.version)
            );
            self.add(Subject::Dialect, "dialect", what, Cosmetic, Cosmetic);
        }
        for gone in old.sessions.iter().filter(|name| !new.sessions.contains(name)) {
            let what = format!("the session {gone} is gone");
            self.add(Subject::Dialect, "dialect", what, Breaking, Breaking);
        }
        for come in new.sessions.iter().filter(|name| !old.sessions.contains(name)) {
            let what = format!("the session {come} is new");
            self.add(Subject::Dialect, "dialect", what, Additive, Additive);
        }
    }

    fn messages(&mut self) {
        let (old, new) = (self.old, self.new);
        for before in &old.messages {
            let Some(after) = new.message_by_type(&before.msg_type) else {
                self.direction = Direction::of(before);
                let what = match new.message_by_name(&before.name) {
                    Some(moved) => format!("is of type {} now", moved.msg_type),
                    None => "is no longer defined".to_owned(),
                };
                let place = format!("{} ({})", before.name, before.msg_type);
                self.add(Subject::Message, place, what, Breaking, Breaking);
                continue;
            };
            self.direction = Direction::of(before).or(Direction::of(after));
            if before.name != after.name {
                let place = format!("{} ({})", before.name, before.msg_type);
                let what = format!("the message type {} is {} now", before.msg_type, after.name);
                self.add(Subject::TagReuse, place, what, Breaking, Breaking);
            }
            if before.category != after.category {
                let what = "changed its layer (session or application)";
                self.add(Subject::Message, &after.name, what, Breaking, Breaking);
            }
            if before.family != after.family {
                let family = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
                let what = format!(
                    "the family was {} and is {}",
                    family(&before.family),
                    family(&after.family)
                );
                self.add(Subject::Message, &after.name, what, Cosmetic, Cosmetic);
            }
            self.sessions(before, after);
            self.note(None, &after.name, "", before.note.as_ref(), after.note.as_ref());
            self.members(&Place::new(&after.name), &before.members, &after.members);
        }
        for after in &new.messages {
            if old.message_by_type(&after.msg_type).is_none() && old.message_by_name(&after.name).is_none() {
                self.direction = Direction::of(after);
                let place = format!("{} ({})", after.name, after.msg_type);
                let what = format!("is new: {}", self.sides(after));
                self.add(Subject::Message, place, what, Additive, Additive);
            }
        }
        self.direction = Direction::BOTH;
    }

    /// What is said of components themselves. Their members are compared where they are used.
    fn components(&mut self) {
        let (old, new) = (self.old, self.new);
        for before in &old.components {
            if let Some(id) = new.component_by_name(&before.name) {
                let (place, after) = (format!("component {}", before.name), new.component(id));
                self.note(None, &place, "", before.note.as_ref(), after.note.as_ref());
            }
        }
    }

    fn sides(&self, message: &Message) -> String {
        let all = &self.new.sessions;
        let side = |who: &str, sessions: &Sessions| {
            let names = names(sessions, all)?;
            (!names.is_empty()).then(|| format!("the {who} sends it on {}", names.join(" ")))
        };
        let sides: Vec<String> = [
            side("client", &message.client),
            side("exchange", &message.exchange),
        ]
        .into_iter()
        .flatten()
        .collect();
        if sides.is_empty() {
            "no session is stated".to_owned()
        } else {
            sides.join(", ")
        }
    }

    fn sessions(&mut self, before: &Message, after: &Message) {
        let (old, new) = (self.old, self.new);
        for (who, was, is) in [
            ("client", &before.client, &after.client),
            ("exchange", &before.exchange, &after.exchange),
        ] {
            let concerns = |impact| match who {
                "client" => (Impact::None, impact),
                _ => (impact, Impact::None),
            };
            match (names(was, &old.sessions), names(is, &new.sessions)) {
                (Some(was), Some(is)) => {
                    for gone in was.iter().filter(|name| !is.contains(name)) {
                        let (receive, send) = concerns(Breaking);
                        let what = format!("the {who} no longer sends it on {gone}");
                        self.add(Subject::Session, &after.name, what, receive, send);
                    }
                    for come in is.iter().filter(|name| !was.contains(name)) {
                        let (receive, send) = concerns(Additive);
                        let what = format!("the {who} sends it on {come} now");
                        self.add(Subject::Session, &after.name, what, receive, send);
                    }
                }
                (None, None) => {}
                (was, _) => {
                    let (receive, send) = concerns(Cosmetic);
                    let what = format!(
                        "the sessions on which the {who} sends it are {}",
                        if was.is_some() {
                            "no longer stated"
                        } else {
                            "stated now"
                        }
                    );
                    self.add(Subject::Session, &after.name, what, receive, send);
                }
            }
        }
    }

    fn members(&mut self, place: &Place, before: &'d [Member], after: &'d [Member]) {
        let (old, new) = (flatten(self.old, before), flatten(self.new, after));
        for was in &old {
            let name = format!("{} ({})", was.member_name(self.old), was.tag);
            let Some(is) = new.iter().find(|is| is.tag == was.tag) else {
                let what = format!("{name} is gone");
                let subject = was.subject();
                self.add_member(was.component, subject, place, what, Breaking, Breaking);
                continue;
            };
            let component = was.component.and(is.component);
            self.member(place, component, was, is);
        }
        for is in &new {
            if old.iter().any(|was| was.tag == is.tag) {
                continue;
            }
            let name = format!("{} ({})", is.member_name(self.new), is.tag);
            let (need, send) = match &is.need {
                Need::Required => ("required".to_owned(), Breaking),
                Need::Conditional(when) => (format!("required when {when}"), Breaking),
                Need::Optional => ("optional".to_owned(), Additive),
            };
            let what = match is.group {
                Some(_) => format!("{name} is new: a group, {need}"),
                None => format!("{name} is new: {need}"),
            };
            self.add_member(is.component, is.subject(), place, what, Additive, send);
        }
        let common = |these: &[Flat<'d>], those: &[Flat<'d>]| -> Vec<u32> {
            let has = |tag| those.iter().any(|other| other.tag == tag);
            these
                .iter()
                .map(|flat| flat.tag)
                .filter(|&tag| has(tag))
                .collect()
        };
        for was in before {
            if let MemberKind::Component(_) = was.kind
                && let Some(is) = after.iter().find(|is| is.name == was.name)
                && let MemberKind::Component(_) = is.kind
            {
                self.note(None, &place.text, &was.name, was.note.as_ref(), is.note.as_ref());
            }
        }
        if common(&old, &new) != common(&new, &old) {
            let component = old.first().and_then(|flat| flat.component);
            let send = if place.is_entry { Breaking } else { Cosmetic };
            let what = "members stand in another order".to_owned();
            self.add_member(component, Subject::Order, place, what, Cosmetic, send);
        }
    }

    fn member(&mut self, place: &Place, component: Option<&'d str>, was: &Flat<'d>, is: &Flat<'d>) {
        let name = format!("{} ({})", is.member_name(self.new), is.tag);
        if was.need != is.need {
            let (receive, send) = match (&was.need, &is.need) {
                // What must be there may be missing: a reader must look, a writer need not.
                (Need::Required, _) | (Need::Conditional(_), Need::Optional) => (Breaking, Additive),
                (Need::Optional, _) | (_, Need::Required) => (Cosmetic, Breaking),
                (Need::Conditional(_), Need::Conditional(_)) => (Breaking, Breaking),
            };
            let what = format!("{name} was {} and is {}", was.need, is.need);
            self.add_member(component, Subject::Presence, place, what, receive, send);
        }
        if was.member.may_be_empty != is.member.may_be_empty {
            let (what, receive, send) = if is.member.may_be_empty {
                ("may be empty now", Breaking, Additive)
            } else {
                ("may no longer be empty", Cosmetic, Breaking)
            };
            let what = format!("{name} {what}");
            self.add_member(component, Subject::Presence, place, what, receive, send);
        }
        self.rules(place, component, &name, was, is);
        self.note(
            component,
            &place.text,
            &name,
            was.member.note.as_ref(),
            is.member.note.as_ref(),
        );
        match (was.group, is.group) {
            (None, None) => {}
            (Some(was), Some(is)) => self.group(place, component, &name, was, is),
            (was, _) => {
                let what = format!(
                    "{name} {}",
                    if was.is_some() {
                        "no longer counts a group"
                    } else {
                        "counts a group now"
                    }
                );
                self.add_member(component, Subject::Group, place, what, Breaking, Breaking);
            }
        }
    }

    fn group(
        &mut self,
        place: &Place,
        component: Option<&'d str>,
        name: &str,
        was: &'d Group,
        is: &'d Group,
    ) {
        let inner = Place {
            text: format!("{}/{}", place.text, self.new.field(is.count).name),
            is_entry: true,
        };
        if was.any_delimiter != is.any_delimiter {
            let (what, receive, send) = if is.any_delimiter {
                ("may begin with any member now", Breaking, Additive)
            } else {
                ("must begin with their first member now", Cosmetic, Breaking)
            };
            let what = format!("entries of {name} {what}");
            self.add_member(component, Subject::Group, place, what, receive, send);
        }
        let first = |dictionary: &Dictionary, group: &Group| {
            dictionary
                .first_field(&group.members)
                .map(|id| dictionary.field(id).tag)
        };
        if let (Some(before), Some(after)) = (first(self.old, was), first(self.new, is))
            && before != after
            && !is.any_delimiter
        {
            let what = format!("entries of {name} began with {before} and begin with {after}");
            self.add_member(component, Subject::Group, place, what, Breaking, Breaking);
        }
        if self.old.entry_name(was) != self.new.entry_name(is) {
            let (before, after) = (self.old.entry_name(was), self.new.entry_name(is));
            let what = format!("an entry of {name} was called {before} and is called {after}");
            self.add_member(component, Subject::Group, place, what, Cosmetic, Cosmetic);
        }
        self.entries(place, component, name, was, is);
        // What is within a component's group is the component's.
        let around = self.within;
        self.within = around.or(component);
        self.members(&inner, &was.members, &is.members);
        self.within = around;
    }
}

/// Tells a change of a component once, with every place that it is in.
fn fold(changes: Vec<(Option<&str>, Change)>) -> Vec<Change> {
    let mut folded: Vec<Change> = Vec::new();
    let mut known: HashMap<(&str, String, Subject), usize> = HashMap::new();
    for (component, change) in changes {
        let Some(component) = component else {
            folded.push(change);
            continue;
        };
        match known.entry((component, change.what.clone(), change.subject)) {
            Entry::Vacant(entry) => {
                entry.insert(folded.len());
                folded.push(change);
            }
            Entry::Occupied(entry) => {
                let first = &mut folded[*entry.get()];
                first.receive = first.receive.max(change.receive);
                first.send = first.send.max(change.send);
                if first.place != change.place {
                    first.also.push(change.place);
                }
            }
        }
    }
    folded
}

fn names<'s>(sessions: &'s Sessions, all: &'s [String]) -> Option<Vec<&'s str>> {
    match sessions {
        Sessions::Unstated => None,
        Sessions::All => Some(all.iter().map(String::as_str).collect()),
        Sessions::Listed(names) => Some(names.iter().map(String::as_str).collect()),
    }
}
