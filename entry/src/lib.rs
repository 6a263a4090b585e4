//! What may be logged: kinds of entries, the verification of their signatures, their canonical
//! bodies, and what they are found by.
//!
//! [`prepare`] takes a request as a client sent it to an entry that a log can append, or says which
//! rule it breaks. [`describe`] reads a body back, for verifiers, auditors and search. The formats
//! are those of Rekor v2: a body is the canonical JSON (RFC 8785) of the entry, and equal entries
//! have equal bytes. The formats of Rekor v1 are in [`v1`].
//!
//! Nothing here does I/O, and nothing panics on what a client sends. The server never sees the
//! artifact, only its hash; whether a certificate deserves trust is for verifiers to decide.
//!
//! ```
//! use ledgerstone_entry::Policy;
//! use ledgerstone_entry::prepare;
//! use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
//!
//! let reject = prepare(&CreateEntryRequest::default(), &Policy::default()).unwrap_err();
//! assert_eq!(reject.prefix(), "invalid type, must be either hashedrekord or dsse");
//! ```

pub mod facts;
pub mod key;
pub mod matcher;
pub mod pem;
pub mod query;
pub mod v1;

mod algorithm;
mod any_body;
mod attached;
mod body;
mod body_error;
mod certificate;
mod content;
mod describe;
mod digest_text;
mod dsse;
mod encoding;
mod entry_kind;
mod fulcio;
mod hash_function;
mod index_keys;
mod kind_set;
mod kinds;
mod known;
mod named_parts;
mod prepared;
mod search_key;
mod signature;
mod v2;
mod view;

pub use algorithm::AlgorithmSet;
pub use algorithm::AlgorithmSetError;
pub use algorithm::SigningAlgorithm;
pub use attached::AttachedStatement;
pub use attached::NoStatement;
pub use body::BodyTooLarge;
pub use body::MAX_BODY_LENGTH;
pub use body_error::BodyError;
pub use certificate::MAX_SUBJECTS;
pub use describe::EntryDescription;
pub use describe::describe;
pub use describe::search_keys_of_body;
pub use dsse::MAX_SIGNATURES;
pub use dsse::MAX_VERIFIERS;
pub use dsse::pre_authentication_encoding;
pub use encoding::decode_base64_of_envelope;
pub use entry_kind::ApiVersion;
pub use entry_kind::EntryKind;
pub use index_keys::Claim;
pub use index_keys::IndexKeys;
pub use kind_set::KindSet;
pub use kind_set::UnsupportedKindName;
pub use kinds::find_kind;
pub use kinds::kinds;
pub use kinds::kinds_of;
pub use known::Known;
pub use known::KnownStatement;
pub use named_parts::Digested;
pub use named_parts::EntryDigest;
pub use named_parts::EntrySigner;
pub use prepared::Attestation;
pub use prepared::MAX_FACTS_AT_ONCE;
pub use prepared::PreparedEntry;
pub use search_key::SearchKey;
pub use search_key::SearchKeyKind;
pub use signature::BadSignature;
pub use v2::kind::dsse_v002::DsseV002;
pub use v2::kind::hashedrekord_v002::HashedRekordV002;
pub use v2::policy::Policy;
pub use v2::prepare::prepare;
pub use v2::reject::Reject;
pub use v2::rule::Rule;
pub use v2::verifier::LoggedSignature;
pub use v2::verifier::LoggedVerifier;
pub use v2::verifier::VerifierMaterial;
pub use view::EntryLinks;
pub use view::EntryView;
