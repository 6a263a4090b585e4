//! The streams of the face. Each runs on a task of its own, holds one of a bounded number of
//! places, ends when the server drains, and is ended when its reader does not read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_log::FollowedEntry;
use ledgerstone_log::Positions;
use ledgerstone_log::ReadError;
use ledgerstone_log::Tree;
use ledgerstone_log::read_on;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::log::v1::AppendResult;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::Status as EntryStatus;
use ledgerstone_proto::log::v1::TreeHead;
use ledgerstone_proto::log::v1::append_result::Outcome;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::Streaming;

use crate::admission::caller::go_on_for;
use crate::admission::caller::work_for;
use crate::error::ApiError;
use crate::log_v1::grpc::append::append;
use crate::log_v1::search;
use crate::log_v1::views;
use crate::state::State;
use crate::state::StreamPermit;

/// How many appends of one stream are under way at a time.
const APPENDS_IN_FLIGHT: usize = 64;

/// What stands before a message on the wire, in bytes.
const MESSAGE_HEAD: usize = 5;

/// How many messages wait for their reader.
const BUFFERED_MESSAGES: usize = 4;

/// The most bytes of bodies that one read for a stream yields.
const READ_BYTES: usize = 256 << 10;

/// The memory of a stream of entries: what was read and not sent, in bytes.
pub(crate) const BUFFERED_BYTES: usize = READ_BYTES + (BUFFERED_MESSAGES + 2) * MAX_ENTRY_BYTES;

/// How long a reader may leave the next message unread before its stream is ended.
const SLOW_READER_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) type ResponseStream<T> = ReceiverStream<Result<T, Status>>;

/// The sending half of a stream, with its place.
struct Sender<T> {
    state: State,
    channel: mpsc::Sender<Result<T, Status>>,
    _permit: StreamPermit,
}

/// Why a stream ends: its reader is gone or too slow, the server drains, or an error was sent.
struct Ended;

/// Runs appends, answering in the order in which they came.
pub(crate) fn appends(
    state: State,
    permit: StreamPermit,
    requests: Streaming<AppendRequest>,
) -> ResponseStream<AppendResult> {
    let (caller, room) = (permit.caller, permit.room.clone());
    let (sender, stream) = channel(state.clone(), permit);
    let run = async move {
        let results = requests.enumerate().map(move |(position, request)| {
            let (state, room) = (state.clone(), room.clone());
            // A task each, so that the signatures are verified on all cores.
            tokio::spawn(work_for(caller, async move {
                let request = request?;
                let length = request.encoded_len() + MESSAGE_HEAD;
                let outcome = match append(&state, request).await {
                    Ok(response) => Outcome::Response(response),
                    Err(error) => Outcome::Status(status_of(&error)),
                };
                if let Some(room) = room {
                    room.shrink(length);
                }
                Ok::<_, Status>(AppendResult {
                    position: position as u64,
                    outcome: Some(outcome),
                })
            }))
        });
        let mut results = results.buffered(APPENDS_IN_FLIGHT);
        while let Some(result) = results.next().await {
            let result = result.unwrap_or_else(|_| Err(ApiError::internal().into()));
            let failed = result.is_err();
            if sender.send(result).await.is_err() || failed {
                return;
            }
        }
    };
    tokio::spawn(run);
    stream
}

/// Streams the entries of a range that the head covers.
pub(crate) fn entries(
    state: State,
    permit: StreamPermit,
    tree: Tree,
    start: u64,
    end: u64,
) -> Result<ResponseStream<Entry>, ApiError> {
    let size = tree.head().size();
    let end = if end == 0 { size.get() } else { end };
    if end > size.get() {
        let error = ledgerstone_log::ReadError::BeyondHead {
            size: ledgerstone_merkle::TreeSize::new(end),
            head: size,
        };
        return Err(error.into());
    }
    if start > end {
        return Err(ApiError::invalid(format!(
            "the start {start} is beyond the end {end}"
        )));
    }
    let caller = permit.caller;
    let (sender, stream) = channel(state, permit);
    tokio::spawn(go_on_for(caller, async move {
        // What ended the stream early was sent, or has nobody to be sent to.
        let _ = sender.send_entries(&tree, start, end).await;
    }));
    Ok(stream)
}

/// Which trees a watch is about.
#[derive(Clone, Copy)]
pub(crate) enum Scope {
    /// All trees of the log, those that will come too.
    Log,
    /// The tree with this id.
    Tree(u64),
}

impl Scope {
    /// The scope of a request: tree 0 stands for all.
    pub(crate) fn of(state: &State, tree_id: u64) -> Result<Self, ApiError> {
        match tree_id {
            0 => Ok(Self::Log),
            tree_id => Ok(Self::Tree(state.tree(tree_id)?.tree_id())),
        }
    }

    /// Where a watch of entries begins: at an index of one tree, or at positions in several.
    pub(crate) fn positions(self, start: u64, from: &str) -> Result<Positions, ApiError> {
        match self {
            Self::Tree(tree_id) if from.is_empty() => Ok([(tree_id, start)].into_iter().collect()),
            Self::Log if start == 0 => search::positions(from),
            Self::Tree(_) => Err(ApiError::invalid(
                "a tree is watched from start on: leave out from",
            )),
            Self::Log => Err(ApiError::invalid(
                "all trees are watched from positions on: put them into from, or name a tree by \
                 treeId",
            )),
        }
    }

    fn trees(self, state: &State) -> Vec<Tree> {
        let trees = state.trees();
        match self {
            Self::Log => trees.own().cloned().collect(),
            Self::Tree(tree_id) => trees.by_tree_id(tree_id).into_iter().cloned().collect(),
        }
    }
}

/// Streams the entries from `positions` on, and then each new one: those that are in `filter`,
/// where there is one.
pub(crate) fn new_entries(
    state: State,
    permit: StreamPermit,
    scope: Scope,
    mut positions: Positions,
    filter: Option<Arc<WatchList>>,
) -> ResponseStream<Entry> {
    let caller = permit.caller;
    let (sender, stream) = channel(state, permit);
    tokio::spawn(go_on_for(caller, async move {
        let mut rounds = sender.state.log().rounds();
        loop {
            rounds.borrow_and_update();
            let trees = scope.trees(&sender.state);
            let sent = sender.send_new(trees, &mut positions, filter.as_ref());
            if sent.await.is_err() || !sender.wait_for(rounds.changed()).await {
                return;
            }
        }
    }));
    stream
}

/// Streams the published heads, and then each newer one.
pub(crate) fn tree_heads(
    state: State,
    permit: StreamPermit,
    scope: Scope,
) -> ResponseStream<TreeHead> {
    let (sender, stream) = channel(state, permit);
    tokio::spawn(async move {
        let mut rounds = sender.state.log().rounds();
        let mut sent: HashMap<u64, u64> = HashMap::new();
        loop {
            rounds.borrow_and_update();
            for tree in scope.trees(&sender.state) {
                let head = tree.head();
                let is_asked_for = matches!(scope, Scope::Tree(_)) || tree.grows();
                let is_new = sent.get(&tree.tree_id()) != Some(&head.size().get());
                if !is_asked_for || !is_new {
                    continue;
                }
                sent.insert(tree.tree_id(), head.size().get());
                if sender
                    .send(Ok(views::tree_head(&tree, &head)))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            if !sender.wait_for(rounds.changed()).await {
                return;
            }
        }
    });
    stream
}

fn channel<T>(state: State, permit: StreamPermit) -> (Sender<T>, ResponseStream<T>) {
    let (channel, receiver) = mpsc::channel(BUFFERED_MESSAGES);
    (
        Sender {
            state,
            channel,
            _permit: permit,
        },
        ReceiverStream::new(receiver),
    )
}

impl<T> Sender<T> {
    async fn send(&self, message: Result<T, Status>) -> Result<(), Ended> {
        self.channel
            .send_timeout(message, SLOW_READER_TIMEOUT)
            .await
            .map_err(|_| Ended)
    }

    /// Whether there is something new before the reader goes away or the server drains.
    async fn wait_for<E>(&self, change: impl Future<Output = Result<(), E>>) -> bool {
        tokio::select! {
            changed = change => changed.is_ok(),
            () = self.channel.closed() => false,
            () = self.state.draining().cancelled() => {
                let reason = "the server is shutting down; go on from here later";
                let _ = self.channel.try_send(Err(ApiError::unavailable(reason).into()));
                false
            }
        }
    }
}

impl Sender<Entry> {
    /// Sends the entries of a range that the head covers, a bounded read at a time.
    async fn send_entries(&self, tree: &Tree, start: u64, end: u64) -> Result<(), Ended> {
        let mut next = start;
        while next < end {
            self.must_go_on().await?;
            let limit = usize::try_from(end - next).unwrap_or(usize::MAX);
            match views::entries(&self.state, tree, next, limit, READ_BYTES).await {
                Ok(entries) => {
                    next += entries.len() as u64;
                    for entry in entries {
                        self.send(Ok(entry)).await?;
                    }
                }
                Err(error) => return self.fail(error).await,
            }
        }
        Ok(())
    }

    /// Sends what `trees` have behind `positions`, a bounded read at a time: what is in `filter`,
    /// where there is one.
    async fn send_new(
        &self,
        trees: Vec<Tree>,
        positions: &mut Positions,
        filter: Option<&Arc<WatchList>>,
    ) -> Result<(), Ended> {
        let Some(first) = trees.first().cloned() else {
            return Ok(());
        };
        let trees = Arc::new(trees);
        loop {
            self.must_go_on().await?;
            let (trees, mut next) = (Arc::clone(&trees), positions.clone());
            let filter = filter.map(Arc::clone);
            // Certificates are parsed for a filter: where it may take its time, as the read.
            let read = self.state.read(&first, async move |_| {
                let read = read_on(trees.iter(), &mut next, views::READ_ENTRIES, READ_BYTES);
                let entries = read.await?;
                let is_any = !entries.is_empty();
                Ok((
                    pass(entries, &trees, filter.as_deref()).await?,
                    is_any,
                    next,
                ))
            });
            let (entries, is_any, next) = match read.await {
                Ok(read) => read,
                Err(error) => return self.fail(error).await,
            };
            if !is_any {
                return Ok(());
            }
            for one in entries {
                let entry = views::render_entry(one.tree_id, one.index, one.entry);
                self.send(Ok(entry)).await?;
            }
            *positions = next;
        }
    }

    /// Ends the stream when the server drains or the reader is gone.
    async fn must_go_on(&self) -> Result<(), Ended> {
        if self.state.draining().is_cancelled() {
            let error = ApiError::unavailable("the server is shutting down; go on from here later");
            return self.fail(error).await;
        }
        // A filter may pass nothing for long: sending would not tell that the reader is gone.
        if self.channel.is_closed() {
            return Err(Ended);
        }
        Ok(())
    }

    async fn fail(&self, error: ApiError) -> Result<(), Ended> {
        self.send(Err(error.into())).await.and(Err(Ended))
    }
}

/// The entries that are in `filter`, by all that the log knows of them.
async fn pass(
    entries: Vec<FollowedEntry>,
    trees: &[Tree],
    filter: Option<&WatchList>,
) -> Result<Vec<FollowedEntry>, ReadError> {
    let Some(filter) = filter else {
        return Ok(entries);
    };
    let mut passed = Vec::new();
    for one in entries {
        if one.passes(trees, filter).await? {
            passed.push(one);
        }
    }
    Ok(passed)
}

fn status_of(error: &ApiError) -> EntryStatus {
    EntryStatus {
        code: error.code() as i32,
        message: error.message().to_owned(),
    }
}
