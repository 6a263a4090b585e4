use ledgerstone_merkle::Hash;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;

use crate::certificate::Certificate;
use crate::key::PublicKey;
use crate::pem;
use crate::pem::CERTIFICATE;
use crate::pem::PUBLIC_KEY;
use crate::v1::pki::CanonicalKey;
use crate::v1::x509::X509Key;

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

    /// Entries signed by `key`, whether they hold it bare or in a certificate. The text is the SHA-256 hash of the key's
    /// PEM in lower-case hexadecimal, which is how Rekor v1 names a key.
    pub fn public_key(key: &PublicKey) -> Self {
        Self::of_key_text(pem::encode(PUBLIC_KEY, key.spki_der()).as_bytes())
    }

    /// Entries whose certificate names `subject`: an e-mail address, URI, DNS name or IP address, in any case.
    pub fn subject(subject: &str) -> Self {
        Self::of(SearchKeyKind::Subject, &subject.to_lowercase())
    }

    /// The key whose canonical text is `text`: PEM, or what else its format has.
    pub(crate) fn of_key_text(text: &[u8]) -> Self {
        Self::of(SearchKeyKind::PublicKey, &hex(&Sha256::digest(text)))
    }

    pub(crate) fn of(kind: SearchKeyKind, text: &str) -> Self {
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
    /// The hash of an artifact, a payload or an envelope, or of a key, as Rekor v1 has it for some kinds: `sha256:` and
    /// the text of [`Self::PublicKey`].
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

/// Gathers the search keys of one entry, each once, in order.
#[derive(Default)]
pub(crate) struct SearchKeys(Vec<SearchKey>);

impl SearchKeys {
    pub(crate) fn add_digest(&mut self, algorithm: HashAlgorithm, digest: &[u8]) {
        self.0.extend(SearchKey::artifact_digest(algorithm, digest));
    }

    pub(crate) fn add(&mut self, keys: impl IntoIterator<Item = SearchKey>) {
        self.0.extend(keys);
    }

    /// Adds both forms in which the hash of a key is looked for: upstream writes the one for some kinds of entries and
    /// the other for the rest, and asks for either.
    pub(crate) fn add_key_text(&mut self, text: &[u8]) {
        let digest = Sha256::digest(text);
        self.0
            .push(SearchKey::of(SearchKeyKind::PublicKey, &hex(&digest)));
        self.add_digest(HashAlgorithm::Sha2256, &digest);
    }

    pub(crate) fn add_spki(&mut self, spki_der: &[u8]) {
        self.add_key_text(pem::encode(PUBLIC_KEY, spki_der).as_bytes());
    }

    /// Adds the key that a certificate holds, so that it is found by that as well as by the certificate.
    pub(crate) fn add_certified_key(&mut self, spki_der: &[u8]) {
        let pem = pem::encode(PUBLIC_KEY, spki_der);
        self.0.push(SearchKey::of_key_text(pem.as_bytes()));
    }

    pub(crate) fn add_subjects(&mut self, subjects: &[String]) {
        self.0
            .extend(subjects.iter().map(|subject| SearchKey::subject(subject)));
    }

    /// Adds a certificate that is already in a log, its key and its subjects: what cannot be read has no search key.
    pub(crate) fn add_certificate(&mut self, der: &[u8]) {
        self.add_key_text(pem::encode(CERTIFICATE, der).as_bytes());
        let Ok(certificate) = Certificate::from_der(der) else {
            return;
        };
        self.add_certified_key(certificate.spki());
        self.add_subjects(&certificate.subjects().unwrap_or_default());
    }

    /// Adds the key of a submission.
    pub(crate) fn add_x509(&mut self, key: &X509Key) {
        self.add_key_text(key.canonical().as_bytes());
        if let Some(spki) = key.certified_spki() {
            self.add_certified_key(spki);
        }
        self.add_subjects(key.subjects());
    }

    /// Adds a key in PEM that is already in a log: what cannot be read is found by its bytes.
    pub(crate) fn add_logged_x509(&mut self, pem: &[u8]) {
        match X509Key::from_pem(pem) {
            Ok(key) => self.add_x509(&key),
            Err(_) => self.add_key_text(pem),
        }
    }

    /// Adds a key in any format.
    pub(crate) fn add_canonical_key(&mut self, key: &CanonicalKey) {
        self.add_key_text(&key.text);
        if let Some(spki) = &key.certified_spki {
            self.add_certified_key(spki);
        }
        self.add_subjects(&key.subjects);
    }

    pub(crate) fn finish(mut self) -> Vec<SearchKey> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

pub(crate) fn hash_name(algorithm: HashAlgorithm) -> Option<&'static str> {
    match algorithm {
        HashAlgorithm::Unspecified => None,
        HashAlgorithm::Sha2256 => Some("sha256"),
        HashAlgorithm::Sha2384 => Some("sha384"),
        HashAlgorithm::Sha2512 => Some("sha512"),
        HashAlgorithm::Sha3256 => Some("sha3-256"),
        HashAlgorithm::Sha3384 => Some("sha3-384"),
    }
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}
