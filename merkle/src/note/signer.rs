//! What signs notes: a trait, so that a key may lie anywhere.

use crate::key::verifier::VerifierKey;

/// Signs notes with one key.
pub trait NoteSigner: Send + Sync {
    /// The public half of the key.
    fn verifier(&self) -> &VerifierKey;

    /// This key's signature over the note text `text`, without the key id.
    ///
    /// # Errors
    /// When the key cannot be used now.
    fn sign(&self, text: &str) -> Result<Vec<u8>, SignError>;
}

/// A signer could not sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key could not sign")]
pub struct SignError;
