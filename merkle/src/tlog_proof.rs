//! Offline proofs in one file (C2SP tlog-proof).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::Checkpoint;
use crate::checkpoint::CheckpointError;
use crate::decimal::parse_decimal;
use crate::hash::Hash;
use crate::index::LeafIndex;
use crate::key::verifier::VerifierKey;
use crate::note::error::MAX_NOTE_BYTES;
use crate::note::error::NoteError;
use crate::note::signed::SignedNote;
use crate::proof::error::MAX_PROOF_HASHES;
use crate::proof::error::ProofError;
use crate::proof::inclusion::InclusionProof;

/// A proof in one file that a log holds an entry (C2SP tlog-proof):
///
/// ```text
/// c2sp.org/tlog-proof@v1
/// extra <base64>                          at most one
/// index <decimal>
/// <base64 of a hash>                      the leaf's sibling first
/// <empty line>
/// <checkpoint, a signed note>
/// ```
///
/// The checkpoint is kept as it is, with all its signatures. Parsing and `Display` are each other's
/// inverse.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlogProof {
    /// Data of the application. Nothing in the proof vouches for it.
    pub extra: Option<Vec<u8>>,
    /// The position of the entry.
    pub index: LeafIndex,
    /// The inclusion proof.
    pub hashes: Vec<Hash>,
    /// The signed note, with a line feed at its end.
    pub checkpoint: String,
}

impl TlogProof {
    /// The proof in `text`. The checkpoint is taken as it stands: [`verify`](Self::verify) reads
    /// it.
    ///
    /// # Errors
    /// When the text is not such a proof.
    pub fn parse(text: &str) -> Result<Self, TlogProofError> {
        let rest = text.strip_prefix(HEADER).ok_or(TlogProofError::Header)?;
        let (head, checkpoint) = rest
            .split_once("\n\n")
            .ok_or(TlogProofError::NoCheckpoint)?;
        if checkpoint.len() > MAX_NOTE_BYTES || !checkpoint.ends_with('\n') {
            return Err(TlogProofError::NoCheckpoint);
        }
        let mut lines = head.split('\n').peekable();
        let extra = match lines.peek().and_then(|line| line.strip_prefix(EXTRA)) {
            Some(base64) => {
                lines.next();
                Some(STANDARD.decode(base64).map_err(|_| TlogProofError::Extra)?)
            }
            None => None,
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix(INDEX))
            .and_then(parse_decimal);
        let index = LeafIndex::new(index.ok_or(TlogProofError::Index)?);
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == MAX_PROOF_HASHES {
                return Err(TlogProofError::TooManyHashes);
            }
            let hash = STANDARD
                .decode(line)
                .ok()
                .and_then(|hash| Hash::from_slice(&hash));
            hashes.push(hash.ok_or(TlogProofError::Hash)?);
        }
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Checks that a log holds the entry with leaf hash `leaf`, as the checkpoint says that one or
    /// more of `keys` signed, and returns the checkpoint and those keys.
    ///
    /// It is for the caller to see that the origin is the expected one, that the log's own key is
    /// among the signers, and as many witnesses as it wants.
    ///
    /// # Errors
    /// When the checkpoint is malformed or not signed by any of `keys`, or the proof does not lead
    /// to its root.
    pub fn verify<'k>(
        &self,
        leaf: &Hash,
        keys: &'k [VerifierKey],
    ) -> Result<(Checkpoint, Vec<&'k VerifierKey>), TlogProofError> {
        let note = SignedNote::parse(&self.checkpoint)?;
        let signers = note.verify(keys)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let proof = InclusionProof {
            index: self.index,
            size: checkpoint.size,
            hashes: self.hashes.clone(),
        };
        proof.verify(leaf, &checkpoint.root)?;
        Ok((checkpoint, signers))
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        if let Some(extra) = &self.extra {
            writeln!(f, "{EXTRA}{}", STANDARD.encode(extra))?;
        }
        writeln!(f, "{INDEX}{}", self.index)?;
        self.hashes
            .iter()
            .try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why something is not a `tlog-proof`, or proves nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TlogProofError {
    /// The first line names the format and its version.
    #[error("a tlog-proof starts with the line c2sp.org/tlog-proof@v1")]
    Header,
    /// The extra line is standard base64.
    #[error("the extra line of a tlog-proof must be standard base64 with padding")]
    Extra,
    /// The index line is `index` and a decimal number without leading zeros.
    #[error("a tlog-proof must have a line with index and a decimal number below 2^64")]
    Index,
    /// A hash line is standard base64 of 32 bytes.
    #[error("a hash of a tlog-proof must be standard base64 of 32 bytes")]
    Hash,
    /// No tree needs more than [`MAX_PROOF_HASHES`] hashes.
    #[error("a tlog-proof has at most {MAX_PROOF_HASHES} hashes")]
    TooManyHashes,
    /// After an empty line comes the checkpoint, which ends with a line feed and is a note of
    /// allowed length.
    #[error(
        "a tlog-proof must have an empty line and a checkpoint, ended by a line feed, \
         after its hashes"
    )]
    NoCheckpoint,
    /// The note around the checkpoint is malformed or not by the expected keys.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text of the note is not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The inclusion proof does not lead to the checkpoint's root.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

const HEADER: &str = "c2sp.org/tlog-proof@v1\n";
const EXTRA: &str = "extra ";
const INDEX: &str = "index ";
