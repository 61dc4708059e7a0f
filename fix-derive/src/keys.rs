//! Keys of `#[fix(…)]`: reading them one by one, with a good word for those that there are not.

use proc_macro2::{Span, TokenTree};
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, Lit, LitInt, LitStr, Path, Token};

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
                if meta.input.peek(Token![=]) {
                    unquoted(meta.value()?)?;
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

/// What stands up to the next key, and where it begins: for what is no value, so that the next keys are read in spite of it.
pub(crate) fn unquoted(value: ParseStream<'_>) -> syn::Result<(Span, String)> {
    let span = value.span();
    let mut written = String::new();
    while !value.is_empty() && !value.peek(Token![,]) {
        written.push_str(&value.parse::<TokenTree>()?.to_string());
    }
    Ok((span, written))
}

/// The literal behind a key, where a text is expected.
pub(crate) fn text(meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<Option<LitStr>> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        return value.parse().map(Some);
    }
    let (span, written) = unquoted(value)?;
    let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
    errors.at(
        span,
        format!(
            "expected a text in quotes: `{key} = \"{}\"`",
            written.trim_matches('\'')
        ),
    );
    Ok(None)
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
    let value = meta.value()?;
    let span = value.span();
    let number = if value.peek(LitInt) {
        let literal = value.parse::<LitInt>()?;
        literal
            .suffix()
            .is_empty()
            .then(|| literal.base10_parse::<u32>().ok())
            .flatten()
    } else {
        unquoted(value)?;
        None
    };
    if let Some(tag) = number.filter(|&tag| fix_dialect::Tag::checked(tag).is_some()) {
        Ok(Some((tag, span)))
    } else {
        errors.at(span, "expected a tag: a number from 1 to 9999999");
        Ok(None)
    }
}
