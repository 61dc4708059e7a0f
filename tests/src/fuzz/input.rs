//! Arbitrary bytes read as something with a structure, and the same structure written as a seed.

/// Reads a structure out of arbitrary bytes. Where they run out, it reads zeros and nothing.
#[derive(Debug, Clone)]
pub struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    /// Reads from these bytes.
    #[must_use]
    pub const fn new(bytes: &'i [u8]) -> Input<'i> {
        Input(bytes)
    }

    /// Whether everything has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub const fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                *byte
            }
            None => 0,
        }
    }

    /// Two bytes, the lower first.
    pub const fn number(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// So many bytes, or what there is.
    pub fn take(&mut self, length: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A number, and as many bytes.
    pub fn chunk(&mut self) -> &'i [u8] {
        let length = usize::from(self.number());
        self.take(length)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'i [u8] {
        self.take(usize::MAX)
    }
}

/// Writes what [`Input`] reads.
#[derive(Debug, Clone, Default)]
pub struct Recipe(Vec<u8>);

impl Recipe {
    /// An empty one.
    #[must_use]
    pub fn new() -> Recipe {
        Recipe::default()
    }

    /// See [`Input::byte`].
    #[must_use]
    pub fn byte(mut self, byte: u8) -> Recipe {
        self.0.push(byte);
        self
    }

    /// See [`Input::number`].
    #[must_use]
    pub fn number(mut self, number: u16) -> Recipe {
        self.0.extend(number.to_le_bytes());
        self
    }

    /// See [`Input::take`].
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Recipe {
        self.0.extend_from_slice(bytes);
        self
    }

    /// See [`Input::chunk`].
    ///
    /// # Panics
    ///
    /// When there are more bytes than the number can say.
    #[must_use]
    pub fn chunk(self, bytes: &[u8]) -> Recipe {
        self.number(u16::try_from(bytes.len()).expect("a short chunk"))
            .bytes(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}
