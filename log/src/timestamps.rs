//! Keeps signed entry timestamps in the store, for those who serve it without the key that signs
//! them.
//!
//! A timestamp is signed over what is published only, and so never in the round of its entry. The
//! request that signs one for its answer offers it ([`Offered`](crate::tree::offered::Offered)); a
//! thread writes whole stretches of them beside the rounds, and signs what nobody asked for. No
//! entry waits for it, and a crash costs nothing but what was not written yet: the next start makes
//! up for it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use tracing::error;
use tracing::warn;

use crate::appender::queue::Queue;
use crate::background::Background;
use crate::background::Bell;
use crate::error::Fatal;
use crate::error::OpenError;
use crate::error::ReadError;
use crate::tree::Tree;
use crate::tree::offered::signed_key;

/// How long timestamps wait until they are written together.
const PERIOD: Duration = Duration::from_secs(1);

/// The entries whose timestamps one write keeps. A round may have to wait for it.
const STRETCH: u64 = 1_024;

/// The most timestamps that are signed at a time, of those that nobody offered: a few hundredths of
/// a second of one core.
const MAX_SIGNED: usize = 2_048;

/// The key that the first index without a timestamp is kept under, among the attestations.
const NEXT: &[u8] = b"timestamps";

/// The key that the checkpoint which Rekor v1 clients read of a tree that does not grow is kept
/// under.
pub(crate) const V1_CHECKPOINT: &[u8] = b"v1-checkpoint";

/// Starts the thread for those of `trees` that something here signs timestamps for. `queue` is
/// where the sequencer hears that the store failed. As it is stopped, it keeps what is offered by
/// then.
pub(crate) fn start<'a>(
    store: Store,
    trees: impl Iterator<Item = &'a Tree>,
    queue: Arc<Queue>,
) -> Result<Background, OpenError> {
    let mut keeper = Keeper {
        store,
        trees: Vec::new(),
        budget: 0,
    };
    let signed_here = |tree: &&Tree| tree.v1_signer().is_some() && !tree.has_source_timestamps();
    for tree in trees.filter(signed_here) {
        keeper.add(tree)?;
    }
    let work = move |bell: &Bell| keeper.run(bell);
    Background::start("timestamps", Arc::default(), work, move |result| {
        let failure = match result {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Fatal::Storage(error),
            Err(_) => Fatal::Panicked,
        };
        error!(error = %failure, "timestamps of entries cannot be kept");
        queue.fail(failure);
    })
}

/// What the thread works on.
struct Keeper {
    store: Store,
    /// With the first index whose timestamp is not kept.
    trees: Vec<(Tree, u64)>,
    /// How many timestamps may still be signed in this turn.
    budget: usize,
}

impl Keeper {
    fn run(&mut self, bell: &Bell) -> Result<(), StorageError> {
        loop {
            // Where a head is this old, whoever wanted timestamps under it has signed them.
            let sizes = self.sizes();
            let is_stopped = bell.wait(Some(PERIOD));
            let sizes = if is_stopped { self.sizes() } else { sizes };
            self.keep(&sizes)?;
            if is_stopped {
                return Ok(());
            }
        }
    }

    /// Takes a tree in, and keeps its checkpoint for Rekor v1 clients where it does not grow: one
    /// that does keeps each with its round.
    fn add(&mut self, tree: &Tree) -> Result<(), OpenError> {
        let shard = tree.shard();
        let next = self.store.attestation(shard, NEXT)?;
        let next = next.and_then(|next| Some(u64::from_be_bytes(next.as_ref().try_into().ok()?)));
        let next = next.unwrap_or(0);
        if !tree.grows() && self.store.attestation(shard, V1_CHECKPOINT)?.is_none() {
            let note = tree.v1_checkpoint(&tree.head())?;
            let row = (V1_CHECKPOINT.to_vec(), Bytes::from(note));
            self.store.keep_beside(shard, &[row])?;
        }
        tree.offered().keep_from(next);
        self.trees.push((tree.clone(), next));
        Ok(())
    }

    fn sizes(&self) -> Vec<u64> {
        let sizes = self.trees.iter().map(|(tree, _)| tree.head().size().get());
        sizes.collect()
    }

    /// Keeps the timestamps of the entries below `sizes`, as far as this turn goes.
    fn keep(&mut self, sizes: &[u64]) -> Result<(), StorageError> {
        self.budget = MAX_SIGNED;
        for (place, end) in sizes.iter().enumerate() {
            while self.trees[place].1 < *end && self.budget > 0 {
                self.stretch(place, *end)?;
            }
        }
        Ok(())
    }

    /// Keeps those of the next stretch of a tree.
    fn stretch(&mut self, place: usize, end: u64) -> Result<(), StorageError> {
        let (tree, next) = self.trees[place].clone();
        let mut end = end.min(next + STRETCH);
        let mut timestamps = tree.offered().of(next..end);
        let lacking = (next..end).filter(|index| !timestamps.contains_key(index));
        let lacking: Vec<u64> = lacking.take(self.budget + 1).collect();
        if let Some(beyond) = lacking.get(self.budget) {
            end = *beyond;
            timestamps.split_off(&end);
        }
        for index in lacking.into_iter().take(self.budget) {
            self.budget -= 1;
            let signed = self.signed(&tree, LeafIndex::new(index));
            timestamps.extend(signed.map(|signed| (index, signed)));
        }
        // Durable step: until this returns, a crash leaves neither these timestamps nor that they
        // are kept. After it, both.
        self.store
            .keep_beside(tree.shard(), &rows(timestamps, end))?;
        tree.offered().keep_from(end);
        self.trees[place].1 = end;
        Ok(())
    }

    /// The timestamp of an entry that nobody asked for. `None` where there is nothing to sign: an
    /// imported one has its own, and one that cannot be read gets none.
    fn signed(&self, tree: &Tree, index: LeafIndex) -> Option<Vec<u8>> {
        match self.sign(tree, index) {
            Ok(signed) => signed,
            Err(error) => {
                let (origin, index) = (tree.log_name(), index.get());
                warn!(%error, origin, index, "an entry gets no timestamp");
                None
            }
        }
    }

    fn sign(&self, tree: &Tree, index: LeafIndex) -> Result<Option<Vec<u8>>, ReadError> {
        let mut read = None;
        // As the first of a long scan: it must not displace what readers have in the cache.
        let all = index.get()..u64::MAX;
        self.store
            .visit_entries(tree.shard(), all, &mut |_, entry| {
                read = Some(entry);
                ControlFlow::Break(())
            })?;
        let entry = read.ok_or(ReadError::MissingEntry(index))?;
        tree.sign_timestamp(index, entry.integrated_time, &STANDARD.encode(&entry.body))
    }
}

fn rows(timestamps: BTreeMap<u64, Vec<u8>>, next: u64) -> Vec<(Vec<u8>, Bytes)> {
    let rows = timestamps.into_iter().map(|(index, timestamp)| {
        let key = signed_key(LeafIndex::new(index));
        (key.to_vec(), Bytes::from(timestamp))
    });
    let next = Bytes::copy_from_slice(&next.to_be_bytes());
    rows.chain([(NEXT.to_vec(), next)]).collect()
}
