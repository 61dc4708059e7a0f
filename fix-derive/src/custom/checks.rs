//! What only the compiler can compare: the types behind the fields, and everything of a dialect that is given by its type.
//! Each field has an assertion of its own, so that all faults are told in one build.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::dictionary::{Checked, shown};
use super::generate::{entry_path, tag_number, value_path};
use super::item::{Field, Item, Role};
use super::tables::plain;
use super::types::Kind;

pub(super) fn checks(item: &Item, checked: &Checked) -> Option<TokenStream> {
    if checked.part.is_none() && item.keys.dialect.is_none() {
        return None;
    }
    let krate = &item.keys.krate;
    let declared = item.fields.iter().enumerate().map(|(at, field)| {
        let ident = plain(&field.ident);
        let tag = tag_number(field, at);
        let stated = field.tag != 0;
        let optional = field.optional;
        let group = matches!(field.kind, Kind::Group(_));
        let length = option(field.length);
        quote! {
            #krate::custom::support::Declared {
                ident: #ident, tag: #tag, stated: #stated, optional: #optional, group: #group, length: #length,
            }
        }
    });
    let each = item.fields.iter().enumerate().map(|(at, field)| {
        let place = checked.place(at);
        let contents = contents(item, field);
        // Where the name or the tag stands would do for half of the faults, and the type is beside it.
        quote_spanned! {field.of.span()=>
            const _: () = __FIX_HELD.check(#place, __FIX_DECLARED, #at, #contents).stop();
        }
    });
    let name = item.name.to_string();
    let place = &checked.held;
    let missing = item.keys.dialect.as_ref().map(|_| {
        quote_spanned! {item.name.span()=>
            const _: () = __FIX_HELD.missing(#place, #name, __FIX_DECLARED).stop();
        }
    });
    let group = item
        .keys
        .group
        .as_ref()
        .filter(|_| item.role == Role::Group)
        .map(|count| {
            quote_spanned! {count.span()=>
                const _: () = __FIX_HELD.check_group(#place, #count, __FIX_MEMBERS, #name).stop();
            }
        });
    let sessions = sessions(item, checked);
    Some(quote! {
        const __FIX_DECLARED: &[#krate::custom::support::Declared] = &[#(#declared),*];
        #(#each)*
        #missing
        #group
        #(#sessions)*
    })
}

/// Each session on which a side is said to send the message, against those that the dialect has for it.
fn sessions(item: &Item, checked: &Checked) -> Vec<TokenStream> {
    let krate = &item.keys.krate;
    let place = &checked.held;
    let client = item.keys.client.iter().map(|path| (path, quote!(Client)));
    let exchange = item.keys.exchange.iter().map(|path| (path, quote!(Exchange)));
    let check = |(path, sender): (&syn::Path, TokenStream)| {
        let written = shown(path);
        // A dictionary's path does not tell which type is its dialect.
        let same = if let Some(dialect) = &item.keys.dialect {
            quote!(#krate::custom::support::OfDialect::<#path, #dialect>::SAME)
        } else {
            quote!(true)
        };
        quote_spanned! {path.span()=>
            const _: () = {
                use #krate::custom::support::Otherwise as __FixOtherwise;
                // Whether the import is needed depends on the type: here it is.
                let _ = <() as __FixOtherwise>::SAME;
                __FIX_HELD
                    .check_session(
                        #place,
                        #written,
                        #krate::Sender::#sender,
                        #krate::custom::support::OfSession::<#path>::NAME,
                        #same,
                    )
                    .stop();
            };
        }
    };
    client.chain(exchange).map(check).collect()
}

fn contents(item: &Item, field: &Field) -> TokenStream {
    let krate = &item.keys.krate;
    match &field.kind {
        Kind::Value(_) if field.length.is_some() => quote!(#krate::custom::support::Contents::Data),
        Kind::Value(of) => {
            let value = value_path(krate, of);
            let stated = quote_spanned!(of.span()=> #value::FIELD_TYPE);
            let values = quote_spanned!(of.span()=> #value::VALUES);
            quote!(#krate::custom::support::Contents::Value(#stated, #values))
        }
        Kind::Group(entry) => {
            let path = entry_path(krate, entry);
            let members = quote_spanned!(entry.span()=> #path::MEMBERS);
            quote!(#krate::custom::support::Contents::Entries(#members))
        }
    }
}

fn option(length: Option<u32>) -> TokenStream {
    if let Some(length) = length {
        quote!(::core::option::Option::Some(#length))
    } else {
        quote!(::core::option::Option::None)
    }
}
