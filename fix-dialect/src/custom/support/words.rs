//! Sentences that are put together while a user's crate is compiled.

/// A text of bounded length, built by constant functions: what a faulty message is told.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    bytes: [u8; ROOM],
    length: usize,
}

const ROOM: usize = 4096;

impl Words {
    pub(super) const fn new() -> Words {
        Words {
            bytes: [0; ROOM],
            length: 0,
        }
    }

    /// Appends a text; what has no room is cut off, at a character's end.
    pub(super) const fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut length = bytes.len();
        if length > ROOM - self.length {
            length = ROOM - self.length;
            while length > 0 && bytes[length] & 0xc0 == 0x80 {
                length -= 1;
            }
        }
        let mut at = 0;
        while at < length {
            self.bytes[self.length + at] = bytes[at];
            at += 1;
        }
        self.length += length;
    }

    /// Appends a number.
    pub(super) const fn number(&mut self, number: u32) {
        let mut digits = [0; 10];
        let mut start = digits.len();
        let mut left = number;
        loop {
            start -= 1;
            digits[start] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        let (_, digits) = digits.split_at(start);
        if let Ok(text) = std::str::from_utf8(digits) {
            self.text(text);
        }
    }

    /// Appends `Name (tag)`.
    pub(super) const fn field(&mut self, name: &str, tag: u32) {
        self.text(name);
        self.text(" (");
        self.number(tag);
        self.text(")");
    }

    /// Begins a sentence of its own, behind the place that it is about.
    pub(super) const fn begin(&mut self, place: &str) {
        if self.length > 0 {
            self.text("\n");
        }
        if !place.is_empty() {
            self.text(place);
            self.text(": ");
        }
    }

    pub(super) const fn as_str(&self) -> &str {
        let (bytes, _) = self.bytes.split_at(self.length);
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    /// Stops the compilation with what has been told, if anything has.
    ///
    /// # Panics
    ///
    /// When anything has been told.
    // The caller is where the compiler points at.
    #[track_caller]
    pub const fn stop(&self) {
        assert!(self.length == 0, "{}", self.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_sentences() {
        let mut words = Words::new();
        words.stop();
        words.begin("here");
        words.field("Price", 44);
        words.begin("");
        words.number(0);
        assert_eq!(words.as_str(), "here: Price (44)\n0");
        words.text(&"ü".repeat(ROOM));
        assert!(words.as_str().ends_with("0ü") || words.as_str().ends_with('ü'));
        assert!(words.length >= ROOM - 1);
        let stopped = std::panic::catch_unwind(|| words.stop()).expect_err("a panic");
        assert!(
            stopped
                .downcast_ref::<String>()
                .is_some_and(|text| text.starts_with("here: Price (44)\n0"))
        );
    }
}
