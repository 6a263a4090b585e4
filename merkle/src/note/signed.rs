//! A text with its signatures.

use std::fmt;
use std::str::FromStr;

use crate::key::verifier::VerifierKey;
use crate::note::error::MAX_NOTE_BYTES;
use crate::note::error::MAX_NOTE_SIGNATURES;
use crate::note::error::NoteError;
use crate::note::signature::NoteSignature;
use crate::note::signer::NoteSigner;

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
        let signatures = parse_lines(lines)?;
        Ok(Self { text, signatures })
    }

    /// The note with this text, signed by each of `signers` in their order.
    ///
    /// # Errors
    /// When the text is none that a note can have, there is no signer or too many, or one cannot
    /// sign.
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

    /// Adds those of `lines` that are by one of `keys`, as [`add_signature`](Self::add_signature)
    /// does, and leaves out the others. `lines` are signature lines, each ended by a line feed:
    /// what a witness answers to a checkpoint (C2SP tlog-witness). The text, and the signatures by
    /// all other keys, stay as they are, byte for byte.
    ///
    /// Returns the keys whose signatures were added, each once, in the order of their lines.
    ///
    /// # Errors
    /// When `lines` are not signature lines, none is by one of `keys`, one that is does not verify
    /// over the text of this note, or the note would get beyond the limits. It is then unchanged.
    pub fn add_verified_lines<'k>(
        &mut self,
        lines: &str,
        keys: &'k [VerifierKey],
    ) -> Result<Vec<&'k VerifierKey>, NoteError> {
        if lines.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes: lines.len() });
        }
        let offered = Self {
            text: self.text.clone(),
            signatures: parse_lines(lines)?,
        };
        let signers = offered.verify(keys)?;
        let mut signed = self.clone();
        for signature in offered.signatures {
            if signature.find_key(keys)?.is_some() {
                signed.add_signature(signature)?;
            }
        }
        *self = signed;
        Ok(signers)
    }

    /// What is signed: it ends with a line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order of their lines.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Checks the signatures by any of `keys`, and returns the keys that signed, each once, in the
    /// order of their lines.
    ///
    /// Signatures by other keys are ignored, even if one of name and id is known. Those by a known
    /// key must all verify.
    ///
    /// # Errors
    /// When a signature by one of `keys` does not verify, when none is by one of them, or when two
    /// different keys in `keys` share a name and an id.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = signature.find_key(keys)? else {
                continue;
            };
            if key.verify(&self.text, signature.bytes()).is_err() {
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

/// Signature lines, at least one, each ended by a line feed.
fn parse_lines(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    if lines.is_empty() {
        return Err(NoteError::NoSignatures);
    }
    let lines = lines.strip_suffix('\n').ok_or(NoteError::SignatureLine)?;
    if lines.split('\n').count() > MAX_NOTE_SIGNATURES {
        return Err(NoteError::TooManySignatures);
    }
    lines.split('\n').map(str::parse).collect()
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
