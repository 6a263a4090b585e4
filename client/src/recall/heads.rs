//! The signed heads of a report: each extends the one before.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::NoteError;

use crate::recall::error::RecallError;
use crate::recall::report::ReportTree;
use crate::trust::checkpoint::CheckpointFault;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;

/// The checkpoint of the tree `tree_id`, as one of `logs` signed it: for readers of tiles, or for
/// clients of Rekor v1.
pub(crate) fn open(
    note: &str,
    tree_id: u64,
    logs: &TrustedLogs,
) -> Result<SignedCheckpoint, CheckpointFault> {
    match logs.open_checkpoint(note) {
        Err(CheckpointFault::Origin { .. } | CheckpointFault::Note(NoteError::NoKnownKey)) => {
            logs.open_rekor_v1_checkpoint(note, tree_id)
        }
        opened => opened,
    }
}

/// The number of the tree.
pub(crate) fn tree_id(tree: &ReportTree) -> Result<u64, RecallError> {
    let number = tree.tree_id.parse();
    number.map_err(|_| untrue(format!("{:?} is no number of a tree", tree.tree_id)))
}

/// Checks all heads of a tree, and returns the last one.
pub(crate) fn check(
    tree: &ReportTree,
    logs: &TrustedLogs,
) -> Result<SignedCheckpoint, RecallError> {
    let number = tree_id(tree)?;
    let mut last: Option<SignedCheckpoint> = None;
    for head in &tree.heads {
        let opened = open(&head.checkpoint, number, logs);
        let opened = opened.map_err(|fault| untrue(format!("tree {number}: {fault}")))?;
        if opened.checkpoint.size.get() != head.size {
            let size = opened.checkpoint.size;
            return Err(untrue(format!(
                "tree {number}: a head of {} entries is signed over {size}",
                head.size
            )));
        }
        if let Some(before) = &last {
            extends(
                number,
                &before.checkpoint,
                &opened.checkpoint,
                &head.consistency,
            )?;
        }
        last = Some(opened);
    }
    last.ok_or_else(|| untrue(format!("tree {number} has no head")))
}

fn extends(
    tree_id: u64,
    old: &Checkpoint,
    new: &Checkpoint,
    hashes: &[String],
) -> Result<(), RecallError> {
    let hashes = read_hashes(hashes);
    let hashes = hashes.ok_or_else(|| untrue(format!("tree {tree_id}: a hash is none")))?;
    if old.origin != new.origin {
        return Err(untrue(format!("tree {tree_id}: its heads are of two logs")));
    }
    let proof = ConsistencyProof {
        old: old.size,
        new: new.size,
        hashes,
    };
    let proven = proof.verify(&old.root, &new.root);
    proven.map_err(|error| {
        untrue(format!(
            "tree {tree_id}: the head of {} entries does not extend that of {}: {error}",
            new.size, old.size
        ))
    })
}

/// Hashes in hexadecimal; `None` where one is none.
pub(crate) fn read_hashes(texts: &[String]) -> Option<Vec<Hash>> {
    let read = |text: &String| Hash::from_slice(&hex::decode(text).ok()?);
    texts.iter().map(read).collect()
}

pub(crate) fn untrue(what: String) -> RecallError {
    RecallError::Untrue(what)
}
