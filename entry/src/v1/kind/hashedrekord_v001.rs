//! The hashedrekord kind of Rekor v1: a signature over the hash of an artifact.

use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::attached::statement::AttachedStatement;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::content::Content;
use crate::entry_kind::EntryKind;
use crate::facts::collected::Facts;
use crate::key::key_type::KeyType;
use crate::named_parts::Digested;
use crate::named_parts::EntryDigest;
use crate::named_parts::EntrySigner;
use crate::prepared::PreparedEntry;
use crate::v1::digest::LoggedDigest;
use crate::v1::json::Json;
use crate::v1::kind::definition::V1Kind;
use crate::v1::limits::V1Limits;
use crate::v1::purpose::Purpose;
use crate::v1::read::read_base64;
use crate::v1::read::read_key_content;
use crate::v1::reject::V1Reject;
use crate::v1::x509_key;
use crate::v1::x509_key::X509Key;

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
    /// The kind.
    pub const KIND: EntryKind = EntryKind::v1("hashedrekord", "0.0.1");

    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
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

impl Content for HashedRekordV001 {
    fn add_facts(&self, facts: &mut Facts) {
        self.digest.add_fact(facts);
        facts.add_signature(&self.signature);
        facts.of_signer(|facts| x509_key::add_logged(&self.public_key, facts));
    }

    fn digests(&self) -> Vec<EntryDigest> {
        vec![self.digest.named(Digested::Artifact)]
    }

    fn signers(&self) -> Vec<EntrySigner> {
        vec![x509_key::logged_signer(&self.public_key)]
    }

    /// The log verified the signature over the digest: what has that digest is what was signed.
    fn vouches_for(&self, statement: &AttachedStatement) -> bool {
        let digest = self.digest.to_bytes();
        digest.is_ok_and(|digest| statement.has_signed_digest(self.digest.algorithm, &digest))
    }
}

impl V1Kind for HashedRekordV001 {
    const KIND: EntryKind = Self::KIND;

    /// Checks `spec` by the rules of the specification of Rekor v1, section 4.1.
    fn prepare(
        spec: &Json<'_>,
        limits: &V1Limits,
        purpose: Purpose,
    ) -> Result<PreparedEntry, V1Reject> {
        let submitted = Self::read(spec)?;
        let submitted_key = X509Key::from_pem(&submitted.public_key)?;
        let key = submitted_key.verifying_key()?;
        let digest = submitted.digest.to_bytes()?;
        let hash = submitted.digest.algorithm;
        if purpose == Purpose::Create && !is_allowed(limits, key.key_type(), hash) {
            return Err(V1Reject::AlgorithmNotAllowed {
                key: key.key_type(),
                hash,
            });
        }
        submitted_key.check_chain()?;
        key.verify_digest(hash, &digest, &submitted.signature)?;

        let mut facts = Facts::default();
        submitted.digest.add_fact(&mut facts);
        facts.add_signature(&submitted.signature);
        facts.of_signer(|facts| submitted_key.add_facts(facts));
        let entry = Self {
            public_key: submitted_key.canonical().to_owned().into(),
            ..submitted
        };
        Ok(PreparedEntry::new(Self::KIND, entry.to_body()?, facts))
    }

    fn read(spec: &Json<'_>) -> Result<Self, V1Reject> {
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
}

/// Whether some algorithm that the log accepts is this one. Of those that Ed25519 keys have, only
/// Ed25519ph signs digests.
fn is_allowed(limits: &V1Limits, key_type: KeyType, hash: HashAlgorithm) -> bool {
    limits.algorithms.iter().any(|algorithm| {
        algorithm.key_type() == key_type && algorithm.hash_algorithm() == Some(hash)
    })
}

/// The hash functions that the kind defines.
const HASHES: &[HashAlgorithm] = &[
    HashAlgorithm::Sha2256,
    HashAlgorithm::Sha2384,
    HashAlgorithm::Sha2512,
];
