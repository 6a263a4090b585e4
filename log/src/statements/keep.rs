//! Keeping a statement beside an entry.

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Amendment;
use ledgerstone_storage::Later;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::appender::queue::Queue;
use crate::clock::Clock;
use crate::error::Fatal;
use crate::error::ReadError;
use crate::late::Wake;
use crate::statements::error::AttachError;
use crate::statements::error::DetachError;
use crate::statements::find::Attached;
use crate::statements::find::Vouching;
use crate::statements::read::stored_record;
use crate::statements::record::Record;
use crate::statements::record::State;
use crate::statements::remove;
use crate::statements::rows::ATTACHED;
use crate::statements::rows::PIECE_BYTES;
use crate::statements::rows::attached_part_key;
use crate::statements::rows::due_key;
use crate::statements::rows::piece_key;
use crate::statements::rows::record_key;
use crate::statements::totals::StatementTotals;
use crate::tree::reader::part_key;

/// How much a log is willing to keep.
#[derive(Clone, Copy, Debug)]
pub struct StatementLimits {
    /// The most bytes of all statements together.
    pub total_bytes: u64,
}

/// What keeps and removes statements, one at a time.
pub(crate) struct Statements {
    store: Store,
    shards: Vec<ShardId>,
    queue: Arc<Queue>,
    wake: Arc<Wake>,
    clock: Arc<dyn Clock>,
}

impl Statements {
    pub(crate) fn new(
        store: Store,
        shards: Vec<ShardId>,
        queue: Arc<Queue>,
        wake: Arc<Wake>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            shards,
            queue,
            wake,
            clock,
        }
    }

    /// Keeps `statement` beside each of `entries`. Blocks on the disk.
    pub(crate) fn keep(
        &self,
        statement: &AttachedStatement,
        entries: Vec<Vouching>,
        limits: StatementLimits,
    ) -> Result<Vec<Attached>, AttachError> {
        let mut kept = Vec::with_capacity(entries.len());
        let mut parts = None;
        for entry in entries {
            let _alone = self.wake.alone();
            match self.known(&entry)? {
                Some(State::Removed) => continue,
                Some(State::Kept) => kept.push(Attached {
                    is_known: true,
                    ..entry.attached
                }),
                Some(State::Expired) | None => {
                    self.must_have_room(statement, limits)?;
                    let parts = parts.get_or_insert_with(|| statement.parts());
                    self.write(statement, &entry, parts)?;
                    kept.push(entry.attached);
                }
            }
        }
        // What was kept is indexed by the thread that does so.
        self.wake.tell();
        match kept.is_empty() {
            true => Err(AttachError::Removed),
            false => Ok(kept),
        }
    }

    /// Removes what the log has of the statement of an entry. Blocks on the disk.
    pub(crate) fn remove(&self, shard: ShardId, index: LeafIndex) -> Result<usize, DetachError> {
        let _alone = self.wake.alone();
        let removed = remove::mark(&self.store, shard, index, self.clock.unix_time());
        self.wake.tell();
        removed
    }

    /// How much is kept.
    pub(crate) fn totals(&self) -> Result<StatementTotals, StorageError> {
        let mut totals = StatementTotals::default();
        for shard in &self.shards {
            totals = totals.and(StatementTotals::read(&self.store, *shard)?);
        }
        Ok(totals)
    }

    /// What has become of the statement of an entry; a document that came with the submission is
    /// kept too.
    fn known(&self, entry: &Vouching) -> Result<Option<State>, ReadError> {
        let (shard, index) = (entry.shard, entry.attached.index);
        if let Some(record) = stored_record(&self.store, shard, index)? {
            return Ok(Some(record.state));
        }
        let Some(hash) = entry.attestation else {
            return Ok(None);
        };
        let document = self.store.attestation(shard, hash.as_bytes())?;
        Ok(document.map(|_| State::Kept))
    }

    fn must_have_room(
        &self,
        statement: &AttachedStatement,
        limits: StatementLimits,
    ) -> Result<(), AttachError> {
        let totals = self.totals().map_err(ReadError::from)?;
        let (bytes, limit) = (totals.bytes, limits.total_bytes);
        match bytes.saturating_add(statement.payload().len() as u64) > limit {
            true => Err(AttachError::Full { bytes, limit }),
            false => Ok(()),
        }
    }

    fn write(
        &self,
        statement: &AttachedStatement,
        entry: &Vouching,
        parts: &[Bytes],
    ) -> Result<(), AttachError> {
        let (store, shard, index) = (&self.store, entry.shard, entry.attached.index);
        // The same is named by what came with the submission, where something did.
        let noted = store.attestation(shard, &part_key(index, 0));
        let parts: &[Bytes] = match noted.map_err(ReadError::from)? {
            Some(_) => &[],
            None => parts,
        };
        let now = self.clock.unix_time();
        let record = Record::of(statement, now, parts.len() as u32);
        let totals = StatementTotals::read(store, shard).map_err(ReadError::from)?;
        let written = self.write_rows(shard, index, statement.payload(), parts);
        written.map_err(|error| self.fail(&error))?;
        let amendment = Amendment {
            keep: vec![
                (record_key(index).to_vec(), record.encode()),
                (due_key(now, index).to_vec(), Bytes::new()),
                totals.with(record.length).row(),
            ],
            later: match parts.is_empty() {
                true => Later::AsBefore,
                false => Later::From(ATTACHED),
            },
            ..Amendment::default()
        };
        // Durable step: until this returns, a crash leaves pieces that nothing leads to. After it
        // the statement is kept, and what it names is indexed, now or by the next start.
        let amended = store.amend(shard, index, &amendment);
        amended.map_err(|error| self.fail(&error))
    }

    /// Writes the document and what it names, a piece and a part at a time.
    fn write_rows(
        &self,
        shard: ShardId,
        index: LeafIndex,
        document: &Bytes,
        parts: &[Bytes],
    ) -> Result<(), StorageError> {
        for (number, piece) in (0..).zip(pieces(document)) {
            let key = piece_key(index, number).to_vec();
            self.store.keep_beside(shard, &[(key, piece)])?;
        }
        for (number, part) in (0..).zip(parts) {
            let key = attached_part_key(index, number).to_vec();
            self.store.keep_beside(shard, &[(key, part.clone())])?;
        }
        Ok(())
    }

    /// Nobody knows what the store holds after a write that failed: the log ends.
    fn fail(&self, error: &StorageError) -> AttachError {
        self.queue.fail(Fatal::Index(error.to_string()));
        AttachError::Stopped
    }
}

fn pieces(document: &Bytes) -> impl Iterator<Item = Bytes> {
    let starts = (0..document.len()).step_by(PIECE_BYTES);
    starts.map(|start| document.slice(start..document.len().min(start + PIECE_BYTES)))
}
