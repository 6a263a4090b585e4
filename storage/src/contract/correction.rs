//! What a store keeps when its search index is rebuilt.

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;

use super::fixture::SHARD;
use super::fixture::assert_holds;
use super::fixture::create;
use super::fixture::new_entry;
use super::fixture::own_search_key;
use super::fixture::round;
use super::fixture::search_key;
use crate::correction::Amendment;
use crate::correction::Correction;
use crate::correction::Later;
use crate::correction::MAX_CORRECTION_ROWS;
use crate::correction::MAX_PROGRESS_BYTES;
use crate::correction::SearchRow;
use crate::error::StorageError;
use crate::schema::Schema;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;

/// Rows are listed in order, complete, in pages of any length, and those of one shard only.
pub async fn rows_are_listed_in_order(store: &Schema) {
    let last = ShardId::new(u32::MAX);
    assert_eq!(rows(store, SHARD, 7).await, []);
    create(store, SHARD, 40).await;
    create(store, ShardId::new(1), 3).await;
    create(store, last, 5).await;
    for (shard, size) in [(SHARD, 40), (ShardId::new(1), 3), (last, 5)] {
        for page in [1, 3, 79, 80, 1_000] {
            assert_eq!(
                rows(store, shard, page).await,
                rows_of(size),
                "pages of {page}"
            );
        }
    }
    assert_eq!(rows(store, ShardId::new(2), 7).await, []);

    // Behind a row that is not there, just as behind one that is.
    let absent = row(search_key(0), 1);
    let expected: Vec<_> = rows_of(40)
        .into_iter()
        .filter(|row| *row > absent)
        .collect();
    assert_eq!(
        store.search_rows(SHARD, Some(absent), 1_000).await.unwrap(),
        expected
    );
    assert_eq!(store.search_rows(SHARD, None, 0).await.unwrap(), []);
}

/// Rows that a correction adds are found, rows that it removes are not, and nothing else changes.
pub async fn a_correction_changes_rows(store: &Schema) {
    create(store, SHARD, 20).await;
    create(store, ShardId::new(1), 20).await;
    let (added, removed) = (row(search_key(9), 7), row(search_key(1), 5));
    let absent = row(search_key(9), 8);
    correct(
        store,
        20,
        &[added, row(search_key(0), 4)],
        &[removed, absent],
    )
    .await;

    let asked = [added, removed, absent, row(search_key(0), 4)];
    let has = store.has_search_rows(SHARD, &asked).await.unwrap();
    assert_eq!(has, [true, false, false, true]);
    assert_eq!(found(store, SHARD, 9).await, [7]);
    assert_eq!(
        found(store, SHARD, 1).await,
        [1, 3, 7, 9, 11, 13, 15, 17, 19]
    );
    let mut expected = rows_of(20);
    expected.retain(|row| *row != removed);
    expected.push(added);
    expected.sort_unstable();
    assert_eq!(rows(store, SHARD, 1_000).await, expected);

    assert_holds(store, ShardId::new(1), 20).await;
    assert_eq!(rows(store, ShardId::new(1), 1_000).await, rows_of(20));
    // A second time there is nothing left to do; and what was removed can come back.
    correct(store, 20, &[added], &[removed]).await;
    assert_eq!(rows(store, SHARD, 1_000).await, expected);
    correct(store, 20, &[removed], &[added]).await;
    assert_holds(store, SHARD, 20).await;
    assert_eq!(rows(store, SHARD, 1_000).await, rows_of(20));
    store.commit(&[(SHARD, &round(20..30))]).await.unwrap();
    assert_holds(store, SHARD, 30).await;
}

/// A correction that was decided before a round does not take a row of that round away.
pub async fn a_correction_spares_what_came_since(store: &Schema) {
    create(store, SHARD, 20).await;
    store.commit(&[(SHARD, &round(20..30))]).await.unwrap();
    let rows_of_new = [row(search_key(1), 25), row(own_search_key(25), 25)];
    correct(store, 20, &[], &rows_of_new).await;
    assert_holds(store, SHARD, 30).await;
    correct(store, 25, &[], &rows_of_new).await;
    assert_holds(store, SHARD, 30).await;
    correct(store, 26, &[], &rows_of_new).await;
    let has = store.has_search_rows(SHARD, &rows_of_new).await.unwrap();
    assert_eq!(has, [false, false]);
}

/// An amendment changes what is kept beside an entry, its rows, and what is left to be done.
pub async fn an_amendment_changes_an_entry_alone(store: &Schema) {
    let index = LeafIndex::new(3);
    let refused = store.amend(SHARD, index, &Amendment::default()).await;
    assert!(matches!(refused, Err(StorageError::NoShard { .. })));
    create(store, SHARD, 5).await;
    let row = |key: &[u8]| (key.to_vec(), Bytes::from_static(b"kept"));
    let key = search_key(9);
    let amendment = Amendment {
        keep: vec![row(b"a"), row(b"b")],
        add: vec![key],
        later: Later::From(7),
        ..Amendment::default()
    };
    store.amend(SHARD, index, &amendment).await.unwrap();
    let kept = store.attestations(SHARD, b"", None, 9).await.unwrap();
    let keys: Vec<&[u8]> = kept.iter().map(|(key, _)| &key[..]).collect();
    let own = keys.iter().filter(|key| key.len() == 1).count();
    assert_eq!(own, 2);
    let behind = store.attestations(SHARD, b"b", Some(b"b"), 9).await;
    assert_eq!(behind.unwrap(), []);
    assert_eq!(store.unindexed_part(SHARD, index).await.unwrap(), Some(7));
    let found = store.search(SHARD, &key, LeafIndex::new(0), 9).await;
    assert_eq!(found.unwrap(), [index]);

    let back = Amendment {
        forget: vec![b"a".to_vec(), b"never".to_vec()],
        remove: vec![key, search_key(10)],
        ..Amendment::default()
    };
    store.amend(SHARD, index, &back).await.unwrap();
    assert_eq!(store.attestation(SHARD, b"a").await.unwrap(), None);
    assert!(store.attestation(SHARD, b"b").await.unwrap().is_some());
    assert_eq!(store.unindexed_part(SHARD, index).await.unwrap(), Some(7));
    let done = Amendment {
        later: Later::Nothing,
        ..Amendment::default()
    };
    store.amend(SHARD, index, &done).await.unwrap();
    assert_eq!(store.unindexed_part(SHARD, index).await.unwrap(), None);
    assert_holds(store, SHARD, 5).await;

    let beyond = store.amend(SHARD, LeafIndex::new(5), &amendment).await;
    assert!(matches!(beyond, Err(StorageError::RowBeyondHead { .. })));
    let many = Amendment {
        add: vec![key; MAX_CORRECTION_ROWS + 1],
        ..Amendment::default()
    };
    let refused = store.amend(SHARD, index, &many).await;
    assert!(matches!(
        refused,
        Err(StorageError::CorrectionLength { .. })
    ));
}

/// Progress is replaced with each correction, belongs to the store as a whole, and is gone with the
/// last one.
pub async fn progress_comes_with_corrections(store: &Schema) {
    assert_eq!(store.reindex_progress().await.unwrap(), None);
    create(store, SHARD, 3).await;
    create(store, ShardId::new(1), 3).await;
    let longest = vec![b'a'; MAX_PROGRESS_BYTES];
    for (shard, progress) in [
        (SHARD, &b"a third"[..]),
        (ShardId::new(1), b"half"),
        (SHARD, &longest),
    ] {
        let correction = Correction {
            names: Vec::new(),
            progress: Some(Bytes::copy_from_slice(progress)),
            ..nothing()
        };
        store.correct(shard, &correction).await.unwrap();
        let stored = store.reindex_progress().await.unwrap();
        assert_eq!(stored.as_deref(), Some(progress));
    }
    assert_eq!(store.shards().await.unwrap(), [SHARD, ShardId::new(1)]);
    store.correct(SHARD, &nothing()).await.unwrap();
    assert_eq!(store.reindex_progress().await.unwrap(), None);
    assert_holds(store, SHARD, 3).await;
}

/// A correction that breaks a rule changes nothing, not even the progress.
pub async fn a_refused_correction_changes_nothing(store: &Schema) {
    let elsewhere = store.correct(SHARD, &nothing()).await;
    assert!(matches!(elsewhere, Err(StorageError::NoShard { .. })));
    create(store, SHARD, 5).await;
    let correction = |add: Vec<SearchRow>, remove: Vec<SearchRow>, progress: usize| Correction {
        names: Vec::new(),
        seen: TreeSize::new(5),
        add,
        remove,
        progress: Some(vec![0; progress].into()),
    };
    let (missing, present) = (row(search_key(9), 0), row(search_key(0), 0));
    let many = |count| vec![missing; count];

    let beyond = correction(vec![missing, row(search_key(9), 5)], vec![present], 1);
    let error = store.correct(SHARD, &beyond).await.unwrap_err();
    let StorageError::RowBeyondHead { index, size, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((index.get(), size.get()), (5, 5));
    for too_many in [
        correction(many(MAX_CORRECTION_ROWS), vec![present], 1),
        correction(many(1), vec![present; MAX_CORRECTION_ROWS], 1),
    ] {
        let refused = store.correct(SHARD, &too_many).await;
        assert!(matches!(
            refused,
            Err(StorageError::CorrectionLength { limit }) if limit == MAX_CORRECTION_ROWS
        ));
    }
    let too_long = correction(vec![missing], vec![present], MAX_PROGRESS_BYTES + 1);
    let refused = store.correct(SHARD, &too_long).await;
    assert!(matches!(
        refused,
        Err(StorageError::ProgressLength { length, .. }) if length == MAX_PROGRESS_BYTES + 1
    ));
    assert_eq!(store.reindex_progress().await.unwrap(), None);
    assert_eq!(rows(store, SHARD, 1_000).await, rows_of(5));

    let largest = correction(many(MAX_CORRECTION_ROWS - 1), vec![present], 1);
    store.correct(SHARD, &largest).await.unwrap();
    let has = store
        .has_search_rows(SHARD, &[missing, present])
        .await
        .unwrap();
    assert_eq!(has, [true, false]);
}

/// A correction that changes nothing and completes a rebuild.
fn nothing() -> Correction {
    Correction {
        names: Vec::new(),
        seen: TreeSize::EMPTY,
        add: Vec::new(),
        remove: Vec::new(),
        progress: None,
    }
}

async fn correct(store: &Schema, seen: u64, add: &[SearchRow], remove: &[SearchRow]) {
    let correction = Correction {
        names: Vec::new(),
        seen: TreeSize::new(seen),
        add: add.to_vec(),
        remove: remove.to_vec(),
        progress: Some(Bytes::from_static(b"under way")),
    };
    store.correct(SHARD, &correction).await.unwrap();
}

fn row(key: StoredSearchKey, position: u64) -> SearchRow {
    let index = LeafIndex::new(position);
    SearchRow { key, index }
}

/// All rows of a shard with the entries of [`round`] from 0 to `size`.
fn rows_of(size: u64) -> Vec<SearchRow> {
    let rows = (0..size).flat_map(|position| {
        let keys = new_entry(position).search_keys.into_iter();
        keys.map(move |key| row(key, position))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    rows
}

async fn rows(store: &Schema, shard: ShardId, page: usize) -> Vec<SearchRow> {
    let mut rows: Vec<SearchRow> = Vec::new();
    loop {
        let after = rows.last().copied();
        let more = store.search_rows(shard, after, page).await.unwrap();
        assert!(more.len() <= page);
        if more.is_empty() {
            return rows;
        }
        rows.extend(more);
    }
}

async fn found(store: &Schema, shard: ShardId, parity: u64) -> Vec<u64> {
    let found = store
        .search(shard, &search_key(parity), LeafIndex::new(0), 1_000)
        .await;
    found.unwrap().into_iter().map(LeafIndex::get).collect()
}
