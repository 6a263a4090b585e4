//! Leaf hashes on the command line.

pub(crate) fn parse_hash(text: &str) -> Result<ledgerstone_merkle::Hash, String> {
    // The form that machines get.
    let text = text.strip_prefix("sha256:").unwrap_or(text);
    let bytes = hex::decode(text).ok();
    bytes
        .and_then(|bytes| ledgerstone_merkle::Hash::from_slice(&bytes))
        .ok_or_else(|| "give 64 hexadecimal digits".to_owned())
}
