//! What an entry names: the digests of what was signed, and who signed it.

use std::collections::BTreeMap;

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::certificate::Certificate;
use crate::facts::authority;
use crate::facts::claims;
use crate::fulcio::fulcio_issuer;
use crate::hash_function::hash_name;

/// A digest in an entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryDigest {
    /// What it is the digest of.
    pub of: Digested,
    /// The name of the hash function, a colon and lower-case hexadecimal digits: `sha256:...`.
    pub digest: String,
}

/// What a digest in an entry is the digest of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Digested {
    /// A document, a package, an image: what the signature is about.
    Artifact,
    /// The payload of a DSSE envelope, such as an in-toto statement.
    Payload,
    /// A DSSE envelope, byte for byte as it was submitted.
    Envelope,
}

impl EntryDigest {
    /// From the digest itself.
    pub(crate) fn new(of: Digested, algorithm: HashAlgorithm, digest: &[u8]) -> Self {
        Self::of_hex(of, algorithm, &hex::encode(digest))
    }

    /// From hexadecimal digits.
    pub(crate) fn of_hex(of: Digested, algorithm: HashAlgorithm, digits: &str) -> Self {
        let name = hash_name(algorithm).unwrap_or("unknown");
        Self {
            of,
            digest: format!("{name}:{}", digits.to_ascii_lowercase()),
        }
    }
}

/// Whose signature an entry holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntrySigner {
    /// The fingerprint of the key: `sha256:` and the SHA-256 hash of its DER SubjectPublicKeyInfo,
    /// or for a PGP, SSH or minisign key of the text in which it is logged. Watch lists take it in
    /// this form. `None` for a certificate that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whom the certificate or the PGP key names. Nobody, for any other key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// The OpenID provider that vouched for the subjects, where the certificate tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who issued the certificate, by its own word: `CN=...,O=...`. Whether that is so, nobody
    /// checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// What else Fulcio's extensions say: `repository`, `ref`, `commit`, `workflow`, `trigger`,
    /// `runner`, `run` and so on, as they stand in the certificate. One without a name here has its
    /// number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
}

impl EntrySigner {
    /// The holder of the key with this SubjectPublicKeyInfo, or with this text in another format.
    pub(crate) fn of_key(spki_or_text: &[u8]) -> Self {
        Self {
            key: Some(format!(
                "sha256:{}",
                hex::encode(Sha256::digest(spki_or_text))
            )),
            subjects: Vec::new(),
            issuer: None,
            authority: None,
            claims: BTreeMap::new(),
        }
    }

    /// The holder of a certificate.
    pub(crate) fn of_certificate(der: &[u8]) -> Self {
        let certificate = Certificate::from_der(der).ok();
        let key = certificate.as_ref().map(|one| Self::of_key(one.spki()));
        let authority = certificate.as_ref().and_then(authority::issuer_name);
        Self {
            authority,
            claims: claims::told(der),
            key: key.and_then(|signer| signer.key),
            subjects: certificate
                .and_then(|one| one.subjects().ok())
                .unwrap_or_default(),
            issuer: fulcio_issuer(der),
        }
    }
}
