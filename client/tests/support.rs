//! A small log in memory, and a web server that shows it, or whatever a test says instead.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::IntoResponse;
use axum::response::Response;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TilePath;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_merkle::root_from_tiles;
use ledgerstone_merkle::tile_width_at;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1 as rekor;

pub(crate) const ORIGIN: &str = "log.example";

/// The published fixtures, or `None` where they are not beside the workspace.
pub(crate) fn fixtures() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures"
    ));
    if !path.exists() {
        eprintln!("skipped: the fixtures are not there: {}", path.display());
        return None;
    }
    Some(path)
}

/// A transport that does not wait between attempts.
pub(crate) fn transport(address: SocketAddr) -> Transport {
    let options = TransportOptions {
        request_timeout: Duration::from_secs(30),
        attempts: 3,
        first_backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        ..TransportOptions::default()
    };
    Transport::new(&format!("http://{address}"), options).unwrap()
}

pub(crate) fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

pub(crate) fn trusted() -> TrustedLogs {
    TrustedLogs::new(vec![TrustedLog::new(signer().verifier().clone()).unwrap()]).unwrap()
}

/// A log with all its tiles.
#[derive(Clone)]
pub(crate) struct MemoryLog {
    pub(crate) bodies: Vec<Vec<u8>>,
    /// The hashes of each level's tiles.
    levels: Vec<Vec<Hash>>,
}

impl MemoryLog {
    pub(crate) fn new(bodies: Vec<Vec<u8>>) -> Self {
        let mut levels = vec![leaf_hashes(&bodies)];
        while let Some(below) = levels.last().filter(|level| level.len() >= 256) {
            let tiles = below.chunks_exact(256);
            levels.push(
                tiles
                    .map(|hashes| Tile::from_hashes(hashes).unwrap().root().unwrap())
                    .collect(),
            );
        }
        Self { bodies, levels }
    }

    /// `count` entries whose bodies tell their index and `text`.
    pub(crate) fn of(count: usize, text: &str) -> Self {
        Self::new(
            (0..count)
                .map(|index| format!("{text} {index}").into_bytes())
                .collect(),
        )
    }

    pub(crate) fn size(&self) -> TreeSize {
        TreeSize::new(self.bodies.len() as u64)
    }

    pub(crate) fn root(&self, size: TreeSize) -> Hash {
        root_from_tiles(self, size).unwrap()
    }

    pub(crate) fn checkpoint(&self, size: TreeSize) -> String {
        let text = Checkpoint::new(ORIGIN, size, self.root(size))
            .unwrap()
            .to_text();
        SignedNote::sign(text, &[&signer()]).unwrap().to_string()
    }

    pub(crate) fn inclusion(&self, index: u64, size: TreeSize) -> InclusionProof {
        InclusionProof::from_tiles(self, LeafIndex::new(index), size).unwrap()
    }

    pub(crate) fn consistency(&self, old: u64, new: u64) -> ConsistencyProof {
        ConsistencyProof::from_tiles(self, TreeSize::new(old), TreeSize::new(new)).unwrap()
    }

    /// The answer to a submission that became entry `index`.
    pub(crate) fn reply(&self, index: u64) -> rekor::TransparencyLogEntry {
        let size = self.size();
        let hash = |hash: &Hash| Bytes::copy_from_slice(hash.as_bytes());
        rekor::TransparencyLogEntry {
            log_index: index as i64,
            log_id: Some(LogId {
                key_id: Bytes::copy_from_slice(&signer().verifier().log_id()),
            }),
            kind_version: Some(rekor::KindVersion {
                kind: "hashedrekord".to_owned(),
                version: "0.0.2".to_owned(),
            }),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: Some(rekor::InclusionProof {
                log_index: index as i64,
                root_hash: hash(&self.root(size)),
                tree_size: size.get() as i64,
                hashes: self
                    .inclusion(index, size)
                    .hashes
                    .iter()
                    .map(hash)
                    .collect(),
                checkpoint: Some(rekor::Checkpoint {
                    envelope: self.checkpoint(size),
                }),
            }),
            canonicalized_body: self.bodies[index as usize].clone().into(),
        }
    }

    /// What a log of this size serves at a tile path: partial tiles only until the full one is
    /// there.
    pub(crate) fn serve(&self, path: &str) -> Option<Vec<u8>> {
        if path == "/checkpoint" {
            return Some(self.checkpoint(self.size()).into_bytes());
        }
        match path.strip_prefix('/')?.parse().ok()? {
            TilePath::Hashes { id, width } => {
                tile_width_at(id, self.size())
                    .filter(|actual| *actual == width || !actual.is_full())?;
                let tile = self.tile(id, width).ok()?;
                Some(
                    tile.hashes()
                        .iter()
                        .flat_map(|hash| *hash.as_bytes())
                        .collect(),
                )
            }
            TilePath::Entries { number, width } => {
                let actual = tile_width_at(TileId { level: 0, number }, self.size())?;
                if actual != width && (actual.is_full() || width > actual) {
                    return None;
                }
                let first = number as usize * 256;
                EntryBundle::encode(self.bodies.get(first..first + width.get())?).ok()
            }
        }
    }
}

impl TileSource for MemoryLog {
    type Error = TileId;

    fn tile(&self, id: TileId, width: TileWidth) -> Result<Arc<Tile>, TileId> {
        tile_width_at(id, self.size())
            .filter(|actual| *actual >= width)
            .ok_or(id)?;
        let level = self.levels.get(usize::from(id.level)).ok_or(id)?;
        let first = id.number as usize * 256;
        Ok(Arc::new(
            Tile::from_hashes(&level[first..first + width.get()]).unwrap(),
        ))
    }
}

/// A request that a server got: method, path with query, headers, body.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A web server that answers by a function, on a port of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let request = Seen {
                method,
                path: uri.to_string(),
                headers,
                body,
            };
            log.lock().unwrap().push(request.clone());
            let response = answer(&request);
            async move { response }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    /// Answers with these responses, one after the other; the last one for ever.
    pub(crate) async fn script(responses: Vec<(StatusCode, HeaderMap, Vec<u8>)>) -> Self {
        let responses = Mutex::new(VecDeque::from(responses));
        Self::start(move |_| {
            let mut responses = responses.lock().unwrap();
            let next = if responses.len() > 1 {
                responses.pop_front()
            } else {
                responses.front().cloned()
            };
            next.unwrap().into_response()
        })
        .await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A log on a web server that can be exchanged, and be made to answer wrongly at some paths.
#[derive(Clone)]
pub(crate) struct ShownLog(Arc<Mutex<Shown>>);

struct Shown {
    log: MemoryLog,
    overrides: HashMap<String, Vec<u8>>,
}

impl ShownLog {
    pub(crate) async fn start(log: MemoryLog) -> (Self, Server) {
        let overrides = HashMap::new();
        let shown = Self(Arc::new(Mutex::new(Shown { log, overrides })));
        let other = shown.clone();
        let server = Server::start(move |seen| other.answer(&seen.path)).await;
        (shown, server)
    }

    pub(crate) fn show(&self, log: MemoryLog) {
        self.0.lock().unwrap().log = log;
    }

    pub(crate) fn answer_with(&self, path: &str, body: Vec<u8>) {
        self.0
            .lock()
            .unwrap()
            .overrides
            .insert(path.to_owned(), body);
    }

    /// Answers at `path` as the log does again.
    pub(crate) fn heal(&self, path: &str) {
        self.0.lock().unwrap().overrides.remove(path);
    }

    /// Flips one bit in the last byte of what is served at `path`.
    pub(crate) fn damage(&self, path: &str) {
        let mut body = self.0.lock().unwrap().log.serve(path).unwrap();
        *body.last_mut().unwrap() ^= 1;
        self.answer_with(path, body);
    }

    fn answer(&self, path: &str) -> Response {
        let shown = self.0.lock().unwrap();
        let body = shown
            .overrides
            .get(path)
            .cloned()
            .or_else(|| shown.log.serve(path));
        body.map_or_else(
            || StatusCode::NOT_FOUND.into_response(),
            IntoResponse::into_response,
        )
    }
}
