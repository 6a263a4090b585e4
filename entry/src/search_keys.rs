//! Gathers what an entry is found by while its body is made or read.

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;

use crate::certificate::Certificate;
use crate::pem;
use crate::pem::CERTIFICATE;
use crate::pem::PUBLIC_KEY;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;

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

    /// Adds both forms in which the hash of a key is looked for: upstream writes the one for some
    /// kinds of entries and the other for the rest, and asks for either.
    pub(crate) fn add_key_text(&mut self, text: &[u8]) {
        let digest = Sha256::digest(text);
        self.0.push(SearchKey::of(
            SearchKeyKind::PublicKey,
            &hex::encode(digest),
        ));
        self.add_digest(HashAlgorithm::Sha2256, &digest);
    }

    pub(crate) fn add_spki(&mut self, spki_der: &[u8]) {
        self.add_key_text(pem::encode(PUBLIC_KEY, spki_der).as_bytes());
    }

    /// Adds the key that a certificate holds, so that it is found by that as well as by the
    /// certificate.
    pub(crate) fn add_certified_key(&mut self, spki_der: &[u8]) {
        let pem = pem::encode(PUBLIC_KEY, spki_der);
        self.0.push(SearchKey::of_key_text(pem.as_bytes()));
    }

    pub(crate) fn add_subjects(&mut self, subjects: &[String]) {
        self.0
            .extend(subjects.iter().map(|subject| SearchKey::subject(subject)));
    }

    /// Adds a certificate that is already in a log, its key and its subjects: what cannot be read
    /// has no search key.
    pub(crate) fn add_certificate(&mut self, der: &[u8]) {
        self.add_key_text(pem::encode(CERTIFICATE, der).as_bytes());
        let Ok(certificate) = Certificate::from_der(der) else {
            return;
        };
        self.add_certified_key(certificate.spki());
        self.add_subjects(&certificate.subjects().unwrap_or_default());
    }

    pub(crate) fn finish(mut self) -> Vec<SearchKey> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}
