//! Checks of a dictionary as a whole: cycles, duplicates, conditions, and what is never used.

use std::collections::{HashMap, HashSet};

use super::fault::FaultCollector;
use super::model::{ComponentId, Dictionary, FieldId, Member, MemberKind};

/// How deep components may be nested in one another.
const MAX_COMPONENT_DEPTH: usize = 64;
/// How many members one message may have, those of its components and groups included. (In FIX 5.0 SP2 some messages
/// have 9,000.)
const MAX_MEMBERS: usize = 50_000;

pub(super) fn check(dictionary: &Dictionary, faults: &mut FaultCollector) {
    let unsound = unsound_components(dictionary, faults);
    let mut checker = Checker {
        dictionary,
        faults,
        unsound,
        used: HashSet::new(),
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
        let mut budget = MAX_MEMBERS;
        self.level(what, members, None, components, &mut budget);
        if budget == 0 {
            let message = format!("{what} has more than {MAX_MEMBERS} members");
            let position = members
                .first()
                .map_or(super::Position::START, |member| member.position);
            self.faults.error(position, message);
        }
    }

    fn level(
        &mut self,
        what: &str,
        members: &'d [Member],
        around: Option<&Level<'_, 'd>>,
        components: &mut HashSet<ComponentId>,
        budget: &mut usize,
    ) {
        let mut level = Level {
            fields: HashMap::new(),
            around,
        };
        let mut flat = Vec::new();
        self.flatten(members, &mut flat, components, budget);
        for &(member, id) in &flat {
            self.used.insert(id);
            if let Some(first) = level.fields.insert(id, member) {
                let message = format!(
                    "`{}` is in {what} twice, first at {}",
                    member.name, first.position
                );
                self.faults.error(member.position, message);
            } else if let Some(outer) = around.and_then(|around| around.find(id)) {
                let message = format!(
                    "`{}` is in {what}, and around it at {}: a reader cannot always tell the two apart",
                    member.name, outer.position,
                );
                self.faults.warning(member.position, message);
            }
            let plain = matches!(member.kind, MemberKind::Field(_));
            if plain && self.dictionary.field(id).field_type == crate::FieldType::NumInGroup {
                let message = format!("`{}` counts a group, yet is used as a plain field", member.name);
                self.faults.warning(member.position, message);
            }
        }
        self.conditions(what, members, &level, budget);
        for &(member, _) in &flat {
            if let MemberKind::Group(group) = &member.kind {
                let what = format!("group `{}` of {what}", member.name);
                self.level(&what, &group.members, Some(&level), components, budget);
            }
        }
    }

    /// The fields and groups of a list, those of its components included.
    fn flatten(
        &mut self,
        members: &'d [Member],
        flat: &mut Vec<(&'d Member, FieldId)>,
        components: &mut HashSet<ComponentId>,
        budget: &mut usize,
    ) {
        for member in members {
            if *budget == 0 {
                return;
            }
            *budget -= 1;
            match &member.kind {
                MemberKind::Field(id) => flat.push((member, *id)),
                MemberKind::Group(group) => flat.push((member, group.count)),
                MemberKind::Component(id) => {
                    components.insert(*id);
                    if !self.unsound[id.index()] {
                        let dictionary = self.dictionary;
                        self.flatten(&dictionary.component(*id).members, flat, components, budget);
                    }
                }
            }
        }
    }

    /// A condition may name fields of its own level and of those around it.
    fn conditions(&mut self, what: &str, members: &'d [Member], level: &Level<'_, 'd>, budget: &mut usize) {
        for member in members {
            if *budget == 0 {
                return;
            }
            *budget -= 1;
            if let Some(condition) = &member.when {
                let (dictionary, faults) = (self.dictionary, &mut *self.faults);
                condition.each_field(&mut |id, _| {
                    if level.find(id).is_none() {
                        let name = &dictionary.field(id).name;
                        let message = format!(
                            "the condition of `{}` names `{name}`, which is not in {what}",
                            member.name
                        );
                        faults.error(member.position, message);
                    }
                });
            }
            if let MemberKind::Component(id) = &member.kind {
                if !self.unsound[id.index()] {
                    let dictionary = self.dictionary;
                    self.conditions(what, &dictionary.component(*id).members, level, budget);
                }
            }
        }
    }
}

/// A length field belongs to its data field, and so counts as used with it.
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
