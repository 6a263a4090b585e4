//! The limits of notes, and why something is no signed note.

use crate::key::error::VerifierKeyError;
use crate::key::id::KeyId;
use crate::key::name::KeyName;
use crate::note::signer::SignError;

/// The size in bytes of the largest note that is read: room for a hundred signatures of the largest
/// kind.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// The number of signatures on a note that are read: as many as Go's note package reads.
pub const MAX_NOTE_SIGNATURES: usize = 100;

/// Why something is not a signed note, or not one by the expected keys.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoteError {
    /// A note is not longer than [`MAX_NOTE_BYTES`].
    #[error("a note has at most {MAX_NOTE_BYTES} bytes, not {bytes}")]
    TooLong {
        /// The length found.
        bytes: usize,
    },
    /// A note is UTF-8 without ASCII control characters other than the line feed.
    #[error("a note must be UTF-8 without control characters other than the line feed")]
    NotText,
    /// The text of a note ends with a line feed.
    #[error("the text of a note must end with a line feed")]
    NotTerminated,
    /// After the text come an empty line and at least one signature.
    #[error("a note needs an empty line and at least one signature after its text")]
    NoSignatures,
    /// A note has at most [`MAX_NOTE_SIGNATURES`] signatures.
    #[error("a note has at most {MAX_NOTE_SIGNATURES} signatures")]
    TooManySignatures,
    /// A signature line is an em dash, a name and standard base64 of 4 bytes id and a signature,
    /// and ends with a line feed.
    #[error(
        "a signature line must be an em dash, a key name and base64, each after one space, \
         and end with a line feed"
    )]
    SignatureLine,
    /// The name in a signature line is not allowed.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// A signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No signature is by a known key.
    #[error("no signature on the note is by a known key")]
    NoKnownKey,
    /// A signature by a known key does not verify.
    #[error("the signature by {name}+{id} does not verify")]
    InvalidSignature {
        /// The name of the key.
        name: KeyName,
        /// The id of the key.
        id: KeyId,
    },
    /// Two different known keys have the same name and id.
    #[error("two known keys are called {name}+{id}, remove one")]
    AmbiguousKey {
        /// The name of the keys.
        name: KeyName,
        /// The id of the keys.
        id: KeyId,
    },
}
