//! Derive macros that turn a FIX data dictionary into typed messages.
//!
//! Used through `kalshi-fix` or next to `fix-dialect`, whose items the generated code refers to as `::fix_dialect`
//! unless `#[fix(crate = "path")]` says otherwise.

mod attribute;
mod custom;
mod dialect;
mod errors;
mod keys;
mod locate;
mod names;
mod source;

use proc_macro::TokenStream;

/// Generates a dialect from an XML data dictionary in the QuickFIX format.
///
/// ```
/// mod small {
///     use fix_derive::Dialect;
///
///     #[derive(Dialect)]
///     #[fix(dictionary = "tests/dictionaries/enums.xml")]
///     pub struct Small;
/// }
///
/// let order = small::Enums {
///     result: Some(small::fields::Result::YesOutcome),
///     ..small::Enums::new(small::fields::Side::Buy)
/// };
/// assert!(order.validate()?.is_empty());
/// # Ok::<(), fix_dialect::EncodeError>(())
/// ```
///
/// adds, beside the marker: one struct a message; `enum Message<'a>` with a variant a message; the module `fields` with
/// one enum an enumerated field; `groups` with one struct a group or component definition; and `sessions` with one
/// marker a session. One dialect a module, since the names are the dictionary's.
///
/// Keys of `#[fix(…)]`:
///
/// - `dictionary = "path"` (required): looked for below the package's directory, then beside the file that holds the
///   attribute. The package is built again when the file changes.
/// - `crate = "path"`: where `fix_dialect` is reachable; `::fix_dialect` by default.
///
/// Every fault of the dictionary is a compile error at the attribute that begins with `file:line:column`.
#[proc_macro_derive(Dialect, attributes(fix))]
pub fn derive_dialect(input: TokenStream) -> TokenStream {
    dialect::derive(input.into()).into()
}

/// Makes a struct a message of one's own. See `FixMessage` of the runtime for what that brings.
#[proc_macro_derive(FixMessage, attributes(fix))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    custom::derive_message(input.into()).into()
}

/// Makes a struct the entry of a repeating group in a message of one's own.
#[proc_macro_derive(FixGroup, attributes(fix))]
pub fn derive_group(input: TokenStream) -> TokenStream {
    custom::derive_group(input.into()).into()
}

/// Makes an enum the values of a field.
#[proc_macro_derive(FixEnum, attributes(fix))]
pub fn derive_enum(input: TokenStream) -> TokenStream {
    custom::enums::derive(input.into()).into()
}
