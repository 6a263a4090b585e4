//! What the kinds with a DSSE envelope have in common, of both API versions.

/// The most verifiers that one request may have.
pub const MAX_VERIFIERS: usize = 10;

/// The most signatures that one envelope may have.
pub const MAX_SIGNATURES: usize = 10;

/// What the signatures of an envelope are made over: the pre-authentication encoding of its type
/// and payload (DSSE protocol, section "Signature definition").
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = pre_authentication_head(payload_type, payload);
    [head.as_bytes(), payload].concat()
}

/// What stands before the payload in its pre-authentication encoding.
pub(crate) fn pre_authentication_head(payload_type: &str, payload: &[u8]) -> String {
    format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
}
