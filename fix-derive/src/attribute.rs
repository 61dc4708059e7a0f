//! `#[fix(…)]` as written.

use syn::{DeriveInput, LitStr, Path};

use crate::errors::Errors;

/// The keys of `#[fix(…)]` on a dialect's marker.
pub(crate) struct DialectAttribute {
    pub(crate) dictionary: LitStr,
    pub(crate) overlay: Option<LitStr>,
    pub(crate) transport: Option<LitStr>,
    /// The messages that are wanted, as one list; all without it.
    pub(crate) messages: Option<LitStr>,
    pub(crate) krate: Path,
}

const KEYS: [&str; 5] = ["crate", "dictionary", "messages", "overlay", "transport"];

impl DialectAttribute {
    /// Reads the attributes of `input`; every fault goes to `errors`.
    pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> Option<DialectAttribute> {
        let mut dictionary: Option<LitStr> = None;
        let mut overlay: Option<LitStr> = None;
        let mut transport: Option<LitStr> = None;
        let mut messages: Option<LitStr> = None;
        let mut krate: Option<Path> = None;
        let mut misspelt = false;
        for attribute in input
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("fix"))
        {
            let parsed = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("dictionary") {
                    let value: LitStr = meta.value()?.parse()?;
                    once(&mut dictionary, value, &meta, "dictionary", errors);
                } else if meta.path.is_ident("overlay") {
                    let value: LitStr = meta.value()?.parse()?;
                    once(&mut overlay, value, &meta, "overlay", errors);
                } else if meta.path.is_ident("transport") {
                    let value: LitStr = meta.value()?.parse()?;
                    once(&mut transport, value, &meta, "transport", errors);
                } else if meta.path.is_ident("messages") {
                    let value: LitStr = meta.value()?.parse()?;
                    once(&mut messages, value, &meta, "messages", errors);
                } else if meta.path.is_ident("crate") {
                    let value: LitStr = meta.value()?.parse()?;
                    once(&mut krate, value.parse()?, &meta, "crate", errors);
                } else {
                    misspelt = true;
                    let name = meta
                        .path
                        .get_ident()
                        .map_or_else(|| "…".to_owned(), ToString::to_string);
                    let hint = if let Some(near) = fix_dialect::dictionary::nearest(&name, KEYS) {
                        format!("did you mean `{near}`?")
                    } else {
                        format!(
                            "expected one of {}",
                            KEYS.map(|key| format!("`{key}`")).join(", ")
                        )
                    };
                    let message = format!("no key `{name}` in `#[fix(…)]` of a dialect; {hint}");
                    errors.push(meta.error(message));
                    if meta.input.peek(syn::Token![=]) {
                        meta.value()?.parse::<syn::Lit>()?;
                    }
                }
                Ok(())
            });
            errors.keep(parsed);
        }
        // A key that is written wrongly may be the one that is missing.
        if dictionary.is_none() && !misspelt {
            let message = "a dialect needs `#[fix(dictionary = \"path/to/dictionary.xml\")]`";
            errors.at(input.ident.span(), message);
        }
        let krate = krate.unwrap_or_else(|| syn::parse_quote!(::fix_dialect));
        Some(DialectAttribute {
            dictionary: dictionary?,
            overlay,
            transport,
            messages,
            krate,
        })
    }
}

fn once<T>(
    slot: &mut Option<T>,
    value: T,
    meta: &syn::meta::ParseNestedMeta<'_>,
    key: &str,
    errors: &mut Errors,
) {
    if slot.is_some() {
        errors.push(meta.error(format!("`{key}` is given twice")));
    } else {
        *slot = Some(value);
    }
}
