//! What a dictionary says, with every name resolved.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::condition::{Condition, Side};
use super::fault::Fault;
use super::position::Position;
use super::value_rule::ValueRule;
use crate::{FieldType, Prices};

/// Whether a dictionary describes a whole FIX version, or the session layer of FIXT.
///
/// A combined dictionary of both layers (as Kalshi publishes it) calls itself `FIXT` too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DictionaryKind {
    /// `type='FIX'`: begin string `FIX.major.minor`.
    Fix,
    /// `type='FIXT'`: begin string `FIXT.major.minor`.
    Fixt,
}

/// The place of a field's definition in [`Dictionary::fields`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FieldId(pub(super) usize);

impl FieldId {
    /// The index into [`Dictionary::fields`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// The place of a component's definition in [`Dictionary::components`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ComponentId(pub(super) usize);

impl ComponentId {
    /// The index into [`Dictionary::components`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A loaded dictionary: every name in it is known, every tag is defined once, no component contains itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dictionary {
    /// Whether it describes a FIX version or FIXT.
    pub kind: DictionaryKind,
    /// The major version of the begin string.
    pub major: u32,
    /// The minor version of the begin string.
    pub minor: u32,
    /// The service pack (2 in FIX 5.0 SP2).
    pub service_pack: u32,
    /// `x-dialect`: the name of the dialect.
    pub dialect: Option<String>,
    /// `x-version`: the state of the dictionary, as its author counts.
    pub version: Option<String>,
    /// `x-sessions`: the sessions of the dialect; without the attribute, all that any message names, in that order.
    pub sessions: Vec<String>,
    /// The standard header.
    pub header: Vec<Member>,
    /// The standard trailer.
    pub trailer: Vec<Member>,
    /// The messages, in the order of the file.
    pub messages: Vec<Message>,
    /// The components, in the order of the file.
    pub components: Vec<Component>,
    /// The field definitions, in the order of the file.
    pub fields: Vec<FieldDefinition>,
    /// What is doubtful in the dictionary, in the order of the file.
    pub warnings: Vec<Fault>,
    pub(super) index: Index,
}

/// A message's definition.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Message {
    /// The name, such as `NewOrderSingle`.
    pub name: String,
    /// The value of MsgType (35), such as `D`.
    pub msg_type: String,
    /// Which layer the message belongs to.
    pub category: Category,
    /// `x-family`: the group of messages it belongs to, such as `order-entry`.
    pub family: Option<String>,
    /// `x-client`: the sessions on which the client sends it.
    pub client: Sessions,
    /// `x-exchange`: the sessions on which the exchange sends it.
    pub exchange: Sessions,
    /// The body, in the order of the file.
    pub members: Vec<Member>,
    /// `x-note`: a remark for people.
    pub note: Option<String>,
    /// Where the message is defined.
    pub position: Position,
}

/// `msgcat`: the layer that a message belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Category {
    /// A message of the session layer.
    Admin,
    /// A message of the application layer.
    App,
}

/// On which sessions one side sends a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Sessions {
    /// The dictionary states it for neither side of this message.
    #[default]
    Unstated,
    /// On every session of the dialect.
    All,
    /// On these sessions; on none, when the list is empty.
    Listed(Vec<String>),
}

impl Sessions {
    /// Whether the message is stated to be sent on `session`.
    #[must_use]
    pub fn includes(&self, session: &str) -> bool {
        match self {
            Sessions::Unstated => false,
            Sessions::All => true,
            Sessions::Listed(names) => names.iter().any(|name| name == session),
        }
    }
}

/// A component's definition: members that several messages share.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Component {
    /// The name, such as `Parties`.
    pub name: String,
    /// The members, in the order of the file.
    pub members: Vec<Member>,
    /// `x-note`: a remark for people.
    pub note: Option<String>,
    /// Where the component is defined.
    pub position: Position,
}

/// One member of a message, of a component, of a group's entry, of the header or of the trailer.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Member {
    /// The name of the field, of the group's counting field, or of the component.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// `required`: whether it must be there.
    pub presence: Presence,
    /// `x-empty`: whether the field may be there without a value.
    pub may_be_empty: bool,
    /// `x-when`: the condition under which a member that is not [`Presence::Required`] must be there.
    pub when: Option<Condition>,
    /// `x-never`: the condition under which the member must not be there.
    pub never: Option<Condition>,
    /// `x-value`: what the field's value must be in this place.
    pub values: Vec<ValueRule>,
    /// `x-note`: a remark for people.
    pub note: Option<String>,
    /// Where it stands: the value of its `name`.
    pub position: Position,
}

/// What a member is.
#[derive(Clone, PartialEq, Debug)]
pub enum MemberKind {
    /// A field.
    Field(FieldId),
    /// A repeating group.
    Group(Group),
    /// All members of a component, in this place.
    Component(ComponentId),
}

/// A repeating group.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Group {
    /// The field that counts the entries, such as NoPartyIDs (453).
    pub count: FieldId,
    /// `x-entry`: the name of one entry, such as `Party`.
    pub entry: Option<String>,
    /// `x-delimiter='any'`: whichever member comes first on the wire starts each entry, rather than the first member
    /// of the definition.
    pub any_delimiter: bool,
    /// `x-min-entries`: the least number of entries.
    pub min_entries: Option<u32>,
    /// `x-max-entries`: the greatest number of entries.
    pub max_entries: Option<u32>,
    /// The members of an entry, in the order of the file; never empty.
    pub members: Vec<Member>,
}

/// `required`: whether a member must be there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Presence {
    /// `Y`: always.
    Required,
    /// `N`: not always; [`Member::when`] may say when.
    Optional,
    /// `C`: sometimes, by a rule that stands outside the dictionary. Kalshi's published dictionary has it; the
    /// QuickFIX format knows `Y` and `N` only.
    Conditional,
}

/// A field's definition.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct FieldDefinition {
    /// The tag; never 0.
    pub tag: u32,
    /// The name, such as `ClOrdID`.
    pub name: String,
    /// The data type.
    pub field_type: FieldType,
    /// The enumerated values, in the order of the file; empty when the field is free.
    pub values: Vec<Value>,
    /// `x-unit`: what a number counts, such as `dollars` or `seconds`.
    pub unit: Option<String>,
    /// The field that tells the number of bytes of this one, of type `DATA` or `XMLDATA`: `x-length`, or else the field
    /// of type `LENGTH` whose name is this one's with `Length` or `Len` after it.
    pub length_field: Option<FieldId>,
    /// `x-secret`: whether the value must never be shown.
    pub secret: bool,
    /// `x-max-length`: the greatest number of bytes.
    pub max_length: Option<usize>,
    /// `x-min`: the least number.
    pub min: Option<Decimal>,
    /// `x-max`: the greatest number.
    pub max: Option<Decimal>,
    /// `x-step`: what the number must be a multiple of.
    pub step: Option<Decimal>,
    /// `x-note`: a remark for people.
    pub note: Option<String>,
    /// Where the field is defined.
    pub position: Position,
}

/// One of a field's enumerated values.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Value {
    /// `enum`: the value on the wire.
    pub wire: String,
    /// `description` (or `label`): the dictionary's own name, such as `PARTIALLY_FILLED`; empty when it has none.
    pub description: String,
    /// `x-name`: the name to use instead, such as `PartiallyFilled`.
    pub name: Option<String>,
    /// `x-alias`: further names.
    pub aliases: Vec<String>,
    /// `x-note`: a remark for people.
    pub note: Option<String>,
    /// Where the value is defined.
    pub position: Position,
}

/// Look-up tables over the names of a dictionary.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    pub(super) fields_by_name: HashMap<String, FieldId>,
    pub(super) fields_by_tag: HashMap<u32, FieldId>,
    pub(super) components_by_name: HashMap<String, ComponentId>,
    pub(super) messages_by_name: HashMap<String, usize>,
    pub(super) messages_by_type: HashMap<String, usize>,
}

impl Dictionary {
    /// The begin string of the dialect's frames, such as `FIXT.1.1` or `FIX.4.4`.
    ///
    /// For an application dictionary of FIX 5.0 and later it is that of a dictionary that no frame carries: those
    /// travel over FIXT.1.1.
    #[must_use]
    pub fn begin_string(&self) -> String {
        let kind = match self.kind {
            DictionaryKind::Fix => "FIX",
            DictionaryKind::Fixt => "FIXT",
        };
        format!("{kind}.{}.{}", self.major, self.minor)
    }

    /// The definition behind a field id of this dictionary.
    ///
    /// # Panics
    /// When the id is another dictionary's and this one is smaller.
    #[must_use]
    pub fn field(&self, id: FieldId) -> &FieldDefinition {
        &self.fields[id.0]
    }

    /// The definition behind a component id of this dictionary.
    ///
    /// # Panics
    /// When the id is another dictionary's and this one is smaller.
    #[must_use]
    pub fn component(&self, id: ComponentId) -> &Component {
        &self.components[id.0]
    }

    /// The field with this name.
    #[must_use]
    pub fn field_by_name(&self, name: &str) -> Option<FieldId> {
        self.index.fields_by_name.get(name).copied()
    }

    /// The field with this tag.
    #[must_use]
    pub fn field_by_tag(&self, tag: u32) -> Option<FieldId> {
        self.index.fields_by_tag.get(&tag).copied()
    }

    /// The component with this name.
    #[must_use]
    pub fn component_by_name(&self, name: &str) -> Option<ComponentId> {
        self.index.components_by_name.get(name).copied()
    }

    /// The message with this name.
    #[must_use]
    pub fn message_by_name(&self, name: &str) -> Option<&Message> {
        self.index
            .messages_by_name
            .get(name)
            .map(|&index| &self.messages[index])
    }

    /// The message with this value of MsgType (35).
    #[must_use]
    pub fn message_by_type(&self, msg_type: &str) -> Option<&Message> {
        self.index
            .messages_by_type
            .get(msg_type)
            .map(|&index| &self.messages[index])
    }

    /// A condition in the grammar of `x-when`, with single spaces between its words.
    #[must_use]
    pub fn condition_text(&self, condition: &Condition) -> String {
        let join = |parts: &[Condition], word: &str| {
            parts
                .iter()
                .map(|part| self.condition_text(part))
                .collect::<Vec<_>>()
                .join(word)
        };
        let name = |id: FieldId| &self.field(id).name;
        match condition {
            Condition::All(parts) => join(parts, " and "),
            Condition::Any(parts) => join(parts, " or "),
            Condition::Equals { field, value } => format!("{}={value}", name(*field)),
            Condition::Differs { field, value } => format!("{}!={value}", name(*field)),
            Condition::Present(field) => name(*field).clone(),
            Condition::Absent(field) => format!("!{}", name(*field)),
            Condition::SentBy(Side::Client) => "client".to_owned(),
            Condition::SentBy(Side::Exchange) => "exchange".to_owned(),
            Condition::Prices(Prices::Cents) => "cents".to_owned(),
            Condition::Prices(Prices::Dollars) => "dollars".to_owned(),
            Condition::OnSession(names) => format!("on:{}", names.join(",")),
            Condition::OffSession(names) => format!("!on:{}", names.join(",")),
        }
    }

    /// The first field of a list of members, components and groups included.
    ///
    /// Of a group's members it is the field that starts each entry, unless [`Group::any_delimiter`] is set.
    #[must_use]
    pub fn first_field(&self, members: &[Member]) -> Option<FieldId> {
        members.iter().find_map(|member| match &member.kind {
            MemberKind::Field(id) => Some(*id),
            MemberKind::Group(group) => Some(group.count),
            MemberKind::Component(id) => self.first_field(&self.component(*id).members),
        })
    }
}
