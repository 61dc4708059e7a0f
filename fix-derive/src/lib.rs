#![doc = include_str!("../README.md")]
//!
//! The pages: [`FixMessage`](derive@FixMessage), [`FixGroup`](derive@FixGroup) and [`FixEnum`](derive@FixEnum) for messages of
//! one's own, [`Dialect`](derive@Dialect) for dictionaries.

mod attribute;
mod custom;
mod dialect;
mod errors;
mod keys;
mod locate;
mod names;
mod runtime;
mod source;

use proc_macro::TokenStream;

use runtime::Runtime;

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
/// - `crate = "path"`: where the runtime is reachable. By default `::fix_dialect`, and for the derives of `kalshi_fix` (`use
///   kalshi_fix::FixMessage`) `::kalshi_fix::dialect`; a crate that has them under another name states it. "cannot find
///   `fix_dialect`" (E0433) means that this key is missing, or that the derive is not taken from `kalshi_fix`.
///
/// Every fault of the dictionary is a compile error at the attribute that begins with `file:line:column`.
///
/// # An overlay
///
/// The venue's file stays as it was downloaded; what one user adds, here a message and a private field, is a file beside it:
///
#[doc = concat!("```xml\n", include_str!("../tests/dictionaries/orders-overlay.xml"), "```")]
///
/// ```
/// mod venue {
///     use fix_derive::Dialect;
///
///     #[derive(Dialect)]
///     #[fix(dictionary = "tests/dictionaries/orders.xml", overlay = "tests/dictionaries/orders-overlay.xml")]
///     pub struct Venue;
/// }
///
/// let probe = venue::Probe::new(venue::fields::Side::Buy, "rates");
/// assert!(probe.validate()?.is_empty());
/// # Ok::<(), fix_dialect::EncodeError>(())
/// ```
#[proc_macro_derive(Dialect, attributes(fix))]
pub fn derive_dialect(input: TokenStream) -> TokenStream {
    dialect::derive(Runtime::FixDialect, input.into()).into()
}

/// [`Dialect`](derive@Dialect) as `kalshi-fix` has it, under that name: the runtime is `::kalshi_fix::dialect`, so that a crate
/// which depends on `kalshi-fix` alone needs no key `crate`.
#[proc_macro_derive(KalshiFixDialect, attributes(fix))]
pub fn derive_kalshi_fix_dialect(input: TokenStream) -> TokenStream {
    dialect::derive(Runtime::KalshiFix, input.into()).into()
}

/// Makes a struct a message of one's own: it implements `FixMessage`, `EncodeBody` and, where its fields can be owned,
/// `IntoOwned` of the runtime.
///
/// ```
/// use fix_derive::{FixEnum, FixGroup, FixMessage};
/// use fix_dialect::{Decimal, FixMessage as _, Text, Unknown, Unlisted};
///
/// #[derive(Debug, Clone, PartialEq, FixMessage)]
/// #[fix(msg_type = "U77")]
/// struct Instruction<'a> {
///     #[fix(tag = 11)]
///     cl_ord_id: Text<'a>,
///     #[fix(tag = 20001)]
///     urgency: Option<Urgency>,
///     // DATA, behind its length.
///     #[fix(tag = 355, length = 354)]
///     text: Option<Vec<u8>>,
///     // A group, counted by tag 20010.
///     #[fix(tag = 20010)]
///     legs: Vec<Leg<'a>>,
///     // What has no field here; without this, it is dropped.
///     #[fix(unknown)]
///     unknown: Unknown<'a>,
/// }
///
/// #[derive(Debug, Clone, PartialEq, FixGroup)]
/// struct Leg<'a> {
///     #[fix(tag = 20011)]
///     symbol: Text<'a>,
///     #[fix(tag = 20012)]
///     ratio: Option<Decimal>,
/// }
///
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
/// enum Urgency {
///     #[fix(value = '1')]
///     Low,
///     #[fix(value = '2')]
///     High,
///     Other(Unlisted<Self>),
/// }
///
/// # use fix_dialect::{CustomDecoder, Encoder, IntoOwned, Printer, SessionHeader, Timestamp, Validator};
/// # let header = SessionHeader::new("FIXT.1.1", "me", "you")?;
/// # let now = Timestamp::from_unix_nanos(0);
/// let legs = vec![Leg { symbol: "A".into(), ratio: None }];
/// let message = Instruction {
///     cl_ord_id: "1".into(), urgency: Some(Urgency::High), text: Some(b"a\x01b".to_vec()), legs, unknown: Unknown::new(),
/// };
/// assert!(message.validate()?.is_empty());
///
/// let mut encoder = Encoder::new();
/// let frame = encoder.encode(&header, 1, now, &message)?;
/// let decoded = CustomDecoder::new().decode::<Instruction>(frame).unwrap();
/// assert_eq!(decoded.message, message);
///
/// // By its tables it is printed, and validated where it is a frame still.
/// let tables = Instruction::tables();
/// assert!(Printer::new(tables).to_string(frame, &[]).contains("20001  Urgency               2  High"));
/// assert!(Validator::new(tables).validate(frame).unwrap().is_empty());
///
/// // Kept beyond the frame.
/// let kept: Instruction<'static> = decoded.into_message().into_owned();
/// # Ok::<(), fix_dialect::EncodeError>(())
/// ```
///
/// # Fields
///
/// The fields are written in the order of the struct, and the unknown ones in front of the first group, whose last
/// entry would take them, or else at the end. Put private fields in front of the groups too: who does not know their tags
/// takes them for fields of the last entry. An `Option` is an optional field, a `Vec` of anything but `u8` a repeating
/// group. What else a field may be is what implements `FieldValue`: text, bytes, integers, `Decimal`, `bool`, `char`,
/// times, enums, `MultipleValue`, and any type of your own:
///
/// ```
/// use fix_derive::FixMessage;
/// use fix_dialect::{BodyWriter, Decimal, FieldType, FieldValue, FixMessage as _, Tag};
///
/// /// A price in ticks of a quarter.
/// #[derive(Debug, PartialEq)]
/// struct Ticks(i64);
///
/// impl FieldValue<'_> for Ticks {
///     // What the field is in tables, and held against a dialect; any type without this.
///     const FIELD_TYPE: Option<FieldType> = Some(FieldType::Price);
///
///     fn read(bytes: &[u8]) -> Option<Ticks> {
///         let quarters = fix_dialect::parse_decimal(bytes)?.checked_mul(Decimal::from(4))?;
///         quarters.is_integer().then(|| quarters.try_into().ok().map(Ticks))?
///     }
///
///     fn write(&self, tag: Tag, out: &mut BodyWriter) {
///         out.decimal_value(tag, Decimal::new(self.0 * 25, 2));
///     }
/// }
///
/// #[derive(FixMessage)]
/// #[fix(msg_type = "U79")]
/// struct Limit {
///     #[fix(tag = 44)]
///     price: Ticks,
/// }
///
/// assert!(Limit { price: Ticks(41) }.validate()?.is_empty());
/// # Ok::<(), fix_dialect::EncodeError>(())
/// ```
///
/// # Held against a dialect, or against a dictionary
///
/// With `dialect = Type`, or `dictionary = "path"`, the tag of a field may be left out, and is that of the field with the
/// same name (`cl_ord_id` → ClOrdID, `party_ids` → NoPartyIDs). Names, tags, types, enum values and presence must agree;
/// the entries of a group must have the group's members, in its order, the first in front. Tags that are not defined there
/// are private, and allowed; a MsgType that is not there may use the fields.
///
/// The tables are then the dialect's with the private fields added, so that the message is validated by the same rules,
/// conditions, steps and limits, also where they look at fields that the struct leaves out. Against a path, what the
/// dictionary defines for other messages alone is told as undefined, and not as no member.
///
/// ```
/// mod venue {
///     #[derive(fix_derive::Dialect)]
///     #[fix(dictionary = "tests/dictionaries/orders.xml")]
///     pub struct Venue;
/// }
///
/// use fix_derive::FixMessage;
/// use fix_dialect::{Decimal, FixMessage as _, Text};
///
/// #[derive(FixMessage)]
/// #[fix(msg_type = "D", dialect = venue::Venue)]
/// struct Order<'a> {
///     cl_ord_id: Text<'a>,      // ClOrdID (11)
///     side: venue::fields::Side,
///     price: Option<Decimal>,
///     #[fix(tag = 20001)]
///     strategy: Option<u32>,    // private
/// }
///
/// assert_eq!(Order::tables().field(11).unwrap().name, "ClOrdID");
/// ```
///
/// A dialect's type is compared by the compiler: such an error is an evaluation that panicked (E0080), at the field. DATA
/// needs its `length = …` there, which against a path is filled in.
///
/// # Keys of `#[fix(…)]` on the struct
///
/// - `msg_type = "…"` (required): MsgType (35).
/// - `dialect = path`: the type of a dialect, of any crate.
/// - `dictionary = "path"`: a dictionary, as for `#[derive(Dialect)]`. One of the two.
/// - `overlay = "path"`: a file with what the dictionary lacks, as for `#[derive(Dialect)]`.
/// - `client = "path"`, `exchange = "path"`, any number of times: the session types on which that side sends the message,
///   such as `prediction::sessions::NR`. Without one it is sent on none: sending it does not compile (`ClientSends`).
///   Held against a dialect that says who sends the message where, each must be one of those, and of that dialect.
/// - `crate = "path"`: where the runtime is reachable. By default `::fix_dialect`, and for the derives of `kalshi_fix` (`use
///   kalshi_fix::FixMessage`) `::kalshi_fix::dialect`; a crate that has them under another name states it. "cannot find
///   `fix_dialect`" (E0433) means that this key is missing, or that the derive is not taken from `kalshi_fix`.
///
/// # DATA of private tags
///
/// It may contain the delimiter. The message itself, its `Printer`, and a raw message that is told of the tables
/// (`RawMessage::parse_by`) cut it by its length; what knows of neither ends it at the delimiter.
#[proc_macro_derive(FixMessage, attributes(fix))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    custom::derive_message(Runtime::FixDialect, input.into()).into()
}

/// [`FixMessage`](derive@FixMessage) as `kalshi-fix` has it, under that name: the runtime is `::kalshi_fix::dialect`.
#[proc_macro_derive(KalshiFixMessage, attributes(fix))]
pub fn derive_kalshi_fix_message(input: TokenStream) -> TokenStream {
    custom::derive_message(Runtime::KalshiFix, input.into()).into()
}

/// Makes a struct the entry of a repeating group: it implements `FixGroup` of the runtime.
///
/// The first field begins each entry on the wire, and must be a required value. Fields are declared as in a
/// `FixMessage`, whose `Vec` of the struct is the group; entries may have groups of their own.
///
/// Keys of `#[fix(…)]` on the struct: `crate`, `dialect`, `dictionary` and `overlay` as for `FixMessage`, and
/// `group = "NoPartyIDs"`, the group whose members the fields must be. Where several messages define the group differently,
/// it is the definition that has most of the entry's fields.
///
/// ```
/// # mod venue {
/// #     #[derive(fix_derive::Dialect)]
/// #     #[fix(dictionary = "tests/dictionaries/orders.xml")]
/// #     pub struct Venue;
/// # }
/// use fix_derive::FixGroup;
/// use fix_dialect::Text;
///
/// #[derive(FixGroup)]
/// #[fix(dialect = venue::Venue, group = "NoPartyIDs")]
/// struct Party<'a> {
///     party_id: Text<'a>,
///     party_role: i64,
///     #[fix(tag = 20002)]
///     desk: Option<Text<'a>>, // private
/// }
/// ```
///
/// Entries of a group that may begin with any member (`x-delimiter='any'`) are read in whichever order they come, and the
/// struct may have its fields in any; written, each begins with the first field of the struct, which must be there in all
/// of them. The types of a dialect have no such first field, so that entries which begin differently, in one group, do not
/// come back as they were: the field that began the first begins each.
#[proc_macro_derive(FixGroup, attributes(fix))]
pub fn derive_group(input: TokenStream) -> TokenStream {
    custom::derive_group(Runtime::FixDialect, input.into()).into()
}

/// [`FixGroup`](derive@FixGroup) as `kalshi-fix` has it, under that name: the runtime is `::kalshi_fix::dialect`.
#[proc_macro_derive(KalshiFixGroup, attributes(fix))]
pub fn derive_kalshi_fix_group(input: TokenStream) -> TokenStream {
    custom::derive_group(Runtime::KalshiFix, input.into()).into()
}

/// Makes an enum the values of a field: it implements `Enumeration` and `FieldValue` of the runtime.
///
/// ```
/// use fix_derive::FixEnum;
/// use fix_dialect::Unlisted;
///
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
/// enum Urgency {
///     #[fix(value = '1')]
///     Low,
///     #[fix(value = '2')]
///     High,
///     Other(Unlisted<Self>),
/// }
///
/// assert!(Unlisted::<Urgency>::new(b'1').is_none());
/// ```
///
/// Values are characters (CHAR), numbers (INT) or texts (STRING), all of one kind. The last variant, whatever its name,
/// keeps the values that the peer sends and the enum does not list; it cannot be made of one that is listed. The enum
/// needs `Clone`, `PartialEq`, `Eq` and `Debug`. The key `crate` on the enum is that of the other derives.
#[proc_macro_derive(FixEnum, attributes(fix))]
pub fn derive_enum(input: TokenStream) -> TokenStream {
    custom::enums::derive(Runtime::FixDialect, input.into()).into()
}

/// [`FixEnum`](derive@FixEnum) as `kalshi-fix` has it, under that name: the runtime is `::kalshi_fix::dialect`.
#[proc_macro_derive(KalshiFixEnum, attributes(fix))]
pub fn derive_kalshi_fix_enum(input: TokenStream) -> TokenStream {
    custom::enums::derive(Runtime::KalshiFix, input.into()).into()
}
