//! Tags as they stand on the wire.

/// A tag with its `=`, rendered at compile time.
#[derive(Debug, Clone, Copy)]
pub struct Tag {
    pub(crate) word: [u8; 8],
    pub(crate) length: usize,
    pub(crate) number: u32,
}

impl Tag {
    /// The tag `number`.
    ///
    /// # Panics
    ///
    /// When `number` is 0 or has more than seven digits; at compile time, in a constant.
    #[must_use]
    pub const fn new(number: u32) -> Tag {
        match Tag::checked(number) {
            Some(tag) => tag,
            None => panic!("a tag must be 1 to 9999999"),
        }
    }

    /// The tag `number`, when it is 1 to 9,999,999.
    #[must_use]
    pub const fn checked(number: u32) -> Option<Tag> {
        if number == 0 || number > 9_999_999 {
            return None;
        }
        let mut length = 0;
        let mut left = number;
        while left > 0 {
            length += 1;
            left /= 10;
        }
        let mut word = [0; 8];
        let mut left = number;
        let mut at = length;
        while at > 0 {
            at -= 1;
            word[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        word[length] = b'=';
        Some(Tag {
            word,
            length: length + 1,
            number,
        })
    }

    /// The tag's number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// The tag and its `=` as a little-endian word, and the mask that covers them.
    pub(crate) const fn pattern(self) -> (u64, u64) {
        let mask = u64::MAX >> (64 - self.length * 8);
        (u64::from_le_bytes(self.word), mask)
    }
}
