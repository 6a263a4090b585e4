//! JSON as upstream writes it.

use serde::Serialize;

/// The content type of every answer but the public key.
pub(crate) const JSON: &str = "application/json";

/// A value as JSON with a line feed after it, as upstream's encoder ends a value.
pub(crate) fn json_line(value: &impl Serialize) -> Vec<u8> {
    // Our own types have names for keys and finite numbers, which is all that could fail.
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    body
}
