//! The Rust types of fields, and what of a struct's fields decides how it is generated.

use fix_dialect::Representation;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Path;

use super::ir::{Body, FieldIr, FieldKind, Ir, ValueKind};

pub(super) fn plain_type(
    krate: &Path,
    representation: Representation,
    lifetime: &TokenStream,
) -> TokenStream {
    let name = match representation {
        Representation::Char => return quote!(u8),
        Representation::Int => return quote!(i64),
        Representation::Unsigned => return quote!(u64),
        Representation::Boolean => return quote!(bool),
        Representation::Decimal => format_ident!("Decimal"),
        Representation::Timestamp => format_ident!("Timestamp"),
        Representation::Date => format_ident!("Date"),
        Representation::TimeOfDay => format_ident!("TimeOfDay"),
        Representation::Text | Representation::Data | Representation::Multiple | Representation::Own(_) => {
            return quote!(#krate::Text<#lifetime>);
        }
    };
    quote!(#krate::#name)
}

/// Whether the field is one of text that the dictionary allows to be empty.
pub(super) fn may_be_empty(field: &FieldIr) -> bool {
    matches!(
        field.kind,
        FieldKind::Value {
            value: ValueKind::Plain(Representation::Text | Representation::Data),
            may_be_empty: true,
            ..
        }
    )
}

/// Whether the struct of these members borrows from a frame.
pub(super) fn borrows(ir: &Ir<'_>, body: &Body) -> bool {
    body.fields.iter().any(|field| match &field.kind {
        FieldKind::Value { value, .. } => matches!(
            value,
            ValueKind::Plain(Representation::Text | Representation::Data) | ValueKind::Multiple
        ),
        FieldKind::Group { .. } => true,
        FieldKind::Component { block } => borrows(ir, &ir.blocks[*block].body),
    })
}

pub(super) fn is_text(field: &FieldIr) -> bool {
    matches!(
        field.kind,
        FieldKind::Value {
            value: ValueKind::Plain(Representation::Text | Representation::Data),
            ..
        }
    )
}

pub(super) fn has_groups(ir: &Ir<'_>, body: &Body) -> bool {
    body.fields.iter().any(|field| match &field.kind {
        FieldKind::Value { .. } => false,
        FieldKind::Group { .. } => true,
        FieldKind::Component { block } => has_groups(ir, &ir.blocks[*block].body),
    })
}
