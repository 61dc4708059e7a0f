//! A message or a group's entry as the user declares it.

use fix_dialect::custom::support::{is_standard, standard_name};
use proc_macro2::{Ident, Span};
use syn::{Data, DeriveInput, Fields, GenericParam, Lifetime, LitStr, Path, Type};

use super::types::{Kind, check_lifetimes, classify};
use crate::errors::Errors;
use crate::keys;
use crate::runtime::Runtime;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Message,
    Group,
}

/// What is declared, as far as it is sound.
pub(super) struct Item {
    pub(super) role: Role,
    pub(super) name: Ident,
    pub(super) lifetime: Option<Lifetime>,
    pub(super) keys: Keys,
    pub(super) fields: Vec<Field>,
    /// The field that keeps the unknown ones, and its type.
    pub(super) unknown: Option<(Ident, Type)>,
    /// Whether there are named fields to look at.
    has_fields: bool,
}

/// The keys of `#[fix(…)]` on the struct.
pub(super) struct Keys {
    pub(super) krate: Path,
    pub(super) msg_type: Option<LitStr>,
    /// The type of a dialect that the item is held against.
    pub(super) dialect: Option<Path>,
    pub(super) dictionary: Option<LitStr>,
    pub(super) overlay: Option<LitStr>,
    /// The group in the dictionary, by the name of its count.
    pub(super) group: Option<LitStr>,
    /// Whether there is a key that is none, or a dialect that cannot be one.
    pub(super) misspelt: bool,
    pub(super) client: Vec<Path>,
    pub(super) exchange: Vec<Path>,
}

pub(super) struct Field {
    pub(super) ident: Ident,
    /// 0 when it is to be filled in from a dictionary, or by the compiler from a dialect.
    pub(super) tag: u32,
    /// Where the tag stands, or else the field's name.
    pub(super) span: Span,
    pub(super) length: Option<u32>,
    pub(super) optional: bool,
    pub(super) kind: Kind,
    pub(super) of: Type,
}

const MESSAGE_KEYS: &[&str] = &[
    "client",
    "crate",
    "dialect",
    "dictionary",
    "exchange",
    "msg_type",
    "overlay",
];
const GROUP_KEYS: &[&str] = &["crate", "dialect", "dictionary", "group", "overlay"];
const FIELD_KEYS: &[&str] = &["length", "tag", "unknown"];

impl Role {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Role::Message => "a message",
            Role::Group => "a group's entry",
        }
    }
}

impl Keys {
    pub(super) fn read(role: Role, runtime: Runtime, input: &DeriveInput, errors: &mut Errors) -> Keys {
        let mut keys = Keys {
            krate: runtime.path(),
            msg_type: None,
            dialect: None,
            dictionary: None,
            overlay: None,
            group: None,
            misspelt: false,
            client: Vec::new(),
            exchange: Vec::new(),
        };
        let known = match role {
            Role::Message => MESSAGE_KEYS,
            Role::Group => GROUP_KEYS,
        };
        let mut faulty = false;
        let misspelt = keys::read(&input.attrs, role.noun(), known, errors, |key, meta, errors| {
            if !known.contains(&key) {
                return Ok(false);
            }
            match key {
                "msg_type" => keys.msg_type = keys::text(meta, errors)?,
                "dialect" => {
                    keys.dialect = keys::path(meta, errors)?;
                    faulty |= keys.dialect.is_none();
                }
                "dictionary" => keys.dictionary = keys::text(meta, errors)?,
                "overlay" => keys.overlay = keys::text(meta, errors)?,
                "group" => keys.group = keys::text(meta, errors)?,
                "client" => keys.client.extend(keys::path(meta, errors)?),
                "exchange" => keys.exchange.extend(keys::path(meta, errors)?),
                _ => keys.krate = keys::path(meta, errors)?.unwrap_or(keys.krate.clone()),
            }
            Ok(true)
        });
        keys.misspelt = misspelt || faulty;
        keys
    }
}

impl Item {
    /// Reads the struct; every fault goes to `errors`.
    pub(super) fn read(role: Role, runtime: Runtime, input: &DeriveInput, errors: &mut Errors) -> Item {
        let keys = Keys::read(role, runtime, input, errors);
        check_msg_type(role, input, &keys, errors);
        let mut item = Item {
            role,
            name: input.ident.clone(),
            lifetime: lifetime(role, input, errors),
            keys,
            fields: Vec::new(),
            unknown: None,
            has_fields: false,
        };
        let named = if let Data::Struct(data) = &input.data {
            match &data.fields {
                Fields::Named(fields) => fields.named.iter().collect(),
                Fields::Unit if role == Role::Message => Vec::new(),
                _ => {
                    let message = format!("{} is a struct with named fields", role.noun());
                    errors.at(input.ident.span(), message);
                    return item;
                }
            }
        } else {
            let hint = match &input.data {
                Data::Enum(_) => "; for the values of a field there is `#[derive(FixEnum)]`",
                _ => "",
            };
            let message = format!("{} is a struct with named fields{hint}", role.noun());
            errors.at(input.ident.span(), message);
            return item;
        };
        item.has_fields = true;
        for field in named {
            item.field(field, errors);
        }
        item
    }

    fn field(&mut self, field: &syn::Field, errors: &mut Errors) {
        let Some(ident) = &field.ident else { return };
        check_lifetimes(&field.ty, &self.name, self.lifetime.as_ref(), errors);
        let mut tag = None;
        let mut length = None;
        let mut unknown = false;
        let place = format!("the field `{ident}`");
        let misspelt = keys::read(&field.attrs, &place, FIELD_KEYS, errors, |key, meta, errors| {
            match key {
                "tag" => tag = Some(keys::tag(meta, errors)?),
                "length" => length = keys::tag(meta, errors)?,
                "unknown" => unknown = true,
                _ => return Ok(false),
            }
            Ok(true)
        });
        if unknown {
            if tag.is_some() || length.is_some() {
                errors.at(ident.span(), "the field for unknown fields has no tag of its own");
            }
            if let Some((first, _)) = &self.unknown {
                let message = format!("`{first}` keeps the unknown fields already");
                errors.at(ident.span(), message);
            }
            self.unknown = Some((ident.clone(), field.ty.clone()));
            return;
        }
        let (optional, kind) = classify(&field.ty);
        if let (Some((_, span)), Kind::Group(_)) = (length, &kind) {
            errors.at(span, "a group has no length field: its tag is that of its count");
        }
        let (tag, span) = match tag {
            // A tag that is there and wrong has been told.
            Some(None) => (u32::MAX, ident.span()),
            Some(Some(given)) => given,
            None if self.keys.dictionary.is_some() || self.keys.dialect.is_some() => (0, ident.span()),
            // A key that is written wrongly may be the one that is missing.
            None if misspelt || self.keys.misspelt => (u32::MAX, ident.span()),
            None => {
                let message = format!(
                    "`{ident}` has no tag: add `#[fix(tag = …)]`, or what to take it from with \
                     `#[fix(dialect = …)]` or `#[fix(dictionary = \"…\")]` on the struct"
                );
                errors.at(ident.span(), message);
                (u32::MAX, ident.span())
            }
        };
        self.fields.push(Field {
            ident: ident.clone(),
            tag,
            span,
            length: length.map(|(tag, _)| tag),
            optional,
            kind,
            of: field.ty.clone(),
        });
    }

    /// Rules that need the tags, those of a dictionary included.
    pub(super) fn check(&self, errors: &mut Errors) {
        let mut taken: Vec<(u32, &Ident)> = Vec::new();
        for field in &self.fields {
            let tags = [Some(field.tag), field.length];
            for tag in tags
                .into_iter()
                .flatten()
                .filter(|&tag| tag != 0 && tag != u32::MAX)
            {
                if is_standard(tag) {
                    let name = standard_name(tag).map_or_else(String::new, |name| format!(" ({name})"));
                    let message = format!(
                        "tag {tag}{name} is of the standard header or trailer, which the session writes"
                    );
                    errors.at(field.span, message);
                } else if let Some((_, other)) = taken.iter().find(|(other, _)| *other == tag) {
                    let message = format!("tag {tag} is that of `{other}` already");
                    errors.at(field.span, message);
                }
                taken.push((tag, &field.ident));
            }
        }
        if self.role == Role::Group && self.has_fields {
            self.check_delimiter(errors);
        }
    }

    /// The first field of an entry begins it, so that it must always be there.
    fn check_delimiter(&self, errors: &mut Errors) {
        let Some(first) = self.fields.first() else {
            let message = "a group's entry needs at least one field: the first begins each entry on the wire";
            errors.at(self.name.span(), message);
            return;
        };
        let name = &first.ident;
        let wrong = if matches!(first.kind, Kind::Group(_)) {
            "is a group"
        } else if first.optional {
            "is optional"
        } else if first.length.is_some() {
            "is DATA behind its length"
        } else {
            return;
        };
        let message = format!(
            "the first field begins each entry on the wire, and `{name}` {wrong}: put a required value first"
        );
        errors.at(name.span(), message);
    }
}

fn check_msg_type(role: Role, input: &DeriveInput, keys: &Keys, errors: &mut Errors) {
    match &keys.msg_type {
        None if role == Role::Message && !keys.misspelt && !attribute_has(input, "msg_type") => errors.at(
            input.ident.span(),
            "a message needs its MsgType (35): `#[fix(msg_type = \"…\")]`",
        ),
        Some(text) => {
            let value = text.value();
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                errors.at(
                    text.span(),
                    format!("{value:?} is no MsgType (35): expected letters and digits, such as \"U77\""),
                );
            }
        }
        None => {}
    }
}

/// Whether a key is written at all, be its value sound or not.
fn attribute_has(input: &DeriveInput, key: &str) -> bool {
    input
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("fix"))
        .any(|attribute| {
            quote::ToTokens::to_token_stream(attribute)
                .to_string()
                .contains(key)
        })
}

fn lifetime(role: Role, input: &DeriveInput, errors: &mut Errors) -> Option<Lifetime> {
    let mut lifetime = None;
    for parameter in &input.generics.params {
        let (span, what) = match parameter {
            GenericParam::Lifetime(parameter) if lifetime.is_none() => {
                lifetime = Some(parameter.lifetime.clone());
                continue;
            }
            GenericParam::Lifetime(parameter) => (parameter.lifetime.span(), "a second lifetime"),
            GenericParam::Type(parameter) => (parameter.ident.span(), "a type parameter"),
            GenericParam::Const(parameter) => (parameter.ident.span(), "a const parameter"),
        };
        let message = format!(
            "{} may have one lifetime, that of the frame, and not {what}",
            role.noun()
        );
        errors.at(span, message);
    }
    lifetime
}
