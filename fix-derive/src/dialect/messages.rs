//! Message structs, the enum over them, the dialect's implementation, and who sends what where.

use fix_dialect::dictionary::Category;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Path;

use super::blocks::{Struct, pool};
use super::ir::{BlockKind, Ir, MessageIr, sentence, session_names};
use super::types::has_groups;
use crate::names::ident;

pub(super) fn generate(krate: &Path, marker: &Ident, ir: &Ir<'_>) -> TokenStream {
    let structs = ir
        .messages
        .iter()
        .map(|message| generate_message(krate, marker, ir, message));
    let sum = generate_enum(krate, marker, ir);
    let dialect = generate_dialect(krate, marker, ir);
    let sessions = generate_sessions(krate, marker, ir);
    quote!(#(#structs)* #sum #dialect #sessions)
}

fn generate_message(krate: &Path, marker: &Ident, ir: &Ir<'_>, message: &MessageIr<'_>) -> TokenStream {
    let source = message.source;
    let name = ident(&source.name);
    let all = &ir.dictionary.sessions;
    let mut docs = vec![format!("{} (`{}`).", source.name, source.msg_type)];
    let sides = [("client", &source.client), ("exchange", &source.exchange)];
    for (side, sessions) in sides {
        let sessions = session_names(sessions, all);
        if !sessions.is_empty() {
            docs.push(String::new());
            docs.push(format!("Sent by the {side} on {}.", sessions.join(", ")));
        }
    }
    if let Some(note) = &source.note {
        docs.push(String::new());
        docs.push(sentence(note));
    }
    let item = Struct {
        krate,
        ir,
        name: name.clone(),
        docs,
        body: &message.body,
        unknown: true,
        scope: TokenStream::new(),
        blocks: quote!(groups::),
    };
    let structure = item.declare();
    let implementation = item.implement();
    let msg_type = &source.msg_type;
    let default = message.body.fields.iter().all(|field| !field.required).then(|| {
        quote! {
            impl ::core::default::Default for #name<'_> {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    });
    let markers = sides
        .into_iter()
        .zip([quote!(ClientSends), quote!(ExchangeSends)])
        .flat_map(|((_, on), sends)| {
            // The session engine alone sends the messages of the session layer.
            let sessions = if source.category == Category::Admin {
                Vec::new()
            } else {
                session_names(on, all)
            };
            let name = &name;
            sessions.into_iter().map(move |session| {
                let session = ident(&session);
                quote!(impl #krate::#sends<sessions::#session> for #name<'_> {})
            })
        });
    quote! {
        #structure
        #implementation
        #default

        impl #name<'_> {
            /// MsgType (35).
            pub const MSG_TYPE: &'static str = #msg_type;

            /// Applies the dictionary's rules and returns every violation.
            ///
            /// # Errors
            ///
            /// When a value cannot be encoded at all.
            pub fn validate(&self) -> ::core::result::Result<::std::vec::Vec<#krate::Violation>, #krate::EncodeError> {
                #krate::validate::<#marker, Self>(self)
            }
        }

        impl #krate::EncodeBody for #name<'_> {
            #[inline]
            fn msg_type(&self) -> &[u8] {
                Self::MSG_TYPE.as_bytes()
            }

            #[inline]
            fn encode_body(&self, out: &mut #krate::BodyWriter) {
                self.write(out);
            }

            fn named_by(&self) -> ::core::option::Option<&'static #krate::tables::Tables> {
                ::core::option::Option::Some(&__tables::TABLES)
            }
        }

        #(#markers)*
    }
}

fn generate_enum(krate: &Path, marker: &Ident, ir: &Ir<'_>) -> TokenStream {
    let names: Vec<_> = ir
        .messages
        .iter()
        .map(|message| ident(&message.source.name))
        .collect();
    let docs = ir
        .messages
        .iter()
        .map(|message| format!("`{}` on the wire.", message.source.msg_type));
    let text = format!("Any message of [`{marker}`].");
    quote! {
        #[doc = #text]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "a box would cost an allocation a message")]
        pub enum Message<'a> {
            #(#[doc = #docs] #names(#names<'a>),)*
        }

        #(
            impl<'a> ::core::convert::From<#names<'a>> for Message<'a> {
                fn from(message: #names<'a>) -> Self {
                    Self::#names(message)
                }
            }
        )*

        impl #krate::EncodeBody for Message<'_> {
            fn msg_type(&self) -> &[u8] {
                match self {
                    #(Self::#names(_) => #names::MSG_TYPE.as_bytes(),)*
                }
            }

            fn encode_body(&self, out: &mut #krate::BodyWriter) {
                match self {
                    #(Self::#names(message) => message.write(out),)*
                }
            }

            fn named_by(&self) -> ::core::option::Option<&'static #krate::tables::Tables> {
                ::core::option::Option::Some(&__tables::TABLES)
            }
        }

        impl<'a> #krate::Message<'a> for Message<'a> {
            type Owned = Message<'static>;

            fn into_owned(self) -> Message<'static> {
                match self {
                    #(Self::#names(message) => Message::#names(message.into_owned()),)*
                }
            }
        }
    }
}

fn generate_dialect(krate: &Path, marker: &Ident, ir: &Ir<'_>) -> TokenStream {
    let names: Vec<_> = ir
        .messages
        .iter()
        .map(|message| ident(&message.source.name))
        .collect();
    let ordinals = 0..names.len();
    let groups: Vec<_> = ir
        .blocks
        .iter()
        .filter(|block| matches!(block.kind, BlockKind::Group(_)))
        .collect();
    let pools = groups.iter().map(|block| pool(block));
    let entries = groups.iter().map(|block| ident(&block.name));
    let with_groups = ir.messages.iter().filter(|message| has_groups(ir, &message.body));
    let with_groups = with_groups.map(|message| ident(&message.source.name));
    quote! {
        /// Room for the entries of groups, lent to one message after another.
        #[doc(hidden)]
        #[derive(::core::default::Default, ::core::fmt::Debug)]
        pub struct Storage {
            #(#pools: #krate::Pool<groups::#entries<'static>>,)*
        }

        impl #krate::Dialect for #marker {
            type Message<'a> = Message<'a>;
            type Storage = Storage;

            const TABLES: &'static #krate::tables::Tables = &__tables::TABLES;

            #[inline]
            fn build<'a>(
                ordinal: usize,
                slots: &mut #krate::Slots<'_, 'a, Storage>,
                place: &mut ::core::option::Option<Message<'a>>,
            ) -> ::core::result::Result<(), #krate::Refused> {
                match ordinal {
                    #(
                        #ordinals => slots.message(place, Message::#names, |message| match message {
                            Message::#names(message) => ::core::option::Option::Some(message),
                            _ => ::core::option::Option::None,
                        }),
                    )*
                    _ => ::core::result::Result::Err(#krate::Refused),
                }
            }

            #[inline]
            fn recycle(message: &mut Message<'_>, storage: &mut Storage) {
                match message {
                    #(Message::#with_groups(message) => #krate::Recycle::recycle(message, storage),)*
                    _ => {}
                }
            }
        }
    }
}

fn generate_sessions(krate: &Path, marker: &Ident, ir: &Ir<'_>) -> TokenStream {
    let names: Vec<_> = ir
        .dictionary
        .sessions
        .iter()
        .map(|session| ident(session))
        .collect();
    let texts = ir
        .dictionary
        .sessions
        .iter()
        .map(|session| format!("The session {session}."));
    let strings = &ir.dictionary.sessions;
    quote! {
        /// The sessions of the dialect, as types.
        pub mod sessions {
            #(
                #[doc = #texts]
                #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::default::Default)]
                pub struct #names;

                impl #krate::Session for #names {
                    type Dialect = super::#marker;
                    const NAME: &'static str = #strings;
                }
            )*
        }
    }
}
