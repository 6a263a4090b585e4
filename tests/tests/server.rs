//! The server under test: the real binary, on free ports, over a data directory that survives it.

use std::env;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStderr;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::VerifierKey;
use serde_json::Value;
use tempfile::TempDir;

/// The name that logs under test have.
pub(crate) const ORIGIN: &str = "log.example.com";

/// How long a server may take to start or to end. Far beyond what it takes, since many tests share
/// few cores.
const DEADLINE: Duration = Duration::from_secs(60);

/// The binary: beside this test's own, or where `LEDGERSTONE_BIN` says.
pub(crate) fn binary() -> PathBuf {
    let path = match env::var_os("LEDGERSTONE_BIN") {
        Some(path) => PathBuf::from(path),
        None => {
            let test = env::current_exe().unwrap();
            test.parent().unwrap().with_file_name("ledgerstone")
        }
    };
    assert!(
        path.is_file(),
        "{} is not there: run `cargo build -p ledgerstone` first, or name the binary in \
         LEDGERSTONE_BIN",
        path.display()
    );
    path
}

/// The binary with no settings from the environment of the tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("LEDGERSTONE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// A data directory, and the settings to serve it with.
#[derive(Clone)]
pub(crate) struct Site {
    directory: Arc<TempDir>,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            directory: Arc::new(tempfile::tempdir().unwrap()),
            flags: Vec::new(),
            environment: Vec::new(),
        }
        // The smallest cache: many servers run at a time.
        .with("--store-memory", "33554432")
        .with("--listen", "127.0.0.1:0")
        .with("--admin-listen", "127.0.0.1:0")
        .with("--origin", ORIGIN)
    }

    /// With a setting, instead of an earlier one of that name.
    pub(crate) fn with(mut self, flag: &str, value: &str) -> Self {
        self = self.without(flag);
        self.flags.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    /// With a flag that takes no value.
    pub(crate) fn with_switch(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    pub(crate) fn without(mut self, flag: &str) -> Self {
        if let Some(at) = self.flags.iter().position(|given| given == flag) {
            self.flags.drain(at..at + 2);
        }
        self
    }

    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A directory for this site's files; the data directory is in it.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn start(&self) -> Server {
        match self.try_start() {
            Ok(server) => server,
            Err(refusal) => panic!("the server did not start: {refusal:?}"),
        }
    }

    /// Starts a server that may have so many files and connections open, and no more.
    pub(crate) fn start_with_descriptors(&self, limit: usize) -> Server {
        let serve = self.serve();
        let mut limited = Command::new("sh");
        limited
            .args(["-c", &format!("ulimit -n {limit} && exec \"$@\""), "sh"])
            .arg(serve.get_program())
            .args(serve.get_args())
            .envs(self.environment.iter().cloned());
        self.announced(Process::spawn(limited))
    }

    /// Starts a server whose log lines nobody reads.
    pub(crate) fn start_unread(&self) -> Server {
        self.announced(Process::spawn_unread(self.serve()))
    }

    fn announced(&self, process: Process) -> Server {
        let line = process.lines.recv_timeout(DEADLINE).unwrap();
        let announced = serde_json::from_str(&line).unwrap();
        Server::new(self.clone(), process, &announced)
    }

    /// Starts a server that can only read, for a reason that tells all of `parts`.
    pub(crate) fn start_reading(&self, parts: &[&str]) -> Server {
        let server = self.start();
        let told = &server.read_only;
        assert!(told.starts_with("read-only because of damage"), "{told:?}");
        for part in parts {
            assert!(told.contains(part), "{part:?} is not told in {told:?}");
        }
        server
    }

    /// Starts a server that has to refuse.
    pub(crate) fn start_refused(&self) -> Refusal {
        match self.try_start() {
            Ok(_) => panic!("the server started"),
            Err(refusal) => refusal,
        }
    }

    /// The command that serves this site.
    pub(crate) fn serve(&self) -> Command {
        let mut command = command();
        command
            .args(["serve", "--json", "--data-dir"])
            .arg(self.data_dir())
            .args(&self.flags)
            .envs(self.environment.iter().cloned());
        command
    }

    /// Starts a server that is killed before it may have said anything, `moment` later.
    pub(crate) fn start_killed(&self, moment: Duration) {
        let mut process = Process::spawn(self.serve());
        // It may come up in time, which is no harm: then it is killed idle.
        let _ = process.lines.recv_timeout(moment);
        process.child.kill().unwrap();
        process.end();
    }

    pub(crate) fn try_start(&self) -> Result<Server, Refusal> {
        let mut process = Process::spawn(self.serve());
        match process.lines.recv_timeout(DEADLINE) {
            Ok(line) => {
                let announced: Value = serde_json::from_str(&line).unwrap();
                // Errors are one JSON line too.
                if announced.get("url").is_some() {
                    return Ok(Server::new(self.clone(), process, &announced));
                }
                let (status, stderr) = process.end();
                Err(Refusal {
                    code: status.code(),
                    message: line,
                    stderr,
                })
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let (status, stderr) = process.end();
                Err(Refusal {
                    code: status.code(),
                    message: String::new(),
                    stderr,
                })
            }
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("the server says nothing"),
        }
    }
}

/// A server that did not start.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Option<i32>,
    pub(crate) message: String,
    pub(crate) stderr: String,
}

impl Refusal {
    /// Checks the exit code, and that the message tells all of `parts`.
    pub(crate) fn assert(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        let told = format!("{}{}", self.message, self.stderr);
        for part in parts {
            assert!(told.contains(part), "{part:?} is not told in {self:?}");
        }
    }
}

/// A server that runs. It is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) site: Site,
    process: Process,
    /// Of the tree that takes entries of Rekor v2.
    pub(crate) tree_id: String,
    /// Of the tree that takes entries of Rekor v1.
    pub(crate) v1_tree_id: String,
    /// All trees, as they are announced.
    pub(crate) trees: Value,
    pub(crate) ed25519: VerifierKey,
    pub(crate) ecdsa: VerifierKey,
    /// Why it only reads; empty where it does not.
    pub(crate) read_only: String,
    /// The size of the log at the start.
    pub(crate) size: u64,
    pub(crate) url: String,
    pub(crate) admin_url: String,
}

impl Server {
    /// A fresh log with the default settings.
    pub(crate) fn start() -> Self {
        Site::new().start()
    }

    fn new(site: Site, process: Process, announced: &Value) -> Self {
        let text = |name: &str| announced[name].as_str().unwrap_or_default().to_owned();
        let trees = announced["trees"].as_array().unwrap();
        // Of a face that is off there is none: whatever stands here instead verifies nothing.
        let key = |name: &str| match text(name) {
            none if none.is_empty() => Ed25519Signer::from_seed("none", &[0; 32])
                .unwrap()
                .verifier()
                .clone(),
            key => key.parse().unwrap(),
        };
        let v1 = trees
            .iter()
            .find(|tree| tree["protocol"] == "rekor-v1" && tree["role"] == "growing");
        let v1_tree_id = v1.and_then(|tree| tree["treeId"].as_str());
        Self {
            site,
            process,
            tree_id: text("treeId"),
            v1_tree_id: v1_tree_id.unwrap_or_default().to_owned(),
            trees: announced["trees"].clone(),
            ed25519: key("ed25519"),
            ecdsa: key("ecdsaP256"),
            read_only: text("readOnly"),
            size: text("size").parse().unwrap_or_default(),
            url: text("url"),
            admin_url: text("adminUrl"),
        }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// `host:port`, for raw connections.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// The most memory that the process has had resident at a time since its start or since the
    /// last [`forget_peak_memory`](Self::forget_peak_memory), in bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        let status = self.proc_file("status");
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = peak.unwrap().trim().strip_suffix(" kB").unwrap();
        kibibytes.parse::<usize>().unwrap() << 10
    }

    /// Counts the peak anew from what is resident now, which is returned, in bytes (`clear_refs`
    /// in proc(5)).
    pub(crate) fn forget_peak_memory(&self) -> usize {
        std::fs::write(self.proc_file("clear_refs"), "5").unwrap();
        self.peak_memory()
    }

    fn proc_file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.process.child.id())
    }

    /// SIGKILL, as a power cut would.
    pub(crate) fn kill(mut self) -> Site {
        self.process.child.kill().unwrap();
        self.process.end();
        self.site.clone()
    }

    /// SIGTERM, without waiting for the end.
    pub(crate) fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// SIGINT, as from a terminal.
    pub(crate) fn interrupt(&self) {
        self.process.signal("INT");
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.process.signal("HUP");
    }

    /// Waits for the end: the exit code and what the server logged. The test's own connections live
    /// on meanwhile: a server that drains waits for what they have to say.
    pub(crate) async fn wait(mut self) -> (Option<i32>, String) {
        let end = tokio::task::spawn_blocking(move || self.process.end());
        let (status, stderr) = end.await.unwrap();
        (status.code(), stderr)
    }

    /// SIGTERM, and a clean end.
    pub(crate) async fn stop(self) -> Site {
        let site = self.site.clone();
        self.terminate();
        let (code, stderr) = self.wait().await;
        assert_eq!(code, Some(0), "{stderr}");
        site
    }
}

/// A child process with its output, killed when dropped.
struct Process {
    child: Child,
    /// The lines of its standard output. Ends with the process.
    lines: mpsc::Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    /// Held where nobody reads it.
    unread: Option<ChildStderr>,
}

impl Process {
    fn spawn(command: Command) -> Self {
        let mut process = Self::spawn_unread(command);
        let mut stderr = process.unread.take().unwrap();
        process.stderr = Some(std::thread::spawn(move || {
            let mut text = Vec::new();
            // What could not be read is not told.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        }));
        process
    }

    fn spawn_unread(mut command: Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let unread = child.stderr.take();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody reads on after the announcement, but the pipe must not fill up.
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            lines,
            stderr: None,
            unread,
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end of the process, which closes its output.
    fn end(&mut self) -> (ExitStatus, String) {
        while self.lines.recv_timeout(DEADLINE).is_ok() {}
        assert!(
            matches!(self.lines.try_recv(), Err(mpsc::TryRecvError::Disconnected)),
            "the process does not end"
        );
        let status = self.child.wait().unwrap();
        let stderr = self.stderr.take().map(|stderr| stderr.join().unwrap());
        (status, stderr.unwrap_or_default())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where a test waited for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
