//! Keys of TUF metadata, and what they sign.

use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

/// A key as metadata lists it (specification, section 4.2).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Key {
    /// The kind of key, such as `ecdsa`.
    pub keytype: String,
    /// How it signs, such as `ecdsa-sha2-nistp256`.
    pub scheme: String,
    /// The key itself.
    pub keyval: KeyValue,
    /// What else is said of it.
    #[serde(flatten)]
    pub other: serde_json::Map<String, Value>,
}

/// The key itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyValue {
    /// PEM, or of Ed25519 the 32 bytes in hexadecimal.
    pub public: String,
}

impl Key {
    /// Whether `signature` is by this key over `message`. A key of a kind that is not known signs
    /// nothing.
    pub(crate) fn is_by(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some(key) = self.public_key() else {
            return false;
        };
        key.verify_message(message, signature).is_ok()
    }

    /// The key, if it is of a kind that is known, and signs as the scheme says.
    pub(crate) fn public_key(&self) -> Option<PublicKey> {
        let key = match self.keytype.as_str() {
            "ed25519" => ed25519(&self.keyval.public)?,
            "ecdsa" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" => {
                PublicKey::from_pem(&self.keyval.public).ok()?
            }
            _ => return None,
        };
        let scheme = match key.key_type() {
            KeyType::Ed25519 => "ed25519",
            KeyType::EcdsaP256 => "ecdsa-sha2-nistp256",
            KeyType::EcdsaP384 => "ecdsa-sha2-nistp384",
            _ => return None,
        };
        (self.scheme == scheme).then_some(key)
    }
}

fn ed25519(digits: &str) -> Option<PublicKey> {
    let raw = hex::decode(digits).ok()?;
    let der = [ED25519_HEAD, &raw].concat();
    PublicKey::from_spki_der(&der).ok()
}

/// What stands before an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410, section 4).
const ED25519_HEAD: &[u8] = &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
