//! The program under test, `ledgerstone`.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::ensure;
use tokio::process::Command;

/// The binary.
#[derive(Clone, Debug)]
pub(crate) struct Program(PathBuf);

/// What one of its commands did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it said, on both streams.
    pub(crate) told: String,
}

impl Program {
    /// The binary at `given`, or the one beside this program.
    pub(crate) fn find(given: Option<&Path>) -> anyhow::Result<Self> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => env::current_exe()?.with_file_name("ledgerstone"),
        };
        ensure!(
            path.is_file(),
            "{} is not there: run `cargo build -p ledgerstone`, or name it with --bin",
            path.display()
        );
        Ok(Self(path.canonicalize()?))
    }

    /// The command without settings from the environment, killed when it is dropped.
    pub(crate) fn command(&self) -> Command {
        self.command_under(&[])
    }

    /// The same, run by another command that takes it as its last arguments.
    pub(crate) fn command_under(&self, wrapper: &[String]) -> Command {
        let mut words = wrapper.iter().map(Into::into).chain([self.0.clone()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).stdin(Stdio::null()).kill_on_drop(true);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("LEDGERSTONE_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// `ledgerstone fsck` of a data directory, with further arguments.
    pub(crate) async fn fsck(&self, data: &Path, arguments: &[&str]) -> anyhow::Result<Outcome> {
        let mut command = self.command();
        command.args(["fsck", "--data-dir"]).arg(data);
        Outcome::of(command.args(arguments)).await
    }

    /// `ledgerstone audit --full` of one tree, which goes on from the file `state`.
    pub(crate) async fn audit(
        &self,
        url: &str,
        tree: u64,
        key: &str,
        state: &Path,
    ) -> anyhow::Result<Outcome> {
        let mut command = self.command();
        command.args(["audit", "--full", "--url", url, "--log-key", key]);
        command.args(["--tree-id", &tree.to_string()]);
        Outcome::of(command.arg("--state").arg(state)).await
    }
}

impl Outcome {
    async fn of(command: &mut Command) -> anyhow::Result<Self> {
        let output = command.output().await?;
        let told = [output.stdout, output.stderr].concat();
        Ok(Self {
            code: output.status.code(),
            told: String::from_utf8_lossy(&told).trim().to_owned(),
        })
    }
}
