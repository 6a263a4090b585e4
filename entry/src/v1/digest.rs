//! Hashes as bodies of Rekor v1 hold them.

use ledgerstone_merkle::Hash;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::body::Sink;
use crate::facts::collected::Facts;
use crate::hash_function::digest_length;
use crate::hash_function::hash_name;
use crate::named_parts::Digested;
use crate::named_parts::EntryDigest;
use crate::v1::json::Json;
use crate::v1::reject::V1Reject;

/// A hash as a body of Rekor v1 holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoggedDigest {
    /// The hash function: SHA-256, or for hashedrekord entries also SHA-384 or SHA-512.
    pub algorithm: HashAlgorithm,
    /// The hash in hexadecimal, in the case in which it was submitted: another case makes another
    /// leaf hash.
    pub value: String,
}

impl LoggedDigest {
    pub(crate) fn sha256(digest: &[u8]) -> Self {
        Self {
            algorithm: HashAlgorithm::Sha2256,
            value: hex::encode(digest),
        }
    }

    /// The member `name` of `json`, whose hash function must be one of `allowed`.
    pub(crate) fn read(
        json: &Json<'_>,
        name: &str,
        allowed: &[HashAlgorithm],
    ) -> Result<Option<Self>, V1Reject> {
        let Some(hash) = json.object(name) else {
            return Ok(None);
        };
        let algorithm = hash
            .text("algorithm")
            .ok_or(V1Reject::Missing("hash algorithm"))?;
        let value = hash.text("value").ok_or(V1Reject::Missing("hash value"))?;
        let known = allowed
            .iter()
            .find(|known| hash_name(**known) == Some(algorithm))
            .ok_or_else(|| V1Reject::HashAlgorithm(algorithm.to_owned()))?;
        Ok(Some(Self {
            algorithm: *known,
            value: value.to_owned(),
        }))
    }

    /// The hash itself, if the value is one.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, V1Reject> {
        let length = digest_length(self.algorithm).ok_or(V1Reject::HashValue)?;
        let digits = self.value.as_bytes();
        if digits.len() != 2 * length {
            return Err(V1Reject::HashValue);
        }
        let byte = |pair: &[u8]| Some(16 * hex_digit(pair[0])? + hex_digit(pair[1])?);
        let bytes: Option<Vec<u8>> = digits.chunks_exact(2).map(byte).collect();
        bytes.ok_or(V1Reject::HashValue)
    }

    /// The hash itself, if it is one of 32 bytes.
    pub(crate) fn to_hash(&self) -> Option<Hash> {
        Hash::from_slice(&self.to_bytes().ok()?)
    }

    /// The hash as what was signed.
    pub(crate) fn named(&self, of: Digested) -> EntryDigest {
        EntryDigest::of_hex(of, self.algorithm, &self.value)
    }

    pub(crate) fn add_fact(&self, facts: &mut Facts) {
        let name = hash_name(self.algorithm).unwrap_or_default();
        facts.add_digest_text(&format!("{name}:{}", self.value));
    }

    pub(crate) fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"algorithm":""#);
        sink.text(hash_name(self.algorithm).unwrap_or_default());
        sink.text(r#"","value":"#);
        sink.string(&self.value);
        sink.text("}");
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// What most members that hold a hash allow.
pub(crate) const SHA256_ONLY: &[HashAlgorithm] = &[HashAlgorithm::Sha2256];
