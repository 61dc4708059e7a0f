//! The dictionaries of `spec/` against the facts of the venue's documentation, in both directions.
//!
//! `fixtures/facts/fields.csv` has a row for every field of every message, `enums.csv` one for every listed value. The
//! header and the trailer are there under the message types `header` and `trailer`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use fix_dialect::dictionary::{Condition, Dictionary, Member, MemberKind, Presence, Sessions, Side};

const FIELDS: &str = include_str!("../fixtures/facts/fields.csv");
const ENUMS: &str = include_str!("../fixtures/facts/enums.csv");

/// The dialects, each with its dictionary.
const DIALECTS: [(&str, &str); 2] = [
    ("prediction", include_str!("../../spec/kalshi-prediction.xml")),
    ("margin", include_str!("../../spec/kalshi-margin.xml")),
];

fn dictionaries() -> impl Iterator<Item = (&'static str, Dictionary)> {
    DIALECTS.into_iter().map(|(name, source)| {
        let dictionary = Dictionary::parse(source, name).unwrap_or_else(|faults| panic!("{faults}"));
        (name, dictionary)
    })
}

/// The rows of a table after its headings.
fn rows<const COLUMNS: usize>(table: &'static str) -> Vec<[&'static str; COLUMNS]> {
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect::<Vec<_>>());
    rows.map(|row| {
        row.try_into()
            .unwrap_or_else(|row| panic!("not {COLUMNS} columns: {row:?}"))
    })
    .collect()
}

/// `path/tag name TYPE required?` of every member, in order, with components in place of their names.
fn member_lines(dictionary: &Dictionary, members: &[Member], path: &str, lines: &mut Vec<String>) {
    for member in members {
        let (id, inner) = match &member.kind {
            MemberKind::Field(id) => (*id, None),
            MemberKind::Group(group) => (group.count, Some(&group.members)),
            MemberKind::Component(id) => {
                member_lines(dictionary, &dictionary.component(*id).members, path, lines);
                continue;
            }
        };
        let field = dictionary.field(id);
        // What is documented on every message and not worth losing one for: demanded by validation, not by decoding.
        let documented = member.when == Some(Condition::SentBy(Side::Exchange));
        let required = member.presence == Presence::Required || documented;
        lines.push(line(
            path,
            &field.tag.to_string(),
            &field.name,
            field.field_type.name(),
            required,
        ));
        if let Some(inner) = inner {
            let path = if path.is_empty() {
                field.name.clone()
            } else {
                format!("{path}/{}", field.name)
            };
            member_lines(dictionary, inner, &path, lines);
        }
    }
}

fn line(path: &str, tag: &str, name: &str, field_type: &str, required: bool) -> String {
    format!(
        "{path}/{tag} {name} {field_type}{}",
        if required { " required" } else { "" }
    )
}

fn sessions(sessions: &Sessions) -> String {
    match sessions {
        Sessions::Unstated => "unstated".to_owned(),
        Sessions::All => "all".to_owned(),
        Sessions::Listed(names) => names.join(" "),
    }
}

/// The differences of two lists as sets, one a line.
fn differences(facts: &[String], spec: &[String]) -> String {
    let (facts, spec): (BTreeSet<_>, BTreeSet<_>) = (facts.iter().collect(), spec.iter().collect());
    let mut out = String::new();
    for missing in facts.difference(&spec) {
        let _ = writeln!(out, "not in the spec:  {missing}");
    }
    for extra in spec.difference(&facts) {
        let _ = writeln!(out, "not in the facts: {extra}");
    }
    out
}

#[test]
fn every_field_is_in_the_spec_and_the_spec_has_no_other() {
    for (dialect, dictionary) in dictionaries() {
        let mut facts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for [of, msg_type, _, _, _, group, tag, name, field_type, required] in rows(FIELDS) {
            if of == dialect {
                facts
                    .entry(msg_type)
                    .or_default()
                    .push(line(group, tag, name, field_type, required == "Y"));
            }
        }
        let ends = [("header", &dictionary.header), ("trailer", &dictionary.trailer)];
        let messages = dictionary
            .messages
            .iter()
            .map(|message| (message.msg_type.as_str(), &message.members));
        let mut spec: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (msg_type, members) in ends.into_iter().chain(messages) {
            member_lines(&dictionary, members, "", spec.entry(msg_type).or_default());
        }
        let types: BTreeSet<&str> = facts.keys().chain(spec.keys()).copied().collect();
        for msg_type in types {
            let of = |map: &BTreeMap<&str, Vec<String>>| map.get(msg_type).cloned().unwrap_or_default();
            let (facts, spec) = (of(&facts), of(&spec));
            assert_eq!(differences(&facts, &spec), "", "{dialect}, message {msg_type}");
            assert_eq!(
                facts.len(),
                spec.len(),
                "{dialect}, message {msg_type}: something is there twice"
            );
        }
    }
}

#[test]
fn members_stand_in_the_documented_order() {
    for (dialect, dictionary) in dictionaries() {
        for message in &dictionary.messages {
            let mut spec = Vec::new();
            member_lines(&dictionary, &message.members, "", &mut spec);
            let facts: Vec<String> = rows::<10>(FIELDS)
                .into_iter()
                .filter(|row| row[0] == dialect && row[1] == message.msg_type)
                .map(|[_, _, _, _, _, group, tag, name, field_type, required]| {
                    line(group, tag, name, field_type, required == "Y")
                })
                .collect();
            let name = &message.name;
            assert_eq!(differences(&facts, &spec), "", "{dialect}, message {name}");
            let elsewhere = spec.iter().zip(&facts).find(|(spec, facts)| spec != facts);
            assert_eq!(
                elsewhere, None,
                "{dialect}, message {name}: the first out of order, in spec/ and in the facts"
            );
            assert_eq!(
                spec.len(),
                facts.len(),
                "{dialect}, message {name}: something is there twice"
            );
        }
        // The first three are FIX's own; the rest is the order in which sessions write them.
        let header: Vec<u32> = dictionary
            .header
            .iter()
            .filter_map(|member| dictionary.field_by_name(&member.name))
            .map(|id| dictionary.field(id).tag)
            .collect();
        assert_eq!(header[..10], [8, 9, 35, 49, 56, 34, 52, 43, 97, 122], "{dialect}");
        let last = dictionary.trailer.last().map(|member| member.name.as_str());
        assert_eq!(last, Some("CheckSum"), "{dialect}");
    }
}

/// The fields of a list that are not required, each with whether a condition or a remark stands with it.
fn optional_members(
    dictionary: &Dictionary,
    members: &[Member],
    path: &str,
    explained: bool,
    out: &mut BTreeMap<String, bool>,
) {
    for member in members {
        let explained = explained || member.when.is_some() || member.note.is_some();
        let (id, inner) = match &member.kind {
            MemberKind::Field(id) => (*id, None),
            MemberKind::Group(group) => (group.count, Some(&group.members)),
            MemberKind::Component(id) => {
                optional_members(
                    dictionary,
                    &dictionary.component(*id).members,
                    path,
                    explained,
                    out,
                );
                continue;
            }
        };
        let field = dictionary.field(id);
        out.insert(format!("{path}/{}", field.tag), explained);
        if let Some(inner) = inner {
            let path = if path.is_empty() {
                field.name.clone()
            } else {
                format!("{path}/{}", field.name)
            };
            optional_members(dictionary, inner, &path, false, out);
        }
    }
}

#[test]
fn every_conditional_field_says_when() {
    for (dialect, dictionary) in dictionaries() {
        for [of, msg_type, _, _, _, group, tag, name, _, required] in rows(FIELDS) {
            if of != dialect || required != "C" {
                continue;
            }
            let members = match msg_type {
                "header" => &dictionary.header,
                "trailer" => &dictionary.trailer,
                _ => {
                    &dictionary
                        .message_by_type(msg_type)
                        .expect("the message is there")
                        .members
                }
            };
            let mut explained = BTreeMap::new();
            optional_members(&dictionary, members, "", false, &mut explained);
            assert_eq!(
                explained.get(&format!("{group}/{tag}")),
                Some(&true),
                "{dialect}: {name} of {msg_type}"
            );
        }
    }
}

#[test]
fn messages_are_sent_by_the_documented_side_on_the_documented_sessions() {
    for (dialect, dictionary) in dictionaries() {
        let facts: BTreeSet<String> = rows::<10>(FIELDS)
            .into_iter()
            .filter(|row| row[0] == dialect && !["header", "trailer"].contains(&row[1]))
            .map(|row| format!("{} {} client: {} exchange: {}", row[1], row[2], row[3], row[4]))
            .collect();
        let spec = dictionary.messages.iter().map(|message| {
            let (client, exchange) = (sessions(&message.client), sessions(&message.exchange));
            format!(
                "{} {} client: {client} exchange: {exchange}",
                message.msg_type, message.name
            )
        });
        let (facts, spec): (Vec<_>, Vec<_>) = (facts.into_iter().collect(), spec.collect());
        assert_eq!(differences(&facts, &spec), "", "{dialect}");
    }
}

#[test]
fn every_listed_value_is_in_the_spec_and_the_spec_has_no_other() {
    for (dialect, dictionary) in dictionaries() {
        let mut unmatched: BTreeSet<(u32, &str)> = BTreeSet::new();
        for field in &dictionary.fields {
            unmatched.extend(field.values.iter().map(|value| (field.tag, value.wire.as_str())));
        }
        for [of, tag, field, wire, name] in rows(ENUMS) {
            if of != dialect {
                continue;
            }
            let id = dictionary.field_by_tag(tag.parse().expect("a tag"));
            let definition = dictionary.field(id.unwrap_or_else(|| panic!("{dialect}: no field {tag}")));
            assert_eq!(definition.name, field, "{dialect}, {tag}");
            let value = definition.values.iter().find(|value| value.wire == wire);
            let value = value.unwrap_or_else(|| panic!("{dialect}: {field} does not list {wire}"));
            let known = value.description == name || value.aliases.iter().any(|alias| alias == name);
            assert!(
                known,
                "{dialect}: {field}={wire} is {name} in the facts, {value:?} in the spec"
            );
            unmatched.remove(&(definition.tag, wire));
        }
        assert!(unmatched.is_empty(), "{dialect}: not in the facts: {unmatched:?}");
    }
}

#[test]
fn sides_are_never_of_no() {
    for (dialect, dictionary) in dictionaries() {
        let side = dictionary
            .field_by_tag(54)
            .map(|id| dictionary.field(id))
            .expect("Side is there");
        let names: Vec<_> = side
            .values
            .iter()
            .map(|value| (value.wire.as_str(), value.name.as_deref()))
            .collect();
        assert_eq!(names, [("1", Some("Buy")), ("2", Some("Sell"))], "{dialect}");
        let aliases: Vec<_> = side
            .values
            .iter()
            .flat_map(|value| value.aliases.clone())
            .collect();
        assert_eq!(aliases, ["BUY_YES", "SELL_NO"], "{dialect}");
    }
}

#[test]
fn the_dictionaries_are_beyond_doubt() {
    for (dialect, dictionary) in dictionaries() {
        assert_eq!(dictionary.warnings, [], "{dialect}");
        assert_eq!(dictionary.dialect.as_deref(), Some(dialect));
        assert_eq!(dictionary.begin_string(), "FIXT.1.1");
    }
}

#[test]
fn values_that_must_not_be_shown_are_marked() {
    for (dialect, dictionary) in dictionaries() {
        let secret: BTreeSet<u32> = dictionary
            .fields
            .iter()
            .filter(|field| field.secret)
            .map(|field| field.tag)
            .collect();
        let expected: BTreeSet<u32> = [96, 554, 925, 89]
            .into_iter()
            .filter(|&tag| dictionary.field_by_tag(tag).is_some())
            .collect();
        assert_eq!(secret, expected, "{dialect}");
        assert!(secret.contains(&96), "{dialect}");
    }
}
