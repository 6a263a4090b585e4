use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::HashOutput;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::rekor::v2::DsseLogEntryV002;
use ledgerstone_proto::sigstore::rekor::v2::Entry;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordLogEntryV002;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::spec::Spec;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::algorithm::digest_length;
use crate::body::BodyTooLarge;
use crate::body::MAX_BODY_LENGTH;
use crate::kind::EntryKind;
use crate::kind::dsse_v002::DsseV002;
use crate::kind::hashedrekord_v002::HashedRekordV002;
use crate::search::SearchKey;
use crate::search::SearchKeys;
use crate::v1::DsseV001;
use crate::v1::HashedRekordV001;
use crate::v1::IntotoV001;
use crate::v1::IntotoV002;
use crate::v1::RekordV001;
use crate::v1::V1Reject;
use crate::v1::json::Json;
use crate::verifier::LoggedSignature;
use crate::verifier::LoggedVerifier;
use crate::verifier::read_material;

/// Reads a logged body, of this log or of another.
///
/// Of the kinds in [`EntryKind`], everything is read and the bytes must be canonical. Of others, kind and version. No
/// signature is verified: the log did that, or whoever wants to know does it with the parts.
///
/// # Errors
/// [`BodyError`] when the bytes are no such body.
pub fn describe(body: &[u8]) -> Result<EntryDescription, BodyError> {
    if body.len() > MAX_BODY_LENGTH {
        return Err(BodyError::TooLarge(BodyTooLarge { length: body.len() }));
    }
    // A structure would be read from an array as well.
    if !body.starts_with(b"{") {
        return Err(BodyError::Json("it is not an object".to_owned()));
    }
    let head: Head<'_> = serde_json::from_slice(body).map_err(BodyError::json)?;
    let content = match EntryKind::from_names(&head.kind, &head.api_version) {
        None => EntryContent::Other,
        Some(kind @ (EntryKind::HashedRekordV002 | EntryKind::DsseV002)) => read_v2(kind, body)?,
        Some(kind) => read_v1(kind, body)?,
    };
    Ok(EntryDescription {
        kind: head.kind.into_owned(),
        version: head.api_version.into_owned(),
        content,
    })
}

/// What the entry with this body is found by, so that a search index can be built from the log alone: the same keys as
/// when it was submitted, but for those of [`crate::v1::search_keys_of_statement`].
///
/// # Errors
/// [`BodyError`] when the bytes are no body.
pub fn search_keys_of_body(body: &[u8]) -> Result<Vec<SearchKey>, BodyError> {
    Ok(describe(body)?.search_keys())
}

/// What a body says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntryDescription {
    kind: String,
    version: String,
    content: EntryContent,
}

impl EntryDescription {
    /// The name of the kind, such as `hashedrekord`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version of the kind, such as `0.0.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the body says beyond that.
    pub fn content(&self) -> &EntryContent {
        &self.content
    }

    /// What the entry is found by, each key once and in order. Nothing for a kind that is not known.
    pub fn search_keys(&self) -> Vec<SearchKey> {
        let mut keys = SearchKeys::default();
        match &self.content {
            EntryContent::HashedRekordV002(entry) => entry.add_search_keys(&mut keys),
            EntryContent::DsseV002(entry) => entry.add_search_keys(&mut keys),
            EntryContent::HashedRekordV001(entry) => entry.add_search_keys(&mut keys),
            EntryContent::DsseV001(entry) => entry.add_search_keys(&mut keys),
            EntryContent::IntotoV001(entry) => entry.add_search_keys(&mut keys),
            EntryContent::IntotoV002(entry) => entry.add_search_keys(&mut keys),
            EntryContent::RekordV001(entry) => entry.add_search_keys(&mut keys),
            EntryContent::Other => {}
        }
        keys.finish()
    }

    /// The signatures of the entry. None for a kind of Rekor v1, where signatures have a form for each kind.
    pub fn signatures(&self) -> &[LoggedSignature] {
        match &self.content {
            EntryContent::HashedRekordV002(entry) => std::slice::from_ref(&entry.signature),
            EntryContent::DsseV002(entry) => &entry.signatures,
            _ => &[],
        }
    }
}

/// What a body says beyond its kind.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EntryContent {
    /// Of a hashedrekord 0.0.2 entry.
    HashedRekordV002(HashedRekordV002),
    /// Of a dsse 0.0.2 entry.
    DsseV002(DsseV002),
    /// Of a hashedrekord 0.0.1 entry.
    HashedRekordV001(HashedRekordV001),
    /// Of a dsse 0.0.1 entry.
    DsseV001(DsseV001),
    /// Of an intoto 0.0.1 entry.
    IntotoV001(IntotoV001),
    /// Of an intoto 0.0.2 entry.
    IntotoV002(IntotoV002),
    /// Of a rekord 0.0.1 entry.
    RekordV001(RekordV001),
    /// Of a kind that this version does not read.
    Other,
}

/// Why bytes are not a body.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// No log could hold it.
    #[error(transparent)]
    TooLarge(#[from] BodyTooLarge),
    /// Not the JSON of an entry.
    #[error("the body is not the JSON of an entry: {0}")]
    Json(String),
    /// A member that the kind demands is missing or empty.
    #[error("the body has no {0}")]
    Missing(&'static str),
    /// A hash function or an algorithm that the format does not define.
    #[error("the {0} of the body is not defined")]
    Undefined(&'static str),
    /// A digest of another length than its hash function gives.
    #[error("the digest of the body has {actual} bytes instead of {expected}")]
    DigestLength {
        /// What the hash function gives, in bytes.
        expected: usize,
        /// What the body has, in bytes.
        actual: usize,
    },
    /// The body breaks a rule of its kind of Rekor v1.
    #[error("the body cannot be read: {0}")]
    Rule(Box<V1Reject>),
    /// The same content in other bytes than the canonical ones: it would have another leaf hash.
    #[error("the body is not in canonical form")]
    NotCanonical,
}

impl BodyError {
    fn json(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

impl From<V1Reject> for BodyError {
    fn from(reject: V1Reject) -> Self {
        Self::Rule(Box::new(reject))
    }
}

/// What all bodies have in common.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(rename = "spec")]
    _spec: HashMap<String, IgnoredAny>,
}

/// Reads `body` and writes it again: the same bytes must come out, which settles everything that JSON leaves open.
fn read_v2(kind: EntryKind, body: &[u8]) -> Result<EntryContent, BodyError> {
    let entry: Entry = serde_json::from_slice(body).map_err(BodyError::json)?;
    let spec = entry.spec.and_then(|spec| spec.spec);
    let (content, canonical) = match (kind, spec) {
        (EntryKind::HashedRekordV002, Some(Spec::HashedRekordV002(entry))) => {
            let entry = HashedRekordV002::try_from(entry)?;
            let canonical = entry.to_body()?;
            (EntryContent::HashedRekordV002(entry), canonical)
        }
        (EntryKind::DsseV002, Some(Spec::DsseV002(entry))) => {
            let entry = DsseV002::try_from(entry)?;
            let canonical = entry.to_body()?;
            (EntryContent::DsseV002(entry), canonical)
        }
        _ => return Err(BodyError::Missing("spec of its kind")),
    };
    if canonical != body {
        return Err(BodyError::NotCanonical);
    }
    Ok(content)
}

/// The same for the kinds of Rekor v1.
fn read_v1(kind: EntryKind, body: &[u8]) -> Result<EntryContent, BodyError> {
    let entry = Json::whole(body).map_err(BodyError::json)?;
    let spec = entry.object("spec").ok_or(BodyError::Missing("spec"))?;
    let (content, canonical) = match kind {
        EntryKind::HashedRekordV001 => {
            let entry = HashedRekordV001::read(spec)?;
            let canonical = entry.to_body()?;
            (EntryContent::HashedRekordV001(entry), canonical)
        }
        EntryKind::DsseV001 => {
            let entry = DsseV001::read(spec)?;
            let canonical = entry.to_body()?;
            (EntryContent::DsseV001(entry), canonical)
        }
        EntryKind::IntotoV001 => {
            let entry = IntotoV001::read(spec)?;
            let canonical = entry.to_body()?;
            (EntryContent::IntotoV001(entry), canonical)
        }
        EntryKind::IntotoV002 => {
            let entry = IntotoV002::read(spec)?;
            let canonical = entry.to_body()?;
            (EntryContent::IntotoV002(entry), canonical)
        }
        EntryKind::RekordV001 => {
            let entry = RekordV001::read(spec)?;
            let canonical = entry.to_body()?;
            (EntryContent::RekordV001(entry), canonical)
        }
        EntryKind::HashedRekordV002 | EntryKind::DsseV002 => return Ok(EntryContent::Other),
    };
    if canonical != body {
        return Err(BodyError::NotCanonical);
    }
    Ok(content)
}

impl TryFrom<HashedRekordLogEntryV002> for HashedRekordV002 {
    type Error = BodyError;

    fn try_from(entry: HashedRekordLogEntryV002) -> Result<Self, BodyError> {
        let (hash_algorithm, digest) = read_hash(entry.data)?;
        let signature = entry.signature.ok_or(BodyError::Missing("signature"))?;
        Ok(Self {
            hash_algorithm,
            digest,
            signature: signature.try_into()?,
        })
    }
}

impl TryFrom<DsseLogEntryV002> for DsseV002 {
    type Error = BodyError;

    fn try_from(entry: DsseLogEntryV002) -> Result<Self, BodyError> {
        let (payload_hash_algorithm, payload_hash) = read_hash(entry.payload_hash)?;
        let signatures = entry
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

impl TryFrom<Signature> for LoggedSignature {
    type Error = BodyError;

    fn try_from(signature: Signature) -> Result<Self, BodyError> {
        if signature.content.is_empty() {
            return Err(BodyError::Missing("signature"));
        }
        let verifier = signature.verifier.ok_or(BodyError::Missing("verifier"))?;
        let key_details = PublicKeyDetails::try_from(verifier.key_details)
            .ok()
            .filter(|details| *details != PublicKeyDetails::Unspecified)
            .ok_or(BodyError::Undefined("algorithm"))?;
        Ok(Self {
            content: signature.content,
            verifier: LoggedVerifier {
                material: read_material(&verifier).map_err(|_| BodyError::Missing("key"))?,
                key_details,
            },
        })
    }
}

fn read_hash(hash: Option<HashOutput>) -> Result<(HashAlgorithm, Bytes), BodyError> {
    let hash = hash.ok_or(BodyError::Missing("digest"))?;
    let algorithm = HashAlgorithm::try_from(hash.algorithm)
        .map_err(|_| BodyError::Undefined("hash function"))?;
    let expected = digest_length(algorithm).ok_or(BodyError::Undefined("hash function"))?;
    let actual = hash.digest.len();
    if actual != expected {
        return Err(BodyError::DigestLength { expected, actual });
    }
    Ok((algorithm, hash.digest))
}
