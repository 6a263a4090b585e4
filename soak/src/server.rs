//! The real server, as a process of its own.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use serde_json::Value;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::ChildStderr;
use tokio::process::ChildStdout;
use tokio::time::timeout;

use crate::caller::PROXY;
use crate::keys::LogKeys;
use crate::program::Program;

/// The name that the log has.
const ORIGIN: &str = "log.example.com";

/// How long a server may take to start, or to end when it is asked to.
const DEADLINE: Duration = Duration::from_secs(90);

/// How a server is started, beside what is always the same.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    /// How many descriptors it may have; what this process may have where it is not set.
    pub(crate) descriptors: Option<usize>,
    /// Whether it logs all it can to somebody who never reads.
    pub(crate) is_unread: bool,
}

/// A server that runs. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: Arc<str>,
    pub(crate) keys: LogKeys,
    log_lines: PathBuf,
    /// Held so that the pipe stays open.
    _stdout: BufReader<ChildStdout>,
    _unread: Option<ChildStderr>,
}

/// What became of a start.
pub(crate) enum Start {
    Serves(Box<Server>),
    Refused(Refusal),
}

/// A server that did not start, or that takes no entries because of damage.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// The exit code, 0 where it serves what can be read; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it said.
    pub(crate) told: String,
}

impl Server {
    /// Starts a server over `data`, and waits until it listens. What it logs goes to `log_lines`.
    pub(crate) async fn start(
        program: &Program,
        data: &Path,
        log_lines: &Path,
        conditions: Conditions,
    ) -> anyhow::Result<Start> {
        let mut child = spawn(program, data, log_lines, conditions)?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = timeout(DEADLINE, stdout.read_line(&mut line)).await;
        read.context("the server does not say where it listens")??;
        let announced: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(reason) = announced["readOnly"].as_str() {
            let logged = fs::read_to_string(log_lines).unwrap_or_default();
            child.kill().await?;
            return Ok(Start::Refused(Refusal {
                code: Some(0),
                told: format!("{reason}: {}", logged.trim()),
            }));
        }
        if let Some(url) = announced["url"].as_str() {
            return Ok(Start::Serves(Box::new(Self {
                url: url.into(),
                keys: LogKeys::read(&announced)?,
                log_lines: log_lines.to_owned(),
                _stdout: stdout,
                _unread: child.stderr.take(),
                child,
            })));
        }
        let status = timeout(DEADLINE, child.wait()).await??;
        let told = match announced["error"]["message"].as_str() {
            Some(message) => message.to_owned(),
            None => fs::read_to_string(log_lines).unwrap_or_default(),
        };
        Ok(Start::Refused(Refusal {
            code: status.code(),
            told: told.trim().to_owned(),
        }))
    }

    /// Starts a server that is killed `moment` later, wherever it is then.
    pub(crate) async fn start_and_kill(
        program: &Program,
        data: &Path,
        log_lines: &Path,
        moment: Duration,
    ) -> anyhow::Result<()> {
        let mut child = spawn(program, data, log_lines, Conditions::default())?;
        tokio::time::sleep(moment).await;
        // It may have refused to start, which the next start shows.
        let _ = child.start_kill();
        child.wait().await?;
        Ok(())
    }

    /// The exit status of a server that ended by itself, and the last error that it logged.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<(ExitStatus, String)>> {
        let Some(status) = self.child.try_wait()? else {
            return Ok(None);
        };
        let logged = fs::read_to_string(&self.log_lines).unwrap_or_default();
        let mut lines = logged.lines().rev();
        let error = lines.find(|line| line.contains(" ERROR "));
        Ok(Some((status, error.unwrap_or_default().to_owned())))
    }

    /// SIGKILL. Nothing of the process is left when this returns.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, and the exit code of the end.
    pub(crate) async fn terminate(&mut self) -> anyhow::Result<Option<i32>> {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id as i32)) {
            kill_process(pid, Signal::TERM)?;
        }
        let ended = timeout(DEADLINE, self.child.wait()).await;
        Ok(ended.context("the server does not end")??.code())
    }

    /// The most memory that the process has had resident at a time, in bytes.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes << 10)
    }
}

fn spawn(
    program: &Program,
    data: &Path,
    log_lines: &Path,
    conditions: Conditions,
) -> anyhow::Result<Child> {
    let wrapper = match conditions.descriptors {
        Some(limit) => [
            "sh",
            "-c",
            &format!("ulimit -n {limit} && exec \"$@\""),
            "sh",
        ]
        .map(str::to_owned)
        .to_vec(),
        None => Vec::new(),
    };
    let mut command = program.command_under(&wrapper);
    command
        .args(["serve", "--json", "--origin", ORIGIN, "--data-dir"])
        .arg(data)
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--trusted-proxies", &PROXY.to_string()])
        .stdout(Stdio::piped());
    match conditions.is_unread {
        true => command
            .args(["--log-level", "debug"])
            .stderr(Stdio::piped()),
        false => command.stderr(File::create(log_lines)?),
    };
    Ok(command.spawn()?)
}
