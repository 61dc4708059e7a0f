//! The part of a dictionary that one message or group needs, as tables: for messages of a user's own that are held against
//! a dictionary's path.

use std::collections::BTreeSet;

use fix_dialect::dictionary::{Condition, Dictionary, FieldId, Member, MemberKind, Message};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use super::tables::{Tables, field_static};

/// What of the dictionary the user's struct is.
#[derive(Clone, Copy)]
pub(crate) enum Whole<'d> {
    Message(&'d Message),
    /// The member that is the group.
    Group(&'d Member),
}

/// Statements that end in an expression: the tables, with the message or group, and the fields with these tags.
pub(crate) fn tables(
    krate: &Path,
    dictionary: &Dictionary,
    whole: Option<Whole<'_>>,
    tags: impl Iterator<Item = u32>,
) -> TokenStream {
    let mut reached = Reached {
        dictionary,
        fields: BTreeSet::new(),
        components: BTreeSet::new(),
    };
    for tag in tags {
        reached.fields.extend(dictionary.field_by_tag(tag));
    }
    for members in [&dictionary.header, &dictionary.trailer] {
        reached.members(members);
    }
    match whole {
        Some(Whole::Message(message)) => reached.members(&message.members),
        Some(Whole::Group(member)) => reached.members(std::slice::from_ref(member)),
        None => {}
    }
    let mut tables = Tables::new(dictionary);
    let header = tables.members(&dictionary.header);
    let trailer = tables.members(&dictionary.trailer);
    let message = match whole {
        Some(Whole::Message(message)) => Some(tables.message(message)),
        Some(Whole::Group(member)) => {
            let members = tables.members(std::slice::from_ref(member));
            Some(quote! {
                MessageTable {
                    name: "", msg_type: "", admin: false, family: "", client: None, exchange: None, members: #members,
                }
            })
        }
        None => None,
    };
    let components: Vec<TokenStream> = reached
        .components
        .iter()
        .map(|&at| tables.component(at, &dictionary.components[at]))
        .collect();
    let mut by_tag: Vec<_> = reached.fields.iter().map(|&id| dictionary.field(id)).collect();
    by_tag.sort_by_key(|field| field.tag);
    let fields: Vec<TokenStream> = by_tag.iter().map(|field| tables.field(field)).collect();
    let references = by_tag.iter().map(|field| field_static(field));
    let dialect = dictionary.dialect.as_deref().unwrap_or_default();
    let begin_string = dictionary.begin_string();
    let statics = tables.statics;
    let imports = super::tables::imports(krate);
    quote! {
        #imports

        #(#fields)*
        #(#statics)*
        #(#components)*

        static TABLES: Tables = Tables {
            name: #dialect,
            begin_string: #begin_string,
            header: #header,
            trailer: #trailer,
            messages: &[#message],
            fields: &[#(&#references),*],
        };
        &TABLES
    }
}

struct Reached<'d> {
    dictionary: &'d Dictionary,
    fields: BTreeSet<FieldId>,
    components: BTreeSet<usize>,
}

impl Reached<'_> {
    fn members(&mut self, members: &[Member]) {
        for member in members {
            for condition in [&member.when, &member.never].into_iter().flatten() {
                self.condition(condition);
            }
            for condition in member.values.iter().filter_map(|rule| rule.when.as_ref()) {
                self.condition(condition);
            }
            match &member.kind {
                MemberKind::Field(id) => self.field(*id),
                MemberKind::Group(group) => {
                    self.field(group.count);
                    self.members(&group.members);
                }
                MemberKind::Component(id) => {
                    if self.components.insert(id.index()) {
                        let dictionary = self.dictionary;
                        self.members(&dictionary.component(*id).members);
                    }
                }
            }
        }
    }

    fn field(&mut self, id: FieldId) {
        self.fields.insert(id);
        self.fields.extend(self.dictionary.field(id).length_field);
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                for part in parts {
                    self.condition(part);
                }
            }
            Condition::Equals { field, .. }
            | Condition::Differs { field, .. }
            | Condition::Present(field)
            | Condition::Absent(field) => self.field(*field),
            _ => {}
        }
    }
}
