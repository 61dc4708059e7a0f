//! `dictionary diff`: what a new dictionary means to a client.

use kalshi_fix::dialect::dictionary::{Diff, Impact};

use crate::arguments::{DiffArguments, FailOn, Format};
use crate::json;
use crate::output::{Failure, Findings, Output};
use crate::source;

pub(crate) fn run(arguments: &DiffArguments, output: &mut Output) -> Result<Findings, Failure> {
    let diff = Diff::new(
        &source::dictionary(&arguments.old, &arguments.layers.of_old())?,
        &source::dictionary(&arguments.new, &arguments.layers.of_new())?,
    );
    output.write(&match arguments.format {
        Format::Text => diff.to_text(),
        Format::Markdown => diff.to_markdown(),
        Format::Json => to_json(&diff),
    })?;
    Ok(match arguments.fail_on {
        FailOn::Never => Findings::None,
        FailOn::Any => (!diff.changes().is_empty()).into(),
        FailOn::Breaking => (diff.receive().max(diff.send()) == Impact::Breaking).into(),
    })
}

fn to_json(diff: &Diff) -> String {
    let mut out = String::from("{");
    json::text(&mut out, "receive", &diff.receive().to_string());
    json::text(&mut out, "send", &diff.send().to_string());
    json::text(&mut out, "verdict", &diff.verdict());
    json::key(&mut out, "changes");
    out.push('[');
    for change in diff.changes() {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push_str("\n{");
        json::text(&mut out, "subject", &change.subject.to_string());
        json::text(&mut out, "place", &change.place);
        json::texts(&mut out, "also", change.also.iter().map(String::as_str));
        json::text(&mut out, "what", &change.what);
        json::text(&mut out, "receive", &change.receive.to_string());
        json::text(&mut out, "send", &change.send.to_string());
        out.push('}');
    }
    out.push_str("]}\n");
    out
}
