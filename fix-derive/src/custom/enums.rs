//! `#[derive(FixEnum)]`: a user's enum becomes the type of an enumerated field.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Fields, GenericArgument, Lit, Path, PathArguments, Type, Variant};

use crate::errors::Errors;
use crate::keys;
use crate::runtime::Runtime;

/// What the values are on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Char,
    Int,
    Text,
}

struct Enum {
    name: Ident,
    krate: Path,
    kind: Option<Kind>,
    listed: Vec<Listed>,
    /// The variant that keeps all other values.
    other: Option<Ident>,
}

struct Listed {
    variant: Ident,
    wire: String,
}

pub(crate) fn derive(runtime: Runtime, input: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let parsed = errors.keep(syn::parse2::<DeriveInput>(input));
    let item = parsed.as_ref().map(|input| read(runtime, input, &mut errors));
    let generated = item.as_ref().map(generate);
    match errors.finish() {
        Ok(()) => generated.unwrap_or_default(),
        Err(errors) => {
            let fallback = item.map(|item| fallback(&item));
            quote!(#errors #fallback)
        }
    }
}

fn read(runtime: Runtime, input: &DeriveInput, errors: &mut Errors) -> Enum {
    let mut item = Enum {
        name: input.ident.clone(),
        krate: runtime.path(),
        kind: None,
        listed: Vec::new(),
        other: None,
    };
    keys::read(
        &input.attrs,
        "an enum",
        &["crate"],
        errors,
        |key, meta, errors| {
            if key != "crate" {
                return Ok(false);
            }
            if let Some(path) = keys::path(meta, errors)? {
                item.krate = path;
            }
            Ok(true)
        },
    );
    if let Some(parameter) = input.generics.params.first() {
        let span = parameter
            .to_token_stream()
            .into_iter()
            .next()
            .map_or(input.ident.span(), |token| token.span());
        errors.at(span, "the values of a field have no parameters");
    }
    let Data::Enum(data) = &input.data else {
        errors.at(input.ident.span(), "the values of a field are an enum");
        return item;
    };
    for variant in &data.variants {
        item.variant(variant, errors);
    }
    if item.listed.is_empty() && !data.variants.iter().any(has_value) {
        errors.at(
            input.ident.span(),
            "an enum lists at least one value: `#[fix(value = '1')]` on a variant",
        );
    }
    if item.other.is_none()
        && !data
            .variants
            .iter()
            .any(|variant| !matches!(variant.fields, Fields::Unit))
    {
        errors.at(
            input.ident.span(),
            "the peer may send values that are not listed: add a variant `Other(Unlisted<Self>)`",
        );
    }
    item
}

fn has_value(variant: &Variant) -> bool {
    variant
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("fix"))
}

impl Enum {
    fn variant(&mut self, variant: &Variant, errors: &mut Errors) {
        let mut value: Option<Option<(Kind, String, Span)>> = None;
        let place = format!("the variant `{}`", variant.ident);
        let misspelt = keys::read(&variant.attrs, &place, &["value"], errors, |key, meta, errors| {
            if key != "value" {
                return Ok(false);
            }
            value = Some(wire(meta, errors)?);
            Ok(true)
        });
        match (&variant.fields, value) {
            (Fields::Unit, Some(Some(value))) => self.listed(variant, value, errors),
            // Told already.
            (_, Some(None)) => {}
            (_, None) if misspelt => {}
            (Fields::Unit, None) => {
                let message = format!("`{}` has no value: add `#[fix(value = '1')]`", variant.ident);
                errors.at(variant.ident.span(), message);
            }
            (_, Some(Some((_, _, span)))) => {
                errors.at(span, "a listed value stands for itself, without fields");
            }
            (fields, None) => self.catch_all(&variant.ident, fields, errors),
        }
    }

    fn listed(&mut self, variant: &Variant, (kind, wire, span): (Kind, String, Span), errors: &mut Errors) {
        match self.kind {
            Some(first) if first != kind => {
                let message = format!(
                    "{} among values that are {}: all values of a field are of one type",
                    kind.singular(),
                    first.plural()
                );
                errors.at(span, message);
            }
            _ => self.kind = Some(kind),
        }
        if let Some(other) = self.listed.iter().find(|other| other.wire == wire) {
            let message = format!("the value `{wire}` is `{}` already", other.variant);
            errors.at(span, message);
        }
        self.listed.push(Listed {
            variant: variant.ident.clone(),
            wire,
        });
    }

    fn catch_all(&mut self, variant: &Ident, fields: &Fields, errors: &mut Errors) {
        if let Some(first) = &self.other {
            let message = format!("`{first}` keeps the values that are not listed already");
            errors.at(variant.span(), message);
            return;
        }
        self.other = Some(variant.clone());
        let holds = match fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
            _ => None,
        };
        if !holds.is_some_and(|field| is_unlisted(&field.ty, &self.name)) {
            let message =
                format!("`{variant}` could hold a value that is listed: write `{variant}(Unlisted<Self>)`");
            errors.at(variant.span(), message);
        }
    }
}

fn is_unlisted(of: &Type, item: &Ident) -> bool {
    let Type::Path(path) = of else { return false };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Unlisted") else {
        return false;
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return false;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(Type::Path(of))) => of.path.is_ident("Self") || of.path.is_ident(item),
        _ => false,
    }
}

/// The value behind the key, when it is sound.
fn wire(
    meta: &syn::meta::ParseNestedMeta<'_>,
    errors: &mut Errors,
) -> syn::Result<Option<(Kind, String, Span)>> {
    let input = meta.value()?;
    let minus: Option<syn::Token![-]> = input.parse()?;
    if !input.peek(Lit) {
        let (span, _) = keys::unquoted(input)?;
        errors.at(span, NO_VALUE);
        return Ok(None);
    }
    let literal: Lit = input.parse()?;
    let span = literal.span();
    let wrong = match &literal {
        Lit::Char(value) if minus.is_none() => {
            if value.value().is_ascii_graphic() {
                return Ok(Some((Kind::Char, value.value().to_string(), span)));
            }
            "a CHAR is one letter, digit or sign of ASCII"
        }
        Lit::Str(value) if minus.is_none() => {
            let value = value.value();
            if !value.is_empty() && value.bytes().all(|byte| byte != fix_dialect::SOH) {
                return Ok(Some((Kind::Text, value, span)));
            }
            "a text value is not empty, and has no SOH in it"
        }
        Lit::Int(value) => {
            let sign = if minus.is_some() { "-" } else { "" };
            match format!("{sign}{}", value.base10_digits()).parse::<i64>() {
                Ok(number) if value.suffix().is_empty() => {
                    return Ok(Some((Kind::Int, number.to_string(), span)));
                }
                _ => "an INT is a number of 64 bits, without a suffix",
            }
        }
        _ => NO_VALUE,
    };
    errors.at(span, wrong);
    Ok(None)
}

const NO_VALUE: &str = "a value is a character ('1'), a number (1) or a text (\"1\")";

impl Kind {
    fn singular(self) -> &'static str {
        match self {
            Kind::Char => "a character",
            Kind::Int => "a number",
            Kind::Text => "a text",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Kind::Char => "characters",
            Kind::Int => "numbers",
            Kind::Text => "texts",
        }
    }

    fn pattern(self, wire: &str) -> TokenStream {
        match self {
            Kind::Char => Literal::byte_character(wire.as_bytes().first().copied().unwrap_or_default())
                .into_token_stream(),
            Kind::Int => {
                let number: i64 = wire.parse().unwrap_or_default();
                let digits = Literal::u64_unsuffixed(number.unsigned_abs());
                if number < 0 {
                    quote!(-#digits)
                } else {
                    quote!(#digits)
                }
            }
            Kind::Text => Literal::byte_string(wire.as_bytes()).into_token_stream(),
        }
    }
}

fn generate(item: &Enum) -> TokenStream {
    let (krate, name) = (&item.krate, &item.name);
    let kind = item.kind.unwrap_or(Kind::Text);
    let Some(other) = &item.other else {
        return TokenStream::new();
    };
    let wires: Vec<&str> = item.listed.iter().map(|listed| listed.wire.as_str()).collect();
    let variants: Vec<&Ident> = item.listed.iter().map(|listed| &listed.variant).collect();
    let shown = variants.iter().map(ToString::to_string);
    let patterns: Vec<TokenStream> = wires.iter().map(|wire| kind.pattern(wire)).collect();
    let (wire, matched, field_type, representation) = match kind {
        Kind::Char => (quote!(u8), quote!(*wire), quote!(Char), quote!(Char)),
        Kind::Int => (quote!(i64), quote!(*wire), quote!(Int), quote!(Int)),
        Kind::Text => (
            quote!(::std::boxed::Box<[u8]>),
            quote!(&**wire),
            quote!(String),
            quote!(Text),
        ),
    };
    let parse = match kind {
        Kind::Char => quote!(let [wire] = *bytes else { return ::core::option::Option::None };),
        Kind::Int => quote!(let wire = #krate::parse_int(bytes)?;),
        Kind::Text => quote!(let wire = <#wire as ::core::convert::From<&[u8]>>::from(bytes);),
    };
    let (write, with_wire) = match kind {
        Kind::Char => (
            quote!(out.text(tag, &[*unlisted.wire()])),
            quote!(use_it(&[*unlisted.wire()])),
        ),
        Kind::Int => (
            quote!(out.int_value(tag, *unlisted.wire())),
            quote!(use_it(
                ::std::string::ToString::to_string(unlisted.wire()).as_bytes()
            )),
        ),
        Kind::Text => (
            quote!(out.text(tag, unlisted.wire())),
            quote!(use_it(unlisted.wire())),
        ),
    };
    quote! {
        impl #krate::Enumeration for #name {
            type Wire = #wire;
            const VALUES: &'static [#krate::tables::ValueTable] = &[
                #(#krate::tables::ValueTable { wire: #wires, name: #shown },)*
            ];

            fn listed(wire: &Self::Wire) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(match #matched {
                    #(#patterns => Self::#variants,)*
                    _ => return ::core::option::Option::None,
                })
            }

            fn from_wire(bytes: &[u8]) -> ::core::option::Option<Self> {
                #parse
                match <Self as #krate::Enumeration>::listed(&wire) {
                    ::core::option::Option::Some(listed) => ::core::option::Option::Some(listed),
                    ::core::option::Option::None => #krate::Unlisted::new(wire).map(Self::#other),
                }
            }

            fn as_listed(&self) -> ::core::option::Option<&'static str> {
                ::core::option::Option::Some(match self {
                    #(Self::#variants => #wires,)*
                    Self::#other(_) => return ::core::option::Option::None,
                })
            }

            fn with_wire<R>(&self, use_it: impl ::core::ops::FnOnce(&[u8]) -> R) -> R {
                match self {
                    #(Self::#variants => use_it(#wires.as_bytes()),)*
                    Self::#other(unlisted) => #with_wire,
                }
            }
        }

        impl<'value> #krate::FieldValue<'value> for #name {
            const FIELD_TYPE: ::core::option::Option<#krate::FieldType> =
                ::core::option::Option::Some(#krate::FieldType::#field_type);
            const REPRESENTATION: ::core::option::Option<#krate::Representation> =
                ::core::option::Option::Some(#krate::Representation::#representation);
            const VALUES: &'static [#krate::tables::ValueTable] = <Self as #krate::Enumeration>::VALUES;

            fn read(bytes: &'value [u8]) -> ::core::option::Option<Self> {
                <Self as #krate::Enumeration>::from_wire(bytes)
            }

            fn write(&self, tag: #krate::Tag, out: &mut #krate::BodyWriter) {
                match self {
                    #(Self::#variants => out.text(tag, #wires.as_bytes()),)*
                    Self::#other(unlisted) => #write,
                }
            }
        }
    }
}

/// Keeps rustc from burying the real errors under those of missing implementations.
fn fallback(item: &Enum) -> TokenStream {
    let (krate, name) = (&item.krate, &item.name);
    quote! {
        impl #krate::Enumeration for #name {
            type Wire = ();

            fn listed(_: &Self::Wire) -> ::core::option::Option<Self> {
                ::core::unreachable!()
            }

            fn from_wire(_: &[u8]) -> ::core::option::Option<Self> {
                ::core::unreachable!()
            }

            fn as_listed(&self) -> ::core::option::Option<&'static str> {
                ::core::unreachable!()
            }

            fn with_wire<R>(&self, _: impl ::core::ops::FnOnce(&[u8]) -> R) -> R {
                ::core::unreachable!()
            }
        }

        impl<'value> #krate::FieldValue<'value> for #name {
            fn read(_: &'value [u8]) -> ::core::option::Option<Self> {
                ::core::unreachable!()
            }

            fn write(&self, _: #krate::Tag, _: &mut #krate::BodyWriter) {}
        }
    }
}
