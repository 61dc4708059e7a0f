//! `dictionary show`: what a message, tag or name is.

use std::fmt::Write;

use kalshi_fix::dialect::dictionary::{
    Component, Dictionary, FieldDefinition, Member, MemberKind, Message, Presence, Sessions, nearest,
};

use crate::arguments::{Layers, ShowArguments};
use crate::json;
use crate::output::{Failure, Findings, Output, Style};
use crate::source;

pub(crate) fn run(arguments: &ShowArguments, output: &mut Output) -> Result<Findings, Failure> {
    let dictionary = arguments.dialect.dictionary()?;
    let Some(name) = &arguments.name else {
        let text = if arguments.json {
            let all: Vec<Item<'_>> = dictionary.messages.iter().map(Item::Message).collect();
            to_json(&dictionary, &all)
        } else {
            overview(&dictionary, output)
        };
        output.write(&text)?;
        return Ok(Findings::None);
    };
    let items = find(&dictionary, name);
    if items.is_empty() {
        eprintln!(
            "kalshi-fix: {}",
            unknown(name, &dictionary, &arguments.dialect.dialect)
        );
        return Ok(Findings::Some);
    }
    if arguments.json {
        output.write(&to_json(&dictionary, &items))?;
        return Ok(Findings::None);
    }
    let show = Show {
        dictionary: &dictionary,
        output,
    };
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        show.item(item, &mut text);
    }
    output.write(&text)?;
    Ok(Findings::None)
}

/// That nothing has this name, and what may be meant: a name like it, the other dialect's, or those that it is a part of.
fn unknown(name: &str, dictionary: &Dictionary, dialect: &str) -> String {
    /// More of them are no help.
    const MOST: usize = 6;
    let text = format!("nothing in {dialect} is called \"{name}\"");
    let other = source::other_dialect(dialect)
        .and_then(|(other, _)| Some((other, source::dictionary(other, &Layers::default()).ok()?)));
    let of_other = |other: &str, found: &str| {
        format!("{text}; {other} has it: kalshi-fix dictionary show {found} --dialect {other}")
    };
    if let Some((other, there)) = &other
        && !find(there, name).is_empty()
    {
        return of_other(other, name);
    }
    if let Some(meant) = nearest(name, names(dictionary)) {
        return format!("{text}; did you mean `{meant}`?");
    }
    if let Some((other, there)) = &other
        && let Some(meant) = nearest(name, names(there))
    {
        return of_other(other, meant);
    }
    let part = name.to_ascii_lowercase();
    let longer = || names(dictionary).filter(|known| known.to_ascii_lowercase().contains(&part));
    // One letter is a part of everything.
    match longer().count() {
        many if many > 0 && name.len() > 1 => {
            let shown: Vec<&str> = longer().take(MOST).collect();
            let more = if many > MOST {
                format!(", and {} more", many - MOST)
            } else {
                String::new()
            };
            format!("{text}; names with it: {}{more}", shown.join(", "))
        }
        _ => format!("{text}; without a name, `dictionary show` lists the messages"),
    }
}

fn names(dictionary: &Dictionary) -> impl Iterator<Item = &str> {
    let names = dictionary.messages.iter().map(|message| &message.name);
    let names = names.chain(dictionary.fields.iter().map(|field| &field.name));
    let names = names.chain(dictionary.components.iter().map(|component| &component.name));
    names.map(String::as_str)
}

enum Item<'d> {
    Message(&'d Message),
    Field(&'d FieldDefinition),
    Component(&'d Component),
}

/// Everything of this name: `8` is a message type and a tag.
fn find<'d>(dictionary: &'d Dictionary, name: &str) -> Vec<Item<'d>> {
    let is = |other: &str| other.eq_ignore_ascii_case(name);
    let tag: Option<u32> = name.parse().ok();
    let messages = dictionary
        .messages
        .iter()
        .filter(|message| message.msg_type == name || is(&message.name))
        .map(Item::Message);
    let fields = dictionary
        .fields
        .iter()
        .filter(|field| Some(field.tag) == tag || is(&field.name))
        .map(Item::Field);
    let components = dictionary
        .components
        .iter()
        .filter(|component| is(&component.name))
        .map(Item::Component);
    messages.chain(fields).chain(components).collect()
}

fn overview(dictionary: &Dictionary, output: &Output) -> String {
    let mut text = String::new();
    let title = dictionary.dialect.as_deref().unwrap_or("dictionary");
    let version = dictionary
        .version
        .as_ref()
        .map_or_else(String::new, |version| format!(", as of {version}"));
    let (messages, fields) = (dictionary.messages.len(), dictionary.fields.len());
    let title = output.styled(Style::Strong, title);
    let _ = writeln!(
        text,
        "{title} over {}{version}: {messages} messages, {fields} fields",
        dictionary.begin_string()
    );
    if !dictionary.sessions.is_empty() {
        let _ = writeln!(text, "sessions: {}", dictionary.sessions.join(" "));
    }
    let widest = dictionary
        .messages
        .iter()
        .map(|message| message.name.len())
        .max()
        .unwrap_or(0);
    for (family, messages) in families(dictionary) {
        let _ = writeln!(text, "\n{}", output.styled(Style::Strong, family));
        for message in messages {
            let (name, end) = output.style(Style::Name);
            let _ = write!(
                text,
                "  {:<3} {name}{:<widest$}{end}",
                message.msg_type, message.name
            );
            for (side, sessions) in [("client", &message.client), ("exchange", &message.exchange)] {
                let sessions = session_text(sessions);
                if !sessions.is_empty() {
                    let _ = write!(text, "  {side}: {sessions}");
                }
            }
            text.push('\n');
        }
    }
    text
}

/// The messages by family, in the order of the dictionary.
pub(crate) fn families(dictionary: &Dictionary) -> Vec<(&str, Vec<&Message>)> {
    let mut families: Vec<(&str, Vec<&Message>)> = Vec::new();
    for message in &dictionary.messages {
        let name = message.family.as_deref().unwrap_or("other");
        match families.iter_mut().find(|(known, _)| *known == name) {
            Some((_, messages)) => messages.push(message),
            None => families.push((name, vec![message])),
        }
    }
    families
}

pub(crate) fn session_text(sessions: &Sessions) -> String {
    match sessions {
        Sessions::Unstated => String::new(),
        Sessions::All => "all".to_owned(),
        Sessions::Listed(names) => names.join(" "),
    }
}

/// Whether a member must be there, in a word; its rules say when.
pub(crate) fn presence_text(member: &Member) -> String {
    let mut words = match (member.presence, &member.when) {
        (Presence::Required, _) => vec!["required"],
        (Presence::Conditional, _) | (_, Some(_)) => vec!["conditional"],
        (Presence::Optional, None) => Vec::new(),
    };
    if member.may_be_empty {
        words.push("may be empty");
    }
    words.join(", ")
}

/// Where a field or component is used: in messages, then in components.
pub(crate) fn uses<'d>(dictionary: &'d Dictionary, name: &str) -> Vec<(&'d str, bool)> {
    fn has(members: &[Member], name: &str) -> bool {
        members.iter().any(|member| {
            member.name == name
                || matches!(&member.kind, MemberKind::Group(group) if has(&group.members, name))
        })
    }
    let messages = dictionary.messages.iter();
    let messages = messages
        .filter(|message| has(&message.members, name))
        .map(|message| (&message.name[..], true));
    let components = dictionary.components.iter();
    let components = components
        .filter(|component| has(&component.members, name))
        .map(|component| (&component.name[..], false));
    messages.chain(components).collect()
}

struct Show<'s> {
    dictionary: &'s Dictionary,
    output: &'s Output,
}

impl Show<'_> {
    fn item(&self, item: &Item<'_>, text: &mut String) {
        match item {
            Item::Message(message) => {
                let name = self.output.styled(Style::Strong, &message.name);
                let family = message.family.as_deref().unwrap_or("no family");
                let _ = writeln!(text, "{name}  message {}, {family}", message.msg_type);
                for (side, sessions) in [("client", &message.client), ("exchange", &message.exchange)] {
                    let sessions = session_text(sessions);
                    if !sessions.is_empty() {
                        let _ = writeln!(text, "  sent by the {side}: {sessions}");
                    }
                }
                self.note(message.note.as_deref(), 2, text);
                text.push('\n');
                self.members(&message.members, 0, text);
            }
            Item::Component(component) => {
                let name = self.output.styled(Style::Strong, &component.name);
                let _ = writeln!(text, "{name}  component");
                self.note(component.note.as_deref(), 2, text);
                self.members(&component.members, 0, text);
                self.uses(&component.name, text);
            }
            Item::Field(field) => self.field(field, text),
        }
    }

    fn field(&self, field: &FieldDefinition, text: &mut String) {
        let name = self.output.styled(Style::Strong, &field.name);
        let _ = write!(text, "{name}  tag {}, {}", field.tag, field.field_type);
        if let Some(unit) = &field.unit {
            let _ = write!(text, ", in {unit}");
        }
        text.push('\n');
        self.rules(&self.dictionary.field_rules(field), 2, text);
        self.note(field.note.as_deref(), 2, text);
        for value in &field.values {
            let wire = self.output.styled(Style::Good, format_args!("{:<8}", value.wire));
            let _ = write!(text, "  {wire} {}", value.description);
            let names = value.name.iter().chain(&value.aliases);
            let names: Vec<&str> = names.map(String::as_str).collect();
            if !names.is_empty() {
                let _ = write!(text, " ({})", names.join(", "));
            }
            text.push('\n');
            self.note(value.note.as_deref(), 11, text);
        }
        self.uses(&field.name, text);
    }

    fn uses(&self, name: &str, text: &mut String) {
        let uses: Vec<&str> = uses(self.dictionary, name)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        if !uses.is_empty() {
            let label = self.output.styled(Style::Dim, "in");
            let lines = wrapped(&uses.join(", "), WIDTH - "  in ".len());
            let _ = writeln!(text, "  {label} {}", lines.join("\n     "));
        }
    }

    fn note(&self, note: Option<&str>, indent: usize, text: &mut String) {
        self.paragraph(Style::Dim, note.unwrap_or_default(), indent, text);
    }

    fn rules(&self, rules: &[String], indent: usize, text: &mut String) {
        for rule in rules {
            self.paragraph(Style::Warning, rule, indent, text);
        }
    }

    fn paragraph(&self, style: Style, words: &str, indent: usize, text: &mut String) {
        for line in wrapped(words, WIDTH.saturating_sub(indent)) {
            let _ = writeln!(text, "{:indent$}{}", "", self.output.styled(style, line));
        }
    }

    fn members(&self, members: &[Member], depth: usize, text: &mut String) {
        let indent = depth * 4;
        for member in members {
            let presence = presence_text(member);
            let presence = self.output.styled(Style::Warning, presence);
            let (name, end) = self.output.style(Style::Name);
            match &member.kind {
                MemberKind::Field(id) => {
                    let field = self.dictionary.field(*id);
                    let line = format!(
                        "{:indent$}{:>7}  {name}{:<24}{end} {:<13} {presence}",
                        "",
                        field.tag,
                        field.name,
                        field.field_type.name()
                    );
                    let _ = writeln!(text, "{}", line.trim_end());
                    self.remarks(member, indent, text);
                }
                MemberKind::Group(group) => {
                    let count = self.dictionary.field(group.count);
                    let entry = self.dictionary.entry_name(group);
                    let line = format!(
                        "{:indent$}{:>7}  {name}{:<24}{end} {:<13} {presence}",
                        "",
                        count.tag,
                        count.name,
                        format!("of {entry}")
                    );
                    let _ = writeln!(text, "{}", line.trim_end());
                    self.remarks(member, indent, text);
                    self.members(&group.members, depth + 1, text);
                }
                MemberKind::Component(id) => {
                    let component = self.dictionary.component(*id);
                    let line = format!("{:indent$}         {} {presence}", "", component.name);
                    let _ = writeln!(text, "{}", line.trim_end());
                    self.remarks(member, indent, text);
                    self.members(&component.members, depth + 1, text);
                }
            }
        }
    }

    fn remarks(&self, member: &Member, indent: usize, text: &mut String) {
        self.rules(&self.dictionary.member_rules(member), indent + 9, text);
        self.note(member.note.as_deref(), indent + 9, text);
    }
}

/// How wide text is, where it can be broken.
const WIDTH: usize = 80;

/// Lines of at most `width` characters, a longer word excepted.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn to_json(dictionary: &Dictionary, items: &[Item<'_>]) -> String {
    let mut out = String::from("[");
    for item in items {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push_str("\n{");
        match item {
            Item::Message(message) => {
                json::text(&mut out, "kind", "message");
                json::text(&mut out, "name", &message.name);
                json::text(&mut out, "msg_type", &message.msg_type);
                optional(&mut out, "family", message.family.as_deref());
                optional(&mut out, "note", message.note.as_deref());
                for (side, sessions) in [("client", &message.client), ("exchange", &message.exchange)] {
                    let all = dictionary.sessions.iter();
                    let names = all.filter(|name| sessions.includes(name)).map(String::as_str);
                    if *sessions != Sessions::Unstated {
                        json::texts(&mut out, side, names);
                    }
                }
                members_json(dictionary, &message.members, &mut out);
            }
            Item::Component(component) => {
                json::text(&mut out, "kind", "component");
                json::text(&mut out, "name", &component.name);
                optional(&mut out, "note", component.note.as_deref());
                members_json(dictionary, &component.members, &mut out);
            }
            Item::Field(field) => field_json(field, &mut out),
        }
        out.push('}');
    }
    out.push_str("]\n");
    out
}

fn optional(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        json::text(out, name, value);
    }
}

fn field_json(field: &FieldDefinition, out: &mut String) {
    json::text(out, "kind", "field");
    json::text(out, "name", &field.name);
    json::plain(out, "tag", field.tag);
    json::text(out, "type", field.field_type.name());
    optional(out, "unit", field.unit.as_deref());
    optional(out, "note", field.note.as_deref());
    if field.secret {
        json::plain(out, "secret", true);
    }
    if let Some(most) = field.max_length {
        json::plain(out, "max_length", most);
    }
    for (name, number) in [("min", field.min), ("max", field.max), ("step", field.step)] {
        if let Some(number) = number {
            json::text(out, name, &number.to_string());
        }
    }
    json::key(out, "values");
    out.push('[');
    for value in &field.values {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push('{');
        json::text(out, "value", &value.wire);
        json::text(out, "description", &value.description);
        optional(out, "name", value.name.as_deref());
        optional(out, "note", value.note.as_deref());
        out.push('}');
    }
    out.push(']');
}

fn members_json(dictionary: &Dictionary, members: &[Member], out: &mut String) {
    json::key(out, "members");
    out.push('[');
    for member in members {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push('{');
        json::text(out, "name", &member.name);
        let presence = match member.presence {
            Presence::Required => "required",
            Presence::Optional => "optional",
            Presence::Conditional => "conditional",
        };
        json::text(out, "presence", presence);
        if let Some(when) = &member.when {
            json::text(out, "required_when", &dictionary.condition_text(when));
        }
        if let Some(never) = &member.never {
            json::text(out, "not_allowed_when", &dictionary.condition_text(never));
        }
        if !member.values.is_empty() {
            json::text(out, "value", &dictionary.value_rules_text(&member.values));
        }
        if member.may_be_empty {
            json::plain(out, "may_be_empty", true);
        }
        optional(out, "note", member.note.as_deref());
        match &member.kind {
            MemberKind::Field(id) => {
                let field = dictionary.field(*id);
                json::plain(out, "tag", field.tag);
                json::text(out, "type", field.field_type.name());
            }
            MemberKind::Group(group) => {
                json::plain(out, "tag", dictionary.field(group.count).tag);
                json::text(out, "entry", dictionary.entry_name(group));
                for (name, bound) in [
                    ("min_entries", group.min_entries),
                    ("max_entries", group.max_entries),
                ] {
                    if let Some(bound) = bound {
                        json::plain(out, name, bound);
                    }
                }
                members_json(dictionary, &group.members, out);
            }
            MemberKind::Component(id) => {
                let component = dictionary.component(*id);
                json::text(out, "component", &component.name);
                members_json(dictionary, &component.members, out);
            }
        }
        out.push('}');
    }
    out.push(']');
}
