//! The face over the real router and a log in memory. Every answer is checked against the
//! description of the API.

mod attestations;
mod create;
mod description;
mod entry_rules;
mod index;
mod lookup;
mod retrieve;
mod shards;
mod transport;
mod tree;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::Request;
use http::StatusCode;
use http::header;
use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::Protocols;
use ledgerstone_log::Tree;
use ledgerstone_storage::Frozen;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeChange;
use ledgerstone_storage::TreeKind;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) use ledgerstone_tests::proposals;

use self::proposals::Signer;
use crate::metrics::Metrics;
use crate::server::routes;
use crate::settings::Overrides;
use crate::state::State;

pub(crate) const ORIGIN: &str = "log.example.com";

/// A server without a socket.
pub(crate) struct Site {
    pub(crate) router: Router,
    pub(crate) state: State,
    pub(crate) log: Log,
}

/// A log with a tree for each protocol.
pub(crate) fn new_log_with(options: LogOptions) -> Log {
    let (store, trees) = (Store::in_memory(), NewTree::of_log(ORIGIN));
    let keyring = Keyring::generate(&trees, &options.protocols).unwrap();
    Log::create(store, &trees, keyring, options).unwrap()
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(Overrides::default()).await
    }

    /// With these settings, as a file gives them.
    pub(crate) async fn set(text: &str) -> Self {
        Self::with(Overrides::parse(text).unwrap()).await
    }

    pub(crate) async fn with(overrides: Overrides) -> Self {
        Self::serving(new_log_with(LogOptions::default()), overrides).await
    }

    /// A log whose first trees of Rekor v1, of these sizes, are frozen.
    pub(crate) async fn with_frozen(sizes: &[usize], signer: &Signer) -> Self {
        let store = Store::in_memory();
        let v1 =
            |shard: usize| NewTree::new(ShardId::new(shard as u32), TreeKind::REKOR_V1, ORIGIN);
        let mut trees = vec![NewTree::new(ShardId::new(0), TreeKind::REKOR_V2, ORIGIN)];
        trees.extend((1..=sizes.len() + 1).map(v1));
        let keyring = Keyring::generate(&trees, &Protocols::default()).unwrap();
        let start = |new: &[NewTree]| {
            let options = LogOptions::default();
            Log::create(store.clone(), new, keyring.clone(), options).unwrap()
        };
        let mut log = start(&trees[..2]);
        for (position, size) in sizes.iter().enumerate() {
            let site = Self::serving(log.clone(), Overrides::default()).await;
            for number in 0..*size {
                let proposal = signer.hashedrekord(format!("{position}/{number}").as_bytes());
                site.create(&proposal).await;
            }
            log.close().await.unwrap();
            let head = site.v1_tree().head();
            let frozen = Frozen {
                checkpoint: head.checkpoint().to_string(),
                at: head.time(),
            };
            let change = TreeChange {
                freeze: vec![(trees[position + 1].shard, frozen)],
                ..TreeChange::default()
            };
            store.change_trees(&change).unwrap();
            log = start(&trees[position + 2..position + 3]);
        }
        Self::serving(log, Overrides::default()).await
    }

    pub(crate) async fn serving(log: Log, overrides: Overrides) -> Self {
        let state = State::new(
            log.clone(),
            overrides.resolve().unwrap(),
            Metrics::default(),
            CancellationToken::new(),
        )
        .unwrap();
        Self {
            router: routes::router(state.clone()),
            state,
            log,
        }
    }

    /// The tree that takes entries of Rekor v1.
    pub(crate) fn v1_tree(&self) -> Tree {
        let trees = self.log.trees();
        trees.growing_of(TreeKind::REKOR_V1).unwrap().clone()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        };
        description::check(&method, &path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::builder().uri(path).body(Body::empty());
        self.send(request.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into());
        self.send(request.unwrap()).await
    }

    pub(crate) async fn submit(&self, proposal: &Value) -> Answer {
        self.post("/api/v1/log/entries", proposal.to_string()).await
    }

    pub(crate) async fn retrieve(&self, query: Value) -> Answer {
        self.post("/api/v1/log/entries/retrieve", query.to_string())
            .await
    }

    pub(crate) async fn search(&self, query: Value) -> Answer {
        self.post("/api/v1/index/retrieve", query.to_string()).await
    }

    /// Logs an entry and yields its id and what the log says of it.
    pub(crate) async fn create(&self, proposal: &Value) -> (String, Value) {
        let answer = self.submit(proposal).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.only_entry()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The one entry of an answer, with its id.
    pub(crate) fn only_entry(&self) -> (String, Value) {
        let json = self.json();
        let entries = json.as_object().unwrap();
        assert_eq!(entries.len(), 1);
        let (id, entry) = entries.iter().next().unwrap();
        (id.clone(), entry.clone())
    }

    /// The ids in an answer that is a list of entries.
    pub(crate) fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        let json = self.json();
        let ids = json.as_array().unwrap().iter();
        ids.flat_map(|entry| entry.as_object().unwrap().keys().cloned())
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Checks an error: the status, the code in the body, and a part of the message.
    #[track_caller]
    pub(crate) fn must_fail(&self, status: u16, code: u16, message: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let json: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(json["code"], code, "{json}");
        let text = json["message"].as_str().unwrap();
        assert!(text.contains(message), "{text:?} lacks {message:?}");
        assert_eq!(json.as_object().unwrap().len(), 2);
        assert!(self.body.ends_with(b"\n"));
    }

    /// Checks a lookup that found nothing: no body, and no type of one.
    #[track_caller]
    pub(crate) fn must_be_absent(&self) {
        assert_eq!(self.status, StatusCode::NOT_FOUND);
        assert!(self.body.is_empty(), "{:?}", self.body);
        assert!(!self.headers.contains_key(header::CONTENT_TYPE));
    }
}
