//! XML as a tree of elements with positions, read with limits.

use std::borrow::Cow;

use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use super::fault::{FaultCollector, quoted};
use super::position::{Lines, Position};

/// The greatest number of bytes of a dictionary. (FIX 5.0 SP2 takes 1.5 MB.)
pub(super) const MAX_SOURCE: usize = 16 << 20;
/// How deep elements may nest.
const MAX_DEPTH: usize = 32;
/// The greatest number of elements. (FIX 5.0 SP2 has 24,000.)
const MAX_ELEMENTS: usize = 500_000;
/// The greatest number of attributes of one element.
const MAX_ATTRIBUTES: usize = 64;

/// An element, without the text in it.
#[derive(Debug)]
pub(super) struct Element<'s> {
    pub(super) name: &'s str,
    pub(super) position: Position,
    pub(super) attributes: Vec<Attribute<'s>>,
    pub(super) children: Vec<Element<'s>>,
    /// Whether it has been told already that attributes are missing, in words that say why.
    pub(super) told_incomplete: bool,
}

/// An attribute, its value with the predefined entities resolved.
#[derive(Debug)]
pub(super) struct Attribute<'s> {
    pub(super) name: &'s str,
    pub(super) name_position: Position,
    pub(super) value: Cow<'s, str>,
    pub(super) position: Position,
}

impl<'s> Element<'s> {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'s>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// Reads the one element that `source` holds. `None` when it cannot be read; the reason is among the faults then.
pub(super) fn read<'s>(
    source: &'s str,
    lines: &Lines<'s>,
    faults: &mut FaultCollector,
) -> Option<Element<'s>> {
    let mut tree = Tree {
        source,
        lines,
        faults,
        open: Vec::new(),
        root: None,
        elements: 0,
    };
    let mut reader = Reader::from_str(source);
    loop {
        let start = reader.buffer_position() as usize;
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => tree.event(event, start)?,
            Err(error) => {
                let position = lines.position(reader.error_position() as usize);
                tree.malformed(position, &error);
                return None;
            }
        }
    }
    tree.finish()
}

struct Tree<'a, 's> {
    source: &'s str,
    lines: &'a Lines<'s>,
    faults: &'a mut FaultCollector,
    open: Vec<Element<'s>>,
    root: Option<Element<'s>>,
    elements: usize,
}

impl<'s> Tree<'_, 's> {
    /// Takes one event that starts at byte `start`. `None` when reading cannot go on.
    fn event(&mut self, event: Event<'_>, start: usize) -> Option<()> {
        match event {
            Event::Start(tag) => {
                let element = self.element(&tag, start)?;
                if self.open.len() == MAX_DEPTH {
                    let message = format!("elements nest deeper than {MAX_DEPTH} levels");
                    self.faults.error(element.position, message);
                    return None;
                }
                self.open.push(element);
            }
            Event::Empty(tag) => {
                let element = self.element(&tag, start)?;
                self.close(element);
            }
            Event::End(_) => {
                // The reader has checked that the name is that of the innermost open element.
                if let Some(element) = self.open.pop() {
                    self.close(element);
                }
            }
            Event::Text(text) => {
                let text = text.into_inner();
                let content = text.trim_start();
                if !content.trim().is_empty() {
                    let offset = start + (text.len() - content.len());
                    let position = self.lines.position(offset);
                    self.faults
                        .error(position, format!("unexpected text {}", quoted(content.trim())));
                }
            }
            Event::CData(_) => {
                self.faults
                    .error(self.lines.position(start), "unexpected CDATA section");
            }
            Event::GeneralRef(reference) => {
                let message = format!(
                    "unexpected reference {}",
                    quoted(&format!("&{};", reference.into_inner()))
                );
                self.faults.error(self.lines.position(start), message);
            }
            Event::DocType(_) => {
                let message = "a document type definition is refused: remove the DOCTYPE declaration";
                self.faults.error(self.lines.position(start), message);
                return None;
            }
            Event::Decl(declaration) => self.declaration(&declaration, start),
            Event::Comment(_) | Event::PI(_) | Event::Eof => {}
        }
        Some(())
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>, start: usize) {
        let Some(Ok(encoding)) = declaration.encoding() else {
            return;
        };
        let readable = encoding.eq_ignore_ascii_case("UTF-8")
            || encoding.eq_ignore_ascii_case("US-ASCII")
            || self.source.is_ascii();
        if !readable {
            let message = format!(
                "encoding {} is not supported: save the file as UTF-8",
                quoted(&encoding)
            );
            self.faults.error(self.lines.position(start), message);
        }
    }

    fn element(&mut self, tag: &BytesStart<'_>, start: usize) -> Option<Element<'s>> {
        let position = self.lines.position(start);
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            self.faults
                .error(position, format!("there are more than {MAX_ELEMENTS} elements"));
            return None;
        }
        let name = self.borrow(tag.name().as_ref());
        let mut attributes: Vec<Attribute<'s>> = Vec::new();
        for attribute in tag.attributes().with_checks(false) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => {
                    let (offset, message) = attribute_error(&error);
                    // Offsets within a tag count from behind its `<`.
                    self.faults.error(
                        self.lines.position(start + 1 + offset),
                        format!("malformed XML: {message}"),
                    );
                    return None;
                }
            };
            let raw = match &attribute.value {
                Cow::Borrowed(value) => self.borrow(value),
                Cow::Owned(_) => "",
            };
            let name = self.borrow(attribute.key.as_ref());
            let name_position = self.lines.position(self.offset(name));
            let position = self.lines.position(self.offset(raw));
            if attributes.len() == MAX_ATTRIBUTES {
                self.faults.error(
                    name_position,
                    format!("there are more than {MAX_ATTRIBUTES} attributes"),
                );
                return None;
            }
            if attributes.iter().any(|known| known.name == name) {
                let message = format!("attribute {} is given twice", quoted(name));
                self.faults.error(name_position, message);
                continue;
            }
            let value = match attribute.normalized_value(XmlVersion::Explicit1_0) {
                Ok(value) if value == raw => Cow::Borrowed(raw),
                Ok(value) => Cow::Owned(value.into_owned()),
                Err(error) => {
                    self.malformed(position, &error);
                    continue;
                }
            };
            attributes.push(Attribute {
                name,
                name_position,
                value,
                position,
            });
        }
        Some(Element {
            name,
            position,
            attributes,
            children: Vec::new(),
            told_incomplete: false,
        })
    }

    fn close(&mut self, element: Element<'s>) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None if self.root.is_none() => self.root = Some(element),
            None => {
                let message = format!(
                    "a second outermost element <{}>; expected the end of the file",
                    element.name
                );
                self.faults.error(element.position, message);
            }
        }
    }

    fn finish(self) -> Option<Element<'s>> {
        if let Some(element) = self.open.last() {
            let message = format!("malformed XML: <{}> is never closed", element.name);
            self.faults.error(element.position, message);
            return None;
        }
        if self.root.is_none() {
            self.faults
                .error(Position::START, "there is no element; expected <fix>");
        }
        self.root
    }

    fn malformed(&mut self, position: Position, error: &Error) {
        let text = error.to_string();
        let text = ["ill-formed document: ", "syntax error: "]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(&text);
        self.faults.error(position, format!("malformed XML: {text}"));
    }

    /// The same text as a part of the source, which outlives the event that it came with.
    fn borrow(&self, part: &str) -> &'s str {
        let offset = self.offset(part);
        self.source.get(offset..offset + part.len()).unwrap_or_default()
    }

    /// The byte offset of a part of the source.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr().wrapping_sub(self.source.as_ptr().addr())
    }
}

/// The offset within the tag, and what is wrong there.
fn attribute_error(error: &AttrError) -> (usize, &'static str) {
    match *error {
        AttrError::ExpectedEq(offset) => (offset, "an attribute has no value; expected `=`"),
        AttrError::ExpectedValue(offset) => (offset, "an attribute has no value; expected `'` or `\"`"),
        AttrError::UnquotedValue(offset) => (offset, "a value without quotes; expected `'` or `\"`"),
        AttrError::ExpectedQuote(offset, _) => (offset, "a value is not closed; expected its quote"),
        AttrError::Duplicated(offset, _) => (offset, "an attribute is given twice"),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// Reads `source` and gives the tree, or the faults, as text.
    fn read_text(source: &str) -> String {
        fn show(element: &Element<'_>, out: &mut String) {
            let _ = write!(out, "<{} {}", element.name, element.position);
            for Attribute {
                name,
                value,
                position,
                ..
            } in &element.attributes
            {
                let _ = write!(out, " {name}={value:?} {position}");
            }
            out.push('>');
            element.children.iter().for_each(|child| show(child, out));
        }
        let lines = Lines::new(source);
        let mut faults = FaultCollector::new("f");
        let root = read(source, &lines, &mut faults);
        if let Err(faults) = faults.finish() {
            return faults.to_string();
        }
        let mut out = String::new();
        show(&root.expect("no faults, so there is a tree"), &mut out);
        out
    }

    fn check(source: &str, expected: &str) {
        assert_eq!(read_text(source), expected, "{source}");
    }

    #[test]
    fn elements_and_attributes_have_positions() {
        check("<a/>", "<a 1:1>");
        check(
            "<?xml version='1.0' encoding='UTF-8'?>\n<!-- é -->\n<a>\n  <b c='d' e=\"f\"/></a>",
            "<a 3:1><b 4:3 c=\"d\" 4:9 e=\"f\" 4:15>",
        );
        check("<a b='&lt;&#65;&amp;'/>", "<a 1:1 b=\"<A&\" 1:7>");
        check("<a b=''/>", "<a 1:1 b=\"\" 1:7>");
        check("<a><b></b><?pi x?><c/></a>", "<a 1:1><b 1:4><c 1:19>");
    }

    #[test]
    fn malformed_xml_is_told_with_its_place() {
        check("", "f:1:1: there is no element; expected <fix>");
        check(
            "<a>\n <b>\n</a>",
            "f:3:1: malformed XML: expected `</b>`, but `</a>` was found",
        );
        check("<a>\n <b>", "f:2:2: malformed XML: <b> is never closed");
        check(
            "<a>\n <b",
            "f:2:2: malformed XML: tag not closed: `>` not found before end of input",
        );
        check(
            "<a>\n <b c='d/></a>",
            "f:2:2: malformed XML: attribute value not closed: `'` not found before end of input",
        );
        check(
            "<a>\n <b c/></a>",
            "f:2:6: malformed XML: an attribute has no value; expected `=`",
        );
        check(
            "<a>\n <b c=d/></a>",
            "f:2:7: malformed XML: a value without quotes; expected `'` or `\"`",
        );
        check("<a b='1' b='2'/>", "f:1:10: attribute \"b\" is given twice");
        check(
            "<a/><b/>",
            "f:1:5: a second outermost element <b>; expected the end of the file",
        );
        check("<a>\n hello </a>", "f:2:2: unexpected text \"hello\"");
        check("<a><![CDATA[x]]></a>", "f:1:4: unexpected CDATA section");
        check(
            "</a>",
            "f:1:1: malformed XML: close tag `</a>` does not match any open tag",
        );
    }

    #[test]
    fn entities_and_encodings_are_refused() {
        check(
            "<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>",
            "f:1:1: a document type definition is refused: remove the DOCTYPE declaration",
        );
        check("<a>&b;</a>", "f:1:4: unexpected reference \"&b;\"");
        check(
            "<a b='&c;'/>",
            "f:1:7: malformed XML: at 1..2: unrecognized entity `c`",
        );
        check("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "<a 1:44>");
        check(
            "<?xml version='1.0' encoding='ISO-8859-1'?><a b='é'/>",
            "f:1:1: encoding \"ISO-8859-1\" is not supported: save the file as UTF-8",
        );
    }

    #[test]
    fn limits_hold() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        check(&deep, "f:1:97: elements nest deeper than 32 levels");
        let wide: Vec<String> = (0..=MAX_ATTRIBUTES)
            .map(|index| format!(" a{index}='1'"))
            .collect();
        assert!(read_text(&format!("<a{}/>", wide.concat())).contains("more than 64 attributes"));
        let many = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        assert!(read_text(&many).contains("more than 500000 elements"));
    }
}
