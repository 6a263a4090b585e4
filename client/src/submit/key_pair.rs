//! The private keys that signatures for a log are made with, by type.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::PublicKeyX509Der;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1_SIGNING;
use aws_lc_rs::signature::ECDSA_P521_SHA512_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::EcdsaSigningAlgorithm;
use aws_lc_rs::signature::KeyPair;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::pkcs8::EncodePublicKey;

/// The private key itself.
pub(crate) enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl Pair {
    /// The public half as a SubjectPublicKeyInfo.
    pub(crate) fn public_key_der(&self) -> Option<Vec<u8>> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Ecdsa(pair) => pair.public_key().as_der().ok()?,
            Self::Rsa(pair) => pair.public_key().as_der().ok()?,
            Self::Ed25519(key) => {
                return Some(key.verifying_key().to_public_key_der().ok()?.into_vec());
            }
        };
        Some(der.as_ref().to_vec())
    }
}

pub(crate) fn pkcs8_pair(der: &[u8]) -> Option<Pair> {
    ecdsa_pair(|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der).ok())
        .or_else(|| rsa::KeyPair::from_pkcs8(der).ok().map(Pair::Rsa))
        .or_else(|| {
            let key = ed25519_dalek::SigningKey::from_pkcs8_der(der).ok()?;
            Some(Pair::Ed25519(Box::new(key)))
        })
}

pub(crate) fn ecdsa_pair(
    read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>,
) -> Option<Pair> {
    let algorithms = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ];
    algorithms.into_iter().find_map(read).map(Pair::Ecdsa)
}

/// A SHA-512 digest that is already there, in the form of a hasher: Ed25519ph is only offered over
/// one.
#[derive(Clone)]
pub(crate) struct FinishedSha512(pub(crate) [u8; 64]);

impl Default for FinishedSha512 {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl ::digest::HashMarker for FinishedSha512 {}

impl ::digest::OutputSizeUser for FinishedSha512 {
    type OutputSize = ::digest::typenum::U64;
}

impl ::digest::Update for FinishedSha512 {
    /// Nothing more can be hashed into a finished hash, and Ed25519ph does not try.
    fn update(&mut self, _data: &[u8]) {}
}

impl ::digest::FixedOutput for FinishedSha512 {
    fn finalize_into(self, out: &mut ::digest::Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}
