//! What the runs before say, and what does not fit to it.

use std::collections::BTreeMap;

use crate::files::keep_beside;
use crate::recall::directory::RecallDirectory;
use crate::recall::error::RecallError;
use crate::recall::found::Found;
use crate::recall::report::GoneHit;
use crate::recall::report::ReportTree;
use crate::trust::checkpoint::SignedCheckpoint;

/// What an earlier run found, and which one first.
pub(super) fn known_hits(
    directory: &RecallDirectory,
    run: u32,
) -> Result<BTreeMap<(u64, u64), u32>, RecallError> {
    let mut known = BTreeMap::new();
    for hit in directory.read_hits(run)? {
        let hit = hit?;
        known.extend(hit.place().map(|place| (place, hit.found_in)));
    }
    Ok(known)
}

/// What an earlier run found, and this one did not.
pub(super) fn gone(known: &BTreeMap<(u64, u64), u32>, found: &Found) -> Vec<GoneHit> {
    let places = known.keys();
    let places = places.filter(|place| !found.entries.contains_key(place));
    let gone = places.map(|(tree_id, index)| GoneHit {
        tree_id: tree_id.to_string(),
        index: *index,
    });
    gone.collect()
}

/// The error for a tree that is there no more.
pub(super) fn gone_tree(tree: &ReportTree) -> RecallError {
    RecallError::Contradiction {
        tree_id: tree.tree_id.parse().unwrap_or_default(),
        reason: "the log showed it before and does not now, or signs it with another key"
            .to_owned(),
        evidence: None,
    }
}

/// The error for a head that does not extend the one that was kept.
pub(super) fn contradiction(
    directory: &RecallDirectory,
    tree_id: u64,
    reason: String,
    kept: &SignedCheckpoint,
    seen: &SignedCheckpoint,
) -> RecallError {
    let text = format!("{}\n{}", kept.note, seen.note);
    RecallError::Contradiction {
        tree_id,
        reason,
        evidence: keep_beside(&directory.report_path(), ".conflict", text.as_bytes()).ok(),
    }
}
