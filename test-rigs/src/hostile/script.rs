//! The bytes of a fuzzer, read as decisions.

/// Decisions from bytes. After the last byte every decision is zero, and zero always means what an
/// honest world does: the empty script is an attestation without any trouble.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    /// A script of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Script { rest: bytes }
    }

    /// The next byte; 0 after the last.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// The next two bytes as a number.
    pub fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A place in something of this length; 0 where it has none.
    pub fn place(&mut self, length: usize) -> usize {
        usize::from(self.word()) % length.max(1)
    }

    /// The next bytes, up to this many.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// A length, and so many bytes.
    pub fn bytes(&mut self) -> &'a [u8] {
        let count = self.byte();
        self.take(count.into())
    }
}
