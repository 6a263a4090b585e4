//! The dsse kind of Rekor v1: a signed DSSE envelope, of which hashes are logged.

use bytes::Bytes;
use sha2::Digest as _;
use sha2::Sha256;

use crate::attached::statement::AttachedStatement;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::content::Content;
use crate::content::LoggedStatement;
use crate::dsse::MAX_VERIFIERS;
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

/// What a dsse 0.0.1 body says: the hashes of an envelope and of its payload, and its signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DsseV001 {
    /// The SHA-256 hash of the envelope, byte for byte as it was submitted.
    pub envelope_hash: LoggedDigest,
    /// The SHA-256 hash of the payload.
    pub payload_hash: LoggedDigest,
    /// The signatures in ascending order of their texts, each once.
    pub signatures: Vec<DsseSignatureV001>,
}

/// A signature in a dsse 0.0.1 body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DsseSignatureV001 {
    /// As it stands in the envelope: base64, of the standard alphabet or of the one for URLs.
    pub signature: String,
    /// PEM of the key, of the certificate, or of a chain of certificates, leaf first.
    pub verifier: Bytes,
}

impl DsseV001 {
    /// The kind.
    pub const KIND: EntryKind = EntryKind::v1("dsse", "0.0.1");

    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }
}

impl Canonical for DsseV001 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":"#);
        self.envelope_hash.write(sink);
        sink.text(r#","payloadHash":"#);
        self.payload_hash.write(sink);
        sink.text(r#","signatures":["#);
        for (position, signature) in self.signatures.iter().enumerate() {
            sink.text(if position > 0 { "," } else { "" });
            sink.text(r#"{"signature":"#);
            sink.string(&signature.signature);
            sink.text(r#","verifier":""#);
            sink.base64(&signature.verifier);
            sink.text(r#""}"#);
        }
        sink.text("]}}");
    }
}

impl Content for DsseV001 {
    fn add_facts(&self, facts: &mut Facts) {
        self.envelope_hash.add_fact(facts);
        self.payload_hash.add_fact(facts);
        for signature in &self.signatures {
            if let Some(bytes) = decode_base64_of_envelope(&signature.signature) {
                facts.add_signature(&bytes);
            }
            facts.of_signer(|facts| x509_key::add_logged(&signature.verifier, facts));
        }
    }

    fn digests(&self) -> Vec<EntryDigest> {
        vec![
            self.envelope_hash.named(Digested::Envelope),
            self.payload_hash.named(Digested::Payload),
        ]
    }

    fn signers(&self) -> Vec<EntrySigner> {
        self.signatures
            .iter()
            .map(|signature| x509_key::logged_signer(&signature.verifier))
            .collect()
    }

    /// Nothing is kept beside the entry; and what type its payload has, the body does not say.
    fn statement(&self) -> Option<LoggedStatement> {
        Some(LoggedStatement {
            hash: None,
            is_typed: false,
        })
    }

    /// The hash of the payload leaves the type open, which the signatures are over too.
    fn vouches_for(&self, statement: &AttachedStatement) -> bool {
        let is_signed = |logged: &DsseSignatureV001| {
            let signature = decode_base64_of_envelope(&logged.signature);
            signature.is_some_and(|signature| signed_by(statement, &logged.verifier, &signature))
        };
        has_payload_hash(statement, &self.payload_hash) && self.signatures.iter().any(is_signed)
    }
}

impl V1Kind for DsseV001 {
    const KIND: EntryKind = Self::KIND;

    /// Checks `spec` by the rules of the specification of Rekor v1, section 4.2.
    fn prepare(
        spec: &Json<'_>,
        _limits: &V1Limits,
        purpose: Purpose,
    ) -> Result<PreparedEntry, V1Reject> {
        let logged = ["envelopeHash", "payloadHash", "signatures"];
        // Go clients send null for a list that they leave out.
        let is_there = |name: &&str| {
            spec.member(name)
                .is_some_and(|member| !matches!(member, Json::Other))
        };
        let is_logged = logged.iter().any(is_there);
        match spec.object("proposedContent") {
            Some(_) if is_logged => Err(V1Reject::BothContents),
            Some(content) => prepare_envelope(content),
            None if purpose == Purpose::LookUp || !is_logged => canonicalise(spec),
            None => Self::read(spec).and(Err(V1Reject::NotInsertable("missing proposed content"))),
        }
    }

    fn read(spec: &Json<'_>) -> Result<Self, V1Reject> {
        let envelope_hash = LoggedDigest::read(spec, "envelopeHash", SHA256_ONLY)?;
        let payload_hash = LoggedDigest::read(spec, "payloadHash", SHA256_ONLY)?;
        let mut signatures = Vec::new();
        for signature in spec.list("signatures").unwrap_or_default() {
            signatures.push(DsseSignatureV001 {
                signature: signature
                    .text("signature")
                    .filter(|text| !text.is_empty())
                    .ok_or(V1Reject::Missing("signature"))?
                    .to_owned(),
                verifier: read_base64(signature, "verifier", "signature verifier")?.into(),
            });
        }
        match (envelope_hash, payload_hash) {
            (Some(envelope_hash), Some(payload_hash)) if !signatures.is_empty() => Ok(Self {
                envelope_hash,
                payload_hash,
                signatures,
            }),
            _ => Err(V1Reject::NoContent),
        }
    }
}

fn prepare_envelope(content: &Json<'_>) -> Result<PreparedEntry, V1Reject> {
    let text = content
        .text("envelope")
        .ok_or(V1Reject::Missing("proposed content envelope"))?;
    let verifiers = read_verifiers(content)?;
    let envelope = Envelope::parse(text)?;
    let (matched, keys) = envelope.match_verifiers(&verifiers, true)?;

    let mut facts = Facts::default();
    let entry = DsseV001 {
        envelope_hash: LoggedDigest::sha256(&Sha256::digest(text)),
        payload_hash: LoggedDigest::sha256(&Sha256::digest(&envelope.payload)),
        signatures: matched
            .iter()
            .map(|(signature, key)| DsseSignatureV001 {
                signature: (*signature).to_owned(),
                verifier: keys[*key].canonical().to_owned().into(),
            })
            .collect(),
    };
    entry.add_facts(&mut facts);
    if is_statement_type(&envelope.payload_type) {
        facts.add_statement(&envelope.payload);
    }
    Ok(PreparedEntry::new(DsseV001::KIND, entry.to_body()?, facts))
}

fn read_verifiers(content: &Json<'_>) -> Result<Vec<Vec<u8>>, V1Reject> {
    let verifiers = content
        .list("verifiers")
        .filter(|verifiers| !verifiers.is_empty())
        .ok_or(V1Reject::Missing("verifiers"))?;
    let count = verifiers.len();
    if count > MAX_VERIFIERS {
        return Err(V1Reject::TooManyVerifiers {
            count,
            limit: MAX_VERIFIERS,
        });
    }
    verifiers
        .iter()
        .map(|verifier| {
            let text = verifier.as_text().ok_or(V1Reject::Missing("verifier"))?;
            decode_base64(text).ok_or(V1Reject::Base64("verifier"))
        })
        .collect()
}

/// The form that is logged has nothing in it to verify: it serves to look an entry up.
fn canonicalise(spec: &Json<'_>) -> Result<PreparedEntry, V1Reject> {
    let mut entry = DsseV001::read(spec)?;
    entry
        .signatures
        .sort_by(|one, next| one.signature.cmp(&next.signature));
    let mut facts = Facts::default();
    entry.add_facts(&mut facts);
    Ok(PreparedEntry::new(DsseV001::KIND, entry.to_body()?, facts))
}
