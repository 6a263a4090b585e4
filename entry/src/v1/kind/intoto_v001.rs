//! The first in-toto kind of Rekor v1: a signed attestation, with one key.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use sha2::Digest as _;
use sha2::Sha256;

use crate::attached::statement::AttachedStatement;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::content::Content;
use crate::content::LoggedStatement;
use crate::entry_kind::EntryKind;
use crate::facts::collected::Facts;
use crate::facts::statement::is_statement_type;
use crate::named_parts::Digested;
use crate::named_parts::EntryDigest;
use crate::named_parts::EntrySigner;
use crate::prepared::PreparedEntry;
use crate::v1::digest::LoggedDigest;
use crate::v1::digest::SHA256_ONLY;
use crate::v1::envelope::Envelope;
use crate::v1::json::Json;
use crate::v1::kind::definition::V1Kind;
use crate::v1::limits::V1Limits;
use crate::v1::purpose::Purpose;
use crate::v1::read::read_base64;
use crate::v1::reject::V1Reject;
use crate::v1::ssh_key;
use crate::v1::vouch::has_payload_hash;
use crate::v1::vouch::signed_by;
use crate::v1::x509_key;
use crate::v1::x509_key::X509Key;

/// What an intoto 0.0.1 body says: the hashes of an envelope and of its payload, and who signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntotoV001 {
    /// The SHA-256 hash of the envelope, byte for byte as it was submitted.
    pub hash: LoggedDigest,
    /// The SHA-256 hash of the payload. The oldest entries of other logs have none.
    pub payload_hash: Option<LoggedDigest>,
    /// PEM of the key, of the certificate, or of a chain of certificates, leaf first.
    pub public_key: Bytes,
}

impl IntotoV001 {
    /// The kind.
    pub const KIND: EntryKind = EntryKind::v1("intoto", "0.0.1");

    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }
}

impl Canonical for IntotoV001 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.1","kind":"intoto","spec":{"content":{"hash":"#);
        self.hash.write(sink);
        if let Some(payload_hash) = &self.payload_hash {
            sink.text(r#","payloadHash":"#);
            payload_hash.write(sink);
        }
        sink.text(r#"},"publicKey":""#);
        sink.base64(&self.public_key);
        sink.text(r#""}}"#);
    }
}

impl Content for IntotoV001 {
    fn add_facts(&self, facts: &mut Facts) {
        self.hash.add_fact(facts);
        if let Some(hash) = &self.payload_hash {
            hash.add_fact(facts);
        }
        facts.of_signer(|facts| x509_key::add_logged(&self.public_key, facts));
    }

    fn digests(&self) -> Vec<EntryDigest> {
        let payload = self.payload_hash.iter();
        let payload = payload.map(|hash| hash.named(Digested::Payload));
        std::iter::once(self.hash.named(Digested::Envelope))
            .chain(payload)
            .collect()
    }

    fn signers(&self) -> Vec<EntrySigner> {
        vec![x509_key::logged_signer(&self.public_key)]
    }

    fn statement(&self) -> Option<LoggedStatement> {
        Some(LoggedStatement {
            hash: self.attestation_hash(),
            is_typed: false,
        })
    }

    fn attestation_hash(&self) -> Option<Hash> {
        self.payload_hash.as_ref()?.to_hash()
    }

    /// The body has no signature: one that came with the statement has to verify.
    fn vouches_for(&self, statement: &AttachedStatement) -> bool {
        let hash = self.payload_hash.as_ref();
        let mut signatures = statement.signatures().iter();
        hash.is_some_and(|hash| has_payload_hash(statement, hash))
            && signatures.any(|signature| signed_by(statement, &self.public_key, signature))
    }
}

impl V1Kind for IntotoV001 {
    const KIND: EntryKind = Self::KIND;

    /// Checks `spec` by the rules of the specification of Rekor v1, section 4.4.
    fn prepare(
        spec: &Json<'_>,
        limits: &V1Limits,
        purpose: Purpose,
    ) -> Result<PreparedEntry, V1Reject> {
        let public_key = read_base64(spec, "publicKey", "public key")?;
        let key = X509Key::from_pem(&public_key)?;
        let content = spec.object("content").ok_or(V1Reject::Missing("content"))?;
        let text = content.text("envelope").unwrap_or_default();
        if !text.is_empty() {
            return prepare_envelope(text, &key, limits);
        }
        let entry = Self {
            public_key: key.canonical().to_owned().into(),
            ..Self::read(spec)?
        };
        if purpose == Purpose::Create {
            return Err(V1Reject::NotInsertable("missing envelope content"));
        }
        // The form that is logged has nothing in it to verify: it serves to look an entry up.
        let mut facts = Facts::default();
        entry.add_facts(&mut facts);
        Ok(PreparedEntry::new(Self::KIND, entry.to_body()?, facts))
    }

    fn read(spec: &Json<'_>) -> Result<Self, V1Reject> {
        let content = spec.object("content").ok_or(V1Reject::Missing("content"))?;
        Ok(Self {
            hash: LoggedDigest::read(content, "hash", SHA256_ONLY)?
                .ok_or(V1Reject::Missing("hash value for envelope"))?,
            payload_hash: LoggedDigest::read(content, "payloadHash", SHA256_ONLY)?,
            public_key: read_base64(spec, "publicKey", "public key")?.into(),
        })
    }
}

fn prepare_envelope(
    text: &str,
    key: &X509Key,
    limits: &V1Limits,
) -> Result<PreparedEntry, V1Reject> {
    let envelope = Envelope::parse(text)?;
    let verifying_key = key.verifying_key()?;
    if !envelope.is_signed(&verifying_key, &ssh_key::fingerprint(&verifying_key)) {
        return Err(V1Reject::UnverifiedEnvelope);
    }
    let payload_hash = Sha256::digest(&envelope.payload);
    let entry = IntotoV001 {
        hash: LoggedDigest::sha256(&Sha256::digest(text)),
        payload_hash: Some(LoggedDigest::sha256(&payload_hash)),
        public_key: key.canonical().to_owned().into(),
    };
    let mut facts = Facts::default();
    entry.add_facts(&mut facts);
    if is_statement_type(&envelope.payload_type) {
        facts.add_statement(&envelope.payload);
    }
    let prepared = PreparedEntry::new(IntotoV001::KIND, entry.to_body()?, facts);
    Ok(prepared.with_attestation(
        envelope.payload,
        payload_hash.into(),
        limits.max_attestation_bytes,
    ))
}
