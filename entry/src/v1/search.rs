//! What the searches of Rekor v1 ask for, as search keys.

use ledgerstone_merkle::Hash;
use sha2::Digest as _;
use sha2::Sha256;

use crate::search_key::SearchKey;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::pki::formats;
use crate::v1::reject::V1Reject;

/// What entries by a key are found by, in the format of a search of Rekor v1.
///
/// # Errors
/// [`V1Reject`] when the key cannot be read, or when the format is not supported.
pub fn search_key_of_public_key(
    format: PublicKeyFormat,
    content: &[u8],
) -> Result<SearchKey, V1Reject> {
    let key = formats::canonical_key(format, content)?;
    Ok(SearchKey::of_key_text(&key.text))
}

/// The SHA-256 hash of an OpenPGP, SSH or minisign key in the text in which it is logged. `None`
/// for what is no such key.
pub fn hash_of_other_key(content: &[u8]) -> Option<Hash> {
    let formats = [
        PublicKeyFormat::Pgp,
        PublicKeyFormat::Ssh,
        PublicKeyFormat::Minisign,
    ];
    let mut keys = formats
        .into_iter()
        .filter_map(|format| formats::canonical_key(format, content).ok());
    let digest = Sha256::digest(keys.next()?.text);
    Some(Hash::new(digest.into()))
}

/// What entries about a hash are found by: of an artifact, a payload, an envelope or a key.
/// Hexadecimal with the name of its function before it, or without. `None` when the text is no such
/// hash.
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
