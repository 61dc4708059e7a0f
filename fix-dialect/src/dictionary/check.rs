//! Checks of a dictionary as a whole: cycles, duplicates, conditions, and what is never used.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::fault::{FaultCollector, Severity};
use super::model::{ComponentId, Dictionary, FieldId, Member, MemberKind};
use super::position::Position;
use crate::FieldType;

/// How deep components may be nested in one another.
const MAX_COMPONENT_DEPTH: usize = 64;
/// How many members all messages may have together, those of their components and groups included: components that use
/// one another multiply. (FIX 5.0 SP2 has 344,000; each is looked at twice.)
const MAX_MEMBERS: usize = 5_000_000;

/// Checks a dictionary. `conditions` tells where the condition of a member stands, by the member's place; without it,
/// conditions are not checked.
pub(super) fn check(
    dictionary: &Dictionary,
    conditions: Option<&HashMap<Position, Position>>,
    faults: &mut FaultCollector,
) {
    let unsound = unsound_components(dictionary, faults);
    let mut checker = Checker {
        dictionary,
        faults,
        unsound,
        used: HashSet::new(),
        told: HashSet::new(),
        budget: MAX_MEMBERS,
        conditions,
        header: dictionary
            .header
            .iter()
            .filter_map(|member| match member.kind {
                MemberKind::Field(id) => Some(id),
                _ => None,
            })
            .collect(),
    };
    let mut components = HashSet::new();
    checker.list("the header", &dictionary.header, &mut components);
    checker.list("the trailer", &dictionary.trailer, &mut components);
    for message in &dictionary.messages {
        checker.list(
            &format!("message `{}`", message.name),
            &message.members,
            &mut components,
        );
    }
    let mut visited = components.clone();
    for (index, component) in dictionary.components.iter().enumerate() {
        if !components.contains(&ComponentId(index)) {
            let message = format!("component `{}` is in no message", component.name);
            checker.faults.warning(component.position, message);
            // What is wrong in it would go unnoticed until it is used.
            checker.list(
                &format!("component `{}`", component.name),
                &component.members,
                &mut visited,
            );
        }
    }
    unused_fields(dictionary, &checker.used, faults);
    message_types(dictionary, faults);
}

/// The components that contain themselves, or are nested too deep; they must not be expanded.
fn unsound_components(dictionary: &Dictionary, faults: &mut FaultCollector) -> Vec<bool> {
    let count = dictionary.components.len();
    let mut walk = Walk {
        dictionary,
        faults,
        path: Vec::new(),
        depth: vec![None; count],
        unsound: vec![false; count],
    };
    for index in 0..count {
        walk.component(ComponentId(index));
    }
    walk.unsound
}

/// A depth-first walk over the references of components to components.
struct Walk<'a> {
    dictionary: &'a Dictionary,
    faults: &'a mut FaultCollector,
    path: Vec<ComponentId>,
    depth: Vec<Option<usize>>,
    unsound: Vec<bool>,
}

impl Walk<'_> {
    /// The number of levels of components in this one, itself included.
    fn component(&mut self, id: ComponentId) -> usize {
        if let Some(depth) = self.depth[id.index()] {
            return depth;
        }
        self.path.push(id);
        let dictionary = self.dictionary;
        let depth = 1 + self.members(&dictionary.component(id).members);
        self.path.pop();
        self.depth[id.index()] = Some(depth);
        depth
    }

    fn members(&mut self, members: &[Member]) -> usize {
        let mut deepest = 0;
        for member in members {
            deepest = deepest.max(match &member.kind {
                MemberKind::Field(_) => 0,
                MemberKind::Group(group) => self.members(&group.members),
                MemberKind::Component(id) => self.reference(member, *id),
            });
        }
        deepest
    }

    fn reference(&mut self, member: &Member, id: ComponentId) -> usize {
        if let Some(start) = self.path.iter().position(|&open| open == id) {
            let cycle = &self.path[start..];
            let names: Vec<&str> = cycle
                .iter()
                .chain([&id])
                .map(|&id| self.dictionary.component(id).name.as_str())
                .collect();
            let message = format!(
                "component `{}` contains itself: {}",
                member.name,
                names.join(" → ")
            );
            self.faults.error(member.position, message);
            for id in self.path.clone() {
                self.unsound[id.index()] = true;
            }
            return 0;
        }
        let too_deep = self.path.len() >= MAX_COMPONENT_DEPTH;
        let below = if too_deep { 0 } else { self.component(id) };
        if too_deep || self.path.len() + below > MAX_COMPONENT_DEPTH {
            let message = format!("components are nested deeper than {MAX_COMPONENT_DEPTH} levels");
            self.faults.error(member.position, message);
            for id in self.path.clone() {
                self.unsound[id.index()] = true;
            }
            return 0;
        }
        // What contains an unsound component is unsound itself.
        if self.unsound[id.index()] {
            for id in self.path.clone() {
                self.unsound[id.index()] = true;
            }
        }
        below
    }
}

struct Checker<'a> {
    dictionary: &'a Dictionary,
    faults: &'a mut FaultCollector,
    unsound: Vec<bool>,
    used: HashSet<FieldId>,
    /// Where something is wrong already: a slip in a component is told once, not for every message that uses it.
    told: HashSet<Position>,
    conditions: Option<&'a HashMap<Position, Position>>,
    /// The fields of the header, which are around every message.
    header: HashSet<FieldId>,
    /// How many more members may be looked at.
    budget: usize,
}

/// A list of members as messages name it: "message `D`", "group `NoPartyIDs` of message `D`".
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The group's name, or the whole text where nothing is around.
    name: &'a str,
    around: Option<&'a Place<'a>>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.around {
            Some(around) => write!(formatter, "group `{}` of {around}", self.name),
            None => formatter.write_str(self.name),
        }
    }
}

/// The fields of a message, a group's entry, and so on, and those of the levels around it.
struct Level<'a, 'd> {
    fields: HashMap<FieldId, &'d Member>,
    around: Option<&'a Level<'a, 'd>>,
}

impl<'d> Level<'_, 'd> {
    fn find(&self, id: FieldId) -> Option<&'d Member> {
        self.fields
            .get(&id)
            .copied()
            .or_else(|| self.around.and_then(|around| around.find(id)))
    }
}

impl<'d> Checker<'d> {
    /// Checks one list of members; adds the components that are in it to `components`.
    fn list(&mut self, what: &str, members: &'d [Member], components: &mut HashSet<ComponentId>) {
        let spent = self.budget == 0;
        self.level(
            Place {
                name: what,
                around: None,
            },
            members,
            None,
            components,
        );
        if self.budget == 0 && !spent {
            let message =
                format!("the messages have more than {MAX_MEMBERS} members, those of components counted");
            self.faults.error(Position::START, message);
        }
    }

    /// Tells what is wrong at a place, unless something is wrong there already.
    fn tell(&mut self, severity: Severity, position: Position, message: String) {
        if self.told.insert(position) {
            match severity {
                Severity::Warning => self.faults.warning(position, message),
                Severity::Error => self.faults.error(position, message),
            }
        }
    }

    /// Takes one from the budget; `false` when nothing is left.
    fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    fn level(
        &mut self,
        what: Place<'_>,
        members: &'d [Member],
        around: Option<&Level<'_, 'd>>,
        components: &mut HashSet<ComponentId>,
    ) {
        let mut level = Level {
            fields: HashMap::new(),
            around,
        };
        let mut flat = Vec::new();
        self.flatten(members, &mut flat, components);
        for &(member, id) in &flat {
            self.used.insert(id);
            if let Some(first) = level.fields.insert(id, member) {
                let message = format!(
                    "`{}` is in {what} twice, first at {}",
                    member.name, first.position
                );
                self.tell(Severity::Error, member.position, message);
            } else if let Some(outer) = around.and_then(|around| around.find(id)) {
                let message = format!(
                    "`{}` is in {what}, and around it at {}: a reader cannot always tell the two apart",
                    member.name, outer.position,
                );
                self.tell(Severity::Warning, member.position, message);
            }
            let plain = matches!(member.kind, MemberKind::Field(_));
            if plain && self.dictionary.field(id).field_type == FieldType::NumInGroup {
                let message = format!("`{}` counts a group, yet is used as a plain field", member.name);
                self.tell(Severity::Warning, member.position, message);
            }
        }
        if let Some(places) = self.conditions {
            self.conditions(what, members, &level, places);
        }
        for &(member, _) in &flat {
            if let MemberKind::Group(group) = &member.kind {
                let what = Place {
                    name: &member.name,
                    around: Some(&what),
                };
                self.level(what, &group.members, Some(&level), components);
            }
        }
    }

    /// The fields and groups of a list, those of its components included.
    fn flatten(
        &mut self,
        members: &'d [Member],
        flat: &mut Vec<(&'d Member, FieldId)>,
        components: &mut HashSet<ComponentId>,
    ) {
        for member in members {
            if !self.spend() {
                return;
            }
            match &member.kind {
                MemberKind::Field(id) => flat.push((member, *id)),
                MemberKind::Group(group) => flat.push((member, group.count)),
                MemberKind::Component(id) => {
                    components.insert(*id);
                    if !self.unsound[id.index()] {
                        let dictionary = self.dictionary;
                        self.flatten(&dictionary.component(*id).members, flat, components);
                    }
                }
            }
        }
    }

    /// A condition may name fields of its own level and of those around it.
    fn conditions(
        &mut self,
        what: Place<'_>,
        members: &'d [Member],
        level: &Level<'_, 'd>,
        places: &HashMap<Position, Position>,
    ) {
        for member in members {
            if !self.spend() {
                return;
            }
            let stated = [&member.when, &member.never].into_iter().flatten();
            let stated = stated.chain(member.values.iter().filter_map(|rule| rule.when.as_ref()));
            let (mut outside, mut sessions) = (Vec::new(), Vec::new());
            for condition in stated {
                condition.each_field(&mut |id, _| outside.push(id));
                condition.each_session(&mut |name| sessions.push(name.to_owned()));
            }
            outside.retain(|&id| level.find(id).is_none() && !self.header.contains(&id));
            sessions.retain(|name| !self.dictionary.sessions.contains(name));
            for name in sessions {
                let message = format!("the condition of `{}` names no session: \"{name}\"", member.name);
                let position = places.get(&member.position).copied().unwrap_or(member.position);
                self.tell(Severity::Error, position, message);
            }
            for id in outside {
                let named = &self.dictionary.field(id).name;
                let message = format!(
                    "the condition of `{}` names `{named}`, which is not in {what}",
                    member.name
                );
                let position = places.get(&member.position).copied().unwrap_or(member.position);
                self.tell(Severity::Error, position, message);
            }
            if let MemberKind::Component(id) = &member.kind
                && !self.unsound[id.index()]
            {
                let dictionary = self.dictionary;
                self.conditions(what, &dictionary.component(*id).members, level, places);
            }
        }
    }
}

fn unused_fields(dictionary: &Dictionary, used: &HashSet<FieldId>, faults: &mut FaultCollector) {
    for (index, field) in dictionary.fields.iter().enumerate() {
        if !used.contains(&FieldId(index)) {
            let message = format!("field `{}` ({}) is in no message", field.name, field.tag);
            faults.warning(field.position, message);
        }
    }
}

/// Where MsgType (35) lists its values, the list and the messages should agree.
fn message_types(dictionary: &Dictionary, faults: &mut FaultCollector) {
    let Some(field) = dictionary.field_by_tag(35).map(|id| dictionary.field(id)) else {
        return;
    };
    if field.values.is_empty() {
        return;
    }
    let listed: HashSet<&str> = field.values.iter().map(|value| value.wire.as_str()).collect();
    for message in dictionary
        .messages
        .iter()
        .filter(|message| !listed.contains(message.msg_type.as_str()))
    {
        let text = format!(
            "`{}` ({}) is not among the values of `{}`",
            message.name, message.msg_type, field.name
        );
        faults.warning(message.position, text);
    }
}
