//! The implementations for a message or a group's entry.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, GenericParam, Path};

use super::checks::checks;
use super::dictionary::Checked;
use super::item::{Field, Item, Role};
use super::tables::tables;
use super::types::{Kind, borrows, with_lifetime};

/// Everything stands in a block of its own, so that its constants have names that nobody sees.
pub(super) fn generate(item: &Item, checked: &Checked) -> TokenStream {
    let krate = &item.keys.krate;
    let name = &item.name;
    let (frame, arguments) = lifetimes(item);
    let anonymous = item.lifetime.as_ref().map(|_| quote!(<'_>));
    let tables = tables(item, checked);
    let checks = checks(item, checked);
    let slots = slots(item);
    let read = read(item);
    let write = write(item);
    let owned = owned(item);
    let watched = &checked.watched;
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
    let of_role = match item.role {
        Role::Group => quote! {
            impl<#frame> #krate::FixGroup<#frame> for #name #arguments {
                const NAME: &'static str = __FIX_NAME;
                const MEMBERS: &'static [#krate::tables::MemberTable] = __FIX_MEMBERS;
                const RULES: &'static [#krate::tables::MemberTable] = __FIX_RULES;

                fn write(&self, out: &mut #krate::BodyWriter) {
                    #write
                }
            }
        },
        Role::Message => {
            let client = &item.keys.client;
            let exchange = &item.keys.exchange;
            quote! {
                impl #krate::EncodeBody for #name #anonymous {
                    fn msg_type(&self) -> &[u8] {
                        __FIX_MSG_TYPE.as_bytes()
                    }

                    fn encode_body(&self, out: &mut #krate::BodyWriter) {
                        #write
                    }

                    fn own_tables(&self) -> ::core::option::Option<&'static #krate::tables::Tables> {
                        ::core::option::Option::Some(&__FIX_TABLES)
                    }
                }

                impl<#frame> #krate::FixMessage<#frame> for #name #arguments {
                    const NAME: &'static str = __FIX_NAME;
                    const MSG_TYPE: &'static str = __FIX_MSG_TYPE;
                    const MEMBERS: &'static [#krate::tables::MemberTable] = __FIX_MEMBERS;
                    const RULES: &'static [#krate::tables::MemberTable] = __FIX_RULES;

                    fn layout() -> &'static #krate::tables::MessageTable {
                        &__FIX_LAYOUT
                    }

                    fn tables() -> &'static #krate::tables::Tables {
                        &__FIX_TABLES
                    }
                }

                #(impl #krate::ClientSends<#client> for #name #anonymous {})*
                #(impl #krate::ExchangeSends<#exchange> for #name #anonymous {})*
            }
        }
    };
    quote! {
        const _: () = {
            #watched
            #tables
            #checks
            #block
            #of_role
            #owned
        };
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

/// The trait's path for a type, where the type stands: all that the compiler says of a type that is no value, it says
/// in the same words at the same place, and so shows it once.
pub(super) fn value_path(krate: &Path, of: &syn::Type) -> TokenStream {
    let span = of.span();
    let of = with_lifetime(of, "_");
    quote_spanned!(span=> <#of as #krate::FieldValue<'_>>)
}

/// As [`value_path`], for an entry.
pub(super) fn entry_path(krate: &Path, of: &syn::Type) -> TokenStream {
    let span = of.span();
    let of = with_lifetime(of, "_");
    quote_spanned!(span=> <#of as #krate::FixGroup<'_>>)
}

/// As [`value_path`], for what keeps the unknown fields.
fn unknown_path(krate: &Path, of: &syn::Type) -> TokenStream {
    let span = of.span();
    let of = with_lifetime(of, "_");
    quote_spanned!(span=> <#of as #krate::custom::support::KeepsUnknown<'_>>)
}

/// The name of a variable of ours, at the place of a type: it is what the compiler points at when the type will not do.
fn variable(name: &str, of: &syn::Type) -> Ident {
    Ident::new(name, Span::call_site().located_at(of.span()))
}

/// The tag of a field: stated, or found by its name.
pub(super) fn tag_number(field: &Field, at: usize) -> TokenStream {
    if field.tag == 0 {
        let name = tag_name(at);
        quote!(#name)
    } else {
        let tag = field.tag;
        quote!(#tag)
    }
}

pub(super) fn tag_name(at: usize) -> Ident {
    format_ident!("__FIX_TAG_{at}", span = Span::call_site())
}

fn read(item: &Item) -> TokenStream {
    let krate = &item.keys.krate;
    let name = &item.name;
    let mut slot = 0;
    let mut fields = Vec::new();
    for field in &item.fields {
        slot += width(field);
        let at = slot - 1;
        let ident = &field.ident;
        let value = match &field.kind {
            Kind::Value(of) => {
                let path = value_path(krate, of);
                let read = quote_spanned!(of.span()=> #path::read_at);
                // Not the function itself: what it demands of the type would be demanded again by whom it is given to.
                let read = quote!(|frame, start, end| #read(frame, start, end));
                if field.optional {
                    quote!(slots.optional_value(found[#at], #read))
                } else {
                    quote!(slots.required_value(found[#at], #read)?)
                }
            }
            Kind::Group(of) => {
                let path = entry_path(krate, of);
                if field.optional {
                    let read = quote_spanned!(of.span()=> #path::optional_entries);
                    quote!(#read(slots, found[#at]))
                } else {
                    let read = quote_spanned!(of.span()=> #path::required_entries);
                    quote!(#read(slots, found[#at])?)
                }
            }
        };
        fields.push(quote!(#ident: #value,));
    }
    if let Some((unknown, of)) = &item.unknown {
        let path = unknown_path(krate, of);
        let keep = quote_spanned!(of.span()=> #path::keep);
        fields.push(quote!(#unknown: #keep(slots.unknown()),));
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
    let mut unknown = item.unknown.as_ref().map(|(unknown, of)| {
        let path = unknown_path(krate, of);
        let write = quote_spanned!(of.span()=> #path::write);
        quote!(#write(&self.#unknown, out);)
    });
    let mut statements = Vec::new();
    for (at, field) in item.fields.iter().enumerate() {
        let ident = &field.ident;
        let tag = tag_number(field, at);
        let tag = quote!(const { #krate::custom::support::tag(#tag) });
        let write = match (&field.kind, field.length) {
            (Kind::Value(of), None) => {
                let path = value_path(krate, of);
                let write = quote_spanned!(of.span()=> #path::write);
                let value = variable("value", of);
                quote!(#write(#value, #tag, out);)
            }
            (Kind::Value(of), Some(length)) => {
                let bytes = quote_spanned!(of.span()=> ::core::convert::AsRef::<[u8]>::as_ref(value));
                quote! {
                    let bytes: &[u8] = #bytes;
                    out.unsigned_value(const { #krate::Tag::new(#length) }, bytes.len() as u64);
                    out.data_value(#tag, bytes);
                }
            }
            (Kind::Group(of), _) => {
                statements.extend(unknown.take());
                let path = entry_path(krate, of);
                let write = quote_spanned!(of.span()=> #path::write);
                let entry = variable("entry", of);
                quote! {
                    out.unsigned_value(#tag, value.len() as u64);
                    for entry in value {
                        #write(#entry, out);
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

/// What makes the struct borrow from nothing, where all of its fields can: a reference cannot, and neither can what has one
/// in it. The bounds are over any lifetime, so that one which does not hold is no error, but takes the implementation away.
fn owned(item: &Item) -> TokenStream {
    let krate = &item.keys.krate;
    let name = &item.name;
    let (arguments, statics) = match &item.lifetime {
        Some(_) => (Some(quote!(<'_>)), Some(quote!(<'static>))),
        None => (None, None),
    };
    let mut bounds = Vec::new();
    let mut fields = Vec::new();
    for field in &item.fields {
        let ident = &field.ident;
        if borrows(&field.of) {
            let (any, kept) = (
                with_lifetime(&field.of, "any"),
                with_lifetime(&field.of, "static"),
            );
            bounds.push(quote!(for<'any> #any: #krate::IntoOwned<Owned = #kept>));
            fields.push(quote!(#ident: #krate::IntoOwned::into_owned(self.#ident),));
        } else {
            fields.push(quote!(#ident: self.#ident,));
        }
    }
    if let Some((unknown, of)) = &item.unknown {
        let path = unknown_path(krate, of);
        // The call too stands at the type: what it returns is asked of the type once more.
        let place = Span::call_site().located_at(of.span());
        let owned = quote_spanned!(place=> #path::into_owned(self.#unknown));
        fields.push(quote!(#unknown: #owned,));
    }
    quote! {
        impl #krate::IntoOwned for #name #arguments
        where
            #(#bounds,)*
        {
            type Owned = #name #statics;

            fn into_owned(self) -> #name #statics {
                #name { #(#fields)* }
            }
        }
    }
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
    let statics = (lifetimes == 1).then(|| quote!(<'static>));
    let common = quote! {
        impl<'frame> #krate::Block<'frame, ()> for #name #arguments {
            const SLOTS: usize = 0;

            fn read(
                _: &mut #krate::Slots<'_, 'frame, ()>,
            ) -> ::core::result::Result<Self, #krate::Refused> {
                ::core::unreachable!()
            }
        }

        impl #krate::IntoOwned for #name #anonymous {
            type Owned = #name #statics;

            fn into_owned(self) -> #name #statics {
                ::core::unreachable!()
            }
        }
    };
    match role {
        Role::Group => quote! {
            #common

            impl<'frame> #krate::FixGroup<'frame> for #name #arguments {
                const NAME: &'static str = "";
                const MEMBERS: &'static [#krate::tables::MemberTable] = &[];
                const RULES: &'static [#krate::tables::MemberTable] = &[];

                fn write(&self, _: &mut #krate::BodyWriter) {}
            }
        },
        Role::Message => quote! {
            #common

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
                const RULES: &'static [#krate::tables::MemberTable] = &[];

                fn layout() -> &'static #krate::tables::MessageTable {
                    ::core::unreachable!()
                }

                fn tables() -> &'static #krate::tables::Tables {
                    ::core::unreachable!()
                }
            }
        },
    }
}
