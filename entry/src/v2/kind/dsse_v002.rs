//! The dsse kind of Rekor v2: a signed DSSE envelope, of which the hash of the payload is logged.

use std::cell::OnceCell;

use aws_lc_rs::digest;
use bytes::Bytes;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::rekor::v2::DsseLogEntryV002;
use ledgerstone_proto::sigstore::rekor::v2::DsseRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec as RequestSpec;
use ledgerstone_proto::sigstore::rekor::v2::spec::Spec as LoggedSpec;
use sha2::Digest as _;
use sha2::Sha256;

use crate::algorithm::SigningAlgorithm;
use crate::attached::statement::AttachedStatement;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::body_error::BodyError;
use crate::content::Content;
use crate::content::LoggedStatement;
use crate::dsse::MAX_SIGNATURES;
use crate::dsse::MAX_VERIFIERS;
use crate::dsse::pre_authentication_encoding;
use crate::entry_kind::EntryKind;
use crate::facts::collected::Facts;
use crate::facts::statement::is_statement_type;
use crate::key::key_type::KeyType;
use crate::named_parts::Digested;
use crate::named_parts::EntryDigest;
use crate::named_parts::EntrySigner;
use crate::prepared::PreparedEntry;
use crate::signature::hash_function;
use crate::v2::kind::definition::V2Kind;
use crate::v2::kind::logged_hash;
use crate::v2::limits::V2Limits;
use crate::v2::rule::Rule;
use crate::v2::verifier::AcceptedVerifier;
use crate::v2::verifier::LoggedSignature;
use crate::v2::verifier::read_material;

/// What a dsse 0.0.2 body says: the hash of a payload, and the signatures over its envelope.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DsseV002 {
    /// The hash function of the payload hash.
    pub payload_hash_algorithm: HashAlgorithm,
    /// The hash of the payload. What is signed is not this, but the envelope's encoding of the
    /// payload.
    pub payload_hash: Bytes,
    /// The signatures of the envelope in ascending order of their bytes, each with the verifier
    /// that it verifies with.
    pub signatures: Vec<LoggedSignature>,
}

impl DsseV002 {
    /// The kind.
    pub const KIND: EntryKind = EntryKind::v2("dsse", "0.0.2");

    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }
}

impl Canonical for DsseV002 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":"#);
        sink.text(r#"{"payloadHash":{"algorithm":""#);
        sink.text(self.payload_hash_algorithm.as_str_name());
        sink.text(r#"","digest":""#);
        sink.base64(&self.payload_hash);
        sink.text(r#""},"signatures":["#);
        for (position, signature) in self.signatures.iter().enumerate() {
            if position > 0 {
                sink.text(",");
            }
            signature.write(sink);
        }
        sink.text("]}}}");
    }
}

impl Content for DsseV002 {
    fn add_facts(&self, facts: &mut Facts) {
        facts.add_digest(self.payload_hash_algorithm, &self.payload_hash);
        for signature in &self.signatures {
            signature.add_facts(facts);
        }
    }

    fn digests(&self) -> Vec<EntryDigest> {
        vec![EntryDigest::new(
            Digested::Payload,
            self.payload_hash_algorithm,
            &self.payload_hash,
        )]
    }

    fn signers(&self) -> Vec<EntrySigner> {
        self.signatures
            .iter()
            .map(|signature| signature.verifier.signer())
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
        let is_signed = |signature: &LoggedSignature| {
            let key = signature.verifier.public_key();
            key.is_ok_and(|key| statement.is_signed(&key, &signature.content))
        };
        self.payload_hash_algorithm == HashAlgorithm::Sha2256
            && statement.has_payload_digest(&self.payload_hash)
            && self.signatures.iter().any(is_signed)
    }
}

impl V2Kind for DsseV002 {
    const KIND: EntryKind = Self::KIND;

    type Request = DsseRequestV002;
    type Logged = DsseLogEntryV002;

    fn request(spec: &RequestSpec) -> Option<&DsseRequestV002> {
        let RequestSpec::DsseRequestV002(request) = spec else {
            return None;
        };
        Some(request)
    }

    /// Checks `request` by the rules of the specification of Rekor v2, section 2.3.
    fn prepare(request: &DsseRequestV002, limits: &V2Limits) -> Result<PreparedEntry, Rule> {
        let envelope = request.envelope.as_ref().ok_or(Rule::MissingEnvelope)?;
        if envelope.payload.is_empty() {
            return Err(Rule::MissingPayload);
        }
        let signatures = read_signatures(envelope)?;
        let verifiers = accept_verifiers(&request.verifiers, limits)?;
        let message = Message::new(envelope);
        let entry = Self {
            payload_hash_algorithm: HashAlgorithm::Sha2256,
            payload_hash: Bytes::copy_from_slice(&Sha256::digest(&envelope.payload)),
            signatures: match_signatures(&message, signatures, verifiers)?,
        };
        let mut facts = Facts::default();
        entry.add_facts(&mut facts);
        if is_statement_type(&envelope.payload_type) {
            facts.add_statement(&envelope.payload);
        }
        Ok(PreparedEntry::new(Self::KIND, entry.to_body()?, facts))
    }

    fn logged(spec: LoggedSpec) -> Option<DsseLogEntryV002> {
        let LoggedSpec::DsseV002(entry) = spec else {
            return None;
        };
        Some(entry)
    }

    fn read(logged: DsseLogEntryV002) -> Result<Self, BodyError> {
        let (payload_hash_algorithm, payload_hash) = logged_hash::read(logged.payload_hash)?;
        let signatures = logged
            .signatures
            .into_iter()
            .map(LoggedSignature::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.is_empty() {
            return Err(BodyError::Missing("signature"));
        }
        // Written again they would keep their order, which is part of the canonical form.
        if !signatures.is_sorted_by(|one, next| one.content < next.content) {
            return Err(BodyError::NotCanonical);
        }
        Ok(Self {
            payload_hash_algorithm,
            payload_hash,
            signatures,
        })
    }
}

/// The signatures in the order of the body, each once, with their positions in the envelope.
fn read_signatures(envelope: &Envelope) -> Result<Vec<(&Bytes, usize)>, Rule> {
    let count = envelope.signatures.len();
    if count == 0 {
        return Err(Rule::MissingSignatures);
    }
    if count > MAX_SIGNATURES {
        return Err(Rule::TooManySignatures {
            count,
            limit: MAX_SIGNATURES,
        });
    }
    let mut signatures = Vec::with_capacity(count);
    for (position, signature) in envelope.signatures.iter().enumerate() {
        if signature.sig.is_empty() {
            return Err(Rule::EmptySignature { position });
        }
        signatures.push((&signature.sig, position));
    }
    signatures.sort_unstable();
    signatures.dedup_by_key(|(signature, _)| *signature);
    Ok(signatures)
}

fn accept_verifiers(
    verifiers: &[Verifier],
    limits: &V2Limits,
) -> Result<Vec<AcceptedVerifier>, Rule> {
    let count = verifiers.len();
    if count == 0 {
        return Err(Rule::MissingVerifiers);
    }
    if count > MAX_VERIFIERS {
        return Err(Rule::TooManyVerifiers {
            count,
            limit: MAX_VERIFIERS,
        });
    }
    let mut seen = Vec::with_capacity(count);
    for (position, verifier) in verifiers.iter().enumerate() {
        let material = read_material(verifier)?;
        if seen.contains(&material) {
            return Err(Rule::DuplicateVerifier { position });
        }
        seen.push(material);
    }
    verifiers
        .iter()
        .map(|verifier| accept_verifier(verifier, limits))
        .collect()
}

fn accept_verifier(verifier: &Verifier, limits: &V2Limits) -> Result<AcceptedVerifier, Rule> {
    let verifier = AcceptedVerifier::accept(verifier, limits)?;
    // Signers of envelopes with an Ed25519 key sign the encoding itself. Under the other label
    // nobody could verify it.
    if verifier.algorithm == SigningAlgorithm::Ed25519Ph {
        return Err(Rule::DigestSigned(verifier.algorithm));
    }
    Ok(verifier)
}

/// Finds for each signature the first verifier that it verifies with. A verifier serves once, as
/// upstream, which also bounds the work.
fn match_signatures(
    message: &Message,
    signatures: Vec<(&Bytes, usize)>,
    mut verifiers: Vec<AcceptedVerifier>,
) -> Result<Vec<LoggedSignature>, Rule> {
    let mut logged = Vec::with_capacity(signatures.len());
    for (signature, position) in signatures {
        let matching = verifiers
            .iter()
            .position(|verifier| message.is_signed(verifier, signature))
            .ok_or(Rule::UnverifiedSignature { position })?;
        let verifier = verifiers.remove(matching);
        logged.push(LoggedSignature {
            content: signature.clone(),
            verifier: verifier.logged,
        });
    }
    Ok(logged)
}

/// What is signed, with the hashes of it that were asked for: a payload may be large, and many keys
/// are tried on it.
struct Message {
    encoding: Vec<u8>,
    sha256: OnceCell<digest::Digest>,
    sha384: OnceCell<digest::Digest>,
    sha512: OnceCell<digest::Digest>,
}

impl Message {
    fn new(envelope: &Envelope) -> Self {
        Self {
            encoding: pre_authentication_encoding(&envelope.payload_type, &envelope.payload),
            sha256: OnceCell::new(),
            sha384: OnceCell::new(),
            sha512: OnceCell::new(),
        }
    }

    fn is_signed(&self, verifier: &AcceptedVerifier, signature: &[u8]) -> bool {
        let key = &verifier.key;
        let verified = match key.key_type() {
            KeyType::Ed25519 => key.verify_message(&self.encoding, signature),
            hashing => key.verify_prehashed(self.digest(hashing).as_ref(), signature),
        };
        verified.is_ok()
    }

    fn digest(&self, key_type: KeyType) -> &digest::Digest {
        let known = match key_type.hash_algorithm() {
            HashAlgorithm::Sha2384 => &self.sha384,
            HashAlgorithm::Sha2512 => &self.sha512,
            _ => &self.sha256,
        };
        known.get_or_init(|| digest::digest(hash_function(key_type), &self.encoding))
    }
}
