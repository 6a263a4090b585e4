//! Keys and certificates in PEM, as Rekor v1 takes them.

use crate::certificate::Certificate;
use crate::certificate::MAX_SUBJECTS;
use crate::facts::collected::Facts;
use crate::key::public_key::PublicKey;
use crate::named_parts::EntrySigner;
use crate::pem;
use crate::pem::CERTIFICATE;
use crate::pem::PUBLIC_KEY;
use crate::pem::PemBlock;
use crate::v1::chain;
use crate::v1::reject::V1Reject;

/// The most certificates that a chain may have.
pub(crate) const MAX_CERTIFICATES: usize = 10;

/// A public key, a certificate, or a chain of certificates, as Rekor v1 takes it: in PEM.
pub(crate) struct X509Key {
    /// The same, written as upstream writes it.
    canonical: String,
    /// In DER, leaf first. None for a bare key.
    certificates: Vec<Vec<u8>>,
    /// The key that signatures verify with.
    spki: Vec<u8>,
    subjects: Vec<String>,
}

impl X509Key {
    pub(crate) fn from_pem(content: &[u8]) -> Result<Self, V1Reject> {
        let text = std::str::from_utf8(content).map_err(|_| V1Reject::Pem)?;
        let (block, rest) = PemBlock::first(text).ok_or(V1Reject::Pem)?;
        if !rest.trim().is_empty() {
            return Self::from_chain(text);
        }
        match block.label {
            PUBLIC_KEY => Ok(Self {
                canonical: pem::encode(PUBLIC_KEY, &block.bytes),
                certificates: Vec::new(),
                spki: block.bytes,
                subjects: Vec::new(),
            }),
            CERTIFICATE => Self::from_certificates(vec![block.bytes]),
            other => Err(V1Reject::PemLabel(other.to_owned())),
        }
    }

    /// The form that is logged.
    pub(crate) fn canonical(&self) -> &str {
        &self.canonical
    }

    pub(crate) fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// The certificate of the signer, in DER. `None` for a bare key.
    pub(crate) fn leaf(&self) -> Option<&[u8]> {
        self.certificates.first().map(Vec::as_slice)
    }

    /// The key itself, in DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key that signatures verify with.
    pub(crate) fn verifying_key(&self) -> Result<PublicKey, V1Reject> {
        Ok(PublicKey::from_spki_der(&self.spki)?)
    }

    /// Adds what entries by this key are found by.
    pub(crate) fn add_facts(&self, facts: &mut Facts) {
        facts.add_key_text(self.canonical.as_bytes());
        match self.leaf() {
            Some(leaf) => facts.add_certified(leaf),
            None => facts.add_spki_hash(&self.spki),
        }
    }

    /// A chain of several must hold together. A single certificate is taken as it is.
    pub(crate) fn check_chain(&self) -> Result<(), V1Reject> {
        if self.certificates.len() > 1 && !chain::leads_to_root(&self.certificates) {
            return Err(V1Reject::Chain);
        }
        Ok(())
    }

    fn from_chain(text: &str) -> Result<Self, V1Reject> {
        let mut certificates = Vec::new();
        let mut left = text.trim();
        while !left.is_empty() {
            if certificates.len() == MAX_CERTIFICATES {
                return Err(V1Reject::TooManyCertificates {
                    limit: MAX_CERTIFICATES,
                });
            }
            let (block, rest) = PemBlock::first(left).ok_or(V1Reject::Pem)?;
            if block.label != CERTIFICATE {
                return Err(V1Reject::PemLabel(block.label.to_owned()));
            }
            certificates.push(block.bytes);
            left = rest.trim();
        }
        Self::from_certificates(certificates)
    }

    fn from_certificates(certificates: Vec<Vec<u8>>) -> Result<Self, V1Reject> {
        let mut canonical = String::new();
        for der in &certificates {
            Certificate::from_der(der)?;
            canonical.push_str(&pem::encode(CERTIFICATE, der));
        }
        let leaf = certificates.first().ok_or(V1Reject::Pem)?;
        let leaf = Certificate::from_der(leaf)?;
        let subjects = leaf.subjects().map_err(|_| V1Reject::Subjects {
            limit: MAX_SUBJECTS,
        })?;
        Ok(Self {
            canonical,
            spki: leaf.spki().to_vec(),
            subjects,
            certificates,
        })
    }
}

/// Adds what entries by a key in PEM that is already in a log are found by: what cannot be read is
/// found by its bytes.
pub(crate) fn add_logged(pem: &[u8], facts: &mut Facts) {
    match X509Key::from_pem(pem) {
        Ok(key) => key.add_facts(facts),
        Err(_) => facts.add_unread_key(pem),
    }
}

/// Whose key in PEM a log holds: by its text, where that cannot be read.
pub(crate) fn logged_signer(pem: &[u8]) -> EntrySigner {
    match X509Key::from_pem(pem) {
        Ok(key) => match key.certificates.first() {
            Some(leaf) => EntrySigner::of_certificate(leaf),
            None => EntrySigner::of_key(&key.spki),
        },
        Err(_) => EntrySigner::of_key(pem),
    }
}
