use ledgerstone_merkle::Hash;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;

use crate::certificate::Certificate;
use crate::key::PublicKey;

/// What an entry can be found by: the kind of thing, and the SHA-256 hash of its normalised text.
///
/// An index stores kind and hash only, so that its keys have one length and a text of any length is as good as another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SearchKey {
    /// What kind of thing the text names.
    pub kind: SearchKeyKind,
    /// SHA-256 of the normalised text.
    pub hash: Hash,
}

impl SearchKey {
    /// The artifact, payload or envelope whose hash is `digest`. The text is `sha256:` and lower-case hexadecimal, with
    /// the name of the hash function.
    ///
    /// `None` when `algorithm` names no hash function.
    pub fn artifact_digest(algorithm: HashAlgorithm, digest: &[u8]) -> Option<Self> {
        let name = hash_name(algorithm)?;
        let mut text = String::with_capacity(name.len() + 1 + 2 * digest.len());
        text.push_str(name);
        text.push(':');
        push_hex(&mut text, digest);
        Some(Self::of(SearchKeyKind::ArtifactDigest, &text))
    }

    /// The same from text: hexadecimal in either case, with `sha256:`, `sha384:`, `sha512:` or `sha1:` before it, or
    /// with nothing when the length tells which one it is.
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

    /// Entries signed by `key`, whether they hold it bare or in a certificate. The text is the SHA-256 hash of the DER
    /// SubjectPublicKeyInfo in lower-case hexadecimal.
    pub fn public_key(key: &PublicKey) -> Self {
        Self::spki(key.spki_der())
    }

    /// Entries whose certificate names `subject`: an e-mail address, URI, DNS name or IP address, in any case.
    pub fn subject(subject: &str) -> Self {
        Self::of(SearchKeyKind::Subject, &subject.to_lowercase())
    }

    fn spki(spki_der: &[u8]) -> Self {
        let mut text = String::with_capacity(2 * Hash::LENGTH);
        push_hex(&mut text, &Sha256::digest(spki_der));
        Self::of(SearchKeyKind::PublicKey, &text)
    }

    fn of(kind: SearchKeyKind, text: &str) -> Self {
        Self {
            kind,
            hash: Hash::new(Sha256::digest(text).into()),
        }
    }
}

/// The kinds of things that entries are found by. The numbers are stored, and never change their meaning.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
#[repr(u8)]
pub enum SearchKeyKind {
    /// The hash of an artifact or a payload.
    ArtifactDigest = 1,
    /// A public key.
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

/// Gathers the search keys of one entry, each once, in order.
#[derive(Default)]
pub(crate) struct SearchKeys(Vec<SearchKey>);

impl SearchKeys {
    pub(crate) fn add_digest(&mut self, algorithm: HashAlgorithm, digest: &[u8]) {
        self.0.extend(SearchKey::artifact_digest(algorithm, digest));
    }

    pub(crate) fn add_spki(&mut self, spki_der: &[u8]) {
        self.0.push(SearchKey::spki(spki_der));
    }

    pub(crate) fn add_subjects(&mut self, subjects: &[String]) {
        self.0
            .extend(subjects.iter().map(|subject| SearchKey::subject(subject)));
    }

    /// Adds the key and the subjects of a certificate that is already in a log: what cannot be read has no search key.
    pub(crate) fn add_certificate(&mut self, der: &[u8]) {
        let Ok(certificate) = Certificate::from_der(der) else {
            return;
        };
        self.add_spki(certificate.spki());
        self.add_subjects(&certificate.subjects().unwrap_or_default());
    }

    pub(crate) fn finish(mut self) -> Vec<SearchKey> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

fn hash_name(algorithm: HashAlgorithm) -> Option<&'static str> {
    match algorithm {
        HashAlgorithm::Unspecified => None,
        HashAlgorithm::Sha2256 => Some("sha256"),
        HashAlgorithm::Sha2384 => Some("sha384"),
        HashAlgorithm::Sha2512 => Some("sha512"),
        HashAlgorithm::Sha3256 => Some("sha3-256"),
        HashAlgorithm::Sha3384 => Some("sha3-384"),
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}
