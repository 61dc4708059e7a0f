//! The implementations for a message or a group's entry.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, GenericParam, Path};

use super::dictionary::Checked;
use super::item::{Field, Item, Role};
use super::types::{Kind, with_lifetime};
use crate::names::{camel, group_stem};

pub(super) fn generate(item: &Item, checked: &Checked) -> TokenStream {
    let krate = &item.keys.krate;
    let name = &item.name;
    let (frame, arguments) = lifetimes(item);
    let anonymous = item.lifetime.as_ref().map(|_| quote!(<'_>));
    let members = members(item);
    let slots = slots(item);
    let read = read(item);
    let write = write(item);
    let block = quote! {
        impl<#frame> #krate::Block<#frame, ()> for #name #arguments {
            const SLOTS: usize = #slots;

            fn read(
                slots: &mut #krate::Slots<'_, #frame, ()>,
            ) -> ::core::result::Result<Self, #krate::Refused> {
                #read
            }
        }
    };
    let watched = &checked.watched;
    let assertions = &checked.assertions;
    let shown = checked.name.clone().unwrap_or_else(|| name.to_string());
    let apart = format!(
        "a group of `{name}` has a field that stands beside the group too: behind the group, its last entry would take it"
    );
    let statics = item.lifetime.as_ref().map(|_| quote!(<'static>));
    let of_static = match item.role {
        Role::Message => quote!(<#name #statics as #krate::FixMessage<'static>>),
        Role::Group => quote!(<#name #statics as #krate::FixGroup<'static>>),
    };
    let common = quote! {
        #watched

        const _: () = ::core::assert!(#krate::custom::support::groups_are_apart(#of_static::MEMBERS), #apart);

        #assertions

        #block
    };
    if item.role == Role::Group {
        return quote! {
            #common

            impl<#frame> #krate::FixGroup<#frame> for #name #arguments {
                const NAME: &'static str = #shown;
                const MEMBERS: &'static [#krate::tables::MemberTable] = #members;

                fn write(&self, out: &mut #krate::BodyWriter) {
                    #write
                }
            }
        };
    }
    let msg_type = item
        .keys
        .msg_type
        .as_ref()
        .map(syn::LitStr::value)
        .unwrap_or_default();
    let begin_string = &checked.begin_string;
    let client = &item.keys.client;
    let exchange = &item.keys.exchange;
    quote! {
        #common

        impl #krate::EncodeBody for #name #anonymous {
            fn msg_type(&self) -> &[u8] {
                #msg_type.as_bytes()
            }

            fn encode_body(&self, out: &mut #krate::BodyWriter) {
                #write
            }
        }

        impl<#frame> #krate::FixMessage<#frame> for #name #arguments {
            const NAME: &'static str = #shown;
            const MSG_TYPE: &'static str = #msg_type;
            const MEMBERS: &'static [#krate::tables::MemberTable] = #members;

            fn tables() -> &'static #krate::tables::Tables {
                const MEMBERS: &[#krate::tables::MemberTable] = #of_static::MEMBERS;
                static FIELDS: [&#krate::tables::FieldTable; #krate::custom::support::count(MEMBERS)] =
                    #krate::custom::support::fields(MEMBERS);
                static TABLES: #krate::tables::Tables = #krate::tables::Tables {
                    name: #shown,
                    begin_string: #begin_string,
                    header: #krate::custom::support::HEADER,
                    trailer: #krate::custom::support::TRAILER,
                    messages: &[#krate::tables::MessageTable {
                        name: #shown,
                        msg_type: #msg_type,
                        admin: false,
                        family: "",
                        client: ::core::option::Option::None,
                        exchange: ::core::option::Option::None,
                        members: MEMBERS,
                    }],
                    fields: &FIELDS,
                };
                &TABLES
            }
        }

        #(impl #krate::ClientSends<#client> for #name #anonymous {})*
        #(impl #krate::ExchangeSends<#exchange> for #name #anonymous {})*
    }
}

/// The frame's lifetime, and the arguments that the struct takes.
fn lifetimes(item: &Item) -> (TokenStream, Option<TokenStream>) {
    match &item.lifetime {
        Some(lifetime) => (quote!(#lifetime), Some(quote!(<#lifetime>))),
        None => (quote!('frame), None),
    }
}

/// The slots that the fields take, and the first of each: DATA has one for its length in front.
fn slots(item: &Item) -> usize {
    item.fields.iter().map(width).sum()
}

fn width(field: &Field) -> usize {
    1 + usize::from(field.length.is_some())
}

/// The members as a constant expression.
fn members(item: &Item) -> TokenStream {
    let krate = &item.keys.krate;
    let mut statics = Vec::new();
    let mut members = Vec::new();
    for (at, field) in item.fields.iter().enumerate() {
        let required = !field.optional;
        let name = format_ident!("MEMBER_{at}");
        let table = field_table(krate, field);
        statics.push(quote!(static #name: #krate::tables::FieldTable = #table;));
        if let Some(tag) = field.length {
            let length = format_ident!("LENGTH_{at}");
            let shown = field
                .known
                .as_ref()
                .and_then(|known| known.length_name.clone())
                .unwrap_or_else(|| format!("{}Length", shown(field)));
            statics.push(quote! {
                static #length: #krate::tables::FieldTable = #krate::custom::support::field(
                    #tag,
                    #shown,
                    #krate::FieldType::Length,
                    #krate::Representation::Unsigned,
                    &[],
                );
            });
            members.push(quote! {
                #krate::custom::support::member(#krate::tables::MemberKind::Field(&#length), #required)
            });
        }
        let kind = match &field.kind {
            Kind::Value(_) => quote!(#krate::tables::MemberKind::Field(&#name)),
            Kind::Group(entry) => {
                let group = format_ident!("GROUP_{at}");
                let span = entry.span();
                let entry = with_lifetime(entry, "static");
                let of = quote_spanned!(span=> <#entry as #krate::FixGroup<'static>>);
                statics.push(quote! {
                    static #group: #krate::tables::GroupTable = #krate::tables::GroupTable {
                        name: #of::NAME,
                        count: &#name,
                        any_delimiter: false,
                        members: #of::MEMBERS,
                    };
                });
                quote!(#krate::tables::MemberKind::Group(&#group))
            }
        };
        members.push(quote!(#krate::custom::support::member(#kind, #required)));
    }
    quote!({
        #(#statics)*
        const MEMBERS: &[#krate::tables::MemberTable] = &[#(#members),*];
        MEMBERS
    })
}

/// The FIX name of a field.
fn shown(field: &Field) -> String {
    if let Some(known) = &field.known {
        known.name.clone()
    } else {
        let name = field.ident.to_string();
        let name = camel(name.strip_prefix("r#").unwrap_or(&name));
        match field.kind {
            Kind::Group(_) => format!("No{}", group_stem(&name)),
            Kind::Value(_) => name,
        }
    }
}

fn field_table(krate: &Path, field: &Field) -> TokenStream {
    let (tag, name) = (field.tag, shown(field));
    let of = match &field.kind {
        Kind::Value(of) => of,
        Kind::Group(_) => {
            return quote! {
                #krate::custom::support::field(
                    #tag,
                    #name,
                    #krate::FieldType::NumInGroup,
                    #krate::Representation::Unsigned,
                    &[],
                )
            };
        }
    };
    let span = of.span();
    let (stated, anonymous) = (with_lifetime(of, "static"), with_lifetime(of, "value"));
    let value = quote_spanned!(span=> <#stated as #krate::FieldValue<'static>>);
    let reader = quote_spanned!(span=> <#anonymous as #krate::FieldValue<'value>>);
    let (field_type, representation) = if field.length.is_some() {
        (
            quote!(#krate::FieldType::Data),
            quote!(#krate::Representation::Data),
        )
    } else {
        let field_type = if let Some(known) = field.known.as_ref().map(|known| known.field_type) {
            let known = format_ident!("{}", format!("{known:?}"));
            quote!(#krate::FieldType::#known)
        } else {
            quote!(match #value::FIELD_TYPE {
                ::core::option::Option::Some(stated) => stated,
                ::core::option::Option::None => #krate::FieldType::String,
            })
        };
        let representation = quote!({
            fn accepts<'value>(bytes: &'value [u8]) -> bool {
                #reader::read(bytes).is_some()
            }
            #krate::custom::support::representation(#value::REPRESENTATION, accepts)
        });
        (field_type, representation)
    };
    let rules = field
        .known
        .as_ref()
        .map(|known| known.rules(krate, field.length.is_none()));
    let length = if let Some(length) = field.length {
        quote!(::core::option::Option::Some(#length))
    } else {
        quote!(::core::option::Option::None)
    };
    quote! {
        #krate::tables::FieldTable {
            length_tag: #length,
            #rules
            ..#krate::custom::support::field(#tag, #name, #field_type, #representation, #value::VALUES)
        }
    }
}

fn read(item: &Item) -> TokenStream {
    let name = &item.name;
    let mut slot = 0;
    let mut fields = Vec::new();
    for field in &item.fields {
        slot += width(field);
        let at = slot - 1;
        let ident = &field.ident;
        let value = match (&field.kind, field.optional) {
            (Kind::Value(_), false) => quote!(slots.required(found[#at])?),
            (Kind::Value(_), true) => quote!(slots.optional(found[#at])),
            (Kind::Group(_), false) => quote!(slots.required_entries(found[#at])?),
            (Kind::Group(_), true) => quote!(slots.optional_entries(found[#at])),
        };
        fields.push(quote!(#ident: #value,));
    }
    if let Some(unknown) = &item.unknown {
        fields.push(quote!(#unknown: slots.unknown(),));
    }
    let found = (slot > 0).then(|| quote!(let found = slots.found::<#slot>()?;));
    quote! {
        #found
        ::core::result::Result::Ok(#name { #(#fields)* })
    }
}

fn write(item: &Item) -> TokenStream {
    let krate = &item.keys.krate;
    // Behind a group they would be read as fields of its last entry.
    let mut unknown = item
        .unknown
        .as_ref()
        .map(|unknown| quote!(self.#unknown.write(out);));
    let mut statements = Vec::new();
    for field in &item.fields {
        let (ident, tag) = (&field.ident, field.tag);
        let tag = quote!(const { #krate::Tag::new(#tag) });
        let write = match (&field.kind, field.length) {
            (Kind::Value(_), None) => quote!(#krate::FieldValue::write(value, #tag, out);),
            (Kind::Value(of), Some(length)) => {
                let bytes = quote_spanned!(of.span()=> ::core::convert::AsRef::<[u8]>::as_ref(value));
                quote! {
                    let bytes: &[u8] = #bytes;
                    out.unsigned_value(const { #krate::Tag::new(#length) }, bytes.len() as u64);
                    out.data_value(#tag, bytes);
                }
            }
            (Kind::Group(_), _) => {
                statements.extend(unknown.take());
                quote! {
                    out.unsigned_value(#tag, value.len() as u64);
                    for entry in value {
                        #krate::FixGroup::write(entry, out);
                    }
                }
            }
        };
        statements.push(if field.optional {
            quote!(if let ::core::option::Option::Some(value) = &self.#ident { #write })
        } else {
            quote!({ let value = &self.#ident; #write })
        });
    }
    statements.extend(unknown);
    if statements.is_empty() {
        return quote!(let _ = out;);
    }
    quote!(#(#statements)*)
}

/// Keeps rustc from burying the real errors under those of missing implementations.
pub(super) fn fallback(role: Role, krate: &Path, input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let lifetimes = input
        .generics
        .params
        .iter()
        .filter(|parameter| matches!(parameter, GenericParam::Lifetime(_)))
        .count();
    if lifetimes != input.generics.params.len() || lifetimes > 1 {
        return TokenStream::new();
    }
    let arguments = (lifetimes == 1).then(|| quote!(<'frame>));
    let anonymous = (lifetimes == 1).then(|| quote!(<'_>));
    let block = quote! {
        impl<'frame> #krate::Block<'frame, ()> for #name #arguments {
            const SLOTS: usize = 0;

            fn read(
                _: &mut #krate::Slots<'_, 'frame, ()>,
            ) -> ::core::result::Result<Self, #krate::Refused> {
                ::core::unreachable!()
            }
        }
    };
    match role {
        Role::Group => quote! {
            #block

            impl<'frame> #krate::FixGroup<'frame> for #name #arguments {
                const NAME: &'static str = "";
                const MEMBERS: &'static [#krate::tables::MemberTable] = &[];

                fn write(&self, _: &mut #krate::BodyWriter) {}
            }
        },
        Role::Message => quote! {
            #block

            impl #krate::EncodeBody for #name #anonymous {
                fn msg_type(&self) -> &[u8] {
                    &[]
                }

                fn encode_body(&self, _: &mut #krate::BodyWriter) {}
            }

            impl<'frame> #krate::FixMessage<'frame> for #name #arguments {
                const NAME: &'static str = "";
                const MSG_TYPE: &'static str = "";
                const MEMBERS: &'static [#krate::tables::MemberTable] = &[];

                fn tables() -> &'static #krate::tables::Tables {
                    ::core::unreachable!()
                }
            }
        },
    }
}
