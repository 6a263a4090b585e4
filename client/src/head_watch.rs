//! Following the heads of one log: each must be signed, be the root of its tiles, and extend the one before.

use std::path::Path;
use std::path::PathBuf;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::VerifyError;
use ledgerstone_merkle::root_from_tiles;

use crate::audit::AuditError;
use crate::audit::Contradiction;
use crate::audit::HeadReport;
use crate::audit_state::replace_file;
use crate::tiled_log::FetchedTiles;
use crate::tiled_log::TiledLog;
use crate::trusted_log::SignedCheckpoint;
use crate::trusted_log::TrustedLogs;

/// Checks the heads of one log against the one that a state file holds.
#[derive(Debug)]
pub(crate) struct HeadWatch {
    pub(crate) log: TiledLog,
    pub(crate) logs: TrustedLogs,
    /// Whose state it is: evidence of a contradiction goes beside it.
    pub(crate) state_path: PathBuf,
}

impl HeadWatch {
    /// Fetches the head, and checks its signature, that its tiles have its root, and that it extends the head in `kept`,
    /// a signed note.
    pub(crate) async fn check(&self, kept: Option<&str>) -> Result<HeadReport, AuditError> {
        let kept = kept.map(|note| self.open_kept(note)).transpose()?;
        let seen = self.logs.open_checkpoint(&self.log.checkpoint().await?)?;
        if let Some(kept) = &kept {
            self.check_order(kept, &seen)?;
        }
        self.check_consistency(kept.as_ref(), &seen).await?;
        Ok(HeadReport {
            head: seen,
            previous: kept.map(|kept| kept.checkpoint),
        })
    }

    fn open_kept(&self, note: &str) -> Result<SignedCheckpoint, AuditError> {
        self.logs
            .open_checkpoint(note)
            .map_err(|reason| AuditError::Kept {
                path: self.state_path.clone(),
                reason,
            })
    }

    fn check_order(
        &self,
        kept: &SignedCheckpoint,
        seen: &SignedCheckpoint,
    ) -> Result<(), AuditError> {
        let (old, new) = (&kept.checkpoint, &seen.checkpoint);
        if old.origin != new.origin {
            return Err(AuditError::OtherLog {
                kept: old.origin.clone(),
                seen: new.origin.clone(),
            });
        }
        if new.size < old.size {
            return Err(self.contradiction(Contradiction::Shrunk, kept, seen));
        }
        if new.size == old.size && new.root != old.root {
            return Err(self.contradiction(Contradiction::TwoRoots, kept, seen));
        }
        Ok(())
    }

    async fn check_consistency(
        &self,
        kept: Option<&SignedCheckpoint>,
        seen: &SignedCheckpoint,
    ) -> Result<(), AuditError> {
        let mut tiles = FetchedTiles::default();
        let head = &seen.checkpoint;
        let computed = self
            .log
            .compute(&mut tiles, |tiles| root_from_tiles(tiles, head.size))
            .await?;
        if computed != head.root {
            return Err(AuditError::Root {
                size: head.size,
                signed: head.root,
                computed,
            });
        }
        let Some(kept) = kept else {
            return Ok(());
        };
        let old = &kept.checkpoint;
        let proof = self
            .log
            .compute(&mut tiles, |tiles| {
                ConsistencyProof::from_tiles(tiles, old.size, head.size)
            })
            .await?;
        match proof.verify(&old.root, &head.root) {
            Ok(()) => Ok(()),
            Err(VerifyError::OldRootMismatch { .. }) => {
                Err(self.contradiction(Contradiction::Fork, kept, seen))
            }
            Err(error) => Err(AuditError::Consistency(error)),
        }
    }

    /// Keeps the evidence: two statements that one log signed and that cannot both be true.
    fn contradiction(
        &self,
        kind: Contradiction,
        kept: &SignedCheckpoint,
        seen: &SignedCheckpoint,
    ) -> AuditError {
        let evidence = conflict_path(&self.state_path);
        let text = format!("{}\n{}", kept.note, seen.note);
        let saved = replace_file(&evidence, text.as_bytes());
        AuditError::Contradiction {
            kind,
            kept: Box::new(kept.checkpoint.clone()),
            seen: Box::new(seen.checkpoint.clone()),
            evidence: saved.is_ok().then_some(evidence),
        }
    }
}

fn conflict_path(state: &Path) -> PathBuf {
    let mut name = state.file_name().unwrap_or_default().to_owned();
    name.push(".conflict");
    state.with_file_name(name)
}
