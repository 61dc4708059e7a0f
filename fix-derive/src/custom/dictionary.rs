//! A user's message held against a dictionary: tags that were left out, and everything that does not agree.

use fix_dialect::dictionary::{
    Dictionary, FieldDefinition, FieldId, Group, Member, MemberKind, Presence, nearest,
};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Path;
use syn::spanned::Spanned;

use super::item::{Field, Item, Role};
use super::types::Kind;
use crate::dialect::part::{self, Whole};
use crate::errors::Errors;
use crate::names::{group_field, snake};
use crate::source;

/// What the dictionary gives to the generated code.
pub(super) struct Checked {
    pub(super) watched: TokenStream,
    /// The part of the dictionary that the item needs, as tables.
    pub(super) part: Option<TokenStream>,
    /// What the item is held against, in the user's words: the path of a dictionary, or of a dialect's type.
    pub(super) held: String,
    /// Where each field is defined.
    places: Vec<String>,
}

impl Checked {
    /// What a fault of the field `at` begins with.
    pub(super) fn place(&self, at: usize) -> &str {
        self.places.get(at).unwrap_or(&self.held)
    }
}

/// Fills in what was left out and tells what does not agree with the dictionary, where the item names one.
pub(super) fn apply(item: &mut Item, errors: &mut Errors) -> Checked {
    let mut checked = Checked {
        watched: TokenStream::new(),
        part: None,
        held: String::new(),
        places: Vec::new(),
    };
    if let Some(dialect) = &item.keys.dialect {
        checked.held = shown(dialect);
        if let Some(dictionary) = &item.keys.dictionary {
            let message = "`dialect` and `dictionary` are two ways to say the same: give one of them";
            errors.at(dictionary.span(), message);
        }
    }
    let Some(literal) = &item.keys.dictionary else {
        let needless = [
            (&item.keys.group, "`group` names a group of a dictionary", true),
            (&item.keys.overlay, "`overlay` changes a dictionary", false),
        ];
        for (key, what, by_type) in needless {
            if let Some(key) = key.as_ref().filter(|_| !by_type || item.keys.dialect.is_none()) {
                errors.at(key.span(), format!("{what}: give that with `dictionary = \"…\"`"));
            }
        }
        return checked;
    };
    let Some(source) = source::load(literal, item.keys.overlay.as_ref(), errors) else {
        for field in item.fields.iter_mut().filter(|field| field.tag == 0) {
            field.tag = u32::MAX;
        }
        return checked;
    };
    let dictionary = &source.dictionary;
    checked.watched = source.watched;
    let context = Context {
        dictionary,
        path: literal.value(),
        owner: owner(item, dictionary, &literal.value(), errors),
    };
    for field in &mut item.fields {
        let place = context.field(field, errors);
        checked.places.push(place.unwrap_or_else(|| literal.value()));
    }
    context.missing(item, errors);
    checked.held = literal.value();
    let tags = item
        .fields
        .iter()
        .flat_map(|field| [Some(field.tag), field.length])
        .flatten();
    let whole = context.owner.map(|owner| owner.whole);
    checked.part = Some(part::tables(&item.keys.krate, dictionary, whole, tags));
    checked
}

/// A path as the user writes it.
pub(super) fn shown(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

struct Context<'d> {
    dictionary: &'d Dictionary,
    path: String,
    /// The message or group of the dictionary that the item is; `None` for one that the dictionary does not have.
    owner: Option<Owner<'d>>,
}

struct Owner<'d> {
    whole: Whole<'d>,
    /// How messages call it: `NewOrderSingle (D)`, `NoPartyIDs (453)`.
    shown: String,
    members: Vec<Found<'d>>,
}

/// A member, with components resolved.
struct Found<'d> {
    member: &'d Member,
    id: FieldId,
    is_group: bool,
    required: bool,
}

fn owner<'d>(item: &Item, dictionary: &'d Dictionary, path: &str, errors: &mut Errors) -> Option<Owner<'d>> {
    let (whole, shown, members) = match item.role {
        Role::Message => {
            let message = dictionary.message_by_type(&item.keys.msg_type.as_ref()?.value())?;
            let shown = format!("{} ({})", message.name, message.msg_type);
            (Whole::Message(message), shown, &message.members)
        }
        Role::Group => {
            let literal = item.keys.group.as_ref()?;
            let name = literal.value();
            // Where several messages define one differently, it is the definition that has most of the entry's fields.
            let fits = |member: &&Member| {
                let mut found = Vec::new();
                if let MemberKind::Group(group) = &member.kind {
                    flatten(dictionary, &group.members, true, &mut found);
                }
                let is = |field: &Field, found: &Found<'_>| {
                    let known = dictionary.field(found.id);
                    field.tag == known.tag || field.ident == rust_name(field, known)
                };
                let has = |field: &&Field| found.iter().any(|found| is(field, found));
                item.fields.iter().filter(has).count()
            };
            let named = groups(dictionary)
                .into_iter()
                .filter(|(_, group)| dictionary.field(group.count).name == name)
                .map(|(member, _)| member);
            // The first of those that fit equally well.
            let Some(
                member @ Member {
                    kind: MemberKind::Group(group),
                    ..
                },
            ) = named.rev().max_by_key(fits)
            else {
                let known = groups(dictionary)
                    .into_iter()
                    .map(|(_, group)| dictionary.field(group.count).name.as_str());
                let hint = nearest(&name, known)
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                errors.at(literal.span(), format!("no group \"{name}\" in {path}{hint}"));
                return None;
            };
            let shown = format!("{name} ({})", dictionary.field(group.count).tag);
            (Whole::Group(member), shown, &group.members)
        }
    };
    let mut found = Vec::new();
    flatten(dictionary, members, true, &mut found);
    Some(Owner {
        whole,
        shown,
        members: found,
    })
}

fn flatten<'d>(
    dictionary: &'d Dictionary,
    members: &'d [Member],
    required: bool,
    found: &mut Vec<Found<'d>>,
) {
    for member in members {
        let required = required && member.presence == Presence::Required;
        match &member.kind {
            MemberKind::Field(id) => found.push(Found {
                member,
                id: *id,
                is_group: false,
                required,
            }),
            MemberKind::Group(group) => found.push(Found {
                member,
                id: group.count,
                is_group: true,
                required,
            }),
            MemberKind::Component(id) => {
                flatten(dictionary, &dictionary.component(*id).members, required, found);
            }
        }
    }
}

/// Every group of a dictionary, wherever it is nested.
fn groups(dictionary: &Dictionary) -> Vec<(&Member, &Group)> {
    fn collect<'d>(members: &'d [Member], found: &mut Vec<(&'d Member, &'d Group)>) {
        for member in members {
            if let MemberKind::Group(group) = &member.kind {
                found.push((member, group));
                collect(&group.members, found);
            }
        }
    }
    let mut found = Vec::new();
    for component in &dictionary.components {
        collect(&component.members, &mut found);
    }
    for message in &dictionary.messages {
        collect(&message.members, &mut found);
    }
    found
}

impl Context<'_> {
    /// Compares one field, and fills in its tag; the answer is where it is defined. Types are the compiler's to compare.
    fn field(&self, field: &mut Field, errors: &mut Errors) -> Option<String> {
        let definition = if field.tag == 0 {
            let found = self.by_name(field);
            if found.is_none() {
                field.tag = u32::MAX;
                self.unknown_name(field, errors);
            }
            found?
        } else {
            let Some(id) = self.dictionary.field_by_tag(field.tag) else {
                self.private(field, errors);
                return None;
            };
            self.dictionary.field(id)
        };
        field.tag = definition.tag;
        if let Some(other) = self.by_name(field).filter(|other| other.tag != definition.tag) {
            let message = format!(
                "{}: tag {} is {}, and `{}` is {} ({})",
                self.place(definition),
                definition.tag,
                definition.name,
                field.ident,
                other.name,
                other.tag
            );
            errors.at(field.span, message);
            return None;
        }
        if definition.field_type.is_data() && field.length.is_none() {
            field.length = definition.length_field.map(|id| self.dictionary.field(id).tag);
        }
        let member = self.member(field, definition, errors);
        self.kinds(field, definition, member, errors);
        Some(self.place(definition))
    }

    /// A private tag must not have the name of a field that the dictionary has.
    fn private(&self, field: &Field, errors: &mut Errors) {
        if let Some(other) = self.by_name(field).filter(|_| field.tag != u32::MAX) {
            let message = format!(
                "{}: `{}` is {} ({}) in the dictionary, and has no tag {}",
                self.place(other),
                field.ident,
                other.name,
                other.tag,
                field.tag
            );
            errors.at(field.span, message);
        }
    }

    fn by_name(&self, field: &Field) -> Option<&FieldDefinition> {
        let name = field.ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        self.dictionary
            .fields
            .iter()
            .find(|known| rust_name(field, known) == name)
    }

    fn unknown_name(&self, field: &Field, errors: &mut Errors) {
        let known: Vec<String> = self
            .dictionary
            .fields
            .iter()
            .map(|known| rust_name(field, known))
            .collect();
        let name = field.ident.to_string();
        let hint = match nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => "; give a private field its tag with `#[fix(tag = …)]`".to_owned(),
        };
        let message = format!("no field of {} becomes `{name}`{hint}", self.path);
        errors.at(field.ident.span(), message);
    }

    fn place(&self, definition: &FieldDefinition) -> String {
        definition.position.within(&self.path)
    }

    /// The field's place in the message or group of the dictionary.
    fn member(&self, field: &Field, definition: &FieldDefinition, errors: &mut Errors) -> Option<&Found<'_>> {
        let owner = self.owner.as_ref()?;
        let found = owner
            .members
            .iter()
            .find(|found| self.dictionary.field(found.id).tag == definition.tag);
        let Some(found) = found else {
            let message = format!(
                "{}: {} ({}) is no member of {}",
                self.place(definition),
                definition.name,
                definition.tag,
                owner.shown
            );
            errors.at(field.span, message);
            return None;
        };
        if found.required && field.optional {
            let message = format!(
                "{}: {} ({}) is required in {}, and `{}` is an `Option`",
                found.member.position.within(&self.path),
                definition.name,
                definition.tag,
                owner.shown,
                field.ident
            );
            errors.at(field.of.span(), message);
        }
        Some(found)
    }

    fn kinds(
        &self,
        field: &Field,
        definition: &FieldDefinition,
        member: Option<&Found<'_>>,
        errors: &mut Errors,
    ) {
        let place = self.place(definition);
        let (name, tag, of) = (&definition.name, definition.tag, definition.field_type);
        let counts = of == fix_dialect::FieldType::NumInGroup || member.is_some_and(|found| found.is_group);
        match &field.kind {
            Kind::Value(_) if counts => {
                let message =
                    format!("{place}: {name} ({tag}) counts a group: its field is a `Vec` of entries");
                errors.at(field.of.span(), message);
            }
            Kind::Group(_) if !counts => {
                let message = format!("{place}: {name} ({tag}) is of type {of}, and counts no group");
                errors.at(field.of.span(), message);
            }
            Kind::Value(_) if of.is_data() && field.length.is_none() => {
                let message = format!(
                    "{place}: {name} ({tag}) has no length field in the dictionary: add `length = …`"
                );
                errors.at(field.span, message);
            }
            _ => {}
        }
    }

    /// What the dictionary requires and the item does not have.
    fn missing(&self, item: &Item, errors: &mut Errors) {
        let Some(owner) = &self.owner else { return };
        // A field of that name and another tag has been told.
        let has = |definition: &FieldDefinition| {
            item.fields.iter().any(|field| {
                field.tag == definition.tag
                    || field.length == Some(definition.tag)
                    || field.ident == rust_name(field, definition)
            })
        };
        for found in owner.members.iter().filter(|found| found.required) {
            let definition = self.dictionary.field(found.id);
            // The session's own part of a message is not the user's.
            if has(definition) || fix_dialect::custom::support::is_standard(definition.tag) {
                continue;
            }
            let message = format!(
                "{}: {} ({}) is required in {}, and `{}` has no field for it",
                found.member.position.within(&self.path),
                definition.name,
                definition.tag,
                owner.shown,
                item.name
            );
            errors.at(item.name.span(), message);
        }
    }
}

/// What the dictionary's field is called in a struct.
fn rust_name(field: &Field, known: &FieldDefinition) -> String {
    match field.kind {
        Kind::Group(_) => group_field(&known.name),
        Kind::Value(_) => snake(&known.name),
    }
}
