//! Signers, certificates and requests for the tests of this crate.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::PublicKeyX509Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature as aws;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ledgerstone_entry::Policy;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::Reject;
use ledgerstone_entry::Rule;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::prepare;
use ledgerstone_proto::intoto;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::DsseRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::PublicKey;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_proto::sigstore::rekor::v2::verifier::Verifier as Material;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

/// A key pair of a test, and the algorithm that it signs with.
pub(crate) struct Signer {
    pub(crate) algorithm: SigningAlgorithm,
    pair: Pair,
}

enum Pair {
    Ecdsa {
        pkcs8: Vec<u8>,
        der: EcdsaKeyPair,
        fixed: EcdsaKeyPair,
    },
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(&'static RsaKeyPair),
}

impl Signer {
    pub(crate) fn new(algorithm: SigningAlgorithm) -> Self {
        let pair = match algorithm {
            SigningAlgorithm::EcdsaP256Sha256 => ecdsa(
                &aws::ECDSA_P256_SHA256_ASN1_SIGNING,
                &aws::ECDSA_P256_SHA256_FIXED_SIGNING,
            ),
            SigningAlgorithm::EcdsaP384Sha384 => ecdsa(
                &aws::ECDSA_P384_SHA384_ASN1_SIGNING,
                &aws::ECDSA_P384_SHA384_FIXED_SIGNING,
            ),
            SigningAlgorithm::EcdsaP521Sha512 => ecdsa(
                &aws::ECDSA_P521_SHA512_ASN1_SIGNING,
                &aws::ECDSA_P521_SHA512_FIXED_SIGNING,
            ),
            SigningAlgorithm::RsaPkcs1Size2048Sha256 => Pair::Rsa(&RSA_2048),
            SigningAlgorithm::RsaPkcs1Size3072Sha256 => Pair::Rsa(&RSA_3072),
            SigningAlgorithm::RsaPkcs1Size4096Sha256 => Pair::Rsa(&RSA_4096),
            _ => Pair::Ed25519(ed25519()),
        };
        Self { algorithm, pair }
    }

    pub(crate) fn p256() -> Self {
        Self::new(SigningAlgorithm::EcdsaP256Sha256)
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Ecdsa { der, .. } => x509_der(der.public_key()),
            Pair::Ed25519(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
            Pair::Rsa(key) => x509_der(key.public_key()),
        }
    }

    /// The private key of an ECDSA pair, for signing certificates.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        match &self.pair {
            Pair::Ecdsa { pkcs8, .. } => pkcs8,
            _ => panic!("only ECDSA pairs keep it"),
        }
    }

    pub(crate) fn digest(&self, message: &[u8]) -> Vec<u8> {
        match self.algorithm {
            SigningAlgorithm::EcdsaP384Sha384 => Sha384::digest(message).to_vec(),
            SigningAlgorithm::EcdsaP521Sha512 | SigningAlgorithm::Ed25519Ph => {
                Sha512::digest(message).to_vec()
            }
            _ => Sha256::digest(message).to_vec(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ecdsa { der, .. } => ecdsa_sign(der, message),
            Pair::Ed25519(key) if self.algorithm == SigningAlgorithm::Ed25519Ph => {
                let hasher = Sha512::new_with_prefix(message);
                key.sign_prehashed(hasher, None).unwrap().to_vec()
            }
            Pair::Ed25519(key) => key.sign(message).to_vec(),
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let random = SystemRandom::new();
                key.sign(&aws::RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// r and s side by side.
    pub(crate) fn sign_fixed(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ecdsa { fixed, .. } => ecdsa_sign(fixed, message),
            _ => panic!("only ECDSA signatures have this form"),
        }
    }

    pub(crate) fn verifier(&self) -> Verifier {
        key_verifier(self.spki(), self.algorithm)
    }

    /// A request that is in order.
    pub(crate) fn request(&self, message: &[u8]) -> HashedRekordRequestV002 {
        HashedRekordRequestV002 {
            digest: self.digest(message).into(),
            signature: Some(Signature {
                content: self.sign(message).into(),
                verifier: Some(self.verifier()),
            }),
        }
    }
}

pub(crate) fn key_verifier(spki: impl Into<Bytes>, algorithm: SigningAlgorithm) -> Verifier {
    Verifier {
        verifier: Some(Material::PublicKey(PublicKey {
            raw_bytes: spki.into(),
        })),
        key_details: algorithm.details().into(),
    }
}

pub(crate) fn certificate_verifier(der: impl Into<Bytes>, algorithm: SigningAlgorithm) -> Verifier {
    Verifier {
        verifier: Some(Material::X509Certificate(X509Certificate {
            raw_bytes: der.into(),
        })),
        key_details: algorithm.details().into(),
    }
}

pub(crate) fn submit(request: HashedRekordRequestV002) -> Result<PreparedEntry, Reject> {
    submit_with(request, &Policy::default())
}

pub(crate) fn submit_with(
    request: HashedRekordRequestV002,
    policy: &Policy,
) -> Result<PreparedEntry, Reject> {
    let request = CreateEntryRequest {
        spec: Some(Spec::HashedRekordRequestV002(request)),
    };
    prepare(&request, policy)
}

pub(crate) fn submit_dsse(request: DsseRequestV002) -> Result<PreparedEntry, Reject> {
    let request = CreateEntryRequest {
        spec: Some(Spec::DsseRequestV002(request)),
    };
    prepare(&request, &Policy::default())
}

pub(crate) fn envelope(payload: &[u8], signatures: &[Vec<u8>]) -> intoto::Envelope {
    intoto::Envelope {
        payload: Bytes::copy_from_slice(payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: signatures
            .iter()
            .map(|signature| intoto::Signature {
                sig: Bytes::copy_from_slice(signature),
                keyid: String::new(),
            })
            .collect(),
    }
}

/// The rule that a request was refused by.
pub(crate) fn rule_of(result: Result<PreparedEntry, Reject>) -> Rule {
    let reject = result.expect_err("the request breaks a rule");
    reject.rule().expect("it has a kind").clone()
}

/// One DER value of tag `tag`.
pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        Ok(long) => der.extend([0x81, long]),
        Err(_) if length < 1 << 16 => {
            der.push(0x82);
            der.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        Err(_) => {
            der.push(0x84);
            der.extend(u32::try_from(length).unwrap().to_be_bytes());
        }
    }
    der.extend(value);
    der
}

pub(crate) fn base64(text: &str) -> Vec<u8> {
    STANDARD
        .decode(text.split_whitespace().collect::<String>())
        .unwrap()
}

pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// An RSA pair takes long to make, so that all tests share one of each size.
static RSA_2048: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
static RSA_3072: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa3072).unwrap());
static RSA_4096: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa4096).unwrap());

fn ecdsa(
    der: &'static aws::EcdsaSigningAlgorithm,
    fixed: &'static aws::EcdsaSigningAlgorithm,
) -> Pair {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(der, &SystemRandom::new()).unwrap();
    Pair::Ecdsa {
        pkcs8: pkcs8.as_ref().to_vec(),
        der: EcdsaKeyPair::from_pkcs8(der, pkcs8.as_ref()).unwrap(),
        fixed: EcdsaKeyPair::from_pkcs8(fixed, pkcs8.as_ref()).unwrap(),
    }
}

fn ecdsa_sign(pair: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    let signature = pair.sign(&SystemRandom::new(), message).unwrap();
    signature.as_ref().to_vec()
}

fn ed25519() -> ed25519_dalek::SigningKey {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).unwrap();
    ed25519_dalek::SigningKey::from_bytes(&seed)
}

fn x509_der(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Vec<u8> {
    key.as_der().unwrap().as_ref().to_vec()
}
