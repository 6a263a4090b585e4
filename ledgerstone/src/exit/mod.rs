//! The one place where errors become exit codes.

mod codes;
#[cfg(feature = "server")]
mod server;

use std::process::ExitCode;

use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use serde_json::json;

use crate::commands::search::NoneFound;
use crate::commands::verify::run::Refused;
use crate::exit::codes::DONE;
use crate::exit::codes::NONE;
use crate::exit::codes::NONE_SEEN;
pub(crate) use crate::exit::codes::UNDONE;
use crate::exit::codes::UNREACHABLE;
use crate::exit::codes::UNTRUE;
use crate::output;
use crate::output::OutputError;

/// Prints `error` with its causes, on standard error for people and on standard output for
/// machines.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = exit_code(error);
    if code == DONE {
        return ExitCode::SUCCESS;
    }
    #[cfg(feature = "server")]
    if server::is_told(error) {
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
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return if refused.untrue { UNTRUE } else { UNDONE };
    }
    #[cfg(feature = "server")]
    if let Some(code) = server::code(error) {
        return code;
    }
    UNDONE
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
        assert_eq!(exit_code(&OutputError::Closed.into()), DONE);
        let full = OutputError::Io(std::io::ErrorKind::StorageFull.into());
        assert_eq!(exit_code(&full.into()), UNDONE);
        assert_eq!(exit_code(&anyhow::anyhow!("other")), UNDONE);
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
