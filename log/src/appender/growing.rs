//! One tree that the sequencer extends.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

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
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::StoredName;

use crate::error::AppendError;
use crate::error::Fatal;
use crate::error::ReadError;
use crate::head::DurableHead;
use crate::live::LiveTiles;
use crate::protocol::rules::Leaf;
use crate::protocol::rules::Protocol;
use crate::publish::Publisher;
use crate::submission::Submission;
use crate::tree::reader::Reader;
use crate::tree::reader::beside_key;
use crate::tree::reader::part_key;

/// A tree that grows, as the sequencer's thread holds it. Nothing here but the reader is shared.
pub(crate) struct Growing {
    store: Store,
    shard: ShardId,
    tree_id: u64,
    protocol: Arc<dyn Protocol>,
    publisher: Publisher,
    reader: Reader,
    /// Extended by the leaf hashes of new entries before they are stored.
    running: RightEdge,
    /// Extended only by hashes of bodies that were read back from the store. Its root is the last
    /// signed one.
    stored: RightEdge,
    live: LiveTiles,
    /// Texts of the search index that were written since the start, or lately.
    names: HashSet<StoredName>,
}

/// How many texts of the search index are remembered: a few megabytes.
const REMEMBERED_NAMES: usize = 32_768;

/// What a round does to one tree: where each submission is, and the entries that are new.
pub(crate) struct Plan {
    /// Of each submission, or why it has none.
    pub(crate) places: Vec<Result<Place, AppendError>>,
    /// The size of the tree without the new entries.
    first: TreeSize,
    entries: Vec<NewEntry>,
}

/// Where a submission is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In this round.
    New(NewPlace),
    /// At this index, by what the leaf index says. Whoever waits for the answer compares the entry
    /// there, so that old entries which are sent again hold up no round.
    Stored(LeafIndex),
}

/// Where an entry of this round is.
#[derive(Clone, Debug)]
pub(crate) struct NewPlace {
    pub(crate) index: LeafIndex,
    /// Whether the round had it already.
    pub(crate) duplicate: bool,
    pub(crate) integrated_time: i64,
    pub(crate) leaf_hash: Hash,
    pub(crate) body: Bytes,
}

/// A round that the store has still to take, and the tiles that it completes.
pub(crate) struct Extension {
    pub(crate) round: Round,
    completed: Vec<(TileId, Arc<Tile>)>,
}

impl Growing {
    pub(crate) fn new(
        store: Store,
        shard: ShardId,
        tree_id: u64,
        protocol: Arc<dyn Protocol>,
        publisher: Publisher,
        reader: Reader,
        edge: RightEdge,
    ) -> Self {
        let live = reader.head().live().clone();
        Self {
            store,
            shard,
            tree_id,
            protocol,
            publisher,
            reader,
            running: edge.clone(),
            stored: edge,
            live,
            names: HashSet::new(),
        }
    }

    pub(crate) fn shard(&self) -> ShardId {
        self.shard
    }

    pub(crate) fn tree_id(&self) -> u64 {
        self.tree_id
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Finds the place of each submission: that of the entry it repeats, or the next free index.
    ///
    /// One of which the leaf index cannot be read fails alone: it gets no place, since it might be
    /// logged a second time. It changes nothing that is signed.
    pub(crate) fn plan(&self, submissions: &[&Submission], time: i64) -> Result<Plan, Fatal> {
        let keys: Vec<Hash> = submissions
            .iter()
            .map(|submission| self.protocol.duplicate_key(submission))
            .collect();
        let known = self.known(&keys);
        // The place in `entries` of what is new in this round, by its duplicate key.
        let mut fresh: HashMap<Hash, usize> = HashMap::with_capacity(submissions.len());
        let mut plan = Plan {
            places: Vec::with_capacity(submissions.len()),
            first: self.running.size(),
            entries: Vec::with_capacity(submissions.len()),
        };
        for ((submission, key), known) in submissions.iter().zip(keys).zip(known) {
            let place = match (known, fresh.get(&key)) {
                (Err(error), _) => Err(error),
                (Ok(Some(index)), _) => Ok(Place::Stored(index)),
                (Ok(None), Some(&position)) => Ok(plan.place(position, true)),
                (Ok(None), None) => {
                    let position = plan.entries.len();
                    fresh.insert(key, position);
                    let index = plan.next_index().ok_or(Fatal::TreeFull)?;
                    let leaf = self.protocol.finish(submission, index, time);
                    plan.entries
                        .push(new_entry(submission, key, leaf, index, time));
                    Ok(plan.place(position, false))
                }
            };
            plan.places
                .push(place.map_err(|error| AppendError::Unchecked(Arc::new(error))));
        }
        Ok(plan)
    }

    /// Where the leaf index says that each of `keys` is.
    fn known(&self, keys: &[Hash]) -> Vec<Result<Option<LeafIndex>, ReadError>> {
        if let Ok(known) = self.store.indexes_of(self.shard, keys) {
            return known.into_iter().map(Ok).collect();
        }
        // One damaged block fails the read of all; the others are not to fail with it.
        let known = keys.iter().map(|key| {
            let known = self.store.index_of(self.shard, key);
            known.map_err(ReadError::from)
        });
        known.collect()
    }

    /// Extends the running edge and the live tiles by the new entries of `plan`. `None` when there
    /// are none.
    pub(crate) fn extend(&mut self, plan: &mut Plan, time: i64) -> Option<Extension> {
        if plan.entries.is_empty() {
            return None;
        }
        let first = self.running.size().next_index();
        let mut entries = std::mem::take(&mut plan.entries);
        for entry in &mut entries {
            entry.names.retain(|name| self.is_new_name(name));
        }
        let hashes: Vec<Hash> = entries.iter().map(|entry| entry.leaf_hash).collect();
        self.running.extend(&hashes);
        let mut completed = Vec::new();
        for hash in hashes {
            self.live.append(hash, &mut completed);
        }
        let tiles = completed.iter();
        let round = Round {
            first,
            entries,
            tiles: tiles
                .map(|(id, tile)| (*id, tile.to_bytes(TileWidth::FULL)))
                .collect(),
            head: StoredHead {
                size: self.running.size(),
                root: self.running.root(),
                time,
            },
        };
        Some(Extension { round, completed })
    }

    /// Whether a text was not written lately: those of many entries are written once. A round that
    /// fails ends all this.
    fn is_new_name(&mut self, name: &StoredName) -> bool {
        if self.names.len() >= REMEMBERED_NAMES {
            self.names.clear();
        }
        self.names.insert(name.clone())
    }

    /// What was committed becomes the published head: read back, compared, signed, kept, shown.
    pub(crate) fn publish(&mut self, extension: Extension) -> Result<(), Fatal> {
        let Extension { round, completed } = extension;
        self.read_back(&round, &completed)?;
        let durable = DurableHead {
            size: round.head.size,
            root: round.head.root,
            time: round.head.time,
            live: self.live.clone(),
            completed: completed.into_iter().collect(),
        };
        self.publisher.publish(durable, &self.reader)?;
        Ok(())
    }

    /// Recomputes the root from what the store gives back, and compares: a bit that flipped on the
    /// way into the tree or into the store is found here, before it is signed.
    fn read_back(&mut self, round: &Round, completed: &[(TileId, Arc<Tile>)]) -> Result<(), Fatal> {
        let size = round.head.size;
        let mut bodies: Vec<Bytes> = Vec::with_capacity(round.entries.len());
        let range = round.first.get()..size.get();
        self.store
            .visit_entries(self.shard, range, &mut |_, entry| {
                bodies.push(entry.body);
                ControlFlow::Continue(())
            })?;
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
            let stored = self.store.tile(self.shard, *id)?;
            if stored.ok_or(ReadError::MissingTile(*id))? != tile.to_bytes(TileWidth::FULL) {
                return Err(Fatal::TileDiffers(*id));
            }
        }
        Ok(())
    }
}

impl Plan {
    /// How many entries are new, and the bytes of their bodies.
    pub(crate) fn new_entries(&self) -> (usize, usize) {
        let bytes = self.entries.iter().map(|entry| entry.body.len()).sum();
        (self.entries.len(), bytes)
    }

    /// How many submissions have no place.
    pub(crate) fn unchecked(&self) -> usize {
        self.places.iter().filter(|place| place.is_err()).count()
    }

    /// The index of the next new entry; `None` when the tree is full with it.
    fn next_index(&self) -> Option<LeafIndex> {
        let index = self.first.get().checked_add(self.entries.len() as u64)?;
        index.checked_add(1)?;
        Some(LeafIndex::new(index))
    }

    /// The place of the new entry at `position`.
    fn place(&self, position: usize, duplicate: bool) -> Place {
        let entry = &self.entries[position];
        Place::New(NewPlace {
            index: LeafIndex::new(self.first.get() + position as u64),
            duplicate,
            integrated_time: entry.integrated_time,
            leaf_hash: entry.leaf_hash,
            body: entry.body.clone(),
        })
    }
}

fn new_entry(
    submission: &Submission,
    key: Hash,
    leaf: Leaf,
    index: LeafIndex,
    time: i64,
) -> NewEntry {
    let beside = leaf
        .beside
        .map(|beside| (beside_key(index).to_vec(), beside));
    let parts = submission.stated.iter().zip(0..);
    let parts = parts.map(|(part, number)| (part_key(index, number).to_vec(), part.clone()));
    let has_more = submission.stated.len() > submission.stated_now;
    NewEntry {
        leaf_hash: leaf.leaf_hash,
        duplicate_key: (key != leaf.leaf_hash).then_some(key),
        integrated_time: time,
        body: leaf.body,
        search_keys: submission.search_keys.clone(),
        names: submission.names.clone(),
        later: has_more.then_some(submission.stated_now as u32),
        attestations: submission
            .attestation
            .clone()
            .into_iter()
            .chain(beside)
            .chain(parts)
            .collect(),
    }
}
