//! What all faces share: the log, the limits, and the one way to submit.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use http::Extensions;
use ledgerstone_entry::EntryKind;
use ledgerstone_entry::Policy;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::Reject;
use ledgerstone_entry::prepare;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_log::AppendError;
use ledgerstone_log::Appended;
use ledgerstone_log::Log;
use ledgerstone_log::ReadError;
use ledgerstone_log::Tree;
use ledgerstone_log::Trees;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1::Checkpoint;
use ledgerstone_proto::sigstore::rekor::v1::InclusionProof;
use ledgerstone_proto::sigstore::rekor::v1::KindVersion;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_storage::TreeKind;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::admission::service::Caller;
use crate::admission::streams::NoStream;
use crate::admission::streams::Stream;
use crate::admission::streams::Streams;
use crate::error::ApiError;
use crate::error::failure::Failure;
use crate::layers::host::Host;
use crate::metrics::Metrics;
use crate::metrics::OpenGuard;
use crate::settings::OnDuplicate;
use crate::settings::Settings;
use crate::settings::SettingsError;

/// The room that large bodies take is counted in units of this many bytes.
pub(crate) const LARGE_BODY_UNIT: usize = 1 << 16;

/// The bytes of large bodies that may be in memory at a time; at least one of the largest always
/// has room.
const LARGE_BODIES: usize = 128 << 20;

/// What all faces share. Clones share it.
#[derive(Clone)]
pub(crate) struct State {
    shared: Arc<Shared>,
}

struct Shared {
    log: Log,
    policy: Policy,
    v1_policy: V1Policy,
    settings: Settings,
    metrics: Metrics,
    streams: Arc<Streams>,
    /// The room for large bodies that is left, in units of [`LARGE_BODY_UNIT`].
    large_bodies: Arc<Semaphore>,
    /// Cancelled when the server drains: streams end, and readiness is gone.
    draining: CancellationToken,
}

/// An entry that the log took, or held already.
pub(crate) struct Submitted {
    pub(crate) kind: EntryKind,
    /// The tree that holds it.
    pub(crate) tree: Tree,
    pub(crate) appended: Appended,
}

/// Lets a stream run: one of a bounded number, counted.
pub(crate) struct StreamPermit {
    _stream: Stream,
    _open: OpenGuard,
}

impl State {
    pub(crate) fn new(
        log: Log,
        settings: Settings,
        metrics: Metrics,
        draining: CancellationToken,
    ) -> Result<Self, SettingsError> {
        let policy = settings.policy()?;
        let v1_policy = settings.v1_policy()?;
        let (all, of_caller) = (
            &settings.server.max_streams,
            settings.server.max_caller_streams,
        );
        let streams = Streams::new(*all, of_caller);
        let large_bodies = LARGE_BODIES
            .max(settings.v1_body_limit())
            .div_ceil(LARGE_BODY_UNIT);
        Ok(Self {
            shared: Arc::new(Shared {
                log,
                policy,
                v1_policy,
                settings,
                metrics,
                streams,
                large_bodies: Arc::new(Semaphore::new(large_bodies)),
                draining,
            }),
        })
    }

    pub(crate) fn log(&self) -> &Log {
        &self.shared.log
    }

    /// The trees as they are now. A request takes them once.
    pub(crate) fn trees(&self) -> Arc<Trees> {
        self.shared.log.trees()
    }

    pub(crate) fn v1_policy(&self) -> &V1Policy {
        &self.shared.v1_policy
    }

    pub(crate) fn large_bodies(&self) -> &Arc<Semaphore> {
        &self.shared.large_bodies
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.shared.draining
    }

    /// Takes one of the places for streams, for whoever sent a request with these extensions.
    pub(crate) fn open_stream(&self, extensions: &Extensions) -> Result<StreamPermit, ApiError> {
        let peer = extensions.get().map(|Caller(peer)| *peer);
        let stream = self.shared.streams.begin(peer).map_err(|full| match full {
            NoStream::Total => ApiError::unavailable("too many streams are open; retry later"),
            NoStream::Peer => {
                ApiError::exhausted("too many streams of yours are open; end one, or retry later")
            }
        })?;
        Ok(StreamPermit {
            _stream: stream,
            _open: self.shared.metrics.stream(),
        })
    }

    /// Verifies, canonicalises and appends one entry of Rekor v2.
    pub(crate) async fn submit(&self, request: CreateEntryRequest) -> Result<Submitted, ApiError> {
        let prepared = self.prepare(request).await?;
        let submitted = self.append(TreeKind::REKOR_V2, prepared).await?;
        let Appended {
            duplicate, index, ..
        } = submitted.appended;
        if duplicate && self.settings().log.on_duplicate == OnDuplicate::Conflict {
            return Err(ApiError::already_exists(index.get()));
        }
        self.accepted(&submitted);
        Ok(submitted)
    }

    /// Appends an entry to the tree of its protocol, whichever face it came by.
    pub(crate) async fn append(
        &self,
        kind: TreeKind,
        prepared: PreparedEntry,
    ) -> Result<Submitted, AppendError> {
        let entry_kind = prepared.kind;
        let appended = self.log().append(kind, prepared.into()).await?;
        let tree = self.trees().by_tree_id(appended.tree_id).cloned();
        Ok(Submitted {
            kind: entry_kind,
            tree: tree.ok_or(AppendError::NotGrowing)?,
            appended,
        })
    }

    /// Counts an entry that is answered with its proof.
    pub(crate) fn accepted(&self, submitted: &Submitted) {
        let kind = submitted.kind;
        self.metrics().accepted(kind.name(), kind.version());
    }

    async fn prepare(&self, request: CreateEntryRequest) -> Result<PreparedEntry, ApiError> {
        let prepared = if matches!(request.spec, Some(Spec::DsseRequestV002(_))) {
            // Up to a hundred verifications: too long for a thread that others' requests share.
            let state = self.clone();
            let prepare = move || prepare(&request, &state.shared.policy);
            tokio::task::spawn_blocking(prepare)
                .await
                .map_err(|_| ApiError::internal())?
        } else {
            prepare(&request, &self.shared.policy)
        };
        prepared.map_err(|reject: Reject| {
            self.metrics().rejected(reject.reason_label());
            ApiError::rejected(&reject)
        })
    }

    /// The tree with this id. For 0 it is the one that takes entries of Rekor v2, or else of Rekor
    /// v1.
    pub(crate) fn tree(&self, tree_id: u64) -> Result<Tree, ApiError> {
        // The tree that is meant is there, and no other stands in for it.
        if tree_id == 0 && self.log().lacking().rekor_v2 {
            return Err(Failure::NotServed.into());
        }
        let trees = self.trees();
        let tree = match tree_id {
            0 => trees
                .growing_of(TreeKind::REKOR_V2)
                .or_else(|| trees.growing_of(TreeKind::REKOR_V1)),
            _ => trees.by_tree_id(tree_id),
        };
        let tree = tree.cloned();
        tree.ok_or_else(|| self.no_tree(format!("there is no tree {tree_id} here")))
    }

    /// The tree that is served without naming one: for a host name that a tree of the log, frozen
    /// by now, had for its origin that tree, and otherwise the one that takes entries of Rekor v2.
    pub(crate) fn tree_of_host(&self, host: &Host) -> Result<Tree, ApiError> {
        let trees = self.trees();
        let frozen = trees.by_origin(host.name()).filter(|tree| !tree.grows());
        let tree = frozen.or_else(|| trees.growing_of(TreeKind::REKOR_V2));
        tree.cloned().ok_or_else(|| {
            self.no_tree("no tree of Rekor v2 is here; each tree is below /trees/<tree id>")
        })
    }

    /// That a tree is not here, as far as that is known: one that cannot be read is not served.
    fn no_tree(&self, message: impl Into<String>) -> ApiError {
        match self.log().lacking().any() {
            true => Failure::NotServed.into(),
            false => ApiError::not_found(message),
        }
    }

    /// Runs a read of a tree where it may wait for the disk.
    pub(crate) async fn read<T, R, F>(&self, tree: &Tree, read: R) -> Result<T, ApiError>
    where
        T: Send + 'static,
        R: FnOnce(Tree) -> F,
        F: Future<Output = Result<T, ReadError>> + Send + 'static,
    {
        // A stream that ended by a panic would look like one that came to its end.
        let read = AssertUnwindSafe(self.log().run(read(tree.clone())));
        let result = read.catch_unwind().await;
        Ok(result.map_err(|_| ApiError::internal())??)
    }
}

impl Submitted {
    /// The entry as Rekor v2 returns it: no promise, integrated time 0 (rekor-v2, section 1.5).
    pub(crate) fn into_transparency_log_entry(self) -> TransparencyLogEntry {
        let Self {
            kind,
            tree,
            appended,
        } = self;
        let index = appended.index.get() as i64;
        let hashes = appended
            .proof
            .hashes
            .iter()
            .map(|hash| Bytes::copy_from_slice(hash.as_ref()));
        TransparencyLogEntry {
            log_index: index,
            log_id: Some(LogId {
                key_id: Bytes::copy_from_slice(&tree.checkpoint_key().log_id()),
            }),
            kind_version: Some(KindVersion {
                kind: kind.name().to_owned(),
                version: kind.version().to_owned(),
            }),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: Some(InclusionProof {
                log_index: index,
                root_hash: Bytes::copy_from_slice(appended.head.root().as_ref()),
                tree_size: appended.head.size().get() as i64,
                hashes: hashes.collect(),
                checkpoint: Some(Checkpoint {
                    envelope: appended.head.checkpoint().to_string(),
                }),
            }),
            canonicalized_body: appended.body,
        }
    }
}
