//! A log's answer to a submission, read strictly: everything that proves that an entry is in the
//! log.

use bytes::Bytes;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_PROOF_HASHES;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;

use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::log::TrustedLog;
use crate::trust::logs::TrustedLogs;
use crate::verify::log_entry_error::LogEntryError;
use crate::verify::log_entry_error::LogEntryFault;

/// A `TransparencyLogEntry` whose parts fit together. That they are true is for
/// [`verify`](Self::verify) to say.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    message: TransparencyLogEntry,
    kind: String,
    version: String,
    proof: InclusionProof,
    checkpoint: Checkpoint,
    note: String,
}

impl LogEntry {
    /// Reads `message`: every field that a verifier needs is there, and what is said twice is said
    /// the same way.
    ///
    /// # Errors
    /// [`LogEntryError`] with the rule that it breaks.
    pub fn new(message: TransparencyLogEntry) -> Result<Self, LogEntryError> {
        let missing = |field| move || LogEntryError::Missing(field);
        if message.canonicalized_body.is_empty() {
            return Err(LogEntryError::Missing("canonicalizedBody"));
        }
        let kind = message
            .kind_version
            .clone()
            .ok_or_else(missing("kindVersion"))?;
        let proof = message
            .inclusion_proof
            .clone()
            .ok_or_else(missing("inclusionProof"))?;
        let note = proof
            .checkpoint
            .ok_or_else(missing("inclusionProof.checkpoint"))?
            .envelope;
        let checkpoint = Checkpoint::parse(SignedNote::parse(&note)?.text())?;
        // Rekor v1 counts entries over all its shards but proves them within one.
        if !is_rekor_v1(&kind.kind, &kind.version) && message.log_index != proof.log_index {
            return Err(LogEntryError::TwoIndexes {
                entry: message.log_index,
                proof: proof.log_index,
            });
        }
        let size = TreeSize::new(unsigned("inclusionProof.treeSize", proof.tree_size)?);
        let root = Hash::from_slice(&proof.root_hash)
            .ok_or(LogEntryError::HashLength("inclusionProof.rootHash"))?;
        if size != checkpoint.size {
            return Err(LogEntryError::TwoTrees {
                proof: size,
                checkpoint: checkpoint.size,
            });
        }
        if root != checkpoint.root {
            return Err(LogEntryError::TwoRoots {
                size,
                proof: root,
                checkpoint: checkpoint.root,
            });
        }
        if proof.hashes.len() > MAX_PROOF_HASHES {
            return Err(LogEntryError::ProofLength {
                hashes: proof.hashes.len(),
            });
        }
        let hashes = proof
            .hashes
            .iter()
            .map(|hash| Hash::from_slice(hash))
            .collect::<Option<Vec<_>>>();
        let proof = InclusionProof {
            index: LeafIndex::new(unsigned("inclusionProof.logIndex", proof.log_index)?),
            size,
            hashes: hashes.ok_or(LogEntryError::HashLength("inclusionProof.hashes"))?,
        };
        Ok(Self {
            kind: kind.kind,
            version: kind.version,
            proof,
            checkpoint,
            note,
            message,
        })
    }

    /// The position in the tree of the proof.
    pub fn index(&self) -> LeafIndex {
        self.proof.index
    }

    /// The kind of entry, such as `hashedrekord`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version of the kind, such as `0.0.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What was logged.
    pub fn body(&self) -> &Bytes {
        &self.message.canonicalized_body
    }

    /// The hash of the body as a leaf.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(self.body())
    }

    /// What the log is called by in the entry.
    pub fn log_id(&self) -> &[u8] {
        self.message
            .log_id
            .as_ref()
            .map(|id| id.key_id.as_ref())
            .unwrap_or_default()
    }

    /// The inclusion proof, into the tree of the checkpoint.
    pub fn proof(&self) -> &InclusionProof {
        &self.proof
    }

    /// The checkpoint that came with the entry, not verified.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed note that holds the checkpoint.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The message, as it goes into a bundle.
    pub fn message(&self) -> &TransparencyLogEntry {
        &self.message
    }

    /// Checks that the body is in the tree that the checkpoint describes.
    ///
    /// # Errors
    /// When the proof does not lead from the body to the root of the checkpoint.
    pub fn verify_inclusion(&self) -> Result<(), LogEntryFault> {
        self.proof
            .verify(&self.leaf_hash(), &self.checkpoint.root)
            .map_err(LogEntryFault::Inclusion)
    }

    /// Whether the entry is of a kind of Rekor v1, whose checkpoints have other origins (rekor-v1,
    /// section 3).
    pub fn is_rekor_v1(&self) -> bool {
        is_rekor_v1(&self.kind, &self.version)
    }

    /// Checks that the body is in a tree that one of `logs` signed, and that the entry names that
    /// log.
    ///
    /// # Errors
    /// With the first of these that does not hold.
    pub fn verify(&self, logs: &TrustedLogs) -> Result<SignedCheckpoint, LogEntryFault> {
        self.verify_inclusion()?;
        let log = find_log(logs, self.log_id())?;
        if self.is_rekor_v1() {
            return Ok(log.open_rekor_v1_checkpoint(&self.note)?);
        }
        let only_that_log = TrustedLogs::new(vec![log.clone()]).expect("one log");
        Ok(only_that_log.open_checkpoint(&self.note)?)
    }
}

/// The log among `logs` that an entry names as `log_id`.
pub(crate) fn find_log<'l>(
    logs: &'l TrustedLogs,
    log_id: &[u8],
) -> Result<&'l TrustedLog, LogEntryFault> {
    logs.find(log_id).ok_or_else(|| LogEntryFault::UnknownLog {
        log_id: hex::encode(log_id),
    })
}

/// Whether entries of this kind are those of Rekor v1: all but the two that v2 has.
pub(crate) fn is_rekor_v1(kind: &str, version: &str) -> bool {
    !matches!((kind, version), ("hashedrekord" | "dsse", "0.0.2"))
}

fn unsigned(field: &'static str, value: i64) -> Result<u64, LogEntryError> {
    u64::try_from(value).map_err(|_| LogEntryError::Negative { field, value })
}
