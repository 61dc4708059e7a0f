//! What there is to try, for those who name no command.

use crate::output::{Failure, Findings, Output, Style};

pub(crate) fn run(output: &mut Output) -> Result<Findings, Failure> {
    let title = format!("kalshi-fix {}", env!("CARGO_PKG_VERSION"));
    output.write(&format!(
        "{}, tools for Kalshi's FIX gateways\n",
        output.styled(Style::Strong, title)
    ))?;
    for (heading, lines) in SECTIONS {
        output.write(&format!("\n{}\n", output.styled(Style::Strong, heading)))?;
        for (command, what) in *lines {
            let command = output.styled(Style::Name, format!("{command:<36}"));
            output.write(&format!("  {command}  {what}\n"))?;
        }
    }
    output.write("\nkalshi-fix help COMMAND says more, with examples.\n")?;
    Ok(Findings::None)
}

type Section = (&'static str, &'static [(&'static str, &'static str)]);

/// The commands as one would meet them.
const SECTIONS: &[Section] = &[
    (
        "Try first; nothing is needed",
        &[
            ("kalshi-fix probe", "log on to a simulated exchange"),
            ("kalshi-fix book HIGHNY-23DEC31", "watch a live order book"),
            ("kalshi-fix dictionary show D", "what an order is made of"),
        ],
    ),
    (
        "Develop against an exchange of your own",
        &[
            ("kalshi-fix gateway venue/ --bots 5", "run it, until Ctrl-C"),
            ("kalshi-fix probe --gateway venue/", "in another terminal"),
        ],
    ),
    (
        "Go to the venue's demo environment",
        &[
            ("kalshi-fix keygen demo.pem", "a key, and where to register it"),
            ("kalshi-fix probe --demo", "what is wrong, if anything"),
            ("kalshi-fix book --demo SYMBOL", "a book of the demo"),
        ],
    ),
    (
        "Read messages, keep a dialect up to date",
        &[
            (
                "kalshi-fix decode fix.log --validate",
                "frames with names and values",
            ),
            (
                "kalshi-fix dictionary check my.xml",
                "every fault, with its place",
            ),
            ("kalshi-fix dictionary diff OLD NEW", "what a change breaks"),
            ("kalshi-fix dictionary html site/", "a reference for the browser"),
            ("kalshi-fix completions SHELL", "for a shell"),
        ],
    ),
];
