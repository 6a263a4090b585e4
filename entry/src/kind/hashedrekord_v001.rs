use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::PreparedEntry;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::key::KeyType;
use crate::kind::EntryKind;
use crate::search::SearchKeys;
use crate::v1::LoggedDigest;
use crate::v1::Purpose;
use crate::v1::V1Policy;
use crate::v1::V1Reject;
use crate::v1::json::Json;
use crate::v1::read_base64;
use crate::v1::read_key_content;
use crate::v1::x509::X509Key;

/// What a hashedrekord 0.0.1 body says: the hash of an artifact, and a signature over it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HashedRekordV001 {
    /// The hash of the artifact.
    pub digest: LoggedDigest,
    /// The signature over the digest.
    pub signature: Bytes,
    /// PEM of the key, of the certificate, or of a chain of certificates, leaf first.
    pub public_key: Bytes,
}

impl HashedRekordV001 {
    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }

    pub(crate) fn read(spec: &Json<'_>) -> Result<Self, V1Reject> {
        let signature = spec
            .object("signature")
            .ok_or(V1Reject::Missing("signature"))?;
        let data = spec.object("data").ok_or(V1Reject::Missing("data"))?;
        Ok(Self {
            digest: LoggedDigest::read(data, "hash", HASHES)?.ok_or(V1Reject::Missing("hash"))?,
            signature: read_base64(signature, "content", "signature content")?.into(),
            public_key: read_key_content(signature)?.into(),
        })
    }

    pub(crate) fn add_search_keys(&self, keys: &mut SearchKeys) {
        keys.add([self.digest.search_key()]);
        keys.add_logged_x509(&self.public_key);
    }
}

impl Canonical for HashedRekordV001 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":"#);
        self.digest.write(sink);
        sink.text(r#"},"signature":{"content":""#);
        sink.base64(&self.signature);
        sink.text(r#"","publicKey":{"content":""#);
        sink.base64(&self.public_key);
        sink.text(r#""}}}}"#);
    }
}

/// Checks `spec` by the rules of the specification of Rekor v1, section 4.1.
pub(crate) fn prepare(
    spec: &Json<'_>,
    policy: &V1Policy,
    purpose: Purpose,
) -> Result<PreparedEntry, V1Reject> {
    let submitted = HashedRekordV001::read(spec)?;
    let submitted_key = X509Key::from_pem(&submitted.public_key)?;
    let key = submitted_key.verifying_key()?;
    let digest = submitted.digest.to_bytes()?;
    let hash = submitted.digest.algorithm;
    if purpose == Purpose::Create && !is_allowed(policy, key.key_type(), hash) {
        return Err(V1Reject::AlgorithmNotAllowed {
            key: key.key_type(),
            hash,
        });
    }
    submitted_key.check_chain()?;
    key.verify_digest(hash, &digest, &submitted.signature)?;

    let mut search_keys = SearchKeys::default();
    search_keys.add([submitted.digest.search_key()]);
    search_keys.add_x509(&submitted_key);
    let entry = HashedRekordV001 {
        public_key: submitted_key.canonical().to_owned().into(),
        ..submitted
    };
    Ok(PreparedEntry::new(
        EntryKind::HashedRekordV001,
        entry.to_body()?,
        search_keys.finish(),
    ))
}

/// Whether some algorithm that the log accepts is this one. Of those that Ed25519 keys have, only Ed25519ph signs digests.
fn is_allowed(policy: &V1Policy, key_type: KeyType, hash: HashAlgorithm) -> bool {
    policy.algorithms.iter().any(|algorithm| {
        algorithm.key_type() == key_type && algorithm.hash_algorithm() == Some(hash)
    })
}

/// The hash functions that the kind defines.
const HASHES: &[HashAlgorithm] = &[
    HashAlgorithm::Sha2256,
    HashAlgorithm::Sha2384,
    HashAlgorithm::Sha2512,
];
