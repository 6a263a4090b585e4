//! The one thread that owns the tree.
//!
//! A round: take what waits; drop duplicates; assign indexes; extend the running edge and the live tiles; commit everything
//! with one atomic batch and one sync; read back what was stored and extend a second edge from it; compare; sign; keep the
//! checkpoint; publish; answer. A crash before the commit loses only what was not acknowledged. A crash after it leaves entries
//! that nobody was told of, which is allowed, and which the next start signs. Any error ends the sequencer for good.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::NewEntry;
use ledgerstone_storage::Round;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
use tokio::sync::watch;
use tracing::error;
use tracing::info;

use crate::error::CloseError;
use crate::error::Fatal;
use crate::error::OpenError;
use crate::error::ReadError;
use crate::head::Head;
use crate::keys::LogKeys;
use crate::live::LiveTiles;
use crate::options::LogOptions;
use crate::options::RoundReport;
use crate::queue::Queue;
use crate::queue::Sequenced;
use crate::queue::Waiting;
use crate::reader::Reader;
use crate::recovery::unix_time;

/// The tree that a sequencer extends, and what signs for it.
pub(crate) struct Growing {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) shard: ShardId,
    pub(crate) identity: ShardIdentity,
    pub(crate) keys: Arc<LogKeys>,
}

/// The state of the sequencer's thread. Nothing here is shared, so nothing here is locked.
pub(crate) struct Sequencer {
    tree: Growing,
    queue: Arc<Queue>,
    /// Publishes heads, and answers for duplicates.
    reader: Reader,
    options: LogOptions,
    /// Extended by the leaf hashes that came with the submissions, before they are stored.
    running: RightEdge,
    /// Extended only by hashes of bodies that were read back from the store. Its root is the last signed one.
    stored: RightEdge,
    live: LiveTiles,
    /// Of the last round; never goes backwards.
    time: i64,
}

/// How others see the sequencer's end.
pub(crate) struct SequencerHandle {
    end: watch::Receiver<Option<Result<(), Arc<Fatal>>>>,
}

impl Sequencer {
    /// Starts the thread.
    pub(crate) fn start(
        tree: Growing,
        queue: Arc<Queue>,
        reader: Reader,
        edge: RightEdge,
        options: LogOptions,
    ) -> Result<SequencerHandle, OpenError> {
        let head = reader.head();
        let (ended, end) = watch::channel(None);
        let sequencer = Self {
            tree,
            queue,
            reader,
            options,
            running: edge.clone(),
            stored: edge,
            live: head.live().clone(),
            time: head.time(),
        };
        let run = move || {
            let result = sequencer.run_to_end();
            ended.send_replace(Some(result));
        };
        thread::Builder::new()
            .name("sequencer".to_owned())
            .spawn(run)
            .map_err(OpenError::Thread)?;
        Ok(SequencerHandle { end })
    }

    fn run_to_end(mut self) -> Result<(), Arc<Fatal>> {
        let queue = Arc::clone(&self.queue);
        let run = std::panic::AssertUnwindSafe(|| self.run());
        // What a panic left half changed is dropped with `self`, unused.
        let result = std::panic::catch_unwind(run).unwrap_or(Err(Fatal::Panicked));
        // Dropping the reply senders tells those who wait: AppendError::Stopped.
        drop(queue.abandon());
        match result {
            Ok(()) => {
                info!("the sequencer has drained its queue and ended");
                Ok(())
            }
            Err(fatal) => {
                error!(error = %fatal, "the sequencer is finished: no entry is accepted and no tree head signed any more");
                Err(Arc::new(fatal))
            }
        }
    }

    fn run(&mut self) -> Result<(), Fatal> {
        while let Some(batch) = self
            .queue
            .take(self.options.round_entries, self.options.round_bytes)
        {
            self.round(batch)?;
        }
        self.queue.failure().map_or(Ok(()), Err)
    }

    fn round(&mut self, batch: Vec<Waiting>) -> Result<(), Fatal> {
        let started = Instant::now();
        let waited = batch
            .first()
            .map(|first| started - first.since)
            .unwrap_or_default();
        let time = unix_time().max(self.time);
        let plan = self.plan(&batch, time)?;
        let bytes = plan.entries.iter().map(|entry| entry.body.len()).sum();
        let entries = plan.entries.len();
        let mut commit = Duration::ZERO;
        if entries > 0 {
            commit = self.append(plan.entries, time)?;
        }
        let head = self.reader.head();
        let duplicates = batch.len() - entries;
        for (waiting, place) in batch.into_iter().zip(plan.places) {
            let Place {
                index,
                duplicate,
                integrated_time,
            } = place;
            let sequenced = Sequenced {
                index,
                duplicate,
                integrated_time,
                head: Arc::clone(&head),
            };
            // The receiver is gone when its client is: the entry stays logged.
            let _ = waiting.reply.send(Ok(sequenced));
        }
        if let Some(observer) = &self.options.observer {
            let (total, size) = (started.elapsed(), head.size());
            observer.round(&RoundReport {
                entries,
                duplicates,
                bytes,
                commit,
                total,
                waited,
                size,
            });
        }
        Ok(())
    }

    /// Finds the place of each submission: that of the entry it repeats, or the next free index.
    fn plan(&self, batch: &[Waiting], time: i64) -> Result<Plan, Fatal> {
        let hashes: Vec<Hash> = batch
            .iter()
            .map(|waiting| waiting.submission.leaf_hash)
            .collect();
        let known = self.tree.store.indexes_of(self.tree.shard, &hashes)?;
        let mut fresh: HashMap<Hash, LeafIndex> = HashMap::with_capacity(batch.len());
        let mut plan = Plan {
            entries: Vec::with_capacity(batch.len()),
            places: Vec::with_capacity(batch.len()),
        };
        let mut next = self.running.size();
        for ((waiting, hash), known) in batch.iter().zip(hashes).zip(known) {
            let submission = &waiting.submission;
            let place = if let Some(index) = known {
                Place {
                    index,
                    duplicate: true,
                    integrated_time: self.existing(index, &hash, &submission.body)?,
                }
            } else if let Some(&index) = fresh.get(&hash) {
                Place {
                    index,
                    duplicate: true,
                    integrated_time: time,
                }
            } else {
                let index = next.next_index();
                next = TreeSize::new(next.get().checked_add(1).ok_or(Fatal::TreeFull)?);
                fresh.insert(hash, index);
                plan.entries.push(NewEntry {
                    leaf_hash: hash,
                    duplicate_key: None,
                    integrated_time: time,
                    body: submission.body.clone(),
                    search_keys: submission.search_keys.clone(),
                    attestations: submission.attestation.clone().into_iter().collect(),
                });
                Place {
                    index,
                    duplicate: false,
                    integrated_time: time,
                }
            };
            plan.places.push(place);
        }
        Ok(plan)
    }

    /// Checks a hit of the leaf index against the entry itself, and yields when that was logged.
    fn existing(&self, index: LeafIndex, leaf_hash: &Hash, body: &Bytes) -> Result<i64, Fatal> {
        let entry = self
            .tree
            .store
            .entry(self.tree.shard, index)?
            .ok_or(ReadError::MissingEntry(index))?;
        if entry.body != *body {
            return Err(ReadError::WrongIndex {
                leaf_hash: *leaf_hash,
                index,
            }
            .into());
        }
        Ok(entry.integrated_time)
    }

    /// Makes new entries durable, and only then signs and publishes the head that covers them. Yields how long the commit took.
    fn append(&mut self, entries: Vec<NewEntry>, time: i64) -> Result<Duration, Fatal> {
        let first = self.running.size().next_index();
        let mut completed = Vec::new();
        let hashes: Vec<Hash> = entries.iter().map(|entry| entry.leaf_hash).collect();
        self.running.extend(&hashes);
        for hash in hashes {
            self.live.append(hash, &mut completed);
        }
        let size = self.running.size();
        let root = self.running.root();
        let tiles = completed
            .iter()
            .map(|(id, tile)| (*id, tile.to_bytes(TileWidth::FULL)))
            .collect();
        let round = Round {
            first,
            entries,
            tiles,
            head: StoredHead { size, root, time },
        };

        // Durable step: until this returns, a crash leaves nothing of the round. After it, a crash leaves all of it.
        let started = Instant::now();
        self.tree.store.commit(&[(self.tree.shard, &round)])?;
        let commit = started.elapsed();

        self.read_back(&round, &completed)?;
        let head = Head::sign(
            &self.tree.identity,
            &self.tree.keys,
            size,
            root,
            time,
            self.live.clone(),
            completed.into_iter().collect(),
        )
        .map_err(Fatal::Signing)?;
        // Durable step, outside the store: a crash before it leaves a kept checkpoint that lags, which a start accepts. It comes
        // before the head is published, so that no head that anyone saw is ahead of the kept one while the machine runs.
        self.tree
            .store
            .keep_checkpoint(self.tree.shard, head.checkpoint())?;
        self.time = time;
        self.reader.publish(Arc::new(head));
        Ok(commit)
    }

    /// Recomputes the root from what the store gives back, and compares: a bit that flipped on the way into the tree or into
    /// the store is found here, before it is signed.
    fn read_back(&mut self, round: &Round, completed: &[(TileId, Arc<Tile>)]) -> Result<(), Fatal> {
        let size = round.head.size;
        let mut bodies: Vec<Bytes> = Vec::with_capacity(round.entries.len());
        self.tree.store.visit_entries(
            self.tree.shard,
            round.first.get()..size.get(),
            &mut |_, entry| {
                bodies.push(entry.body);
                ControlFlow::Continue(())
            },
        )?;
        self.stored.extend(&leaf_hashes(&bodies));
        let stored = self.stored.root();
        if self.stored.size() != size
            || stored != round.head.root
            || !self.live.agree_with(&self.stored)
        {
            return Err(Fatal::RootsDiffer {
                size,
                running: round.head.root,
                stored,
            });
        }
        for (id, tile) in completed {
            let bytes = self
                .tree
                .store
                .tile(self.tree.shard, *id)?
                .ok_or(ReadError::MissingTile(*id))?;
            if bytes != tile.to_bytes(TileWidth::FULL) {
                return Err(Fatal::TileDiffers(*id));
            }
        }
        Ok(())
    }
}

impl SequencerHandle {
    pub(crate) async fn failed(&self) -> Arc<Fatal> {
        let mut end = self.end.clone();
        loop {
            if let Some(Err(fatal)) = &*end.borrow_and_update() {
                return Arc::clone(fatal);
            }
            if end.changed().await.is_err() {
                // It ended well, and so can fail no more.
                std::future::pending::<()>().await;
            }
        }
    }

    pub(crate) async fn ended(&self) -> Result<(), CloseError> {
        let mut end = self.end.clone();
        let result = end.wait_for(Option::is_some).await;
        match result.as_deref() {
            Ok(Some(Err(fatal))) => Err(CloseError::Failed(Arc::clone(fatal))),
            Ok(_) => Ok(()),
            Err(_) => Err(CloseError::Failed(Arc::new(Fatal::Panicked))),
        }
    }
}

/// What a round will append, and where each of its submissions is.
struct Plan {
    entries: Vec<NewEntry>,
    places: Vec<Place>,
}

struct Place {
    index: LeafIndex,
    duplicate: bool,
    integrated_time: i64,
}
