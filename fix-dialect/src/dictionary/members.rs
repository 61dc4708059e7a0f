//! What messages, components, the header and the trailer consist of.

use std::collections::HashMap;

use super::attributes::{
    self, COMPONENT, COMPONENT_MEMBER, COMPONENTS, FIELD_MEMBER, GROUP_MEMBER, MESSAGE, MESSAGES,
};
use super::condition::{Condition, ConditionError};
use super::fault::{FaultCollector, quoted};
use super::model::{
    Category, Component, ComponentId, FieldDefinition, FieldId, Group, Index, Member, MemberKind, Message,
    Presence, Sessions,
};
use super::position::Position;
use super::suggest::nearest;
use super::value_rule::{ValueRule, ValueRuleError};
use super::xml::Element;
use crate::FieldType;

/// Reads lists of members against the field definitions and the names of the components.
#[derive(Debug)]
pub(super) struct MemberReader<'a> {
    pub(super) fields: &'a [FieldDefinition],
    pub(super) index: &'a mut Index,
    pub(super) faults: &'a mut FaultCollector,
    /// Where the condition of a member stands, by the member's own place.
    pub(super) conditions: HashMap<Position, Position>,
    /// Whether a member was left out because its name is unknown.
    pub(super) incomplete: bool,
}

impl MemberReader<'_> {
    /// Reads the section `<components>`.
    pub(super) fn components(&mut self, section: &Element<'_>) -> Vec<Component> {
        COMPONENTS.check(section, self.faults);
        let mut found: Vec<(&Element<'_>, &str)> = Vec::new();
        for element in section.children.iter().filter(|child| child.name == "component") {
            COMPONENT.check(element, self.faults);
            let Some((name, position)) = attributes::required_name(element, "name", self.faults) else {
                continue;
            };
            if let Some(first) = self.index.components_by_name.get(name) {
                let place = found[first.index()].0.position;
                let message = format!("component {} is defined twice, first at {place}", quoted(name));
                self.faults.error(position, message);
            } else {
                self.index
                    .components_by_name
                    .insert(name.to_owned(), ComponentId(found.len()));
            }
            found.push((element, name));
        }
        // A component may use one that is defined after it, so their members are read when all names are known.
        found
            .into_iter()
            .map(|(element, name)| Component {
                name: name.to_owned(),
                members: self.members(element),
                note: attributes::text(element, "x-note"),
                position: element.position,
            })
            .collect()
    }

    /// Reads the section `<messages>`; `sessions` are the known ones, `None` when any name will do.
    pub(super) fn messages(&mut self, section: &Element<'_>, sessions: Option<&[String]>) -> Vec<Message> {
        MESSAGES.check(section, self.faults);
        let mut messages: Vec<Message> = Vec::new();
        for element in section.children.iter().filter(|child| child.name == "message") {
            MESSAGE.check(element, self.faults);
            let name = attributes::required_name(element, "name", self.faults);
            let msg_type = attributes::required(element, "msgtype", self.faults);
            let category = self.category(element);
            let members = self.members(element);
            let (client, exchange) = self.both_sessions(element, sessions);
            let (Some((name, name_position)), Some((msg_type, type_position))) = (name, msg_type) else {
                continue;
            };
            let place = messages.len();
            if let Some(&first) = self.index.messages_by_name.get(name) {
                let first = messages[first].position;
                let message = format!("message {} is defined twice, first at {first}", quoted(name));
                self.faults.error(name_position, message);
            } else {
                self.index.messages_by_name.insert(name.to_owned(), place);
            }
            if let Some(&first) = self.index.messages_by_type.get(msg_type) {
                let Message {
                    name: other,
                    position: first,
                    ..
                } = &messages[first];
                let message = format!(
                    "msgtype {} is `{other}` already, defined at {first}",
                    quoted(msg_type)
                );
                self.faults.error(type_position, message);
            } else {
                self.index.messages_by_type.insert(msg_type.to_owned(), place);
            }
            messages.push(Message {
                name: name.to_owned(),
                msg_type: msg_type.to_owned(),
                category,
                family: attributes::text(element, "x-family"),
                client,
                exchange,
                members,
                note: attributes::text(element, "x-note"),
                position: element.position,
            });
        }
        messages
    }

    /// Reads the members in an element; its own attributes and the names of its children are checked by then.
    pub(super) fn members(&mut self, parent: &Element<'_>) -> Vec<Member> {
        parent
            .children
            .iter()
            .filter_map(|element| self.member(element))
            .collect()
    }

    fn member(&mut self, element: &Element<'_>) -> Option<Member> {
        let vocabulary = match element.name {
            "field" => &FIELD_MEMBER,
            "group" => &GROUP_MEMBER,
            "component" => &COMPONENT_MEMBER,
            _ => return None,
        };
        vocabulary.check(element, self.faults);
        let presence = self.presence(element);
        let when = self.condition(element, "x-when");
        if presence == Presence::Required
            && let Some(attribute) = element.attribute("x-when")
        {
            let message = "a condition on a member that is always required; expected required='N'";
            self.faults.error(attribute.name_position, message);
        }
        let never = self.condition(element, "x-never");
        let may_be_empty = attributes::flag(element, "x-empty", self.faults);
        let members = self.members(element);
        let named = attributes::required(element, "name", self.faults);
        let kind = named.and_then(|(name, position)| match element.name {
            "field" => self.field(name, position).map(MemberKind::Field),
            "group" => self
                .group(element, name, position, members)
                .map(MemberKind::Group),
            _ => self.component(name, position).map(MemberKind::Component),
        });
        self.incomplete |= kind.is_none();
        let ((name, position), kind) = (named?, kind?);
        let values = self.value_rules(element, &kind);
        if let Some(attribute) = element.attribute("x-when") {
            self.conditions.insert(position, attribute.position);
        }
        let note = attributes::text(element, "x-note");
        Some(Member {
            name: name.to_owned(),
            kind,
            presence,
            may_be_empty,
            when,
            never,
            values,
            note,
            position,
        })
    }

    fn group(
        &mut self,
        element: &Element<'_>,
        name: &str,
        position: Position,
        members: Vec<Member>,
    ) -> Option<Group> {
        let count = self.field(name, position);
        let entry = attributes::optional_name(element, "x-entry", self.faults);
        let any_delimiter = element.attribute("x-delimiter").is_some_and(|attribute| {
            let any = attribute.value == "any";
            if !any {
                let message = format!(
                    "attribute \"x-delimiter\" is {}; expected `any`",
                    quoted(&attribute.value)
                );
                self.faults.error(attribute.position, message);
            }
            any
        });
        let mut entries = |name| attributes::number(element, name, "a number of entries", self.faults);
        let (min_entries, max_entries) = (entries("x-min-entries"), entries("x-max-entries"));
        if let (Some(min), Some(max)) = (min_entries, max_entries)
            && min > max
        {
            let message = format!("the least number of entries, {min}, is above the greatest, {max}");
            self.faults.error(element.position, message);
        }
        if element.children.is_empty() {
            self.faults
                .error(element.position, format!("group {} has no members", quoted(name)));
        }
        let field = &self.fields[count?.index()];
        match field.field_type {
            FieldType::NumInGroup => {}
            FieldType::Int => {
                let message = format!("`{name}` counts a group, yet is an INT; expected NUMINGROUP");
                self.faults.warning(position, message);
            }
            other => {
                let message = format!("`{name}` counts a group, yet is a {other}; expected NUMINGROUP");
                self.faults.error(position, message);
            }
        }
        Some(Group {
            count: count?,
            entry,
            any_delimiter,
            min_entries,
            max_entries,
            members,
        })
    }

    fn field(&mut self, name: &str, position: Position) -> Option<FieldId> {
        let id = self.index.fields_by_name.get(name).copied();
        if id.is_none() {
            self.faults.unknown(
                position,
                "field",
                name,
                self.fields.iter().map(|field| field.name.as_str()),
            );
        }
        id
    }

    fn component(&mut self, name: &str, position: Position) -> Option<ComponentId> {
        let id = self.index.components_by_name.get(name).copied();
        if id.is_none() {
            let known = self.index.components_by_name.keys().map(String::as_str);
            self.faults.unknown(position, "component", name, known);
        }
        id
    }

    fn presence(&mut self, element: &Element<'_>) -> Presence {
        let Some(attribute) = element.attribute("required") else {
            if attributes::is_misspelt(element, "required") {
                return Presence::Optional;
            }
            let message = format!("<{}> has no attribute \"required\"", element.name);
            if element.name == "component" {
                self.faults
                    .warning(element.position, format!("{message}; it is taken as `N`"));
            } else {
                self.faults.error(
                    element.position,
                    format!("{message}; expected required='Y' or required='N'"),
                );
            }
            return Presence::Optional;
        };
        match &*attribute.value {
            "Y" => Presence::Required,
            "N" => Presence::Optional,
            "C" => {
                let message = "required='C' leaves the condition open; expected `Y` or `N`";
                self.faults.warning(attribute.position, message);
                Presence::Conditional
            }
            other => {
                let message = format!("attribute \"required\" is {}; expected `Y` or `N`", quoted(other));
                self.faults.error(attribute.position, message);
                Presence::Optional
            }
        }
    }

    fn condition(&mut self, element: &Element<'_>, name: &str) -> Option<Condition> {
        let attribute = element.attribute(name)?;
        let index = &*self.index;
        let condition = Condition::parse(&attribute.value, &mut |name| {
            index.fields_by_name.get(name).copied()
        });
        match condition {
            Ok(condition) => {
                self.condition_values(attribute.position, &condition);
                Some(condition)
            }
            Err(error) => {
                self.condition_error(attribute.position, &error);
                None
            }
        }
    }

    fn condition_values(&mut self, position: Position, condition: &Condition) {
        let (fields, faults) = (self.fields, &mut *self.faults);
        condition.each_field(&mut |id, value| {
            check_condition_value(position, &fields[id.index()], value, faults);
        });
    }

    fn condition_error(&mut self, position: Position, error: &ConditionError) {
        if let ConditionError::UnknownField(name) = error {
            let known = self.fields.iter().map(|field| field.name.as_str());
            self.faults.unknown(position, "field", name, known);
        } else {
            self.faults.error(position, error.to_string());
        }
    }

    fn value_rules(&mut self, element: &Element<'_>, kind: &MemberKind) -> Vec<ValueRule> {
        let (Some(attribute), MemberKind::Field(id)) = (element.attribute("x-value"), kind) else {
            return Vec::new();
        };
        let index = &*self.index;
        let rules = ValueRule::parse_all(&attribute.value, &mut |name| {
            index.fields_by_name.get(name).copied()
        });
        let rules = match rules {
            Ok(rules) => rules,
            Err(ValueRuleError::Condition(error)) => {
                self.condition_error(attribute.position, &error);
                return Vec::new();
            }
            Err(error) => {
                self.faults.error(attribute.position, error.to_string());
                return Vec::new();
            }
        };
        let field = &self.fields[id.index()];
        let numeric = field.field_type.is_integer() || field.field_type.is_decimal();
        if !numeric && rules.iter().any(ValueRule::is_numeric) {
            let message = format!("`{}` is a {}, which has no range", field.name, field.field_type);
            self.faults.error(attribute.position, message);
        }
        for rule in &rules {
            check_condition_value(attribute.position, field, rule.equals.as_deref(), self.faults);
            if let Some(when) = &rule.when {
                self.condition_values(attribute.position, when);
            }
        }
        rules
    }

    fn category(&mut self, element: &Element<'_>) -> Category {
        match attributes::required(element, "msgcat", self.faults) {
            Some(("admin", _)) => Category::Admin,
            Some(("app", _)) | None => Category::App,
            Some((other, position)) => {
                let message = format!(
                    "attribute \"msgcat\" is {}; expected `admin` or `app`",
                    quoted(other)
                );
                self.faults
                    .error_with(position, message, nearest(other, ["admin", "app"]));
                Category::App
            }
        }
    }

    /// `x-client` and `x-exchange`; stating one of them states the other.
    fn both_sessions(&mut self, element: &Element<'_>, known: Option<&[String]>) -> (Sessions, Sessions) {
        let client = self.sessions(element, "x-client", known);
        let exchange = self.sessions(element, "x-exchange", known);
        match (client, exchange) {
            (None, None) => (Sessions::Unstated, Sessions::Unstated),
            (client, exchange) => {
                let none = || Sessions::Listed(Vec::new());
                (client.unwrap_or_else(none), exchange.unwrap_or_else(none))
            }
        }
    }

    fn sessions(&mut self, element: &Element<'_>, name: &str, known: Option<&[String]>) -> Option<Sessions> {
        let attribute = element.attribute(name)?;
        if attribute.value == "all" {
            return Some(Sessions::All);
        }
        let mut listed: Vec<String> = Vec::new();
        for session in attributes::words(attribute) {
            if let Some(known) = known.filter(|known| !known.iter().any(|name| name == session)) {
                self.faults.unknown(
                    attribute.position,
                    "session",
                    session,
                    known.iter().map(String::as_str),
                );
            } else if listed.iter().any(|earlier| earlier == session) {
                self.faults.error(
                    attribute.position,
                    format!("session {} is listed twice", quoted(session)),
                );
            } else {
                listed.push(session.to_owned());
            }
        }
        Some(Sessions::Listed(listed))
    }
}

/// A condition on a value that the field never has is never true: most likely a slip.
fn check_condition_value(
    position: Position,
    field: &FieldDefinition,
    value: Option<&str>,
    faults: &mut FaultCollector,
) {
    let Some(value) = value else { return };
    let listed: Vec<&str> = match field.field_type {
        FieldType::Boolean => vec!["Y", "N"],
        _ => field.values.iter().map(|value| value.wire.as_str()).collect(),
    };
    if !listed.is_empty() && !listed.contains(&value) {
        let by_name = field
            .values
            .iter()
            .find(|known| known.description.eq_ignore_ascii_case(value));
        let message = format!("{} is no value of `{}`", quoted(value), field.name);
        faults.error_with(position, message, by_name.map(|known| known.wire.as_str()));
    }
}
