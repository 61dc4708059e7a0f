//! A readable index of each dialect, as a snapshot: a new dictionary from the venue shows as a difference of lines that
//! a person can review. CONTRIBUTING.md says how to read one.

use std::fmt::Write;

use fix_dialect::Dialect;
use fix_dialect::tables::{
    ConditionTable, FieldTable, MemberKind, MemberTable, MessageTable, RuleTable, Tables,
};
use kalshi_fix::{margin::Margin, prediction::Prediction};

#[test]
fn prediction() {
    insta::assert_snapshot!(index(Prediction::tables()));
}

#[test]
fn margin() {
    insta::assert_snapshot!(index(Margin::tables()));
}

fn index(tables: &Tables) -> String {
    let mut text = String::new();
    write_index(tables, &mut text).expect("a String takes everything");
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
