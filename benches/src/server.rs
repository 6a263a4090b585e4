//! The real server, as a process of its own.

use std::env;
use std::fs;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use serde_json::Value;

use crate::connection::Connection;
use crate::connection::request;
use crate::metrics::Rounds;

/// The name that measured logs have.
pub(crate) const ORIGIN: &str = "log.example.com";

/// A server that runs, killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    pub(crate) logs: TrustedLogs,
    /// From the start of the process until it named its address, which is when it listens.
    pub(crate) start_up: Duration,
    admin: SocketAddr,
}

/// The server beside this program, or `given`.
pub(crate) fn binary(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => env::current_exe()?.with_file_name("ledgerstone"),
    };
    ensure!(
        path.is_file(),
        "{} is not there: run `cargo build --release -p ledgerstone`, or name it with --server",
        path.display()
    );
    Ok(path)
}

/// A temporary directory in `parent`, or in the current one: where a log would be, not in a file
/// system in memory.
pub(crate) fn directory(parent: Option<&Path>) -> anyhow::Result<tempfile::TempDir> {
    let parent = parent.unwrap_or_else(|| Path::new("."));
    tempfile::Builder::new()
        .prefix("ledgerstone-bench-")
        .tempdir_in(parent)
        .with_context(|| format!("no directory can be made in {}", parent.display()))
}

impl Server {
    /// Starts `binary` over the data directory `data`, with default settings but for the addresses.
    pub(crate) fn start(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        Self::start_by(command(binary), binary, data)
    }

    /// The same for as many `clients` at a time from one address, each with a connection of its
    /// own: many have the settings of a server that expects them.
    pub(crate) fn start_for(clients: usize, binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let mut by = command(binary);
        if clients > FEW_CLIENTS {
            let most = clients + FEW_CLIENTS;
            by.env("LEDGERSTONE_MAX_CALLER_CONNECTIONS", most.to_string());
            by.env("LEDGERSTONE_MAX_CONNECTIONS", (4 * most).to_string());
            by.env("LEDGERSTONE_MAX_WAIT", LONG_WAIT);
        }
        Self::start_by(by, binary, data)
    }

    /// The same, on no other processor than the first.
    pub(crate) fn start_on_first_processor(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let mut by = command(Path::new(TASKSET));
        by.args(["-c", "0"]).arg(binary);
        Self::start_by(by, binary, data)
    }

    fn start_by(mut command: Command, binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let complaints = data.with_extension("stderr");
        let started = Instant::now();
        let mut child = command
            .args(["serve", "--json", "--listen", "127.0.0.1:0"])
            .args(["--admin-listen", "127.0.0.1:0", "--origin", ORIGIN])
            .arg("--data-dir")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&complaints)?)
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let mut line = String::new();
        let output = child.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let start_up = started.elapsed();
        match Self::read_announcement(&line) {
            Ok((url, address, admin, logs)) => Ok(Self {
                child,
                address,
                url,
                logs,
                start_up,
                admin,
            }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let said = fs::read_to_string(&complaints).unwrap_or_default();
                Err(error.context(format!("the server did not start: {}", said.trim())))
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the sequencer did so far.
    pub(crate) async fn rounds(&self) -> anyhow::Result<Rounds> {
        let mut connection = Connection::open(self.admin).await?;
        let reply = connection
            .exchange(&request("GET", "/metrics", b""))
            .await?;
        ensure!(reply.status == 200, "/metrics answered {}", reply.status);
        Rounds::parse(str::from_utf8(reply.body)?)
    }

    /// Asks it to end by SIGTERM, and waits until it has drained.
    pub(crate) fn terminate(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let deadline = Instant::now() + DRAIN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        bail!("the server did not end within {} s", DRAIN.as_secs())
    }

    fn read_announcement(
        line: &str,
    ) -> anyhow::Result<(String, SocketAddr, SocketAddr, TrustedLogs)> {
        let line: Value = serde_json::from_str(line)?;
        let text = |name: &str| line[name].as_str().with_context(|| format!("no {name}"));
        let address = |name| {
            let url = text(name)?;
            let address = url.strip_prefix("http://").context("not http")?;
            anyhow::Ok(address.parse()?)
        };
        let log: TrustedLog = text("ed25519")?.parse()?;
        Ok((
            text("url")?.to_owned(),
            address("url")?,
            address("adminUrl")?,
            TrustedLogs::new(vec![log])?,
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; and what it leaves behind is removed with its directory.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What sets on which processors a program runs (util-linux). It becomes that program.
const TASKSET: &str = "taskset";

/// Keeps this process, whose threads begin later, on the last processor.
pub(crate) fn keep_on_last_processor() -> anyhow::Result<()> {
    let last = thread::available_parallelism()?.get() - 1;
    ensure!(last > 0, "there is only one processor");
    let set = Command::new(TASKSET)
        .args(["-p", "-c", &last.to_string(), &process::id().to_string()])
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("{TASKSET} cannot be started"))?;
    ensure!(set.success(), "{TASKSET} ended with {set}");
    Ok(())
}

/// As many connections of one caller no default setting refuses, with some to spare.
const FEW_CLIENTS: usize = 1_000;

/// How long each of many clients may wait for its turn, in milliseconds.
const LONG_WAIT: &str = "30000";

const DRAIN: Duration = Duration::from_secs(60);

/// The command without settings from the environment.
fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("LEDGERSTONE_") {
            command.env_remove(name);
        }
    }
    command
}
