//! Entries as Rekor v1 takes them: kinds with PEM keys, and formats of signatures besides those of Sigstore.
//!
//! A face reads a request with [`ProposedEntry::parse`] and gives it to [`prepare`] to log it, or to [`canonical`] to look
//! it up. Bodies are byte for byte those of upstream, since clients canonicalise for themselves and compare leaf hashes.
//! Keys come with the request: nothing is ever fetched.
//!
//! Departures from upstream, all towards refusing: RSA keys have 2048, 3072 or 4096 bits; curves are P-256, P-384 and
//! P-521; numbers of signatures, verifiers, certificates, subjects and digests are bounded, and so is the body. Of kinds
//! that Rekor v1 defines, alpine, cose, helm, jar, rfc3161, rpm and tuf are known by name only.
//!
//! ```
//! use ledgerstone_entry::v1::ProposedEntry;
//! use ledgerstone_entry::v1::V1Policy;
//!
//! let reject = ProposedEntry::parse(br#"{"kind":"book"}"#).unwrap_err();
//! assert_eq!((reject.schema_code(), reject.to_string()), (Some(422), "invalid kind value: \"book\"".into()));
//!
//! let jar = ProposedEntry::parse(br#"{"kind":"jar","apiVersion":"0.0.1","spec":{}}"#).unwrap();
//! assert!(ledgerstone_entry::v1::prepare(&jar, &V1Policy::default()).is_err());
//! ```

pub(crate) mod digest;
pub(crate) mod envelope;
pub(crate) mod json;
pub(crate) mod pki;
pub(crate) mod raw_key;
pub(crate) mod ssh_wire;
pub(crate) mod statement;
pub(crate) mod x509;

mod attestation;
mod chain;
mod policy;
mod proposed;
mod reject;

use crate::PreparedEntry;
use crate::encoding::decode_base64;
use crate::kind::dsse_v001;
use crate::kind::hashedrekord_v001;
use crate::kind::intoto_v001;
use crate::kind::intoto_v002;
use crate::kind::rekord_v001;
use crate::search::SearchKey;
use json::Json;

pub use crate::kind::dsse_v001::DsseSignatureV001;
pub use crate::kind::dsse_v001::DsseV001;
pub use crate::kind::hashedrekord_v001::HashedRekordV001;
pub use crate::kind::intoto_v001::IntotoV001;
pub use crate::kind::intoto_v002::IntotoSignatureV002;
pub use crate::kind::intoto_v002::IntotoV002;
pub use crate::kind::rekord_v001::RekordV001;
pub use attestation::attestation_key;
pub use attestation::attestation_of;
pub use digest::LoggedDigest;
pub use pki::PublicKeyFormat;
pub use policy::DEFAULT_MAX_ARTIFACT_BYTES;
pub use policy::DEFAULT_MAX_ATTESTATION_BYTES;
pub use policy::UnsupportedKindName;
pub use policy::V1Kind;
pub use policy::V1KindSet;
pub use policy::V1Policy;
pub use proposed::ProposedEntry;
pub use reject::V1Reject;
pub use statement::MAX_STATEMENT_DIGESTS;
pub use statement::search_keys_of_statement;

/// Verifies a proposed entry and brings it into the form in which it is logged.
///
/// The search keys of the result hold those of an in-toto statement too, which the body does not: see
/// [`search_keys_of_statement`].
///
/// # Errors
/// [`V1Reject`] with the rule that the proposal breaks.
pub fn prepare(proposed: &ProposedEntry, policy: &V1Policy) -> Result<PreparedEntry, V1Reject> {
    dispatch(proposed, policy, Purpose::Create)
}

/// What a proposed entry would be in the log, to look it up there.
///
/// The forms of dsse and intoto entries that are logged, without the envelope, are taken as well. Which kinds and
/// algorithms the log accepts today does not matter: it may have accepted others before.
///
/// # Errors
/// [`V1Reject`] with the rule that the proposal breaks. Signatures are verified, as upstream.
pub fn canonical(proposed: &ProposedEntry, policy: &V1Policy) -> Result<PreparedEntry, V1Reject> {
    dispatch(proposed, policy, Purpose::LookUp)
}

/// What entries by a key are found by, in the format of a search of Rekor v1.
///
/// # Errors
/// [`V1Reject`] when the key cannot be read, or when the format is not supported.
pub fn search_key_of_public_key(
    format: PublicKeyFormat,
    content: &[u8],
) -> Result<SearchKey, V1Reject> {
    let key = pki::canonical_key(format, content)?;
    Ok(SearchKey::of_key_text(&key.text))
}

/// What entries about a hash are found by: of an artifact, a payload, an envelope or a key. Hexadecimal with the name of
/// its function before it, or without. `None` when the text is no such hash.
pub fn search_key_of_hash(text: &str) -> Option<SearchKey> {
    SearchKey::artifact_digest_text(text)
}

/// What entries by an e-mail address are found by.
pub fn search_key_of_email(email: &str) -> SearchKey {
    SearchKey::subject(email)
}

/// What entries by anyone else are found by: the holder of a URI, a DNS name or an IP address.
pub fn search_key_of_subject(subject: &str) -> SearchKey {
    SearchKey::subject(subject)
}

/// What a proposal is read for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    Create,
    LookUp,
}

fn dispatch(
    proposed: &ProposedEntry,
    policy: &V1Policy,
    purpose: Purpose,
) -> Result<PreparedEntry, V1Reject> {
    let kind = V1Kind::from_name(&proposed.kind)
        .ok_or_else(|| V1Reject::UnsupportedKind(proposed.kind.clone()))?;
    if purpose == Purpose::Create && !policy.kinds.contains(kind) {
        return Err(V1Reject::KindNotEnabled(kind.name()));
    }
    proposed.with_spec(|spec| match (kind, proposed.api_version.as_str()) {
        (V1Kind::HashedRekord, "0.0.1") => hashedrekord_v001::prepare(spec, policy, purpose),
        (V1Kind::Dsse, "0.0.1") => dsse_v001::prepare(spec, purpose),
        (V1Kind::Intoto, "0.0.1") => intoto_v001::prepare(spec, policy, purpose),
        (V1Kind::Intoto, "0.0.2") => intoto_v002::prepare(spec, policy, purpose),
        (V1Kind::Rekord, "0.0.1") => rekord_v001::prepare(spec, policy),
        (kind, version) => Err(V1Reject::UnsupportedVersion {
            kind: kind.name(),
            version: version.to_owned(),
        }),
    })
}

/// The bytes in the member `name`, which must be there and not be empty. `what` names it to the caller.
pub(crate) fn read_base64(
    json: &Json<'_>,
    name: &str,
    what: &'static str,
) -> Result<Vec<u8>, V1Reject> {
    let text = json
        .text(name)
        .filter(|text| !text.is_empty())
        .ok_or(V1Reject::Missing(what))?;
    decode_base64(text).ok_or(V1Reject::Base64(what))
}

/// The key beside a signature. Upstream once fetched keys by their URLs, on behalf of whoever asked.
pub(crate) fn read_key_content(signature: &Json<'_>) -> Result<Vec<u8>, V1Reject> {
    let key = signature
        .object("publicKey")
        .ok_or(V1Reject::Missing("public key"))?;
    if key.member("content").is_none() && key.member("url").is_some() {
        return Err(V1Reject::KeyUrl);
    }
    read_base64(key, "content", "public key content")
}
