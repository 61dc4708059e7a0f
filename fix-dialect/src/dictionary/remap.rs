//! The members of one dictionary as those of another that is made of it.

use super::condition::Condition;
use super::model::{ComponentId, FieldId, Group, Member, MemberKind};
use super::value_rule::ValueRule;

/// From the ids of one dictionary to those of another.
pub(super) struct Remap {
    /// By the index of the old one.
    pub(super) fields: Vec<FieldId>,
    /// By the index of the old one.
    pub(super) components: Vec<ComponentId>,
}

impl Remap {
    pub(super) fn field(&self, id: FieldId) -> FieldId {
        self.fields[id.0]
    }

    pub(super) fn members(&self, members: &[Member]) -> Vec<Member> {
        members
            .iter()
            .map(|member| Member {
                kind: match &member.kind {
                    MemberKind::Field(id) => MemberKind::Field(self.field(*id)),
                    MemberKind::Component(id) => MemberKind::Component(self.components[id.0]),
                    MemberKind::Group(group) => MemberKind::Group(Group {
                        count: self.field(group.count),
                        members: self.members(&group.members),
                        ..group.clone()
                    }),
                },
                when: member.when.as_ref().map(|when| self.condition(when)),
                never: member.never.as_ref().map(|never| self.condition(never)),
                values: member
                    .values
                    .iter()
                    .map(|rule| ValueRule {
                        when: rule.when.as_ref().map(|when| self.condition(when)),
                        ..rule.clone()
                    })
                    .collect(),
                ..member.clone()
            })
            .collect()
    }

    fn condition(&self, condition: &Condition) -> Condition {
        let all = |parts: &[Condition]| parts.iter().map(|part| self.condition(part)).collect();
        match condition {
            Condition::All(parts) => Condition::All(all(parts)),
            Condition::Any(parts) => Condition::Any(all(parts)),
            Condition::Equals { field, value } => Condition::Equals {
                field: self.field(*field),
                value: value.clone(),
            },
            Condition::Differs { field, value } => Condition::Differs {
                field: self.field(*field),
                value: value.clone(),
            },
            Condition::Present(field) => Condition::Present(self.field(*field)),
            Condition::Absent(field) => Condition::Absent(self.field(*field)),
            Condition::SentBy(_)
            | Condition::Prices(_)
            | Condition::OnSession(_)
            | Condition::OffSession(_) => condition.clone(),
        }
    }
}
