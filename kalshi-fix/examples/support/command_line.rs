//! The command line of an example: read, refused in words, or explained.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;

/// What an example is, and what may be said to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandLine {
    /// What it does.
    pub(crate) about: &'static str,
    /// How it is run.
    pub(crate) command: &'static str,
    /// What may follow, beside `--help`.
    pub(crate) flags: &'static [Flag],
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    /// With its hyphens.
    pub(crate) name: &'static str,
    /// The value that it wants: as the help has it (`SYMBOL`), and in words.
    pub(crate) value: Option<(&'static str, &'static str)>,
    /// What it does.
    pub(crate) does: &'static str,
}

/// The flags that were given, with their values.
pub(crate) type Given = BTreeMap<&'static str, String>;

impl CommandLine {
    /// Reads the words behind the program's name; `None` where they ask for help.
    pub(crate) fn read(&self, words: impl IntoIterator<Item = OsString>) -> Result<Option<Given>, String> {
        let mut given = Given::new();
        let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            if matches!(word.as_str(), "--help" | "-h") {
                return Ok(None);
            }
            let (name, joined) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let flag = self.flags.iter().find(|flag| flag.name == name);
            let Some(flag) = flag else {
                return Err(format!("unknown argument {word:?}; there are {}", self.known()));
            };
            let value = match (flag.value, joined) {
                (None, None) => String::new(),
                (None, Some(_)) => return Err(format!("{name} takes no value, and got {word:?}")),
                (Some((_, wanted)), joined) => match joined.or_else(|| words.next()) {
                    None => return Err(format!("{name} wants {wanted}")),
                    // Rather a value that was forgotten than one of that name.
                    Some(value) if value.is_empty() || value.starts_with("--") => {
                        return Err(format!("{name} wants {wanted}, and got {value:?}"));
                    }
                    Some(value) => value,
                },
            };
            if given.insert(flag.name, value).is_some() {
                return Err(format!("{name} is given twice"));
            }
        }
        Ok(Some(given))
    }

    /// What `--help` prints.
    pub(crate) fn help(&self) -> String {
        let mut text = format!("{}\n\nUsage: {} -- [FLAG]...\n\n", self.about, self.command);
        let help = ("--help".to_owned(), "this text");
        let lines = self.flags.iter().map(|flag| (flag.shown(), flag.does));
        let lines: Vec<_> = lines.chain([help]).collect();
        let width = lines.iter().map(|(flag, _)| flag.len()).max().unwrap_or(0);
        for (flag, does) in lines {
            let _ = writeln!(text, "  {flag:<width$}  {does}");
        }
        text
    }

    fn known(&self) -> String {
        let flags: Vec<_> = self.flags.iter().map(Flag::shown).collect();
        format!("{} and --help", flags.join(", "))
    }
}

impl Flag {
    fn shown(&self) -> String {
        match self.value {
            Some((value, _)) => format!("{} {value}", self.name),
            None => self.name.to_owned(),
        }
    }
}
