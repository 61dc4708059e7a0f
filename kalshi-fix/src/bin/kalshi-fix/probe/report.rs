//! What a probe has found, as lines while it goes on, or as one object at the end.

use std::fmt::Write as _;
use std::time::Duration;

use kalshi_fix::reconnect::FailureClass;

use crate::json;
use crate::output::{Failure, Output, Style, wrapped};
use crate::remedy::{Step, Trouble};

/// What has been found so far.
pub(super) struct Report<'o> {
    output: &'o mut Output,
    is_json: bool,
    /// What comes before the first line, if anything.
    title: String,
    /// The object, as far as it goes.
    head: String,
    steps: String,
    more: String,
    troubles: Vec<(Step, Trouble)>,
    stopped: Option<Stopped>,
}

/// How far it had come when it was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    BeforeLogon,
    /// Between the logon and the last heartbeat; it has logged out.
    Heartbeats {
        answered: usize,
    },
}

impl<'o> Report<'o> {
    pub(super) fn new(
        output: &'o mut Output,
        is_json: bool,
        [product, session, place]: [&str; 3],
        terms: &[(&'static str, String)],
    ) -> Report<'o> {
        let mut head = String::from("{");
        json::text(&mut head, "product", product);
        json::text(&mut head, "session", session);
        json::text(&mut head, "place", place);
        let mut title = output.styled(Style::Strong, format!("{session} ({product}, {place})"));
        title.push('\n');
        let lengths = terms.iter().map(|(name, _)| name.len());
        let longest = lengths.fold(LEAST_TERM, usize::max);
        for (name, value) in terms {
            json::text(&mut head, name, value);
            let name = output.styled(Style::Dim, format!("{:<longest$}  ", name.replace('_', " ")));
            let _ = writeln!(title, "  {name}{value}");
        }
        Report {
            output,
            is_json,
            title,
            head,
            steps: String::new(),
            more: String::new(),
            troubles: Vec::new(),
            stopped: None,
        }
    }

    /// A step went well.
    pub(super) fn done(&mut self, step: Step, took: Option<Duration>, detail: &str) -> Result<(), Failure> {
        self.line(step, true, took, detail)
    }

    /// A step failed, or showed what must be mended.
    pub(super) fn trouble(
        &mut self,
        step: Step,
        took: Option<Duration>,
        detail: &str,
        trouble: Trouble,
    ) -> Result<(), Failure> {
        self.line(step, false, took, detail)?;
        if !self.is_json {
            let [wrong, remedy] =
                ["what is wrong", "what to do"].map(|name| self.output.styled(Style::Strong, name));
            let what = wrapped(&trouble.what);
            let to_do = wrapped(&trouble.remedy);
            self.output.write(&format!(
                "\n{wrong} ({})\n{what}{remedy}\n{to_do}",
                in_words(trouble.class)
            ))?;
            self.output.flush()?;
        }
        self.troubles.push((step, trouble));
        Ok(())
    }

    /// It ends before it is done, because it was told to.
    pub(super) fn stop(&mut self, stopped: Stopped) {
        self.stopped = Some(stopped);
    }

    pub(super) fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// Whether there was a session, and nothing has to be mended.
    pub(super) fn is_good(&self) -> bool {
        self.troubles.is_empty() && self.stopped != Some(Stopped::BeforeLogon)
    }

    /// A figure in milliseconds for the object.
    pub(super) fn figure(&mut self, name: &str, value: &str) {
        if !self.more.is_empty() {
            self.more.push(',');
        }
        self.more
            .push_str(&format_args!("\"{name}\":{value}").to_string());
    }

    /// A word for people at the end.
    pub(super) fn end(mut self, word: &str) -> Result<(), Failure> {
        if !self.is_json {
            return self.output.write(word);
        }
        let mut text = std::mem::take(&mut self.head);
        json::plain(&mut text, "ok", self.is_good());
        if self.stopped.is_some() {
            json::plain(&mut text, "stopped", true);
        }
        json::key(&mut text, "steps");
        text.push('[');
        text.push_str(&self.steps);
        text.push(']');
        if !self.more.is_empty() {
            text.push(',');
            text.push_str(&self.more);
        }
        json::key(&mut text, "troubles");
        text.push('[');
        for (step, trouble) in &self.troubles {
            if !text.ends_with('[') {
                text.push(',');
            }
            text.push('{');
            json::text(&mut text, "step", &step.to_string());
            json::text(&mut text, "class", &trouble.class.to_string());
            json::text(&mut text, "what", &trouble.what);
            json::text(&mut text, "remedy", &trouble.remedy);
            text.push('}');
        }
        text.push_str("]}\n");
        self.output.write(&text)
    }

    fn line(
        &mut self,
        step: Step,
        is_good: bool,
        took: Option<Duration>,
        detail: &str,
    ) -> Result<(), Failure> {
        if !self.steps.is_empty() {
            self.steps.push(',');
        }
        self.steps.push('{');
        json::text(&mut self.steps, "step", &step.to_string());
        json::plain(&mut self.steps, "ok", is_good);
        if let Some(took) = took {
            json::plain(&mut self.steps, "milliseconds", milliseconds(took));
        }
        json::text(&mut self.steps, "detail", detail);
        self.steps.push('}');
        if self.is_json {
            return Ok(());
        }
        self.output.write(&std::mem::take(&mut self.title))?;
        let (mark, style) = if is_good {
            ("✓", Style::Good)
        } else {
            ("✗", Style::Error)
        };
        let mark = self.output.styled(style, mark);
        let took = took
            .map(|took| format!("{} ms", milliseconds(took)))
            .unwrap_or_default();
        let took = self.output.styled(Style::Dim, format!("{took:>13}"));
        self.output
            .write(&format!("{mark} {step:<10}{took}  {detail}\n"))?;
        self.output.flush()
    }
}

/// A kind of failure for people: programs have its label.
fn in_words(class: FailureClass) -> String {
    match class {
        FailureClass::NoTls => "no common TLS".to_owned(),
        class => class.to_string().replace('_', " "),
    }
}

/// Milliseconds with three decimals.
pub(super) fn milliseconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

/// The room for a term's name, so that two probes are alike as a rule.
const LEAST_TERM: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(milliseconds(Duration::from_micros(12_034)), "12.034");
        assert_eq!(milliseconds(Duration::from_nanos(999)), "0.000");
    }
}
