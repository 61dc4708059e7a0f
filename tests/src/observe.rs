//! Everything that can be seen of a frame through a dialect, as one value: for tests that compare two ways to see it.

use std::fmt::Write as _;

use fix_dialect::{
    Context, Decoded, Decoder, Dialect, EncodeBody, Encoder, Message as _, Prices, Printer, Sender,
    SessionHeader, Timestamp, Validator,
};

use crate::fixtures::readable;

/// The readers of a dialect that keep something from one frame to the next.
pub struct Readers<D: Dialect> {
    decoder: Decoder<D>,
    validator: Validator,
    printer: Printer,
}

impl<D: Dialect> Readers<D> {
    /// Readers that have seen nothing.
    #[must_use]
    pub fn new() -> Readers<D> {
        Readers {
            decoder: Decoder::new(),
            validator: Validator::new(D::tables()),
            printer: Printer::new(D::tables()),
        }
    }

    /// What the frame is, line by line: the typed message and its encoding, violations in several contexts, the print.
    ///
    /// # Panics
    ///
    /// Where two ways to say the same disagree: the rules of the decoder and of the validator, or a message and its
    /// owned copy.
    pub fn observe(&mut self, frame: &[u8]) -> String {
        let mut seen = String::new();
        let violations = match self.decoder.decode(frame) {
            Ok(decoded) => {
                tell(&mut seen, "type", &decoded.table().map(|table| table.msg_type));
                tell(&mut seen, "outcome", &decoded.outcome());
                tell(&mut seen, "unreadable", &decoded.violations());
                tell_message::<D>(&mut seen, &decoded);
                for context in contexts() {
                    let violations = decoded.validate_in(&context);
                    assert_eq!(
                        Ok(&violations),
                        self.validator.validate_in(frame, &context).as_ref(),
                        "decoder and validator, {context:?}: {}",
                        readable(frame)
                    );
                    tell(&mut seen, "violations", &violations);
                }
                decoded.validate()
            }
            Err(malformed) => {
                assert_eq!(
                    self.validator.validate(frame),
                    Err(malformed.clone()),
                    "{}",
                    readable(frame)
                );
                tell(&mut seen, "malformed", &malformed);
                Vec::new()
            }
        };
        seen.push_str(&self.printer.to_string(frame, &violations));
        seen
    }
}

impl<D: Dialect> Default for Readers<D> {
    fn default() -> Self {
        Readers::new()
    }
}

impl<D: Dialect> std::fmt::Debug for Readers<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}

/// What validation may know of a session.
#[must_use]
pub fn contexts() -> [Context; 4] {
    [
        Context::default(),
        Context::default()
            .from(Sender::Client)
            .on("NR")
            .priced_in(Prices::Dollars),
        Context::default()
            .from(Sender::Exchange)
            .on("RT")
            .priced_in(Prices::Cents),
        Context::default().from(Sender::Exchange).on("MD"),
    ]
}

fn tell_message<D: Dialect>(seen: &mut String, decoded: &Decoded<'_, D>) {
    let Some(message) = decoded.message() else {
        return;
    };
    let encoded = encode(message);
    assert_eq!(encode(&message.clone().into_owned()), encoded, "the owned copy");
    tell(seen, "encoded", &encoded);
}

/// A message behind a header of ours, as text; or why it cannot be encoded.
fn encode(message: &impl EncodeBody) -> Result<String, fix_dialect::EncodeError> {
    let header = SessionHeader::new("FIXT.1.1", "A", "B")?;
    let mut encoder = Encoder::new();
    let frame = encoder.encode(&header, 1, Timestamp::from_unix_nanos(0), message)?;
    Ok(frame.escape_ascii().to_string())
}

fn tell(seen: &mut String, what: &str, value: &dyn std::fmt::Debug) {
    // A String takes everything.
    let _ = writeln!(seen, "{what}: {value:?}");
}
