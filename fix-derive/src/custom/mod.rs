//! `#[derive(FixMessage)]` and `#[derive(FixGroup)]`: a user's structs become messages and entries of their groups.

mod checks;
mod dictionary;
pub(crate) mod enums;
mod generate;
mod item;
mod tables;
#[cfg(test)]
mod tests;
mod types;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::runtime::Runtime;
use item::{Item, Keys, Role};

pub(crate) fn derive_message(runtime: Runtime, input: TokenStream) -> TokenStream {
    derive(Role::Message, runtime, input)
}

pub(crate) fn derive_group(runtime: Runtime, input: TokenStream) -> TokenStream {
    derive(Role::Group, runtime, input)
}

fn derive(role: Role, runtime: Runtime, input: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let parsed = errors.keep(syn::parse2::<DeriveInput>(input));
    let expanded = parsed
        .as_ref()
        .map(|input| expand(role, runtime, input, &mut errors));
    match errors.finish() {
        Ok(()) => expanded.unwrap_or_default(),
        Err(errors) => {
            let fallback = parsed.map(|input| {
                let mut ignored = Errors::new();
                let krate = Keys::read(role, runtime, &input, &mut ignored).krate;
                let _ = ignored.into_error();
                generate::fallback(role, &krate, &input)
            });
            quote!(#errors #fallback)
        }
    }
}

fn expand(role: Role, runtime: Runtime, input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    let mut item = Item::read(role, runtime, input, errors);
    let checked = dictionary::apply(&mut item, errors);
    item.check(errors);
    generate::generate(&item, &checked)
}
