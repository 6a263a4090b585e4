//! Rebuilding the search index: damaged, interrupted, beside appends, and on a store that fails.

use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SearchKey;
use ledgerstone_log::AppendError;
use ledgerstone_log::CloseError;
use ledgerstone_log::Evidence;
use ledgerstone_log::Fatal;
use ledgerstone_log::KeyRole;
use ledgerstone_log::Keyring;
use ledgerstone_log::NewTree;
use ledgerstone_log::Reindex;
use ledgerstone_log::ReindexError;
use ledgerstone_log::ReindexPass;
use ledgerstone_log::ReindexProgress;
use ledgerstone_log::ReindexState;
use ledgerstone_log::ReindexStatus;
use ledgerstone_log::SearchOperator;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::create_trees;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::Correction;
use ledgerstone_storage::MAX_CORRECTION_ROWS;
use ledgerstone_storage::SearchRow;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::TreeKind;
use ledgerstone_storage::engine::Batch;
use ledgerstone_storage::engine::Table;

use crate::ORIGIN;
use crate::Running;
use crate::SHARD;
use crate::Site;
use crate::append;
use crate::append_all;
use crate::faulty::Faults;
use crate::faulty::FaultyStore;
use crate::faulty::Step;
use crate::search::Person;
use crate::search::digest;
use crate::search::found;
use crate::search::log_all;
use crate::search::page;
use crate::search::paged;

const OTHER: ShardId = ShardId::new(4);

fn rows(store: &FaultyStore, shard: ShardId) -> Vec<SearchRow> {
    store.search_rows(shard, None, usize::MAX).unwrap()
}

fn row(key: &SearchKey, position: u64) -> SearchRow {
    let key = ledgerstone_storage::StoredSearchKey {
        kind: key.kind.number(),
        hash: key.hash,
    };
    let index = LeafIndex::new(position);
    SearchRow { key, index }
}

/// Takes rows out of the index, as if they had never been written.
fn lose(store: &FaultyStore, shard: ShardId, lost: &[SearchRow]) {
    for some in lost.chunks(MAX_CORRECTION_ROWS) {
        let correction = Correction {
            names: Vec::new(),
            seen: TreeSize::new(u64::MAX),
            add: Vec::new(),
            remove: some.to_vec(),
            progress: None,
        };
        store.correct(shard, &correction).unwrap();
    }
}

/// Rebuilds the index to the end.
fn reindex(store: &FaultyStore) -> Result<ReindexProgress, ReindexError> {
    let mut reindex = Reindex::open(store.store.clone())?;
    while reindex.step()? {}
    assert!(reindex.progress().is_complete);
    assert!(!Reindex::is_pending(store)?);
    Ok(reindex.progress().clone())
}

/// Rows that claim what is not so: for entries of other keys, and behind the end.
fn lies(person: &Person, size: u64) -> Vec<SearchRow> {
    let key = person.search_key();
    let beyond = [size, size + 1, u64::MAX].map(|position| row(&key, position));
    let wrong = (0..size).map(|position| row(&digest(&format!("lie {position}")), position));
    wrong.chain(beyond).collect()
}

/// A log of one kind of entry after the other, closed: 0 and 1 say all in their body, 2 left its
/// statement, 3 did not.
async fn small_site(ann: &Person) -> Site {
    let site = Site::new();
    let log = site.create();
    let entries = [
        ann.signs("a"),
        ann.signs("b"),
        ann.attests_and_leaves("c"),
        ann.attests("d"),
    ];
    log_all(&log, entries).await;
    log.close().await.unwrap();
    site
}

/// Takes away what the log noted of the statement of an entry, as an earlier version did not note
/// it.
fn forget_statement(store: &FaultyStore, index: u64) {
    let shard = SHARD.get().to_be_bytes();
    let part = 0_u32.to_be_bytes();
    let key = [&shard[..], b"f", &index.to_be_bytes(), &part].concat();
    let mut batch = Batch::default();
    batch.delete(Table::Attestations, &key);
    store.store.plant(batch);
}

/// How many rows lead to the dsse entry of [`small_site`] by what its statement named: a digest, a
/// name, and that it was seen.
const STATED_ROWS: u64 = 3;

async fn wait(log: &Running) -> ReindexStatus {
    loop {
        let status = log.log.reindex_status();
        if !status.is_running() {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

fn query(key: SearchKey) -> SearchQuery {
    SearchQuery::new(vec![key], SearchOperator::Or)
}

#[tokio::test]
async fn a_sound_index_is_left_as_it_is() {
    let site = small_site(&Person::new()).await;
    let before = rows(&site.store, SHARD);
    let progress = reindex(&site.store).unwrap();
    assert_eq!(rows(&site.store, SHARD), before);
    assert_eq!((progress.entries, progress.of_entries), (4, 4));
    assert_eq!(progress.rows, before.len() as u64);
    assert_eq!((progress.added, progress.removed), (0, 0));
    assert_eq!(progress.kept, STATED_ROWS, "of the dsse entry");
    assert!(!progress.resumed);
    site.check_whole_log(4);
}

#[tokio::test]
async fn what_is_missing_is_added_and_what_is_wrong_is_removed_in_every_shard() {
    let ann = Person::new();
    let site = small_site(&ann).await;
    let other_tree = [NewTree::new(OTHER, TreeKind::REKOR_V1, ORIGIN)];
    let protocols = &site.options.protocols;
    let keyring = Keyring::generate(&other_tree, protocols).unwrap();
    create_trees(&site.store, &other_tree, &keyring, &site.options).unwrap();
    let mut both = site.keyring.clone();
    for role in [
        KeyRole::RekorV1,
        KeyRole::Checkpoint {
            tree_id: other_tree[0].tree_id,
        },
    ] {
        both.add(role, keyring.signer(role).unwrap().clone())
            .unwrap();
    }
    let other = site.open_with(both).unwrap();
    for artifact in ["e", "f"] {
        let entry = ann.signs(artifact).into();
        other.log.append(TreeKind::REKOR_V1, entry).await.unwrap();
    }
    other.close().await.unwrap();

    let before = [SHARD, OTHER].map(|shard| rows(&site.store, shard));
    let unrecoverable = row(&digest("d"), 3);
    let mut lied = 0;
    for (shard, size) in [(SHARD, 3), (OTHER, 2)] {
        // All but what nothing in the log tells.
        let mut lost = rows(&site.store, shard);
        lost.retain(|row| *row != unrecoverable);
        lose(&site.store, shard, &lost);
        for lie in lies(&Person::new(), size) {
            site.store.plant(shard, lie);
            lied += 1;
        }
    }
    // What names a person cannot have come with the submission.
    site.store.plant(SHARD, row(&Person::new().search_key(), 3));
    lied += 1;

    let progress = reindex(&site.store).unwrap();
    assert_eq!([SHARD, OTHER].map(|shard| rows(&site.store, shard)), before);
    assert_eq!(progress.shards, 2);
    assert_eq!((progress.entries, progress.of_entries), (6, 6));
    let all: usize = before.iter().map(Vec::len).sum();
    assert_eq!(progress.added, all as u64 - 1);
    // One of those behind the end of a tree of 3 lies in the tree of 4.
    assert_eq!(progress.removed, lied);
    assert_eq!(progress.kept, STATED_ROWS);
    site.check_whole_log(4);
}

#[tokio::test]
async fn what_the_log_noted_of_a_submission_comes_back_and_nothing_else_does() {
    let site = small_site(&Person::new()).await;
    let before = rows(&site.store, SHARD);
    lose(&site.store, SHARD, &before);
    site.store.plant(SHARD, row(&digest("perhaps"), 3));
    let progress = reindex(&site.store).unwrap();
    assert_eq!((progress.added, progress.removed), (before.len() as u64, 1));
    assert_eq!(rows(&site.store, SHARD), before);
}

#[tokio::test]
async fn what_only_the_submission_said_is_neither_removed_nor_made_up() {
    let ann = Person::new();
    let site = small_site(&ann).await;
    forget_statement(&site.store, 3);
    // Nobody can tell this from what the statement named.
    site.store.plant(SHARD, row(&digest("perhaps"), 3));
    let progress = reindex(&site.store).unwrap();
    assert_eq!((progress.kept, progress.removed), (STATED_ROWS + 1, 0));

    lose(
        &site.store,
        SHARD,
        &[row(&digest("c"), 2), row(&digest("d"), 3)],
    );
    let progress = reindex(&site.store).unwrap();
    assert_eq!((progress.kept, progress.added), (STATED_ROWS, 1));
    let log = site.open().unwrap();
    let trees = log.log.trees();
    assert_eq!(found(&trees, &query(digest("c"))), [2]);
    assert!(found(&trees, &query(digest("d"))).is_empty());
    let page = page(&trees, &query(digest("perhaps")), 10, usize::MAX);
    assert_eq!(page.hits[0].evidence, Evidence::Submission);
}

/// A site with so much to do that it is written in many batches.
async fn large_site() -> (Site, Vec<SearchRow>) {
    let ann = Person::new();
    let site = Site::new();
    let log = site.create();
    append_all(&log, 0..5_000).await;
    let signed: Vec<PreparedEntry> = (0..900)
        .map(|number| ann.signs(&format!("artifact {number}")))
        .collect();
    log_all(&log, signed).await;
    log.close().await.unwrap();
    let before = rows(&site.store, SHARD);
    assert!(before.len() > 2_100, "{}", before.len());
    lose(&site.store, SHARD, &before);
    for lie in lies(&Person::new(), 5_900) {
        site.store.plant(SHARD, lie);
    }
    (site, before)
}

#[tokio::test]
async fn an_interrupted_rebuild_goes_on_where_it_was() {
    let (site, expected) = large_site().await;
    let mut last = None;
    let mut sessions = 0;
    let complete = loop {
        // One write to begin, and one batch.
        site.store.set(Faults {
            corrections_left: Some(2),
            ..Faults::default()
        });
        match reindex(&site.store) {
            Ok(progress) => break progress,
            Err(ReindexError::Write(_)) => {}
            Err(other) => panic!("{other}"),
        }
        assert!(Reindex::is_pending(&site.store).unwrap());
        let stored = site.store.reindex_progress().unwrap();
        assert_ne!(stored, last, "nothing was done");
        last = stored;
        sessions += 1;
    };
    assert!(sessions > 4, "{sessions}");
    assert_eq!(rows(&site.store, SHARD), expected);
    assert!(complete.resumed);
    assert_eq!((complete.entries, complete.of_entries), (5_900, 5_900));
    assert_eq!(complete.added, expected.len() as u64);
    assert_eq!(complete.removed, 5_903);

    site.store.set(Faults::default());
    let again = reindex(&site.store).unwrap();
    assert_eq!((again.added, again.removed), (0, 0));
    assert!(!again.resumed);
    site.check_whole_log(5_900);
}

#[tokio::test]
async fn progress_that_cannot_be_read_is_begun_anew() {
    let site = small_site(&Person::new()).await;
    let before = rows(&site.store, SHARD);
    lose(&site.store, SHARD, &before);
    for stored in [
        "reindex 0 of an older version",
        "",
        "reindex 2 shard 9 entries 0 rows 0 added 0 removed 0 kept 0 at 0 0",
    ] {
        let correction = Correction {
            names: Vec::new(),
            seen: TreeSize::EMPTY,
            add: Vec::new(),
            remove: Vec::new(),
            progress: Some(stored.into()),
        };
        site.store.correct(SHARD, &correction).unwrap();
        assert!(Reindex::is_pending(&site.store).unwrap());
        let progress = reindex(&site.store).unwrap();
        assert_eq!((progress.entries, progress.resumed), (4, false), "{stored}");
    }
    assert_eq!(rows(&site.store, SHARD), before);
}

#[test]
fn an_empty_store_has_no_index() {
    let opened = Reindex::open(FaultyStore::new().store);
    assert!(matches!(opened.err(), Some(ReindexError::NoLog)));
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_go_on_and_are_found() {
    let ann = Person::new();
    let site = Site::new();
    let log = site.create();
    append_all(&log, 0..3_000).await;
    let old = (0..50).map(|number| ann.signs(&format!("old {number}")));
    log_all(&log, old.collect::<Vec<_>>()).await;
    let all = rows(&site.store, SHARD);
    lose(&site.store, SHARD, &all);
    for lie in lies(&Person::new(), 3_050) {
        site.store.plant(SHARD, lie);
    }

    // The second pass waits, so that all of these come between its beginning and its end.
    site.store.hold();
    let started = log.log.start_reindex().unwrap();
    assert!(started.is_running());
    let new = (0..200).map(|number| ann.signs(&format!("new {number}")));
    log_all(&log, new.collect::<Vec<_>>()).await;
    let again = log.log.start_reindex().unwrap();
    assert!(again.is_running(), "there is one at a time");
    site.store.release();
    let mut number = 0;
    while log.log.reindex_status().is_running() {
        log_all(&log, [ann.signs(&format!("during {number}"))]).await;
        number += 1;
    }
    let status = wait(&log).await;
    assert!(matches!(status.state, ReindexState::Complete), "{status:?}");
    let progress = status.progress.unwrap();
    assert_eq!(progress.pass(), ReindexPass::Index);
    assert_eq!(
        (progress.added, progress.removed),
        (all.len() as u64, 3_053)
    );
    let begun = site.store.steps();
    let ends = begun
        .iter()
        .filter(|step| matches!(step, Step::Correct { complete: true }));
    // Taking the rows away was one too.
    assert_eq!(ends.count(), 2);

    let trees = log.log.trees();
    let all = paged(&trees, &query(ann.search_key()), 1_000, usize::MAX);
    assert_eq!(all.len(), 250 + number);
    assert_eq!(found(&trees, &query(digest("new 150"))), [3_050 + 150]);
    let size = log.head().size().get();
    log.close().await.unwrap();
    site.check_whole_log(size);
}

/// A round may bring the entry that a row led to before there was one.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_behind_the_end_may_come_true() {
    let ann = Person::new();
    let site = Site::new();
    let log = site.create();
    log_all(&log, [ann.signs("a")]).await;
    site.store.plant(SHARD, row(&ann.search_key(), 1));
    let mut reindex = Reindex::open(site.store.store.clone()).unwrap();
    while reindex.progress().removed == 0 {
        assert!(reindex.step().unwrap());
    }
    // It was decided that the row leads behind the end, and is not written yet.
    log_all(&log, [ann.signs("b")]).await;
    while reindex.step().unwrap() {}
    let trees = log.log.trees();
    assert_eq!(found(&trees, &query(ann.search_key())), [0, 1]);
}

#[tokio::test]
async fn closing_interrupts_and_opening_goes_on() {
    let site = small_site(&Person::new()).await;
    let before = rows(&site.store, SHARD);
    lose(&site.store, SHARD, &before[..1]);
    let log = site.open().unwrap();
    assert!(matches!(log.log.reindex_status().state, ReindexState::Idle));
    log.log.resume_reindex().unwrap();
    assert!(
        matches!(log.log.reindex_status().state, ReindexState::Idle),
        "there is none to go on with"
    );

    site.store.hold();
    log.log.start_reindex().unwrap();
    {
        let mut close = pin!(log.close());
        // It asks the rebuild to end, and then waits for it.
        let closed = poll_fn(|context| Poll::Ready(close.as_mut().poll(context))).await;
        site.store.release();
        match closed {
            Poll::Ready(closed) => closed.unwrap(),
            Poll::Pending => close.await.unwrap(),
        }
    }
    let status = log.log.reindex_status();
    // The step that it was held in found rows, so that there was another one to come.
    assert!(
        matches!(status.state, ReindexState::Interrupted),
        "{status:?}"
    );
    assert!(Reindex::is_pending(&site.store).unwrap());
    drop(log);

    let log = site.open().unwrap();
    log.log.resume_reindex().unwrap();
    let status = wait(&log).await;
    assert!(matches!(status.state, ReindexState::Complete), "{status:?}");
    assert!(status.progress.unwrap().resumed);
    assert_eq!(rows(&site.store, SHARD), before);
    log.close().await.unwrap();
}

#[tokio::test]
async fn a_write_that_fails_ends_the_log() {
    let site = small_site(&Person::new()).await;
    let before = rows(&site.store, SHARD);
    for corrections_left in [0, 1] {
        let log = site.open().unwrap();
        let head = log.head();
        site.store.set(Faults {
            corrections_left: Some(corrections_left),
            ..Faults::default()
        });
        let started = log.log.start_reindex();
        let fatal = log.failed().await;
        assert!(matches!(*fatal, Fatal::Index(_)), "{fatal}");
        if corrections_left == 0 {
            assert!(matches!(started, Err(ReindexError::Write(_))));
        } else {
            let status = wait(&log).await;
            let ReindexState::Failed(error) = status.state else {
                panic!("{status:?}");
            };
            assert!(matches!(*error, ReindexError::Write(_)), "{error}");
        }
        assert!(matches!(append(&log, 9).await, Err(AppendError::Stopped)));
        assert_eq!(log.head().size(), head.size());
        assert!(matches!(log.close().await, Err(CloseError::Failed(_))));
        site.store.set(Faults::default());
    }
    let log = site.open().unwrap();
    log.log.resume_reindex().unwrap();
    let status = wait(&log).await;
    assert!(matches!(status.state, ReindexState::Complete), "{status:?}");
    assert_eq!(rows(&site.store, SHARD), before);
    log.close().await.unwrap();
    site.check_whole_log(4);
}

/// From a damaged body nothing follows: rows that nobody could make again would be gone.
#[tokio::test]
async fn a_changed_body_changes_no_row() {
    let site = small_site(&Person::new()).await;
    let sound = rows(&site.store, SHARD);
    for changed in 0..4 {
        site.store.set(Faults {
            flipped_body: Some(changed),
            ..Faults::default()
        });
        // Whether rows seem to be missing or to be wrong.
        let refused = reindex(&site.store).unwrap_err();
        let ReindexError::NotLogged { index, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(index.get(), changed);
        assert_eq!(rows(&site.store, SHARD), sound);
    }
    site.store.set(Faults::default());
    let progress = reindex(&site.store).unwrap();
    assert_eq!((progress.added, progress.removed), (0, 0));
    assert_eq!(rows(&site.store, SHARD), sound);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_ends_the_rebuild_but_not_the_log() {
    let site = small_site(&Person::new()).await;
    let log = site.open().unwrap();
    site.store.set(Faults {
        unreadable_body: Some(2),
        ..Faults::default()
    });
    log.log.start_reindex().unwrap();
    let status = wait(&log).await;
    let ReindexState::Failed(error) = status.state else {
        panic!("{status:?}");
    };
    assert!(matches!(*error, ReindexError::Read(_)), "{error}");
    append(&log, 9).await.unwrap();

    site.store.set(Faults::default());
    log.log.start_reindex().unwrap();
    let status = wait(&log).await;
    assert!(matches!(status.state, ReindexState::Complete), "{status:?}");
    assert!(status.progress.unwrap().resumed);
    log.close().await.unwrap();
    site.check_whole_log(5);
}
