//! Following the heads of one log: each must be signed, be the root of its tiles, and extend the
//! one before.

use std::path::PathBuf;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::ProofError;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::root_from_tiles;

use crate::audit::error::AuditError;
use crate::audit::error::Contradiction;
use crate::files::keep_beside;
use crate::source::fetched_tiles::FetchedTiles;
use crate::source::tiled_log::TiledLog;
use crate::trust::checkpoint::CheckpointFault;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::log::TrustedLog;
use crate::trust::logs::TrustedLogs;

/// A head that holds.
#[derive(Clone, Debug)]
pub struct HeadReport {
    /// The head.
    pub head: SignedCheckpoint,
    /// The head that it extends, from the state file.
    pub previous: Option<Checkpoint>,
}

/// Checks the heads of one log against the one that a state file holds.
#[derive(Debug)]
pub(crate) struct HeadWatch {
    pub(crate) log: TiledLog,
    pub(crate) logs: TrustedLogs,
    /// The state file. Evidence of a contradiction is kept beside it.
    pub(crate) state_path: PathBuf,
}

impl HeadWatch {
    /// Fetches the head, and checks its signature, that its tiles have its root, and that it
    /// extends the head in `kept`.
    pub(crate) async fn check(&self, kept: Option<KeptHead<'_>>) -> Result<HeadReport, AuditError> {
        let kept = kept.map(|kept| self.open_kept(&kept)).transpose()?;
        let note = self.log.checkpoint().await?;
        let seen = match &kept {
            Some(kept) => self.open_next(kept, &note)?,
            None => self.logs.open_tiled_checkpoint(&note)?,
        };
        if let Some(kept) = &kept {
            self.check_order(kept, &seen)?;
        }
        self.check_consistency(kept.as_ref(), &seen).await?;
        Ok(HeadReport {
            head: seen,
            previous: kept.map(|kept| kept.checkpoint),
        })
    }

    /// What was remembered is true under the key that was remembered with it, whichever logs are
    /// named today.
    fn open_kept(&self, kept: &KeptHead<'_>) -> Result<SignedCheckpoint, AuditError> {
        let opened = match kept.key.and_then(only) {
            Some(logs) => logs.open_tiled_checkpoint(kept.note),
            None => self.logs.open_tiled_checkpoint(kept.note),
        };
        opened.map_err(|reason| AuditError::Kept {
            path: self.state_path.clone(),
            reason,
        })
    }

    /// The head in `note`, which must be signed with the key of the one before, and by a log that
    /// is trusted today.
    fn open_next(
        &self,
        kept: &SignedCheckpoint,
        note: &str,
    ) -> Result<SignedCheckpoint, AuditError> {
        let seen = self.logs.open_tiled_checkpoint(note);
        let by_kept_key =
            only(&kept.key).is_some_and(|logs| logs.open_tiled_checkpoint(note).is_ok());
        match seen {
            Ok(seen) if by_kept_key => Ok(seen),
            // The note is readable, but not signed as it was before.
            Ok(_) | Err(CheckpointFault::Note(NoteError::NoKnownKey)) => {
                let claimed = SignedNote::parse(note).map_err(CheckpointFault::from)?;
                let claimed = Checkpoint::parse(claimed.text()).map_err(CheckpointFault::from)?;
                self.check_origin(&kept.checkpoint, &claimed)?;
                match seen {
                    // Signed by the log, but not by any that is named today.
                    Err(fault) if by_kept_key => Err(fault.into()),
                    _ => Err(AuditError::OtherKeys {
                        origin: claimed.origin,
                        kept: Box::new(kept.key.clone()),
                        size: claimed.size,
                        evidence: self.keep_evidence(&kept.note, note),
                    }),
                }
            }
            Err(fault) => Err(fault.into()),
        }
    }

    fn check_origin(&self, kept: &Checkpoint, seen: &Checkpoint) -> Result<(), AuditError> {
        if kept.origin == seen.origin {
            return Ok(());
        }
        Err(AuditError::OtherLog {
            kept: kept.origin.clone(),
            seen: seen.origin.clone(),
        })
    }

    fn check_order(
        &self,
        kept: &SignedCheckpoint,
        seen: &SignedCheckpoint,
    ) -> Result<(), AuditError> {
        let (old, new) = (&kept.checkpoint, &seen.checkpoint);
        self.check_origin(old, new)?;
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
            Err(ProofError::OldRootMismatch { .. }) => {
                Err(self.contradiction(Contradiction::Fork, kept, seen))
            }
            Err(error) => Err(AuditError::Consistency(error)),
        }
    }

    fn contradiction(
        &self,
        kind: Contradiction,
        kept: &SignedCheckpoint,
        seen: &SignedCheckpoint,
    ) -> AuditError {
        AuditError::Contradiction {
            kind,
            kept: Box::new(kept.checkpoint.clone()),
            seen: Box::new(seen.checkpoint.clone()),
            evidence: self.keep_evidence(&kept.note, &seen.note),
        }
    }

    /// Keeps two statements of one log that cannot both be true, beside all that was kept before.
    fn keep_evidence(&self, kept: &str, seen: &str) -> Option<PathBuf> {
        let text = format!("{kept}\n{seen}");
        keep_beside(&self.state_path, ".conflict", text.as_bytes()).ok()
    }
}

/// A head from a state file.
pub(crate) struct KeptHead<'a> {
    /// The signed note.
    pub(crate) note: &'a str,
    /// The key that verified it.
    pub(crate) key: Option<&'a VerifierKey>,
}

/// The log that signs with `key`, and no other.
fn only(key: &VerifierKey) -> Option<TrustedLogs> {
    TrustedLogs::new(vec![TrustedLog::new(key.clone()).ok()?]).ok()
}
