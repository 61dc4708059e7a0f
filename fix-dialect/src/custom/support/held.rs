//! A user's message held against a dialect, while the user's crate is compiled.

use super::members::{find_here, group_of, search};
use super::names::{by_rust_name, by_tag, nearest, tell};
use super::order::check_order;
use super::words::Words;
use super::{find, holds, is_standard, same};
use crate::FieldType;
use crate::tables::{FieldTable, GroupTable, MemberKind, MemberTable, MessageTable, Tables, ValueTable};

/// A dialect, and what of it a user's message or entry is.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// The dialect; `None` for a message that is held against none.
    pub(super) dialect: Option<&'static Tables>,
    /// The message of the dialect that has the MsgType (35).
    pub(super) message: Option<&'static MessageTable>,
    /// The group of the dialect with the count that the entry names.
    group: Option<&'static GroupTable>,
}

/// A field as the user declares it.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// The name in the struct.
    pub ident: &'static str,
    /// The tag, as stated or filled in; 0 when there is none to fill in.
    pub tag: u32,
    /// Whether the tag was stated.
    pub stated: bool,
    /// Whether it is an `Option`.
    pub optional: bool,
    /// Whether it is a group.
    pub group: bool,
    /// The stated tag of its length.
    pub length: Option<u32>,
}

/// What the compiler knows of a field's type.
#[derive(Debug, Clone, Copy)]
pub enum Contents {
    /// A value: [`FieldValue::FIELD_TYPE`](crate::FieldValue::FIELD_TYPE), and
    /// [`FieldValue::VALUES`](crate::FieldValue::VALUES).
    Value(Option<FieldType>, &'static [ValueTable]),
    /// DATA behind its length.
    Data,
    /// Entries of a group with these members.
    Entries(&'static [MemberTable]),
}

impl Held {
    /// A message with this MsgType (35).
    #[must_use]
    pub const fn message(dialect: Option<&'static Tables>, msg_type: &str) -> Held {
        let mut held = Held::against(dialect);
        if let Some(dialect) = dialect {
            let mut at = 0;
            while at < dialect.messages.len() {
                if same(dialect.messages[at].msg_type, msg_type) {
                    held.message = Some(&dialect.messages[at]);
                }
                at += 1;
            }
        }
        held
    }

    /// An entry of the group whose count has this name. Where several messages define one differently, it is the
    /// definition that has most of the entry's fields.
    #[must_use]
    pub const fn entry(dialect: Option<&'static Tables>, count: &str, tags: &[u32]) -> Held {
        let mut held = Held::against(dialect);
        if let Some(dialect) = dialect {
            let mut best = 0;
            let mut at = 0;
            while at < dialect.messages.len() {
                search(
                    dialect.messages[at].members,
                    count,
                    tags,
                    &mut held.group,
                    &mut best,
                );
                at += 1;
            }
        }
        held
    }

    const fn against(dialect: Option<&'static Tables>) -> Held {
        Held {
            dialect: match dialect {
                // Nothing is held against a dialect whose dictionary could not be read: that has been told.
                Some(tables) if !tables.fields.is_empty() => dialect,
                _ => None,
            },
            message: None,
            group: None,
        }
    }

    /// The tag of the field with this name; 0 when there is none.
    #[must_use]
    pub const fn tag(&self, rust: &str, group: bool) -> u32 {
        if let Some(dialect) = self.dialect
            && let Some(field) = by_rust_name(dialect, rust, group)
        {
            return field.tag;
        }
        0
    }

    /// The definition of the field with this tag.
    #[must_use]
    pub const fn field(&self, tag: u32) -> Option<&'static FieldTable> {
        match self.dialect {
            Some(dialect) => by_tag(dialect, tag),
            None => None,
        }
    }

    /// The name of the message or entry, or else the one given.
    #[must_use]
    pub const fn name(&self, otherwise: &'static str) -> &'static str {
        match (self.message, self.group) {
            (Some(message), _) => message.name,
            (None, Some(group)) => group.name,
            (None, None) => otherwise,
        }
    }

    /// The members of the message or entry in the dialect.
    #[must_use]
    pub const fn members(&self) -> Option<&'static [MemberTable]> {
        match (self.message, self.group) {
            (Some(message), _) => Some(message.members),
            (None, Some(group)) => Some(group.members),
            (None, None) => None,
        }
    }

    /// The message as tables have it, with these members.
    #[must_use]
    pub const fn table(
        &self,
        name: &'static str,
        msg_type: &'static str,
        members: &'static [MemberTable],
    ) -> MessageTable {
        match self.message {
            Some(message) => MessageTable {
                name,
                msg_type,
                admin: message.admin,
                family: message.family,
                client: message.client,
                exchange: message.exchange,
                members,
            },
            None => MessageTable {
                name,
                msg_type,
                admin: false,
                family: "",
                client: None,
                exchange: None,
                members,
            },
        }
    }

    /// BeginString (8) of the frames that carry the message.
    #[must_use]
    pub const fn begin_string(&self) -> &'static str {
        match self.dialect {
            Some(dialect) => dialect.begin_string,
            None => "FIXT.1.1",
        }
    }

    /// The standard header: the dialect's, but for a message that it does not have, whose type its header does not list.
    #[must_use]
    pub const fn header(&self) -> &'static [MemberTable] {
        match (self.dialect, self.message) {
            (Some(dialect), Some(_)) if !dialect.header.is_empty() => dialect.header,
            _ => super::HEADER,
        }
    }

    /// The standard trailer.
    #[must_use]
    pub const fn trailer(&self) -> &'static [MemberTable] {
        match self.dialect {
            Some(dialect) if !dialect.trailer.is_empty() => dialect.trailer,
            _ => super::TRAILER,
        }
    }

    /// What is wrong with the field `at` of those declared, by names, tags, types and presence.
    #[must_use]
    pub const fn check(&self, place: &str, fields: &[Declared], at: usize, contents: Contents) -> Words {
        let mut words = Words::new();
        let Some(dialect) = self.dialect else {
            return words;
        };
        let field = fields[at];
        let Some(known) = by_tag(dialect, field.tag) else {
            unknown(&mut words, place, dialect, &field);
            repeated(&mut words, place, fields, at);
            return words;
        };
        if field.stated
            && let Some(other) = by_rust_name(dialect, field.ident, field.group)
            && other.tag != field.tag
        {
            words.begin(place);
            words.text("tag ");
            words.number(field.tag);
            words.text(" is ");
            words.text(known.name);
            words.text(", and `");
            words.text(field.ident);
            words.text("` is ");
            words.field(other.name, other.tag);
            return words;
        }
        repeated(&mut words, place, fields, at);
        self.presence(&mut words, place, known, &field);
        self.types(&mut words, place, known, &field, contents);
        words
    }

    const fn presence(&self, words: &mut Words, place: &str, known: &FieldTable, field: &Declared) {
        let Some(members) = self.members() else { return };
        match find_here(members, known.tag) {
            None => {
                words.begin(place);
                words.field(known.name, known.tag);
                words.text(" is no member of ");
                self.owner(words);
            }
            Some(true) if field.optional => {
                words.begin(place);
                words.field(known.name, known.tag);
                words.text(" is required in ");
                self.owner(words);
                words.text(", and `");
                words.text(field.ident);
                words.text("` is an `Option`");
            }
            Some(_) => {}
        }
    }

    const fn types(
        &self,
        words: &mut Words,
        place: &str,
        known: &'static FieldTable,
        field: &Declared,
        contents: Contents,
    ) {
        let group = match self.members() {
            Some(members) => group_of(members, known.tag),
            None => None,
        };
        let counts = group.is_some() || matches!(known.field_type, FieldType::NumInGroup);
        match contents {
            Contents::Entries(_) if !counts => {
                words.begin(place);
                words.field(known.name, known.tag);
                words.text(" is of type ");
                words.text(known.field_type.name());
                words.text(", and counts no group");
            }
            Contents::Entries(entry) => {
                if let Some(group) = group {
                    check_entry(words, place, group, entry, field.ident, self.dialect);
                }
            }
            _ if counts => {
                words.begin(place);
                words.field(known.name, known.tag);
                words.text(" counts a group: its field is a `Vec` of entries");
            }
            Contents::Data if !known.field_type.is_data() => {
                words.begin(place);
                words.field(known.name, known.tag);
                words.text(" is of type ");
                words.text(known.field_type.name());
                words.text(", and has no length in front");
            }
            Contents::Data => {
                if let Some(tag) = known.length_tag
                    && let Some(length) = field.length
                    && tag != length
                {
                    words.begin(place);
                    words.text("the length of ");
                    words.field(known.name, known.tag);
                    words.text(" is in tag ");
                    words.number(tag);
                    words.text(", and not in ");
                    words.number(length);
                }
            }
            Contents::Value(..) if known.field_type.is_data() => {
                words.begin(place);
                words.field(known.name, known.tag);
                words.text(" is of type ");
                words.text(known.field_type.name());
                match known.length_tag {
                    Some(tag) => {
                        words.text(": add its length, `#[fix(length = ");
                        words.number(tag);
                        words.text(")]`");
                    }
                    None => words.text(": add the tag of its length, `#[fix(length = …)]`"),
                }
            }
            Contents::Value(of, values) => {
                if !holds(of, known.field_type) {
                    words.begin(place);
                    words.field(known.name, known.tag);
                    words.text(" is of type ");
                    words.text(known.field_type.name());
                    words.text(", which the type of `");
                    words.text(field.ident);
                    words.text("` does not hold");
                }
                unlisted(words, place, known, field, values);
            }
        }
    }

    /// What the dialect requires of the message or entry, and the user's struct does not have.
    #[must_use]
    pub const fn missing(&self, place: &str, item: &str, fields: &[Declared]) -> Words {
        let mut words = Words::new();
        if let Some(members) = self.members() {
            self.missing_of(&mut words, place, item, members, fields);
        }
        words
    }

    const fn missing_of(
        &self,
        words: &mut Words,
        place: &str,
        item: &str,
        members: &[MemberTable],
        fields: &[Declared],
    ) {
        let mut at = 0;
        while at < members.len() {
            let member = &members[at];
            at += 1;
            if !member.required {
                continue;
            }
            let field = match member.kind {
                MemberKind::Field(field) => field,
                MemberKind::Group(group) => group.count,
                MemberKind::Component(component) => {
                    self.missing_of(words, place, item, component.members, fields);
                    continue;
                }
            };
            // The session's own part of a message is not the user's.
            if is_declared(fields, field.tag) || is_standard(field.tag) {
                continue;
            }
            words.begin(place);
            words.field(field.name, field.tag);
            words.text(" is required in ");
            self.owner(words);
            words.text(", and `");
            words.text(item);
            words.text("` has no field for it");
        }
    }

    /// Whether the group that an entry names is there, and the entry begins and goes on as the group does.
    #[must_use]
    pub const fn check_group(
        &self,
        place: &str,
        count: &str,
        own: &'static [MemberTable],
        item: &str,
    ) -> Words {
        let mut words = Words::new();
        if self.dialect.is_none() {
            return words;
        }
        if let Some(group) = self.group {
            // What is no member has been told at the field.
            check_order(&mut words, place, group, own, item, None);
        } else {
            words.begin(place);
            words.text("no group `");
            words.text(count);
            words.text("`");
        }
        words
    }

    /// How messages call it: `NewOrderSingle (D)`, `NoPartyIDs (453)`.
    pub(super) const fn owner(&self, words: &mut Words) {
        if let Some(message) = self.message {
            words.text(message.name);
            words.text(" (");
            words.text(message.msg_type);
            words.text(")");
        } else if let Some(group) = self.group {
            words.field(group.count.name, group.count.tag);
        }
    }
}

/// A tag that the dialect does not define: private, unless its name says otherwise.
const fn unknown(words: &mut Words, place: &str, dialect: &'static Tables, field: &Declared) {
    if !field.stated {
        words.begin(place);
        if let Some(other) = by_rust_name(dialect, field.ident, !field.group) {
            words.field(other.name, other.tag);
            words.text(if field.group {
                " counts no group, and its field is no `Vec`"
            } else {
                " counts a group: its field is a `Vec` of entries"
            });
            return;
        }
        words.text("no field becomes `");
        words.text(field.ident);
        match nearest(dialect, field.ident, field.group) {
            Some(near) => {
                words.text("`; did you mean `");
                tell(words, near, field.group);
                words.text("`?");
            }
            None => words.text("`; give a private field its tag with `#[fix(tag = …)]`"),
        }
    } else if let Some(other) = by_rust_name(dialect, field.ident, field.group) {
        words.begin(place);
        words.text("`");
        words.text(field.ident);
        words.text("` is ");
        words.field(other.name, other.tag);
        words.text(" there, and has no tag ");
        words.number(field.tag);
    }
}

/// Two fields on one tag, and tags that are the session's: of tags that were stated, the derive has told.
const fn repeated(words: &mut Words, place: &str, fields: &[Declared], at: usize) {
    let field = fields[at];
    if field.tag == 0 {
        return;
    }
    if is_standard(field.tag) && !field.stated {
        words.begin(place);
        words.text("`");
        words.text(field.ident);
        words.text("` is tag ");
        words.number(field.tag);
        words.text(" of the standard header or trailer, which the session writes");
    }
    let mut other = 0;
    while other < at {
        if fields[other].tag == field.tag && !(fields[other].stated && field.stated) {
            words.begin(place);
            words.text("tag ");
            words.number(field.tag);
            words.text(" is that of `");
            words.text(fields[other].ident);
            words.text("` already");
        }
        other += 1;
    }
}

/// Values that a user's enum lists and the dialect does not.
const fn unlisted(
    words: &mut Words,
    place: &str,
    known: &FieldTable,
    field: &Declared,
    values: &[ValueTable],
) {
    if known.values.is_empty() {
        return;
    }
    let mut at = 0;
    while at < values.len() {
        let mut listed = false;
        let mut other = 0;
        while other < known.values.len() {
            listed |= same(values[at].wire, known.values[other].wire);
            other += 1;
        }
        if !listed {
            words.begin(place);
            words.field(known.name, known.tag);
            words.text(" does not have the value `");
            words.text(values[at].wire);
            words.text("`, which the type of `");
            words.text(field.ident);
            words.text("` lists");
        }
        at += 1;
    }
}

/// The entries of a user's group against those of the dialect's.
const fn check_entry(
    words: &mut Words,
    place: &str,
    group: &'static GroupTable,
    entry: &'static [MemberTable],
    ident: &str,
    dialect: Option<&'static Tables>,
) {
    required_of(words, place, group, group.members, entry, ident);
    check_order(words, place, group, entry, ident, dialect);
}

const fn required_of(
    words: &mut Words,
    place: &str,
    group: &GroupTable,
    members: &[MemberTable],
    entry: &[MemberTable],
    ident: &str,
) {
    let mut at = 0;
    while at < members.len() {
        let member = &members[at];
        at += 1;
        if !member.required {
            continue;
        }
        let field = match member.kind {
            MemberKind::Field(field) => field,
            MemberKind::Group(group) => group.count,
            MemberKind::Component(component) => {
                required_of(words, place, group, component.members, entry, ident);
                continue;
            }
        };
        if !matches!(find(entry, field.tag), Some(true)) {
            words.begin(place);
            words.field(field.name, field.tag);
            words.text(" is required in each entry of ");
            words.field(group.count.name, group.count.tag);
            words.text(", and the entry of `");
            words.text(ident);
            words.text("` does not require it");
        }
    }
}

const fn is_declared(fields: &[Declared], tag: u32) -> bool {
    let mut at = 0;
    while at < fields.len() {
        if fields[at].tag == tag {
            return true;
        }
        if let Some(length) = fields[at].length
            && length == tag
        {
            return true;
        }
        at += 1;
    }
    false
}
