//! Values with their lengths in front of them (RFC 4251, section 5), which OpenPGP has as well.

/// Reads values one after the other.
pub(crate) struct WireReader<'a>(pub(crate) &'a [u8]);

impl<'a> WireReader<'a> {
    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn number(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?.try_into().ok()?;
        self.bytes(length)
    }

    /// A number that is not negative.
    pub(crate) fn positive(&mut self) -> Option<&'a [u8]> {
        self.string()
            .filter(|digits| digits.first().is_none_or(|first| first & 0x80 == 0))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_empty()
    }
}

/// Adds a string with its length.
pub(crate) fn push_string(wire: &mut Vec<u8>, string: &[u8]) {
    // Nothing that is written here is anywhere near 4 GiB.
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    wire.extend(length.to_be_bytes());
    wire.extend(string);
}
