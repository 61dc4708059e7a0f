//! Raw messages for people's eyes: one field a line, with names, by a dialect's tables.

use std::fmt;

use crate::field::secret_in;
use crate::parts::{FieldPart, Part, PartWalker, Place};
use crate::tables::{MessageTable, Tables};
use crate::violation::Violation;

/// Prints frames by a dialect's tables: what a log, an example or a terminal shows.
///
/// Anything that has fields is printed, whether it is valid or not: groups are indented where they can be told, what the
/// dictionary does not know is printed without a name, and violations are marked where they are handed over. The values
/// of secret fields never appear, and control characters are escaped, so that no peer writes to a terminal.
///
/// ```
/// use fix_dialect::Printer;
/// # use fix_dialect::{FieldType, Representation, tables::*};
/// # static SIDE: FieldTable = FieldTable {
/// #     tag: 54, name: "Side", field_type: FieldType::Char, representation: Representation::Char,
/// #     values: &[ValueTable { wire: "1", name: "BUY" }], length_tag: None, secret: false, max_length: None,
/// #     min: None, max: None, step: None, unit: "",
/// # };
/// # static TABLES: Tables = Tables {
/// #     name: "example", begin_string: "FIX.4.4", header: &[], trailer: &[], fields: &[&SIDE],
/// #     messages: &[MessageTable {
/// #         name: "Order", msg_type: "D", admin: false, family: "", client: None, exchange: None,
/// #         members: &[MemberTable {
/// #             kind: MemberKind::Field(&SIDE), required: true, may_be_empty: false, when: None, rules: None,
/// #         }],
/// #     }],
/// # };
///
/// let mut printer = Printer::new(&TABLES);
/// let text = printer.to_string(b"8=FIX.4.4\x019=10\x0135=D\x0154=1\x0110=000\x01", &[]);
/// assert!(text.starts_with("Order (D)\n"));
/// assert!(text.contains("54  Side                  1  BUY\n"));
/// ```
#[derive(Debug)]
pub struct Printer {
    walker: PartWalker,
    colour: bool,
}

impl Printer {
    /// A printer by these tables, without colour.
    #[must_use]
    pub fn new(tables: &'static Tables) -> Printer {
        Printer {
            walker: PartWalker::new(tables),
            colour: false,
        }
    }

    /// Whether to colour, with the escape sequences of a terminal (ECMA-48).
    #[must_use]
    pub fn colour(mut self, colour: bool) -> Printer {
        self.colour = colour;
        self
    }

    /// A frame as text; see [`Printer::print`].
    pub fn to_string(&mut self, frame: &[u8], violations: &[Violation]) -> String {
        let mut text = String::new();
        // A String takes everything.
        let _ = self.print(frame, violations, &mut text);
        text
    }

    /// Prints one frame: a line with the message's name, then one for each field, then what has no place.
    ///
    /// `violations` are those of the same frame, as [`Validator::validate`](crate::Validator::validate) or
    /// [`Decoded::validate`](crate::Decoded::validate) tells them; each is marked at its field, or at the end of the
    /// entry where a field is missing.
    ///
    /// # Errors
    ///
    /// When `out` refuses text.
    pub fn print(
        &mut self,
        frame: &[u8],
        violations: &[Violation],
        out: &mut impl fmt::Write,
    ) -> fmt::Result {
        let style = if self.colour { &COLOUR } else { &PLAIN };
        let mut lines = Lines {
            out,
            style,
            violations,
            told: vec![false; violations.len()],
            behind_secret: false,
            result: Ok(()),
        };
        self.walker.walk(frame, &mut |part| lines.part(part));
        lines.finish()
    }
}

struct Lines<'l, W> {
    out: &'l mut W,
    style: &'l Style,
    violations: &'l [Violation],
    told: Vec<bool>,
    /// The last field was a secret one.
    behind_secret: bool,
    result: fmt::Result,
}

impl<W: fmt::Write> Lines<'_, W> {
    fn part(&mut self, part: Part<'_>) {
        if self.result.is_ok() {
            self.result = match part {
                Part::Message { table, msg_type } => self.heading(table, msg_type),
                Part::Field(field) => self.field(&field),
                Part::Entry { group, number, depth } => {
                    let Style { dim, end, .. } = self.style;
                    let indent = INDENT * (depth - 1);
                    writeln!(
                        self.out,
                        "{:indent$}        {dim}{} {number}{end}",
                        "", group.name
                    )
                }
                Part::EndOfEntry { path, depth } => self.missing(path, depth),
                Part::EndOfMessage { path } => self.missing(path, 0),
                Part::NotAField(bytes) => {
                    let Style { bad, end, .. } = self.style;
                    let shown = Unread::new(bytes, self.behind_secret);
                    writeln!(self.out, "        {bad}not a field: {shown}{end}")
                }
            };
        }
    }

    fn heading(&mut self, table: Option<&MessageTable>, msg_type: &[u8]) -> fmt::Result {
        let Style { strong, end, bad, .. } = self.style;
        match table {
            Some(table) => writeln!(self.out, "{strong}{}{end} ({})", table.name, table.msg_type),
            None => writeln!(self.out, "{bad}unknown message{end} ({})", Escaped(msg_type)),
        }
    }

    fn field(&mut self, field: &FieldPart<'_>) -> fmt::Result {
        let Style {
            bad,
            dim,
            name,
            good,
            end,
            ..
        } = self.style;
        self.behind_secret = field.is_secret();
        let faint = if field.place == Place::Body { "" } else { *dim };
        let indent = INDENT * field.depth;
        write!(self.out, "{:indent$}{faint}{:>7}{end}  ", "", field.tag)?;
        match field.table {
            Some(table) => write!(self.out, "{name}{:<20}{end}  ", table.name)?,
            None => write!(self.out, "{bad}{:<20}{end}  ", "?")?,
        }
        if field.is_secret() {
            write!(self.out, "{dim}<redacted>{end}")?;
        } else {
            write!(self.out, "{faint}{}{end}", Escaped(field.value))?;
        }
        if let Some(meaning) = field.value_name() {
            write!(self.out, "  {good}{meaning}{end}")?;
        }
        for (violation, told) in self.violations.iter().zip(&mut self.told) {
            if !*told && violation.tag == field.tag && is_path(&violation.path, field.path, field.tag) {
                *told = true;
                write!(self.out, "  {bad}<- {}{end}", violation.complaint())?;
            }
        }
        writeln!(self.out)
    }

    /// What is told of a field that is not there, at the end of the entry or message that should have it.
    fn missing(&mut self, path: &str, depth: usize) -> fmt::Result {
        for at in 0..self.violations.len() {
            let violation = &self.violations[at];
            if !self.told[at] && is_path(&violation.path, path, violation.tag) {
                self.told[at] = true;
                let Style { bad, end, .. } = self.style;
                let indent = INDENT * depth;
                let (tag, rule) = (violation.tag, violation.complaint());
                writeln!(self.out, "{:indent$}{bad}{tag:>7}  <- {rule}{end}", "")?;
            }
        }
        Ok(())
    }

    /// What could be told nowhere else.
    fn finish(self) -> fmt::Result {
        self.result?;
        let Style { bad, end, .. } = self.style;
        for (violation, told) in self.violations.iter().zip(self.told) {
            if !told {
                writeln!(self.out, "        {bad}<- {violation}{end}")?;
            }
        }
        Ok(())
    }
}

/// Whether a violation's path is that of a field: the path of what is around it, and its tag.
fn is_path(path: &str, around: &str, tag: u32) -> bool {
    path.strip_prefix(around)
        .and_then(|rest| rest.strip_prefix('/'))
        .is_some_and(|rest| rest.parse() == Ok(tag))
}

struct Style {
    strong: &'static str,
    dim: &'static str,
    name: &'static str,
    good: &'static str,
    bad: &'static str,
    end: &'static str,
}

const PLAIN: Style = Style {
    strong: "",
    dim: "",
    name: "",
    good: "",
    bad: "",
    end: "",
};

const COLOUR: Style = Style {
    strong: "\x1b[1m",
    dim: "\x1b[2m",
    name: "\x1b[36m",
    good: "\x1b[32m",
    bad: "\x1b[31m",
    end: "\x1b[0m",
};

/// How far the fields of an entry stand to the right of the group's own.
const INDENT: usize = 4;

/// A value as text of one line: what is not UTF-8 is replaced, and control characters are escaped (`\u{1b}`).
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'v>(pub &'v [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for chunk in self.0.utf8_chunks() {
            let valid = chunk.valid();
            if valid.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
                f.write_str(valid)?;
            } else {
                for character in valid.chars() {
                    if is_unprintable(character) {
                        write!(f, "{}", character.escape_default())?;
                    } else {
                        f.write_char(character)?;
                    }
                }
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

/// Bytes that are no fields ([`Part::NotAField`]), as far as they can be shown: not behind the tag of a secret field, and not
/// at all right behind such a field, whose value they may belong to.
#[derive(Debug, Clone, Copy)]
pub struct Unread<'v> {
    shown: &'v [u8],
    is_cut: bool,
}

impl<'v> Unread<'v> {
    /// `behind_secret`: the field in front of them is a secret one ([`FieldPart::is_secret`]). 64 bytes are shown at most.
    #[must_use]
    pub fn new(bytes: &'v [u8], behind_secret: bool) -> Unread<'v> {
        let begin = &bytes[..bytes.len().min(64)];
        let secret = if behind_secret { Some(0) } else { secret_in(begin) };
        Unread {
            shown: &begin[..secret.unwrap_or(begin.len())],
            is_cut: secret.is_some(),
        }
    }
}

impl fmt::Display for Unread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.shown).fmt(f)?;
        f.write_str(if self.is_cut { "<redacted>" } else { "" })
    }
}

/// Control characters, and those that turn the direction of a line around.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(all(test, feature = "dictionary"))]
mod tests {
    use super::*;
    use crate::Validator;
    use crate::dictionary::Dictionary;

    const SOURCE: &str = "<fix type='FIX' major='4' minor='4'><messages>
        <message name='Order' msgtype='D' msgcat='app'>
          <field name='ClOrdID' required='Y'/>
          <group name='NoLegs' required='N' x-entry='Leg'>
            <field name='LegSymbol' required='Y'/><field name='LegQty' required='Y'/>
            <group name='NoParties' required='N' x-entry='Party'><field name='Party' required='Y'/></group>
          </group>
          <field name='Side' required='Y'/><field name='Password' required='N'/>
        </message></messages><fields>
        <field number='11' name='ClOrdID' type='STRING'/><field number='555' name='NoLegs' type='NUMINGROUP'/>
        <field number='600' name='LegSymbol' type='STRING'/><field number='687' name='LegQty' type='QTY'/>
        <field number='453' name='NoParties' type='NUMINGROUP'/><field number='448' name='Party' type='STRING'/>
        <field number='54' name='Side' type='CHAR'><value enum='1' description='BUY'/></field>
        <field number='554' name='Password' type='STRING'/>
        </fields></fix>";

    fn check(body: &str, expected: &str) {
        let dictionary = Dictionary::parse(SOURCE, "test.xml").unwrap_or_else(|faults| panic!("{faults}"));
        let tables = dictionary.leak_tables();
        let frame = format!("8=FIX.4.4|9=99|35=D|49=A|56=B|34=1|52=20260101-00:00:00|{body}10=000|");
        let frame = frame.replace('|', "\x01").into_bytes();
        let violations = Validator::new(tables).validate(&frame).unwrap_or_default();
        let text = Printer::new(tables).to_string(&frame, &violations);
        let body: Vec<&str> = text
            .lines()
            .filter(|line| !["8", "9", "35", "49", "56", "34", "52", "10"].contains(&first_word(line)))
            .collect();
        assert_eq!(body.join("\n"), expected, "{text}");
    }

    fn first_word(line: &str) -> &str {
        line.split_whitespace().next().unwrap_or_default()
    }

    #[test]
    fn fields_stand_one_a_line_with_their_groups_indented() {
        check(
            "11=x|555=2|600=A|687=1|453=1|448=p|600=B|687=2|54=1|554=hush|",
            "Order (D)
     11  ClOrdID               x
    555  NoLegs                2
        Leg 0
        600  LegSymbol             A
        687  LegQty                1
        453  NoParties             1
            Party 0
            448  Party                 p
        Leg 1
        600  LegSymbol             B
        687  LegQty                2
     54  Side                  1  BUY
    554  Password              <redacted>",
        );
    }

    #[test]
    fn violations_are_marked_where_they_are() {
        check(
            "11=x|555=3|600=A|9999=?|600=B|687=many|54=9|",
            "Order (D)
     11  ClOrdID               x
    555  NoLegs                3  <- count is not the number of entries; expected 2
        Leg 0
        600  LegSymbol             A
       9999  ?                     ?  <- tag is not defined
        687  <- required field is missing
        Leg 1
        600  LegSymbol             B
        687  LegQty                many  <- value is not of the field's type
     54  Side                  9  <- value is not among those listed; expected 1 (BUY)",
        );
        check(
            "555=0|54=1|",
            "Order (D)
    555  NoLegs                0
     54  Side                  1  BUY
     11  <- required field is missing",
        );
    }

    #[test]
    fn nothing_on_the_wire_reaches_the_terminal_as_a_command() {
        check(
            "11=\u{1b}[2Jü\u{202e}|54=1|",
            "Order (D)
     11  ClOrdID               \\u{1b}[2Jü\\u{202e}
     54  Side                  1  BUY",
        );
        let tables = Dictionary::parse(SOURCE, "test.xml").map(|dictionary| dictionary.leak_tables());
        let mut printer = Printer::new(tables.unwrap_or_else(|faults| panic!("{faults}"))).colour(true);
        assert!(
            printer
                .to_string(b"8=FIX.4.4\x019=5\x0135=D\x01oops", &[])
                .contains("not a field: oops")
        );
        assert!(printer.to_string(b"\xff", &[]).contains("unknown message"));
    }

    #[test]
    fn what_is_no_field_shows_no_secret() {
        let check = |body: &str, expected: &str| {
            let tables = Dictionary::parse(SOURCE, "test.xml").map(|dictionary| dictionary.leak_tables());
            let mut printer = Printer::new(tables.unwrap_or_else(|faults| panic!("{faults}")));
            let frame = format!("8=FIX.4.4|9=5|35=D|{body}").replace('|', "\x01");
            let text = printer.to_string(frame.as_bytes(), &[]);
            assert_eq!(text.lines().last(), Some(expected), "{text}");
        };
        check("11=x|oops|58=y", "        not a field: oops\\u{1}58=y");
        check(
            "11=x|oops|554=hush|",
            "        not a field: oops\\u{1}554=<redacted>",
        );
        check("11=x|0554=hush|", "        not a field: 0554=<redacted>");
        check("554=hu|sh|10=1|", "        not a field: <redacted>");
        check("554=hu|11=x|oops|", "        not a field: oops\\u{1}");
    }
}
