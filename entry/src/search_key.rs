//! What an entry can be found by.

use ledgerstone_merkle::Hash;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;

use crate::hash_function::hash_name;
use crate::key::public_key::PublicKey;
use crate::pem;
use crate::pem::PUBLIC_KEY;

/// What an entry can be found by: the kind of thing, and the SHA-256 hash of its normalised text.
///
/// An index stores kind and hash only, so that its keys have one length and a text of any length is
/// as good as another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SearchKey {
    /// What kind of thing the text names.
    pub kind: SearchKeyKind,
    /// SHA-256 of the normalised text.
    pub hash: Hash,
}

impl SearchKey {
    /// The artifact, payload or envelope whose hash is `digest`. The text is `sha256:` and
    /// lower-case hexadecimal, with the name of the hash function.
    ///
    /// `None` when `algorithm` names no hash function.
    pub fn artifact_digest(algorithm: HashAlgorithm, digest: &[u8]) -> Option<Self> {
        let name = hash_name(algorithm)?;
        let text = format!("{name}:{}", hex::encode(digest));
        Some(Self::of(SearchKeyKind::ArtifactDigest, &text))
    }

    /// The same from text: hexadecimal in either case, with `sha256:`, `sha384:`, `sha512:` or
    /// `sha1:` before it, or with nothing when the length tells which one it is.
    ///
    /// `None` when the text is no such hash.
    pub fn artifact_digest_text(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (named, digits) = match text.split_once(':') {
            Some((name, digits)) => (Some(name), digits),
            None => (None, text.as_str()),
        };
        let implied = match digits.len() {
            40 => "sha1",
            64 => "sha256",
            96 => "sha384",
            128 => "sha512",
            _ => return None,
        };
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hex || named.is_some_and(|name| name != implied) {
            return None;
        }
        Some(Self::of(
            SearchKeyKind::ArtifactDigest,
            &format!("{implied}:{digits}"),
        ))
    }

    /// Entries signed by `key`, whether they hold it bare or in a certificate. The text is the
    /// SHA-256 hash of the key's PEM in lower-case hexadecimal, which is how Rekor v1 names a key.
    pub fn public_key(key: &PublicKey) -> Self {
        Self::of_key_text(pem::encode(PUBLIC_KEY, key.spki_der()).as_bytes())
    }

    /// Entries whose certificate names `subject`: an e-mail address, URI, DNS name or IP address,
    /// in any case.
    pub fn subject(subject: &str) -> Self {
        Self::of(SearchKeyKind::Subject, &subject.to_lowercase())
    }

    /// The key whose canonical text is `text`: PEM, or what else its format has.
    pub(crate) fn of_key_text(text: &[u8]) -> Self {
        Self::of(SearchKeyKind::PublicKey, &hex::encode(Sha256::digest(text)))
    }

    pub(crate) fn of(kind: SearchKeyKind, text: &str) -> Self {
        Self {
            kind,
            hash: Hash::new(Sha256::digest(text).into()),
        }
    }
}

/// The kinds of things that entries are found by. The numbers are stored, and never change their
/// meaning.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum SearchKeyKind {
    /// The hash of an artifact, a payload or an envelope, or of a key, as Rekor v1 has it for some
    /// kinds: `sha256:` and the text of [`Self::PublicKey`].
    ArtifactDigest = 1,
    /// A public key or certificate: the SHA-256 hash of its canonical text.
    PublicKey = 2,
    /// Whom a certificate names.
    Subject = 3,
}

impl SearchKeyKind {
    /// The number that is stored.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The kind that is stored as `number`, or `None` for a number of a later version.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::ArtifactDigest),
            2 => Some(Self::PublicKey),
            3 => Some(Self::Subject),
            _ => None,
        }
    }
}
