use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// The longest body that fits into an entry bundle, whose length fields have 16 bits (C2SP tlog-tiles).
pub const MAX_BODY_LENGTH: usize = 65_535;

/// A body does not fit into an entry bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the entry takes {length} bytes, but at most {MAX_BODY_LENGTH} fit into the log")]
pub struct BodyTooLarge {
    /// The length of the body in bytes.
    pub length: usize,
}

/// Something whose canonical body is written directly.
///
/// The body is its proto3 JSON form, canonicalised by RFC 8785. Keys are therefore written in sorted
/// order, and since all values are names and base64, nothing is ever escaped.
pub(crate) trait Canonical {
    fn write(&self, sink: &mut impl Sink);
}

/// Where a body is written to.
pub(crate) trait Sink {
    /// Adds `text` as it is.
    fn text(&mut self, text: &str);

    /// Adds `bytes` in padded standard base64.
    fn base64(&mut self, bytes: &[u8]);
}

/// Formats a body into one buffer of exactly its size.
pub(crate) fn format(entry: &impl Canonical) -> Result<Bytes, BodyTooLarge> {
    let mut length = Length(0);
    entry.write(&mut length);
    let Length(length) = length;
    if length > MAX_BODY_LENGTH {
        return Err(BodyTooLarge { length });
    }
    let mut body = Vec::with_capacity(length);
    entry.write(&mut body);
    debug_assert_eq!(body.len(), length);
    Ok(body.into())
}

struct Length(usize);

impl Sink for Length {
    fn text(&mut self, text: &str) {
        self.0 += text.len();
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.0 += base64_length(bytes);
    }
}

impl Sink for Vec<u8> {
    fn text(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    fn base64(&mut self, bytes: &[u8]) {
        let start = self.len();
        self.resize(start + base64_length(bytes), 0);
        let written = STANDARD.encode_slice(bytes, &mut self[start..]);
        debug_assert_eq!(written, Ok(base64_length(bytes)));
    }
}

fn base64_length(bytes: &[u8]) -> usize {
    bytes.len().div_ceil(3) * 4
}
