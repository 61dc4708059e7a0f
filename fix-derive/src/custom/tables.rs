//! A message's or an entry's tables, as constants: what it is held against, its members, and its rules.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Path};

use super::dictionary::Checked;
use super::generate::{entry_path, tag_name, tag_number, value_path};
use super::item::{Field, Item, Role};
use super::types::Kind;
use crate::names::{camel, group_stem};

pub(super) fn tables(item: &Item, checked: &Checked) -> TokenStream {
    let krate = &item.keys.krate;
    let name = item.name.to_string();
    let held = held(item, checked);
    let mut statics = Vec::new();
    let mut members = Vec::new();
    let mut rules = Vec::new();
    for (at, field) in item.fields.iter().enumerate() {
        let required = !field.optional;
        let tag = tag_number(field, at);
        let table = part("MEMBER", at);
        let definition = field_table(krate, field, &tag);
        statics.push(quote!(static #table: #krate::tables::FieldTable = #definition;));
        let member = |kind: TokenStream| quote!(#krate::custom::support::member(#krate::tables::MemberKind::#kind, #required));
        if let Some(tag) = field.length {
            let length = part("LENGTH", at);
            let shown = format!("{}Length", shown(field));
            statics.push(quote! {
                static #length: #krate::tables::FieldTable =
                    #krate::custom::support::length_field(&__FIX_HELD, #tag, #shown);
            });
            members.push(member(quote!(Field(&#length))));
            rules.push(member(quote!(Field(&#length))));
        }
        match &field.kind {
            Kind::Value(_) => {
                members.push(member(quote!(Field(&#table))));
                rules.push(member(quote!(Field(&#table))));
            }
            Kind::Group(entry) => {
                let (group, group_rules, own) = (part("GROUP", at), part("RULES", at), part("OWN", at));
                statics.push(groups(krate, entry, &tag, &table, [&group, &group_rules, &own]));
                members.push(member(quote!(Group(&#group))));
                rules.push(member(quote!(Group(&#group_rules))));
            }
        }
    }
    let message = (item.role == Role::Message).then(|| message(item));
    let apart = format!(
        "a group of `{name}` has a field that stands beside the group too: behind the group, its last entry would take it"
    );
    quote! {
        #held
        const __FIX_NAME: &str = __FIX_HELD.name(#name);
        #(#statics)*
        const __FIX_MEMBERS: &[#krate::tables::MemberTable] = &[#(#members),*];
        const __FIX_OWN: &[#krate::tables::MemberTable] = &[#(#rules),*];
        static __FIX_MERGED: [
            #krate::tables::MemberTable;
            #krate::custom::support::merged_count(__FIX_HELD.members(), __FIX_OWN)
        ] = #krate::custom::support::merged(__FIX_HELD.members(), __FIX_OWN);
        const __FIX_RULES: &[#krate::tables::MemberTable] = &__FIX_MERGED;
        #message
        const _: () = ::core::assert!(#krate::custom::support::groups_are_apart(__FIX_MEMBERS), #apart);
    }
}

/// What the item is held against, and the tags that it takes from there.
fn held(item: &Item, checked: &Checked) -> TokenStream {
    let krate = &item.keys.krate;
    let dialect = match (&checked.part, &item.keys.dialect) {
        (Some(part), _) => quote!(::core::option::Option::Some({ #part })),
        (None, Some(dialect)) => {
            let tables = quote_spanned!(dialect.span()=> <#dialect as #krate::Dialect>::TABLES);
            quote!(::core::option::Option::Some(#tables))
        }
        (None, None) => quote!(::core::option::Option::None),
    };
    let tags = item.fields.iter().enumerate().filter(|(_, field)| field.tag == 0);
    let tags = tags.map(|(at, field)| {
        let (name, ident) = (tag_name(at), plain(&field.ident));
        let group = matches!(field.kind, Kind::Group(_));
        quote!(const #name: u32 = #krate::custom::support::Held::message(__FIX_DIALECT, "").tag(#ident, #group);)
    });
    let held = match (item.role, &item.keys.group) {
        (Role::Message, _) => quote!(message(__FIX_DIALECT, __FIX_MSG_TYPE)),
        (Role::Group, Some(group)) => {
            let tags = item
                .fields
                .iter()
                .enumerate()
                .map(|(at, field)| tag_number(field, at));
            quote!(entry(__FIX_DIALECT, #group, &[#(#tags),*]))
        }
        (Role::Group, None) => quote!(entry(__FIX_DIALECT, "", &[])),
    };
    let msg_type = (item.role == Role::Message).then(|| {
        let msg_type = item.keys.msg_type.as_ref().map(syn::LitStr::value);
        let msg_type = msg_type.unwrap_or_default();
        quote!(const __FIX_MSG_TYPE: &str = #msg_type;)
    });
    quote! {
        const __FIX_DIALECT: ::core::option::Option<&'static #krate::tables::Tables> = #dialect;
        #msg_type
        #(#tags)*
        const __FIX_HELD: #krate::custom::support::Held = #krate::custom::support::Held::#held;
    }
}

/// The statics of a message.
fn message(item: &Item) -> TokenStream {
    let krate = &item.keys.krate;
    quote! {
        static __FIX_LAYOUT: #krate::tables::MessageTable =
            __FIX_HELD.table(__FIX_NAME, __FIX_MSG_TYPE, __FIX_MEMBERS);
        static __FIX_FIELDS_BY_TAG: [
            &#krate::tables::FieldTable;
            #krate::custom::support::count(&__FIX_HELD, __FIX_RULES)
        ] = #krate::custom::support::fields(&__FIX_HELD, __FIX_RULES);
        static __FIX_MESSAGES: [#krate::tables::MessageTable; 1] =
            [__FIX_HELD.table(__FIX_NAME, __FIX_MSG_TYPE, __FIX_RULES)];
        static __FIX_TABLES: #krate::tables::Tables = #krate::tables::Tables {
            name: __FIX_NAME,
            begin_string: __FIX_HELD.begin_string(),
            header: __FIX_HELD.header(),
            trailer: __FIX_HELD.trailer(),
            messages: &__FIX_MESSAGES,
            fields: &__FIX_FIELDS_BY_TAG,
        };
    }
}

/// The group as it is read, and the one by which it is validated.
fn groups(
    krate: &Path,
    entry: &syn::Type,
    tag: &TokenStream,
    count: &Ident,
    [group, rules, own]: [&Ident; 3],
) -> TokenStream {
    let path = entry_path(krate, entry);
    let [name, members, rules_of] =
        ["NAME", "MEMBERS", "RULES"].map(|constant| Ident::new(constant, Span::call_site()));
    let [name, members, rules_of] =
        [name, members, rules_of].map(|constant| quote_spanned!(entry.span()=> #path::#constant));
    quote! {
        static #group: #krate::tables::GroupTable = #krate::tables::GroupTable {
            name: #name,
            count: &#count,
            any_delimiter: #krate::custom::support::any_delimiter(__FIX_HELD.members(), #tag),
            members: #members,
        };
        static #own: [
            #krate::tables::MemberTable;
            #krate::custom::support::merged_count(
                #krate::custom::support::members_of_group(__FIX_HELD.members(), #tag),
                #rules_of,
            )
        ] = #krate::custom::support::merged(
            #krate::custom::support::members_of_group(__FIX_HELD.members(), #tag),
            #rules_of,
        );
        static #rules: #krate::tables::GroupTable = #krate::tables::GroupTable {
            name: #name,
            count: &#count,
            any_delimiter: #krate::custom::support::any_delimiter(__FIX_HELD.members(), #tag),
            members: &#own,
        };
    }
}

fn part(what: &str, at: usize) -> Ident {
    format_ident!("__FIX_{what}_{at}", span = Span::call_site())
}

/// The name of a field in the struct, without the mark of a raw identifier.
pub(super) fn plain(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#")
        .map_or_else(|| name.clone(), ToOwned::to_owned)
}

/// The FIX name of a field that no dialect names.
fn shown(field: &Field) -> String {
    let name = camel(&plain(&field.ident));
    match field.kind {
        Kind::Group(_) => format!("No{}", group_stem(&name)),
        Kind::Value(_) => name,
    }
}

fn field_table(krate: &Path, field: &Field, tag: &TokenStream) -> TokenStream {
    let name = shown(field);
    let of = match &field.kind {
        Kind::Value(of) => of,
        Kind::Group(_) => return quote!(#krate::custom::support::count_field(&__FIX_HELD, #tag, #name)),
    };
    let value = value_path(krate, of);
    let (stated, read, values) = (
        quote_spanned!(of.span()=> #value::FIELD_TYPE),
        quote_spanned!(of.span()=> #value::read),
        quote_spanned!(of.span()=> #value::VALUES),
    );
    let represented = quote_spanned!(of.span()=> #value::REPRESENTATION);
    let length = if let Some(length) = field.length {
        quote!(::core::option::Option::Some(#length))
    } else {
        quote!(::core::option::Option::None)
    };
    quote! {{
        fn accepts(bytes: &[u8]) -> bool {
            #read(bytes).is_some()
        }
        #krate::custom::support::held_field(
            &__FIX_HELD,
            (#tag, #name),
            #stated,
            #krate::custom::support::representation(#represented, accepts),
            #values,
            #length,
        )
    }}
}
