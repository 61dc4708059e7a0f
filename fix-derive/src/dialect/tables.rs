//! The dialect as static data: one static a definition.

use std::collections::HashMap;

use fix_dialect::Prices;
use fix_dialect::dictionary::{
    Category, Component, Condition, Dictionary, FieldDefinition, FieldId, Group, Member, MemberKind, Message,
    Presence, Sessions, Side,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Path;

use super::ir::{Ir, representation, session_names};

pub(super) fn generate(krate: &Path, ir: &Ir<'_>) -> TokenStream {
    let dictionary = ir.dictionary;
    let mut tables = Tables::new(dictionary);
    let header = tables.members(&dictionary.header);
    let trailer = tables.members(&dictionary.trailer);
    let components: Vec<TokenStream> = dictionary
        .components
        .iter()
        .enumerate()
        .map(|(at, component)| tables.component(at, component))
        .collect();
    let messages: Vec<TokenStream> = dictionary
        .messages
        .iter()
        .map(|message| tables.message(message))
        .collect();
    let mut by_tag: Vec<&FieldDefinition> = dictionary.fields.iter().collect();
    by_tag.sort_by_key(|field| field.tag);
    let fields: Vec<TokenStream> = by_tag.iter().map(|field| tables.field(field)).collect();
    let references = by_tag.iter().map(|field| field_static(field));
    let dialect = dictionary.dialect.as_deref().unwrap_or_default();
    let begin_string = dictionary.begin_string();
    let statics = tables.statics;
    let imports = imports(krate);
    quote! {
        #imports

        #(#fields)*
        #(#statics)*
        #(#components)*

        pub(super) static TABLES: Tables = Tables {
            name: #dialect,
            begin_string: #begin_string,
            header: #header,
            trailer: #trailer,
            messages: &[#(#messages),*],
            fields: &[#(&#references),*],
        };
    }
}

/// What the definitions refer to.
pub(super) fn imports(krate: &Path) -> TokenStream {
    quote! {
        use #krate::tables::{
            ComponentTable, ConditionTable, FieldTable, GroupTable, MemberKind, MemberTable, MessageTable, RuleTable, Tables,
            ValueRuleTable, ValueTable,
        };
        use #krate::{FieldType, Representation};
        use ::core::option::Option::{None, Some};
    }
}

pub(super) struct Tables<'d> {
    dictionary: &'d Dictionary,
    pub(super) statics: Vec<TokenStream>,
    /// The statics of groups, by their rendered contents.
    groups: HashMap<String, Ident>,
}

impl Tables<'_> {
    pub(super) fn new(dictionary: &Dictionary) -> Tables<'_> {
        Tables {
            dictionary,
            statics: Vec::new(),
            groups: HashMap::new(),
        }
    }

    pub(super) fn members(&mut self, members: &[Member]) -> TokenStream {
        let members = members
            .iter()
            .map(|member| self.member(member))
            .collect::<Vec<_>>();
        quote!(&[#(#members),*])
    }

    pub(super) fn component(&mut self, at: usize, component: &Component) -> TokenStream {
        let (name, text) = (component_static(at), &component.name);
        let members = self.members(&component.members);
        quote!(static #name: ComponentTable = ComponentTable { name: #text, members: #members };)
    }

    pub(super) fn message(&mut self, message: &Message) -> TokenStream {
        let (name, msg_type) = (&message.name, &message.msg_type);
        let admin = message.category == Category::Admin;
        let family = message.family.as_deref().unwrap_or_default();
        let client = sessions(&message.client, &self.dictionary.sessions);
        let exchange = sessions(&message.exchange, &self.dictionary.sessions);
        let members = self.members(&message.members);
        quote! {
            MessageTable {
                name: #name,
                msg_type: #msg_type,
                admin: #admin,
                family: #family,
                client: #client,
                exchange: #exchange,
                members: #members,
            }
        }
    }

    fn member(&mut self, member: &Member) -> TokenStream {
        let kind = match &member.kind {
            MemberKind::Field(id) => {
                let name = self.field_name(*id);
                quote!(MemberKind::Field(&#name))
            }
            MemberKind::Group(group) => {
                let name = self.group(group);
                quote!(MemberKind::Group(&#name))
            }
            MemberKind::Component(id) => {
                let name = component_static(id.index());
                quote!(MemberKind::Component(&#name))
            }
        };
        let required = member.presence == Presence::Required;
        let may_be_empty = member.may_be_empty;
        let when = option(member.when.as_ref().map(|condition| {
            let condition = self.condition(condition);
            quote!(&#condition)
        }));
        let rules = option(self.rules(member).map(|rules| quote!(&#rules)));
        quote!(MemberTable { kind: #kind, required: #required, may_be_empty: #may_be_empty, when: #when, rules: #rules })
    }

    /// The rules of a member in its place, if it has any.
    fn rules(&self, member: &Member) -> Option<TokenStream> {
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
        let condition = |condition: &Condition| {
            let condition = self.condition(condition);
            quote!(&#condition)
        };
        let never = option(member.never.as_ref().map(condition));
        let values = member.values.iter().map(|rule| {
            let when = option(rule.when.as_ref().map(condition));
            let equals = option(rule.equals.as_ref());
            let number =
                |number: Option<fix_dialect::Decimal>| option(number.map(|number| number.to_string()));
            let (min, max, step) = (number(rule.min), number(rule.max), number(rule.step));
            quote!(ValueRuleTable { when: #when, equals: #equals, min: #min, max: #max, step: #step })
        });
        let (min_entries, max_entries) = (option(min_entries), option(max_entries));
        Some(quote! {
            RuleTable {
                never: #never,
                values: &[#(#values),*],
                min_entries: #min_entries,
                max_entries: #max_entries,
            }
        })
    }

    fn group(&mut self, group: &Group) -> Ident {
        let count_name = &self.dictionary.field(group.count).name;
        let text = group
            .entry
            .clone()
            .unwrap_or_else(|| crate::names::group_stem(count_name).to_owned());
        let count = self.field_name(group.count);
        let any_delimiter = group.any_delimiter;
        let members = self.members(&group.members);
        let contents = quote! {
            GroupTable { name: #text, count: &#count, any_delimiter: #any_delimiter, members: #members }
        };
        let key = contents.to_string();
        if let Some(name) = self.groups.get(&key) {
            return name.clone();
        }
        let name = format_ident!("GROUP_{}", self.groups.len());
        self.statics.push(quote!(static #name: GroupTable = #contents;));
        self.groups.insert(key, name.clone());
        name
    }

    fn condition(&self, condition: &Condition) -> TokenStream {
        let tag = |id: &FieldId| self.dictionary.field(*id).tag;
        let all = |parts: &[Condition]| parts.iter().map(|part| self.condition(part)).collect::<Vec<_>>();
        match condition {
            Condition::All(parts) => {
                let parts = all(parts);
                quote!(ConditionTable::All(&[#(#parts),*]))
            }
            Condition::Any(parts) => {
                let parts = all(parts);
                quote!(ConditionTable::Any(&[#(#parts),*]))
            }
            Condition::Equals { field, value } => {
                let tag = tag(field);
                quote!(ConditionTable::Equals(#tag, #value))
            }
            Condition::Differs { field, value } => {
                let tag = tag(field);
                quote!(ConditionTable::Differs(#tag, #value))
            }
            Condition::Present(field) => {
                let tag = tag(field);
                quote!(ConditionTable::Present(#tag))
            }
            Condition::Absent(field) => {
                let tag = tag(field);
                quote!(ConditionTable::Absent(#tag))
            }
            Condition::SentBy(Side::Client) => quote!(ConditionTable::FromClient),
            Condition::SentBy(Side::Exchange) => quote!(ConditionTable::FromExchange),
            Condition::Prices(Prices::Cents) => quote!(ConditionTable::InCents),
            Condition::Prices(Prices::Dollars) => quote!(ConditionTable::InDollars),
            Condition::OnSession(names) => quote!(ConditionTable::OnSession(&[#(#names),*])),
            Condition::OffSession(names) => quote!(ConditionTable::OffSession(&[#(#names),*])),
            other => unreachable!("a condition that tables cannot express: {other:?}"),
        }
    }

    pub(super) fn field(&self, field: &FieldDefinition) -> TokenStream {
        let static_name = field_static(field);
        let (tag, name) = (field.tag, &field.name);
        let field_type = quote::format_ident!("{}", format!("{:?}", field.field_type));
        let shown = representation(field);
        let representation = format_ident!("{}", format!("{shown:?}"));
        let values = field.values.iter().map(|value| {
            let (wire, name) = (&value.wire, &value.description);
            quote!(ValueTable { wire: #wire, name: #name })
        });
        let length_tag = option(field.length_field.map(|id| self.dictionary.field(id).tag));
        let secret = field.secret || fix_dialect::is_secret(tag);
        let max_length = option(field.max_length);
        let min = option(field.min.map(|least| least.to_string()));
        let max = option(field.max.map(|most| most.to_string()));
        let step = option(field.step.map(|step| step.to_string()));
        let unit = field.unit.as_deref().unwrap_or_default();
        quote! {
            static #static_name: FieldTable = FieldTable {
                tag: #tag,
                name: #name,
                field_type: FieldType::#field_type,
                representation: Representation::#representation,
                values: &[#(#values),*],
                length_tag: #length_tag,
                secret: #secret,
                max_length: #max_length,
                min: #min,
                max: #max,
                step: #step,
                unit: #unit,
            };
        }
    }

    fn field_name(&self, id: FieldId) -> Ident {
        field_static(self.dictionary.field(id))
    }
}

pub(super) fn field_static(field: &FieldDefinition) -> Ident {
    format_ident!("FIELD_{}", field.tag)
}

pub(super) fn component_static(at: usize) -> Ident {
    format_ident!("COMPONENT_{at}")
}

pub(super) fn sessions(sessions: &Sessions, all: &[String]) -> TokenStream {
    if *sessions == Sessions::Unstated {
        return quote!(None);
    }
    let names = session_names(sessions, all);
    quote!(Some(&[#(#names),*]))
}

fn option<T: quote::ToTokens>(value: Option<T>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}
