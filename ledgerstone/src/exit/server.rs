//! The exit codes for what goes wrong with a log of one's own.

use ledgerstone_instance::InstanceError;
use ledgerstone_log::DetachError;
use ledgerstone_log::ImportError;
use ledgerstone_log::KeyError;
use ledgerstone_log::OpenError;
use ledgerstone_log::ReadError;
use ledgerstone_log::ReindexError;
use ledgerstone_log::UpgradeError;
use ledgerstone_log_server::ServerError;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::StorageError;

use crate::commands::fsck::Damaged;
use crate::commands::fsck::Unreadable;
use crate::commands::reindex::Unfinished;
use crate::exit::codes::UNDONE;
use crate::exit::codes::UNREACHABLE;
use crate::exit::codes::UNTRUE;

/// Whether all that is to be said about `error` was printed already.
pub(crate) fn is_told(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Damaged { is_printed: true }))
}

/// The code of an error of the server, of its data directory or of what is stored there.
pub(crate) fn code(error: &anyhow::Error) -> Option<u8> {
    if let Some(error) = error.downcast_ref::<ServerError>() {
        return Some(server_code(error));
    }
    if error.is::<Unfinished>() {
        return Some(UNREACHABLE);
    }
    let untrue = error.is::<Damaged>()
        || error.is::<Unreadable>()
        || error.downcast_ref().is_some_and(instance_untrue)
        || error.downcast_ref().is_some_and(storage_untrue)
        || error.downcast_ref().is_some_and(open_untrue)
        || error.downcast_ref().is_some_and(read_untrue)
        || error.downcast_ref().is_some_and(import_untrue)
        || error.downcast_ref().is_some_and(reindex_untrue);
    untrue.then_some(UNTRUE)
}

/// A log that stopped is in trouble; all else of a server was settled before it listened.
fn server_code(error: &ServerError) -> u8 {
    match error {
        ServerError::Log(_) | ServerError::Close(_) => UNREACHABLE,
        ServerError::Listen { .. }
        | ServerError::Tls(_)
        | ServerError::Settings(_)
        | ServerError::Lanes(_)
        | ServerError::Webhook(_) => UNDONE,
    }
}

fn instance_untrue(error: &InstanceError) -> bool {
    match error {
        InstanceError::Open(error) => open_untrue(error),
        InstanceError::Keys(error) => key_untrue(error),
        InstanceError::Storage(error) => storage_untrue(error),
        InstanceError::Import(error) => import_untrue(error),
        InstanceError::Reindex(error) => reindex_untrue(error),
        InstanceError::Upgrade(error) => upgrade_untrue(error),
        InstanceError::Detach(DetachError::Storage(error)) => storage_untrue(error),
        InstanceError::NoLog(_)
        | InstanceError::Detach(_)
        | InstanceError::KeysWithoutLog { .. }
        | InstanceError::KeyWithoutTree { .. }
        | InstanceError::NoProtocol => false,
    }
}

/// A store that is in use, elsewhere, or on a disk in trouble says nothing about what is stored.
fn storage_untrue(error: &StorageError) -> bool {
    match error {
        StorageError::Damaged(_) => true,
        StorageError::Engine(error) => engine_untrue(error),
        StorageError::SchemaVersion { .. }
        | StorageError::ShardExists { .. }
        | StorageError::NoShard { .. }
        | StorageError::NotEmptyTree { .. }
        | StorageError::Identity { .. }
        | StorageError::OutOfOrder { .. }
        | StorageError::HeadSize { .. }
        | StorageError::TimeBackwards { .. }
        | StorageError::EmptyRound
        | StorageError::BodyLength { .. }
        | StorageError::AttestationLength { .. }
        | StorageError::RoundLength { .. }
        | StorageError::TileLength { .. }
        | StorageError::TileMissing { .. }
        | StorageError::TileUnexpected { .. }
        | StorageError::BesideLength
        | StorageError::CorrectionLength { .. }
        | StorageError::ProgressLength { .. }
        | StorageError::RowBeyondHead { .. }
        | StorageError::CheckpointLength { .. }
        | StorageError::ShardTwice { .. }
        | StorageError::NoRound
        | StorageError::Frozen { .. }
        | StorageError::ShardNotEmpty { .. }
        | StorageError::OldSchema { .. } => false,
    }
}

fn engine_untrue(error: &EngineError) -> bool {
    match error {
        // A trace of a log without its store is a log whose store was lost.
        EngineError::Damaged(_) | EngineError::Marked { .. } | EngineError::NotEmpty { .. } => true,
        EngineError::Fenced
        | EngineError::Stopped
        | EngineError::ReadOnly
        | EngineError::KeptDiffers { .. }
        | EngineError::NothingKept { .. }
        | EngineError::Locked { .. }
        | EngineError::NoStore { .. }
        | EngineError::UnknownTable { .. }
        | EngineError::Unproven { .. }
        | EngineError::Io { .. }
        | EngineError::Failed { .. } => false,
    }
}

/// A key that is missing or unusable says nothing about what is stored either.
fn key_untrue(error: &KeyError) -> bool {
    match error {
        KeyError::Store(error) => storage_untrue(error),
        KeyError::Io { .. }
        | KeyError::Missing(_)
        | KeyError::NotKept(_)
        | KeyError::Exposed { .. }
        | KeyError::Shared { .. }
        | KeyError::Kind(_)
        | KeyError::Unusable { .. } => false,
    }
}

fn open_untrue(error: &OpenError) -> bool {
    match error {
        OpenError::Storage(error) => storage_untrue(error),
        OpenError::Read(error) => read_untrue(error),
        OpenError::Keys(error) => key_untrue(error),
        // What is stored, the kept checkpoint and the keys contradict each other.
        OpenError::OtherKey { .. }
        | OpenError::MissingHead(_)
        | OpenError::WrongRoot { .. }
        | OpenError::EntriesBeyondHead(_)
        | OpenError::NoKeptCheckpoint(_)
        | OpenError::BadKeptCheckpoint(_)
        | OpenError::RolledBack { .. }
        | OpenError::Forked { .. }
        | OpenError::FrozenCheckpoint { .. }
        | OpenError::ForeignCheckpoint { .. } => true,
        OpenError::Exists { .. }
        | OpenError::Clock(_)
        | OpenError::NothingToCompare { .. }
        | OpenError::NoShard(_)
        | OpenError::OtherOrigin { .. }
        | OpenError::SameTreeId(_)
        | OpenError::SameOrigin(_)
        | OpenError::TwoGrow(_)
        | OpenError::NothingGrows
        | OpenError::UnknownProtocol { .. }
        | OpenError::Mixed(_)
        | OpenError::NoSigner(_)
        | OpenError::Frozen(_)
        | OpenError::NoForeignKey(_)
        | OpenError::ShardKeys { .. }
        | OpenError::Signing(_)
        | OpenError::Thread(_) => false,
    }
}

fn upgrade_untrue(error: &UpgradeError) -> bool {
    match error {
        UpgradeError::Open(error) => open_untrue(error),
        UpgradeError::Keys(error) => key_untrue(error),
        UpgradeError::Storage(error) => storage_untrue(error),
        UpgradeError::NoOrigin(_) | UpgradeError::SameOrigin(_) | UpgradeError::NoFreeShard => {
            false
        }
    }
}

fn read_untrue(error: &ReadError) -> bool {
    match error {
        ReadError::Storage(error) => storage_untrue(error),
        ReadError::MissingEntry(_)
        | ReadError::MissingTile(_)
        | ReadError::WrongTile(_)
        | ReadError::WrongIndex { .. }
        | ReadError::BadProof(_) => true,
        ReadError::BeyondHead { .. }
        | ReadError::IndexBeyondSize { .. }
        | ReadError::SizesReversed { .. }
        | ReadError::Signing(_)
        | ReadError::NotKept
        | ReadError::NotRekorV1(_)
        | ReadError::OtherCheckpoint { .. }
        | ReadError::Bundle(_) => false,
    }
}

fn import_untrue(error: &ImportError) -> bool {
    match error {
        ImportError::Storage(error) => storage_untrue(error),
        ImportError::Open(error) => open_untrue(error),
        ImportError::Checkpoint(_)
        | ImportError::Shrunk { .. }
        | ImportError::Forked { .. }
        | ImportError::Untrue { .. } => true,
        ImportError::OtherLog { .. }
        | ImportError::OtherPurpose { .. }
        | ImportError::TooLate { .. }
        | ImportError::NoV1Key
        | ImportError::SameTree { .. }
        | ImportError::OtherSigner
        | ImportError::OutOfOrder { .. }
        | ImportError::CountsFromElsewhere { .. }
        | ImportError::ProofSizes { .. }
        | ImportError::Incomplete { .. } => false,
    }
}

fn reindex_untrue(error: &ReindexError) -> bool {
    match error {
        ReindexError::Read(error) => read_untrue(error),
        ReindexError::Write(error) => storage_untrue(error),
        ReindexError::NotLogged { .. } => true,
        ReindexError::NoLog
        | ReindexError::ReadOnly
        | ReindexError::Panicked
        | ReindexError::Thread(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use ledgerstone_merkle::LeafIndex;
    use ledgerstone_merkle::TreeSize;
    use ledgerstone_storage::Damage;
    use ledgerstone_storage::ShardId;

    use super::*;

    fn exit_code(error: &anyhow::Error) -> u8 {
        code(error).unwrap_or(UNDONE)
    }

    #[test]
    fn an_import_that_contradicts_what_is_stored_is_untrue() {
        let incomplete = ImportError::Incomplete {
            size: TreeSize::new(1),
            target: TreeSize::new(2),
        };
        let shrunk = ImportError::Shrunk {
            stored: TreeSize::new(2),
            target: TreeSize::new(1),
        };
        assert_eq!(exit_code(&incomplete.into()), UNDONE);
        assert_eq!(exit_code(&shrunk.into()), UNTRUE);
    }

    #[test]
    fn only_what_does_not_verify_is_untrue() {
        let locked = || {
            StorageError::from(EngineError::Locked {
                directory: "data".into(),
            })
        };
        let refused = || {
            StorageError::from(EngineError::Io {
                action: "open",
                path: "data".into(),
                source: std::io::ErrorKind::PermissionDenied.into(),
            })
        };
        let damaged = || StorageError::Damaged(Damage::SchemaVersionMissing);
        for (error, code) in [
            (anyhow::Error::from(locked()), UNDONE),
            (refused().into(), UNDONE),
            (damaged().into(), UNTRUE),
            (OpenError::Storage(locked()).into(), UNDONE),
            (OpenError::Storage(damaged()).into(), UNTRUE),
            (
                OpenError::Read(ReadError::Storage(refused())).into(),
                UNDONE,
            ),
            (
                OpenError::Read(ReadError::BadProof(String::new())).into(),
                UNTRUE,
            ),
            (OpenError::NoKeptCheckpoint(TreeSize::new(1)).into(), UNTRUE),
            (
                OpenError::EntriesBeyondHead(TreeSize::new(1)).into(),
                UNTRUE,
            ),
            (OpenError::SameTreeId(1).into(), UNDONE),
            (ReindexError::NoLog.into(), UNDONE),
            (
                ReindexError::NotLogged {
                    shard: ShardId::new(0),
                    index: LeafIndex::new(7),
                }
                .into(),
                UNTRUE,
            ),
            (ReindexError::Write(refused()).into(), UNDONE),
            (
                ReindexError::Read(ReadError::Storage(damaged())).into(),
                UNTRUE,
            ),
            (Unfinished::Interrupted.into(), UNREACHABLE),
            (Unfinished::Failed(String::new()).into(), UNREACHABLE),
            (ImportError::Storage(locked()).into(), UNDONE),
            (
                ImportError::Open(OpenError::Storage(damaged())).into(),
                UNTRUE,
            ),
        ] {
            assert_eq!(exit_code(&error), code, "{error}");
        }
        let other_origin = OpenError::OtherOrigin {
            stored: "a".to_owned(),
            configured: "b".to_owned(),
        };
        assert_eq!(exit_code(&other_origin.into()), UNDONE);
    }
}
