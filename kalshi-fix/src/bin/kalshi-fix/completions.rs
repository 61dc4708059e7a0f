//! `completions`: a script that completes this program's commands in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::output::{Failure, Findings, Output};

pub(crate) fn run(shell: Shell, output: &mut Output) -> Result<Findings, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Bash {
        // clap_complete calls a command "kalshi__fix" where it sets it, and otherwise where it looks for it, since the name has
        // a hyphen (clap-rs/clap#6421): nothing would be completed after the first word.
        script = script.replace("kalshi__subcmd__fix", "kalshi__fix");
    }
    output.write(&script)?;
    Ok(Findings::None)
}

const NAME: &str = "kalshi-fix";
