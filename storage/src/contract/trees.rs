//! What a store keeps of several trees: rounds of many in one write, trees that end, start and
//! become others, and the schema before there were kinds of trees.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::MAX_NOTE_BYTES;
use ledgerstone_merkle::TreeSize;

use super::fixture::SHARD;
use super::fixture::assert_holds;
use super::fixture::assert_nothing_in;
use super::fixture::create;
use super::fixture::hash;
use super::fixture::head;
use super::fixture::identity;
use super::fixture::round;
use super::fixture::zeros;
use crate::error::StorageError;
use crate::round::MAX_ROUND_BYTES;
use crate::round::Round;
use crate::schema::Schema;
use crate::shard::ShardIdentity;
use crate::shard::TreeKind;
use crate::shard_id::ShardId;
use crate::trees::Frozen;
use crate::trees::NewShard;
use crate::trees::OLD_SCHEMA_VERSION;
use crate::trees::SCHEMA_VERSION;
use crate::trees::TreeChange;

/// An entry with a duplicate key is found by it as by its leaf hash, and the later one wins.
pub async fn a_duplicate_key_leads_to_its_entry(store: &Schema) {
    create(store, SHARD, 4).await;
    let key = hash(7, 7);
    for position in [4, 5] {
        let mut keyed = round(position..position + 1);
        keyed.entries[0].duplicate_key = Some(key);
        store.commit(&[(SHARD, &keyed)]).await.unwrap();
        assert_holds(store, SHARD, position + 1).await;
        let index = Some(LeafIndex::new(position));
        assert_eq!(store.index_of(SHARD, &key).await.unwrap(), index);
        let found = store
            .indexes_of(SHARD, &[key, hash(1, 4), hash(7, 8)])
            .await;
        assert_eq!(found.unwrap(), [index, Some(LeafIndex::new(4)), None]);
    }
}

/// Rounds of several shards are all there after one write, whatever their order.
pub async fn rounds_of_several_shards_are_one_write(store: &Schema) {
    let sizes = [(OTHER, 300), (SHARD, 10), (THIRD, 0)];
    for (shard, size) in sizes {
        create(store, shard, size).await;
    }
    let rounds = sizes.map(|(shard, size)| (shard, round(size..size + 260)));
    store.commit(&borrowed(&rounds)).await.unwrap();
    for (shard, size) in sizes {
        assert_holds(store, shard, size + 260).await;
    }
}

/// Rounds that cannot all be written change nothing, wherever the one that is refused stands.
pub async fn refused_rounds_change_no_shard(store: &Schema) {
    create(store, SHARD, 10).await;
    create(store, OTHER, 20).await;
    let none = store.commit(&[]).await;
    assert!(matches!(none, Err(StorageError::NoRound)), "{none:?}");

    let good = (SHARD, round(10..12));
    type Expect = fn(&StorageError) -> bool;
    let refused: [((ShardId, Round), Expect); 4] = [
        (
            (SHARD, round(12..14)),
            |error| matches!(error, StorageError::ShardTwice { shard } if *shard == SHARD),
        ),
        (
            (THIRD, round(0..2)),
            |error| matches!(error, StorageError::NoShard { shard } if *shard == THIRD),
        ),
        (
            (OTHER, round(21..22)),
            |error| matches!(error, StorageError::OutOfOrder { shard, .. } if *shard == OTHER),
        ),
        (
            (
                OTHER,
                Round {
                    entries: Vec::new(),
                    ..round(20..21)
                },
            ),
            |error| matches!(error, StorageError::EmptyRound),
        ),
    ];
    for (bad, expect) in refused {
        for rounds in [[good.clone(), bad.clone()], [bad.clone(), good.clone()]] {
            let error = store.commit(&borrowed(&rounds)).await.unwrap_err();
            assert!(expect(&error), "{error:?}");
            assert_holds(store, SHARD, 10).await;
            assert_holds(store, OTHER, 20).await;
            assert_nothing_in(store, THIRD).await;
        }
    }
}

/// Rounds that each keep the limit of bytes break it together.
pub async fn the_limit_of_bytes_is_on_all_rounds(store: &Schema) {
    let large = |entries: usize| {
        let mut large = round(0..entries as u64);
        let body = zeros(MAX_ENTRY_BYTES);
        for entry in &mut large.entries {
            entry.body = body.clone();
        }
        large
    };
    let all = MAX_ROUND_BYTES / MAX_ENTRY_BYTES;
    let rounds = [(SHARD, large(all / 2)), (OTHER, large(all / 2 + 1))];
    create(store, SHARD, 0).await;
    create(store, OTHER, 0).await;
    let error = store.commit(&borrowed(&rounds)).await.unwrap_err();
    assert!(
        matches!(error, StorageError::RoundLength { limit } if limit == MAX_ROUND_BYTES),
        "{error:?}"
    );
    assert_holds(store, SHARD, 0).await;
    assert_holds(store, OTHER, 0).await;
}

/// A frozen shard keeps what it has and its last checkpoint, and takes no more, neither alone nor
/// beside others.
pub async fn a_frozen_shard_takes_no_round(store: &Schema) {
    create(store, SHARD, 300).await;
    create(store, OTHER, 5).await;
    let longest = frozen(&"a".repeat(MAX_NOTE_BYTES), i64::MIN);
    store
        .change_trees(&freeze(SHARD, longest.clone()))
        .await
        .unwrap();
    assert_eq!(store.frozen(SHARD).await.unwrap(), Some(longest.clone()));
    assert_eq!(store.frozen(OTHER).await.unwrap(), None);
    assert_eq!(store.frozen(THIRD).await.unwrap(), None);
    assert_eq!(store.shards().await.unwrap(), [SHARD, OTHER]);

    let rounds = [(OTHER, round(5..7)), (SHARD, round(300..301))];
    for rounds in [&rounds[1..], &rounds[..]] {
        let error = store.commit(&borrowed(rounds)).await.unwrap_err();
        assert!(
            matches!(error, StorageError::Frozen { shard } if shard == SHARD),
            "{error:?}"
        );
    }
    assert_holds(store, SHARD, 300).await;
    assert_holds(store, OTHER, 5).await;
    store.commit(&borrowed(&rounds[..1])).await.unwrap();
    assert_holds(store, OTHER, 7).await;

    let again = store.change_trees(&freeze(SHARD, frozen("again", 1))).await;
    assert!(
        matches!(again, Err(StorageError::Frozen { shard }) if shard == SHARD),
        "{again:?}"
    );
    assert_eq!(store.frozen(SHARD).await.unwrap(), Some(longest));
}

/// Trees are frozen, created and replaced together, and grow or not as they are then.
pub async fn trees_change_in_one_write(store: &Schema) {
    create(store, SHARD, 300).await;
    create(store, OTHER, 0).await;
    let replaced = ShardIdentity {
        kind: TreeKind::new(u8::MAX),
        ..identity(77)
    };
    let change = TreeChange {
        freeze: vec![(SHARD, frozen("last\n", 7))],
        create: vec![new_shard(THIRD), new_shard(FOURTH)],
        replace: vec![(OTHER, replaced.clone())],
    };
    store.change_trees(&change).await.unwrap();
    assert_eq!(store.shards().await.unwrap(), [SHARD, OTHER, THIRD, FOURTH]);
    assert_eq!(
        store.frozen(SHARD).await.unwrap(),
        Some(frozen("last\n", 7))
    );
    assert_eq!(store.identity(OTHER).await.unwrap(), Some(replaced.clone()));
    assert_eq!(store.head(OTHER).await.unwrap(), Some(head(0)));
    for shard in [THIRD, FOURTH] {
        assert_holds(store, shard, 0).await;
    }
    let rounds = [OTHER, THIRD, FOURTH].map(|shard| (shard, round(0..3)));
    store.commit(&borrowed(&rounds)).await.unwrap();
    assert_eq!(store.identity(OTHER).await.unwrap(), Some(replaced));
    assert_eq!(store.head(OTHER).await.unwrap(), Some(head(3)));
    assert_holds(store, THIRD, 3).await;
    assert_holds(store, SHARD, 300).await;
}

/// A change that breaks a rule in one part changes nothing of the others.
pub async fn a_refused_change_of_trees_changes_nothing(store: &Schema) {
    create(store, SHARD, 5).await;
    create(store, OTHER, 0).await;
    store
        .change_trees(&freeze(OTHER, frozen("ended", 1)))
        .await
        .unwrap();
    create(store, THIRD, 0).await;
    type Spoil = fn(&mut TreeChange);
    type Expect = fn(&StorageError) -> bool;
    let rules: [(Spoil, Expect); 11] = [
        (
            |change| change.freeze.push((FIFTH, frozen("", 0))),
            |error| matches!(error, StorageError::NoShard { shard } if *shard == FIFTH),
        ),
        (
            |change| change.freeze.push((OTHER, frozen("", 0))),
            |error| matches!(error, StorageError::Frozen { shard } if *shard == OTHER),
        ),
        (
            |change| change.freeze[0].1.checkpoint = "a".repeat(MAX_NOTE_BYTES + 1),
            |error| matches!(error, StorageError::CheckpointLength { .. }),
        ),
        (
            |change| change.freeze.push(change.freeze[0].clone()),
            |error| matches!(error, StorageError::ShardTwice { shard } if *shard == SHARD),
        ),
        (
            |change| change.create.push(new_shard(FOURTH)),
            |error| matches!(error, StorageError::ShardTwice { shard } if *shard == FOURTH),
        ),
        (
            |change| change.create[0].id = OTHER,
            |error| matches!(error, StorageError::ShardExists { shard } if *shard == OTHER),
        ),
        (
            |change| change.create[0].head = head(1),
            |error| matches!(error, StorageError::NotEmptyTree { size } if size.get() == 1),
        ),
        (
            |change| change.create[0].identity.origin.clear(),
            |error| {
                matches!(
                    error,
                    StorageError::Identity {
                        field: "origin",
                        ..
                    }
                )
            },
        ),
        (
            |change| {
                change.freeze.clear();
                change.replace[0].0 = SHARD;
            },
            |error| {
                let five = TreeSize::new(5);
                matches!(error, StorageError::ShardNotEmpty { size, .. } if *size == five)
            },
        ),
        (
            |change| change.replace[0].0 = OTHER,
            |error| matches!(error, StorageError::Frozen { shard } if *shard == OTHER),
        ),
        (
            |change| change.replace[0].1.tree_id = 0,
            |error| {
                matches!(
                    error,
                    StorageError::Identity {
                        field: "tree_id",
                        ..
                    }
                )
            },
        ),
    ];
    let sound = TreeChange {
        freeze: vec![(SHARD, frozen("last", 1))],
        create: vec![new_shard(FOURTH)],
        replace: vec![(THIRD, identity(78))],
    };
    for (number, (spoil, expect)) in rules.into_iter().enumerate() {
        let mut spoilt = sound.clone();
        spoil(&mut spoilt);
        let refused = store
            .change_trees(&spoilt)
            .await
            .expect_err("the change breaks a rule");
        assert!(expect(&refused), "rule {number}: {refused:?}");
        assert_eq!(store.shards().await.unwrap(), [SHARD, OTHER, THIRD]);
        assert_eq!(store.frozen(SHARD).await.unwrap(), None);
        assert_eq!(store.frozen(OTHER).await.unwrap(), Some(frozen("ended", 1)));
        assert_holds(store, SHARD, 5).await;
        assert_holds(store, OTHER, 0).await;
        assert_holds(store, THIRD, 0).await;
        assert_nothing_in(store, FOURTH).await;
    }
    store.change_trees(&sound).await.unwrap();
    assert_eq!(store.frozen(SHARD).await.unwrap(), Some(frozen("last", 1)));
}

/// A store of the old schema is read and written, and stays what the program before can open: it
/// takes no tree of a kind.
pub async fn a_store_of_the_old_schema_stays_one(store: &Schema) {
    assert_eq!(store.schema_version().await.unwrap(), OLD_SCHEMA_VERSION);
    let of_a_kind = store.create_shard(SHARD, &identity(1), &head(0)).await;
    assert!(
        matches!(
            of_a_kind,
            Err(StorageError::OldSchema {
                found: OLD_SCHEMA_VERSION,
                ..
            })
        ),
        "{of_a_kind:?}"
    );
    assert_eq!(store.shards().await.unwrap(), []);
    store
        .create_shard(SHARD, &mixed(1), &head(0))
        .await
        .unwrap();
    store.commit(&[(SHARD, &round(0..300))]).await.unwrap();
    assert_eq!(store.identity(SHARD).await.unwrap(), Some(mixed(1)));
    assert_eq!(store.head(SHARD).await.unwrap(), Some(head(300)));
    assert_eq!(store.frozen(SHARD).await.unwrap(), None);
    assert_eq!(store.schema_version().await.unwrap(), OLD_SCHEMA_VERSION);
}

/// A change of trees makes a store of the old schema one of the new, and a refused one does not.
pub async fn a_change_of_trees_raises_the_schema(store: &Schema) {
    store
        .create_shard(SHARD, &mixed(1), &head(0))
        .await
        .unwrap();
    store.commit(&[(SHARD, &round(0..3))]).await.unwrap();
    let refused = store.change_trees(&freeze(OTHER, frozen("", 0))).await;
    assert!(matches!(refused, Err(StorageError::NoShard { .. })));
    assert_eq!(store.schema_version().await.unwrap(), OLD_SCHEMA_VERSION);

    let change = TreeChange {
        create: vec![new_shard(OTHER)],
        ..freeze(SHARD, frozen("last", 9))
    };
    store.change_trees(&change).await.unwrap();
    assert_eq!(store.schema_version().await.unwrap(), SCHEMA_VERSION);
    assert_eq!(store.identity(SHARD).await.unwrap(), Some(mixed(1)));
    assert_eq!(store.frozen(SHARD).await.unwrap(), Some(frozen("last", 9)));
    assert_holds(store, OTHER, 0).await;
    create(store, THIRD, 3).await;
    assert_holds(store, THIRD, 3).await;
}

fn borrowed(rounds: &[(ShardId, Round)]) -> Vec<(ShardId, &Round)> {
    let rounds = rounds.iter();
    rounds.map(|(shard, round)| (*shard, round)).collect()
}

fn freeze(shard: ShardId, frozen: Frozen) -> TreeChange {
    TreeChange {
        freeze: vec![(shard, frozen)],
        ..TreeChange::default()
    }
}

fn frozen(checkpoint: &str, at: i64) -> Frozen {
    let checkpoint = checkpoint.to_owned();
    Frozen { checkpoint, at }
}

/// What [`create`] makes of `shard`.
fn new_shard(shard: ShardId) -> NewShard {
    NewShard {
        id: shard,
        identity: identity(u64::from(shard.get()) + 1),
        head: head(0),
    }
}

fn mixed(tree_id: u64) -> ShardIdentity {
    ShardIdentity {
        kind: TreeKind::MIXED,
        ..identity(tree_id)
    }
}

const OTHER: ShardId = ShardId::new(1);
const THIRD: ShardId = ShardId::new(2);
const FOURTH: ShardId = ShardId::new(3);
const FIFTH: ShardId = ShardId::new(4);
