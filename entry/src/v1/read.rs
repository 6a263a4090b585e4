//! Reads members that several kinds of Rekor v1 have.

use crate::encoding::decode_base64;
use crate::v1::json::Json;
use crate::v1::reject::V1Reject;

/// The bytes in the member `name`, which must be there and not be empty. `what` names it to the
/// caller.
pub(crate) fn read_base64(
    json: &Json<'_>,
    name: &str,
    what: &'static str,
) -> Result<Vec<u8>, V1Reject> {
    let text = json
        .text(name)
        .filter(|text| !text.is_empty())
        .ok_or(V1Reject::Missing(what))?;
    decode_base64(text).ok_or(V1Reject::Base64(what))
}

/// The key beside a signature. Upstream once fetched keys by their URLs, on behalf of whoever
/// asked.
pub(crate) fn read_key_content(signature: &Json<'_>) -> Result<Vec<u8>, V1Reject> {
    let key = signature
        .object("publicKey")
        .ok_or(V1Reject::Missing("public key"))?;
    if key.member("content").is_none() && key.member("url").is_some() {
        return Err(V1Reject::KeyUrl);
    }
    read_base64(key, "content", "public key content")
}
