//! The second in-toto kind of Rekor v1: a signed attestation, with a key for each signature.

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
use crate::dsse::MAX_SIGNATURES;
use crate::encoding::decode_base64;
use crate::encoding::decode_base64_of_envelope;
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
use crate::v1::vouch::has_payload_hash;
use crate::v1::vouch::signed_by;
use crate::v1::x509_key;

/// What an intoto 0.0.2 body says: the hashes of an envelope and of its payload, and its
/// signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntotoV002 {
    /// The type of the payload.
    pub payload_type: String,
    /// The signatures, in the order of the envelope.
    pub signatures: Vec<IntotoSignatureV002>,
    /// What the client says is the SHA-256 hash of the envelope. No log checks it, so that nothing
    /// is found by it.
    pub hash: LoggedDigest,
    /// The SHA-256 hash of the payload.
    pub payload_hash: LoggedDigest,
    /// The payload, which logs of other makers hold in base64 of base64, or nothing. No entry of
    /// this log has one.
    pub payload: Bytes,
}

/// A signature in an intoto 0.0.2 body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntotoSignatureV002 {
    /// The name of the key, or nothing.
    pub key_id: String,
    /// PEM of the key, of the certificate, or of a chain of certificates, as it was submitted.
    pub public_key: Bytes,
    /// The signature in base64: the body holds base64 of this base64.
    pub sig: Bytes,
}

impl IntotoV002 {
    /// The kind.
    pub const KIND: EntryKind = EntryKind::v1("intoto", "0.0.2");

    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }

    /// `content` with another payload hash than it may hold.
    fn read_with(content: &Json<'_>, payload_hash: Option<LoggedDigest>) -> Result<Self, V1Reject> {
        let envelope = content
            .object("envelope")
            .ok_or(V1Reject::Missing("envelope"))?;
        let signatures = envelope.list("signatures").unwrap_or_default();
        let count = signatures.len();
        if count > MAX_SIGNATURES {
            return Err(V1Reject::TooManySignatures {
                count,
                limit: MAX_SIGNATURES,
            });
        }
        let signatures = signatures
            .iter()
            .map(IntotoSignatureV002::read)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.is_empty() {
            return Err(V1Reject::NoSignatures);
        }
        Ok(Self {
            payload_type: envelope
                .text("payloadType")
                .ok_or(V1Reject::Missing("payloadType"))?
                .to_owned(),
            signatures,
            hash: LoggedDigest::read(content, "hash", SHA256_ONLY)?
                .ok_or(V1Reject::Missing("envelope digest"))?,
            payload_hash: payload_hash.ok_or(V1Reject::Missing("payload digest"))?,
            payload: Bytes::new(),
        })
    }
}

impl IntotoSignatureV002 {
    fn read(signature: &Json<'_>) -> Result<Self, V1Reject> {
        Ok(Self {
            key_id: signature.text("keyid").unwrap_or_default().to_owned(),
            public_key: read_base64(signature, "publicKey", "publicKey")?.into(),
            sig: read_base64(signature, "sig", "signature")?.into(),
        })
    }

    fn text(&self) -> Result<&str, V1Reject> {
        std::str::from_utf8(&self.sig).map_err(|_| V1Reject::Base64("signature"))
    }
}

impl Canonical for IntotoV002 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.2","kind":"intoto","spec":{"content":{"#);
        sink.text(r#""envelope":{"#);
        if !self.payload.is_empty() {
            sink.text(r#""payload":""#);
            sink.base64(&self.payload);
            sink.text(r#"","#);
        }
        sink.text(r#""payloadType":"#);
        sink.string(&self.payload_type);
        sink.text(r#","signatures":["#);
        for (position, signature) in self.signatures.iter().enumerate() {
            sink.text(if position > 0 { ",{" } else { "{" });
            if !signature.key_id.is_empty() {
                sink.text(r#""keyid":"#);
                sink.string(&signature.key_id);
                sink.text(",");
            }
            sink.text(r#""publicKey":""#);
            sink.base64(&signature.public_key);
            sink.text(r#"","sig":""#);
            sink.base64(&signature.sig);
            sink.text(r#""}"#);
        }
        sink.text(r#"]},"hash":"#);
        self.hash.write(sink);
        sink.text(r#","payloadHash":"#);
        self.payload_hash.write(sink);
        sink.text("}}}");
    }
}

impl Content for IntotoV002 {
    fn add_facts(&self, facts: &mut Facts) {
        self.payload_hash.add_fact(facts);
        for signature in &self.signatures {
            let text = std::str::from_utf8(&signature.sig).ok();
            if let Some(bytes) = text.and_then(decode_base64_of_envelope) {
                facts.add_signature(&bytes);
            }
            facts.of_signer(|facts| x509_key::add_logged(&signature.public_key, facts));
        }
    }

    fn digests(&self) -> Vec<EntryDigest> {
        vec![self.payload_hash.named(Digested::Payload)]
    }

    fn signers(&self) -> Vec<EntrySigner> {
        self.signatures
            .iter()
            .map(|signature| x509_key::logged_signer(&signature.public_key))
            .collect()
    }

    fn statement(&self) -> Option<LoggedStatement> {
        is_statement_type(&self.payload_type).then(|| LoggedStatement {
            hash: self.attestation_hash(),
            is_typed: true,
        })
    }

    fn attestation_hash(&self) -> Option<Hash> {
        self.payload_hash.to_hash()
    }

    fn vouches_for(&self, statement: &AttachedStatement) -> bool {
        let is_signed = |logged: &IntotoSignatureV002| {
            let text = std::str::from_utf8(&logged.sig).ok();
            let signature = text.and_then(decode_base64_of_envelope);
            signature.is_some_and(|signature| signed_by(statement, &logged.public_key, &signature))
        };
        statement.payload_type() == Some(self.payload_type.as_str())
            && has_payload_hash(statement, &self.payload_hash)
            && self.signatures.iter().any(is_signed)
    }
}

impl V1Kind for IntotoV002 {
    const KIND: EntryKind = Self::KIND;

    /// Checks `spec` by the rules of the specification of Rekor v1, section 4.3.
    fn prepare(
        spec: &Json<'_>,
        limits: &V1Limits,
        purpose: Purpose,
    ) -> Result<PreparedEntry, V1Reject> {
        let content = spec.object("content").ok_or(V1Reject::Missing("content"))?;
        let envelope = content
            .object("envelope")
            .ok_or(V1Reject::Missing("envelope"))?;
        let payload = envelope.text("payload").unwrap_or_default();
        if !payload.is_empty() {
            return prepare_envelope(content, payload, limits);
        }
        let entry = Self::read(spec)?;
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
        let payload_hash = LoggedDigest::read(content, "payloadHash", SHA256_ONLY)?;
        let entry = Self::read_with(content, payload_hash)?;
        let payload = match content
            .object("envelope")
            .and_then(|one| one.text("payload"))
        {
            Some(payload) => decode_base64(payload).ok_or(V1Reject::Base64("payload"))?,
            None => Vec::new(),
        };
        Ok(Self {
            payload: payload.into(),
            ..entry
        })
    }
}

fn prepare_envelope(
    content: &Json<'_>,
    payload: &str,
    limits: &V1Limits,
) -> Result<PreparedEntry, V1Reject> {
    // The payload is base64 in an envelope, and the envelope is sent with its members in base64
    // once more.
    let encoded = decode_base64(payload).ok_or(V1Reject::Base64("payload"))?;
    let encoded = std::str::from_utf8(&encoded).map_err(|_| V1Reject::Base64("payload"))?;
    let payload = decode_base64(encoded).ok_or(V1Reject::Base64("payload"))?;
    let payload_hash = Sha256::digest(&payload);
    let entry = IntotoV002::read_with(content, Some(LoggedDigest::sha256(&payload_hash)))?;
    if entry.payload_type.is_empty() {
        return Err(V1Reject::NotInsertable("missing payloadType content"));
    }
    let mut signatures = Vec::with_capacity(entry.signatures.len());
    let mut verifiers = Vec::with_capacity(entry.signatures.len());
    for signature in &entry.signatures {
        signatures.push((signature.key_id.as_str(), signature.text()?));
        verifiers.push(signature.public_key.to_vec());
    }
    let envelope = Envelope::new(&entry.payload_type, payload, &signatures)?;
    envelope.match_verifiers(&verifiers, false)?;

    let mut facts = Facts::default();
    entry.add_facts(&mut facts);
    if is_statement_type(&entry.payload_type) {
        facts.add_statement(&envelope.payload);
    }
    let prepared = PreparedEntry::new(IntotoV002::KIND, entry.to_body()?, facts);
    Ok(prepared.with_attestation(
        envelope.payload,
        payload_hash.into(),
        limits.max_attestation_bytes,
    ))
}
