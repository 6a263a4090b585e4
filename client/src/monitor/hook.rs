//! A command that is run for each hit.

use std::io;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// How long the command for one hit may take.
pub const HOOK_TIMEOUT: Duration = Duration::from_secs(60);

/// A command that is run for each hit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hook {
    program: String,
    arguments: Vec<String>,
}

impl Hook {
    /// The command of these words, of which the first is the program; no shell reads them. `None`
    /// when there is none.
    pub fn new(words: Vec<String>) -> Option<Self> {
        let mut words = words.into_iter();
        Some(Self {
            program: words.next().filter(|program| !program.is_empty())?,
            arguments: words.collect(),
        })
    }

    /// Runs the command with `input` as its standard input. What it prints goes to standard error,
    /// so that it does not mix with the hits.
    ///
    /// # Errors
    /// When it cannot be run, does not end within [`HOOK_TIMEOUT`], or fails.
    pub async fn run(&self, input: &[u8]) -> Result<(), HookError> {
        let run = async {
            let mut child = Command::new(&self.program)
                .args(&self.arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::from(io::stderr()))
                .kill_on_drop(true)
                .spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // A command need not read what it is given.
                let _ = stdin.write_all(input).await;
            }
            child.wait().await
        };
        let program = || self.program.clone();
        let status = timeout(HOOK_TIMEOUT, run)
            .await
            .map_err(|_| HookError::Time { program: program() })?
            .map_err(|source| HookError::Run {
                program: program(),
                source,
            })?;
        if status.success() {
            return Ok(());
        }
        Err(HookError::Failed {
            program: program(),
            status,
        })
    }
}

/// Why the command for a hit did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It could not be started.
    #[error("the on-hit command {program:?} cannot be run")]
    Run {
        /// The program.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It took too long.
    #[error("the on-hit command {program:?} did not end within {} s", HOOK_TIMEOUT.as_secs())]
    Time {
        /// The program.
        program: String,
    },
    /// It failed.
    #[error("the on-hit command {program:?} failed: {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
}
