//! Gathers what an entry names while its body is made or read.

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;

use crate::certificate::Certificate;
use crate::facts::authority;
use crate::facts::claims;
use crate::facts::fact::Fact;
use crate::facts::fact::FactSource;
use crate::facts::statement;
use crate::hash_function::hash_name;
use crate::pem;
use crate::pem::CERTIFICATE;
use crate::pem::PUBLIC_KEY;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;

/// What the fact says that there is a certificate which could not be read.
pub(crate) const UNREAD_CERTIFICATE: &str = "certificate";

/// All that one entry names.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    facts: Vec<Fact>,
    /// How many signers were begun.
    signers: u16,
    /// The signer whose facts are being added; 0 for none.
    signer: u16,
}

impl Facts {
    /// The facts.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter()
    }

    /// How many signers have facts of their own: they are numbered from 1.
    pub fn signers(&self) -> u16 {
        self.signers
    }

    /// Whether all could be read that may name something.
    pub(crate) fn are_whole(&self) -> bool {
        let mut kinds = self.facts.iter().map(|fact| fact.kind);
        kinds.all(|kind| kind != SearchKeyKind::Unread)
    }

    /// Adds what was read elsewhere.
    pub fn extend(&mut self, facts: impl IntoIterator<Item = Fact>) {
        self.facts.extend(facts);
    }

    /// What an index leads to the entry by, each key once and in order.
    pub(crate) fn search_keys(&self) -> Vec<SearchKey> {
        let mut keys: Vec<SearchKey> = self.facts.iter().map(Fact::search_key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The facts, each once: those that the body holds, and then those of a statement as they stand
    /// in it.
    pub(crate) fn into_parts(self) -> (Vec<Fact>, Vec<Fact>) {
        let (mut body, mut stated): (Vec<_>, Vec<_>) = self
            .facts
            .into_iter()
            .partition(|fact| fact.source == FactSource::Body);
        body.sort_unstable();
        body.dedup();
        let mut seen = std::collections::HashSet::with_capacity(stated.len());
        stated.retain(|fact| seen.insert(fact.search_key()));
        (body, stated)
    }

    /// What is added until the signer ends is of one signer of the entry.
    pub(crate) fn of_signer(&mut self, add: impl FnOnce(&mut Self)) {
        self.signers = self.signers.saturating_add(1);
        self.signer = self.signers;
        add(self);
        self.signer = 0;
    }

    pub(crate) fn add(&mut self, kind: SearchKeyKind, text: &str) {
        let fact = Fact::found(kind, text, FactSource::Body, self.signer);
        self.facts.extend(fact);
    }

    /// Adds a digest that the body holds.
    pub(crate) fn add_digest(&mut self, algorithm: HashAlgorithm, digest: &[u8]) {
        if let Some(name) = hash_name(algorithm) {
            self.add_digest_text(&format!("{name}:{}", hex::encode(digest)));
        }
    }

    /// Adds a digest of which the text is there.
    pub(crate) fn add_digest_text(&mut self, text: &str) {
        self.add(SearchKeyKind::ArtifactDigest, text);
    }

    pub(crate) fn add_signature(&mut self, signature: &[u8]) {
        self.add(SearchKeyKind::Signature, &sha256(signature));
    }

    /// Adds both forms in which the hash of a key is looked for: upstream writes the one for some
    /// kinds of entries and the other for the rest, and asks for either.
    pub(crate) fn add_key_text(&mut self, text: &[u8]) {
        let digest = sha256(text);
        self.add(SearchKeyKind::PublicKey, &digest);
        self.add_digest_text(&format!("sha256:{digest}"));
    }

    /// Adds the text of a key in a log that cannot be read. One that is not said to be of X.509
    /// names nobody.
    pub(crate) fn add_unread_key(&mut self, text: &[u8]) {
        let text_of = String::from_utf8_lossy(text);
        let is_pgp = text_of.contains("-----BEGIN PGP ");
        if text_of.contains("-----BEGIN ") && !is_pgp {
            self.add_unread();
        }
        self.add_key_text(text);
    }

    /// Adds a key that an entry holds bare.
    pub(crate) fn add_spki(&mut self, spki_der: &[u8]) {
        self.add_key_text(pem::encode(PUBLIC_KEY, spki_der).as_bytes());
        self.add_spki_hash(spki_der);
    }

    /// Adds a key by the hash of its DER alone: its text was added.
    pub(crate) fn add_spki_hash(&mut self, spki_der: &[u8]) {
        self.add(SearchKeyKind::PublicKey, &sha256(spki_der));
    }

    /// Adds the key that a certificate holds, so that it is found by that as well as by the
    /// certificate.
    pub(crate) fn add_certified_key(&mut self, spki_der: &[u8]) {
        let pem = pem::encode(PUBLIC_KEY, spki_der);
        self.add(SearchKeyKind::PublicKey, &sha256(pem.as_bytes()));
        self.add(SearchKeyKind::PublicKey, &sha256(spki_der));
    }

    /// Says that there is a certificate that could not be read.
    fn add_unread(&mut self) {
        self.add(SearchKeyKind::Unread, UNREAD_CERTIFICATE);
    }

    pub(crate) fn add_subjects(&mut self, subjects: &[String]) {
        for subject in subjects {
            self.add(SearchKeyKind::Subject, subject);
        }
    }

    /// Adds a certificate: its text, and all that it says. What cannot be read names nothing.
    pub(crate) fn add_certificate(&mut self, der: &[u8]) {
        self.add_key_text(pem::encode(CERTIFICATE, der).as_bytes());
        self.add_certified(der);
    }

    /// Adds what a certificate says, without its text.
    pub(crate) fn add_certified(&mut self, der: &[u8]) {
        self.add(SearchKeyKind::PublicKey, &sha256(der));
        let Ok(certificate) = Certificate::from_der(der) else {
            self.add_unread();
            return;
        };
        self.add_certified_key(certificate.spki());
        match certificate.subjects() {
            Ok(subjects) => self.add_subjects(&subjects),
            Err(_) => self.add_unread(),
        }
        for (kind, text) in authority::names(&certificate, der) {
            self.add(kind, &text);
        }
        for (kind, text) in claims::claims(der) {
            self.add(kind, &text);
        }
    }

    /// Adds what an in-toto statement names, which came with the submission.
    pub(crate) fn add_statement(&mut self, payload: &[u8]) {
        statement::read(payload, &mut |kind, text| {
            self.facts
                .extend(Fact::found(kind, text, FactSource::Statement, 0));
        });
    }
}

/// What an entry is found by because of what its in-toto statement names.
pub fn search_keys_of_statement(statement: &[u8]) -> Vec<SearchKey> {
    let mut facts = Facts::default();
    facts.add_statement(statement);
    facts.search_keys()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
