//! Overlays: files that change a dictionary without an edit of it.

use std::collections::HashSet;

use super::fault::{FaultCollector, Faults, quoted};
use super::model::Dictionary;
use super::position::{File, Lines, Position, intern};
use super::read::{MAX_SOURCE_MESSAGE, read_tree};
use super::xml::{self, Element, MAX_SOURCE};

impl Dictionary {
    /// Reads a dictionary with another laid over it, each from the bytes of its file and the name that faults give it.
    ///
    /// An overlay has the format of a dictionary, and may leave out everything that it does not change. A field, a
    /// component, a message or a member is that of the base with the same `name`, and a value the one with the same
    /// `enum`: what the overlay states of it replaces what the base states, and what the base does not have is added at
    /// the end; a field or a message that is added states all that it has to state in a dictionary, and a component that
    /// is added is included somewhere. Nothing can be taken away.
    ///
    /// ```
    /// use fix_dialect::dictionary::Dictionary;
    ///
    /// let venue = b"<fix type='FIX' major='4' minor='4'>
    ///   <messages>
    ///     <message name='Order' msgtype='D' msgcat='app'>
    ///       <field name='Side' required='N'/>
    ///     </message>
    ///   </messages>
    ///   <fields>
    ///     <field number='54' name='Side' type='CHAR'><value enum='1' description='BUY'/></field>
    ///   </fields>
    /// </fix>";
    /// let mine = b"<fix>
    ///   <messages>
    ///     <message name='Order'>
    ///       <field name='Side' required='Y'/>
    ///       <field name='Strategy' required='N'/>
    ///     </message>
    ///   </messages>
    ///   <fields>
    ///     <field name='Side'><value enum='2' description='SELL'/></field>
    ///     <field number='20001' name='Strategy' type='STRING'/>
    ///   </fields>
    /// </fix>";
    ///
    /// let dictionary = Dictionary::parse_with_overlay((venue, "venue.xml"), (mine, "mine.xml")).unwrap();
    /// let order = dictionary.message_by_type("D").unwrap();
    /// assert_eq!(order.members.len(), 2);
    /// assert_eq!(order.members[1].position.to_string(), "mine.xml:5:20");
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Dictionary::parse`]; each fault names the file that it is in.
    pub fn parse_with_overlay(base: (&[u8], &str), overlay: (&[u8], &str)) -> Result<Dictionary, Faults> {
        let mut faults = FaultCollector::new(base.1);
        let dictionary = read(base, overlay, &mut faults);
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

fn read(
    (base, path): (&[u8], &str),
    overlay: (&[u8], &str),
    faults: &mut FaultCollector,
) -> Option<Dictionary> {
    let files = [(0, intern(path)), (1, intern(overlay.1))];
    // Both are read before either is given up, so that the faults of both are told.
    let [base, mine] = [(base, files[0]), (overlay.0, files[1])]
        .map(|(bytes, file)| text(bytes, file, faults).map(|source| (source, Lines::of(source, Some(file)))));
    let [base, mine] = [&base, &mine].map(|text| {
        text.as_ref()
            .and_then(|(source, lines)| root(source, lines, faults))
    });
    let mut base = base?;
    merge(&mut base, mine?, faults);
    tell_unused_components(&base, faults);
    Some(read_tree(&base, faults))
}

fn text<'s>(bytes: &'s [u8], file: File, faults: &mut FaultCollector) -> Option<&'s str> {
    let start = Position::START.of(Some(file));
    if bytes.len() > MAX_SOURCE {
        faults.error(start, MAX_SOURCE_MESSAGE);
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(source) if source.trim().is_empty() => {
            faults.error(start, "there is no element; expected <fix>");
            None
        }
        Ok(source) => Some(source.strip_prefix('\u{feff}').unwrap_or(source)),
        Err(error) => {
            let sound = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            let position = Lines::of(sound, Some(file)).position(sound.len());
            faults.error(position, "the file is not UTF-8 from here on: save it as UTF-8");
            None
        }
    }
}

fn root<'s>(source: &'s str, lines: &Lines<'s>, faults: &mut FaultCollector) -> Option<Element<'s>> {
    let root = xml::read(source, lines, faults)?;
    if root.name == "fix" {
        return Some(root);
    }
    let message = format!("the outermost element is <{}>; expected <fix>", root.name);
    faults.error(root.position, message);
    None
}

/// Lays one element over another of the same name.
fn merge<'s>(base: &mut Element<'s>, overlay: Element<'s>, faults: &mut FaultCollector) {
    for attribute in overlay.attributes {
        match base
            .attributes
            .iter_mut()
            .find(|other| other.name == attribute.name)
        {
            Some(other) => *other = attribute,
            None => base.attributes.push(attribute),
        }
    }
    for mut child in overlay.children {
        let same = |other: &&mut Element<'s>| {
            // What the overlay itself says twice is told as it is within one file.
            other.name == child.name && key(other) == key(&child) && !other.position.same_file(child.position)
        };
        if let Some(other) = base.children.iter_mut().find(same) {
            merge(other, child, faults);
        } else {
            child.told_incomplete = tell_incomplete(base, &child, faults);
            base.children.push(child);
        }
    }
}

/// Tells of a definition that changes nothing in the base and is no new one either: its name is misspelt, or the attributes
/// of a new one were forgotten. Whether it did.
fn tell_incomplete(section: &Element<'_>, added: &Element<'_>, faults: &mut FaultCollector) -> bool {
    let needed: &[&str] = match (section.name, added.name) {
        ("messages", "message") => &["msgtype", "msgcat"],
        ("fields", "field") => &["number", "type"],
        _ => return false,
    };
    let missing: Vec<&str> = needed
        .iter()
        .copied()
        .filter(|name| added.attribute(name).is_none())
        .collect();
    let Some(name) = added
        .attribute("name")
        .filter(|name| !name.value.trim().is_empty())
    else {
        return false;
    };
    let Some(file) = section.position.file().filter(|_| !missing.is_empty()) else {
        return false;
    };
    let message = format!(
        "no {} named {} in {file} to change, and a new one needs {}",
        added.name,
        quoted(&name.value),
        missing.join(" and ")
    );
    let known = section
        .children
        .iter()
        .filter(|other| other.name == added.name && !other.position.same_file(added.position))
        .filter_map(key);
    faults.error_near(name.position, message, &name.value, known);
    true
}

/// Tells of a component that the overlay adds and nothing includes: one of the base was meant, and its name is misspelt.
fn tell_unused_components(root: &Element<'_>, faults: &mut FaultCollector) {
    let Some(file) = root.position.file() else { return };
    let mut components = Vec::new();
    let mut included = HashSet::new();
    for section in &root.children {
        if section.name == "components" {
            components.extend(section.children.iter().filter(|child| child.name == "component"));
        } else {
            inclusions(section, &mut included);
        }
    }
    for component in &components {
        inclusions(component, &mut included);
    }
    let (known, added): (Vec<_>, Vec<_>) = components
        .into_iter()
        .partition(|component| component.position.same_file(root.position));
    for component in added {
        let Some(name) = component.attribute("name") else {
            continue;
        };
        if name.value.trim().is_empty() || included.contains(&*name.value) {
            continue;
        }
        let message = format!(
            "no component named {} in {file} to change, and no message includes a new one",
            quoted(&name.value)
        );
        let known = known.iter().copied().filter_map(key);
        faults.error_near(name.position, message, &name.value, known);
    }
}

/// The names of the components that an element includes, at any depth.
fn inclusions<'e>(element: &'e Element<'_>, included: &mut HashSet<&'e str>) {
    for child in &element.children {
        if child.name == "component" {
            included.extend(key(child));
        }
        inclusions(child, included);
    }
}

/// What tells an element from others of its kind; sections have nothing.
fn key<'e>(element: &'e Element<'_>) -> Option<&'e str> {
    let name = if element.name == "value" { "enum" } else { "name" };
    element.attribute(name).map(|attribute| &*attribute.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "<fix type='FIX' major='4' minor='4'>
  <messages>
    <message name='Order' msgtype='D' msgcat='app'>
      <field name='Side' required='Y'/>
      <group name='NoLegs' required='N'>
        <field name='Symbol' required='Y'/>
      </group>
      <component name='Parties' required='N'/>
    </message>
  </messages>
  <components>
    <component name='Parties'><field name='Party' required='N'/></component>
  </components>
  <fields>
    <field number='54' name='Side' type='CHAR'>
      <value enum='1' description='BUY'/>
      <value enum='2' description='SELL'/>
    </field>
    <field number='55' name='Symbol' type='STRING'/>
    <field number='555' name='NoLegs' type='NUMINGROUP'/>
    <field number='448' name='Party' type='STRING'/>
  </fields>
</fix>";

    fn parse(overlay: &str) -> Result<Dictionary, String> {
        Dictionary::parse_with_overlay((BASE.as_bytes(), "base.xml"), (overlay.as_bytes(), "mine.xml"))
            .map_err(|faults| faults.to_string())
    }

    #[test]
    fn an_overlay_adds_and_overrides() {
        let dictionary = parse(
            "<fix x-dialect='mine'>
  <messages>
    <message name='Order' msgtype='D2'>
      <field name='Side' required='N'/>
      <group name='NoLegs'>
        <field name='Ratio' required='N'/>
      </group>
      <field name='Strategy' required='Y'/>
    </message>
    <message name='Ping' msgtype='U1' msgcat='app'/>
  </messages>
  <fields>
    <field name='Side'>
      <value enum='1' description='BID'/>
      <value enum='5' description='SELL_SHORT'/>
    </field>
    <field name='Symbol' x-max-length='8'/>
    <field number='20001' name='Strategy' type='STRING'/>
    <field number='20002' name='Ratio' type='INT'/>
  </fields>
</fix>",
        )
        .expect("a dictionary");
        assert_eq!(dictionary.dialect.as_deref(), Some("mine"));
        assert_eq!(dictionary.begin_string(), "FIX.4.4");
        let order = dictionary.message_by_type("D2").expect("the message");
        let members: Vec<_> = order
            .members
            .iter()
            .map(|member| format!("{} {:?} {}", member.name, member.presence, member.position))
            .collect();
        assert_eq!(
            members,
            [
                "Side Optional mine.xml:4:20",
                "NoLegs Optional mine.xml:5:20",
                "Parties Optional base.xml:8:24",
                "Strategy Required mine.xml:8:20"
            ]
        );
        assert!(dictionary.message_by_type("U1").is_some());
        let field = |name| dictionary.field(dictionary.field_by_name(name).expect("a field"));
        let values: Vec<_> = field("Side")
            .values
            .iter()
            .map(|value| format!("{}={}", value.wire, value.description))
            .collect();
        assert_eq!(values, ["1=BID", "2=SELL", "5=SELL_SHORT"]);
        assert_eq!(field("Symbol").max_length, Some(8));
    }

    #[test]
    fn faults_name_the_file_that_they_are_in() {
        let check = |overlay: &str, expected: &str| {
            let shown = parse(overlay).map(|_| ()).unwrap_err();
            assert_eq!(shown, expected, "{overlay}");
        };
        check("", "mine.xml:1:1: there is no element; expected <fix>");
        check(
            "<fixx/>",
            "mine.xml:1:1: the outermost element is <fixx>; expected <fix>",
        );
        check(
            "<fix>\n<fields>\n<field name='Strategy' type='STRING'/>\n</fields>\n</fix>",
            "mine.xml:3:14: no field named \"Strategy\" in base.xml to change, and a new one needs number",
        );
        check(
            "<fix>\n<fields>\n<field name='Sied'><value enum='5' description='SELL_SHORT'/></field>\n</fields>\n</fix>",
            "mine.xml:3:14: no field named \"Sied\" in base.xml to change, and a new one needs number and type; \
             did you mean `Side`?",
        );
        check(
            "<fix>\n<messages>\n<message name='Ordre'><field name='Side' required='N'/></message>\n</messages>\n</fix>",
            "mine.xml:3:16: no message named \"Ordre\" in base.xml to change, and a new one needs msgtype and msgcat; \
             did you mean `Order`?",
        );
        check(
            "<fix>\n<messages>\n<message name='Ping' msgtype='U1'/>\n</messages>\n</fix>",
            "mine.xml:3:16: no message named \"Ping\" in base.xml to change, and a new one needs msgcat",
        );
        check(
            "<fix>\n<messages>\n<message msgtype='U1'/>\n</messages>\n</fix>",
            "mine.xml:3:1: <message> has no attribute \"name\"\nmine.xml:3:1: <message> has no attribute \"msgcat\"",
        );
        // What is misspelt twice is told twice, against the base and not against the other mistake.
        check(
            "<fix>\n<messages>\n<message name='Ordre'/>\n<message name='Ordr'/>\n</messages>\n</fix>",
            "mine.xml:3:16: no message named \"Ordre\" in base.xml to change, and a new one needs msgtype and msgcat; \
             did you mean `Order`?\n\
             mine.xml:4:16: no message named \"Ordr\" in base.xml to change, and a new one needs msgtype and msgcat; \
             did you mean `Order`?",
        );
        check(
            "<fix>\n<components>\n<component name='Partys'><field name='Party' required='Y'/></component>\n\
             </components>\n</fix>",
            "mine.xml:3:18: no component named \"Partys\" in base.xml to change, and no message includes a new one; \
             did you mean `Parties`?",
        );
        check(
            "<fix>\n<fields>\n<field number='54' name='Strategy' type='STRING'/>\n</fields>\n</fix>",
            "mine.xml:3:16: tag 54 is `Side` already, defined at base.xml:15:5",
        );
        check(
            "<fix>\n<fields>\n<field number='1' name='A' type='INT'/>\n<field number='1' name='B' type='INT'/>\n</fields>\n</fix>",
            "mine.xml:4:16: tag 1 is `A` already, defined at mine.xml:3:1",
        );
        check(
            "<fix>\n<messages>\n<message name='Order'><field name='Sied' required='Y'/></message>\n</messages>\n</fix>",
            "mine.xml:3:36: no field named \"Sied\"; did you mean `Side`?",
        );
        check(
            "<fix>\n<fields>\n<field name='Symbol' type='STRIN'/>\n</fields>\n</fix>",
            "mine.xml:3:28: no field type named \"STRIN\"; did you mean `STRING`?",
        );
    }

    #[test]
    fn an_overlay_adds_a_component_that_it_includes() {
        let dictionary = parse(
            "<fix>
  <messages><message name='Order'><component name='Desk' required='N'/></message></messages>
  <components>
    <component name='Parties'><field name='Trader' required='Y'/></component>
    <component name='Desk'><component name='Floor' required='N'/></component>
    <component name='Floor'><field name='Seat' required='Y'/></component>
  </components>
  <fields>
    <field number='20001' name='Seat' type='STRING'/>
    <field number='20002' name='Trader' type='STRING'/>
  </fields>
</fix>",
        )
        .expect("a dictionary");
        let names: Vec<_> = dictionary
            .components
            .iter()
            .map(|component| &*component.name)
            .collect();
        assert_eq!(names, ["Parties", "Desk", "Floor"]);
        assert_eq!(dictionary.components[0].members.len(), 2);
    }

    #[test]
    fn the_faults_of_both_files_are_told() {
        let faults =
            Dictionary::parse_with_overlay((b"<fix", "base.xml"), (b"\xff", "mine.xml")).unwrap_err();
        let shown: Vec<_> = faults.iter().map(|fault| fault.path.to_string()).collect();
        assert_eq!(shown, ["base.xml", "mine.xml"]);
    }
}
