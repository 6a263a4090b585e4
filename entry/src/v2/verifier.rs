//! The signatures of Rekor v2 and what they verify with: in requests and in bodies.

use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::verifier::Verifier as Material;

use crate::algorithm::SigningAlgorithm;
use crate::body::Sink;
use crate::body_error::BodyError;
use crate::certificate::Certificate;
use crate::certificate::MAX_SUBJECTS;
use crate::certificate::SubjectsError;
use crate::facts::collected::Facts;
use crate::key::error::PublicKeyError;
use crate::key::public_key::PublicKey;
use crate::named_parts::EntrySigner;
use crate::v2::limits::V2Limits;
use crate::v2::rule::Rule;

/// A signature as a 0.0.2 body holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoggedSignature {
    /// The signature, byte for byte as it was submitted.
    pub content: Bytes,
    /// What it verifies with.
    pub verifier: LoggedVerifier,
}

/// The verifier of a signature, as a 0.0.2 body holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoggedVerifier {
    /// The key or the certificate, byte for byte as it was submitted.
    pub material: VerifierMaterial,
    /// The algorithm of the signature.
    pub key_details: PublicKeyDetails,
}

/// The two forms in which a body holds a key. Both are DER.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VerifierMaterial {
    /// A SubjectPublicKeyInfo.
    PublicKey(Bytes),
    /// An X.509 certificate.
    Certificate(Bytes),
}

impl LoggedSignature {
    pub(crate) fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"content":""#);
        sink.base64(&self.content);
        sink.text(r#"","verifier":{"keyDetails":""#);
        sink.text(self.verifier.key_details.as_str_name());
        let raw_bytes = match &self.verifier.material {
            VerifierMaterial::PublicKey(der) => {
                sink.text(r#"","publicKey":{"rawBytes":""#);
                der
            }
            VerifierMaterial::Certificate(der) => {
                sink.text(r#"","x509Certificate":{"rawBytes":""#);
                der
            }
        };
        sink.base64(raw_bytes);
        sink.text(r#""}}}"#);
    }
}

impl LoggedSignature {
    /// Adds what entries with this signature are found by.
    pub(crate) fn add_facts(&self, facts: &mut Facts) {
        facts.add_signature(&self.content);
        facts.of_signer(|facts| self.verifier.add_facts(facts));
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

impl LoggedVerifier {
    /// The key that the signature verifies with.
    ///
    /// # Errors
    /// [`PublicKeyError`] when it cannot be read or is of a type that is not supported. An entry of
    /// this log always has one that is; another log's need not.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        match &self.material {
            VerifierMaterial::PublicKey(der) => PublicKey::from_spki_der(der),
            VerifierMaterial::Certificate(der) => PublicKey::from_certificate_der(der),
        }
    }

    /// Whose signature it verifies.
    pub(crate) fn signer(&self) -> EntrySigner {
        match &self.material {
            VerifierMaterial::PublicKey(der) => EntrySigner::of_key(der),
            VerifierMaterial::Certificate(der) => EntrySigner::of_certificate(der),
        }
    }

    /// Adds what entries with this verifier are found by, as far as it can be read.
    pub(crate) fn add_facts(&self, facts: &mut Facts) {
        match &self.material {
            VerifierMaterial::PublicKey(der) => facts.add_spki(der),
            VerifierMaterial::Certificate(der) => facts.add_certificate(der),
        }
    }
}

/// A verifier of a request that follows the rules: its details describe its key, and the log
/// accepts the algorithm.
pub(crate) struct AcceptedVerifier {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) key: PublicKey,
    pub(crate) logged: LoggedVerifier,
}

impl AcceptedVerifier {
    /// Checks `verifier` by the rules that all kinds share (specification of Rekor v2, section 2.1,
    /// rules 1 to 3).
    pub(crate) fn accept(verifier: &Verifier, limits: &V2Limits) -> Result<Self, Rule> {
        let material = read_material(verifier)?;
        let key = read_key(&material)?;
        let details = PublicKeyDetails::try_from(verifier.key_details)
            .map_err(|_| Rule::UndefinedKeyDetails(verifier.key_details))?;
        let claimed =
            SigningAlgorithm::from_details(details).ok_or(Rule::UnsupportedKeyDetails(details))?;
        if claimed.key_type() != key.key_type() {
            return Err(Rule::KeyDetailsMismatch {
                key: key.key_type(),
                claimed,
            });
        }
        if !limits.algorithms.contains(claimed) {
            return Err(Rule::AlgorithmNotAllowed(claimed));
        }
        Ok(Self {
            algorithm: claimed,
            key,
            logged: LoggedVerifier {
                material,
                key_details: details,
            },
        })
    }
}

/// The key or certificate of `verifier`, which has bytes.
pub(crate) fn read_material(verifier: &Verifier) -> Result<VerifierMaterial, Rule> {
    let material = match &verifier.verifier {
        None => return Err(Rule::MissingKey),
        Some(Material::PublicKey(key)) => VerifierMaterial::PublicKey(key.raw_bytes.clone()),
        Some(Material::X509Certificate(certificate)) => {
            VerifierMaterial::Certificate(certificate.raw_bytes.clone())
        }
    };
    let (VerifierMaterial::PublicKey(der) | VerifierMaterial::Certificate(der)) = &material;
    if der.is_empty() {
        return Err(Rule::EmptyKey);
    }
    Ok(material)
}

/// The key of `material`. A certificate has to name whom it names in a way that can be read, so
/// that its entry is found by it.
fn read_key(material: &VerifierMaterial) -> Result<PublicKey, Rule> {
    match material {
        VerifierMaterial::PublicKey(der) => Ok(PublicKey::from_spki_der(der)?),
        VerifierMaterial::Certificate(der) => {
            let certificate = Certificate::from_der(der)?;
            let key = PublicKey::from_spki_der(certificate.spki())?;
            certificate.subjects().map_err(|error| match error {
                SubjectsError::Malformed(error) => Rule::Subjects(error),
                SubjectsError::TooMany => Rule::TooManySubjects {
                    limit: MAX_SUBJECTS,
                },
            })?;
            Ok(key)
        }
    }
}
