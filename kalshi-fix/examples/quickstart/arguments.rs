//! The command line: `--seed N`, `--fault STEP`, `--stay`, `--help`.

use std::ffi::OsString;
use std::fmt::Write as _;

use crate::command_line::{CommandLine, Flag};
use crate::step::Step;

/// What the command line asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// What prices and sizes are drawn from.
    pub(crate) seed: u64,
    /// The step that is to fail.
    pub(crate) fault: Option<Step>,
    /// Whether to stay logged on until the process is asked to end.
    pub(crate) stay: bool,
}

/// What the command line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Run(Arguments),
    Help,
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let Some(given) = COMMAND_LINE.read(words)? else {
        return Ok(Parsed::Help);
    };
    let seed = given.get("--seed").map_or(Ok(1), |text| {
        text.parse()
            .map_err(|_| format!("--seed wants a whole number, and got {text:?}"))
    })?;
    let fault = given.get("--fault").map(|text| {
        let step = Step::ALL.into_iter().find(|step| step.name() == text);
        step.ok_or_else(|| format!("no step is named {text:?}; there are {}", names()))
    });
    Ok(Parsed::Run(Arguments {
        seed,
        fault: fault.transpose()?,
        stay: given.contains_key("--stay"),
    }))
}

pub(crate) fn help() -> String {
    let mut text = COMMAND_LINE.help();
    text.push_str("\nSteps:\n");
    for step in Step::ALL {
        let _ = writeln!(text, "  {:<12}  {}", step.name(), step.title());
    }
    text
}

fn names() -> String {
    Step::ALL.map(Step::name).join(", ")
}

const COMMAND_LINE: CommandLine = CommandLine {
    about: "A tour of kalshi-fix against a simulated exchange in this process.",
    command: "cargo run --release --example quickstart",
    flags: &[
        Flag {
            name: "--seed",
            value: Some(("N", "a number")),
            does: "draw other prices and sizes (1 unless told otherwise)",
        },
        Flag {
            name: "--fault",
            value: Some(("STEP", "the name of a step")),
            does: "have this step fail: it is named, and the exit code is 1",
        },
        Flag {
            name: "--stay",
            value: None,
            does: "stay logged on until Ctrl-C or SIGTERM, and log out then",
        },
    ],
};
