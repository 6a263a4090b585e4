//! Statements that are handed in after their entries: what is taken, how long it is kept, and what
//! a crash leaves.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::query::parse;
use ledgerstone_log::AttachError;
use ledgerstone_log::Clock;
use ledgerstone_log::DetachError;
use ledgerstone_log::Finding;
use ledgerstone_log::KeptStatement;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::StatementLimits;
use ledgerstone_log::detach;
use ledgerstone_log::fsck;
use ledgerstone_merkle::LeafIndex;
use serde_json::json;

use crate::Running;
use crate::SHARD;
use crate::Site;
use crate::V1_SHARD;
use crate::incident::LIMITS;
use crate::incident::signer::Kind;
use crate::incident::signer::Signer;
use crate::search::found;

/// A statement with these names.
fn statement(names: impl IntoIterator<Item = String>) -> Vec<u8> {
    let subject = |name: String| json!({ "name": name, "digest": { "sha256": "ab".repeat(32) } });
    let subjects: Vec<_> = names.into_iter().map(subject).collect();
    let statement = json!({ "_type": "https://in-toto.io/Statement/v1", "subject": subjects });
    statement.to_string().into_bytes()
}

/// An entry of Rekor v2 over the hash of an envelope, and the envelope.
pub(crate) fn hashed(name: &str) -> (PreparedEntry, AttachedStatement) {
    let payload = statement([name.to_owned()]);
    Signer::new(None).attests(Kind::HashedRekordV2, &payload)
}

fn asked(log: &Running, question: &str) -> Vec<u64> {
    let query = SearchQuery::of(parse(question, 1_800_000_000).unwrap());
    found(&log.log.trees(), &query)
}

async fn indexed(site: &Site) {
    while !site.store.unindexed(SHARD, 1).unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

async fn kept(log: &Running, index: u64) -> Option<KeptStatement> {
    let index = LeafIndex::new(index);
    let entry = log.entry(index).await.unwrap().unwrap();
    log.statement(index, &entry).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_an_entry_vouches_for_is_taken_and_once() {
    let log = Site::new().create();
    let (entry, envelope) = hashed("app");
    log.append(entry.into()).await.unwrap();
    for other in [
        hashed("other").1,
        AttachedStatement::bare(envelope.payload().clone()),
        AttachedStatement::envelope("text/plain", envelope.payload().clone(), Vec::new()),
    ] {
        let refused = log.log.attach(None, other, LIMITS).await;
        assert!(matches!(refused, Err(AttachError::NoEntry)), "{refused:?}");
    }
    assert_eq!(kept(&log, 0).await, None);
    for is_known in [false, true] {
        let taken = log
            .log
            .attach(None, envelope.clone(), LIMITS)
            .await
            .unwrap();
        assert_eq!((taken.len(), taken[0].is_known), (1, is_known));
    }
    assert_eq!(
        kept(&log, 0).await,
        Some(KeptStatement::Kept(envelope.clone()))
    );
    let (totals, _) = log.log.statement_counts().await.unwrap();
    let bytes = envelope.payload().len() as u64;
    assert_eq!((totals.statements, totals.bytes), (1, bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_envelope_answers_to_the_entry_of_each_of_its_signatures() {
    let log = Site::new().create();
    let payload = statement(["app".to_owned()]);
    let (one, envelope) = Signer::new(None).attests(Kind::HashedRekordV2, &payload);
    let (other, _) = Signer::new(None).attests(Kind::DsseV2, &payload);
    for entry in [one, other] {
        log.append(entry.into()).await.unwrap();
    }
    let taken = log.log.attach(None, envelope, LIMITS).await.unwrap();
    let indexes: Vec<u64> = taken.iter().map(|one| one.index.get()).collect();
    assert_eq!(indexes, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_kept_than_the_limit_says() {
    let log = Site::new().create();
    let (first, second) = (hashed("one"), hashed("two"));
    let limits = StatementLimits {
        total_bytes: first.1.payload().len() as u64,
    };
    for (entry, _) in [&first, &second] {
        log.append(entry.clone().into()).await.unwrap();
    }
    log.log.attach(None, first.1, limits).await.unwrap();
    let full = log.log.attach(None, second.1.clone(), limits).await;
    assert!(matches!(full, Err(AttachError::Full { .. })), "{full:?}");
    log.log
        .detach(log.tree_id(), LeafIndex::new(0))
        .await
        .unwrap();
    log.log.attach(None, second.1, limits).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_statement_is_indexed_in_steps_and_goes_in_steps_also_after_a_restart() {
    const NAMES: usize = 30_000;
    let site = Site::new();
    let log = site.create();
    let payload = statement((0..NAMES).map(|number| format!("file {number}")));
    assert!(payload.len() > 2 << 20);
    let (entry, envelope) = Signer::new(None).attests(Kind::HashedRekordV2, &payload);
    log.append(hashed("other").0.into()).await.unwrap();
    log.append(entry.into()).await.unwrap();
    log.log
        .attach(None, envelope.clone(), LIMITS)
        .await
        .unwrap();
    // It may be in the middle of it.
    log.close().await.unwrap();
    let log = site.open().unwrap();
    indexed(&site).await;
    let questions = [0, NAMES / 2, NAMES - 1].map(|number| format!("name:\"file {number}\""));
    for question in &questions {
        assert_eq!(asked(&log, question), [1], "{question}");
    }
    assert_eq!(kept(&log, 1).await, Some(KeptStatement::Kept(envelope)));
    site.check_whole_log(2);

    log.log
        .detach(log.tree_id(), LeafIndex::new(1))
        .await
        .unwrap();
    for question in &questions {
        assert!(asked(&log, question).is_empty(), "{question}");
    }
    log.close().await.unwrap();
    let log = site.open().unwrap();
    indexed(&site).await;
    log.close().await.unwrap();
    // Two rows a name are gone, but for what the body shows, and the document with them.
    let rows = site.store.search_rows(SHARD, None, usize::MAX).unwrap();
    assert!(rows.len() < 64, "{} rows are left", rows.len());
    for start in [b"d\0", b"g\0", b"e\0"] {
        let left = site.store.attestations(SHARD, start, None, 10).unwrap();
        assert_eq!(left, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_submission_brought_is_removed_too_for_all_that_share_it() {
    let site = Site::with_both();
    let log = site.create();
    let payload = statement(["app".to_owned()]);
    let trees = log.log.trees();
    let v1 = trees
        .growing_of(ledgerstone_storage::TreeKind::REKOR_V1)
        .unwrap();
    for kind in [
        Kind::IntotoV2,
        Kind::IntotoV1,
        Kind::DsseV1,
        Kind::HashedRekordV1,
    ] {
        let (entry, _) = Signer::new(None).attests(kind, &payload);
        log.log.append(v1.kind(), entry.into()).await.unwrap();
    }
    assert_eq!(asked(&log, "name:app"), [0, 1, 2]);
    let removed = |index| log.log.detach(v1.tree_id(), LeafIndex::new(index));
    assert_eq!(removed(0).await.unwrap(), 2);
    assert_eq!(asked(&log, "name:app"), [2]);
    assert_eq!(removed(2).await.unwrap(), 1);
    assert!(asked(&log, "name:app").is_empty());
    let none = removed(3).await;
    assert!(matches!(none, Err(DetachError::NoStatement(_))), "{none:?}");
    let none = removed(9).await;
    assert!(matches!(none, Err(DetachError::NoEntry { .. })), "{none:?}");
    log.close().await.unwrap();
    // Without a server as with one.
    assert_eq!(detach(&site.store, V1_SHARD, LeafIndex::new(0)).unwrap(), 1);
    assert!(site.store.unindexed(V1_SHARD, 1).unwrap().is_empty());
}

/// A clock that a test sets.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn unix_time(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_whose_time_is_over_goes_and_what_it_named_stays() {
    let clock = Arc::new(SetClock(AtomicI64::new(1_800_000_000)));
    let mut site = Site::new();
    site.options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    site.options.statement_retention = Some(Duration::from_secs(100));
    let log = site.create();
    let (entry, envelope) = hashed("app");
    log.append(entry.into()).await.unwrap();
    log.log
        .attach(None, envelope.clone(), LIMITS)
        .await
        .unwrap();
    indexed(&site).await;
    assert!(kept(&log, 0).await.is_some());
    log.close().await.unwrap();
    clock.0.fetch_add(101, Ordering::SeqCst);
    // The thread looks when it begins.
    let log = site.open().unwrap();
    while kept(&log, 0).await != Some(KeptStatement::Expired(1_800_000_101)) {
        tokio::task::yield_now().await;
    }
    assert_eq!(asked(&log, "name:app"), [0]);
    assert_eq!(log.log.statement_counts().await.unwrap().0.statements, 0);
    // It can be handed in again.
    let taken = log.log.attach(None, envelope, LIMITS).await.unwrap();
    assert!(!taken[0].is_known);
    log.close().await.unwrap();
    site.check_whole_log(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_holds_statements_against_their_entries() {
    let site = Site::new();
    let log = site.create();
    let (entry, envelope) = hashed("app");
    log.append(entry.into()).await.unwrap();
    log.log
        .attach(None, envelope.clone(), LIMITS)
        .await
        .unwrap();
    log.close().await.unwrap();
    site.check_whole_log(1);
    let piece = [b"d", &[0; 12][..]].concat();
    let mut document = envelope.payload().to_vec();
    document[0] ^= 1;
    let row = (piece, Bytes::from(document));
    site.store.keep_beside(SHARD, &[row]).unwrap();
    let report = fsck(&site.store, SHARD, Some(&site.key()), &mut |_, _| ()).unwrap();
    assert!(
        matches!(report.findings[..], [Finding::BadStatement(index, _)] if index.get() == 0),
        "{:?}",
        report.findings
    );
}
