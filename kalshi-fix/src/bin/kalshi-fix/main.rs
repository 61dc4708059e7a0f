//! The command-line program: sessions probed, live books, a simulated exchange, keys, frames made readable, and dictionaries
//! checked, compared, shown and published.

mod arguments;
mod book;
mod check;
mod completions;
mod decode;
mod diff;
mod directory;
mod gateway;
mod held;
mod html;
mod json;
mod json_value;
mod keygen;
mod numbers;
mod output;
mod overview;
mod place;
mod probe;
mod remedy;
mod requested;
mod shell;
mod show;
mod source;
mod symbols;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, DictionaryCommand};
use output::{Failure, Findings, Output};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new(arguments.color);
    let Some(command) = arguments.command else {
        return ended(overview::run(&mut output), &mut output);
    };
    let result = match command {
        Command::Decode(arguments) => decode::run(&arguments, &mut output),
        Command::Dictionary(DictionaryCommand::Check(arguments)) => check::run(&arguments, &mut output),
        Command::Dictionary(DictionaryCommand::Diff(arguments)) => diff::run(&arguments, &mut output),
        Command::Dictionary(DictionaryCommand::Show(arguments)) => show::run(&arguments, &mut output),
        Command::Dictionary(DictionaryCommand::Html(arguments)) => html::run(&arguments, &mut output),
        Command::Book(arguments) => book::run(&arguments, &mut output),
        Command::Probe(arguments) => probe::run(&arguments, &mut output),
        Command::Keygen(arguments) => keygen::run(&arguments, &mut output),
        Command::Gateway(arguments) => gateway::run(&arguments, &mut output),
        Command::Completions { shell } => completions::run(shell, &mut output),
    };
    ended(result, &mut output)
}

fn ended(result: Result<Findings, Failure>, output: &mut Output) -> ExitCode {
    match result.and_then(|findings| output.flush().map(|()| findings)) {
        Ok(Findings::None) => ExitCode::SUCCESS,
        Ok(Findings::Some) => ExitCode::from(1),
        // Whoever reads the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("kalshi-fix: {failure}");
            ExitCode::from(2)
        }
    }
}
