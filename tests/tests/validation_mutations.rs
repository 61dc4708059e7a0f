//! For every documented field, a message that breaks what is documented of it, and the answer that this calls for.
//!
//! `fixtures/validation/bases.txt` has sound messages. `rows.csv` has one line for each row of the documented facts: a
//! base that holds the field, a change that breaks the row and nothing else (a required field is left out, another gets
//! a value that is not of its type, or none), and the SessionRejectReason (373) or BusinessRejectReason (380) that FIX
//! and the venue document for it. `conditions.csv` adds what the facts state in words. None of them is made from the
//! tables that are tested here.

use std::collections::BTreeSet;

use fix_dialect::tables::Tables;
use fix_dialect::{Answer, Context, Dialect, Malformed, Prices, Sender, Validator, Violation};
use kalshi_fix::{margin::Margin, prediction::Prediction};
use kalshi_fix_tests::fixtures::{SOH, frame, readable, wire};

const BASES: &str = include_str!("../fixtures/validation/bases.txt");
const ROWS: &str = include_str!("../fixtures/validation/rows.csv");
const CONDITIONS: &str = include_str!("../fixtures/validation/conditions.csv");
const FACTS: &str = include_str!("../fixtures/facts/fields.csv");
const DIALECTS: [&str; 2] = ["prediction", "margin"];
/// The sessions that a mutation may name.
const SESSIONS: [&str; 6] = ["NR", "RT", "DC", "PT", "RFQ", "MD"];

#[derive(Clone)]
struct Base {
    name: &'static str,
    context: Context,
    /// From MsgType (35) on, without the trailer's CheckSum (10).
    fields: Vec<(u32, String)>,
}

fn tables(dialect: &str) -> &'static Tables {
    if dialect == "margin" {
        Margin::tables()
    } else {
        Prediction::tables()
    }
}

fn bases(dialect: &str) -> Vec<Base> {
    let lines = BASES.lines().filter(|line| !line.starts_with('#'));
    let read = |line: &'static str| {
        let words: Vec<&str> = line.splitn(6, ' ').collect();
        let [of, name, sender, session, prices, body] = words[..] else {
            panic!("not a base: {line}")
        };
        let mut context = Context::default().on(session);
        context.sender = Some(sender_named(sender).expect("a sender"));
        context.prices = Some(prices_named(prices).expect("prices"));
        let mut fields: Vec<(u32, String)> = body.split('|').map(field).collect();
        let header = ["49=sender", "56=target", "34=7", "52=20260821-14:30:00.125"];
        fields.splice(1..1, header.map(field));
        (of == dialect || of == "both").then_some(Base {
            name,
            context,
            fields,
        })
    };
    lines.filter_map(read).collect()
}

fn field(text: &str) -> (u32, String) {
    let (tag, value) = text.split_once('=').expect("tag=value");
    (tag.parse().expect("a tag"), value.to_owned())
}

fn sender_named(name: &str) -> Option<Sender> {
    match name {
        "client" => Some(Sender::Client),
        "exchange" => Some(Sender::Exchange),
        _ => None,
    }
}

fn prices_named(name: &str) -> Option<Prices> {
    match name {
        "cents" => Some(Prices::Cents),
        "dollars" => Some(Prices::Dollars),
        _ => None,
    }
}

/// A message under change: its fields, and what its frame says in place of what is so.
struct Mutant {
    context: Context,
    fields: Vec<(u32, String)>,
    /// BeginString (8), BodyLength (9), CheckSum (10), where they are not left to be right.
    frame: Vec<(u32, Option<String>)>,
}

impl Mutant {
    fn new(base: &Base) -> Mutant {
        Mutant {
            context: base.context,
            fields: base.fields.clone(),
            frame: Vec::new(),
        }
    }

    fn apply(&mut self, tag: u32, mutation: &str) {
        for step in mutation.split(' ') {
            if let Some(sender) = sender_named(step) {
                self.context.sender = Some(sender);
            } else if let Some(prices) = prices_named(step) {
                self.context.prices = Some(prices);
            } else if let Some(session) = SESSIONS.into_iter().find(|name| *name == step) {
                self.context.session = Some(session);
            } else if step == "drop" {
                self.drop(tag);
            } else if let Some(other) = step.strip_prefix('!') {
                self.drop(other.parse().expect("a tag"));
            } else if let Some(value) = step.strip_prefix('=') {
                self.set(tag, value);
            } else {
                let (tag, value) = field(step);
                self.set(tag, &value);
            }
        }
    }

    fn drop(&mut self, tag: u32) {
        if matches!(tag, 8..=10) {
            self.frame.push((tag, None));
        } else {
            let at = self.fields.iter().position(|(other, _)| *other == tag);
            self.fields.remove(at.expect("the base has the field"));
        }
    }

    /// Sets the first field with this tag; one that the message does not have goes where its group is, or to the end.
    fn set(&mut self, tag: u32, value: &str) {
        if matches!(tag, 8..=10) {
            self.frame.push((tag, Some(value.to_owned())));
            return;
        }
        let second_party = tag == 448
            && self
                .fields
                .iter()
                .any(|(other, value)| *other == 453 && value == "2");
        let within_symbol = matches!(tag, 38 | 21015 | 21016) && self.msg_type() == "R";
        let found = self.fields.iter().position(|(other, _)| *other == tag);
        let behind = |tag: u32| self.fields.iter().position(|(other, _)| *other == tag);
        let place = if second_party {
            behind(452).or(behind(448))
        } else if within_symbol {
            behind(55)
        } else if tag == 452 && found.is_none() {
            behind(448)
        } else {
            None
        };
        match (found.filter(|_| !second_party), place) {
            (Some(at), _) => value.clone_into(&mut self.fields[at].1),
            (None, Some(at)) => self.fields.insert(at + 1, (tag, value.to_owned())),
            (None, None) => self.fields.push((tag, value.to_owned())),
        }
    }

    fn msg_type(&self) -> &str {
        &self.fields[0].1
    }

    fn frame(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (tag, value) in &self.fields {
            body.extend(wire(&format!("{tag}={value}|")));
        }
        let mut text = readable(&frame(&body));
        for (tag, value) in &self.frame {
            let start = text.find(&format!("{tag}=")).filter(|_| *tag != 10);
            let start = start.or_else(|| text.rfind("10=")).expect("the field is there");
            let end = start + text[start..].find('|').expect("a delimiter") + 1;
            let new = value.as_ref().map(|value| format!("{tag}={value}|"));
            text.replace_range(start..end, &new.unwrap_or_default());
            if *tag != 10 {
                let sum_at = text.rfind("10=").expect("a CheckSum");
                let sum = wire(&text[..sum_at])
                    .iter()
                    .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
                text.replace_range(sum_at.., &format!("10={sum:03}|"));
            }
        }
        assert!(!text.contains(char::from(SOH)));
        wire(&text)
    }
}

fn answer(answer: Answer) -> String {
    match answer {
        Answer::Reject(reason) => format!("373={reason}"),
        Answer::BusinessReject(reason) => format!("380={reason}"),
    }
}

/// What is found: tag, answer, and the path.
fn found(tables: &'static Tables, frame: &[u8], context: &Context) -> Vec<(u32, String, String)> {
    match Validator::new(tables).validate_in(frame, context) {
        Ok(violations) => violations
            .into_iter()
            .map(
                |Violation {
                     tag,
                     answer: with,
                     path,
                     ..
                 }| (tag, answer(with), path),
            )
            .collect(),
        Err(Malformed::Header(error)) => {
            vec![(
                error.tag(),
                format!("373={}", error.session_reject_reason()),
                String::new(),
            )]
        }
        Err(other) => panic!("{other}: {}", readable(frame)),
    }
}

struct Row {
    dialect: &'static str,
    msg_type: &'static str,
    group: &'static str,
    tag: u32,
    base: &'static str,
    mutation: &'static str,
    answer: &'static str,
}

fn rows(text: &'static str) -> Vec<Row> {
    let lines = text.lines().skip(1).filter(|line| !line.starts_with('#'));
    let read = |line: &'static str| {
        let cells: Vec<&str> = line.splitn(6, ',').collect();
        let [dialect, msg_type, group, tag, base, rest] = cells[..] else {
            panic!("not a row: {line}")
        };
        let (mutation, answer) = rest.rsplit_once(',').expect("an answer");
        let mutation = mutation.trim_matches('"');
        let tag = tag.parse().expect("a tag");
        Row {
            dialect,
            msg_type,
            group,
            tag,
            base,
            mutation,
            answer,
        }
    };
    lines.map(read).collect()
}

#[test]
fn sound_messages_break_no_rule() {
    for dialect in DIALECTS {
        for base in bases(dialect) {
            let mutant = Mutant::new(&base);
            let frame = mutant.frame();
            let found = found(tables(dialect), &frame, &base.context);
            assert_eq!(found, [], "{dialect} {}: {}", base.name, readable(&frame));
        }
    }
}

#[track_caller]
fn check(rows: &[Row]) {
    let mut wrong = Vec::new();
    for row in rows {
        for dialect in DIALECTS {
            if row.dialect != dialect && row.dialect != "both" {
                continue;
            }
            let bases = bases(dialect);
            let base = bases.iter().find(|base| base.name == row.base);
            let base = base.unwrap_or_else(|| panic!("no base {} in {dialect}", row.base));
            if !["header", "trailer"].contains(&row.msg_type) {
                assert_eq!(base.fields[0].1, row.msg_type, "the base of {}", row.tag);
            }
            let mut mutant = Mutant::new(base);
            mutant.apply(row.tag, row.mutation);
            let frame = mutant.frame();
            let found = found(tables(dialect), &frame, &mutant.context);
            let caught = found
                .iter()
                .any(|(tag, answer, _)| *tag == row.tag && answer == row.answer);
            // The count of a group, and the field that begins an entry, take others along.
            // Of two fields that can stand for each other, both are missing when neither is there.
            let alone = found.iter().all(|(tag, _, path)| {
                *tag == row.tag
                    || !row.group.is_empty()
                    || path.contains('[')
                    || is_count(row.tag)
                    || row.msg_type == "UE"
            });
            if !caught || !alone {
                wrong.push(format!(
                    "{dialect} {} {}/{} {} `{}`, expected {}: {found:?}\n    {}",
                    row.msg_type,
                    row.group,
                    row.tag,
                    row.base,
                    row.mutation,
                    row.answer,
                    readable(&frame)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a tag is the count of a group.
fn is_count(tag: u32) -> bool {
    matches!(tag, 136 | 146 | 268 | 453 | 1703 | 20108 | 20181 | 20185)
}

#[test]
fn a_breach_of_each_documented_field_is_caught() {
    check(&rows(ROWS));
}

#[test]
fn a_breach_of_each_documented_condition_is_caught() {
    check(&rows(CONDITIONS));
}

#[test]
fn every_row_of_the_facts_has_its_breach() {
    let key = |cells: &[&str]| cells.join(",");
    let facts: BTreeSet<String> = FACTS
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            key(&[cells[0], cells[1], cells[5], cells[6]])
        })
        .collect();
    let covered: BTreeSet<String> = rows(ROWS)
        .iter()
        .map(|row| key(&[row.dialect, row.msg_type, row.group, &row.tag.to_string()]))
        .collect();
    assert_eq!(facts.len(), 460);
    let missing: Vec<_> = facts.difference(&covered).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
