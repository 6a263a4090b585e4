//! Which kind of entry a body says that it is of.

use ledgerstone_proto::sigstore::rekor::v1::KindVersion;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    kind: String,
    api_version: String,
}

/// The kind that `body` names, or why it names none.
pub(crate) fn kind_of_body(body: &[u8]) -> Result<KindVersion, String> {
    let kind: Kind = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(KindVersion {
        kind: kind.kind,
        version: kind.api_version,
    })
}
