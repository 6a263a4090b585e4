//! A signature that is on its way to a log. Submitting it twice gives one entry, and a new
//! signature in its place another: signatures by ECDSA differ each time.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_entry::key::PublicKey;
use serde::Deserialize;
use serde::Serialize;

use crate::commands::sign::signed::Signed;
use crate::files::replace;

/// The file beside the bundle.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Pending {
    digest: String,
    /// Base64.
    signature: String,
    /// Base64 of the SubjectPublicKeyInfo.
    public_key: String,
}

impl Pending {
    pub(crate) fn of(signed: &Signed) -> Self {
        Self {
            digest: signed.digest.to_string(),
            signature: STANDARD.encode(&signed.signature),
            public_key: STANDARD.encode(signed.key.spki_der()),
        }
    }

    /// What is in the file `path`, if it is one of these.
    pub(crate) fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        replace(path, &serde_json::to_vec_pretty(self)?)
    }

    pub(crate) fn signed(&self) -> Option<Signed> {
        let key = STANDARD.decode(&self.public_key).ok()?;
        Some(Signed {
            digest: ArtifactDigest::parse(&self.digest).ok()?,
            signature: STANDARD.decode(&self.signature).ok()?,
            key: PublicKey::from_spki_der(&key).ok()?,
        })
    }
}
