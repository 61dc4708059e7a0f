//! What changed between two states of a dictionary, and what that means for a client.

mod compare;
#[cfg(test)]
mod every_attribute;
mod render;
#[cfg(test)]
mod tests;

use std::fmt;

/// What a change means for a program that was written against the old dictionary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Impact {
    /// It does not concern this side.
    None,
    /// Nothing on the wire changes.
    Cosmetic,
    /// There is something new, which a tolerant program can leave alone.
    Additive,
    /// What was right before may now be refused, misread or missing.
    Breaking,
}

/// What a change is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Subject {
    /// A tag, or a MsgType (35), that now names something else.
    TagReuse,
    /// The dialect as a whole: begin string, sessions.
    Dialect,
    /// A message came, went or changed its name or layer.
    Message,
    /// The sessions on which a message is sent.
    Session,
    /// A field or component of a message came, went or became something else.
    Member,
    /// A group came, went, is delimited otherwise, or has another number of entries.
    Group,
    /// The order of members.
    Order,
    /// Whether a member must be there, must not, or may be empty.
    Presence,
    /// A field's definition came or went.
    Field,
    /// A field's type, unit, length, range or step.
    Type,
    /// A field's listed values, or those that are allowed in one place.
    Value,
    /// A remark for people.
    Note,
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// What it is in: `NewOrderSingle`, `ExecutionReport/NoMiscFees`, `Side (54)`.
    pub place: String,
    /// The further places with the very same change: a component's, wherever it is used.
    pub also: Vec<String>,
    /// What changed, in words.
    pub what: String,
    /// What it means for a client that receives.
    pub receive: Impact,
    /// What it means for a client that sends.
    pub send: Impact,
}

/// Everything that changed between two states of a dictionary.
///
/// ```
/// use fix_dialect::dictionary::{Dictionary, Diff, Impact};
///
/// let old = "<fix type='FIX' major='4' minor='4'>
///   <messages><message name='Order' msgtype='D' msgcat='app'><field name='Side' required='Y'/></message></messages>
///   <fields><field number='54' name='Side' type='CHAR'><value enum='1' description='BUY'/></field></fields>
/// </fix>";
/// let new = old.replace("description='BUY'/>", "description='BUY'/><value enum='2' description='SELL'/>");
///
/// let diff = Diff::new(&Dictionary::parse(old, "old.xml")?, &Dictionary::parse(&new, "new.xml")?);
/// assert_eq!(diff.receive(), Impact::Additive);
/// assert_eq!(diff.changes()[0].to_string(), "Side (54): value 2 is new: SELL");
/// # Ok::<(), fix_dialect::dictionary::Faults>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diff {
    changes: Vec<Change>,
}

impl Diff {
    /// Every change, tags that are used again first, then the gravest.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The gravest impact on a client that receives; [`Impact::None`] when nothing changed for it.
    #[must_use]
    pub fn receive(&self) -> Impact {
        self.changes
            .iter()
            .map(|change| change.receive)
            .max()
            .unwrap_or(Impact::None)
    }

    /// The gravest impact on a client that sends; [`Impact::None`] when nothing changed for it.
    #[must_use]
    pub fn send(&self) -> Impact {
        self.changes
            .iter()
            .map(|change| change.send)
            .max()
            .unwrap_or(Impact::None)
    }

    /// The changes of tags and message types that now name something else: data of one meaning under the number of
    /// another is read without an error.
    pub fn reused(&self) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(|change| change.subject == Subject::TagReuse)
    }

    /// One sentence: what the new dictionary means for a client that was written against the old one.
    #[must_use]
    pub fn verdict(&self) -> String {
        if self.changes.is_empty() {
            return "The two dictionaries mean the same.".to_owned();
        }
        let reused = self.reused().count();
        let warning = match reused {
            0 => String::new(),
            1 => " One number now names something else: read that change first.".to_owned(),
            many => format!(" {many} numbers now name something else: read those changes first."),
        };
        format!(
            "For a client that receives: {}. For a client that sends: {}.{warning}",
            self.receive(),
            self.send()
        )
    }
}

impl Change {
    /// The graver of the two impacts.
    #[must_use]
    pub fn impact(&self) -> Impact {
        self.receive.max(self.send)
    }
}

/// The place and what changed.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        match &self.also[..] {
            [] => {}
            [other] => write!(f, " and {other}")?,
            others if others.len() <= 3 => write!(f, ", {}", others.join(", "))?,
            others => write!(f, " and {} more", others.len())?,
        }
        write!(f, ": {}", self.what)
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Impact::None => "no change",
            Impact::Cosmetic => "cosmetic",
            Impact::Additive => "additive",
            Impact::Breaking => "breaking",
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Subject::TagReuse => "tag reuse",
            Subject::Dialect => "dialect",
            Subject::Message => "message",
            Subject::Session => "session",
            Subject::Member => "member",
            Subject::Group => "group",
            Subject::Order => "order",
            Subject::Presence => "presence",
            Subject::Field => "field",
            Subject::Type => "type",
            Subject::Value => "value",
            Subject::Note => "note",
        })
    }
}
