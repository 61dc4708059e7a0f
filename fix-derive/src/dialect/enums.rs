//! One enum an enumerated field.

use fix_dialect::Representation;
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::Path;

use super::ir::{EnumIr, Ir, sentence};
use crate::names::ident;

pub(super) fn generate(krate: &Path, ir: &Ir<'_>) -> TokenStream {
    ir.enums.iter().map(|item| generate_enum(krate, item)).collect()
}

fn generate_enum(krate: &Path, item: &EnumIr<'_>) -> TokenStream {
    let field = item.field;
    let name = ident(&field.name);
    let text = format!("{} ({}), {}.", field.name, field.tag, field.field_type.name());
    let note = field
        .note
        .as_deref()
        .map(sentence)
        .map(|note| quote!(#[doc = ""] #[doc = #note]));
    let variants: Vec<_> = item.variants.iter().map(|variant| ident(variant)).collect();
    let wires: Vec<&str> = field.values.iter().map(|value| value.wire.as_str()).collect();
    let declared = field.values.iter().zip(&variants).map(|(value, variant)| {
        let text = if value.description.is_empty() {
            format!("`{}` on the wire.", value.wire)
        } else {
            format!("`{}` on the wire: {}.", value.wire, value.description)
        };
        let note = value
            .note
            .as_deref()
            .map(sentence)
            .map(|note| quote!(#[doc = ""] #[doc = #note]));
        let aliases = value.aliases.iter().map(|alias| quote!(#[doc(alias = #alias)]));
        quote! { #[doc = #text] #note #(#aliases)* #variant, }
    });
    let aliases = field.values.iter().zip(&variants).flat_map(|(value, variant)| {
        value
            .aliases
            .iter()
            .filter(|alias| syn::parse_str::<syn::Ident>(alias).is_ok())
            .map(move |alias| {
                let text = format!("The dictionary's own name for [`Self::{variant}`].");
                let alias = ident(alias);
                quote! { #[doc = #text] pub const #alias: Self = Self::#variant; }
            })
    });
    let kind = Kind::new(item.representation);
    let (wire, copy) = (kind.wire(), kind.copy());
    let patterns: Vec<TokenStream> = wires.iter().map(|wire| kind.pattern(wire)).collect();
    let from_wire = kind.read_wire(krate, &patterns, &variants);
    let (as_wire, as_wire_doc) = kind.as_wire(&patterns, &variants);
    let write = kind.write();
    let with_wire = kind.with_wire();
    let listed = kind.listed();
    let descriptions = field.values.iter().map(|value| value.description.as_str());
    let (field_type, representation) = kind.tables();
    let [field_type, representation] =
        [field_type, representation].map(|name| quote::format_ident!("{name}"));
    let read_at = kind.read_at(krate);
    quote! {
        #[doc = #text]
        #note
        #[derive(::core::clone::Clone, #copy ::core::cmp::PartialEq, ::core::cmp::Eq, ::core::hash::Hash, ::core::fmt::Debug)]
        pub enum #name {
            #(#declared)*
            /// A value that the dictionary does not list.
            Unlisted(#krate::Unlisted<Self>),
        }

        impl #name {
            #(#aliases)*

            /// Every value that the dictionary lists.
            pub const LISTED: &'static [Self] = &[#(Self::#variants),*];

            #[doc = #as_wire_doc]
            #[must_use]
            #as_wire

            /// Reads the wire form; `None` when the bytes are outside of the field's type.
            #[must_use]
            pub fn from_wire(bytes: &[u8]) -> ::core::option::Option<Self> {
                <Self as #krate::Enumeration>::from_wire(bytes)
            }
        }

        impl #krate::Enumeration for #name {
            type Wire = #wire;
            const VALUES: &'static [#krate::tables::ValueTable] = &[
                #(#krate::tables::ValueTable { wire: #wires, name: #descriptions },)*
            ];

            #[inline]
            fn listed(wire: &Self::Wire) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(match #listed {
                    #(#patterns => Self::#variants,)*
                    _ => return ::core::option::Option::None,
                })
            }

            #[inline]
            fn from_wire(bytes: &[u8]) -> ::core::option::Option<Self> {
                #from_wire
            }

            #[inline]
            fn as_listed(&self) -> ::core::option::Option<&'static str> {
                ::core::option::Option::Some(match self {
                    #(Self::#variants => #wires,)*
                    Self::Unlisted(_) => return ::core::option::Option::None,
                })
            }

            fn with_wire<R>(&self, use_it: impl ::core::ops::FnOnce(&[u8]) -> R) -> R {
                match self {
                    Self::Unlisted(unlisted) => #with_wire,
                    listed => use_it(#krate::Enumeration::as_listed(listed).unwrap_or("").as_bytes()),
                }
            }
        }

        impl<'a> #krate::FieldValue<'a> for #name {
            const FIELD_TYPE: ::core::option::Option<#krate::FieldType> =
                ::core::option::Option::Some(#krate::FieldType::#field_type);
            const REPRESENTATION: ::core::option::Option<#krate::Representation> =
                ::core::option::Option::Some(#krate::Representation::#representation);
            const VALUES: &'static [#krate::tables::ValueTable] = <Self as #krate::Enumeration>::VALUES;

            #[inline]
            fn read(bytes: &'a [u8]) -> ::core::option::Option<Self> {
                <Self as #krate::Enumeration>::from_wire(bytes)
            }

            #read_at

            #[inline]
            fn write(&self, tag: #krate::Tag, out: &mut #krate::BodyWriter) {
                #write
            }
        }
    }
}

/// What an enum's values are on the wire.
enum Kind {
    Char,
    Int,
    Text,
}

impl Kind {
    fn new(representation: Representation) -> Kind {
        match representation {
            Representation::Char => Kind::Char,
            Representation::Int => Kind::Int,
            _ => Kind::Text,
        }
    }

    fn wire(&self) -> TokenStream {
        match self {
            Kind::Char => quote!(u8),
            Kind::Int => quote!(i64),
            Kind::Text => quote!(::std::boxed::Box<[u8]>),
        }
    }

    /// The names of the field's type and of its representation.
    fn tables(&self) -> (&'static str, &'static str) {
        match self {
            Kind::Char => ("Char", "Char"),
            Kind::Int => ("Int", "Int"),
            Kind::Text => ("String", "Text"),
        }
    }

    fn copy(&self) -> TokenStream {
        match self {
            Kind::Char | Kind::Int => quote!(::core::marker::Copy,),
            Kind::Text => TokenStream::new(),
        }
    }

    fn pattern(&self, wire: &str) -> TokenStream {
        let literal = match self {
            Kind::Char => Literal::byte_character(wire.as_bytes().first().copied().unwrap_or_default()),
            Kind::Int => {
                let number = fix_dialect::parse_int(wire.as_bytes()).unwrap_or_default();
                let literal = Literal::u64_unsuffixed(number.unsigned_abs());
                return if number < 0 {
                    quote!(-#literal)
                } else {
                    quote!(#literal)
                };
            }
            Kind::Text => Literal::byte_string(wire.as_bytes()),
        };
        quote!(#literal)
    }

    fn listed(&self) -> TokenStream {
        match self {
            Kind::Char | Kind::Int => quote!(*wire),
            Kind::Text => quote!(&**wire),
        }
    }

    fn read_wire(
        &self,
        krate: &Path,
        patterns: &[TokenStream],
        variants: &[proc_macro2::Ident],
    ) -> TokenStream {
        let (read, matched, owned) = match self {
            Kind::Char => (
                quote!(let [wire] = *bytes else { return ::core::option::Option::None };),
                quote!(wire),
                quote!(wire),
            ),
            Kind::Int => (
                quote!(let wire = #krate::parse_int(bytes)?;),
                quote!(wire),
                quote!(wire),
            ),
            Kind::Text => (
                TokenStream::new(),
                quote!(bytes),
                quote!(::core::convert::From::from(bytes)),
            ),
        };
        quote! {
            #read
            ::core::option::Option::Some(match #matched {
                #(#patterns => Self::#variants,)*
                _ => return #krate::Unlisted::new(#owned).map(Self::Unlisted),
            })
        }
    }

    /// Numbers and single bytes are read without cutting the value out of the frame.
    fn read_at(&self, krate: &Path) -> Option<TokenStream> {
        let wire = match self {
            Kind::Char => quote!(u8),
            Kind::Int => quote!(i64),
            Kind::Text => return None,
        };
        Some(quote! {
            #[inline]
            fn read_at(frame: &'a [u8], start: usize, end: usize) -> ::core::option::Option<Self> {
                let wire = <#wire as #krate::FieldValue>::read_at(frame, start, end)?;
                match <Self as #krate::Enumeration>::listed(&wire) {
                    ::core::option::Option::None => #krate::Unlisted::new(wire).map(Self::Unlisted),
                    listed => listed,
                }
            }
        })
    }

    fn as_wire(
        &self,
        patterns: &[TokenStream],
        variants: &[proc_macro2::Ident],
    ) -> (TokenStream, &'static str) {
        let (result, other, doc) = match self {
            Kind::Char => (quote!(u8), Some(quote!(0)), "The value on the wire: one byte."),
            Kind::Int => (
                quote!(i64),
                Some(quote!(0)),
                "The value on the wire, as a number.",
            ),
            Kind::Text => (quote!(&[u8]), None, "The value on the wire."),
        };
        // Where every listed value is a constant, and so is what stands for the others, the compiler makes a table of
        // them, instead of a branch that nothing predicts.
        let body = if let Some(other) = other {
            quote! {
                if let Self::Unlisted(unlisted) = self {
                    return *unlisted.wire();
                }
                match self {
                    #(Self::#variants => #patterns,)*
                    Self::Unlisted(_) => #other,
                }
            }
        } else {
            quote! {
                match self {
                    #(Self::#variants => #patterns,)*
                    Self::Unlisted(unlisted) => unlisted.wire(),
                }
            }
        };
        let function = quote! {
            #[inline]
            pub fn as_wire(&self) -> #result {
                #body
            }
        };
        (function, doc)
    }

    fn write(&self) -> TokenStream {
        match self {
            Kind::Char => quote!(out.byte_value(tag, self.as_wire());),
            Kind::Int => quote!(out.int_value(tag, self.as_wire());),
            Kind::Text => quote!(out.text(tag, self.as_wire());),
        }
    }

    fn with_wire(&self) -> TokenStream {
        match self {
            Kind::Char => quote!(use_it(&[*unlisted.wire()])),
            Kind::Int => quote!(use_it(
                ::std::string::ToString::to_string(unlisted.wire()).as_bytes()
            )),
            Kind::Text => quote!(use_it(unlisted.wire())),
        }
    }
}
