//! What can go wrong behind every face, in no protocol's words.
//!
//! The typed errors of the log and of a body become one [`Failure`] here; each face has its own
//! code and text for it. What only the operator may read goes to the log lines, under the request's
//! id.

use ledgerstone_log::AppendError;
use ledgerstone_log::ReadError;
use tracing::error;

use crate::admission::shares::NoShare;
use crate::admission::turns::TooManyWait;

/// Why a request cannot be answered as it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// As much waits to be logged as the log is willing to hold.
    QueueFull,
    /// The log closes, and takes no entries.
    Closed,
    /// The disk is nearly full: the log takes no entries.
    DiskFull,
    /// What would have to be signed was not kept, and the log is only read.
    NotKept,
    /// A tree of the log cannot be read, and is not served: what was asked for may be there.
    NotServed,
    /// No tree of the log takes entries of this protocol.
    NotTaken,
    /// The entry is longer than an entry bundle can carry: why.
    EntryTooLarge(String),
    /// An index or a size that the tree does not have: why.
    OutOfRange(String),
    /// A request for a proof from a larger to a smaller tree: why.
    SizesReversed(String),
    /// The entry may be logged, and its proof could not be made.
    Unproven,
    /// A key of the log could not sign.
    Unsigned,
    /// What the head covers could not be read: the store failed, or is damaged.
    Unreadable,
    /// A defect of the server: a handler panicked.
    Panicked,
    /// The request took longer than it may.
    Late,
    /// The body is encoded: only identity is taken (RFC 9110, section 8.4).
    Encoded,
    /// The body is longer than this many bytes.
    BodyTooLarge(usize),
    /// There is no memory left for requests.
    NoRoom,
    /// The caller has all the memory, or as many streams, as one caller may have.
    CallerShare,
    /// The caller sends faster than one caller may.
    TooFast {
        /// How long it should wait, in seconds.
        wait: u32,
    },
    /// More waits to be done than can be done in time.
    Busy,
    /// The body ended before its end.
    BodyCut,
}

impl Failure {
    /// How long a caller who is turned away for now should wait, in seconds. A full queue empties
    /// in a few rounds.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooFast { wait } => Some(*wait),
            Self::QueueFull
            | Self::Closed
            | Self::DiskFull
            | Self::NotKept
            | Self::NotServed
            | Self::NoRoom
            | Self::CallerShare
            | Self::Busy => Some(1),
            _ => None,
        }
    }

    /// What is said alike by all faces where the protocols have no text of their own.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::EntryTooLarge(why) | Self::OutOfRange(why) | Self::SizesReversed(why) => why,
            Self::QueueFull | Self::Closed => "the log takes no entries at the moment; retry later",
            Self::DiskFull => {
                "the disk of the log is full, and it takes no entries until there is room; retry \
                 later"
            }
            Self::NotKept => {
                "the log is only read at the moment, and what it signed for this was not kept; \
                 retry later"
            }
            Self::NotServed => {
                "a tree of the log cannot be read at the moment, and what was asked for may be \
                 there; retry later"
            }
            Self::NotTaken => "the log has no tree that takes such entries",
            Self::Unproven | Self::Unsigned | Self::Unreadable | Self::Panicked => {
                "internal server error"
            }
            Self::Late => {
                "the request took too long; if it was a submission, the entry may have been \
                 logged: submit it again"
            }
            Self::Encoded => "the request body is encoded; send it without Content-Encoding",
            Self::BodyTooLarge(_) => "the request body is too large",
            Self::NoRoom => "too much is under way; retry later",
            Self::CallerShare => {
                "requests of yours take as much as one caller may have; wait for their answers, or \
                 retry later"
            }
            Self::TooFast { .. } => "you send more requests than one caller may; retry later",
            Self::Busy => "the server has more to do than it can; retry later",
            Self::BodyCut => "the request body ended early",
        }
    }
}

impl From<NoShare> for Failure {
    fn from(full: NoShare) -> Self {
        match full {
            NoShare::Total => Self::NoRoom,
            NoShare::Peer => Self::CallerShare,
        }
    }
}

impl From<TooManyWait> for Failure {
    fn from(_: TooManyWait) -> Self {
        Self::Busy
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::QueueFull { .. } => Self::QueueFull,
            AppendError::TooLarge { .. } => Self::EntryTooLarge(error.to_string()),
            AppendError::Stopped | AppendError::ReadOnly | AppendError::Clock(_) => Self::Closed,
            AppendError::DiskFull => Self::DiskFull,
            AppendError::NotGrowing => Self::NotTaken,
            AppendError::Unchecked(reason) => {
                error!(error = %reason, "an entry could not be compared with what is logged");
                Self::Unreadable
            }
            AppendError::Unproven(reason) => {
                error!(error = %reason, "an entry could not be proven");
                Self::Unproven
            }
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let failure = match &error {
            ReadError::BeyondHead { .. } | ReadError::IndexBeyondSize { .. } => {
                return Self::OutOfRange(error.to_string());
            }
            ReadError::SizesReversed { .. } => return Self::SizesReversed(error.to_string()),
            ReadError::NotKept => return Self::NotKept,
            ReadError::Signing(_) => Self::Unsigned,
            ReadError::MissingEntry(_)
            | ReadError::MissingTile(_)
            | ReadError::WrongTile(_)
            | ReadError::WrongIndex { .. }
            | ReadError::BadProof(_)
            | ReadError::NotRekorV1(_)
            | ReadError::OtherCheckpoint { .. }
            | ReadError::Bundle(_)
            | ReadError::Storage(_) => Self::Unreadable,
        };
        error!(%error, "a read failed");
        failure
    }
}
