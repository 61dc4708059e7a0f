//! Lists of members with those of components written out.

use super::super::Subject;
use crate::dictionary::{Condition, Dictionary, FieldId, Group, Member, MemberKind, Presence};

/// A member with those of its components written out.
pub(super) struct Flat<'d> {
    pub(super) member: &'d Member,
    pub(super) id: FieldId,
    pub(super) tag: u32,
    pub(super) group: Option<&'d Group>,
    pub(super) component: Option<&'d str>,
    pub(super) need: Need,
    /// The conditions that exclude it: its own, and those of the components around it.
    pub(super) never: Vec<&'d Condition>,
}

/// How much a member is demanded.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Need {
    Optional,
    Conditional(String),
    Required,
}

impl Flat<'_> {
    pub(super) fn subject(&self) -> Subject {
        match self.group {
            Some(_) => Subject::Group,
            None => Subject::Member,
        }
    }

    pub(super) fn member_name<'n>(&self, dictionary: &'n Dictionary) -> &'n str {
        &dictionary.field(self.id).name
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Need::Optional => f.write_str("optional"),
            Need::Required => f.write_str("required"),
            Need::Conditional(when) if when.is_empty() => f.write_str("conditional"),
            Need::Conditional(when) => write!(f, "required when {when}"),
        }
    }
}

/// The members with those of components written out; what is in an optional component is not required by itself.
pub(super) fn flatten<'d>(dictionary: &'d Dictionary, members: &'d [Member]) -> Vec<Flat<'d>> {
    fn add<'d>(
        dictionary: &'d Dictionary,
        members: &'d [Member],
        component: Option<&'d str>,
        around: Option<&Need>,
        excluded: &[&'d Condition],
        flat: &mut Vec<Flat<'d>>,
    ) {
        for member in members {
            let own = match (member.presence, &member.when) {
                (Presence::Required, _) => Need::Required,
                (_, Some(when)) => Need::Conditional(dictionary.condition_text(when)),
                (Presence::Conditional, None) => Need::Conditional(String::new()),
                (Presence::Optional, None) => Need::Optional,
            };
            let need = match around {
                Some(around) if own == Need::Required => around.clone(),
                _ => own,
            };
            let never: Vec<&Condition> = excluded.iter().copied().chain(&member.never).collect();
            let (id, group) = match &member.kind {
                MemberKind::Field(id) => (*id, None),
                MemberKind::Group(group) => (group.count, Some(group)),
                MemberKind::Component(id) => {
                    let inner = dictionary.component(*id);
                    let name = component.or(Some(&inner.name));
                    add(dictionary, &inner.members, name, Some(&need), &never, flat);
                    continue;
                }
            };
            flat.push(Flat {
                member,
                id,
                tag: dictionary.field(id).tag,
                group,
                component,
                need,
                never,
            });
        }
    }
    let mut flat = Vec::new();
    add(dictionary, members, None, None, &[], &mut flat);
    flat
}
