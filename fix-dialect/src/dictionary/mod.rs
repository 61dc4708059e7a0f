//! Data dictionaries in the QuickFIX XML format: loading, with every fault told at once and in its place.
//!
//! ```
//! use fix_dialect::dictionary::{Dictionary, Severity};
//!
//! let source = "<fix type='FIX' major='4' minor='4'>
//!   <messages>
//!     <message name='Order' msgtype='D' msgcat='app'>
//!       <field name='Sidee' required='Y'/>
//!     </message>
//!   </messages>
//!   <fields>
//!     <field number='54' name='Side' type='CHAR'/>
//!   </fields>
//! </fix>";
//!
//! let faults = Dictionary::parse(source, "spec/example.xml").unwrap_err();
//! assert_eq!(
//!     faults.to_string(),
//!     "spec/example.xml:4:20: no field named \"Sidee\"; did you mean `Side`?",
//! );
//!
//! let dictionary = Dictionary::parse(&source.replace("Sidee", "Side"), "spec/example.xml").unwrap();
//! let order = dictionary.message_by_type("D").unwrap();
//! assert_eq!(order.name, "Order");
//! assert_eq!(order.members[0].name, "Side");
//! ```

mod attributes;
mod check;
mod condition;
mod definitions;
mod diff;
mod fault;
mod members;
mod merge;
mod model;
mod overlay;
mod position;
mod read;
mod remap;
mod run_time;
mod subset;
mod suggest;
mod value_rule;
mod words;
mod xml;

pub use self::condition::{Condition, Side};
pub use self::diff::{Change, Diff, Impact, Subject};
pub use self::fault::{Fault, Faults, Severity};
pub use self::merge::MergeError;
pub use self::model::{
    Category, Component, ComponentId, Dictionary, DictionaryKind, FieldDefinition, FieldId, Group, Member,
    MemberKind, Message, Presence, Sessions, Value,
};
pub use self::position::Position;
pub use self::read::LoadError;
pub use self::subset::UnknownMessage;
pub use self::suggest::nearest;
pub use self::value_rule::ValueRule;

#[cfg(test)]
mod tests;
