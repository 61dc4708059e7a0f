//! Structs of groups' entries and components, and what messages share with them: fields, constructors, encoders.

use fix_dialect::Representation;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Path;

use super::ir::{Block, BlockKind, Body, FieldIr, FieldKind, Ir, ValueKind};
use super::types::{borrows, has_groups, is_text, may_be_empty, plain_type};
use crate::names::{ident, snake};

pub(super) fn generate(krate: &Path, ir: &Ir<'_>) -> TokenStream {
    ir.blocks
        .iter()
        .map(|block| generate_block(krate, ir, block))
        .collect()
}

fn generate_block(krate: &Path, ir: &Ir<'_>, block: &Block<'_>) -> TokenStream {
    let doc = match block.kind {
        BlockKind::Group(group) => {
            let count = ir.dictionary.field(group.count);
            format!("One entry of the group {} ({}).", count.name, count.tag)
        }
        BlockKind::Component(id) => format!("The component {}.", ir.dictionary.component(id).name),
    };
    let item = Struct {
        krate,
        ir,
        name: ident(&block.name),
        docs: vec![doc],
        body: &block.body,
        unknown: matches!(block.kind, BlockKind::Group(_)),
        scope: quote!(super::),
        blocks: quote!(),
    };
    let structure = item.declare();
    let implementation = item.implement();
    quote!(#structure #implementation)
}

/// The name of the pool for a block's entries.
pub(super) fn pool(block: &Block<'_>) -> Ident {
    ident(&snake(&block.name))
}

/// Everything that is generated for one struct.
pub(super) struct Struct<'s, 'd> {
    pub(super) krate: &'s Path,
    pub(super) ir: &'s Ir<'d>,
    pub(super) name: Ident,
    pub(super) docs: Vec<String>,
    pub(super) body: &'s Body,
    /// Whether unknown fields are kept here; those of a component are kept by what contains it.
    pub(super) unknown: bool,
    /// How to reach the marker's module, `super::` or nothing.
    pub(super) scope: TokenStream,
    /// How to reach the module of the blocks, `groups::` or nothing.
    pub(super) blocks: TokenStream,
}

impl Struct<'_, '_> {
    /// `<'a>` where the struct borrows from a frame.
    pub(super) fn lifetime(&self) -> TokenStream {
        if self.borrows() {
            quote!(<'a>)
        } else {
            TokenStream::new()
        }
    }

    fn owned(&self) -> TokenStream {
        if self.borrows() {
            quote!(<'static>)
        } else {
            TokenStream::new()
        }
    }

    fn borrows(&self) -> bool {
        self.unknown || borrows(self.ir, self.body)
    }

    pub(super) fn declare(&self) -> TokenStream {
        let Struct {
            krate, name, docs, ..
        } = self;
        let lifetime = self.lifetime();
        let fields = self.body.fields.iter().map(|field| {
            let (doc, name, of) = (
                &field.doc,
                ident(&field.name),
                self.field_type(field, &quote!('a)),
            );
            quote! { #[doc = #doc] pub #name: #of, }
        });
        let unknown = self.unknown.then(|| {
            quote! {
                /// Fields that the dictionary does not have here, in the order of the wire.
                pub unknown: #krate::Unknown<'a>,
            }
        });
        let secret = self.body.fields.iter().any(|field| self.is_secret(field));
        let debug = if secret {
            TokenStream::new()
        } else {
            quote!(::core::fmt::Debug,)
        };
        let redacted = secret.then(|| self.redacted_debug());
        quote! {
            #(#[doc = #docs])*
            #[derive(::core::clone::Clone, #debug ::core::cmp::PartialEq)]
            pub struct #name #lifetime {
                #(#fields)*
                #unknown
            }

            #redacted
        }
    }

    fn is_secret(&self, field: &FieldIr) -> bool {
        match field.kind {
            FieldKind::Value { id, .. } => {
                let field = self.ir.dictionary.field(id);
                field.secret || fix_dialect::is_secret(field.tag)
            }
            _ => false,
        }
    }

    fn redacted_debug(&self) -> TokenStream {
        let name = &self.name;
        let shown = name.to_string();
        let lifetime = if self.borrows() {
            quote!(<'_>)
        } else {
            TokenStream::new()
        };
        let fields = self.body.fields.iter().map(|field| {
            let (name, shown) = (ident(&field.name), &field.name);
            if self.is_secret(field) {
                quote!(.field(#shown, &::core::format_args!("<redacted>")))
            } else {
                quote!(.field(#shown, &self.#name))
            }
        });
        let unknown = self.unknown.then(|| quote!(.field("unknown", &self.unknown)));
        quote! {
            impl ::core::fmt::Debug for #name #lifetime {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_struct(#shown) #(#fields)* #unknown .finish()
                }
            }
        }
    }

    /// `new`, `into_owned`, and the implementations for the decoder.
    pub(super) fn implement(&self) -> TokenStream {
        let Struct { krate, name, .. } = self;
        let lifetime = self.lifetime();
        let owned = self.owned();
        let new = self.constructor();
        let owned_fields = self.body.fields.iter().map(|field| {
            let name = ident(&field.name);
            let value = self.owning(field, &quote!(self.#name));
            quote!(#name: #value,)
        });
        let owned_unknown = self.unknown.then(|| quote!(unknown: self.unknown.into_owned(),));
        let block = self.block();
        let write = self.encoder();
        let recycle = self.recycle();
        quote! {
            impl #lifetime #name #lifetime {
                #new

                /// The same, owned: it no longer borrows from the frame that it was decoded from.
                #[must_use]
                pub fn into_owned(self) -> #name #owned {
                    #name { #(#owned_fields)* #owned_unknown }
                }

                /// Writes the fields in the dictionary's order, and the unknown ones behind them, but in front of groups
                /// at the end, whose last entry would take them.
                #[inline]
                pub fn write(&self, out: &mut #krate::BodyWriter) {
                    #write
                }
            }

            #block
            #recycle
        }
    }

    /// What reads the struct from slots: its required members first, then the others in its place.
    fn block(&self) -> TokenStream {
        let Struct {
            krate, name, scope, ..
        } = self;
        let lifetime = self.lifetime();
        let slots = self.body.slots;
        let required = self.body.fields.iter().map(|field| {
            let name = ident(&field.name);
            let value = if field.required {
                self.read_required(field)
            } else {
                quote!(::core::option::Option::None)
            };
            quote!(#name: #value,)
        });
        let no_unknown = self.unknown.then(|| quote!(unknown: #krate::Unknown::new(),));
        let optional = self
            .body
            .fields
            .iter()
            .filter(|field| !field.required)
            .map(|field| self.read_optional(field));
        let unknown = self
            .unknown
            .then(|| quote!(slots.fill_unknown(&mut self.unknown);));
        // Components find their slots themselves.
        let reads_slots = |required| {
            self.body
                .fields
                .iter()
                .any(|field| field.required == required && !matches!(field.kind, FieldKind::Component { .. }))
        };
        let found = reads_slots(true).then(|| quote!(let found = slots.found::<#slots>()?;));
        let found_optional = reads_slots(false).then(|| {
            quote! {
                let ::core::result::Result::Ok(found) = slots.found::<#slots>() else { return };
            }
        });
        let unused = if self.body.fields.iter().any(|field| field.required) {
            quote!(slots)
        } else {
            quote!(_)
        };
        let unused_optional = if self.unknown || self.body.fields.iter().any(|field| !field.required) {
            quote!(slots)
        } else {
            quote!(_)
        };
        quote! {
            impl<'a> #krate::Block<'a, #scope Storage> for #name #lifetime {
                const SLOTS: usize = #slots;

                #[inline]
                fn read(
                    #unused: &mut #krate::Slots<'_, 'a, #scope Storage>,
                ) -> ::core::result::Result<Self, #krate::Refused> {
                    #found
                    ::core::result::Result::Ok(#name { #(#required)* #no_unknown })
                }

                #[inline]
                fn fill(&mut self, #unused_optional: &mut #krate::Slots<'_, 'a, #scope Storage>) {
                    #found_optional
                    #(#optional)*
                    #unknown
                }
            }
        }
    }

    fn constructor(&self) -> TokenStream {
        let Struct { krate, name, .. } = self;
        let mut parameters = Vec::new();
        let mut values = Vec::new();
        for field in &self.body.fields {
            let name = ident(&field.name);
            if !field.required {
                values.push(quote!(#name: ::core::option::Option::None,));
                continue;
            }
            let of = self.required_type(field, &quote!('a));
            if is_text(field) {
                parameters.push(quote!(#name: impl ::core::convert::Into<#of>));
                values.push(quote!(#name: ::core::convert::Into::into(#name),));
            } else {
                parameters.push(quote!(#name: #of));
                values.push(quote!(#name,));
            }
        }
        let unknown = self.unknown.then(|| quote!(unknown: #krate::Unknown::new(),));
        let many = (parameters.len() > 7)
            .then(|| quote!(#[expect(clippy::too_many_arguments, reason = "one for each required field")]));
        quote! {
            /// With the required fields; the others are set by struct update: `Self { field: Some(value), ..Self::new(…) }`.
            #many
            #[must_use]
            pub fn new(#(#parameters),*) -> Self {
                #name { #(#values)* #unknown }
            }
        }
    }

    fn encoder(&self) -> TokenStream {
        let Struct { krate, .. } = self;
        let mut statements = Vec::new();
        for (at, field) in self.body.fields.iter().enumerate() {
            let name = ident(&field.name);
            let unknown = self.unknown_before(at);
            let write = match &field.kind {
                FieldKind::Value {
                    id,
                    value,
                    may_be_empty,
                    length_tag,
                } => {
                    let tag = self.ir.dictionary.field(*id).tag;
                    let tag = quote!(const { #krate::Tag::new(#tag) });
                    match (value, length_tag) {
                        (ValueKind::Plain(Representation::Data), Some(length)) => quote! {
                            out.unsigned_value(const { #krate::Tag::new(#length) }, value.len() as u64);
                            out.data_value(#tag, value.as_bytes());
                        },
                        (ValueKind::Plain(Representation::Text), _) if *may_be_empty => {
                            quote!(out.text_or_empty(#tag, value.as_bytes());)
                        }
                        _ => quote!(#krate::FieldValue::write(value, #tag, out);),
                    }
                }
                FieldKind::Group { count, .. } => {
                    let tag = self.ir.dictionary.field(*count).tag;
                    quote! {
                        #unknown
                        out.unsigned_value(const { #krate::Tag::new(#tag) }, value.len() as u64);
                        for entry in value {
                            entry.write(out);
                        }
                    }
                }
                FieldKind::Component { .. } => quote!(#unknown value.write(out);),
            };
            statements.push(if field.required {
                quote!({ let value = &self.#name; #write })
            } else {
                quote!(if let ::core::option::Option::Some(value) = &self.#name { #write })
            });
        }
        if self.unknown && (0..self.body.fields.len()).any(|at| self.unknown_before(at).is_some()) {
            statements.insert(0, quote!(let mut unknown = !self.unknown.is_empty();));
            statements.push(quote!(if unknown {
                self.unknown.write(out);
            }));
        } else if self.unknown {
            statements.push(quote!(self.unknown.write(out);));
        }
        quote!(#(#statements)*)
    }

    /// Writes the unknown fields in front of the groups that a message ends with: behind them, they would belong to the
    /// last entry. Nothing where a field that must be there follows.
    fn unknown_before(&self, at: usize) -> Option<TokenStream> {
        let (field, after) = self.body.fields[at..].split_first()?;
        if !self.unknown || !self.ends_with_entry(field) {
            return None;
        }
        let mut conditions = Vec::new();
        if matches!(field.kind, FieldKind::Group { .. }) {
            conditions.push(quote!(!value.is_empty()));
        }
        for field in after {
            let name = ident(&field.name);
            match (&field.kind, field.required) {
                (FieldKind::Group { .. }, true) => conditions.push(quote!(!self.#name.is_empty())),
                (FieldKind::Group { .. }, false) => {
                    conditions.push(quote!(self.#name.as_ref().is_none_or(|group| !group.is_empty())));
                }
                _ if self.ends_with_entry(field) => {}
                (_, true) => return None,
                (_, false) => conditions.push(quote!(self.#name.is_none())),
            }
        }
        Some(quote! {
            if unknown #(&& #conditions)* {
                unknown = false;
                self.unknown.write(out);
            }
        })
    }

    /// Whether what is written of the field may end with the entry of a group.
    fn ends_with_entry(&self, field: &FieldIr) -> bool {
        match &field.kind {
            FieldKind::Value { .. } => false,
            FieldKind::Group { .. } => true,
            FieldKind::Component { block } => has_groups(self.ir, &self.ir.blocks[*block].body),
        }
    }

    fn read_required(&self, field: &FieldIr) -> TokenStream {
        let slot = field.slot;
        match &field.kind {
            FieldKind::Value { .. } if may_be_empty(field) => {
                quote!(slots.required_or_empty(found[#slot])?)
            }
            FieldKind::Value { .. } => quote!(slots.required(found[#slot])?),
            FieldKind::Group { block, .. } => {
                let pool = self.pool_of(*block);
                quote!(slots.required_group(found[#slot], #pool)?)
            }
            FieldKind::Component { .. } => quote!(slots.required_component(#slot)?),
        }
    }

    fn read_optional(&self, field: &FieldIr) -> TokenStream {
        let (name, slot) = (ident(&field.name), field.slot);
        match &field.kind {
            FieldKind::Value { .. } if may_be_empty(field) => {
                quote!(slots.fill_or_empty(found[#slot], &mut self.#name);)
            }
            FieldKind::Value { .. } => quote!(slots.fill(found[#slot], &mut self.#name);),
            FieldKind::Group { block, .. } => {
                let pool = self.pool_of(*block);
                quote!(slots.fill_group(found[#slot], &mut self.#name, #pool);)
            }
            FieldKind::Component { .. } => quote!(slots.fill_component(#slot, &mut self.#name);),
        }
    }

    /// A function from the storage to the pool for a block's entries.
    fn pool_of(&self, block: usize) -> TokenStream {
        let scope = &self.scope;
        let pool = pool(&self.ir.blocks[block]);
        quote!(|storage: &mut #scope Storage| &mut storage.#pool)
    }

    /// Gives the room of groups back, where there are any.
    fn recycle(&self) -> Option<TokenStream> {
        if !has_groups(self.ir, self.body) {
            return None;
        }
        let Struct {
            krate, name, scope, ..
        } = self;
        let lifetime = if self.borrows() {
            quote!(<'_>)
        } else {
            TokenStream::new()
        };
        let statements = self.body.fields.iter().filter_map(|field| {
            let name = ident(&field.name);
            let recycle = match &field.kind {
                FieldKind::Value { .. } => return None,
                FieldKind::Group { block, .. } => {
                    let block = &self.ir.blocks[*block];
                    let pool = pool(block);
                    let nested = has_groups(self.ir, &block.body).then(|| {
                        quote! {
                            for entry in value.iter_mut() {
                                #krate::Recycle::recycle(entry, storage);
                            }
                        }
                    });
                    quote! {
                        #nested
                        storage.#pool.give(::core::mem::take(value));
                    }
                }
                FieldKind::Component { block } => {
                    if !has_groups(self.ir, &self.ir.blocks[*block].body) {
                        return None;
                    }
                    quote!(#krate::Recycle::recycle(value, storage);)
                }
            };
            Some(if field.required {
                quote!({ let value = &mut self.#name; #recycle })
            } else {
                quote!(if let ::core::option::Option::Some(value) = &mut self.#name { #recycle })
            })
        });
        Some(quote! {
            impl #krate::Recycle<#scope Storage> for #name #lifetime {
                #[inline]
                fn recycle(&mut self, storage: &mut #scope Storage) {
                    #(#statements)*
                }
            }
        })
    }

    fn field_type(&self, field: &FieldIr, lifetime: &TokenStream) -> TokenStream {
        let of = self.required_type(field, lifetime);
        if field.required {
            of
        } else {
            quote!(::core::option::Option<#of>)
        }
    }

    fn required_type(&self, field: &FieldIr, lifetime: &TokenStream) -> TokenStream {
        let Struct {
            krate, scope, blocks, ..
        } = self;
        match &field.kind {
            FieldKind::Value { id, value, .. } => {
                let of = ident(&self.ir.dictionary.field(*id).name);
                match value {
                    ValueKind::Plain(representation) => plain_type(krate, *representation, lifetime),
                    ValueKind::Enum => quote!(#scope fields::#of),
                    ValueKind::Multiple => quote!(#krate::MultipleValue<#lifetime, #scope fields::#of>),
                }
            }
            FieldKind::Group { block, .. } => {
                let of = ident(&self.ir.blocks[*block].name);
                quote!(::std::vec::Vec<#blocks #of<#lifetime>>)
            }
            FieldKind::Component { block } => {
                let of = ident(&self.ir.blocks[*block].name);
                if borrows(self.ir, &self.ir.blocks[*block].body) {
                    quote!(#blocks #of<#lifetime>)
                } else {
                    quote!(#blocks #of)
                }
            }
        }
    }

    /// The value of a field, owned.
    fn owning(&self, field: &FieldIr, value: &TokenStream) -> TokenStream {
        let each = match &field.kind {
            FieldKind::Value { value: of, .. } => match of {
                ValueKind::Plain(Representation::Text | Representation::Data) | ValueKind::Multiple => {
                    quote!(value.into_owned())
                }
                _ => return value.clone(),
            },
            FieldKind::Group { block, .. } => {
                let of = ident(&self.ir.blocks[*block].name);
                let blocks = &self.blocks;
                quote!(::core::iter::Iterator::collect(::core::iter::Iterator::map(
                    ::core::iter::IntoIterator::into_iter(value), #blocks #of::into_owned
                )))
            }
            FieldKind::Component { .. } => quote!(value.into_owned()),
        };
        if field.required {
            quote!({ let value = #value; #each })
        } else {
            quote!(match #value {
                ::core::option::Option::Some(value) => ::core::option::Option::Some(#each),
                ::core::option::Option::None => ::core::option::Option::None,
            })
        }
    }
}
