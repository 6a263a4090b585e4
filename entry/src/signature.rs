//! Verifies signatures by public keys over digests and messages.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::ParsedPublicKey;
use der::Encode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::asn1::UintRef;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::key::key_type::KeyType;
use crate::key::public_key::PublicKey;
use crate::key::spki::VerifyingKey;

impl PublicKey {
    /// Verifies `signature` over the hash `digest` of an artifact that is not at hand.
    ///
    /// The hash function is the one of the key's default algorithm: SHA-256 for P-256 and RSA,
    /// SHA-384 for P-384, SHA-512 for P-521 and Ed25519 (as Ed25519ph with an empty context, RFC
    /// 8032, section 5.1). ECDSA signatures are DER or, as some signers make them, r and s side by
    /// side.
    ///
    /// # Errors
    /// [`BadSignature`] when the digest has another length than its hash function gives, or when it
    /// was not signed.
    pub fn verify_prehashed(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let expected = hash_function(self.key_type()).output_len();
        if digest.len() != expected {
            return Err(BadSignature::DigestLength {
                expected,
                actual: digest.len(),
            });
        }
        let verified = match self.verifying_key() {
            VerifyingKey::Ecdsa(key) => {
                let function = hash_function(self.key_type());
                verify_ecdsa(key, self.key_type(), function, digest, signature)
            }
            VerifyingKey::Rsa(key) => verify_imported(key, &digest::SHA256, digest, signature),
            VerifyingKey::Ed25519(key) => verify_ed25519_prehashed(key, digest, signature),
        };
        verified.ok_or_else(|| BadSignature::Mismatch(self.key_type()))
    }

    /// Verifies `signature` over `message`, which is hashed as in [`Self::verify_prehashed`].
    /// Ed25519 is pure here.
    ///
    /// # Errors
    /// [`BadSignature`] when the message was not signed.
    pub fn verify_message(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        if let VerifyingKey::Ed25519(key) = self.verifying_key() {
            return verify_ed25519(key, message, signature)
                .ok_or(BadSignature::Mismatch(KeyType::Ed25519));
        }
        let digest = digest::digest(hash_function(self.key_type()), message);
        self.verify_prehashed(digest.as_ref(), signature)
    }

    /// Verifies `signature` over a digest that `hash_algorithm` gave, which need not be the key's
    /// own: Rekor v1 takes other pairs too. An Ed25519 key signs SHA-512 digests only.
    ///
    /// # Errors
    /// [`BadSignature`] when the digest has another length than its hash function gives, or when it
    /// was not signed.
    pub fn verify_digest(
        &self,
        hash_algorithm: HashAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        if hash_algorithm == self.key_type().hash_algorithm() {
            return self.verify_prehashed(digest, signature);
        }
        let mismatch = BadSignature::Mismatch(self.key_type());
        let function = function_of(hash_algorithm).ok_or(mismatch)?;
        if digest.len() != function.output_len() {
            return Err(BadSignature::DigestLength {
                expected: function.output_len(),
                actual: digest.len(),
            });
        }
        let key = self.parsed_for(hash_algorithm).ok_or(mismatch)?;
        let verified = match self.verifying_key() {
            VerifyingKey::Rsa(_) => verify_imported(&key, function, digest, signature),
            VerifyingKey::Ecdsa(_) => {
                verify_ecdsa(&key, self.key_type(), function, digest, signature)
            }
            VerifyingKey::Ed25519(_) => None,
        };
        verified.ok_or(mismatch)
    }
}

impl PublicKey {
    /// Verifies an Ed25519 signature over a message that `feed` gives in pieces. `None` for other
    /// types of keys, which sign digests.
    pub(crate) fn verify_streamed<E: From<BadSignature>>(
        &self,
        signature: &[u8],
        feed: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), E>,
    ) -> Option<Result<(), E>> {
        let VerifyingKey::Ed25519(key) = self.verifying_key() else {
            return None;
        };
        let mismatch = || E::from(BadSignature::Mismatch(KeyType::Ed25519));
        let begun = ed25519_dalek::Signature::from_slice(signature)
            .and_then(|signature| key.verify_stream(&signature));
        let Ok(mut stream) = begun else {
            return Some(Err(mismatch()));
        };
        let fed = feed(&mut |piece| stream.update(piece));
        Some(fed.and_then(|()| stream.finalize_and_verify().map_err(|_| mismatch())))
    }
}

/// Why a signature is not one by the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadSignature {
    /// The digest cannot come from the hash function that goes with the key.
    #[error("the digest has {actual} bytes, but the hash that goes with the key gives {expected}")]
    DigestLength {
        /// What the hash function gives, in bytes.
        expected: usize,
        /// What was given, in bytes.
        actual: usize,
    },
    /// The signature is malformed, or by another key, or over something else.
    #[error("the signature does not verify with the {_0} key{hint}", hint = pss_hint(*_0))]
    Mismatch(KeyType),
}

/// What to say of RSA besides: whoever made a signature by PSS has one that others verify.
fn pss_hint(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => {
            "; one by PSS is not taken: sign with PKCS#1 v1.5 padding"
        }
        KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521 | KeyType::Ed25519 => "",
    }
}

/// [`KeyType::hash_algorithm`] as the library names it.
pub(crate) fn hash_function(key_type: KeyType) -> &'static digest::Algorithm {
    function_of(key_type.hash_algorithm()).unwrap_or(&digest::SHA256)
}

pub(crate) fn function_of(hash_algorithm: HashAlgorithm) -> Option<&'static digest::Algorithm> {
    match hash_algorithm {
        HashAlgorithm::Sha2256 => Some(&digest::SHA256),
        HashAlgorithm::Sha2384 => Some(&digest::SHA384),
        HashAlgorithm::Sha2512 => Some(&digest::SHA512),
        _ => None,
    }
}

/// The length of r, and of s, in bytes.
fn coordinate_length(key_type: KeyType) -> usize {
    match key_type {
        KeyType::EcdsaP521 => 66,
        KeyType::EcdsaP384 => 48,
        KeyType::EcdsaP256 => 32,
        // These have no two coordinates: 0 makes every length a wrong one.
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 | KeyType::Ed25519 => 0,
    }
}

fn verify_ecdsa(
    key: &ParsedPublicKey,
    key_type: KeyType,
    function: &'static digest::Algorithm,
    digest: &[u8],
    signature: &[u8],
) -> Option<()> {
    if is_der_signature(signature) {
        return verify_imported(key, function, digest, signature);
    }
    let der = der_from_fixed(signature, coordinate_length(key_type))?;
    verify_imported(key, function, digest, &der)
}

fn verify_imported(
    key: &ParsedPublicKey,
    function: &'static digest::Algorithm,
    digest: &[u8],
    signature: &[u8],
) -> Option<()> {
    let digest = digest::Digest::import_less_safe(digest, function).ok()?;
    key.verify_digest_sig(&digest, signature).ok()
}

/// Whether the bytes have the form SEQUENCE { r INTEGER, s INTEGER }. A pair of fixed length that
/// has it by chance is less likely than a forged signature is to verify.
fn is_der_signature(signature: &[u8]) -> bool {
    let Ok(mut reader) = SliceReader::new(signature) else {
        return false;
    };
    let parsed = reader.sequence(|reader| {
        reader.decode::<UintRef<'_>>()?;
        reader.decode::<UintRef<'_>>().map(drop)
    });
    parsed.is_ok() && reader.is_finished()
}

/// The DER form of r and s side by side (IEEE P1363), or `None` when the length is not that of two
/// coordinates.
fn der_from_fixed(signature: &[u8], coordinate_length: usize) -> Option<Vec<u8>> {
    if signature.len() != 2 * coordinate_length {
        return None;
    }
    let (r, s) = signature.split_at(coordinate_length);
    let mut integers = UintRef::new(r).ok()?.to_der().ok()?;
    UintRef::new(s).ok()?.encode_to_vec(&mut integers).ok()?;
    der::asn1::AnyRef::new(Tag::Sequence, &integers)
        .ok()?
        .to_der()
        .ok()
}

fn verify_ed25519(
    key: &ed25519_dalek::VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> Option<()> {
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    ed25519_dalek::Verifier::verify(key, message, &signature).ok()
}

fn verify_ed25519_prehashed(
    key: &ed25519_dalek::VerifyingKey,
    digest: &[u8],
    signature: &[u8],
) -> Option<()> {
    let digest = FinishedSha512(digest.try_into().ok()?);
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_prehashed(digest, None, &signature).ok()
}

/// A SHA-512 hash that somebody else computed, in the form of a hasher: Ed25519ph is only offered
/// over one.
#[derive(Clone)]
struct FinishedSha512([u8; 64]);

impl Default for FinishedSha512 {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl fmt::Debug for FinishedSha512 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FinishedSha512")
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
