//! From a loaded dictionary to the tables that decoding, validation and printing go by.

use super::condition::{Condition, Side};
use super::model::{
    Category, Dictionary, FieldDefinition, FieldId, Group, Member, MemberKind, Presence, Sessions,
};
use crate::Prices;
use crate::tables::{
    self, ComponentTable, ConditionTable, FieldTable, GroupTable, MemberTable, MessageTable, Representation,
    RuleTable, Tables, ValueRuleTable, ValueTable,
};

impl Dictionary {
    /// The tables of this dictionary, as `#[derive(Dialect)]` would generate them from the same file: what
    /// [`Validator`](crate::Validator) and [`Printer`](crate::Printer) take.
    ///
    /// Tables are `'static`, since generated ones are. These are leaked: load a dictionary once for the life of the
    /// program, not once a message. It costs about as much memory as the dictionary itself.
    ///
    /// ```
    /// use fix_dialect::Validator;
    /// use fix_dialect::dictionary::Dictionary;
    ///
    /// let source = "<fix type='FIX' major='4' minor='4'>
    ///   <messages>
    ///     <message name='Order' msgtype='D' msgcat='app'><field name='Side' required='Y'/></message>
    ///   </messages>
    ///   <fields>
    ///     <field number='54' name='Side' type='CHAR'><value enum='1' description='BUY'/></field>
    ///   </fields>
    /// </fix>";
    /// let tables = Dictionary::parse(source, "example.xml")?.leak_tables();
    ///
    /// let frame = b"8=FIX.4.4\x019=50\x0135=D\x0149=A\x0156=B\x0134=1\x0152=20260101-00:00:00\x0154=3\x0110=000\x01";
    /// let violations = Validator::new(tables).validate(frame)?;
    /// assert_eq!(violations[0].to_string(), "Order/54: value is not among those listed: `3`; expected 1 (BUY)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn leak_tables(&self) -> &'static Tables {
        let fields: Vec<&'static FieldTable> = self
            .fields
            .iter()
            .map(|field| &*Box::leak(Box::new(self.field_table(field))))
            .collect();
        let mut build = Build {
            dictionary: self,
            fields,
            components: vec![None; self.components.len()],
        };
        let messages: Vec<MessageTable> = self
            .messages
            .iter()
            .map(|message| MessageTable {
                name: text(&message.name),
                msg_type: text(&message.msg_type),
                admin: message.category == Category::Admin,
                family: text(message.family.as_deref().unwrap_or_default()),
                client: sessions(&message.client, &self.sessions),
                exchange: sessions(&message.exchange, &self.sessions),
                members: build.members(&message.members),
            })
            .collect();
        let header = build.members(&self.header);
        let trailer = build.members(&self.trailer);
        let mut fields = build.fields;
        fields.sort_by_key(|field| field.tag);
        Box::leak(Box::new(Tables {
            name: text(self.dialect.as_deref().unwrap_or_default()),
            begin_string: text(&self.begin_string()),
            header,
            trailer,
            messages: messages.leak(),
            fields: fields.leak(),
        }))
    }

    fn field_table(&self, field: &FieldDefinition) -> FieldTable {
        let values: Vec<ValueTable> = field
            .values
            .iter()
            .map(|value| ValueTable {
                wire: text(&value.wire),
                name: text(&value.description),
            })
            .collect();
        FieldTable {
            tag: field.tag,
            name: text(&field.name),
            field_type: field.field_type,
            representation: field.representation(),
            values: values.leak(),
            length_tag: field.length_field.map(|id| self.field(id).tag),
            secret: field.secret || crate::is_secret(field.tag),
            max_length: field.max_length,
            min: field.min.map(|least| text(&least.to_string())),
            max: field.max.map(|most| text(&most.to_string())),
            step: field.step.map(|step| text(&step.to_string())),
            unit: text(field.unit.as_deref().unwrap_or_default()),
        }
    }

    /// The name of one entry of a group: its own, or that of the counting field without `No`.
    #[must_use]
    pub fn entry_name<'d>(&'d self, group: &'d Group) -> &'d str {
        let count = &self.field(group.count).name;
        group.entry.as_deref().unwrap_or(match count.strip_prefix("No") {
            Some(stem) if stem.starts_with(|first: char| first.is_ascii_uppercase()) => stem,
            _ => count,
        })
    }
}

impl FieldDefinition {
    /// How the field's values are read: by its type, unless a listed value does not fit the type. Then as text.
    #[must_use]
    pub fn representation(&self) -> Representation {
        let representation = Representation::of(self.field_type);
        let fits = |wire: &str| match representation {
            Representation::Char => wire.len() == 1,
            Representation::Int => {
                crate::parse_int(wire.as_bytes()).is_some_and(|int| int.to_string() == wire)
            }
            _ => true,
        };
        if self.values.iter().all(|value| fits(&value.wire)) {
            representation
        } else {
            Representation::Text
        }
    }
}

/// Tables under way.
struct Build<'d> {
    dictionary: &'d Dictionary,
    /// By [`FieldId`].
    fields: Vec<&'static FieldTable>,
    /// By component id; a component contains only others, so this ends.
    components: Vec<Option<&'static ComponentTable>>,
}

impl Build<'_> {
    fn members(&mut self, members: &[Member]) -> &'static [MemberTable] {
        let members: Vec<MemberTable> = members.iter().map(|member| self.member(member)).collect();
        members.leak()
    }

    fn member(&mut self, member: &Member) -> MemberTable {
        let kind = match &member.kind {
            MemberKind::Field(id) => tables::MemberKind::Field(self.fields[id.index()]),
            MemberKind::Group(group) => {
                let members = self.members(&group.members);
                tables::MemberKind::Group(Box::leak(Box::new(GroupTable {
                    name: text(self.dictionary.entry_name(group)),
                    count: self.fields[group.count.index()],
                    any_delimiter: group.any_delimiter,
                    members,
                })))
            }
            MemberKind::Component(id) => {
                let at = id.index();
                let table = if let Some(table) = self.components[at] {
                    table
                } else {
                    let component = self.dictionary.component(*id);
                    let members = self.members(&component.members);
                    let name = text(&component.name);
                    let table: &'static ComponentTable =
                        Box::leak(Box::new(ComponentTable { name, members }));
                    self.components[at] = Some(table);
                    table
                };
                tables::MemberKind::Component(table)
            }
        };
        MemberTable {
            kind,
            required: member.presence == Presence::Required,
            may_be_empty: member.may_be_empty,
            when: member
                .when
                .as_ref()
                .map(|when| &*Box::leak(Box::new(self.condition(when)))),
            rules: self.rules(member),
        }
    }

    /// The rules of a member in its place, if it has any.
    fn rules(&self, member: &Member) -> Option<&'static RuleTable> {
        let (min_entries, max_entries) = match &member.kind {
            MemberKind::Group(group) => (group.min_entries, group.max_entries),
            _ => (None, None),
        };
        if member.never.is_none()
            && member.values.is_empty()
            && min_entries.is_none()
            && max_entries.is_none()
        {
            return None;
        }
        let condition = |condition: &Condition| &*Box::leak(Box::new(self.condition(condition)));
        let number = |number: Option<crate::Decimal>| number.map(|number| text(&number.to_string()));
        let values: Vec<ValueRuleTable> = member
            .values
            .iter()
            .map(|rule| ValueRuleTable {
                when: rule.when.as_ref().map(condition),
                equals: rule.equals.as_deref().map(text),
                min: number(rule.min),
                max: number(rule.max),
                step: number(rule.step),
            })
            .collect();
        Some(Box::leak(Box::new(RuleTable {
            never: member.never.as_ref().map(condition),
            values: values.leak(),
            min_entries,
            max_entries,
        })))
    }

    fn condition(&self, condition: &Condition) -> ConditionTable {
        let tag = |id: &FieldId| self.fields[id.index()].tag;
        let all = |parts: &[Condition]| -> &'static [ConditionTable] {
            let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
            parts.leak()
        };
        match condition {
            Condition::All(parts) => ConditionTable::All(all(parts)),
            Condition::Any(parts) => ConditionTable::Any(all(parts)),
            Condition::Equals { field, value } => ConditionTable::Equals(tag(field), text(value)),
            Condition::Differs { field, value } => ConditionTable::Differs(tag(field), text(value)),
            Condition::Present(field) => ConditionTable::Present(tag(field)),
            Condition::Absent(field) => ConditionTable::Absent(tag(field)),
            Condition::SentBy(Side::Client) => ConditionTable::FromClient,
            Condition::SentBy(Side::Exchange) => ConditionTable::FromExchange,
            Condition::Prices(Prices::Cents) => ConditionTable::InCents,
            Condition::Prices(Prices::Dollars) => ConditionTable::InDollars,
            Condition::OnSession(names) => ConditionTable::OnSession(texts(names)),
            Condition::OffSession(names) => ConditionTable::OffSession(texts(names)),
        }
    }
}

fn texts(names: &[String]) -> &'static [&'static str] {
    let names: Vec<&'static str> = names.iter().map(|name| text(name)).collect();
    names.leak()
}

fn text(text: &str) -> &'static str {
    if text.is_empty() {
        ""
    } else {
        Box::leak(Box::<str>::from(text))
    }
}

fn sessions(sessions: &Sessions, all: &[String]) -> Option<&'static [&'static str]> {
    if *sessions == Sessions::Unstated {
        return None;
    }
    let names: Vec<&'static str> = all
        .iter()
        .filter(|session| sessions.includes(session))
        .map(|session| text(session))
        .collect();
    Some(names.leak())
}
