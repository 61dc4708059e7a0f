//! `#[derive(Dialect)]`: an XML dictionary becomes types and tables.

mod blocks;
mod enums;
mod ir;
mod messages;
pub(crate) mod part;
mod select;
mod tables;
#[cfg(test)]
mod tests;
mod types;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

use crate::attribute::DialectAttribute;
use crate::errors::Errors;
use crate::runtime::Runtime;
use crate::source::Source;
use ir::Ir;

pub(crate) fn derive(runtime: Runtime, input: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let parsed = errors.keep(syn::parse2::<DeriveInput>(input));
    let expanded = parsed
        .as_ref()
        .and_then(|input| expand(runtime, input, &mut errors));
    match errors.finish() {
        Ok(()) => expanded.unwrap_or_default(),
        Err(errors) => {
            let fallback = parsed.as_ref().map(|input| fallback(runtime, input));
            quote!(#errors #fallback)
        }
    }
}

fn expand(runtime: Runtime, input: &DeriveInput, errors: &mut Errors) -> Option<TokenStream> {
    let unit = matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit));
    if !unit || !input.generics.params.is_empty() {
        errors.at(
            input.ident.span(),
            "a dialect is derived for a unit struct without parameters: `struct Name;`",
        );
    }
    let attribute = DialectAttribute::read(runtime, input, errors)?;
    let span = attribute.dictionary.span();
    let written = attribute.dictionary.value();
    let Source { dictionary, watched } = select::load(&attribute, errors)?;
    let ir = match Ir::new(&dictionary, &written) {
        Ok(ir) => ir,
        Err(faults) => {
            for fault in faults {
                errors.at(span, fault);
            }
            return None;
        }
    };
    let generated = generate(input, &attribute, &ir);
    Some(quote!(#watched #generated))
}

fn generate(input: &DeriveInput, attribute: &DialectAttribute, ir: &Ir<'_>) -> TokenStream {
    let krate = &attribute.krate;
    let marker = &input.ident;
    let messages = messages::generate(krate, marker, ir);
    let enums = enums::generate(krate, ir);
    let blocks = blocks::generate(krate, ir);
    let tables = tables::generate(krate, ir);
    quote! {
        #messages

        /// The enumerated fields of the dialect.
        pub mod fields {
            #enums
        }

        /// The repeating groups and components of the dialect: one struct a definition.
        pub mod groups {
            #blocks
        }

        #[doc(hidden)]
        mod __tables {
            #tables
        }
    }
}

/// Keeps rustc from burying the one real error under those of the marker's missing implementations.
fn fallback(runtime: Runtime, input: &DeriveInput) -> TokenStream {
    let marker = &input.ident;
    let mut ignored = Errors::new();
    let krate = DialectAttribute::read(runtime, input, &mut ignored)
        .map_or_else(|| runtime.path(), |attribute| attribute.krate);
    let _ = ignored.finish();
    quote! {
        impl #krate::Dialect for #marker {
            type Message<'a> = #krate::NoMessage;
            type Storage = ();

            const TABLES: &'static #krate::tables::Tables = #krate::tables::Tables::NONE;

            fn build<'a>(
                _: usize,
                _: &mut #krate::Slots<'_, 'a, ()>,
                _: &mut ::core::option::Option<#krate::NoMessage>,
            ) -> ::core::result::Result<(), #krate::Refused> {
                ::core::unreachable!()
            }

            fn recycle(_: &mut #krate::NoMessage, _: &mut ()) {}
        }
    }
}
