//! What a derive can tell of a field's type by its spelling.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Lifetime, PathArguments, Type};

use crate::errors::Errors;

/// What a field holds.
pub(super) enum Kind {
    /// One value of this type.
    Value(Type),
    /// The entries of a group, of this type.
    Group(Type),
}

/// Takes `Option` and `Vec` off a type: whether the field is optional, and what it holds.
pub(super) fn classify(of: &Type) -> (bool, Kind) {
    let (optional, inner) = match argument(of, "Option") {
        Some(inner) => (true, inner),
        None => (false, of),
    };
    let kind = match argument(inner, "Vec") {
        Some(entry) if !is_byte(entry) => Kind::Group(entry.clone()),
        _ => Kind::Value(inner.clone()),
    };
    (optional, kind)
}

/// The `T` of `name<T>`, by whatever path it is written.
fn argument<'t>(of: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = of else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

fn is_byte(of: &Type) -> bool {
    matches!(of, Type::Path(path) if path.path.is_ident("u8"))
}

/// The type with every lifetime replaced.
pub(super) fn with_lifetime(of: &Type, lifetime: &str) -> TokenStream {
    replace(of.to_token_stream(), lifetime)
}

fn replace(tokens: TokenStream, lifetime: &str) -> TokenStream {
    let mut quote = false;
    tokens
        .into_iter()
        .map(|token| {
            let after_quote = std::mem::replace(&mut quote, false);
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                    quote = true;
                    TokenTree::Punct(punct)
                }
                TokenTree::Ident(ident) if after_quote && ident != "static" => {
                    TokenTree::Ident(Ident::new(lifetime, ident.span()))
                }
                TokenTree::Group(group) => {
                    let mut replaced = Group::new(group.delimiter(), replace(group.stream(), lifetime));
                    replaced.set_span(group.span());
                    TokenTree::Group(replaced)
                }
                other => other,
            }
        })
        .collect()
}

/// Whether a type has a lifetime, other than that of what is there for ever.
pub(super) fn borrows(of: &Type) -> bool {
    fn any(tokens: TokenStream) -> bool {
        let mut quote = false;
        tokens.into_iter().any(|token| {
            let after_quote = std::mem::replace(&mut quote, false);
            match token {
                TokenTree::Punct(punct) => {
                    quote = punct.as_char() == '\'';
                    false
                }
                TokenTree::Ident(ident) => after_quote && ident != "static",
                TokenTree::Group(group) => any(group.stream()),
                TokenTree::Literal(_) => false,
            }
        })
    }
    any(of.to_token_stream())
}

/// Reports what borrows without saying from where.
///
/// The compiler tells of the same place that it misses a lifetime (E0106), in words that know nothing of frames: a derive
/// only adds to the struct, which stands there as it was written, and cannot keep it from being looked at.
pub(super) fn check_lifetimes(of: &Type, item: &Ident, declared: Option<&Lifetime>, errors: &mut Errors) {
    let lifetime = declared.map_or_else(|| "'a".to_owned(), ToString::to_string);
    let declare = match declared {
        Some(_) => String::new(),
        None => format!(", and declare the struct as `{item}<'a>`"),
    };
    let mut borrowed: Vec<(Span, String, String)> = Vec::new();
    find(of, &mut borrowed, &lifetime);
    for (span, written, meant) in borrowed {
        errors.at(
            span,
            format!("`{written}` borrows from the frame without a lifetime: write `{meant}`{declare}"),
        );
    }
}

fn find(of: &Type, borrowed: &mut Vec<(Span, String, String)>, lifetime: &str) {
    match of {
        Type::Reference(reference) => {
            if reference.lifetime.is_none() {
                let shown = reference.elem.to_token_stream();
                borrowed.push((
                    reference.and_token.span,
                    format!("&{shown}"),
                    format!("&{lifetime} {shown}"),
                ));
            }
            find(&reference.elem, borrowed, lifetime);
        }
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else {
                return;
            };
            let arguments = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
                _ => None,
            };
            let has_lifetime = arguments
                .into_iter()
                .flatten()
                .any(|argument| matches!(argument, GenericArgument::Lifetime(_)));
            let name = last.ident.to_string();
            if BORROWING.contains(&name.as_str()) && !has_lifetime {
                let shown: Vec<String> = std::iter::once(lifetime.to_owned())
                    .chain(
                        arguments
                            .into_iter()
                            .flatten()
                            .map(|of| of.to_token_stream().to_string()),
                    )
                    .collect();
                let meant = format!("{name}<{}>", shown.join(", "));
                borrowed.push((last.ident.span(), name, meant));
            }
            for argument in arguments.into_iter().flatten() {
                if let GenericArgument::Type(inner) = argument {
                    find(inner, borrowed, lifetime);
                }
            }
        }
        _ => {}
    }
}

/// The runtime's types that borrow from a frame.
const BORROWING: [&str; 3] = ["Text", "Unknown", "MultipleValue"];
