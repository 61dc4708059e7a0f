//! The command line: `--seed N`, `--fault STEP`, `--wait`, `--help`.

use std::fmt::Write as _;

use crate::step::Step;

/// What the command line asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// What prices and sizes are drawn from.
    pub(crate) seed: u64,
    /// The step that is to fail.
    pub(crate) fault: Option<Step>,
    /// Whether to stay logged on until the process is asked to end.
    pub(crate) wait: bool,
}

/// What the command line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Run(Arguments),
    Help,
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Parsed, String> {
    let mut parsed = Arguments {
        seed: 1,
        fault: None,
        wait: false,
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (flag, joined) = match argument.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = |of: &str| {
            joined
                .clone()
                .or_else(|| arguments.next())
                .ok_or(format!("{flag} wants {of}"))
        };
        match flag {
            "--seed" => {
                let text = value("a number")?;
                parsed.seed = text
                    .parse()
                    .map_err(|_| format!("--seed wants a whole number, and got {text:?}"))?;
            }
            "--fault" => {
                let text = value("the name of a step")?;
                let step = Step::ALL.into_iter().find(|step| step.name() == text);
                parsed.fault =
                    Some(step.ok_or_else(|| format!("no step is named {text:?}; there are {}", names()))?);
            }
            "--wait" if joined.is_none() => parsed.wait = true,
            "--help" | "-h" => return Ok(Parsed::Help),
            _ => {
                return Err(format!(
                    "unknown argument {argument:?}; there are --seed N, --fault STEP, --wait and --help"
                ));
            }
        }
    }
    Ok(Parsed::Run(parsed))
}

pub(crate) fn help() -> String {
    let mut text = String::from(
        "A tour of kalshi-fix against a simulated exchange in this process.\n\n\
         Usage: cargo run --release --example quickstart -- [--seed N] [--fault STEP] [--wait]\n\n  \
         --seed N      draw other prices and sizes (1 unless told otherwise)\n  \
         --fault STEP  have this step fail: the exit code is then 1, and the step is named\n  \
         --wait        stay logged on until SIGTERM or Ctrl-C, and log out then\n  \
         --help        this text\n\nSteps:\n",
    );
    for step in Step::ALL {
        let _ = writeln!(text, "  {:<12}  {}", step.name(), step.title());
    }
    text
}

fn names() -> String {
    Step::ALL.map(Step::name).join(", ")
}
