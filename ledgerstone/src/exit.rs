//! The one place where errors become exit codes.

use std::process::ExitCode;

use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_log::ImportError;
use ledgerstone_log::OpenError;
use ledgerstone_log_server::ServerError;
use ledgerstone_storage::StorageError;
use serde_json::json;

use crate::commands::fsck::Damaged;

/// It could not be done: wrong arguments, an unreadable file, something that the log refuses or does not have.
pub(crate) const UNDONE: u8 = 1;

/// Something does not verify.
pub(crate) const UNTRUE: u8 = 2;

/// The log cannot be reached, or is in trouble.
pub(crate) const UNREACHABLE: u8 = 3;

/// Prints `error` with its causes, on standard error for people and on standard output for machines.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = exit_code(error);
    if json {
        println!(
            "{}",
            json!({ "error": { "message": message(error), "exitCode": code } })
        );
    } else {
        eprintln!("error: {}", message(error));
    }
    ExitCode::from(code)
}

fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<Error>() {
        return match error.failure() {
            Failure::Untrue => UNTRUE,
            Failure::Unreachable => UNREACHABLE,
            Failure::Undone => UNDONE,
        };
    }
    if error.is::<Damaged>() || error.is::<OpenError>() || error.is::<StorageError>() {
        return UNTRUE;
    }
    match error.downcast_ref::<ImportError>() {
        Some(
            ImportError::OtherLog { .. }
            | ImportError::ProofSizes { .. }
            | ImportError::Incomplete { .. },
        ) => return UNDONE,
        Some(_) => return UNTRUE,
        None => {}
    }
    match error.downcast_ref::<ServerError>() {
        Some(ServerError::Log(_) | ServerError::Close(_)) => UNREACHABLE,
        _ => UNDONE,
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
    use anyhow::Context;
    use ledgerstone_client::ArtifactError;
    use ledgerstone_client::BundleError;
    use ledgerstone_client::TransportError;
    use ledgerstone_merkle::TreeSize;

    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_code() {
        let timed_out = TransportError::TimedOut { url: String::new() };
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
        assert_eq!(exit_code(&incomplete.into()), UNDONE);
        assert_eq!(exit_code(&shrunk.into()), UNTRUE);
        assert_eq!(exit_code(&anyhow::anyhow!("other")), UNDONE);
    }

    #[test]
    fn causes_are_told_once() {
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
