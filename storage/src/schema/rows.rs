//! Which rows a write changes.

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;

use super::identity;
use super::keys;
use crate::correction::Amendment;
use crate::correction::Correction;
use crate::correction::Expansion;
use crate::correction::Later;
#[cfg(any(test, feature = "testing"))]
use crate::correction::SearchRow;
use crate::engine::Batch;
use crate::engine::Table;
use crate::round::Round;
use crate::shard::ShardIdentity;
use crate::shard::StoredHead;
use crate::shard::StoredName;
use crate::shard_id::ShardId;
use crate::trees::SCHEMA_VERSION;
use crate::trees::TreeChange;

/// About how many rows an entry adds, with three search keys, and the bytes of their keys.
const ENTRY_ROWS: usize = 5;
const ENTRY_BYTES: usize = 224;

/// What rounds change.
pub(super) fn of_rounds(rounds: &[(ShardId, &Round)]) -> Batch {
    let entries: usize = rounds.iter().map(|(_, round)| round.entries.len()).sum();
    let mut batch = Batch::with_capacity(entries * ENTRY_ROWS, entries * ENTRY_BYTES);
    for (shard, round) in rounds {
        add_round(&mut batch, *shard, round);
    }
    batch
}

/// What a new tree changes.
pub(super) fn of_new_shard(shard: ShardId, identity: &ShardIdentity, head: &StoredHead) -> Batch {
    let mut batch = Batch::default();
    add_shard(&mut batch, shard, identity, head);
    batch
}

/// What a change of trees changes.
pub(super) fn of_trees(change: &TreeChange) -> Batch {
    let mut batch = Batch::default();
    for (shard, frozen) in &change.freeze {
        let value = keys::encode_frozen(frozen);
        batch.put(Table::Meta, &keys::frozen(*shard), &value);
    }
    for (shard, identity) in &change.replace {
        let value = identity::encode(identity);
        batch.put(Table::Meta, &keys::identity(*shard), &value);
    }
    for new in &change.create {
        add_shard(&mut batch, new.id, &new.identity, &new.head);
    }
    add_schema_version(&mut batch, SCHEMA_VERSION);
    batch
}

/// What a correction changes in a shard with a tree of `size` leaves.
pub(super) fn of_correction(shard: ShardId, correction: &Correction, size: TreeSize) -> Batch {
    let mut batch = Batch::default();
    for row in correction.removed(size) {
        batch.delete(Table::Search, &keys::search(shard, &row.key, row.index));
    }
    for name in &correction.names {
        add_name(&mut batch, shard, name);
    }
    for row in &correction.add {
        batch.put(
            Table::Search,
            &keys::search(shard, &row.key, row.index),
            b"",
        );
    }
    match &correction.progress {
        Some(progress) => batch.put(Table::Meta, keys::REINDEX, progress),
        None => batch.delete(Table::Meta, keys::REINDEX),
    }
    batch
}

/// What the expansion of an entry changes.
pub(super) fn of_expansion(shard: ShardId, expansion: &Expansion) -> Batch {
    let mut batch = Batch::default();
    for key in &expansion.keys {
        let key = keys::search(shard, key, expansion.index);
        batch.put(Table::Search, &key, b"");
    }
    for name in &expansion.names {
        add_name(&mut batch, shard, name);
    }
    match expansion.next {
        Some(part) => add_later(&mut batch, shard, expansion.index, part),
        None => batch.delete(Table::Search, &keys::later(shard, expansion.index)),
    }
    batch
}

/// What the amendment of an entry changes.
pub(super) fn of_amendment(shard: ShardId, index: LeafIndex, amendment: &Amendment) -> Batch {
    let mut batch = of_beside(shard, &amendment.keep);
    for key in &amendment.forget {
        batch.delete(Table::Attestations, &keys::attestation(shard, key));
    }
    for key in &amendment.remove {
        batch.delete(Table::Search, &keys::search(shard, key, index));
    }
    for key in &amendment.add {
        batch.put(Table::Search, &keys::search(shard, key, index), b"");
    }
    match amendment.later {
        Later::AsBefore => {}
        Later::From(part) => add_later(&mut batch, shard, index, part),
        Later::Nothing => batch.delete(Table::Search, &keys::later(shard, index)),
    }
    batch
}

/// What the generation of the search index changes.
pub(super) fn of_generation(generation: u32) -> Batch {
    let mut batch = Batch::default();
    add_generation(&mut batch, generation);
    batch
}

pub(super) fn add_generation(batch: &mut Batch, generation: u32) {
    batch.put(Table::Meta, keys::GENERATION, &generation.to_be_bytes());
}

fn add_name(batch: &mut Batch, shard: ShardId, name: &StoredName) {
    let key = keys::name(shard, name.kind, &name.text);
    batch.put(Table::Search, &key, b"");
}

fn add_later(batch: &mut Batch, shard: ShardId, index: LeafIndex, part: u32) {
    let key = keys::later(shard, index);
    batch.put(Table::Search, &key, &part.to_be_bytes());
}

/// What is kept beside entries that are there already.
pub(super) fn of_beside(shard: ShardId, rows: &[(Vec<u8>, Bytes)]) -> Batch {
    let mut batch = Batch::default();
    for (key, content) in rows {
        let key = keys::attestation(shard, key);
        batch.put(Table::Attestations, &key, content);
    }
    batch
}

/// What keeping the public keys of a tree changes.
pub(super) fn of_public_keys(shard: ShardId, vkeys: &str) -> Batch {
    let mut batch = Batch::default();
    batch.put(Table::Meta, &keys::public_keys(shard), vkeys.as_bytes());
    batch
}

pub(super) fn add_schema_version(batch: &mut Batch, version: u32) {
    let value = keys::encode_schema_version(version);
    batch.put(Table::Meta, keys::SCHEMA, &value);
}

fn add_shard(batch: &mut Batch, shard: ShardId, identity: &ShardIdentity, head: &StoredHead) {
    let stored = identity::encode(identity);
    batch.put(Table::Meta, &keys::identity(shard), &stored);
    add_head(batch, shard, head);
}

fn add_head(batch: &mut Batch, shard: ShardId, head: &StoredHead) {
    batch.put(Table::Meta, &keys::head(shard), &keys::encode_head(head));
}

fn add_round(batch: &mut Batch, shard: ShardId, round: &Round) {
    for (index, entry) in round.indexed() {
        let time = keys::encode_time(entry.integrated_time);
        let key = keys::entry(shard, index);
        batch.put_long(Table::Entries, &key, &time, entry.body.clone());
        for hash in entry.leaves() {
            let value = keys::encode_index(index);
            batch.put(Table::Leaves, &keys::leaf(shard, hash), &value);
        }
        for key in &entry.search_keys {
            batch.put(Table::Search, &keys::search(shard, key, index), b"");
        }
        for name in &entry.names {
            add_name(batch, shard, name);
        }
        if let Some(part) = entry.later {
            add_later(batch, shard, index, part);
        }
        for (key, content) in &entry.attestations {
            let key = keys::attestation(shard, key);
            batch.put_long(Table::Attestations, &key, b"", content.clone());
        }
    }
    for (id, tile) in &round.tiles {
        batch.put_long(Table::Tiles, &keys::tile(shard, *id), b"", tile.clone());
    }
    add_head(batch, shard, &round.head);
}

/// The rows of a store of another version of the schema, as another program would have written it:
/// for tests.
#[cfg(any(test, feature = "testing"))]
pub fn planted_schema_version(version: u32) -> Batch {
    let mut batch = Batch::default();
    add_schema_version(&mut batch, version);
    batch
}

/// A row of the search index as damage would write it, with no regard to the rules: for tests.
#[cfg(any(test, feature = "testing"))]
pub fn planted_search_row(shard: ShardId, row: &SearchRow) -> Batch {
    let mut batch = Batch::default();
    batch.put(
        Table::Search,
        &keys::search(shard, &row.key, row.index),
        b"",
    );
    batch
}
