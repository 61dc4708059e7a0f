//! The recorded messages: complete frames, and the message bodies that the venue's documentation shows.
//!
//! Both are kept as text with `|` for SOH, one message a line, so that a diff of a fixture can be read. No value in
//! them contains `|`.

/// The field delimiter of the wire (ASCII SOH).
pub const SOH: u8 = 0x01;

/// The kinds of frame that were recorded, 64 frames each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `NewOrderSingle` (D) as a client sends it on order entry.
    NewOrderSingle,
    /// A Trade `ExecutionReport` (8) with the groups of fees and of collateral changes.
    ExecutionReport,
    /// `MarketDataIncrementalRefresh` (X) with one entry. Its entry carries 269 before 55, and no 272 or 273.
    Refresh1,
    /// `MarketDataIncrementalRefresh` (X) with ten entries, in the same order as [`Kind::Refresh1`].
    Refresh10,
    /// `Heartbeat` (0) without a `TestReqID`.
    Heartbeat,
}

impl Kind {
    /// All kinds, in the order in which the benchmarks report them.
    pub const ALL: [Kind; 5] = [
        Kind::NewOrderSingle,
        Kind::ExecutionReport,
        Kind::Refresh1,
        Kind::Refresh10,
        Kind::Heartbeat,
    ];

    /// The short name that files and benchmark rows use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::NewOrderSingle => "nos",
            Kind::ExecutionReport => "er",
            Kind::Refresh1 => "md1",
            Kind::Refresh10 => "md10",
            Kind::Heartbeat => "hb",
        }
    }

    /// The recorded frames of this kind, on the wire's delimiter.
    #[must_use]
    pub fn frames(self) -> Vec<Vec<u8>> {
        let text = match self {
            Kind::NewOrderSingle => include_str!("../fixtures/frames/nos.fix"),
            Kind::ExecutionReport => include_str!("../fixtures/frames/er.fix"),
            Kind::Refresh1 => include_str!("../fixtures/frames/md1.fix"),
            Kind::Refresh10 => include_str!("../fixtures/frames/md10.fix"),
            Kind::Heartbeat => include_str!("../fixtures/frames/hb.fix"),
        };
        text.lines().map(wire).collect()
    }
}

/// A venue's dialect, by the file its examples are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Binary event contracts.
    Prediction,
    /// Perpetual futures.
    Margin,
}

/// A message body of the venue's documentation: no header but `MsgType` (35), no trailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The dialect whose page shows it.
    pub dialect: Dialect,
    /// The page, as in `order-entry`.
    pub page: &'static str,
    /// The example's heading; empty where the page gives none.
    pub title: &'static str,
    /// The body with `|` for SOH, without one at its end.
    pub body: &'static str,
}

impl Example {
    /// All examples of both dialects, in the order of the documentation.
    #[must_use]
    pub fn all() -> Vec<Example> {
        let mut examples = Vec::new();
        examples.extend(parse_examples(
            Dialect::Prediction,
            include_str!("../fixtures/examples/prediction.fix"),
        ));
        examples.extend(parse_examples(
            Dialect::Margin,
            include_str!("../fixtures/examples/margin.fix"),
        ));
        examples
    }

    /// Whether the page shows only some fields of the message (the page on sub-penny prices does).
    #[must_use]
    pub fn is_fragment(&self) -> bool {
        self.page == "subpenny-pricing"
    }

    /// `MsgType` (35).
    #[must_use]
    pub fn msg_type(&self) -> &'static str {
        let first = self.body.split('|').next().unwrap_or_default();
        first.strip_prefix("35=").unwrap_or_default()
    }

    /// The body on the wire's delimiter, `MsgType` left out, as it stands between header and trailer.
    #[must_use]
    pub fn body_bytes(&self) -> Vec<u8> {
        match self.body.split_once('|') {
            Some((_, rest)) => wire(&format!("{rest}|")),
            None => Vec::new(),
        }
    }

    /// A complete frame around the body, with a plausible header, and right `BodyLength` and `CheckSum`.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let header = format!(
            "35={}|49=Kalshi|56=86f51285-5d5f-4da3-80d6-f43d0b7985df|34=7|52=20260821-14:30:00.125|",
            self.msg_type()
        );
        let mut body = wire(&header);
        body.extend(self.body_bytes());
        frame(&body)
    }
}

/// Puts `8=`, `9=` and `10=` around a body that starts with `MsgType` (35) and ends with SOH.
#[must_use]
pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = wire(&format!("8=FIXT.1.1|9={}|", body.len()));
    frame.extend_from_slice(body);
    let sum = frame.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    frame.extend(wire(&format!("10={sum:03}|")));
    frame
}

/// The bytes of a line written with `|` for SOH.
#[must_use]
pub fn wire(line: &str) -> Vec<u8> {
    line.bytes()
        .map(|byte| if byte == b'|' { SOH } else { byte })
        .collect()
}

/// The reverse of [`wire`], for messages of failed assertions.
#[must_use]
pub fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\u{1}', "|")
}

fn parse_examples(dialect: Dialect, text: &'static str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let heading = line.strip_prefix("# ").expect("an example starts with a heading");
        let (page, title) = heading.split_once(": ").unwrap_or((heading, ""));
        let body = lines.next().expect("a heading is followed by a body");
        examples.push(Example {
            dialect,
            page,
            title,
            body,
        });
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_frames_have_right_lengths_and_sums() {
        for kind in Kind::ALL {
            let frames = kind.frames();
            assert_eq!(frames.len(), 64, "{}", kind.name());
            for recorded in frames {
                let text = readable(&recorded);
                let body_start = text.find("35=").expect("a MsgType");
                let body_end = text.rfind("10=").expect("a CheckSum");
                assert_eq!(readable(&frame(&recorded[body_start..body_end])), text);
            }
        }
    }

    #[test]
    fn examples_are_complete() {
        let examples = Example::all();
        assert_eq!(examples.len(), 55);
        assert_eq!(examples.iter().filter(|example| example.is_fragment()).count(), 2);
        for example in &examples {
            assert!(!example.msg_type().is_empty(), "{example:?}");
            assert!(
                readable(&example.frame()).contains(&format!("|35={}|", example.msg_type())),
                "{example:?}"
            );
        }
    }
}
