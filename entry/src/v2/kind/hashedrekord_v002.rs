//! The hashedrekord kind of Rekor v2: a signature over the hash of an artifact.

use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordLogEntryV002;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec as RequestSpec;
use ledgerstone_proto::sigstore::rekor::v2::spec::Spec as LoggedSpec;

use crate::attached::statement::AttachedStatement;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::body_error::BodyError;
use crate::content::Content;
use crate::entry_kind::EntryKind;
use crate::facts::collected::Facts;
use crate::key::public_key::PublicKey;
use crate::named_parts::Digested;
use crate::named_parts::EntryDigest;
use crate::named_parts::EntrySigner;
use crate::prepared::PreparedEntry;
use crate::v2::kind::definition::V2Kind;
use crate::v2::kind::logged_hash;
use crate::v2::limits::V2Limits;
use crate::v2::rule::Rule;
use crate::v2::verifier::AcceptedVerifier;
use crate::v2::verifier::LoggedSignature;
use crate::v2::verifier::LoggedVerifier;
use crate::v2::verifier::VerifierMaterial;

/// What a hashedrekord 0.0.2 body says: the hash of an artifact, and a signature over it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HashedRekordV002 {
    /// The hash function of the digest.
    pub hash_algorithm: HashAlgorithm,
    /// The hash of the artifact.
    pub digest: Bytes,
    /// The signature over the digest.
    pub signature: LoggedSignature,
}

impl HashedRekordV002 {
    /// The kind.
    pub const KIND: EntryKind = EntryKind::v2("hashedrekord", "0.0.2");

    /// The entry that a signature by `key` over `digest` makes, under the key's default algorithm.
    ///
    /// `material` is what was submitted: the certificate of a bundle, or the key itself. This is
    /// how a verifier rebuilds from a bundle what the log must hold.
    pub fn rebuild(
        key: &PublicKey,
        material: VerifierMaterial,
        digest: Bytes,
        signature: Bytes,
    ) -> Self {
        Self {
            hash_algorithm: key.key_type().hash_algorithm(),
            digest,
            signature: LoggedSignature {
                content: signature,
                verifier: LoggedVerifier {
                    material,
                    key_details: key.default_algorithm().details(),
                },
            },
        }
    }

    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }
}

impl Canonical for HashedRekordV002 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":"#);
        sink.text(r#"{"data":{"algorithm":""#);
        sink.text(self.hash_algorithm.as_str_name());
        sink.text(r#"","digest":""#);
        sink.base64(&self.digest);
        sink.text(r#""},"signature":"#);
        self.signature.write(sink);
        sink.text("}}}");
    }
}

impl Content for HashedRekordV002 {
    fn add_facts(&self, facts: &mut Facts) {
        facts.add_digest(self.hash_algorithm, &self.digest);
        self.signature.add_facts(facts);
    }

    fn digests(&self) -> Vec<EntryDigest> {
        vec![EntryDigest::new(
            Digested::Artifact,
            self.hash_algorithm,
            &self.digest,
        )]
    }

    fn signers(&self) -> Vec<EntrySigner> {
        vec![self.signature.verifier.signer()]
    }

    /// The log verified the signature over the digest: what has that digest is what was signed.
    fn vouches_for(&self, statement: &AttachedStatement) -> bool {
        statement.has_signed_digest(self.hash_algorithm, &self.digest)
    }
}

impl V2Kind for HashedRekordV002 {
    const KIND: EntryKind = Self::KIND;

    type Request = HashedRekordRequestV002;
    type Logged = HashedRekordLogEntryV002;

    fn request(spec: &RequestSpec) -> Option<&HashedRekordRequestV002> {
        let RequestSpec::HashedRekordRequestV002(request) = spec else {
            return None;
        };
        Some(request)
    }

    /// Checks `request` in the order of the specification of Rekor v2, section 2.1.
    fn prepare(
        request: &HashedRekordRequestV002,
        limits: &V2Limits,
    ) -> Result<PreparedEntry, Rule> {
        let signature = request
            .signature
            .as_ref()
            .filter(|signature| !signature.content.is_empty())
            .ok_or(Rule::MissingSignature)?;
        let verifier = signature.verifier.as_ref().ok_or(Rule::MissingVerifier)?;
        if request.digest.is_empty() {
            return Err(Rule::MissingDigest);
        }
        let verifier = AcceptedVerifier::accept(verifier, limits)?;
        let hash_algorithm = verifier
            .algorithm
            .hash_algorithm()
            .ok_or(Rule::NoDigestSigned(verifier.algorithm))?;

        let entry = Self {
            hash_algorithm,
            digest: request.digest.clone(),
            signature: LoggedSignature {
                content: signature.content.clone(),
                verifier: verifier.logged,
            },
        };
        // The verification is by far the dearest step, so that it comes last.
        let body = entry.to_body()?;
        verifier
            .key
            .verify_prehashed(&request.digest, &signature.content)?;
        let mut facts = Facts::default();
        entry.add_facts(&mut facts);
        Ok(PreparedEntry::new(Self::KIND, body, facts))
    }

    fn logged(spec: LoggedSpec) -> Option<HashedRekordLogEntryV002> {
        let LoggedSpec::HashedRekordV002(entry) = spec else {
            return None;
        };
        Some(entry)
    }

    fn read(logged: HashedRekordLogEntryV002) -> Result<Self, BodyError> {
        let (hash_algorithm, digest) = logged_hash::read(logged.data)?;
        let signature = logged.signature.ok_or(BodyError::Missing("signature"))?;
        Ok(Self {
            hash_algorithm,
            digest,
            signature: signature.try_into()?,
        })
    }
}
