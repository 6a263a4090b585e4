//! Rebuilding the search index from what the log holds.
//!
//! Each shard takes two passes. The first goes over the entries and adds what they name and the
//! index lacks: entries that are appended meanwhile bring their keys themselves. The second goes
//! over the index and removes rows that lead behind the end of the tree, or to entries that do not
//! name the key. A row that may be right is never removed: what a submission brought and the log
//! does not hold cannot be made again ([`Claim::Submitted`]).
//!
//! A rebuild writes rows of the index and its own progress, nothing else, in small batches that may
//! come between any two rounds ([`Store::correct`]). It may end at any moment, and goes on where
//! its last batch was.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::ControlFlow;

use bytes::Bytes;
use ledgerstone_entry::Claim;
use ledgerstone_entry::IndexKeys;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::Correction;
use ledgerstone_storage::Damage;
use ledgerstone_storage::INDEX_GENERATION;
use ledgerstone_storage::MAX_CORRECTION_ROWS;
use ledgerstone_storage::SearchRow;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredName;
use thiserror::Error;

use crate::error::ReadError;
use crate::reindex::progress::Position;
use crate::reindex::progress::ReindexProgress;
use crate::statements::read::stored_record;
use crate::statements::record::State;
use crate::statements::rows::attached_part_key;
use crate::submission::stored_key;
use crate::submission::stored_names;
use crate::tree::reader::part_key;

/// How many entries one step reads at most.
const STEP_ENTRIES: usize = 256;

/// How many entries are looked up at a time. A statement of one entry may name thousands of
/// artifacts.
const LOOKUP_ENTRIES: usize = 16;

/// How many bytes of bodies one step reads, but at least one body.
const STEP_BYTES: usize = 4 << 20;

/// How many rows of the index one step reads at most.
const STEP_ROWS: usize = 1_024;

/// How many rows wait at most until they are written: a round may have to wait for that write.
const BATCH_ROWS: usize = 2_048;

/// How many texts are remembered, so that those of many entries are written once.
const REMEMBERED_NAMES: usize = 65_536;

/// After how many steps the progress is written, where there is nothing else to write: each write
/// is a sync of the disk.
const BATCH_STEPS: u32 = 16;

/// A rebuild of the search index of all shards of a store. All calls block on the disk.
///
/// There is one at a time: two would count each other's work, though they would do no harm.
pub struct Reindex {
    store: Store,
    shards: Vec<ShardId>,
    progress: ReindexProgress,
    /// What was decided and is not written yet.
    batch: Correction,
    /// Texts that this rebuild has kept, in the shard that it is at.
    names: HashSet<StoredName>,
    steps: u32,
}

/// Why an index could not be rebuilt. What was written stays, and a rebuild that is started again
/// goes on from there.
#[derive(Debug, Error)]
pub enum ReindexError {
    /// There is nothing to rebuild an index of.
    #[error("the store holds no log")]
    NoLog,
    /// The store cannot be read, or lacks what its head covers. The log itself may go on.
    #[error("the search index cannot be rebuilt: {0}")]
    Read(#[from] ReadError),
    /// The store could not be written: what it holds is uncertain until it is opened and verified
    /// anew.
    #[error("the search index cannot be written: {0}")]
    Write(#[source] StorageError),
    /// What is stored at an index is not what was logged there. Nothing may be concluded from it.
    #[error(
        "entry {index} of shard {shard} is not the one that was logged there, or the leaf index is \
         damaged: see what \
         `ledgerstone fsck` finds"
    )]
    NotLogged {
        /// The shard.
        shard: ShardId,
        /// Where the entry is.
        index: LeafIndex,
    },
    /// The index cannot be written where the log is only read.
    #[error("the log is only read here: rebuild its index where it is written")]
    ReadOnly,
    /// A defect of the rebuild itself.
    #[error("the rebuild of the search index panicked")]
    Panicked,
    /// No thread could be started for it.
    #[error("the rebuild of the search index could not be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl From<StorageError> for ReindexError {
    fn from(error: StorageError) -> Self {
        Self::Read(error.into())
    }
}

impl Reindex {
    /// Whether a rebuild was begun in `store` and did not end.
    ///
    /// # Errors
    /// [`ReindexError::Read`] when the store cannot be read.
    pub fn is_pending(store: &Store) -> Result<bool, ReindexError> {
        Ok(store.reindex_progress()?.is_some())
    }

    /// Whether the index of `store` lacks what this version finds entries by: a rebuild did not
    /// end, or was never begun.
    ///
    /// # Errors
    /// [`ReindexError::Read`] when the store cannot be read.
    pub fn is_due(store: &Store) -> Result<bool, ReindexError> {
        Ok(Self::is_pending(store)? || store.index_generation()? != INDEX_GENERATION)
    }

    /// Begins a rebuild, or goes on with the one that did not end. From here on it is pending until
    /// it is complete.
    ///
    /// # Errors
    /// [`ReindexError::NoLog`] when the store has no shard; [`ReindexError::Read`] or
    /// [`ReindexError::Write`] when the store fails.
    pub fn open(store: Store) -> Result<Self, ReindexError> {
        let shards = store.shards()?;
        let first = *shards.first().ok_or(ReindexError::NoLog)?;
        let stored = store.reindex_progress()?;
        let stored = stored.and_then(|bytes| ReindexProgress::decode(&bytes));
        // A version that finds entries by other keys begins anew, and so does one that cannot read
        // what is there.
        let stored = stored.filter(|progress| shards.contains(&progress.shard));
        let progress = match stored {
            Some(progress) => ReindexProgress {
                resumed: true,
                ..progress
            },
            None => ReindexProgress::start(first, size(&store, first)?),
        };
        let mut reindex = Self {
            store,
            shards,
            progress,
            batch: empty_batch(),
            names: HashSet::new(),
            steps: 0,
        };
        reindex.count()?;
        reindex.save()?;
        Ok(reindex)
    }

    /// How far it is. What was counted since the last write counts again after an interruption.
    pub fn progress(&self) -> &ReindexProgress {
        &self.progress
    }

    /// Does a little, and tells whether there is more to do.
    ///
    /// # Errors
    /// [`ReindexError::Read`] when an entry is missing or the store cannot be read;
    /// [`ReindexError::NotLogged`] when an entry is not what it was; [`ReindexError::Write`] when
    /// the store cannot be written, and then no step will succeed until the store was opened again.
    pub fn step(&mut self) -> Result<bool, ReindexError> {
        if self.progress.is_complete {
            return Ok(false);
        }
        match self.progress.position {
            Position::Entries { next, end } if next < end => self.entries(next, end)?,
            Position::Entries { .. } => {
                self.progress.position = Position::Rows { after: None };
                // What was added is looked at as well.
                self.save()?;
            }
            Position::Rows { after } => self.rows(after)?,
        }
        self.steps += 1;
        if self.progress.is_complete || self.steps >= BATCH_STEPS {
            self.save()?;
        }
        Ok(!self.progress.is_complete)
    }

    /// Writes what was decided, and the progress.
    ///
    /// # Errors
    /// [`ReindexError::Write`] when the store fails.
    pub fn save(&mut self) -> Result<(), ReindexError> {
        self.batch.progress = (!self.progress.is_complete).then(|| self.progress.encode());
        // Durable step: until this returns, a crash leaves the index as it was before the batch,
        // and the progress as well. After it, a crash leaves both as they are now.
        let written = self.store.correct(self.progress.shard, &self.batch);
        written.map_err(ReindexError::Write)?;
        self.batch = empty_batch();
        self.steps = 0;
        if self.progress.is_complete && self.store.index_generation()? != INDEX_GENERATION {
            let set = self.store.set_index_generation(INDEX_GENERATION);
            set.map_err(ReindexError::Write)?;
        }
        Ok(())
    }

    /// The first pass: adds what the next entries name and the index lacks.
    fn entries(&mut self, next: u64, end: u64) -> Result<(), ReindexError> {
        let shard = self.progress.shard;
        let mut bodies: Vec<(LeafIndex, Bytes)> = Vec::with_capacity(STEP_ENTRIES);
        let mut bytes = 0;
        // As a scan to the end: those do not displace what readers have in the cache.
        self.store
            .visit_entries(shard, next..end, &mut |index, entry| {
                bytes += entry.body.len();
                bodies.push((index, entry.body));
                if bodies.len() < STEP_ENTRIES && bytes < STEP_BYTES {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
        if bodies.is_empty() {
            return Err(ReadError::MissingEntry(LeafIndex::new(next)).into());
        }
        for bodies in bodies.chunks(LOOKUP_ENTRIES) {
            let mut rows = Vec::new();
            for (index, body) in bodies {
                let keys = self.keys_of(*index, body)?;
                let known = keys.named().iter().chain(keys.submitted());
                rows.extend(known.map(|key| SearchRow {
                    key: stored_key(key),
                    index: *index,
                }));
                self.keep_names(keys.names())?;
            }
            let present = self.store.has_search_rows(shard, &rows)?;
            if present.contains(&false) {
                self.must_be_logged(shard, bodies)?;
            }
            for (row, _) in rows.iter().zip(present).filter(|(_, present)| !present) {
                self.make_room()?;
                self.batch.add.push(*row);
                self.progress.added += 1;
            }
            let looked_at = bodies.len() as u64;
            self.progress.entries += looked_at;
            self.progress.position.advance(looked_at);
        }
        Ok(())
    }

    /// The second pass: removes those of the next rows that are wrong. At the end of the rows comes
    /// the next shard.
    fn rows(&mut self, after: Option<SearchRow>) -> Result<(), ReindexError> {
        let shard = self.progress.shard;
        let rows = self.store.search_rows(shard, after, STEP_ROWS)?;
        // Behind the rows: it counts the entries of each round that brought one of them. Entries
        // that come later may make a row true that leads behind the end now, which the store heeds
        // when it removes them.
        let seen = size(&self.store, shard)?;
        if rows.is_empty() {
            return self.next_shard();
        }
        let claims = self.claims(shard, &rows, seen)?;
        for row in &rows {
            let claim = claims.get(row).copied();
            // Without a claim it leads behind the end.
            match claim.unwrap_or(Claim::False) {
                Claim::Shown => {}
                Claim::Submitted | Claim::Unreadable => self.progress.kept += 1,
                Claim::False => {
                    self.make_room()?;
                    self.batch.seen = match self.batch.remove.is_empty() {
                        true => seen,
                        false => self.batch.seen.min(seen),
                    };
                    self.batch.remove.push(*row);
                    self.progress.removed += 1;
                }
            }
            self.progress.rows += 1;
            self.progress.position = Position::Rows { after: Some(*row) };
        }
        Ok(())
    }

    /// What each of `rows` comes to that leads to an entry below `seen`. Reads each entry once, in
    /// order.
    fn claims(
        &self,
        shard: ShardId,
        rows: &[SearchRow],
        seen: TreeSize,
    ) -> Result<HashMap<SearchRow, Claim>, ReindexError> {
        let mut inside: Vec<SearchRow> = rows.to_vec();
        inside.retain(|row| row.index.is_in(seen));
        inside.sort_unstable_by_key(|row| row.index);
        let mut claims = HashMap::with_capacity(inside.len());
        for rows in inside.chunk_by(|one, next| one.index == next.index) {
            let index = rows[0].index;
            let body = self.body(shard, index)?;
            let keys = self.keys_of(index, &body)?;
            let of_entry = rows
                .iter()
                .map(|row| keys.claim(row.key.kind, row.key.hash));
            let of_entry: Vec<Claim> = of_entry.collect();
            if of_entry.contains(&Claim::False) {
                self.must_be_logged(shard, &[(index, body)])?;
            }
            claims.extend(rows.iter().copied().zip(of_entry));
        }
        Ok(claims)
    }

    /// The body of one entry, read as the first of a long scan: entries at random must not displace
    /// what readers have in the cache.
    fn body(&self, shard: ShardId, index: LeafIndex) -> Result<Bytes, ReindexError> {
        let mut body = None;
        let all = index.get()..u64::MAX;
        self.store.visit_entries(shard, all, &mut |_, entry| {
            body = Some(entry.body);
            ControlFlow::Break(())
        })?;
        body.ok_or_else(|| ReadError::MissingEntry(index).into())
    }

    /// Looks bodies up by their leaf hash before the index is changed because of them: what a
    /// damaged body does not name would be gone for good. Of a leaf that a copied tree holds more
    /// than once, the leaf index has the last one.
    fn must_be_logged(
        &self,
        shard: ShardId,
        bodies: &[(LeafIndex, Bytes)],
    ) -> Result<(), ReindexError> {
        let hashes: Vec<Hash> = bodies.iter().map(|(_, body)| leaf_hash(body)).collect();
        let found = self.store.indexes_of(shard, &hashes)?;
        for ((index, _), found) in bodies.iter().zip(found) {
            if found.is_none_or(|found| found < *index) {
                let index = *index;
                return Err(ReindexError::NotLogged { shard, index });
            }
        }
        Ok(())
    }

    fn keys_of(&self, index: LeafIndex, body: &[u8]) -> Result<IndexKeys, StorageError> {
        let shard = self.progress.shard;
        let record = stored_record(&self.store, shard, index)?;
        if record
            .as_ref()
            .is_some_and(|record| record.state == State::Removed)
        {
            return Ok(IndexKeys::of(body, |_| Ok::<_, StorageError>(None))?.with_removed());
        }
        let keys = IndexKeys::of(body, |hash| self.store.attestation(shard, hash.as_bytes()))?;
        if let Some(record) = record {
            let mut parts = Vec::new();
            for number in 0..record.parts {
                let key = attached_part_key(index, number);
                parts.extend(self.store.attestation(shard, &key)?);
            }
            if !parts.is_empty() {
                return Ok(keys.with_attached(&parts));
            }
        }
        if !keys.wants_parts() {
            return Ok(keys);
        }
        let mut parts = Vec::new();
        let mut number = 0;
        while let Some(part) = self.store.attestation(shard, &part_key(index, number))? {
            parts.push(part);
            number += 1;
        }
        Ok(keys.with_parts(&parts))
    }

    /// Keeps the texts of an entry that were not kept by this rebuild yet. It costs nothing to keep
    /// one twice.
    fn keep_names(&mut self, names: &[(SearchKeyKind, String)]) -> Result<(), ReindexError> {
        for name in stored_names(names.iter().cloned()) {
            if self.names.len() >= REMEMBERED_NAMES {
                self.names.clear();
            }
            if self.names.insert(name.clone()) {
                self.make_room()?;
                self.batch.names.push(name);
            }
        }
        Ok(())
    }

    /// Goes on with the shard behind this one, or is complete.
    fn next_shard(&mut self) -> Result<(), ReindexError> {
        // The batch is of one shard.
        let shard = self.progress.shard;
        let next = self.shards.iter().find(|other| **other > shard).copied();
        let Some(next) = next else {
            self.progress.is_complete = true;
            return Ok(());
        };
        let end = size(&self.store, next)?;
        self.save()?;
        self.names.clear();
        self.progress.shard = next;
        self.progress.position = Position::Entries {
            next: 0,
            end: end.get(),
        };
        self.count()?;
        Ok(())
    }

    /// Writes the batch when it is full. It may be ahead of the progress: what was added is found
    /// there the next time, and what was removed is not.
    fn make_room(&mut self) -> Result<(), ReindexError> {
        const { assert!(BATCH_ROWS < MAX_CORRECTION_ROWS) };
        let batch = &self.batch;
        if batch.add.len() + batch.remove.len() + batch.names.len() >= BATCH_ROWS {
            self.save()?;
        }
        Ok(())
    }

    /// Counts the entries that there are to look at, as far as is known now.
    fn count(&mut self) -> Result<(), ReindexError> {
        let mut all: u64 = 0;
        for shard in &self.shards {
            let end = match self.progress.position {
                Position::Entries { end, .. } if *shard == self.progress.shard => end,
                _ => size(&self.store, *shard)?.get(),
            };
            all = all.saturating_add(end);
        }
        self.progress.of_entries = all;
        self.progress.shards = self.shards.len();
        Ok(())
    }
}

fn size(store: &Store, shard: ShardId) -> Result<TreeSize, StorageError> {
    let head = store.head(shard)?;
    Ok(head.ok_or(Damage::HeadMissing(shard))?.size)
}

fn empty_batch() -> Correction {
    Correction {
        names: Vec::new(),
        seen: TreeSize::EMPTY,
        add: Vec::new(),
        remove: Vec::new(),
        progress: None,
    }
}
