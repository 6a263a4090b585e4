//! What may be logged: kinds of entries, the verification of their signatures, their canonical
//! bodies, and what they are found by.
//!
//! [`prepare`] takes a request as a client sent it to an entry that a log can append, or says which rule it breaks.
//! [`describe`] reads a body back, for verifiers, auditors and search. The formats are those of Rekor v2: a body is the
//! canonical JSON (RFC 8785) of the entry, and equal entries have equal bytes. The formats of Rekor v1 are in [`v1`].
//!
//! Nothing here does I/O, and nothing panics on what a client sends. The server never sees the artifact, only its hash;
//! whether a certificate deserves trust is for verifiers to decide.
//!
//! ```
//! use ledgerstone_entry::Policy;
//! use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
//!
//! let reject = ledgerstone_entry::prepare(&CreateEntryRequest::default(), &Policy::default()).unwrap_err();
//! assert_eq!(reject.prefix(), "invalid type, must be either hashedrekord or dsse");
//! ```

pub mod key;
pub mod matcher;
pub mod v1;

mod algorithm;
mod body;
mod certificate;
mod describe;
mod encoding;
mod index_keys;
mod kind;
mod pem;
mod reject;
mod search;
mod signature;
mod verifier;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;

use crate::v1::V1Policy;

pub use algorithm::AlgorithmSet;
pub use algorithm::AlgorithmSetError;
pub use algorithm::SigningAlgorithm;
pub use body::BodyTooLarge;
pub use body::MAX_BODY_LENGTH;
pub use certificate::MAX_SUBJECTS;
pub use describe::BodyError;
pub use describe::EntryContent;
pub use describe::EntryDescription;
pub use describe::describe;
pub use describe::search_keys_of_body;
pub use index_keys::Claim;
pub use index_keys::IndexKeys;
pub use kind::EntryKind;
pub use kind::dsse_v002::DsseV002;
pub use kind::dsse_v002::MAX_SIGNATURES;
pub use kind::dsse_v002::MAX_VERIFIERS;
pub use kind::dsse_v002::pre_authentication_encoding;
pub use kind::hashedrekord_v002::HashedRekordV002;
pub use reject::Reject;
pub use reject::Rule;
pub use search::SearchKey;
pub use search::SearchKeyKind;
pub use signature::SignatureError;
pub use verifier::LoggedSignature;
pub use verifier::LoggedVerifier;
pub use verifier::VerifierMaterial;

/// Verifies `request` and brings it into the form in which it is logged.
///
/// This is the expensive part of a write: one signature verification for a hashedrekord entry, at most
/// 55 for a dsse entry with [`MAX_SIGNATURES`] and [`MAX_VERIFIERS`].
///
/// # Errors
/// [`Reject`] with the rule that the request breaks.
pub fn prepare(request: &CreateEntryRequest, policy: &Policy) -> Result<PreparedEntry, Reject> {
    let (kind, prepared) = match &request.spec {
        Some(Spec::HashedRekordRequestV002(request)) => (
            EntryKind::HashedRekordV002,
            kind::hashedrekord_v002::prepare(request, policy),
        ),
        Some(Spec::DsseRequestV002(request)) if policy.dsse => (
            EntryKind::DsseV002,
            kind::dsse_v002::prepare(request, policy),
        ),
        other => {
            return Err(Reject::Type {
                submitted: other.as_ref().map(|_| EntryKind::DsseV002),
                dsse: policy.dsse,
            });
        }
    };
    prepared.map_err(|rule| Reject::Invalid { kind, rule })
}

/// What a log accepts, within what this version can verify.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// The algorithms that entries may be signed with.
    pub algorithms: AlgorithmSet,
    /// Whether dsse entries are taken, which Rekor v2 itself no longer does but its older clients send.
    pub dsse: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            algorithms: AlgorithmSet::default(),
            dsse: true,
        }
    }
}

/// A verified entry, ready to be appended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PreparedEntry {
    /// The kind of entry.
    pub kind: EntryKind,
    /// The canonical body: what is logged and hashed, at most [`MAX_BODY_LENGTH`] bytes.
    pub body: Bytes,
    /// The hash of the body as a leaf (RFC 6962, section 2.1).
    pub leaf_hash: Hash,
    /// What the entry is found by, each key once and in order. [`search_keys_of_body`] gives the same for the body, but
    /// for those of [`v1::search_keys_of_statement`].
    pub search_keys: Vec<SearchKey>,
    /// What is kept beside the entry. Only the intoto kind of Rekor v1 has one.
    pub attestation: Option<Attestation>,
}

impl PreparedEntry {
    fn new(kind: EntryKind, body: Bytes, search_keys: Vec<SearchKey>) -> Self {
        Self {
            kind,
            leaf_hash: leaf_hash(&body),
            body,
            search_keys,
            attestation: None,
        }
    }

    /// The entry with the document that it vouches for, unless that is too large to be kept.
    fn with_attestation(
        self,
        document: Vec<u8>,
        hash: [u8; Hash::LENGTH],
        policy: &V1Policy,
    ) -> Self {
        let limit = policy.max_attestation_bytes;
        let is_kept = limit.is_some_and(|limit| document.len() <= limit);
        Self {
            attestation: is_kept.then(|| Attestation {
                key: Hash::new(hash),
                data: document.into(),
            }),
            ..self
        }
    }
}

/// A document that an entry vouches for by its hash, and that the log keeps beside the entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attestation {
    /// SHA-256 of the document, under which it is kept.
    pub key: Hash,
    /// The document.
    pub data: Bytes,
}
