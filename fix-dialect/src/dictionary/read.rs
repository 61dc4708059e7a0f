//! From a file, or its text, to a checked dictionary.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::attributes::{self, HEADER, ROOT, TRAILER};
use super::fault::{FaultCollector, Faults, quoted};
use super::members::MemberReader;
use super::model::{Dictionary, DictionaryKind, Index, Member, Message, Sessions};
use super::position::Lines;
use super::suggest::nearest;
use super::xml::{self, Element, MAX_SOURCE};
use super::{check, definitions};

/// Why a dictionary file cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("dictionary {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file can be read, and is no usable dictionary.
    #[error(transparent)]
    Faulty(#[from] Faults),
}

impl Dictionary {
    /// Loads a dictionary from a file; faults name the file as `path` does.
    pub fn load(path: impl AsRef<Path>) -> Result<Dictionary, LoadError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| LoadError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::parse_bytes(&bytes, &path.to_string_lossy())?)
    }

    /// Reads a dictionary from the bytes of a file; faults name the file as `path`.
    pub fn parse_bytes(bytes: &[u8], path: &str) -> Result<Dictionary, Faults> {
        match std::str::from_utf8(bytes) {
            Ok(source) => Self::parse(source, path),
            Err(error) => {
                let sound = &bytes[..error.valid_up_to()];
                let position =
                    Lines::new(std::str::from_utf8(sound).unwrap_or_default()).position(sound.len());
                let mut faults = FaultCollector::new(path);
                let message = "the file is not UTF-8 from here on: save it as UTF-8";
                faults.error(position, message);
                faults.into_faults()
            }
        }
    }

    /// Reads a dictionary from its text; faults name the file as `path`.
    ///
    /// Errors are all told at once, up to [`Faults::LIMIT`]; what is merely doubtful is in [`Dictionary::warnings`].
    pub fn parse(source: &str, path: &str) -> Result<Dictionary, Faults> {
        let mut faults = FaultCollector::new(path);
        let dictionary = read(source, &mut faults);
        let warnings = faults.finish()?;
        match dictionary {
            Some(dictionary) => Ok(Dictionary {
                warnings,
                ..dictionary
            }),
            None => unreachable!("a dictionary that cannot be read has a fault"),
        }
    }
}

/// Reads as much as can be read; the result is of use only when there are no errors.
fn read(source: &str, faults: &mut FaultCollector) -> Option<Dictionary> {
    if source.len() > MAX_SOURCE {
        faults.error(super::Position::START, MAX_SOURCE_MESSAGE);
        return None;
    }
    // A byte order mark is no character of the first line.
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let lines = Lines::new(source);
    let root = xml::read(source, &lines, faults)?;
    if root.name != "fix" {
        let message = format!("the outermost element is <{}>; expected <fix>", root.name);
        faults.error(root.position, message);
        return None;
    }
    Some(read_tree(&root, faults))
}

/// What [`MAX_SOURCE`] says, in words.
pub(super) const MAX_SOURCE_MESSAGE: &str = "the file is larger than 16 MiB";

/// Reads as much as can be read of the element `<fix>`.
pub(super) fn read_tree(root: &Element<'_>, faults: &mut FaultCollector) -> Dictionary {
    ROOT.check(root, faults);

    let mut index = Index::default();
    let fields = match section(root, "fields", true, faults) {
        Some(section) => definitions::read(section, &mut index, faults),
        None => Vec::new(),
    };
    let stated_sessions = read_sessions(root, faults);
    let mut reader = MemberReader {
        fields: &fields,
        index: &mut index,
        faults,
        conditions: HashMap::new(),
        incomplete: false,
    };
    let components = match section(root, "components", false, reader.faults) {
        Some(section) => reader.components(section),
        None => Vec::new(),
    };
    let mut ends = [("header", &HEADER), ("trailer", &TRAILER)].map(|(name, vocabulary)| {
        let Some(section) = section(root, name, false, reader.faults) else {
            return Vec::new();
        };
        vocabulary.check(section, reader.faults);
        reader.members(section)
    });
    let [header, trailer]: [Vec<Member>; 2] = [std::mem::take(&mut ends[0]), std::mem::take(&mut ends[1])];
    let messages = match section(root, "messages", true, reader.faults) {
        Some(section) => reader.messages(section, stated_sessions.as_deref()),
        None => Vec::new(),
    };

    let MemberReader {
        conditions,
        incomplete,
        ..
    } = reader;

    let kind = read_kind(root, faults);
    let mut version = |name: &str| attributes::number::<u32>(root, name, "a version number", faults);
    let (major, minor, service_pack) = (version("major"), version("minor"), version("servicepack"));
    for name in ["major", "minor"] {
        attributes::required(root, name, faults);
    }
    let dictionary = Dictionary {
        kind: kind.unwrap_or(DictionaryKind::Fix),
        major: major.unwrap_or_default(),
        minor: minor.unwrap_or_default(),
        service_pack: service_pack.unwrap_or_default(),
        dialect: attributes::text(root, "x-dialect"),
        version: attributes::text(root, "x-version"),
        sessions: stated_sessions.unwrap_or_else(|| named_sessions(&messages)),
        header,
        trailer,
        messages,
        components,
        fields,
        warnings: Vec::new(),
        index,
    };
    // Where members are missing, a condition on one of them is no second error.
    check::check(&dictionary, (!incomplete).then_some(&conditions), faults);
    dictionary
}

/// The one section with this name. The order of the sections does not matter.
fn section<'e, 's>(
    root: &'e Element<'s>,
    name: &str,
    needed: bool,
    faults: &mut FaultCollector,
) -> Option<&'e Element<'s>> {
    let mut sections = root.children.iter().filter(|child| child.name == name);
    let first = sections.next();
    if let Some(second) = sections.next() {
        faults.error(
            second.position,
            format!("a second section <{name}>; put both into one"),
        );
    }
    if first.is_none() && needed {
        faults.error(root.position, format!("there is no section <{name}>"));
    }
    first
}

fn read_kind(root: &Element<'_>, faults: &mut FaultCollector) -> Option<DictionaryKind> {
    match attributes::required(root, "type", faults)? {
        ("FIX", _) => Some(DictionaryKind::Fix),
        ("FIXT", _) => Some(DictionaryKind::Fixt),
        (other, position) => {
            let message = format!(
                "attribute \"type\" is {}; expected `FIX` or `FIXT`",
                quoted(other)
            );
            faults.error_with(position, message, nearest(other, ["FIX", "FIXT"]));
            None
        }
    }
}

fn read_sessions(root: &Element<'_>, faults: &mut FaultCollector) -> Option<Vec<String>> {
    let attribute = root.attribute("x-sessions")?;
    let mut sessions: Vec<String> = Vec::new();
    for name in attributes::words(attribute) {
        if name == "all" {
            faults.error(
                attribute.position,
                "`all` stands for every session, and cannot be the name of one",
            );
        } else if sessions.iter().any(|earlier| earlier == name) {
            faults.error(
                attribute.position,
                format!("session {} is listed twice", quoted(name)),
            );
        } else {
            sessions.push(name.to_owned());
        }
    }
    Some(sessions)
}

/// Every session that a message names, in the order of the file.
fn named_sessions(messages: &[Message]) -> Vec<String> {
    let mut sessions: Vec<String> = Vec::new();
    for side in messages
        .iter()
        .flat_map(|message| [&message.client, &message.exchange])
    {
        let Sessions::Listed(names) = side else { continue };
        for name in names {
            if !sessions.contains(name) {
                sessions.push(name.clone());
            }
        }
    }
    sessions
}
