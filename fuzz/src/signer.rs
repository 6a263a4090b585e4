//! A key that targets sign with, so that what has to be signed gets past the signature.

use std::sync::LazyLock;

use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;

/// The name of both keys in notes.
pub const NAME: &str = "fuzz.example";

/// A P-256 key, made for this and used for nothing else.
pub const P256_PEM: &str = include_str!("p256.pem");

/// Signs entries, and notes as a Rekor v1 does.
pub static P256: LazyLock<EcdsaP256Signer> =
    LazyLock::new(|| EcdsaP256Signer::from_pkcs8_pem(NAME, P256_PEM).expect("the key is in order"));

/// Signs notes.
pub static ED25519: LazyLock<Ed25519Signer> =
    LazyLock::new(|| Ed25519Signer::from_seed(NAME, &[7; 32]).expect("the name is in order"));

/// A signature in DER over the SHA-256 hash of `message`.
pub fn sign(message: &[u8]) -> Vec<u8> {
    P256.sign_bytes(message).expect("a key in memory signs")
}

/// PEM of the public P-256 key.
pub fn public_pem() -> String {
    ledgerstone_client::public_key_pem(P256.public_key_der())
}
