//! What a store keeps of its shards, and of the rounds of one.

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use super::fixture::NO_POSITIONS;
use super::fixture::SHARD;
use super::fixture::assert_holds;
use super::fixture::assert_nothing_in;
use super::fixture::create;
use super::fixture::hash;
use super::fixture::head;
use super::fixture::identity;
use super::fixture::round;
use super::fixture::stored;
use super::fixture::too_large;
use super::fixture::visited;
use super::fixture::zeros;
use crate::error::StorageError;
use crate::round::MAX_ATTESTATION_BYTES;
use crate::round::MAX_ATTESTATION_KEY_BYTES;
use crate::round::Round;
use crate::schema::Schema;
use crate::shard_id::ShardId;
use crate::trees::SCHEMA_VERSION;

/// A store without a shard has nothing in it.
pub async fn a_new_store_has_no_shard(store: &Schema) {
    assert_eq!(store.shards().await.unwrap(), []);
    assert_nothing_in(store, SHARD).await;
    assert_eq!(store.kept_checkpoint(SHARD).await.unwrap(), None);
    assert_eq!(store.schema_version().await.unwrap(), SCHEMA_VERSION);
}

/// A new shard has its identity and its head, and no more.
pub async fn a_shard_starts_empty(store: &Schema) {
    store
        .create_shard(SHARD, &identity(1), &head(0))
        .await
        .unwrap();
    assert_eq!(store.shards().await.unwrap(), [SHARD]);
    assert_eq!(store.identity(SHARD).await.unwrap(), Some(identity(1)));
    assert_eq!(store.head(SHARD).await.unwrap(), Some(head(0)));
    assert_eq!(store.entry(SHARD, LeafIndex::new(0)).await.unwrap(), None);
    assert_eq!(visited(store, SHARD, 0..u64::MAX).await, NO_POSITIONS);
}

/// A shard is never created over an existing one.
pub async fn a_shard_is_created_once(store: &Schema) {
    create(store, SHARD, 300).await;
    match store.create_shard(SHARD, &identity(2), &head(0)).await {
        Err(StorageError::ShardExists { shard }) => assert_eq!(shard, SHARD),
        other => panic!("{other:?}"),
    }
    assert_holds(store, SHARD, 300).await;
}

/// A shard starts at size 0, with an identity that keeps its rules.
pub async fn a_shard_is_created_by_the_rules(store: &Schema) {
    match store.create_shard(SHARD, &identity(1), &head(1)).await {
        Err(StorageError::NotEmptyTree { size }) => assert_eq!(size, TreeSize::new(1)),
        other => panic!("{other:?}"),
    }
    match store.create_shard(SHARD, &identity(0), &head(0)).await {
        Err(StorageError::Identity { field, .. }) => assert_eq!(field, "tree_id"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.shards().await.unwrap(), []);
    assert_nothing_in(store, SHARD).await;
}

/// Everything that a round carries is there after it, and only that.
pub async fn a_round_is_read_back(store: &Schema) {
    create(store, SHARD, 600).await;
    assert_holds(store, SHARD, 600).await;
    let hashes = [hash(1, 7), hash(9, 9), hash(1, 599), hash(1, 0), hash(1, 7)];
    let expected = [Some(7), None, Some(599), Some(0), Some(7)].map(|at| at.map(LeafIndex::new));
    assert_eq!(store.indexes_of(SHARD, &hashes).await.unwrap(), expected);
    assert_eq!(store.indexes_of(SHARD, &[]).await.unwrap(), []);
    assert_eq!(store.attestation(SHARD, b"sha256:1").await.unwrap(), None);
    assert_eq!(store.attestation(SHARD, b"").await.unwrap(), None);
    assert_eq!(store.attestation(SHARD, b"sha256:").await.unwrap(), None);
}

/// Rounds of all sizes add up, over the borders of tiles too.
pub async fn rounds_follow_each_other(store: &Schema) {
    create(store, SHARD, 0).await;
    let mut size = 0;
    for end in [1, 2, 255, 256, 257, 512, 1_025, 1_026] {
        store.commit(&[(SHARD, &round(size..end))]).await.unwrap();
        size = end;
        assert_eq!(store.head(SHARD).await.unwrap(), Some(head(size)));
    }
    assert_holds(store, SHARD, size).await;
}

/// There is no round without a shard.
pub async fn a_round_needs_its_shard(store: &Schema) {
    create(store, SHARD, 3).await;
    let other = ShardId::new(1);
    match store.commit(&[(other, &round(0..3))]).await {
        Err(StorageError::NoShard { shard }) => assert_eq!(shard, other),
        result => panic!("{result:?}"),
    }
    assert_eq!(store.shards().await.unwrap(), [SHARD]);
    assert_nothing_in(store, other).await;
}

/// A round that breaks a rule is refused with the rule's error, and nothing of it is stored.
pub async fn a_refused_round_changes_nothing(store: &Schema) {
    create(store, SHARD, 255).await;
    type Spoil = fn(&mut Round);
    type Expect = fn(&StorageError) -> bool;
    let rules: [(Spoil, Expect); 12] = [
        (
            |round| *round = super::fixture::round(256..257),
            |error| {
                let (expected, found) = (LeafIndex::new(255), LeafIndex::new(256));
                matches!(
                    error,
                    StorageError::OutOfOrder { expected: e, found: f, .. }
                        if (*e, *f) == (expected, found)
                )
            },
        ),
        (
            |round| *round = super::fixture::round(0..255),
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
                matches!(
                    error,
                    StorageError::HeadSize { expected: e, found: f }
                        if (*e, *f) == (expected, found)
                )
            },
        ),
        (
            |round| round.head.time = head(255).time - 1,
            |error| {
                matches!(
                    error,
                    StorageError::TimeBackwards { last, found } if last - found == 1
                )
            },
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
            |error| {
                let cut = TILE_BYTES - 1;
                matches!(error, StorageError::TileLength { length, .. } if *length == cut)
            },
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
            .await
            .expect_err("the round breaks a rule");
        assert!(expect(&refused), "rule {number}: {refused:?}");
        assert_holds(store, SHARD, 255).await;
    }
    store
        .commit(&[(SHARD, &too_large())])
        .await
        .expect_err("the round is too large");
    assert_holds(store, SHARD, 255).await;

    store.commit(&[(SHARD, &round(255..256))]).await.unwrap();
    assert_holds(store, SHARD, 256).await;
}

/// The largest and the smallest values that the rules allow are stored as they are.
pub async fn limits_are_inclusive(store: &Schema) {
    create(store, SHARD, 0).await;
    let mut largest = round(0..2);
    largest.head.time = head(0).time;
    largest.entries[0].body = zeros(MAX_ENTRY_BYTES);
    largest.entries[0].integrated_time = i64::MIN;
    let key = vec![0xff; MAX_ATTESTATION_KEY_BYTES];
    let attestation = zeros(MAX_ATTESTATION_BYTES);
    largest.entries[0].attestations = vec![(key.clone(), attestation.clone())];
    largest.entries[1].body = Bytes::new();
    largest.entries[1].attestations = vec![(Vec::new(), Bytes::new())];
    store.commit(&[(SHARD, &largest)]).await.unwrap();

    for (index, entry) in largest.indexed() {
        assert_eq!(
            store.entry(SHARD, index).await.unwrap(),
            Some(stored(entry))
        );
    }
    assert_eq!(
        store.attestation(SHARD, &key).await.unwrap(),
        Some(attestation)
    );
    assert_eq!(
        store.attestation(SHARD, b"").await.unwrap(),
        Some(Bytes::new())
    );
}
