//! The rows of the benchmark.

use kalshi_fix_tests::fixtures::{Kind, frame, readable, wire};

/// The frames of one row.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) frames: Vec<Vec<u8>>,
}

impl Workload {
    /// Each recorded kind alone, all of them shuffled, and what a peer may send instead: another order of fields, and
    /// tags that no dictionary lists.
    pub(crate) fn all() -> Vec<Workload> {
        let mut rows: Vec<Workload> = Kind::ALL
            .into_iter()
            .map(|kind| Workload {
                name: kind.name(),
                frames: kind.frames(),
            })
            .collect();
        rows.push(Workload {
            name: "mix",
            frames: mix(),
        });
        rows.push(Workload {
            name: "er, permuted",
            frames: changed(Kind::ExecutionReport, permute_report),
        });
        rows.push(Workload {
            name: "md10, permuted",
            frames: changed(Kind::Refresh10, permute_entries),
        });
        rows.push(Workload {
            name: "er, unknown tag",
            frames: changed(Kind::ExecutionReport, unknown_in_fee),
        });
        rows.push(Workload {
            name: "md10, unknown tag",
            frames: changed(Kind::Refresh10, unknown_in_entries),
        });
        rows
    }

    /// The rows that can be encoded: those in the order in which a sender writes.
    pub(crate) fn canonical() -> Vec<Workload> {
        Workload::all()
            .into_iter()
            .filter(|row| !row.name.contains(','))
            .collect()
    }
}

/// All recorded frames, in an order that does not repeat and is the same in every run.
fn mix() -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = Kind::ALL.into_iter().flat_map(Kind::frames).collect();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for last in (1..frames.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        frames.swap(last, (state % (last as u64 + 1)) as usize);
    }
    frames
}

/// The frames of a kind with their bodies rewritten: the fields after `SendingTime` (52), as `tag=value`.
fn changed(kind: Kind, change: fn(Vec<String>) -> Vec<String>) -> Vec<Vec<u8>> {
    let rewrite = |recorded: Vec<u8>| {
        let text = readable(&recorded);
        let fields: Vec<&str> = text.split_terminator('|').collect();
        let (header, body) = fields[2..fields.len() - 1].split_at(5);
        let body = change(body.iter().map(|field| (*field).to_owned()).collect());
        frame(&wire(&format!("{}|{}|", header.join("|"), body.join("|"))))
    };
    kind.frames().into_iter().map(rewrite).collect()
}

/// The report's fields back to front, its two groups left whole.
fn permute_report(body: Vec<String>) -> Vec<String> {
    let mut blocks: Vec<Vec<String>> = Vec::new();
    for field in body {
        let in_group = ["137=", "138=", "139=", "891=", "1704=", "1705="]
            .iter()
            .any(|tag| field.starts_with(tag));
        match blocks.last_mut() {
            Some(block) if in_group => block.push(field),
            _ => blocks.push(vec![field]),
        }
    }
    blocks.into_iter().rev().flatten().collect()
}

/// Entries in the order of the documentation's examples: the symbol before the type.
fn permute_entries(mut body: Vec<String>) -> Vec<String> {
    for at in 1..body.len() {
        if body[at].starts_with("55=") {
            body.swap(at - 1, at);
        }
    }
    body
}

fn unknown_in_fee(body: Vec<String>) -> Vec<String> {
    insert_after(body, "138=", "20999=later")
}

fn unknown_in_entries(body: Vec<String>) -> Vec<String> {
    insert_after(body, "270=", "20999=later")
}

fn insert_after(body: Vec<String>, tag: &str, field: &str) -> Vec<String> {
    let insert = |existing: String| {
        let matches = existing.starts_with(tag);
        std::iter::once(existing).chain(matches.then(|| field.to_owned()))
    };
    body.into_iter().flat_map(insert).collect()
}
