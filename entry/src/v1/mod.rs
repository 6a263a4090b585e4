//! Entries as Rekor v1 takes them: kinds with PEM keys, and formats of signatures besides those of
//! Sigstore.
//!
//! A face reads a request with [`ProposedEntry::parse`] and gives it to [`prepare`] to log it, or
//! to [`canonical`] to look it up. Bodies are byte for byte those of upstream, since clients
//! canonicalise for themselves and compare leaf hashes. Keys come with the request: nothing is ever
//! fetched.
//!
//! Departures from upstream, all towards refusing: RSA keys have 2048, 3072 or 4096 bits; curves
//! are P-256, P-384 and P-521; numbers of signatures, verifiers, certificates and subjects are
//! bounded, and so is the body. Of kinds that Rekor v1 defines, alpine, cose, helm, jar,
//! rfc3161, rpm and tuf are known by name only.
//!
//! ```
//! use ledgerstone_entry::v1::ProposedEntry;
//! use ledgerstone_entry::v1::V1Policy;
//!
//! let reject = ProposedEntry::parse(br#"{"kind":"book"}"#).unwrap_err();
//! assert_eq!(reject.schema_code(), Some(422));
//! assert_eq!(reject.to_string(), "invalid kind value: \"book\"");
//!
//! let jar = ProposedEntry::parse(br#"{"kind":"jar","apiVersion":"0.0.1","spec":{}}"#).unwrap();
//! assert!(ledgerstone_entry::v1::prepare(&jar, &V1Policy::default()).is_err());
//! ```

pub(crate) mod attestation;
pub(crate) mod chain;
pub(crate) mod digest;
pub(crate) mod document;
pub(crate) mod envelope;
pub(crate) mod json;
pub(crate) mod kind;
pub(crate) mod limits;
pub(crate) mod pki;
pub(crate) mod policy;
pub(crate) mod prepare;
pub(crate) mod proposed;
pub(crate) mod purpose;
pub(crate) mod raw_key;
pub(crate) mod read;
pub(crate) mod reject;
pub(crate) mod search;
pub(crate) mod ssh_key;
pub(crate) mod vouch;
pub(crate) mod wire;
pub(crate) mod x509_key;

pub use attestation::attestation_key;
pub use attestation::attestation_of;
pub use digest::LoggedDigest;
pub use document::DocumentError;
pub use document::SignedDocument;
pub use document::format_of_key;
pub use document::read_key_of;
pub use document::verify_document;
pub use kind::dsse_v001::DsseSignatureV001;
pub use kind::dsse_v001::DsseV001;
pub use kind::hashedrekord_v001::HashedRekordV001;
pub use kind::intoto_v001::IntotoV001;
pub use kind::intoto_v002::IntotoSignatureV002;
pub use kind::intoto_v002::IntotoV002;
pub use kind::rekord_v001::RekordV001;
pub use pki::format::PublicKeyFormat;
pub use policy::DEFAULT_MAX_ARTIFACT_BYTES;
pub use policy::DEFAULT_MAX_ATTESTATION_BYTES;
pub use policy::V1Policy;
pub use prepare::canonical;
pub use prepare::prepare;
pub use proposed::ProposedEntry;
pub use reject::V1Reject;
pub use search::hash_of_other_key;
pub use search::search_key_of_email;
pub use search::search_key_of_hash;
pub use search::search_key_of_public_key;
pub use search::search_key_of_subject;
