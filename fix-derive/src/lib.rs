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
/// - `overlay = "path"`: a file in the same format that is laid over the dictionary, so that the venue's file can stay as
///   downloaded. It adds or overrides fields, values, components, messages and their members, each by its name, and
///   leaves out whatever it does not change.
/// - `transport = "path"`: the dictionary of the session layer under an application dictionary, such as `FIXT11.xml` under
///   `FIX50SP2.xml`. The dialect has the transport's begin string, header and trailer, and the messages of both.
/// - `messages = "D, 8, OrderCancelRequest"`: only these messages, by MsgType (35) or by name, with the groups, components
///   and enums that they reach, and with all messages of the session layer. A standard dictionary has a hundred
///   messages; a program that speaks ten need not compile the others. What arrives of a type that was left out is
///   an unknown message (its raw form is there), and a tag that only such messages have is an undefined one.
/// - `crate = "path"`: where `fix_dialect` is reachable; `::fix_dialect` by default.
///
/// Every fault of the dictionary is a compile error at the attribute that begins with `file:line:column`.
#[proc_macro_derive(Dialect, attributes(fix))]
pub fn derive_dialect(input: TokenStream) -> TokenStream {
    dialect::derive(input.into()).into()
}

/// Makes a struct a message of one's own: it implements `FixMessage` and `EncodeBody` of the runtime.
///
/// ```ignore
/// #[derive(FixMessage)]
/// #[fix(msg_type = "U77")]
/// struct Instruction<'a> {
///     #[fix(tag = 11)]
///     cl_ord_id: Text<'a>,
///     #[fix(tag = 20001)]
///     urgency: Option<Urgency>,          // an enum with `#[derive(FixEnum)]`
///     #[fix(tag = 20010)]
///     legs: Vec<Leg<'a>>,                // a group, counted by tag 20010; `Leg` has `#[derive(FixGroup)]`
///     #[fix(tag = 355, length = 354)]
///     text: Option<Vec<u8>>,             // DATA, behind its length
///     #[fix(unknown)]
///     unknown: Unknown<'a>,              // what has no field here; without this, it is dropped
/// }
/// ```
///
/// The fields are written in the order of the struct, and the unknown ones in front of the first group, whose last
/// entry would take them, or else at the end. An `Option` is an optional field, a `Vec` of anything but `u8` a repeating
/// group. What else a field may be is what implements `FieldValue`. DATA of private tags that contains SOH can be read by
/// the message itself, and not by the raw layer, which knows the length fields of the standard alone.
///
/// Keys of `#[fix(…)]` on the struct:
///
/// - `msg_type = "…"` (required): MsgType (35).
/// - `dictionary = "path"`: holds the message against a dictionary. The tag of a field may be left out then, and is that
///   of the dictionary's field with the same name (`cl_ord_id` → ClOrdID, `party_ids` → NoPartyIDs); tags, types, enum
///   values and requiredness must agree, and the tables take the dictionary's names and rules over. Tags that the
///   dictionary does not define are private, and allowed. A MsgType that it does not have may use its fields.
/// - `overlay = "path"`: a file with what the dictionary lacks, as for `#[derive(Dialect)]`.
/// - `client = "path"`, `exchange = "path"`, any number of times: the session types on which that side sends the message,
///   such as `prediction::sessions::NR`.
/// - `crate = "path"`: where `fix_dialect` is reachable; `::fix_dialect` by default.
#[proc_macro_derive(FixMessage, attributes(fix))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    custom::derive_message(input.into()).into()
}

/// Makes a struct the entry of a repeating group: it implements `FixGroup` of the runtime.
///
/// The first field begins each entry on the wire, and must be a required value. Fields are declared as in a
/// `FixMessage`, whose `Vec` of the struct is the group; entries may have groups of their own.
///
/// Keys of `#[fix(…)]` on the struct: `crate`, `dictionary` and `overlay` as for `FixMessage`, and `group = "NoPartyIDs"`,
/// the group of the dictionary whose members the fields must be.
#[proc_macro_derive(FixGroup, attributes(fix))]
pub fn derive_group(input: TokenStream) -> TokenStream {
    custom::derive_group(input.into()).into()
}

/// Makes an enum the values of a field: it implements `Enumeration` and `FieldValue` of the runtime.
///
/// ```ignore
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
/// enum Urgency {
///     #[fix(value = '1')]
///     Low,
///     #[fix(value = '2')]
///     High,
///     Other(Unlisted<Self>),
/// }
/// ```
///
/// Values are characters (CHAR), numbers (INT) or texts (STRING), all of one kind. The last variant, whatever its name,
/// keeps the values that the peer sends and the enum does not list; it cannot be made of one that is listed. The enum
/// needs `Clone`, `PartialEq`, `Eq` and `Debug`. The key `crate` on the enum is that of the other derives.
#[proc_macro_derive(FixEnum, attributes(fix))]
pub fn derive_enum(input: TokenStream) -> TokenStream {
    custom::enums::derive(input.into()).into()
}
