//! Canonical bodies: the JSON of an entry, written by RFC 8785.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// The longest body that fits into an entry bundle, whose length fields have 16 bits (C2SP
/// tlog-tiles).
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
/// The body is its JSON form, canonicalised by RFC 8785. Keys are therefore written in sorted
/// order. Only texts that a client chose are ever escaped: the other values are names, hexadecimal
/// and base64.
pub(crate) trait Canonical {
    fn write(&self, sink: &mut impl Sink);
}

/// Where a body is written to.
pub(crate) trait Sink {
    /// Adds `text` as it is.
    fn text(&mut self, text: &str);

    /// Adds `bytes` in padded standard base64.
    fn base64(&mut self, bytes: &[u8]);

    /// Adds `text` as a JSON string (RFC 8785, section 3.2.2.2).
    fn string(&mut self, text: &str) {
        self.text("\"");
        let mut plain = 0;
        for (position, byte) in text.bytes().enumerate() {
            let Some(escaped) = escape(byte) else {
                continue;
            };
            self.text(&text[plain..position]);
            self.text(&escaped);
            plain = position + 1;
        }
        self.text(&text[plain..]);
        self.text("\"");
    }
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

/// How a string holds `byte`, unless as it is. Only ASCII is ever escaped.
fn escape(byte: u8) -> Option<Cow<'static, str>> {
    let escaped = match byte {
        b'"' => "\\\"",
        b'\\' => "\\\\",
        0x08 => "\\b",
        b'\t' => "\\t",
        b'\n' => "\\n",
        0x0c => "\\f",
        b'\r' => "\\r",
        control @ 0..0x20 => return Some(format!("\\u{control:04x}").into()),
        _ => return None,
    };
    Some(escaped.into())
}

fn base64_length(bytes: &[u8]) -> usize {
    bytes.len().div_ceil(3) * 4
}
