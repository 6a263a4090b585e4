//! What every [`Store`] keeps, one function a rule. Each takes a store without a shard and panics
//! when the rule is broken.
//!
//! ```
//! # #[cfg(feature = "testing")]
//! mod tests {
//!     // Whatever the first part of the pair is, it is dropped after the store.
//!     ledgerstone_storage::contract_tests!(|| ((), ledgerstone_storage::MemoryStore::new()));
//! }
//! ```
#![allow(
    clippy::unwrap_used,
    reason = "only tests call this, and a panic is how a test fails"
)]

mod correction;
mod trees;

use std::ops::ControlFlow;
use std::ops::Range;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::MAX_NOTE_BYTES;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use crate::error::StorageError;
use crate::round::MAX_ATTESTATION_BYTES;
use crate::round::MAX_ATTESTATION_KEY_BYTES;
use crate::round::MAX_ROUND_BYTES;
use crate::round::NewEntry;
use crate::round::Round;
use crate::round::completed_tiles;
use crate::shard::SearchKey;
use crate::shard::ShardId;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::shard::TreeKind;
use crate::store::Reader;
use crate::store::Store;
use crate::trees::SCHEMA_VERSION;

pub use correction::a_correction_changes_rows;
pub use correction::a_correction_spares_what_came_since;
pub use correction::a_refused_correction_changes_nothing;
pub use correction::progress_comes_with_corrections;
pub use correction::rows_are_listed_in_order;
pub use trees::a_change_of_trees_raises_the_schema;
pub use trees::a_duplicate_key_leads_to_its_entry;
pub use trees::a_frozen_shard_takes_no_round;
pub use trees::a_refused_change_of_trees_changes_nothing;
pub use trees::a_store_of_the_old_schema_stays_one;
pub use trees::refused_rounds_change_no_shard;
pub use trees::rounds_of_several_shards_are_one_write;
pub use trees::the_limit_of_bytes_is_on_all_rounds;
pub use trees::trees_change_in_one_write;

/// One test for every rule of the contract, each with a pair from `$make`: what must outlive the
/// store, and the store. With `old:` before it the rules are those of stores of the old schema,
/// without a shard.
#[macro_export]
macro_rules! contract_tests {
    ($make:expr) => {
        $crate::contract_tests! { $make;
            a_new_store_has_no_shard
            a_shard_starts_empty
            a_shard_is_created_once
            a_shard_is_created_by_the_rules
            a_round_is_read_back
            rounds_follow_each_other
            a_round_needs_its_shard
            a_refused_round_changes_nothing
            limits_are_inclusive
            visits_keep_to_their_range
            search_is_paged
            a_later_leaf_or_attestation_wins
            shards_do_not_mix
            a_duplicate_key_leads_to_its_entry
            rounds_of_several_shards_are_one_write
            refused_rounds_change_no_shard
            the_limit_of_bytes_is_on_all_rounds
            a_frozen_shard_takes_no_round
            trees_change_in_one_write
            a_refused_change_of_trees_changes_nothing
            a_kept_checkpoint_is_replaced
            rows_are_listed_in_order
            a_correction_changes_rows
            a_correction_spares_what_came_since
            progress_comes_with_corrections
            a_refused_correction_changes_nothing
        }
    };
    (old: $make:expr) => {
        $crate::contract_tests! { $make;
            a_store_of_the_old_schema_stays_one
            a_change_of_trees_raises_the_schema
        }
    };
    ($make:expr; $($rule:ident)*) => {
        $(
            #[test]
            fn $rule() {
                let (_outlives, store) = $make();
                $crate::contract::$rule(&store);
            }
        )*
    };
}

/// The shard that most rules use.
pub const SHARD: ShardId = ShardId::new(0);

/// An identity that keeps all rules.
pub fn identity(tree_id: u64) -> ShardIdentity {
    ShardIdentity {
        tree_id,
        origin: format!("log{tree_id}.example.org"),
        keys: vec![[1; 32], [2; 32]],
        created: 1_700_000_000,
        import: None,
        kind: TreeKind::REKOR_V2,
    }
}

/// The head of a tree of `size` leaves, as rounds of [`round`] leave it.
pub fn head(size: u64) -> StoredHead {
    StoredHead {
        size: TreeSize::new(size),
        root: hash(3, size),
        time: 1_700_000_000 + i64::try_from(size).unwrap(),
    }
}

/// The round of the leaves in `range`, with everything that it has to carry. Hashes and tiles are
/// made up, but differ.
pub fn round(range: Range<u64>) -> Round {
    let tiles = completed_tiles(range.start, range.end);
    Round {
        first: LeafIndex::new(range.start),
        entries: range.clone().map(new_entry).collect(),
        tiles: tiles.into_iter().map(|id| (id, tile_bytes(id))).collect(),
        head: head(range.end),
    }
}

/// The entry of [`round`] at `position`. Every second one shares a search key, every third one has
/// an attestation, every sixth one two.
pub fn new_entry(position: u64) -> NewEntry {
    NewEntry {
        leaf_hash: hash(1, position),
        duplicate_key: None,
        integrated_time: 1_700_000_000 + i64::try_from(position).unwrap(),
        body: format!("body of entry {position}").into(),
        search_keys: vec![search_key(position % 2), own_search_key(position)],
        attestations: [("sha256", 3), ("timestamp", 6)]
            .into_iter()
            .filter(|(_, every)| position.is_multiple_of(*every))
            .map(|(what, _)| {
                let key = format!("{what}:{position}").into_bytes();
                (key, format!("{what} of entry {position}").into())
            })
            .collect(),
    }
}

/// The search key that all even (0) or odd (1) entries of [`round`] have.
pub fn search_key(parity: u64) -> SearchKey {
    SearchKey {
        kind: 1,
        hash: hash(2, parity),
    }
}

/// A store without a shard has nothing in it.
pub fn a_new_store_has_no_shard(store: &dyn Store) {
    assert_eq!(store.shards().unwrap(), []);
    assert_nothing_in(store, SHARD);
    assert_eq!(store.kept_checkpoint(SHARD).unwrap(), None);
    assert_eq!(store.schema_version().unwrap(), SCHEMA_VERSION);
}

/// A new shard has its identity and its head, and no more.
pub fn a_shard_starts_empty(store: &dyn Store) {
    store.create_shard(SHARD, &identity(1), &head(0)).unwrap();
    assert_eq!(store.shards().unwrap(), [SHARD]);
    assert_eq!(store.identity(SHARD).unwrap(), Some(identity(1)));
    assert_eq!(store.head(SHARD).unwrap(), Some(head(0)));
    assert_eq!(store.entry(SHARD, LeafIndex::new(0)).unwrap(), None);
    assert_eq!(visited(store, SHARD, 0..u64::MAX), NO_POSITIONS);
}

/// A shard is never created over an existing one.
pub fn a_shard_is_created_once(store: &dyn Store) {
    create(store, SHARD, 300);
    match store.create_shard(SHARD, &identity(2), &head(0)) {
        Err(StorageError::ShardExists { shard }) => assert_eq!(shard, SHARD),
        other => panic!("{other:?}"),
    }
    assert_holds(store, SHARD, 300);
}

/// A shard starts at size 0, with an identity that keeps its rules.
pub fn a_shard_is_created_by_the_rules(store: &dyn Store) {
    match store.create_shard(SHARD, &identity(1), &head(1)) {
        Err(StorageError::NotEmptyTree { size }) => assert_eq!(size, TreeSize::new(1)),
        other => panic!("{other:?}"),
    }
    match store.create_shard(SHARD, &identity(0), &head(0)) {
        Err(StorageError::Identity { field, .. }) => assert_eq!(field, "tree_id"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.shards().unwrap(), []);
    assert_nothing_in(store, SHARD);
}

/// Everything that a round carries is there after it, and only that.
pub fn a_round_is_read_back(store: &dyn Store) {
    create(store, SHARD, 600);
    assert_holds(store, SHARD, 600);
    let hashes = [hash(1, 7), hash(9, 9), hash(1, 599), hash(1, 0), hash(1, 7)];
    let expected = [Some(7), None, Some(599), Some(0), Some(7)].map(|at| at.map(LeafIndex::new));
    assert_eq!(store.indexes_of(SHARD, &hashes).unwrap(), expected);
    assert_eq!(store.indexes_of(SHARD, &[]).unwrap(), []);
    assert_eq!(store.attestation(SHARD, b"sha256:1").unwrap(), None);
    assert_eq!(store.attestation(SHARD, b"").unwrap(), None);
    assert_eq!(store.attestation(SHARD, b"sha256:").unwrap(), None);
}

/// Rounds of all sizes add up, over the borders of tiles too.
pub fn rounds_follow_each_other(store: &dyn Store) {
    create(store, SHARD, 0);
    let mut size = 0;
    for end in [1, 2, 255, 256, 257, 512, 1_025, 1_026] {
        store.commit(&[(SHARD, &round(size..end))]).unwrap();
        size = end;
        assert_eq!(store.head(SHARD).unwrap(), Some(head(size)));
    }
    assert_holds(store, SHARD, size);
}

/// There is no round without a shard.
pub fn a_round_needs_its_shard(store: &dyn Store) {
    create(store, SHARD, 3);
    let other = ShardId::new(1);
    match store.commit(&[(other, &round(0..3))]) {
        Err(StorageError::NoShard { shard }) => assert_eq!(shard, other),
        result => panic!("{result:?}"),
    }
    assert_eq!(store.shards().unwrap(), [SHARD]);
    assert_nothing_in(store, other);
}

/// A round that breaks a rule is refused with the rule's error, and nothing of it is stored.
pub fn a_refused_round_changes_nothing(store: &dyn Store) {
    create(store, SHARD, 255);
    type Spoil = fn(&mut Round);
    type Expect = fn(&StorageError) -> bool;
    let rules: [(Spoil, Expect); 12] = [
        (
            |round| *round = self::round(256..257),
            |error| {
                let (expected, found) = (LeafIndex::new(255), LeafIndex::new(256));
                matches!(error, StorageError::OutOfOrder { expected: e, found: f, .. } if (*e, *f) == (expected, found))
            },
        ),
        (
            |round| *round = self::round(0..255),
            |error| matches!(error, StorageError::OutOfOrder { found, .. } if found.get() == 0),
        ),
        (
            |round| round.entries.clear(),
            |error| matches!(error, StorageError::EmptyRound),
        ),
        (
            |round| round.head = head(257),
            |error| {
                let (expected, found) = (TreeSize::new(256), TreeSize::new(257));
                matches!(error, StorageError::HeadSize { expected: e, found: f } if (*e, *f) == (expected, found))
            },
        ),
        (
            |round| round.head.time = head(255).time - 1,
            |error| matches!(error, StorageError::TimeBackwards { last, found } if last - found == 1),
        ),
        (
            |round| round.entries[0].body = zeros(MAX_ENTRY_BYTES + 1),
            |error| matches!(error, StorageError::BodyLength { index, .. } if index.get() == 255),
        ),
        (
            |round| {
                round.entries[0].attestations =
                    vec![(vec![0; MAX_ATTESTATION_KEY_BYTES + 1], Bytes::new())]
            },
            |error| matches!(error, StorageError::AttestationLength { part: "key", .. }),
        ),
        (
            |round| {
                round.entries[0].attestations = vec![(vec![0], zeros(MAX_ATTESTATION_BYTES + 1))]
            },
            |error| {
                matches!(
                    error,
                    StorageError::AttestationLength {
                        part: "content",
                        ..
                    }
                )
            },
        ),
        (
            |round| round.tiles[0].1 = zeros(TILE_BYTES - 1),
            |error| matches!(error, StorageError::TileLength { length, .. } if *length == TILE_BYTES - 1),
        ),
        (
            |round| round.tiles.clear(),
            |error| {
                matches!(
                    error,
                    StorageError::TileMissing {
                        id: TileId {
                            level: 0,
                            number: 0
                        }
                    }
                )
            },
        ),
        (
            |round| round.tiles.push(round.tiles[0].clone()),
            |error| {
                matches!(
                    error,
                    StorageError::TileUnexpected {
                        id: TileId {
                            level: 0,
                            number: 0
                        }
                    }
                )
            },
        ),
        (
            |round| {
                round.tiles.push((
                    TileId {
                        level: 1,
                        number: 0,
                    },
                    zeros(TILE_BYTES),
                ))
            },
            |error| {
                matches!(
                    error,
                    StorageError::TileUnexpected {
                        id: TileId {
                            level: 1,
                            number: 0
                        }
                    }
                )
            },
        ),
    ];
    for (number, (spoil, expect)) in rules.into_iter().enumerate() {
        let mut spoilt = round(255..256);
        spoil(&mut spoilt);
        let refused = store
            .commit(&[(SHARD, &spoilt)])
            .expect_err("the round breaks a rule");
        assert!(expect(&refused), "rule {number}: {refused:?}");
        assert_holds(store, SHARD, 255);
    }
    store
        .commit(&[(SHARD, &too_large())])
        .expect_err("the round is too large");
    assert_holds(store, SHARD, 255);

    store.commit(&[(SHARD, &round(255..256))]).unwrap();
    assert_holds(store, SHARD, 256);
}

/// The largest and the smallest values that the rules allow are stored as they are.
pub fn limits_are_inclusive(store: &dyn Store) {
    create(store, SHARD, 0);
    let mut largest = round(0..2);
    largest.head.time = head(0).time;
    largest.entries[0].body = zeros(MAX_ENTRY_BYTES);
    largest.entries[0].integrated_time = i64::MIN;
    let key = vec![0xff; MAX_ATTESTATION_KEY_BYTES];
    let attestation = zeros(MAX_ATTESTATION_BYTES);
    largest.entries[0].attestations = vec![(key.clone(), attestation.clone())];
    largest.entries[1].body = Bytes::new();
    largest.entries[1].attestations = vec![(Vec::new(), Bytes::new())];
    store.commit(&[(SHARD, &largest)]).unwrap();

    for (index, entry) in largest.indexed() {
        assert_eq!(store.entry(SHARD, index).unwrap(), Some(stored(entry)));
    }
    assert_eq!(store.attestation(SHARD, &key).unwrap(), Some(attestation));
    assert_eq!(store.attestation(SHARD, b"").unwrap(), Some(Bytes::new()));
}

/// A visit sees the entries of its range that are there, in order, until it breaks.
pub fn visits_keep_to_their_range(store: &dyn Store) {
    create(store, SHARD, 300);
    create(store, ShardId::new(1), 10);
    for range in [
        0..300,
        0..1,
        17..17,
        250..260,
        299..300,
        298..5_000,
        300..301,
        5_000..6_000,
        9..u64::MAX,
    ] {
        let expected: Vec<_> = (range.start..range.end.min(300)).collect();
        assert_eq!(visited(store, SHARD, range), expected);
    }
    assert_eq!(visited(store, ShardId::new(2), 0..10), NO_POSITIONS);

    let mut seen = Vec::new();
    let stop_at_12 = &mut |index: LeafIndex, _| {
        seen.push(index.get());
        if index.get() == 12 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    store.visit_entries(SHARD, 10..300, stop_at_12).unwrap();
    assert_eq!(seen, [10, 11, 12]);
}

/// Pages of a search are ascending, complete and bounded, and a key finds its own entries only.
pub fn search_is_paged(store: &dyn Store) {
    create(store, SHARD, 301);
    for limit in [1, 7, 150, 151, 1_000] {
        let mut found = Vec::new();
        let mut from = LeafIndex::new(0);
        loop {
            let page = store.search(SHARD, &search_key(0), from, limit).unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            from = LeafIndex::new(last.get() + 1);
            found.extend(page);
        }
        let expected: Vec<_> = (0..301).step_by(2).map(LeafIndex::new).collect();
        assert_eq!(found, expected, "in pages of {limit}");
    }
    let search = |key: SearchKey, from, limit| {
        let found = store
            .search(SHARD, &key, LeafIndex::new(from), limit)
            .unwrap();
        found.into_iter().map(LeafIndex::get).collect::<Vec<_>>()
    };
    assert_eq!(search(search_key(1), 0, 0), NO_POSITIONS);
    assert_eq!(search(search_key(1), 298, 9), [299]);
    assert_eq!(search(search_key(1), u64::MAX, 9), NO_POSITIONS);
    assert_eq!(search(own_search_key(40), 0, 9), [40]);
    assert_eq!(search(own_search_key(301), 0, 9), NO_POSITIONS);
    assert_eq!(
        search(
            SearchKey {
                kind: 0,
                ..search_key(1)
            },
            0,
            9
        ),
        NO_POSITIONS
    );

    let mut twice = round(301..302);
    twice.entries[0].search_keys = vec![search_key(5), search_key(5)];
    store.commit(&[(SHARD, &twice)]).unwrap();
    assert_eq!(search(search_key(5), 0, 9), [301]);
}

/// Imported trees may hold a leaf twice: the later index is found, within a round and across
/// rounds.
pub fn a_later_leaf_or_attestation_wins(store: &dyn Store) {
    create(store, SHARD, 4);
    let mut again = round(4..7);
    again.entries[0].leaf_hash = hash(1, 2);
    again.entries[1].leaf_hash = hash(5, 5);
    again.entries[2].leaf_hash = hash(5, 5);
    again.entries[2].attestations = vec![(b"sha256:0".to_vec(), Bytes::from_static(b"later"))];
    store.commit(&[(SHARD, &again)]).unwrap();
    for (leaf_hash, expected) in [(hash(1, 2), 4), (hash(5, 5), 6)] {
        let index = store.index_of(SHARD, &leaf_hash).unwrap();
        assert_eq!(index, Some(LeafIndex::new(expected)));
    }
    let attestation = store.attestation(SHARD, b"sha256:0").unwrap();
    assert_eq!(attestation, Some(Bytes::from_static(b"later")));
}

/// The same leaves, tiles, search keys and attestation keys in several shards are not the same
/// things.
pub fn shards_do_not_mix(store: &dyn Store) {
    // Out of order, and with the highest ordinal, whose keys are the last of all.
    let sizes = [
        (ShardId::new(2), 270),
        (SHARD, 300),
        (ShardId::new(u32::MAX), 280),
    ];
    for (shard, size) in sizes {
        create(store, shard, size);
    }
    let shards = [SHARD, ShardId::new(2), ShardId::new(u32::MAX)];
    assert_eq!(store.shards().unwrap(), shards);
    for (shard, size) in sizes {
        assert_holds(store, shard, size);
        assert_eq!(visited(store, shard, 0..u64::MAX).len() as u64, size);
        let found = store
            .search(shard, &search_key(0), LeafIndex::new(0), 1_000)
            .unwrap();
        assert_eq!(found.len() as u64, size / 2);
    }
    assert_nothing_in(store, ShardId::new(1));
    assert_nothing_in(store, ShardId::new(3));
}

/// The checkpoint that was kept last for a shard is the one that is there.
pub fn a_kept_checkpoint_is_replaced(store: &dyn Store) {
    let other = ShardId::new(11);
    let refused = store.sync_kept(SHARD);
    assert!(
        matches!(refused, Err(StorageError::NothingKept { shard }) if shard == SHARD),
        "{refused:?}"
    );
    for text in [
        "first\n",
        "a longer second one\n\n\u{2014} key AAAA\n",
        "3\n",
    ] {
        store.keep_checkpoint(SHARD, text).unwrap();
        store.sync_kept(SHARD).unwrap();
        assert_eq!(store.kept_checkpoint(SHARD).unwrap().as_deref(), Some(text));
        assert_eq!(store.kept_checkpoint(other).unwrap(), None);
    }
    match store.keep_checkpoint(SHARD, &"a".repeat(MAX_NOTE_BYTES + 1)) {
        Err(StorageError::CheckpointLength { length, .. }) => {
            assert_eq!(length, MAX_NOTE_BYTES + 1)
        }
        result => panic!("{result:?}"),
    }
    store.keep_checkpoint(other, "another shard\n").unwrap();
    assert_eq!(
        store.kept_checkpoint(SHARD).unwrap().as_deref(),
        Some("3\n")
    );
    assert_eq!(
        store.kept_checkpoint(other).unwrap().as_deref(),
        Some("another shard\n")
    );
}

/// Makes `shard` with the first `size` entries of [`round`], in one round.
pub fn create(store: &dyn Store, shard: ShardId, size: u64) {
    let identity = identity(u64::from(shard.get()) + 1);
    store.create_shard(shard, &identity, &head(0)).unwrap();
    if size > 0 {
        store.commit(&[(shard, &round(0..size))]).unwrap();
    }
}

/// Panics unless `shard` holds the first `size` entries of [`round`] with everything that belongs
/// to them, and nothing at and above `size`.
pub fn assert_holds(reader: &dyn Reader, shard: ShardId, size: u64) {
    let identity = identity(u64::from(shard.get()) + 1);
    assert_eq!(reader.identity(shard).unwrap(), Some(identity));
    assert_eq!(reader.head(shard).unwrap(), Some(head(size)));
    for position in 0..size {
        let (index, entry) = (LeafIndex::new(position), new_entry(position));
        assert_eq!(
            reader.entry(shard, index).unwrap(),
            Some(stored(&entry)),
            "{index}"
        );
        assert_eq!(
            reader.index_of(shard, &entry.leaf_hash).unwrap(),
            Some(index)
        );
        for key in &entry.search_keys {
            assert_eq!(reader.search(shard, key, index, 1).unwrap(), [index]);
        }
        for (key, content) in entry.attestations {
            assert_eq!(reader.attestation(shard, &key).unwrap(), Some(content));
        }
    }
    let full = completed_tiles(0, size);
    for id in &full {
        assert_eq!(reader.tile(shard, *id).unwrap(), Some(tile_bytes(*id)));
    }
    for id in completed_tiles(0, size + 512).difference(&full) {
        assert_eq!(reader.tile(shard, *id).unwrap(), None);
    }
    for position in [size, size + 1, u64::MAX] {
        let index = LeafIndex::new(position);
        assert_eq!(reader.entry(shard, index).unwrap(), None);
        assert_eq!(reader.search(shard, &search_key(0), index, 1).unwrap(), []);
        assert_eq!(reader.search(shard, &search_key(1), index, 1).unwrap(), []);
    }
    assert_eq!(reader.index_of(shard, &hash(1, size)).unwrap(), None);
}

fn assert_nothing_in(reader: &dyn Reader, shard: ShardId) {
    assert_eq!(reader.identity(shard).unwrap(), None);
    assert_eq!(reader.head(shard).unwrap(), None);
    assert_eq!(reader.frozen(shard).unwrap(), None);
    assert_eq!(reader.entry(shard, LeafIndex::new(0)).unwrap(), None);
    assert_eq!(visited(reader, shard, 0..u64::MAX), NO_POSITIONS);
    assert_eq!(
        reader
            .tile(
                shard,
                TileId {
                    level: 0,
                    number: 0
                }
            )
            .unwrap(),
        None
    );
    assert_eq!(reader.index_of(shard, &hash(1, 0)).unwrap(), None);
    assert_eq!(reader.indexes_of(shard, &[hash(1, 0)]).unwrap(), [None]);
    assert_eq!(
        reader
            .search(shard, &search_key(0), LeafIndex::new(0), 9)
            .unwrap(),
        []
    );
    assert_eq!(reader.attestation(shard, b"sha256:0").unwrap(), None);
}

fn visited(reader: &dyn Reader, shard: ShardId, range: Range<u64>) -> Vec<u64> {
    let mut positions = Vec::new();
    let visit = &mut |index: LeafIndex, entry: StoredEntry| {
        assert_eq!(entry, stored(&new_entry(index.get())));
        positions.push(index.get());
        ControlFlow::Continue(())
    };
    reader.visit_entries(shard, range, visit).unwrap();
    positions
}

/// A round at 255 that keeps every rule but the one on the whole.
fn too_large() -> Round {
    let entries = MAX_ROUND_BYTES / MAX_ENTRY_BYTES + 1;
    let mut large = round(255..255 + entries as u64);
    let body = zeros(MAX_ENTRY_BYTES);
    for entry in &mut large.entries {
        entry.body = body.clone();
    }
    large
}

fn stored(entry: &NewEntry) -> StoredEntry {
    StoredEntry {
        integrated_time: entry.integrated_time,
        body: entry.body.clone(),
    }
}

fn own_search_key(position: u64) -> SearchKey {
    SearchKey {
        kind: 2,
        hash: hash(2, position),
    }
}

fn tile_bytes(id: TileId) -> Bytes {
    hash(4 + id.level, id.number)
        .as_bytes()
        .repeat(TILE_BYTES / Hash::LENGTH)
        .into()
}

fn zeros(length: usize) -> Bytes {
    vec![0; length].into()
}

/// A made-up hash: `kind` and `number` spread over the bytes, so that keys are in no order of their
/// own.
fn hash(kind: u8, number: u64) -> Hash {
    let mut bytes = [kind; Hash::LENGTH];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    Hash::new(bytes)
}

const NO_POSITIONS: [u64; 0] = [];
