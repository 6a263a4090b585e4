//! How tests talk to a server, and what they check of every answer.

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::StatusCode;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::json;
use ledgerstone_proto::log::v1::append_result::Outcome;
use ledgerstone_proto::log::v1::log_client::LogClient;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::rekor_client::RekorClient;
use ledgerstone_tests::description::Description;
use serde_json::Value;
use serde_json::json;
use std::sync::LazyLock;
use std::time::Duration;
use tonic::transport::Channel;

use crate::requests::Signer;
use crate::requests::append_request;
use crate::requests::to_json;
use crate::server::Server;

/// Where Rekor v2 takes entries.
pub(crate) const ENTRIES: &str = "/api/v2/log/entries";

/// After this a test has failed: longer than anything takes, however loaded the machine is.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that this is the error of the reference server's gateway: status, gRPC code, and a
    /// message that starts with `message`. Returns the rest of the message.
    pub(crate) fn error(&self, status: u16, code: i32, message: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        let told = body["message"].as_str().unwrap().to_owned();
        assert_eq!(
            body,
            json!({"code": code, "message": told, "details": []}),
            "the error has other fields"
        );
        let rest = told.strip_prefix(message);
        rest.unwrap_or_else(|| panic!("{told:?} does not start with {message:?}"))
            .to_owned()
    }
}

/// A client that shows answers as they came: no proxy, no decompression.
pub(crate) fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        // Another crate of the build may switch this on, and then hide what came over the wire.
        .no_gzip()
        .timeout(DEADLINE)
        .build()
        .unwrap()
}

/// What `/openapi.json` says of every answer.
static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let document = include_str!("../../log-server/src/server/openapi.json");
    Description::new(serde_json::from_str(document).unwrap())
});

/// What the admin port alone has, and what both ports have.
const ADMIN_PATHS: [&str; 5] = [
    "/metrics",
    "/readyz",
    "/reindex",
    "/webhook-rules",
    "/statements/remove",
];
const BOTH_PORTS: &str = "/healthz";

impl Reply {
    /// Checks that this answer of the main port is described, where its path is.
    pub(crate) fn described(self, method: &Method, path: &str) -> Self {
        match ADMIN_PATHS.contains(&path) {
            true => self,
            false => self.checked(method, path),
        }
    }

    /// The same of the admin port.
    pub(crate) fn described_by_admin(self, method: &Method, path: &str) -> Self {
        match ADMIN_PATHS.contains(&path) || path == BOTH_PORTS {
            true => self.checked(method, path),
            false => self,
        }
    }

    fn checked(self, method: &Method, path: &str) -> Self {
        let status = StatusCode::from_u16(self.status).unwrap();
        DESCRIPTION.check(method, path, status, &self.headers, &self.body);
        self
    }
}

pub(crate) async fn get(server: &Server, path: &str) -> Reply {
    let request = http_client().get(server.at(path));
    let reply = Reply::read(request.send().await.unwrap()).await;
    reply.described(&Method::GET, path)
}

/// Posts a body to where Rekor v2 takes entries.
pub(crate) async fn post(server: &Server, body: impl Into<reqwest::Body>) -> Reply {
    let request = http_client()
        .post(server.at(ENTRIES))
        .header("content-type", "application/json")
        .body(body);
    let reply = Reply::read(request.send().await.unwrap()).await;
    reply.described(&Method::POST, ENTRIES)
}

/// Submits an entry over HTTP.
pub(crate) async fn submit(server: &Server, request: &CreateEntryRequest) -> Reply {
    post(server, to_json(request)).await
}

/// Submits an entry that has to be logged, and checks the answer.
pub(crate) async fn submit_proven(server: &Server, request: &CreateEntryRequest) -> Proven {
    let reply = submit(server, request).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    Proven::check(&server.ed25519, &json::from_slice(&reply.body).unwrap())
}

pub(crate) async fn channel(server: &Server) -> Channel {
    let endpoint = Channel::from_shared(server.url.clone()).unwrap();
    endpoint.connect().await.unwrap()
}

pub(crate) async fn log_client(server: &Server) -> LogClient<Channel> {
    LogClient::new(channel(server).await)
}

pub(crate) async fn rekor_client(server: &Server) -> RekorClient<Channel> {
    RekorClient::new(channel(server).await)
}

/// Logs `count` new entries, and returns their bodies in the order of their indexes.
pub(crate) async fn fill(server: &Server, count: usize) -> Vec<Bytes> {
    let signer = Signer::new();
    let requests: Vec<_> = (0..count)
        .map(|number| append_request(signer.hashedrekord(format!("file {number}").as_bytes())))
        .collect();
    let mut client = log_client(server).await;
    let results = client.append_stream(tokio_stream::iter(requests)).await;
    let mut results = results.unwrap().into_inner();
    let mut logged = Vec::new();
    while let Some(result) = results.message().await.unwrap() {
        let Some(Outcome::Response(response)) = result.outcome else {
            panic!("not logged: {result:?}");
        };
        let entry = response.entry.unwrap();
        logged.push((entry.log_index, entry.canonicalized_body));
    }
    assert_eq!(logged.len(), count);
    logged.sort_unstable();
    logged.into_iter().map(|(_, body)| body).collect()
}

/// The checkpoint in a signed note, after its signature was verified.
pub(crate) fn verified_checkpoint(key: &VerifierKey, note: &str) -> Checkpoint {
    let note = SignedNote::parse(note).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(key)).unwrap(), [key]);
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(checkpoint.origin, key.name());
    checkpoint
}

/// The latest checkpoint of a server.
pub(crate) async fn checkpoint(server: &Server) -> Checkpoint {
    let reply = get(server, "/checkpoint").await;
    assert_eq!(reply.status, 200);
    verified_checkpoint(&server.ed25519, reply.text())
}

/// A logged entry whose proof holds.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) index: LeafIndex,
    pub(crate) leaf: Hash,
    pub(crate) size: TreeSize,
    pub(crate) root: Hash,
    pub(crate) body: Bytes,
}

impl Proven {
    /// Checks everything that an answer claims: whose log, which head, and that the body is in its
    /// tree.
    pub(crate) fn check(key: &VerifierKey, entry: &TransparencyLogEntry) -> Self {
        assert_eq!(entry.log_id.as_ref().unwrap().key_id, key.log_id()[..]);
        assert_eq!(entry.integrated_time, 0);
        assert_eq!(entry.inclusion_promise, None);
        let proof = entry.inclusion_proof.as_ref().unwrap();
        let note = &proof.checkpoint.as_ref().unwrap().envelope;
        let head = verified_checkpoint(key, note);
        assert_eq!(proof.log_index, entry.log_index);
        assert_eq!(proof.tree_size as u64, head.size.get());
        assert_eq!(proof.root_hash, head.root.as_ref());
        let index = LeafIndex::new(entry.log_index.try_into().unwrap());
        let leaf = leaf_hash(&entry.canonicalized_body);
        let inclusion = InclusionProof {
            index,
            size: head.size,
            hashes: proof.hashes.iter().map(|bytes| hash(bytes)).collect(),
        };
        inclusion.verify(&leaf, &head.root).unwrap();
        Self {
            index,
            leaf,
            size: head.size,
            root: head.root,
            body: entry.canonicalized_body.clone(),
        }
    }
}

pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Hash::from_slice(bytes).unwrap()
}
