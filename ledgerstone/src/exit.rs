//! The one place where errors become exit codes.

use std::process::ExitCode;

use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_instance::InstanceError;
use ledgerstone_log::ImportError;
use ledgerstone_log::KeyError;
use ledgerstone_log::OpenError;
use ledgerstone_log::ReadError;
use ledgerstone_log::ReindexError;
use ledgerstone_log::UpgradeError;
use ledgerstone_log_server::ServerError;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::StorageError;
use serde_json::json;

use crate::commands::fsck::Damaged;
use crate::commands::fsck::Unreadable;
use crate::commands::reindex::Unfinished;
use crate::commands::search::NoneFound;
use crate::commands::verify::run::Refused;
use crate::output;
use crate::output::OutputError;

/// It could not be done: wrong arguments, an unreadable file, something that the log refuses or
/// does not have.
pub(crate) const UNDONE: u8 = 1;

/// Something does not verify.
pub(crate) const UNTRUE: u8 = 2;

/// The log cannot be reached, or is in trouble.
pub(crate) const UNREACHABLE: u8 = 3;

/// Nothing was found, and everything could be seen.
pub(crate) const NONE: u8 = 4;

/// Nothing was found, but not everything could be seen.
pub(crate) const NONE_SEEN: u8 = 5;

/// The code of a command whose output nobody reads to the end.
const DONE: u8 = 0;

/// Prints `error` with its causes, on standard error for people and on standard output for
/// machines.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = exit_code(error);
    if code == DONE {
        return ExitCode::SUCCESS;
    }
    if let Some(Damaged { is_printed: true }) = error.downcast_ref() {
        return ExitCode::from(code);
    }
    if let Some(none) = error.downcast_ref::<NoneFound>() {
        // No error: the answer.
        output::note(&format!("note: {none}"));
        return ExitCode::from(code);
    }
    if json {
        let printed = json!({ "error": { "message": message(error), "exitCode": code } });
        // Where this cannot be printed, the exit code still says it.
        let _ = output::json(&printed);
    } else {
        output::note(&format!("error: {}", message(error)));
    }
    ExitCode::from(code)
}

fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(OutputError::Closed) = error.downcast_ref() {
        return DONE;
    }
    if let Some(error) = error.downcast_ref::<Error>() {
        return match error.failure() {
            Failure::Untrue => UNTRUE,
            Failure::Unreachable => UNREACHABLE,
            Failure::Undone => UNDONE,
        };
    }
    if let Some(none) = error.downcast_ref::<NoneFound>() {
        return match none {
            NoneFound::Everywhere => NONE,
            NoneFound::WhereSeen => NONE_SEEN,
        };
    }
    if let Some(error) = error.downcast_ref::<ServerError>() {
        return server_code(error);
    }
    if error.is::<Unfinished>() {
        return UNREACHABLE;
    }
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return if refused.untrue { UNTRUE } else { UNDONE };
    }
    let untrue = error.is::<Damaged>()
        || error.is::<Unreadable>()
        || error.downcast_ref().is_some_and(instance_untrue)
        || error.downcast_ref().is_some_and(storage_untrue)
        || error.downcast_ref().is_some_and(open_untrue)
        || error.downcast_ref().is_some_and(read_untrue)
        || error.downcast_ref().is_some_and(import_untrue)
        || error.downcast_ref().is_some_and(reindex_untrue);
    if untrue { UNTRUE } else { UNDONE }
}

/// A log that stopped is in trouble; all else of a server was settled before it listened.
fn server_code(error: &ServerError) -> u8 {
    match error {
        ServerError::Log(_) | ServerError::Close(_) => UNREACHABLE,
        ServerError::Listen { .. }
        | ServerError::Tls(_)
        | ServerError::Settings(_)
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
        InstanceError::NoLog(_)
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

/// The error and its causes, without those that the text before them already has.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::Context;
    use ledgerstone_client::ArtifactError;
    use ledgerstone_client::BundleError;
    use ledgerstone_client::TransportError;
    use ledgerstone_merkle::LeafIndex;
    use ledgerstone_merkle::TreeSize;
    use ledgerstone_storage::Damage;
    use ledgerstone_storage::ShardId;

    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_code() {
        let timed_out = TransportError::TimedOut {
            url: String::new(),
            limit: Duration::from_secs(30),
        };
        let codes = [
            (Error::from(timed_out), UNREACHABLE),
            (Error::from(BundleError::EntryCount(0)), UNTRUE),
            (Error::from(ArtifactError::Form), UNDONE),
        ];
        for (error, code) in codes {
            let error = anyhow::Error::from(error);
            assert_eq!(exit_code(&error), code);
            assert_eq!(exit_code(&error.context("while testing")), code);
        }
        let incomplete = ImportError::Incomplete {
            size: TreeSize::new(1),
            target: TreeSize::new(2),
        };
        let shrunk = ImportError::Shrunk {
            stored: TreeSize::new(2),
            target: TreeSize::new(1),
        };
        assert_eq!(exit_code(&OutputError::Closed.into()), DONE);
        let full = OutputError::Io(std::io::ErrorKind::StorageFull.into());
        assert_eq!(exit_code(&full.into()), UNDONE);
        assert_eq!(exit_code(&incomplete.into()), UNDONE);
        assert_eq!(exit_code(&shrunk.into()), UNTRUE);
        assert_eq!(exit_code(&anyhow::anyhow!("other")), UNDONE);
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

    #[test]
    fn causes_are_printed_once() {
        let error = Err::<(), _>(anyhow::anyhow!("no such file"))
            .context("a.txt cannot be read")
            .unwrap_err();
        assert_eq!(message(&error), "a.txt cannot be read: no such file");
        let repeated = error.context("it failed: a.txt cannot be read");
        assert_eq!(
            message(&repeated),
            "it failed: a.txt cannot be read: no such file"
        );
    }
}
