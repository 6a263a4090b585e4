//! What all faces share: the log, the limits, and the one way to submit.

use std::num::NonZero;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::Extensions;
use http::HeaderMap;
use http::Uri;
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
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1::Checkpoint;
use ledgerstone_proto::sigstore::rekor::v1::InclusionProof;
use ledgerstone_proto::sigstore::rekor::v1::KindVersion;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_storage::BLOCKING_WORKERS;
use ledgerstone_storage::TreeKind;
use prost::Message;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::admission::Numbers;
use crate::admission::caller;
use crate::admission::peer::Peer;
use crate::admission::rates::Rates;
use crate::admission::refusals::Refusals;
use crate::admission::room::Memory;
use crate::admission::room::Room;
use crate::admission::service::Caller;
use crate::admission::share;
use crate::admission::shares::NoShare;
use crate::admission::shares::Share;
use crate::admission::shares::Shares;
use crate::admission::turns::Turn;
use crate::admission::turns::Turns;
use crate::error::ApiError;
use crate::error::failure::Failure;
use crate::layers::host::Host;
use crate::metrics::Metrics;
use crate::metrics::OpenGuard;
use crate::settings::OnDuplicate;
use crate::settings::Settings;
use crate::settings::SettingsError;

/// The most submissions at work at a time where the disk is fast: enough to fill a round while the
/// one before it is written.
const SUBMISSIONS: usize = 128;

/// The most submissions at work at a time where the disk is slow.
const MAX_SUBMISSIONS: usize = 8_192;

/// About how many submissions two cores verify in a second: as many more may be at work as come in
/// while a round is written.
const SUBMISSIONS_A_SECOND: f64 = 16_384.0;

/// How many entries that are soon verified may be at it at a time: few enough that whoever comes
/// next does not wait long, and enough that rounds are worth their sync.
const VERIFYING: usize = 32;

/// An entry of Rekor v2 whose proposal has up to this many bytes is read and verified on the
/// request's own task.
const QUICK_PROPOSAL: usize = 64 << 10;

/// As many signatures are verified there.
const QUICK_SIGNATURES: usize = 2;

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
    streams: Arc<Shares>,
    memory: Memory,
    rates: Option<Rates>,
    refusals: Refusals,
    turns: AllTurns,
    /// Cancelled when the server drains: streams end, and readiness is gone.
    draining: CancellationToken,
}

/// Whose turn it is to do what.
struct AllTurns {
    /// To submit: from before the signature is verified until the entry is logged.
    submit: Arc<Turns>,
    /// To verify what is soon verified. As a round ends, many turns to submit begin: all of them
    /// at once would be before whoever comes next, however little that one asks for.
    verify_soon: Arc<Turns>,
    /// To verify what takes long.
    verify: Arc<Turns>,
    /// To read what may lie on the disk.
    read: Arc<Turns>,
}

/// An entry of Rekor v2 as it is submitted.
pub(crate) enum Proposal {
    /// Over gRPC.
    Message(CreateEntryRequest),
    /// Over HTTP: a body that nobody has read yet.
    Json(Bytes),
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
    /// Who has it.
    pub(crate) caller: Option<Peer>,
    _stream: Share,
    /// Where its memory is counted, given back with the last clone.
    pub(crate) room: Option<Room>,
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
        let server = &settings.server;
        let of_caller = share(server.max_caller_streams, server.max_streams);
        let largest = settings.v1_body_limit().max(server.max_request_bytes);
        let largest = largest.max(settings.statements.body_limit());
        Ok(Self {
            shared: Arc::new(Shared {
                turns: AllTurns::new(server.max_wait(), &log),
                log,
                policy,
                v1_policy,
                streams: Shares::new(server.max_streams, of_caller),
                memory: Memory::new(server.max_request_memory, largest),
                rates: (server.max_caller_rate > 0).then(|| Rates::new(server.max_caller_rate)),
                refusals: Refusals::new(),
                settings,
                metrics,
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

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.shared.draining
    }

    /// Lets a request in that has this head, with memory for it.
    ///
    /// # Errors
    /// [`Failure::TooFast`], [`Failure::NoRoom`] and [`Failure::CallerShare`].
    pub(crate) fn admit(
        &self,
        caller: Option<Peer>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Room, Failure> {
        if let (Some(rates), Some(peer)) = (&self.shared.rates, caller)
            && let Err(wait) = rates.count(peer)
        {
            let seconds = wait.as_secs_f64().ceil() as u32;
            return Err(Failure::TooFast { wait: seconds });
        }
        Ok(self.shared.memory.request(caller, uri, headers)?)
    }

    /// Waits until `caller` may be told that it is turned away.
    pub(crate) async fn pause_refusal(&self, caller: Option<Caller>) {
        self.shared.refusals.pause(caller, self.draining()).await;
    }

    /// What the admission has to tell of itself.
    pub(crate) fn numbers(&self) -> Numbers {
        let Shared {
            memory,
            streams,
            rates,
            turns,
            ..
        } = &*self.shared;
        let turns = [
            &turns.submit,
            &turns.verify_soon,
            &turns.verify,
            &turns.read,
        ];
        Numbers {
            memory: memory.taken(),
            waiting: turns.iter().map(|turns| turns.waiting()).sum(),
            refused: [
                ("memory", memory.refused()),
                ("streams", streams.refused()),
                ("rate", rates.as_ref().map_or(0, Rates::refused)),
                ("wait", turns.iter().map(|turns| turns.refused()).sum()),
            ],
        }
    }

    /// Refuses a submission before its body is read, where its turn would not come in time.
    pub(crate) fn check_turn(&self) -> Result<(), Failure> {
        self.check_turn_of(caller::current().caller)
    }

    /// The same for one of `caller`.
    pub(crate) fn check_turn_of(&self, caller: Option<Peer>) -> Result<(), Failure> {
        Ok(self.shared.turns.submit.check(caller)?)
    }

    /// Takes one of the places for streams, for whoever sent a request with these extensions.
    /// `buffered` bytes of it may wait for their reader.
    pub(crate) fn open_stream(
        &self,
        extensions: &Extensions,
        buffered: usize,
    ) -> Result<StreamPermit, ApiError> {
        let caller = caller::current().caller;
        let stream = self.shared.streams.take(caller, 1);
        let stream = stream.map_err(|full| match full {
            NoShare::Total => ApiError::unavailable("too many streams are open; retry later"),
            NoShare::Peer => {
                ApiError::exhausted("too many streams of yours are open; end one, or retry later")
            }
        })?;
        let room = extensions.get::<Room>().cloned();
        if let Some(room) = &room {
            room.grow(buffered).map_err(Failure::from)?;
        }
        Ok(StreamPermit {
            caller,
            _stream: stream,
            room,
            _open: self.shared.metrics.stream(),
        })
    }

    /// Verifies, canonicalises and appends one entry of Rekor v2.
    pub(crate) async fn submit(&self, proposal: Proposal) -> Result<Submitted, ApiError> {
        let proposal = proposal.read_if_short()?;
        let (is_quick, state) = (proposal.is_quick(), self.clone());
        let prepare = move || state.prepare(proposal);
        let (turn, prepared) = self.prepared(is_quick, prepare).await?;
        let submitted = self.append(turn, TreeKind::REKOR_V2, prepared?).await?;
        let Appended {
            duplicate, index, ..
        } = submitted.appended;
        if duplicate && self.settings().log.on_duplicate == OnDuplicate::Conflict {
            return Err(ApiError::already_exists(index.get()));
        }
        self.accepted(&submitted);
        Ok(submitted)
    }

    /// Does `prepare`, which verifies a submission, when it is the caller's turn: here where it
    /// `is_quick`, and otherwise on a thread that no others' requests share. The turn lasts until
    /// the entry is logged.
    ///
    /// # Errors
    /// [`Failure::Busy`] before anything is verified, and [`Failure::Panicked`].
    pub(crate) async fn prepared<T: Send + 'static>(
        &self,
        is_quick: bool,
        prepare: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(Turn, T), Failure> {
        let (caller, turns) = (caller::current().caller, &self.shared.turns);
        if is_quick {
            let turn = turns.submit.take(caller).await?;
            let _verifies = turns.verify_soon.wait(caller).await;
            return Ok((turn, prepare()));
        }
        turns.submit.check(caller)?;
        let turn = turns.verify.take(caller).await?;
        let prepared = spawn_blocking(move || {
            let prepared = prepare();
            drop(turn);
            prepared
        });
        let prepared = prepared.await.map_err(|_| Failure::Panicked)?;
        Ok((turns.submit.take(caller).await?, prepared))
    }

    /// Does `work`, which reads what was submitted and logs nothing, when it is the caller's turn,
    /// on a thread that no others' requests share.
    ///
    /// # Errors
    /// [`Failure::Busy`] before anything is done, and [`Failure::Panicked`].
    pub(crate) async fn verified<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = self
            .shared
            .turns
            .verify
            .take(caller::current().caller)
            .await?;
        let done = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| Failure::Panicked)
    }

    /// Appends an entry to the tree of its protocol, whichever face it came by.
    pub(crate) async fn append(
        &self,
        mut turn: Turn,
        kind: TreeKind,
        prepared: PreparedEntry,
    ) -> Result<Submitted, AppendError> {
        let entry_kind = prepared.kind;
        let appended = self
            .log()
            .append_announced(turn.coming(), kind, prepared.into())
            .await?;
        self.shared.turns.fit(self.log().commit_time());
        drop(turn);
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

    /// Reads and verifies a proposal.
    fn prepare(&self, proposal: Proposal) -> Result<PreparedEntry, ApiError> {
        let request = proposal.read()?;
        prepare(&request, &self.shared.policy).map_err(|reject: Reject| {
            self.metrics().rejected(reject.reason_label());
            ApiError::rejected(&reject)
        })
    }

    /// Does `work`, which reads trees, when it is the caller's turn.
    ///
    /// # Errors
    /// [`Failure::Busy`] before anything is read, and [`Failure::Panicked`].
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (turns, current) = (&self.shared.turns.read, caller::current());
        let _turn = match current.is_begun {
            true => turns.wait(current.caller).await,
            false => turns.take(current.caller).await?,
        };
        // A stream that ended by a panic would look like one that came to its end.
        let work = AssertUnwindSafe(self.log().run(work));
        work.catch_unwind().await.map_err(|_| Failure::Panicked)
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
        Ok(self.run(read(tree.clone())).await??)
    }
}

impl AllTurns {
    fn new(max_wait: Duration, log: &Log) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let readers = BLOCKING_WORKERS;
        Self {
            submit: Turns::to_append(with_spare(SUBMISSIONS), SUBMISSIONS, max_wait, log.clone()),
            verify_soon: Turns::new(VERIFYING, usize::MAX, max_wait),
            verify: Turns::new(cores, usize::MAX, max_wait),
            read: Turns::new(readers, readers.div_ceil(4), max_wait),
        }
    }

    /// Lets as many submissions be at work as come in while a round is written, which took so long
    /// the last time.
    fn fit(&self, commit: Duration) {
        let more = commit.as_secs_f64() * SUBMISSIONS_A_SECOND;
        let limit = SUBMISSIONS.saturating_add(more as usize);
        let limit = limit.min(MAX_SUBMISSIONS);
        self.submit.set_limit(with_spare(limit), limit);
    }
}

/// As many turns as one caller may have, and some that only others get.
fn with_spare(of_caller: usize) -> usize {
    of_caller + of_caller.div_ceil(4)
}

impl Proposal {
    fn read(self) -> Result<CreateEntryRequest, ApiError> {
        match self {
            Self::Message(request) => Ok(request),
            Self::Json(body) => {
                json::from_slice_first(&body).map_err(|error| ApiError::invalid(error.to_string()))
            }
        }
    }

    /// The message, where it is soon read.
    fn read_if_short(self) -> Result<Self, ApiError> {
        match &self {
            Self::Json(body) if body.len() > QUICK_PROPOSAL => Ok(self),
            _ => self.read().map(Self::Message),
        }
    }

    /// Whether it is verified in less time than it takes to hand it to another thread, or not much
    /// more.
    fn is_quick(&self) -> bool {
        let Self::Message(request) = self else {
            return false;
        };
        let signatures = match &request.spec {
            Some(Spec::DsseRequestV002(dsse)) => {
                let envelope = dsse.envelope.as_ref();
                envelope.map_or(0, |envelope| envelope.signatures.len())
            }
            _ => 1,
        };
        signatures <= QUICK_SIGNATURES && request.encoded_len() <= QUICK_PROPOSAL
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
