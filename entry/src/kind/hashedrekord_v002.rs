use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;

use crate::Policy;
use crate::PreparedEntry;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::key::PublicKey;
use crate::kind::EntryKind;
use crate::reject::Rule;
use crate::search::SearchKeys;
use crate::verifier::AcceptedVerifier;
use crate::verifier::LoggedSignature;
use crate::verifier::LoggedVerifier;
use crate::verifier::VerifierMaterial;

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
    /// The entry that a signature by `key` over `digest` makes, under the key's default algorithm.
    ///
    /// `material` is what was submitted: the certificate of a bundle, or the key itself. This is how a
    /// verifier rebuilds from a bundle what the log must hold.
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

    pub(crate) fn add_search_keys(&self, keys: &mut SearchKeys) {
        keys.add_digest(self.hash_algorithm, &self.digest);
        self.signature.verifier.add_search_keys(keys);
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

/// Checks `request` in the order of the specification of Rekor v2, section 2.1.
pub(crate) fn prepare(
    request: &HashedRekordRequestV002,
    policy: &Policy,
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
    let verifier = AcceptedVerifier::accept(verifier, policy)?;
    let hash_algorithm = verifier
        .algorithm
        .hash_algorithm()
        .ok_or(Rule::NoDigestSigned(verifier.algorithm))?;

    let mut search_keys = SearchKeys::default();
    search_keys.add_digest(hash_algorithm, &request.digest);
    verifier.add_search_keys(&mut search_keys);
    let entry = HashedRekordV002 {
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
    Ok(PreparedEntry::new(
        EntryKind::HashedRekordV002,
        body,
        search_keys.finish(),
    ))
}
