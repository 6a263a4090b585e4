use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;

use crate::checkpoint::Checkpoint;
use crate::key::VerifierKey;
use crate::note::NoteSignature;
use crate::signer::SigningKeyError;
use crate::signer::ed25519_from_pkcs8_pem;

/// A witness's cosignature, version 1 (C2SP tlog-cosignature): what stands after the key id in its signature line.
///
/// ```text
/// time (64 bits, big-endian, POSIX seconds) || Ed25519 signature (64 bytes)
/// ```
///
/// It says: at this time, the checkpoint was the largest consistent tree of this origin that the witness had seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cosignature {
    timestamp: u64,
    signature: [u8; 64],
}

impl Cosignature {
    /// The length in bytes.
    pub const LENGTH: usize = 8 + 64;

    /// The latest time that can be written: 2^63 - 1.
    pub const MAX_TIMESTAMP: u64 = i64::MAX as u64;

    /// The cosignature in `bytes`, the signature of a note signature line.
    ///
    /// Only its form is checked here; [`VerifierKey::verify`] checks the signature.
    ///
    /// # Errors
    /// When the length is wrong or the time is beyond [`MAX_TIMESTAMP`](Self::MAX_TIMESTAMP).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CosignatureError> {
        let wrong_length = CosignatureError::Length { bytes: bytes.len() };
        let (time, signature) = bytes.split_first_chunk().ok_or(wrong_length)?;
        let signature = signature.try_into().map_err(|_| wrong_length)?;
        let timestamp = u64::from_be_bytes(*time);
        if timestamp > Self::MAX_TIMESTAMP {
            return Err(CosignatureError::Timestamp { timestamp });
        }
        Ok(Self {
            timestamp,
            signature,
        })
    }

    /// The wire form.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.timestamp.to_be_bytes()[..], &self.signature].concat()
    }

    /// When the witness signed, in POSIX seconds.
    pub const fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// The Ed25519 signature.
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The signed message for the checkpoint text `text`.
    pub(crate) fn message(&self, text: &str) -> String {
        message(self.timestamp, text)
    }
}

/// Signs checkpoints as a witness.
pub struct CosignatureSigner {
    key: SigningKey,
    verifier: VerifierKey,
}

impl CosignatureSigner {
    /// The signer with the Ed25519 key in `pem`, an unencrypted PKCS#8 private key in PEM, under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed or the PEM is not such a key.
    pub fn from_pkcs8_pem(name: impl Into<String>, pem: &str) -> Result<Self, SigningKeyError> {
        Self::new(name, ed25519_from_pkcs8_pem(pem)?)
    }

    /// The signer with the Ed25519 key whose private half (RFC 8032, section 5.1.5) is `seed`, under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, SigningKeyError> {
        Self::new(name, SigningKey::from_bytes(seed))
    }

    /// The public half of the key.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature line for `checkpoint` at `timestamp`, in POSIX seconds.
    ///
    /// What is signed is the checkpoint as this crate writes it, not the bytes that someone submitted.
    ///
    /// # Errors
    /// When the time is beyond [`Cosignature::MAX_TIMESTAMP`].
    pub fn cosign(
        &self,
        checkpoint: &Checkpoint,
        timestamp: u64,
    ) -> Result<NoteSignature, CosignatureError> {
        if timestamp > Cosignature::MAX_TIMESTAMP {
            return Err(CosignatureError::Timestamp { timestamp });
        }
        let signature = self
            .key
            .sign(message(timestamp, &checkpoint.to_string()).as_bytes())
            .to_bytes();
        let bytes = Cosignature {
            timestamp,
            signature,
        }
        .to_bytes();
        Ok(NoteSignature::new(
            self.verifier.key_name().clone(),
            self.verifier.id(),
            bytes,
        ))
    }

    fn new(name: impl Into<String>, key: SigningKey) -> Result<Self, SigningKeyError> {
        let verifier = VerifierKey::cosignature_v1(name, key.verifying_key().to_bytes())?;
        Ok(Self { key, verifier })
    }
}

/// Why something is not a cosignature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignatureError {
    /// The length is fixed.
    #[error("a cosignature has 72 bytes, not {bytes}")]
    Length {
        /// The length found.
        bytes: usize,
    },
    /// The time fits 63 bits.
    #[error("the time {timestamp} of a cosignature is beyond 2^63 - 1")]
    Timestamp {
        /// The time found, in POSIX seconds.
        timestamp: u64,
    },
}

fn message(timestamp: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {timestamp}\n{text}")
}
