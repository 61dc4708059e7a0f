//! A readable index of a dialect, for people: a change of its dictionary shows as a difference of lines.

use std::fmt::Write;

use fix_dialect::dictionary::{self, Dictionary, Member, Presence};
use fix_dialect::tables::{
    ConditionTable, FieldTable, MemberKind, MemberTable, MessageTable, RuleTable, Tables,
};

/// The index of a dialect: what its tables say, line by line, and then what only its dictionary tells.
///
/// # Panics
///
/// Never: a `String` takes everything.
#[must_use]
pub fn index(tables: &Tables, dictionary: &Dictionary) -> String {
    let mut text = String::new();
    write_index(tables, &mut text).expect("a String takes everything");
    write_remarks(dictionary, &mut text).expect("a String takes everything");
    text
}

fn write_index(tables: &Tables, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{} over {}", tables.name, tables.begin_string)?;
    writeln!(out, "\nHeader")?;
    write_members(tables, tables.header, 1, out)?;
    writeln!(out, "\nTrailer")?;
    write_members(tables, tables.trailer, 1, out)?;
    for message in tables.messages {
        write_message(tables, message, out)?;
    }
    writeln!(out, "\nFields with listed values")?;
    for field in tables.fields.iter().filter(|field| !field.values.is_empty()) {
        writeln!(out, "  {:<6} {} {}", field.tag, field.name, field.field_type)?;
        for value in field.values {
            writeln!(out, "    {:<10} {}", value.wire, value.name)?;
        }
    }
    Ok(())
}

fn write_message(tables: &Tables, message: &MessageTable, out: &mut String) -> std::fmt::Result {
    let layer = if message.admin {
        "session layer"
    } else {
        message.family
    };
    writeln!(out, "\n{} ({}), {layer}", message.name, message.msg_type)?;
    for (side, sessions) in [("client", message.client), ("exchange", message.exchange)] {
        match sessions {
            None => writeln!(out, "  the {side} may send it on any session")?,
            Some([]) => {}
            Some(sessions) => writeln!(out, "  sent by the {side} on {}", sessions.join(" "))?,
        }
    }
    write_members(tables, message.members, 1, out)
}

fn write_members(
    tables: &Tables,
    members: &[MemberTable],
    depth: usize,
    out: &mut String,
) -> std::fmt::Result {
    let indent = "  ".repeat(depth);
    for member in members {
        let (name, inner) = match member.kind {
            MemberKind::Field(field) => (field_name(field), None),
            MemberKind::Group(group) => {
                let delimiter = if group.any_delimiter {
                    ", begun by any member"
                } else {
                    ""
                };
                (
                    format!("{}, of {}{delimiter}", field_name(group.count), group.name),
                    Some(group.members),
                )
            }
            MemberKind::Component(component) => {
                (format!("component {}", component.name), Some(component.members))
            }
        };
        write!(out, "{indent}{name}")?;
        if member.required {
            write!(out, ", required")?;
        }
        if let Some(when) = member.when {
            write!(out, ", required when {}", condition(tables, when))?;
        }
        if member.may_be_empty {
            write!(out, ", may be empty")?;
        }
        if let Some(rules) = member.rules {
            write_rules(tables, rules, out)?;
        }
        writeln!(out)?;
        if let Some(inner) = inner {
            write_members(tables, inner, depth + 1, out)?;
        }
    }
    Ok(())
}

/// What is said of a member beyond its presence and its type.
fn write_rules(tables: &Tables, rules: &RuleTable, out: &mut String) -> std::fmt::Result {
    if let Some(never) = rules.never {
        write!(out, ", never when {}", condition(tables, never))?;
    }
    if rules.min_entries.is_some() || rules.max_entries.is_some() {
        let least = rules.min_entries.unwrap_or(0);
        let most = rules
            .max_entries
            .map_or_else(|| "any number of".to_owned(), |most| most.to_string());
        write!(out, ", {least} to {most} entries")?;
    }
    for rule in rules.values {
        write!(out, ", value")?;
        if let Some(value) = rule.equals {
            write!(out, " {value}")?;
        }
        if rule.min.is_some() || rule.max.is_some() {
            write!(
                out,
                " {} to {}",
                rule.min.unwrap_or("any"),
                rule.max.unwrap_or("any")
            )?;
        }
        if let Some(step) = rule.step {
            write!(out, " in steps of {step}")?;
        }
        if let Some(when) = rule.when {
            write!(out, " when {}", condition(tables, when))?;
        }
    }
    Ok(())
}

/// Tag, name, type, and the limits of the values.
fn field_name(field: &FieldTable) -> String {
    let mut text = format!("{:<6} {} {}", field.tag, field.name, field.field_type);
    let mut add = |note: String| {
        text.push_str(", ");
        text.push_str(&note);
    };
    if !field.values.is_empty() {
        add(format!("{} listed", field.values.len()));
    }
    if !field.unit.is_empty() {
        add(field.unit.to_owned());
    }
    match (field.min, field.max) {
        (None, None) => {}
        (min, max) => add(format!("{} to {}", min.unwrap_or("any"), max.unwrap_or("any"))),
    }
    if let Some(step) = field.step {
        add(format!("in steps of {step}"));
    }
    if let Some(length) = field.max_length {
        add(format!("at most {length} bytes"));
    }
    if let Some(tag) = field.length_tag {
        add(format!("its length in {tag}"));
    }
    if field.secret {
        add("secret".to_owned());
    }
    text
}

fn condition(tables: &Tables, condition: &ConditionTable) -> String {
    let name = |tag: u32| {
        tables
            .field(tag)
            .map_or_else(|| tag.to_string(), |field| field.name.to_owned())
    };
    let joined = |parts: &[ConditionTable], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| self::condition(tables, part)).collect();
        parts.join(word)
    };
    match *condition {
        ConditionTable::All(parts) => joined(parts, " and "),
        ConditionTable::Any(parts) => joined(parts, " or "),
        ConditionTable::Equals(tag, value) => format!("{}={value}", name(tag)),
        ConditionTable::Differs(tag, value) => format!("{}!={value}", name(tag)),
        ConditionTable::Present(tag) => format!("{} is there", name(tag)),
        ConditionTable::Absent(tag) => format!("{} is not there", name(tag)),
        ConditionTable::FromClient => "the client sends it".to_owned(),
        ConditionTable::FromExchange => "the exchange sends it".to_owned(),
        ConditionTable::InCents => "prices are cents".to_owned(),
        ConditionTable::InDollars => "prices are dollars".to_owned(),
        ConditionTable::OnSession(names) => format!("on {}", names.join(", ")),
        ConditionTable::OffSession(names) => format!("not on {}", names.join(", ")),
    }
}

/// What the tables leave out: state and sessions, the names that Rust gives to values, notes.
fn write_remarks(dictionary: &Dictionary, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nState")?;
    let version = dictionary.version.as_deref().unwrap_or("unstated");
    writeln!(out, "  as of {version}, service pack {}", dictionary.service_pack)?;
    writeln!(out, "  sessions {}", dictionary.sessions.join(" "))?;
    writeln!(out, "\nNotes")?;
    write_notes("header", &dictionary.header, out)?;
    write_notes("trailer", &dictionary.trailer, out)?;
    for message in &dictionary.messages {
        write_note(&message.name, message.note.as_deref(), out)?;
        write_notes(&message.name, &message.members, out)?;
    }
    for component in &dictionary.components {
        write_note(&component.name, component.note.as_deref(), out)?;
        write_notes(&component.name, &component.members, out)?;
    }
    for field in &dictionary.fields {
        write_note(&field.name, field.note.as_deref(), out)?;
        for value in &field.values {
            let mut remarks: Vec<String> = value.name.iter().map(|name| format!("named {name}")).collect();
            if !value.aliases.is_empty() {
                remarks.push(format!("also {}", value.aliases.join(" ")));
            }
            remarks.extend(value.note.clone());
            let place = format!("{}={}", field.name, value.wire);
            write_note(
                &place,
                Some(remarks.join(", "))
                    .as_deref()
                    .filter(|text| !text.is_empty()),
                out,
            )?;
        }
    }
    Ok(())
}

fn write_notes(place: &str, members: &[Member], out: &mut String) -> std::fmt::Result {
    for member in members {
        let place = format!("{place}/{}", member.name);
        if member.presence == Presence::Conditional {
            writeln!(out, "  {place}: required by a rule outside of the dictionary")?;
        }
        write_note(&place, member.note.as_deref(), out)?;
        if let dictionary::MemberKind::Group(group) = &member.kind {
            write_notes(&place, &group.members, out)?;
        }
    }
    Ok(())
}

fn write_note(place: &str, note: Option<&str>, out: &mut String) -> std::fmt::Result {
    note.map_or(Ok(()), |note| writeln!(out, "  {place}: {note}"))
}
