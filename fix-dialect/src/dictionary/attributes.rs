//! Which elements a dictionary consists of, which attributes they take, and how the attributes' values are read.

use std::str::FromStr;

use super::fault::{FaultCollector, quoted};
use super::position::Position;
use super::suggest::nearest;
use super::xml::{Attribute, Element};

/// What an element may carry.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The element's name, and where it stands.
    pub(super) what: &'static str,
    /// The attributes that are read.
    pub(super) attributes: &'static [&'static str],
    /// The attributes that other engines read and that mean nothing here.
    pub(super) ignored: &'static [&'static str],
    /// The elements that may stand in it.
    pub(super) children: &'static [&'static str],
}

pub(super) const ROOT: Vocabulary = Vocabulary {
    what: "<fix>",
    attributes: &[
        "type",
        "major",
        "minor",
        "servicepack",
        "x-dialect",
        "x-version",
        "x-sessions",
    ],
    ignored: &["extensionpack", "verbose"],
    children: &["header", "trailer", "messages", "components", "fields"],
};
pub(super) const HEADER: Vocabulary = Vocabulary {
    what: "<header>",
    attributes: &[],
    ignored: &[],
    children: MEMBERS,
};
pub(super) const TRAILER: Vocabulary = Vocabulary {
    what: "<trailer>",
    attributes: &[],
    ignored: &[],
    children: MEMBERS,
};
pub(super) const MESSAGES: Vocabulary = Vocabulary {
    what: "<messages>",
    attributes: &[],
    ignored: &[],
    children: &["message"],
};
pub(super) const COMPONENTS: Vocabulary = Vocabulary {
    what: "<components>",
    attributes: &[],
    ignored: &[],
    children: &["component"],
};
pub(super) const FIELDS: Vocabulary = Vocabulary {
    what: "<fields>",
    attributes: &[],
    ignored: &[],
    children: &["field"],
};
pub(super) const MESSAGE: Vocabulary = Vocabulary {
    what: "<message>",
    attributes: &[
        "name",
        "msgtype",
        "msgcat",
        "x-family",
        "x-client",
        "x-exchange",
        "x-note",
    ],
    ignored: &[],
    children: MEMBERS,
};
pub(super) const COMPONENT: Vocabulary = Vocabulary {
    what: "<component>",
    attributes: &["name", "x-note"],
    ignored: &["required", "type"],
    children: MEMBERS,
};
pub(super) const FIELD_MEMBER: Vocabulary = Vocabulary {
    what: "<field> of a message",
    attributes: &[
        "name", "required", "x-empty", "x-when", "x-never", "x-value", "x-note",
    ],
    ignored: &["number", "type"],
    children: &[],
};
pub(super) const GROUP_MEMBER: Vocabulary = Vocabulary {
    what: "<group>",
    attributes: &[
        "name",
        "required",
        "x-entry",
        "x-delimiter",
        "x-when",
        "x-never",
        "x-min-entries",
        "x-max-entries",
        "x-note",
    ],
    ignored: &["number"],
    children: MEMBERS,
};
pub(super) const COMPONENT_MEMBER: Vocabulary = Vocabulary {
    what: "<component> of a message",
    attributes: &["name", "required", "x-when", "x-never", "x-note"],
    ignored: &[],
    children: &[],
};
pub(super) const FIELD: Vocabulary = Vocabulary {
    what: "<field>",
    attributes: &[
        "number",
        "name",
        "type",
        "x-unit",
        "x-length",
        "x-secret",
        "x-max-length",
        "x-min",
        "x-max",
        "x-step",
        "x-note",
    ],
    ignored: &["allowOtherValues", "required"],
    children: &["value"],
};
pub(super) const VALUE: Vocabulary = Vocabulary {
    what: "<value>",
    attributes: &["enum", "description", "label", "x-name", "x-alias", "x-note"],
    ignored: &["group", "sort"],
    children: &[],
};

/// What stands in a header, trailer, message, component or group.
const MEMBERS: &[&str] = &["field", "group", "component"];

impl Vocabulary {
    /// Checks an element's attributes and children against the vocabulary.
    ///
    /// Attributes that start with `x-` are ours: an unknown one is an error, since a misspelt condition would silently
    /// be none. So is one that is nearly the name of one that is read. Any other is another engine's, and a warning at most.
    pub(super) fn check(&self, element: &Element<'_>, faults: &mut FaultCollector) {
        for attribute in &element.attributes {
            let name = attribute.name;
            if self.attributes.contains(&name) || self.ignored.contains(&name) || name.starts_with("xml") {
                continue;
            }
            let message = format!("{} takes no attribute {}", self.what, quoted(name));
            let is_ours = name.starts_with("x-");
            let known = self.attributes.iter().copied();
            let near = nearest(name, known.filter(|known| known.starts_with("x-") == is_ours));
            if is_ours || near.is_some() {
                faults.error_with(attribute.name_position, message, near);
            } else {
                faults.warning(attribute.name_position, format!("{message}; it is ignored"));
            }
        }
        for child in &element.children {
            if !self.children.contains(&child.name) {
                let message = format!("{} takes no element <{}>", self.what, child.name);
                faults.error_with(
                    child.position,
                    message,
                    nearest(child.name, self.children.iter().copied()),
                );
            }
        }
    }
}

/// The value of an attribute that must be there; an error when it is not, or is empty.
pub(super) fn required<'e>(
    element: &'e Element<'_>,
    name: &'static str,
    faults: &mut FaultCollector,
) -> Option<(&'e str, Position)> {
    match element.attribute(name) {
        Some(attribute) if !attribute.value.trim().is_empty() => {
            Some((attribute.value.trim(), attribute.position))
        }
        Some(attribute) => {
            faults.error(
                attribute.position,
                format!("attribute \"{name}\" of <{}> is empty", element.name),
            );
            None
        }
        None if element.told_incomplete && name != "name" => None,
        None if is_misspelt(element, name) => None,
        None => {
            faults.error(
                element.position,
                format!("<{}> has no attribute \"{name}\"", element.name),
            );
            None
        }
    }
}

/// Whether an attribute that must be there, and is not, is there under a name that is nearly its own: that has been told
/// where the element was [checked](Vocabulary::check).
pub(super) fn is_misspelt(element: &Element<'_>, name: &'static str) -> bool {
    let mut names = element.attributes.iter().map(|attribute| attribute.name);
    names.any(|written| !written.starts_with("x-") && nearest(written, [name]).is_some())
}

/// The value of an attribute that must be there and must be a name: letters, digits and `_`, a letter first.
pub(super) fn required_name<'e>(
    element: &'e Element<'_>,
    name: &'static str,
    faults: &mut FaultCollector,
) -> Option<(&'e str, Position)> {
    let (value, position) = required(element, name, faults)?;
    check_name(value, position, faults).then_some((value, position))
}

/// A text for people, or a name of the author's; white space runs are single spaces.
pub(super) fn text(element: &Element<'_>, name: &str) -> Option<String> {
    let value = &element.attribute(name)?.value;
    let words: Vec<&str> = value.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The value of an attribute that is a name, when it is there.
pub(super) fn optional_name(
    element: &Element<'_>,
    name: &str,
    faults: &mut FaultCollector,
) -> Option<String> {
    let attribute = element.attribute(name)?;
    check_name(&attribute.value, attribute.position, faults).then(|| attribute.value.to_string())
}

/// The words of a list that white space separates.
pub(super) fn words<'e>(attribute: &'e Attribute<'_>) -> impl Iterator<Item = &'e str> {
    attribute.value.split_whitespace()
}

/// `Y` or `N`; absent is `N`.
pub(super) fn flag(element: &Element<'_>, name: &str, faults: &mut FaultCollector) -> bool {
    let Some(attribute) = element.attribute(name) else {
        return false;
    };
    match &*attribute.value {
        "Y" => true,
        "N" => false,
        other => {
            let message = format!("attribute \"{name}\" is {}; expected `Y` or `N`", quoted(other));
            faults.error(attribute.position, message);
            false
        }
    }
}

/// A number, when the attribute is there.
pub(super) fn number<N: FromStr>(
    element: &Element<'_>,
    name: &str,
    expected: &str,
    faults: &mut FaultCollector,
) -> Option<N> {
    let attribute = element.attribute(name)?;
    let parsed = attribute.value.parse().ok();
    if parsed.is_none() {
        let message = format!(
            "attribute \"{name}\" is {}; expected {expected}",
            quoted(&attribute.value)
        );
        faults.error(attribute.position, message);
    }
    parsed
}

fn check_name(name: &str, position: Position, faults: &mut FaultCollector) -> bool {
    let sound = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !sound {
        let message = format!(
            "{} is no name; expected letters, digits and `_`, beginning with a letter",
            quoted(name)
        );
        faults.error(position, message);
    }
    sound
}
