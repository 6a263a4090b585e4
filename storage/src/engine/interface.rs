//! What every engine does.

use std::pin::Pin;

use bytes::Bytes;

use super::batch::Batch;
use super::error::EngineDamage;
use super::error::EngineError;
use super::scan::KeyRange;
use super::scan::Page;
use super::scan::Reuse;
use super::scan::Scan;
use super::table::Table;

/// What an engine will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// The longest text that is kept for a tree, in bytes. Of a longer one that is there all the same,
/// one byte more is read.
pub const MAX_KEPT_BYTES: usize = ledgerstone_merkle::MAX_NOTE_BYTES;

/// Where rows are stored.
///
/// **Reads** see every batch that is durable, each as a whole, and nothing of any other. `None`
/// means that a row is proven absent; everything else that goes wrong is an error.
///
/// **The fence**: an engine that is open for writing is the only one that writes. Where that is not
/// settled by a lock, a later writer takes the fence from an earlier one when it opens; writes and
/// advances of the earlier one then fail with [`EngineError::Fenced`], and change nothing. One that
/// was under way is durable or changes nothing.
///
/// **After a failed write** nobody knows what is stored: the engine refuses every later one with
/// [`EngineError::Stopped`]. The way back is to open the store again and to verify what is in it. A
/// write whose future is dropped before it is ready has failed too. [`Gate`](super::Gate) keeps
/// this rule.
pub trait Engine: Send + Sync + 'static {
    /// Whether the engine works on the thread that polls its futures, as one does that reads a
    /// disk: each is ready at its first poll then, and whoever must not be held up polls it on a
    /// thread of its own ([`Schema::run`](crate::schema::Schema::run)).
    fn blocks(&self) -> bool;

    /// The value under `key`.
    fn get<'a>(&'a self, table: Table, key: &'a [u8]) -> Answer<'a, Option<Bytes>>;

    /// The values under many keys: each stands where its key stands. One failure fails the whole
    /// call.
    fn multi_get<'a>(
        &'a self,
        table: Table,
        keys: &'a [&'a [u8]],
        reuse: Reuse,
    ) -> Answer<'a, Vec<Option<Bytes>>>;

    /// The first rows of a range. The next page begins right behind the last key of this one.
    ///
    /// An error comes only where no row could be read before it: rows before damage are a page of
    /// their own.
    fn scan<'a>(&'a self, scan: &'a Scan) -> Answer<'a, Page>;

    /// Makes all changes of `batch` together. Ready when they are durable, and readers see them
    /// only then.
    fn write(&self, batch: Batch) -> Answer<'_, ()>;

    /// The text that is kept for `tree`, outside the tables. Of one longer than [`MAX_KEPT_BYTES`]
    /// it is one byte more than that.
    fn kept(&self, tree: u32) -> Answer<'_, Option<Bytes>>;

    /// Replaces the text that is kept for `tree` if it is `from` (`None`: if there is none), and
    /// fails with [`EngineError::KeptDiffers`] otherwise. A power cut may bring back an earlier
    /// one until [`sync_kept`](Self::sync_kept), but never leaves a part of one, or none.
    fn advance(&self, tree: u32, from: Option<Bytes>, to: Bytes) -> Answer<'_, ()>;

    /// Makes the text that is kept for `tree` durable.
    fn sync_kept(&self, tree: u32) -> Answer<'_, ()>;

    /// Reads all rows of `keys` in all tables against the engine's own checksums, and says what
    /// cannot be read. An engine without checksums has nothing to say. Takes as long as reading the
    /// rows.
    fn verify<'a>(&'a self, keys: &'a KeyRange) -> Answer<'a, Vec<EngineDamage>>;

    /// What the engine uses and how far behind it is. Cheap enough to ask every few seconds.
    fn statistics(&self) -> Answer<'_, Statistics>;
}

/// What an engine uses, and signs of trouble to come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Statistics {
    /// Failures of work in the background since the store was opened. Anything but 0 needs the
    /// operator.
    pub background_errors: u64,
    /// Bytes in files or objects.
    pub disk_bytes: u64,
    /// Bytes of memory in buffers and caches.
    pub memory_bytes: u64,
    /// Bytes that have still to be rewritten in the background. Growing without end means that the
    /// disk is too slow for the load.
    pub backlog_bytes: u64,
    /// Whether writes wait for work in the background.
    pub writes_stalled: bool,
}
