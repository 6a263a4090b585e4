//! The result of one round: a line for people, and one for the file of results.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde::Serialize;

/// The result of one round.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The commit of the program under test.
    pub(crate) commit: String,
    /// The seed of the run.
    pub(crate) seed: u64,
    pub(crate) round: u64,
    /// What the log was tried with.
    pub(crate) fault: String,
    /// Entries that were acknowledged to honest clients, and checked afterwards.
    pub(crate) acknowledged: u64,
    /// Requests of honest clients that were refused or not answered.
    pub(crate) failed: u64,
    /// Acknowledged entries that were not there afterwards.
    pub(crate) lost: u64,
    /// Heads that contradict each other.
    pub(crate) forks: u64,
    /// Answers that were not true.
    pub(crate) wrong: u64,
    /// Starts that were refused because of damage.
    pub(crate) refused: u64,
    /// Servers that ended by themselves.
    pub(crate) ends: u64,
    /// The longest time that an honest client went without an answer that it could use, in
    /// milliseconds.
    pub(crate) outage_ms: u64,
    /// What that client does.
    #[serde(default)]
    pub(crate) outage_of: String,
    /// What 99 of 100 requests of honest clients did not exceed before the fault, in milliseconds.
    pub(crate) p99_calm_ms: f64,
    /// The same under the fault.
    pub(crate) p99_fault_ms: f64,
    /// The most memory that a server had resident, in MiB.
    pub(crate) peak_mib: u64,
    pub(crate) seconds: f64,
    /// Why the log did not come back, or not all of it.
    pub(crate) failure: Option<String>,
    pub(crate) notes: Vec<String>,
}

impl Record {
    /// Whether nothing was lost, forked or wrong, and the log came back.
    pub(crate) fn is_good(&self) -> bool {
        self.lost + self.forks + self.wrong == 0 && self.failure.is_none()
    }

    /// Adds a line to the file of results.
    pub(crate) fn append_to(&self, path: &Path) -> anyhow::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let mut file = file.with_context(|| format!("cannot open {}", path.display()))?;
        let line = serde_json::to_string(self)? + "\n";
        Ok(file.write_all(line.as_bytes())?)
    }

    /// Every line of a file of results.
    pub(crate) fn read_all(path: &Path) -> anyhow::Result<Vec<Self>> {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let read = |line| {
            serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()))
        };
        text.lines().map(read).collect()
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "round {:>4}  seed {}  {:<26} {:>5} acknowledged, {} lost, {} forks, {} wrong; outage \
             {} ms ({}); p99 {:.1} to {:.1} ms; {} MiB; {:.1} s",
            self.round,
            self.seed,
            self.fault,
            self.acknowledged,
            self.lost,
            self.forks,
            self.wrong,
            self.outage_ms,
            self.outage_of,
            self.p99_calm_ms,
            self.p99_fault_ms,
            self.peak_mib,
            self.seconds
        )?;
        if let Some(failure) = &self.failure {
            write!(f, "\n    FAILED: {failure}")?;
        }
        for note in &self.notes {
            write!(f, "\n    {note}")?;
        }
        Ok(())
    }
}
