//! A user's message held against a dictionary: tags that were left out, and everything that does not agree.

use fix_dialect::dictionary::{
    Dictionary, FieldDefinition, FieldId, Group, Member, MemberKind, Presence, nearest,
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::item::{Field, Item, Role};
use super::types::{Kind, with_lifetime};
use crate::errors::Errors;
use crate::names::{group_field, snake};
use crate::source;

/// What the dictionary gives to the generated code.
pub(super) struct Checked {
    pub(super) watched: TokenStream,
    /// What only the compiler can compare: the types behind the fields.
    pub(super) assertions: TokenStream,
    /// The name of the message or group.
    pub(super) name: Option<String>,
    pub(super) begin_string: String,
}

/// What the dictionary knows of a field.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) field_type: fix_dialect::FieldType,
    pub(super) length_name: Option<String>,
    values: Vec<(String, String)>,
    max_length: Option<usize>,
    min: Option<String>,
    max: Option<String>,
    unit: String,
    secret: bool,
}

impl Known {
    fn new(dictionary: &Dictionary, field: &FieldDefinition) -> Known {
        let values = field
            .values
            .iter()
            .map(|value| (value.wire.clone(), value.description.clone()));
        Known {
            name: field.name.clone(),
            field_type: field.field_type,
            length_name: field.length_field.map(|id| dictionary.field(id).name.clone()),
            values: values.collect(),
            max_length: field.max_length,
            min: field.min.map(|least| least.to_string()),
            max: field.max.map(|most| most.to_string()),
            unit: field.unit.clone().unwrap_or_default(),
            secret: field.secret || fix_dialect::is_secret(field.tag),
        }
    }

    /// The parts of a field's table.
    pub(super) fn rules(&self, krate: &Path, with_values: bool) -> TokenStream {
        let option = |value: Option<TokenStream>| {
            if let Some(value) = value {
                quote!(::core::option::Option::Some(#value))
            } else {
                quote!(::core::option::Option::None)
            }
        };
        let max_length = option(self.max_length.map(|most| quote!(#most)));
        let min = option(self.min.as_ref().map(|least| quote!(#least)));
        let max = option(self.max.as_ref().map(|most| quote!(#most)));
        let (unit, secret) = (&self.unit, self.secret);
        let values = (with_values && !self.values.is_empty()).then(|| {
            let values = self
                .values
                .iter()
                .map(|(wire, name)| quote!(#krate::tables::ValueTable { wire: #wire, name: #name }));
            quote!(values: &[#(#values),*],)
        });
        quote! {
            max_length: #max_length,
            min: #min,
            max: #max,
            unit: #unit,
            secret: #secret,
            #values
        }
    }
}

/// Fills in what was left out and tells what does not agree with the dictionary, where the item names one.
pub(super) fn apply(item: &mut Item, errors: &mut Errors) -> Checked {
    let mut checked = Checked {
        watched: TokenStream::new(),
        assertions: TokenStream::new(),
        name: None,
        begin_string: "FIXT.1.1".to_owned(),
    };
    let Some(literal) = &item.keys.dictionary else {
        let needless = [
            (&item.keys.group, "`group` names a group of a dictionary"),
            (&item.keys.overlay, "`overlay` changes a dictionary"),
        ];
        for (key, what) in needless {
            if let Some(key) = key {
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
    checked.begin_string = dictionary.begin_string();
    let context = Context {
        dictionary,
        path: literal.value(),
        owner: owner(item, dictionary, &literal.value(), errors),
    };
    checked.name = context.owner.as_ref().map(|owner| owner.name.clone());
    for field in &mut item.fields {
        let assertions = context.field(field, &item.keys.krate, errors);
        checked.assertions.extend(assertions);
    }
    context.missing(item, errors);
    checked
}

struct Context<'d> {
    dictionary: &'d Dictionary,
    path: String,
    /// The message or group of the dictionary that the item is; `None` for one that the dictionary does not have.
    owner: Option<Owner<'d>>,
}

struct Owner<'d> {
    name: String,
    /// How messages call it: `NewOrderSingle (D)`, `NoPartyIDs (453)`.
    shown: String,
    members: Vec<Found<'d>>,
}

/// A member, with components resolved.
struct Found<'d> {
    member: &'d Member,
    id: FieldId,
    group: Option<&'d Group>,
    required: bool,
}

fn owner<'d>(item: &Item, dictionary: &'d Dictionary, path: &str, errors: &mut Errors) -> Option<Owner<'d>> {
    let (name, shown, members) = match item.role {
        Role::Message => {
            let message = dictionary.message_by_type(&item.keys.msg_type.as_ref()?.value())?;
            let shown = format!("{} ({})", message.name, message.msg_type);
            (message.name.clone(), shown, &message.members)
        }
        Role::Group => {
            let literal = item.keys.group.as_ref()?;
            let name = literal.value();
            let Some(group) = groups(dictionary)
                .into_iter()
                .find(|group| dictionary.field(group.count).name == name)
            else {
                let known = groups(dictionary)
                    .into_iter()
                    .map(|group| dictionary.field(group.count).name.as_str());
                let hint = nearest(&name, known)
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                errors.at(literal.span(), format!("no group \"{name}\" in {path}{hint}"));
                return None;
            };
            let entry = group.entry.clone().unwrap_or_else(|| name.clone());
            let shown = format!("{name} ({})", dictionary.field(group.count).tag);
            (entry, shown, &group.members)
        }
    };
    let mut found = Vec::new();
    flatten(dictionary, members, true, &mut found);
    Some(Owner {
        name,
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
                group: None,
                required,
            }),
            MemberKind::Group(group) => found.push(Found {
                member,
                id: group.count,
                group: Some(group),
                required,
            }),
            MemberKind::Component(id) => {
                flatten(dictionary, &dictionary.component(*id).members, required, found);
            }
        }
    }
}

/// Every group of a dictionary, wherever it is nested.
fn groups(dictionary: &Dictionary) -> Vec<&Group> {
    fn collect<'d>(members: &'d [Member], found: &mut Vec<&'d Group>) {
        for member in members {
            if let MemberKind::Group(group) = &member.kind {
                found.push(group);
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
    /// Compares one field, and fills in its tag; the answer is what the compiler has to compare.
    fn field(&self, field: &mut Field, krate: &Path, errors: &mut Errors) -> Option<TokenStream> {
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
        field.known = Some(Known::new(self.dictionary, definition));
        let member = self.member(field, definition, errors);
        self.types(field, definition, member, krate, errors)
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

    fn types(
        &self,
        field: &Field,
        definition: &FieldDefinition,
        member: Option<&Found<'_>>,
        krate: &Path,
        errors: &mut Errors,
    ) -> Option<TokenStream> {
        let place = self.place(definition);
        let (name, tag, of) = (&definition.name, definition.tag, definition.field_type);
        let counts =
            of == fix_dialect::FieldType::NumInGroup || member.is_some_and(|found| found.group.is_some());
        match &field.kind {
            Kind::Value(_) if counts => {
                let message =
                    format!("{place}: {name} ({tag}) counts a group: its field is a `Vec` of entries");
                errors.at(field.of.span(), message);
                None
            }
            Kind::Group(_) if !counts => {
                let message = format!("{place}: {name} ({tag}) is a {of}, and counts no group");
                errors.at(field.of.span(), message);
                None
            }
            Kind::Value(_) if of.is_data() && field.length.is_none() => {
                let message = format!(
                    "{place}: {name} ({tag}) has no length field in the dictionary: add `length = …`"
                );
                errors.at(field.span, message);
                None
            }
            Kind::Value(value) => {
                let value = with_lifetime(value, "static");
                let span = field.of.span();
                let stated = quote_spanned!(span=> <#value as #krate::FieldValue<'static>>);
                let holds = format!(
                    "{place}: {name} ({tag}) is a {of}, which the type of `{}` does not hold",
                    field.ident
                );
                let lists = format!(
                    "{place}: {name} ({tag}) does not have every value that the type of `{}` lists",
                    field.ident
                );
                let wires = definition.values.iter().map(|value| &value.wire);
                let lists = (!definition.values.is_empty()).then(|| {
                    quote_spanned! {span=>
                        const _: () = ::core::assert!(
                            #krate::custom::support::lists(#stated::VALUES, &[#(#wires),*]),
                            #lists
                        );
                    }
                });
                let data = of.is_data();
                let holds = (!data).then(|| {
                    let of = quote::format_ident!("{}", format!("{of:?}"));
                    quote_spanned! {span=>
                        const _: () = ::core::assert!(
                            #krate::custom::support::holds(#stated::FIELD_TYPE, #krate::FieldType::#of),
                            #holds
                        );
                    }
                });
                Some(quote!(#holds #lists))
            }
            Kind::Group(entry) => {
                let group = member.and_then(|found| found.group)?;
                let mut members = Vec::new();
                flatten(self.dictionary, &group.members, true, &mut members);
                let span = field.of.span();
                let entry = with_lifetime(entry, "static");
                let assertions = members.iter().filter(|found| found.required).map(|found| {
                    let required = self.dictionary.field(found.id);
                    let wanted = required.tag;
                    let message = format!(
                        "{}: {} ({wanted}) is required in each entry of {name} ({tag}), and the entry of `{}` does \
                         not require it",
                        found.member.position.within(&self.path), required.name, field.ident
                    );
                    quote_spanned! {span=>
                        const _: () = ::core::assert!(
                            ::core::matches!(
                                #krate::custom::support::find(
                                    <#entry as #krate::FixGroup<'static>>::MEMBERS,
                                    #wanted,
                                ),
                                ::core::option::Option::Some(true)
                            ),
                            #message
                        );
                    }
                });
                Some(assertions.collect())
            }
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
