//! What a store keeps of reads: pages, searches, shards that do not mix, and the kept checkpoint.

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_NOTE_BYTES;

use super::fixture::NO_POSITIONS;
use super::fixture::SHARD;
use super::fixture::assert_holds;
use super::fixture::assert_nothing_in;
use super::fixture::create;
use super::fixture::hash;
use super::fixture::new_entry;
use super::fixture::own_search_key;
use super::fixture::round;
use super::fixture::search_key;
use super::fixture::stored;
use super::fixture::visited;
use crate::engine::EngineError;
use crate::error::StorageError;
use crate::round::MAX_BESIDE_BYTES;
use crate::round::MAX_BESIDE_ROWS;
use crate::schema::EntryPage;
use crate::schema::PageLimit;
use crate::schema::Schema;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;

/// A visit sees the entries of its range that are there, in order, until it breaks.
pub async fn visits_keep_to_their_range(store: &Schema) {
    create(store, SHARD, 300).await;
    create(store, ShardId::new(1), 10).await;
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
        assert_eq!(visited(store, SHARD, range).await, expected);
    }
    assert_eq!(visited(store, ShardId::new(2), 0..10).await, NO_POSITIONS);
}

/// Pages of entries are whole and in order, however they are bounded, and each has an entry until
/// the last.
pub async fn pages_of_entries_keep_their_limits(store: &Schema) {
    create(store, SHARD, 300).await;
    for (entries, bytes) in [
        (1, 1_000),
        (7, 1_000),
        (1_000, 0),
        (1_000, 100),
        (301, 100_000),
    ] {
        let limit = PageLimit { entries, bytes };
        let mut next = 3;
        loop {
            let page = store.entries(SHARD, next..u64::MAX, limit).await.unwrap();
            assert!(page.entries.len() <= entries);
            let lengths = page.entries.iter().map(|(_, entry)| entry.body.len());
            assert!(page.entries.len() <= 1 || lengths.sum::<usize>() <= bytes);
            assert!(
                page.is_last || !page.entries.is_empty(),
                "{limit:?} at {next}"
            );
            for (index, entry) in page.entries {
                assert_eq!(index.get(), next);
                assert_eq!(entry, stored(&new_entry(next)));
                next += 1;
            }
            if page.is_last {
                break;
            }
        }
        assert_eq!(next, 300, "{limit:?}");
    }
    let none = PageLimit {
        entries: 0,
        bytes: 0,
    };
    let page = store.entries(SHARD, 5..9, none).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    #[expect(clippy::reversed_empty_ranges, reason = "who asks so gets nothing")]
    let page = store.entries(SHARD, 9..5, none).await.unwrap();
    assert_eq!(
        page,
        EntryPage {
            entries: Vec::new(),
            is_last: true
        }
    );
}

/// Pages of a search are ascending, complete and bounded, and a key finds its own entries only.
pub async fn search_is_paged(store: &Schema) {
    create(store, SHARD, 301).await;
    for limit in [1, 7, 150, 151, 1_000] {
        let mut found = Vec::new();
        let mut from = LeafIndex::new(0);
        loop {
            let page = store
                .search(SHARD, &search_key(0), from, limit)
                .await
                .unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            from = LeafIndex::new(last.get() + 1);
            found.extend(page);
        }
        let expected: Vec<_> = (0..301).step_by(2).map(LeafIndex::new).collect();
        assert_eq!(found, expected, "in pages of {limit}");
    }
    let search = async |key: StoredSearchKey, from, limit| {
        let found = store
            .search(SHARD, &key, LeafIndex::new(from), limit)
            .await
            .unwrap();
        found.into_iter().map(LeafIndex::get).collect::<Vec<_>>()
    };
    assert_eq!(search(search_key(1), 0, 0).await, NO_POSITIONS);
    assert_eq!(search(search_key(1), 298, 9).await, [299]);
    assert_eq!(search(search_key(1), u64::MAX, 9).await, NO_POSITIONS);
    assert_eq!(search(own_search_key(40), 0, 9).await, [40]);
    assert_eq!(search(own_search_key(301), 0, 9).await, NO_POSITIONS);
    assert_eq!(
        search(
            StoredSearchKey {
                kind: 0,
                ..search_key(1)
            },
            0,
            9
        )
        .await,
        NO_POSITIONS
    );

    let mut twice = round(301..302);
    twice.entries[0].search_keys = vec![search_key(5), search_key(5)];
    store.commit(&[(SHARD, &twice)]).await.unwrap();
    assert_eq!(search(search_key(5), 0, 9).await, [301]);
}

/// Imported trees may hold a leaf twice: the later index is found, within a round and across
/// rounds.
pub async fn a_later_leaf_or_attestation_wins(store: &Schema) {
    create(store, SHARD, 4).await;
    let mut again = round(4..7);
    again.entries[0].leaf_hash = hash(1, 2);
    again.entries[1].leaf_hash = hash(5, 5);
    again.entries[2].leaf_hash = hash(5, 5);
    again.entries[2].attestations = vec![(b"sha256:0".to_vec(), Bytes::from_static(b"later"))];
    store.commit(&[(SHARD, &again)]).await.unwrap();
    for (leaf_hash, expected) in [(hash(1, 2), 4), (hash(5, 5), 6)] {
        let index = store.index_of(SHARD, &leaf_hash).await.unwrap();
        assert_eq!(index, Some(LeafIndex::new(expected)));
    }
    let attestation = store.attestation(SHARD, b"sha256:0").await.unwrap();
    assert_eq!(attestation, Some(Bytes::from_static(b"later")));
}

/// What is kept beside entries after their round is found like what came with it, a later one in
/// the place of an earlier, and changes nothing else; so are public keys.
pub async fn what_is_kept_beside_entries_later_is_read_back(store: &Schema) {
    let row = |key: &[u8], content: &'static [u8]| (key.to_vec(), Bytes::from_static(content));
    let refused = store.keep_beside(SHARD, &[row(b"a", b"1")]).await;
    assert!(
        matches!(refused, Err(StorageError::NoShard { .. })),
        "{refused:?}"
    );
    let refused = store.keep_public_keys(SHARD, "key").await;
    assert!(
        matches!(refused, Err(StorageError::NoShard { .. })),
        "{refused:?}"
    );
    create(store, SHARD, 300).await;
    assert_eq!(store.public_keys(SHARD).await.unwrap(), None);
    for (content, keys) in [(b"1", "one"), (b"2", "one\ntwo")] {
        let rows = [row(b"a", content), row(b"b", content)];
        store.keep_beside(SHARD, &rows).await.unwrap();
        for key in [b"a", b"b"] {
            let kept = store.attestation(SHARD, key).await.unwrap();
            assert_eq!(kept.as_deref(), Some(&content[..]));
        }
        store.keep_public_keys(SHARD, keys).await.unwrap();
        let kept = store.public_keys(SHARD).await.unwrap();
        assert_eq!(kept.as_deref(), Some(keys));
    }
    assert_holds(store, SHARD, 300).await;
    assert_eq!(store.shards().await.unwrap(), [SHARD]);

    let many = vec![row(b"c", b""); MAX_BESIDE_ROWS + 1];
    let long = vec![(b"c".to_vec(), Bytes::from(vec![0; MAX_BESIDE_BYTES]))];
    for rows in [many, long] {
        let refused = store.keep_beside(SHARD, &rows).await;
        assert!(
            matches!(refused, Err(StorageError::BesideLength)),
            "{refused:?}"
        );
    }
    assert_eq!(store.attestation(SHARD, b"c").await.unwrap(), None);
}

/// The same leaves, tiles, search keys and attestation keys in several shards are not the same
/// things.
pub async fn shards_do_not_mix(store: &Schema) {
    // Out of order, and with the highest ordinal, whose keys are the last of all.
    let sizes = [
        (ShardId::new(2), 270),
        (SHARD, 300),
        (ShardId::new(u32::MAX), 280),
    ];
    for (shard, size) in sizes {
        create(store, shard, size).await;
    }
    let shards = [SHARD, ShardId::new(2), ShardId::new(u32::MAX)];
    assert_eq!(store.shards().await.unwrap(), shards);
    for (shard, size) in sizes {
        assert_holds(store, shard, size).await;
        assert_eq!(visited(store, shard, 0..u64::MAX).await.len() as u64, size);
        let found = store
            .search(shard, &search_key(0), LeafIndex::new(0), 1_000)
            .await
            .unwrap();
        assert_eq!(found.len() as u64, size / 2);
    }
    assert_nothing_in(store, ShardId::new(1)).await;
    assert_nothing_in(store, ShardId::new(3)).await;
}

/// The checkpoint that was kept last for a shard is the one that is there.
pub async fn a_kept_checkpoint_is_replaced(store: &Schema) {
    let other = ShardId::new(11);
    let refused = store.sync_kept(SHARD).await;
    assert!(
        matches!(
            refused,
            Err(StorageError::Engine(EngineError::NothingKept { tree: 0 }))
        ),
        "{refused:?}"
    );
    for text in [
        "first\n",
        "a longer second one\n\n\u{2014} key AAAA\n",
        "3\n",
    ] {
        store.keep_checkpoint(SHARD, text).await.unwrap();
        store.sync_kept(SHARD).await.unwrap();
        assert_eq!(
            store.kept_checkpoint(SHARD).await.unwrap().as_deref(),
            Some(text)
        );
        assert_eq!(store.kept_checkpoint(other).await.unwrap(), None);
    }
    match store
        .keep_checkpoint(SHARD, &"a".repeat(MAX_NOTE_BYTES + 1))
        .await
    {
        Err(StorageError::CheckpointLength { length, .. }) => {
            assert_eq!(length, MAX_NOTE_BYTES + 1)
        }
        result => panic!("{result:?}"),
    }
    store
        .keep_checkpoint(other, "another shard\n")
        .await
        .unwrap();
    assert_eq!(
        store.kept_checkpoint(SHARD).await.unwrap().as_deref(),
        Some("3\n")
    );
    assert_eq!(
        store.kept_checkpoint(other).await.unwrap().as_deref(),
        Some("another shard\n")
    );
}

/// A checkpoint is replaced only by who knows which one is kept.
pub async fn a_kept_checkpoint_advances_from_the_one_that_is_kept(store: &Schema) {
    let differs = |result: Result<(), StorageError>| {
        matches!(
            result,
            Err(StorageError::Engine(EngineError::KeptDiffers { tree: 0 }))
        )
    };
    let advance = async |from, to| store.advance_checkpoint(SHARD, from, to).await;
    assert!(differs(advance(Some("first"), "second").await));
    assert!(differs(advance(Some(""), "first").await));
    assert_eq!(store.kept_checkpoint(SHARD).await.unwrap(), None);
    advance(None, "first").await.unwrap();
    for other in [None, Some(""), Some("firs"), Some("first!"), Some("third")] {
        assert!(differs(advance(other, "second").await), "{other:?}");
        let kept = store.kept_checkpoint(SHARD).await.unwrap();
        assert_eq!(kept.as_deref(), Some("first"));
    }
    advance(Some("first"), "first").await.unwrap();
    advance(Some("first"), "other").await.unwrap();
    advance(Some("other"), "").await.unwrap();
    advance(Some(""), "longer").await.unwrap();
    let too_long = "a".repeat(MAX_NOTE_BYTES + 1);
    let refused = advance(Some("longer"), &too_long).await;
    assert!(matches!(
        refused,
        Err(StorageError::CheckpointLength { .. })
    ));
    let longest = &too_long[1..];
    advance(Some("longer"), longest).await.unwrap();
    let kept = store.kept_checkpoint(SHARD).await.unwrap();
    assert_eq!(kept.as_deref(), Some(longest));
    let elsewhere = store.kept_checkpoint(ShardId::new(1)).await.unwrap();
    assert_eq!(elsewhere, None);
}
