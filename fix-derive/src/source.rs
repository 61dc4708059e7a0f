//! The dictionary behind an attribute.

use fix_dialect::dictionary::{Dictionary, LoadError};
use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::errors::Errors;
use crate::locate::locate;

/// A dictionary, and what makes cargo build again when its file changes.
pub(crate) struct Source {
    pub(crate) dictionary: Dictionary,
    pub(crate) watched: TokenStream,
}

/// Reads the dictionary at the path that the attribute states, and lays the overlay over it. Faults name a file as the
/// attribute does, not where it happens to be on this machine.
pub(crate) fn load(literal: &LitStr, overlay: Option<&LitStr>, errors: &mut Errors) -> Option<Source> {
    let base = read(literal, errors);
    let laid_over = overlay.map(|overlay| (overlay, read(overlay, errors)));
    let (bytes, mut watched) = base?;
    let path = literal.value();
    let parsed = match laid_over {
        None => Dictionary::parse_bytes(&bytes, &path),
        Some((overlay, read)) => {
            let (mine, mine_watched) = read?;
            watched.extend(mine_watched);
            Dictionary::parse_with_overlay((&bytes, &path), (&mine, &overlay.value()))
        }
    };
    match parsed {
        Ok(dictionary) => Some(Source { dictionary, watched }),
        Err(faults) => {
            errors.at(literal.span(), LoadError::from(faults));
            None
        }
    }
}

fn read(literal: &LitStr, errors: &mut Errors) -> Option<(Vec<u8>, TokenStream)> {
    let written = literal.value();
    let path = match locate(&written, literal.span()) {
        Ok(path) => path,
        Err(tried) => {
            let tried: Vec<String> = tried
                .iter()
                .map(|place| {
                    let hint = if place.is_dir() {
                        ", which is a directory: name the file in it"
                    } else {
                        ""
                    };
                    format!("\n  {}{hint}", place.display())
                })
                .collect();
            errors.at(
                literal.span(),
                format!("no dictionary at \"{written}\"; tried{}", tried.concat()),
            );
            return None;
        }
    };
    match std::fs::read(&path) {
        Ok(bytes) => {
            let watched = path.to_str().map(|path| {
                quote!(
                    const _: &str = ::core::include_str!(#path);
                )
            });
            Some((bytes, watched.unwrap_or_default()))
        }
        Err(source) => {
            errors.at(literal.span(), LoadError::Unreadable { path, source });
            None
        }
    }
}
