use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::KeyError;
use crate::key::KeyId;
use crate::key::KeyName;
use crate::key::VerifierKey;
use crate::signer::NoteSigner;
use crate::signer::SignError;

/// The size in bytes of the largest note that is read: room for a hundred signatures of the largest kind.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// The number of signatures on a note that are read: as many as Go's note package reads.
pub const MAX_NOTE_SIGNATURES: usize = 100;

/// A text with signatures (C2SP signed-note):
///
/// ```text
/// <text, which ends with a line feed>
/// <empty line>
/// — <key name> <base64 of key id and signature>        one line or more
/// ```
///
/// Reading one checks its form, not its signatures: see [`verify`](Self::verify).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// The note in `bytes`.
    ///
    /// # Errors
    /// When the bytes are not a note, or one beyond the limits.
    pub fn parse(bytes: impl AsRef<[u8]>) -> Result<Self, NoteError> {
        let bytes = bytes.as_ref();
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes: bytes.len() });
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        // The text may hold empty lines of its own.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let text = check_text(format!("{text}\n"))?;
        if lines.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        let lines = lines.strip_suffix('\n').ok_or(NoteError::SignatureLine)?;
        if lines.split('\n').count() > MAX_NOTE_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let signatures = lines
            .split('\n')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { text, signatures })
    }

    /// The note with this text, signed by each of `signers` in their order.
    ///
    /// # Errors
    /// When the text is none that a note can have, there is no signer or too many, or one cannot sign.
    pub fn sign(text: impl Into<String>, signers: &[&dyn NoteSigner]) -> Result<Self, NoteError> {
        if signers.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        let mut note = Self {
            text: check_text(text.into())?,
            signatures: Vec::with_capacity(signers.len()),
        };
        for signer in signers {
            let bytes = signer.sign(&note.text)?;
            let key = signer.verifier();
            note.add_signature(NoteSignature::new(key.key_name().clone(), key.id(), bytes))?;
        }
        Ok(note)
    }

    /// Adds a signature after the others, or in the place of the one by the same key.
    ///
    /// # Errors
    /// When the note has as many signatures as are read, or would get longer than is read.
    pub fn add_signature(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        let bytes = self.text.len()
            + self
                .signatures
                .iter()
                .map(NoteSignature::line_length)
                .sum::<usize>();
        let bytes = bytes + signature.line_length() + 1;
        if bytes > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes });
        }
        if let Some(same_key) = self
            .signatures
            .iter_mut()
            .find(|other| other.key() == signature.key())
        {
            *same_key = signature;
            return Ok(());
        }
        if self.signatures.len() == MAX_NOTE_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// What is signed: it ends with a line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order of their lines.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Checks the signatures by any of `keys`, and returns the keys that signed, each once, in the order of their lines.
    ///
    /// Signatures by other keys are ignored, even if one of name and id is known. Those by a known key must all verify.
    ///
    /// # Errors
    /// When a signature by one of `keys` does not verify, when none is by one of them, or when two different keys in `keys`
    /// share a name and an id.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = signature.find_key(keys)? else {
                continue;
            };
            if key.verify(&self.text, &signature.bytes).is_err() {
                return Err(NoteError::InvalidSignature {
                    name: key.key_name().clone(),
                    id: key.id(),
                });
            }
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() {
            return Err(NoteError::NoKnownKey);
        }
        Ok(signers)
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, Self::Err> {
        Self::parse(note)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// One signature of a note. As text it is the signature line without its line feed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoteSignature {
    name: KeyName,
    id: KeyId,
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// The signature `bytes` by the key with this name and id.
    pub const fn new(name: KeyName, id: KeyId, bytes: Vec<u8>) -> Self {
        Self { name, id, bytes }
    }

    /// The name of the key.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The signature without the key id before it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    const fn key(&self) -> (&KeyName, KeyId) {
        (&self.name, self.id)
    }

    /// The key among `keys` with this name and id.
    fn find_key<'k>(&self, keys: &'k [VerifierKey]) -> Result<Option<&'k VerifierKey>, NoteError> {
        let mut known = keys
            .iter()
            .filter(|key| (key.key_name(), key.id()) == self.key());
        let first = known.next();
        if known.any(|other| Some(other) != first) {
            return Err(NoteError::AmbiguousKey {
                name: self.name.clone(),
                id: self.id,
            });
        }
        Ok(first)
    }

    /// The length of the signature line in bytes, with its line feed.
    fn line_length(&self) -> usize {
        let base64 = (KeyId::LENGTH + self.bytes.len()).div_ceil(3) * 4;
        LINE_PREFIX.len() + self.name.as_str().len() + 1 + base64 + 1
    }
}

impl FromStr for NoteSignature {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let line = line
            .strip_prefix(LINE_PREFIX)
            .ok_or(NoteError::SignatureLine)?;
        let (name, base64) = line.split_once(' ').ok_or(NoteError::SignatureLine)?;
        let blob = STANDARD
            .decode(base64)
            .map_err(|_| NoteError::SignatureLine)?;
        let (id, bytes) = blob.split_first_chunk().ok_or(NoteError::SignatureLine)?;
        if bytes.is_empty() {
            return Err(NoteError::SignatureLine);
        }
        Ok(Self {
            name: KeyName::new(name)?,
            id: KeyId::new(*id),
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.id.as_bytes(), &self.bytes[..]].concat();
        write!(f, "{LINE_PREFIX}{} {}", self.name, STANDARD.encode(blob))
    }
}

/// Why something is not a signed note, or not one by the expected keys.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
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
    /// A signature line is an em dash, a name and standard base64 of 4 bytes id and a signature, and ends with a line feed.
    #[error(
        "a signature line must be an em dash, a key name and base64, each after one space, and end with a line feed"
    )]
    SignatureLine,
    /// The name in a signature line is not allowed.
    #[error(transparent)]
    Key(#[from] KeyError),
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

fn check_text(text: String) -> Result<String, NoteError> {
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::NotText);
    }
    if !text.ends_with('\n') {
        return Err(NoteError::NotTerminated);
    }
    Ok(text)
}

/// An em dash and a space.
const LINE_PREFIX: &str = "\u{2014} ";
