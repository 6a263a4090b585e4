//! All faces of a server over a log in memory, without a socket. The trees are numbered and hold
//! the same bodies in each run, so that an input leads to the same code again.

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use bytes::Bytes;
use http::HeaderMap;
use http::Request;
use http::StatusCode;
use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::Protocols;
use ledgerstone_log::Submission;
use ledgerstone_log_server::Metrics;
use ledgerstone_log_server::Overrides;
use ledgerstone_log_server::router;
use ledgerstone_storage::Frozen;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeChange;
use ledgerstone_storage::TreeKind;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::entry::signed_v1_entries;
use crate::entry::signed_v2_entry;

/// The name of the log.
const NAME: &str = "log.example";

/// The origin of the frozen tree.
const FROZEN_NAME: &str = "old.example";

/// The id of the frozen tree, which is of Rekor v2.
const FROZEN_TREE: u64 = 1;

/// The id of the tree that takes entries of Rekor v2.
pub(crate) const V2_TREE: u64 = 2;

/// The id of the tree that takes entries of Rekor v1.
const V1_TREE: u64 = 3;

/// How many bodies each tree begins with: more than a tile in that of Rekor v2.
const FROZEN_ENTRIES: u64 = 3;
const V2_ENTRIES: u64 = 257;
const V1_ENTRIES: u64 = 5;

/// A server without a socket, and the runtime that it works on.
pub(crate) struct Site {
    runtime: Runtime,
    router: Router,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Site {
    pub(crate) fn start() -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("there is a runtime");
        let settings = Overrides::default().resolve().expect("defaults can be");
        let log = runtime.block_on(log());
        let router = router(log, settings, Metrics::default()).expect("defaults fit together");
        Self { runtime, router }
    }

    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let Ok(response) = self.router.clone().oneshot(request).await;
            let (parts, body) = response.into_parts();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: to_bytes(body, usize::MAX).await.expect("answers end"),
            }
        })
    }
}

/// A log with a frozen tree, and one that grows for each protocol.
async fn log() -> Log {
    let tree = |tree_id: u64, kind, name: &str| NewTree {
        tree_id,
        ..NewTree::new(ShardId::new(tree_id as u32), kind, name)
    };
    let trees = [
        tree(FROZEN_TREE, TreeKind::REKOR_V2, FROZEN_NAME),
        tree(V2_TREE, TreeKind::REKOR_V2, NAME),
        tree(V1_TREE, TreeKind::REKOR_V1, NAME),
    ];
    let keyring = Keyring::generate(&trees, &Protocols::default()).expect("names are in order");
    let store = Store::in_memory();
    let start = |trees: &[NewTree]| {
        Log::create(store.clone(), trees, keyring.clone(), LogOptions::default())
            .expect("the trees can be made")
    };
    let log = start(&trees[..1]);
    fill(&log, TreeKind::REKOR_V2, FROZEN_ENTRIES).await;
    let head = log.trees().by_tree_id(FROZEN_TREE).expect("it is").head();
    log.close().await.expect("it can be closed");
    let frozen = Frozen {
        checkpoint: head.checkpoint().to_string(),
        at: head.time(),
    };
    let change = TreeChange {
        freeze: vec![(trees[0].shard, frozen)],
        ..TreeChange::default()
    };
    store.change_trees(&change).expect("it can be frozen");
    let log = start(&trees[1..]);
    fill(&log, TreeKind::REKOR_V2, V2_ENTRIES).await;
    fill(&log, TreeKind::REKOR_V1, V1_ENTRIES).await;
    for entry in signed_v1_entries() {
        append(&log, TreeKind::REKOR_V1, entry.into()).await;
    }
    append(&log, TreeKind::REKOR_V2, signed_v2_entry().into()).await;
    log
}

async fn fill(log: &Log, kind: TreeKind, count: u64) {
    for number in 0..count {
        let body = format!("{{\"kind\":\"numbered\",\"number\":{number}}}");
        let submission = Submission::new(body.into()).expect("it is short");
        append(log, kind, submission).await;
    }
}

async fn append(log: &Log, kind: TreeKind, submission: Submission) {
    let appended = log.append(kind, submission).await;
    appended.expect("a log in memory takes entries");
}
