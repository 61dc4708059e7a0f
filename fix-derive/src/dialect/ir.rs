//! A dictionary as the generators see it: Rust names, types and slots, one block a definition.

use std::collections::HashMap;

use fix_dialect::Representation;
use fix_dialect::dictionary::{
    ComponentId, Dictionary, FieldDefinition, FieldId, Group, Member, MemberKind, Message, Position,
    Presence, Sessions,
};

use crate::names::{camel, group_field, group_stem, snake};

pub(crate) struct Ir<'d> {
    pub(crate) dictionary: &'d Dictionary,
    pub(crate) messages: Vec<MessageIr<'d>>,
    pub(crate) blocks: Vec<Block<'d>>,
    /// The fields with an enum.
    pub(crate) enums: Vec<EnumIr<'d>>,
    path: &'d str,
    faults: Vec<(Position, String)>,
    by_shape: HashMap<String, usize>,
}

pub(crate) struct MessageIr<'d> {
    pub(crate) source: &'d Message,
    pub(crate) body: Body,
}

/// A group's entry or a component.
pub(crate) struct Block<'d> {
    pub(crate) name: String,
    pub(crate) kind: BlockKind<'d>,
    pub(crate) body: Body,
    /// The message or block that first uses it, to tell equal names apart.
    owner: String,
}

pub(crate) enum BlockKind<'d> {
    Group(&'d Group),
    Component(ComponentId),
}

/// The members of a message or block.
pub(crate) struct Body {
    pub(crate) fields: Vec<FieldIr>,
    /// How many slots the members take when flattened.
    pub(crate) slots: usize,
}

pub(crate) struct FieldIr {
    pub(crate) name: String,
    pub(crate) slot: usize,
    pub(crate) required: bool,
    pub(crate) kind: FieldKind,
    pub(crate) doc: String,
}

pub(crate) enum FieldKind {
    Value {
        id: FieldId,
        value: ValueKind,
        may_be_empty: bool,
        length_tag: Option<u32>,
    },
    Group {
        block: usize,
        count: FieldId,
    },
    Component {
        block: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Plain(Representation),
    Enum,
    Multiple,
}

pub(crate) struct EnumIr<'d> {
    pub(crate) field: &'d FieldDefinition,
    pub(crate) representation: Representation,
    /// The names of the variants, in the order of the values.
    pub(crate) variants: Vec<String>,
}

/// The catch-all variant of every enum.
pub(crate) const UNLISTED: &str = "Unlisted";

impl<'d> Ir<'d> {
    pub(crate) fn new(dictionary: &'d Dictionary, path: &'d str) -> Result<Ir<'d>, Vec<String>> {
        let mut ir = Ir {
            dictionary,
            messages: Vec::new(),
            blocks: Vec::new(),
            enums: Vec::new(),
            path,
            faults: Vec::new(),
            by_shape: HashMap::new(),
        };
        for field in &dictionary.fields {
            ir.add_enum(field);
        }
        for component in &dictionary.components {
            if let Some(id) = dictionary.component_by_name(&component.name)
                && ir.single_group(id).is_none()
            {
                ir.component(id);
            }
        }
        for message in &dictionary.messages {
            let body = ir.body(&message.members, &message.name, true);
            ir.messages.push(MessageIr {
                source: message,
                body,
            });
        }
        ir.name_blocks();
        if ir.faults.is_empty() {
            return Ok(ir);
        }
        ir.faults
            .sort_by_key(|(position, _)| (position.line, position.column));
        Err(ir.faults.into_iter().map(|(_, fault)| fault).collect())
    }

    fn fault(&mut self, position: Position, message: impl std::fmt::Display) {
        let fault = format!("{}: {message}", position.within(self.path));
        self.faults.push((position, fault));
    }

    fn add_enum(&mut self, field: &'d FieldDefinition) {
        let representation = representation(field);
        if field.values.is_empty() || !representation.has_enum() {
            return;
        }
        let mut variants: Vec<String> = Vec::new();
        for value in &field.values {
            let name = match &value.name {
                Some(name) => name.clone(),
                None if value.description.is_empty() => camel(&format!("Value {}", value.wire)),
                None => match camel(&value.description) {
                    // `Euribor` and `EURIBOR` are two values of FIX: the second keeps its capitals.
                    name if variants.contains(&name) => name_in_full(&value.description),
                    name => name,
                },
            };
            if syn::parse_str::<syn::Ident>(&name).is_err() {
                let message = format!(
                    "the value {} of {} has no name that Rust can use (\"{name}\"); give it one with x-name",
                    value.wire, field.name
                );
                self.fault(value.position, message);
            }
            if name == UNLISTED {
                let message = format!(
                    "the value {} of {} would be named `{UNLISTED}`, which stands for all other values; name it with x-name",
                    value.wire, field.name
                );
                self.fault(value.position, message);
            }
            if let Some(other) = variants.iter().position(|other| *other == name) {
                let message = format!(
                    "the values {} and {} of {} both become `{name}` in Rust; name one of them with x-name",
                    field.values[other].wire, value.wire, field.name
                );
                self.fault(value.position, message);
            }
            variants.push(name);
        }
        self.enums.push(EnumIr {
            field,
            representation,
            variants,
        });
    }

    /// The group that is all of a component: such a component is no struct of its own.
    fn single_group(&self, id: ComponentId) -> Option<&'d Member> {
        match &self.dictionary.component(id).members[..] {
            [member] if matches!(member.kind, MemberKind::Group(_)) => Some(member),
            _ => None,
        }
    }

    fn body(&mut self, members: &'d [Member], owner: &str, has_unknown: bool) -> Body {
        let mut body = Body {
            fields: Vec::new(),
            slots: 0,
        };
        let mut names: HashMap<String, String> = HashMap::new();
        if has_unknown {
            names.insert("unknown".to_owned(), "the unknown fields".to_owned());
        }
        let lengths: Vec<FieldId> = members
            .iter()
            .filter_map(|member| match member.kind {
                MemberKind::Field(id) => self.dictionary.field(id).length_field,
                _ => None,
            })
            .collect();
        for member in members {
            let slot = body.slots;
            let required = member.presence == Presence::Required;
            let (name, required, kind) = match &member.kind {
                MemberKind::Field(id) => {
                    body.slots += 1;
                    if lengths.contains(id) {
                        continue;
                    }
                    (
                        snake(&member.name),
                        required,
                        self.value(*id, member.may_be_empty),
                    )
                }
                MemberKind::Group(group) => {
                    body.slots += 1;
                    let block = self.group(group, owner);
                    (
                        group_field(&member.name),
                        required,
                        FieldKind::Group {
                            block,
                            count: group.count,
                        },
                    )
                }
                MemberKind::Component(id) => {
                    if let Some(inner) = self.single_group(*id)
                        && let MemberKind::Group(group) = &inner.kind
                    {
                        body.slots += 1;
                        let block = self.group(group, owner);
                        let required = required && inner.presence == Presence::Required;
                        let count = &self.dictionary.field(group.count).name;
                        (
                            group_field(count),
                            required,
                            FieldKind::Group {
                                block,
                                count: group.count,
                            },
                        )
                    } else {
                        let Some(block) = self.component(*id) else {
                            continue;
                        };
                        body.slots += self.blocks[block].body.slots;
                        (snake(&member.name), required, FieldKind::Component { block })
                    }
                }
            };
            if let Some(other) = names.insert(name.clone(), member.name.clone()) {
                let message = format!("{other} and {} both become `{name}` in Rust", member.name);
                self.fault(member.position, message);
            }
            // A component that is one group has the rules of both.
            let inner = match member.kind {
                MemberKind::Component(id) => self.single_group(id),
                _ => None,
            };
            let doc = self.doc(member, inner, required, &kind);
            body.fields.push(FieldIr {
                name,
                slot,
                required,
                kind,
                doc,
            });
        }
        body
    }

    fn value(&self, id: FieldId, may_be_empty: bool) -> FieldKind {
        let field = self.dictionary.field(id);
        let value = match representation(field) {
            representation if field.values.is_empty() || !representation.has_enum() => {
                // Words without a list of values are text.
                ValueKind::Plain(match representation {
                    Representation::Multiple => Representation::Text,
                    other => other,
                })
            }
            Representation::Multiple => ValueKind::Multiple,
            _ => ValueKind::Enum,
        };
        let length_tag = field.length_field.map(|id| self.dictionary.field(id).tag);
        FieldKind::Value {
            id,
            value,
            may_be_empty,
            length_tag,
        }
    }

    fn group(&mut self, group: &'d Group, owner: &str) -> usize {
        let shape = shape(group);
        if let Some(&block) = self.by_shape.get(&shape) {
            return block;
        }
        let count = &self.dictionary.field(group.count).name;
        let name = group
            .entry
            .clone()
            .unwrap_or_else(|| group_stem(count).to_owned());
        let body = self.body(&group.members, &format!("{owner}{name}"), true);
        let block = self.blocks.len();
        self.blocks.push(Block {
            name,
            kind: BlockKind::Group(group),
            body,
            owner: owner.to_owned(),
        });
        self.by_shape.insert(shape, block);
        block
    }

    /// The block of a component; `None` when it has no members.
    fn component(&mut self, id: ComponentId) -> Option<usize> {
        let component = self.dictionary.component(id);
        if component.members.is_empty() {
            return None;
        }
        let shape = format!("component {}", component.name);
        if let Some(&block) = self.by_shape.get(&shape) {
            return Some(block);
        }
        let body = self.body(&component.members, &component.name, false);
        let block = self.blocks.len();
        let (name, owner) = (component.name.clone(), "Component".to_owned());
        self.blocks.push(Block {
            name,
            kind: BlockKind::Component(id),
            body,
            owner,
        });
        self.by_shape.insert(shape, block);
        Some(block)
    }

    /// Groups of one name and several shapes are told apart by the message that first uses them.
    fn name_blocks(&mut self) {
        let mut uses: HashMap<String, usize> = HashMap::new();
        for block in &self.blocks {
            *uses.entry(block.name.clone()).or_default() += 1;
        }
        let mut taken: HashMap<String, usize> = HashMap::new();
        for block in &mut self.blocks {
            if uses[&block.name] > 1 && matches!(block.kind, BlockKind::Group(_)) {
                block.name = format!("{}{}", block.owner, block.name);
            }
            let count = taken.entry(block.name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                block.name = format!("{}{count}", block.name);
            }
        }
    }

    fn doc(&self, member: &Member, inner: Option<&Member>, required: bool, kind: &FieldKind) -> String {
        let when = member
            .when
            .as_ref()
            .or(inner.and_then(|inner| inner.when.as_ref()));
        let presence = match (required, member.presence, when) {
            (true, ..) => "required",
            (false, _, Some(_)) | (false, Presence::Conditional, _) => "conditional",
            _ => "optional",
        };
        let mut doc = match kind {
            FieldKind::Value { id, may_be_empty, .. } => {
                let field = self.dictionary.field(*id);
                let empty = if *may_be_empty { ", may be empty" } else { "" };
                let unit = field
                    .unit
                    .as_ref()
                    .map_or_else(String::new, |unit| format!(", in {unit}"));
                format!(
                    "{} ({}), {}{unit}, {presence}{empty}.",
                    field.name,
                    field.tag,
                    field.field_type.name()
                )
            }
            FieldKind::Group { count, .. } => {
                let field = self.dictionary.field(*count);
                format!("{} ({}), repeating group, {presence}.", field.name, field.tag)
            }
            FieldKind::Component { .. } => format!("The component {}, {presence}.", member.name),
        };
        let field = match kind {
            FieldKind::Value { id, .. } => Some(self.dictionary.field(*id)),
            _ => None,
        };
        let mut rules = self.dictionary.member_rules(member);
        rules.extend(
            inner
                .map(|inner| self.dictionary.member_rules(inner))
                .unwrap_or_default(),
        );
        rules.extend(
            field
                .map(|field| self.dictionary.field_rules(field))
                .unwrap_or_default(),
        );
        let field_note = field.and_then(|field| field.note.as_deref());
        let rules = Some(rules.join(" ")).filter(|rules| !rules.is_empty());
        let inner_note = inner.and_then(|inner| inner.note.as_deref());
        for text in [rules.as_deref(), field_note, inner_note, member.note.as_deref()]
            .into_iter()
            .flatten()
        {
            doc += "\n\n";
            doc += &sentence(text);
        }
        doc
    }
}

/// How the values of a field are read: a list of values that do not fit the type makes it text.
pub(crate) fn representation(field: &FieldDefinition) -> Representation {
    field.representation()
}

/// The letters and digits of a description, as they are.
fn name_in_full(description: &str) -> String {
    description.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// What makes two groups the same type: the count field, and the members with their presence, all the way down.
fn shape(group: &Group) -> String {
    let mut shape = format!(
        "{}{}",
        group.count.index(),
        if group.any_delimiter { "?" } else { "" }
    );
    shape.push('{');
    for member in &group.members {
        shape += match member.presence {
            Presence::Required => "+",
            _ => "-",
        };
        if member.may_be_empty {
            shape.push('0');
        }
        match &member.kind {
            MemberKind::Field(id) => shape.extend(["f", &id.index().to_string()]),
            MemberKind::Component(id) => shape.extend(["c", &id.index().to_string()]),
            MemberKind::Group(group) => shape += &self::shape(group),
        }
        shape.push(',');
    }
    shape.push('}');
    shape
}

/// A note as a sentence, with what Markdown would read as a link escaped.
pub(crate) fn sentence(note: &str) -> String {
    let mut text: String = note
        .chars()
        .flat_map(|c| match c {
            '[' | ']' | '<' | '>' | '*' | '_' => vec!['\\', c],
            other => vec![other],
        })
        .collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => text,
    }
}

/// `NR, RT` for a list of sessions.
pub(crate) fn session_names(sessions: &Sessions, all: &[String]) -> Vec<String> {
    all.iter()
        .filter(|session| sessions.includes(session))
        .cloned()
        .collect()
}
