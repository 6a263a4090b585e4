//! Certificate transparency logs that a trusted root lists.

use aws_lc_rs::digest;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_proto::sigstore::trustroot::v1::TransparencyLogInstance;

use crate::trust::error::TrustError;
use crate::trust::window::Window;

/// A certificate transparency log (RFC 6962) that is trusted for some time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CtLog {
    name: String,
    id: Vec<u8>,
    key: PublicKey,
    window: Window,
}

impl CtLog {
    /// The log that `message` describes.
    pub(crate) fn new(message: &TransparencyLogInstance) -> Result<Self, TrustError> {
        let missing = |what| {
            move || TrustError::Incomplete {
                base_url: message.base_url.clone(),
                what,
            }
        };
        let public_key = message.public_key.as_ref();
        let public_key = public_key.ok_or_else(missing("publicKey"))?;
        let spki = public_key.raw_bytes.as_ref();
        let key = PublicKey::from_spki_der(spki.ok_or_else(missing("publicKey.rawBytes"))?)?;
        let declared = message.log_id.as_ref().map(|id| id.key_id.to_vec());
        let id = declared.filter(|id| !id.is_empty());
        Ok(Self {
            name: message.base_url.clone(),
            id: id.unwrap_or_else(|| key_id(&key)),
            key,
            window: Window::new(public_key.valid_for.as_ref())?,
        })
    }

    /// Its URL.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called in the time stamps of certificates (RFC 6962, section 3.2).
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// The key that it signs with.
    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// When it is trusted.
    pub fn window(&self) -> &Window {
        &self.window
    }
}

/// SHA-256 of the SubjectPublicKeyInfo.
fn key_id(key: &PublicKey) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, key.spki_der());
    hash.as_ref().to_vec()
}
