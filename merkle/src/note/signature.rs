//! The signature lines of notes.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::id::KeyId;
use crate::key::name::KeyName;
use crate::key::verifier::VerifierKey;
use crate::note::error::NoteError;

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

    /// Name and id: what the key is known by.
    pub(crate) const fn key(&self) -> (&KeyName, KeyId) {
        (&self.name, self.id)
    }

    /// The key among `keys` with this name and id.
    pub(crate) fn find_key<'k>(
        &self,
        keys: &'k [VerifierKey],
    ) -> Result<Option<&'k VerifierKey>, NoteError> {
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
    pub(crate) fn line_length(&self) -> usize {
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

/// An em dash and a space.
const LINE_PREFIX: &str = "\u{2014} ";
