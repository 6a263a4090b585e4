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

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::Request;
use http::StatusCode;
use http::header;
use ledgerstone_log::Log;
use ledgerstone_log::LogKeys;
use ledgerstone_log::LogOptions;
use ledgerstone_log::Shard;
use ledgerstone_log::ShardKeys;
use ledgerstone_log::Shards;
use ledgerstone_storage::MemoryStore;
use ledgerstone_storage::ShardId;
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
    router: Router,
    pub(crate) state: State,
    pub(crate) shards: Shards,
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
        let keys = LogKeys::generate(ORIGIN).unwrap();
        let store = Arc::new(MemoryStore::new());
        let log = Log::create(store, ShardId::new(0), keys, LogOptions::default()).unwrap();
        Self::serving(log.into(), overrides).await
    }

    /// A log whose first trees, of these sizes, are frozen.
    pub(crate) async fn with_frozen(sizes: &[usize], signer: &Signer) -> Self {
        let store = Arc::new(MemoryStore::new());
        let mut frozen = Vec::new();
        for (position, size) in sizes.iter().enumerate() {
            let pems = (
                ledgerstone_merkle::Ed25519Signer::generate_pkcs8_pem().unwrap(),
                ledgerstone_merkle::EcdsaP256Signer::generate_pkcs8_pem().unwrap(),
            );
            let keys = || LogKeys::from_pem(ORIGIN, &pems.0, &pems.1).unwrap();
            let shard = ShardId::new(position as u32);
            let options = LogOptions::default();
            let log = Log::create(store.clone(), shard, keys(), options.clone()).unwrap();
            let site = Self::serving(log.clone().into(), Overrides::default()).await;
            for number in 0..*size {
                let proposal = signer.hashedrekord(format!("{position}/{number}").as_bytes());
                site.create(&proposal).await;
            }
            log.close().await.unwrap();
            let keys = ShardKeys::Own(Arc::new(keys()));
            frozen.push(Shard::open_frozen(store.clone(), shard, keys, &options).unwrap());
        }
        let shard = ShardId::new(sizes.len() as u32);
        let keys = LogKeys::generate(ORIGIN).unwrap();
        let log = Log::create(store, shard, keys, LogOptions::default()).unwrap();
        Self::serving(Shards::new(frozen, log).unwrap(), Overrides::default()).await
    }

    pub(crate) async fn serving(shards: Shards, overrides: Overrides) -> Self {
        let state = State::new(
            shards.clone(),
            overrides.resolve().unwrap(),
            Metrics::default(),
            CancellationToken::new(),
        )
        .unwrap();
        Self {
            router: routes::router(state.clone()),
            state,
            shards,
        }
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
