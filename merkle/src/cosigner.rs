//! The private half of a witness's key.

use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;

use crate::checkpoint::Checkpoint;
use crate::cosignature::Cosignature;
use crate::cosignature::CosignatureError;
use crate::key::verifier::VerifierKey;
use crate::note::signature::NoteSignature;
use crate::private_key::PrivateKeyError;
use crate::private_key::ed25519_from_pkcs8_pem;

/// Signs checkpoints as a witness.
pub struct CosignatureSigner {
    key: SigningKey,
    verifier: VerifierKey,
}

impl CosignatureSigner {
    /// The signer with the Ed25519 key in `pem`, an unencrypted PKCS#8 private key in PEM, under
    /// the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed or the PEM is not such a key.
    pub fn from_pkcs8_pem(name: impl Into<String>, pem: &str) -> Result<Self, PrivateKeyError> {
        Self::new(name, ed25519_from_pkcs8_pem(pem)?)
    }

    /// The signer with the Ed25519 key whose private half (RFC 8032, section 5.1.5) is `seed`,
    /// under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, PrivateKeyError> {
        Self::new(name, SigningKey::from_bytes(seed))
    }

    /// The public half of the key.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature line for `checkpoint` at `timestamp`, in POSIX seconds.
    ///
    /// What is signed is the checkpoint as this crate writes it, not the bytes that someone
    /// submitted.
    ///
    /// # Errors
    /// When the time is beyond [`Cosignature::MAX_TIMESTAMP`].
    pub fn cosign(
        &self,
        checkpoint: &Checkpoint,
        timestamp: u64,
    ) -> Result<NoteSignature, CosignatureError> {
        let message = Cosignature::message(timestamp, &checkpoint.to_string());
        let signature = self.key.sign(message.as_bytes()).to_bytes();
        let bytes = Cosignature::new(timestamp, signature)?.to_bytes();
        Ok(NoteSignature::new(
            self.verifier.key_name().clone(),
            self.verifier.id(),
            bytes,
        ))
    }

    fn new(name: impl Into<String>, key: SigningKey) -> Result<Self, PrivateKeyError> {
        let verifier = VerifierKey::cosignature_v1(name, key.verifying_key().to_bytes())?;
        Ok(Self { key, verifier })
    }
}
