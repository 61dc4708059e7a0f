//! Keys of `#[fix(…)]`: reading them one by one, with a good word for those that there are not.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Lit, LitStr, Path};

use crate::errors::Errors;

/// Reads every `#[fix(…)]` among `attributes`; `read` tells whether it knows the key. The answer is whether there was one
/// that it does not know: what else seems to be missing may be what was meant.
pub(crate) fn read(
    attributes: &[Attribute],
    place: &str,
    keys: &[&str],
    errors: &mut Errors,
    mut read: impl FnMut(&str, &ParseNestedMeta<'_>, &mut Errors) -> syn::Result<bool>,
) -> bool {
    let mut misspelt = false;
    let mut seen: Vec<String> = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("fix"))
    {
        let parsed = attribute.parse_nested_meta(|meta| {
            let key = meta
                .path
                .get_ident()
                .map_or_else(|| "…".to_owned(), ToString::to_string);
            if keys.contains(&key.as_str()) {
                if seen.contains(&key) && !REPEATABLE.contains(&key.as_str()) {
                    errors.push(meta.error(format!("`{key}` is given twice")));
                }
                seen.push(key.clone());
            }
            if !read(&key, &meta, errors)? {
                misspelt = true;
                let message = format!("no key `{key}` in `#[fix(…)]` of {place}");
                let hint = match fix_dialect::dictionary::nearest(&key, keys.iter().copied()) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => format!("; expected one of {}", list(keys)),
                };
                errors.push(meta.error(message + &hint));
                if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<Lit>()?;
                }
            }
            Ok(())
        });
        errors.keep(parsed);
    }
    misspelt
}

/// Sides send on several sessions.
const REPEATABLE: [&str; 2] = ["client", "exchange"];

/// `a`, `b`, `c`
fn list(keys: &[&str]) -> String {
    keys.iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The literal behind a key, where a text is expected.
pub(crate) fn text(meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<Option<LitStr>> {
    match meta.value()?.parse::<Lit>()? {
        Lit::Str(text) => Ok(Some(text)),
        other => {
            errors.at(other.span(), "expected a text in quotes");
            Ok(None)
        }
    }
}

/// The path in a text behind a key, or the path itself.
pub(crate) fn path(meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<Option<Path>> {
    let value = meta.value()?;
    if value.peek(Lit) {
        return match value.parse::<Lit>()? {
            Lit::Str(text) => {
                if let Ok(path) = text.parse() {
                    Ok(Some(path))
                } else {
                    errors.at(text.span(), format!("\"{}\" is no path", text.value()));
                    Ok(None)
                }
            }
            other => {
                errors.at(
                    other.span(),
                    "expected a path, such as \"prediction::sessions::NR\"",
                );
                Ok(None)
            }
        };
    }
    value.parse().map(Some)
}

/// A tag behind a key, and where it stands.
pub(crate) fn tag(meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<Option<(u32, Span)>> {
    let literal = meta.value()?.parse::<Lit>()?;
    let number = match &literal {
        Lit::Int(number) if number.suffix().is_empty() => number.base10_parse::<u32>().ok(),
        _ => None,
    };
    if let Some(tag) = number.filter(|&tag| fix_dialect::Tag::checked(tag).is_some()) {
        Ok(Some((tag, literal.span())))
    } else {
        errors.at(literal.span(), "expected a tag: a number from 1 to 9999999");
        Ok(None)
    }
}
