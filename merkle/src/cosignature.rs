//! The wire form of a witness's cosignature (C2SP tlog-cosignature).

/// A witness's cosignature, version 1 (C2SP tlog-cosignature): what stands after the key id in its
/// signature line.
///
/// ```text
/// time (64 bits, big-endian, POSIX seconds) || Ed25519 signature (64 bytes)
/// ```
///
/// It says: at this time, the checkpoint was the largest consistent tree of this origin that the
/// witness had seen.
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
    /// Only its form is checked here; [`VerifierKey::verify`](crate::VerifierKey::verify) checks
    /// the signature.
    ///
    /// # Errors
    /// When the length is wrong or the time is beyond [`MAX_TIMESTAMP`](Self::MAX_TIMESTAMP).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CosignatureError> {
        let wrong_length = CosignatureError::Length { bytes: bytes.len() };
        let (time, signature) = bytes.split_first_chunk().ok_or(wrong_length)?;
        let signature = signature.try_into().map_err(|_| wrong_length)?;
        Self::new(u64::from_be_bytes(*time), signature)
    }

    /// The cosignature that is made of these parts.
    ///
    /// # Errors
    /// When the time is beyond [`MAX_TIMESTAMP`](Self::MAX_TIMESTAMP).
    pub fn new(timestamp: u64, signature: [u8; 64]) -> Result<Self, CosignatureError> {
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

    /// What a witness signs at `timestamp` for the checkpoint text `text`.
    pub(crate) fn message(timestamp: u64, text: &str) -> String {
        format!("cosignature/v1\ntime {timestamp}\n{text}")
    }
}

/// Why something is not a cosignature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
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
