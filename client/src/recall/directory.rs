//! Where the files of a report are.

use std::fs;
use std::io;
use std::path::PathBuf;

use sha2::Digest as _;
use sha2::Sha256;

use crate::files::read_file;
use crate::files::replace_file;
use crate::recall::error::RecallError;
use crate::recall::hit::Hits;
use crate::recall::hit::failed;
use crate::recall::report::RECALL_FORMAT;
use crate::recall::report::RECALL_VERSION;
use crate::recall::report::RecallReport;
use crate::trust::error::MAX_TRUSTED_ROOT_BYTES;

/// The longest `recall.json` that is read, in bytes.
pub const MAX_RECALL_REPORT_BYTES: usize = 64 << 20;

/// The directory of a report. What a run writes is in a directory of its own; `recall.json` names
/// the run, so that a run that was interrupted changes nothing.
#[derive(Clone, Debug)]
pub struct RecallDirectory {
    path: PathBuf,
}

impl RecallDirectory {
    /// The directory `path`, which need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file that says what the report is about.
    pub fn report_path(&self) -> PathBuf {
        self.path.join("recall.json")
    }

    /// The trusted root that the heads were verified with, where one was given.
    pub fn trusted_root(&self) -> PathBuf {
        self.path.join("trusted_root.json")
    }

    /// The trusted root in the directory, if its SHA-256 hash is `expected`, in hexadecimal.
    ///
    /// # Errors
    /// [`RecallError::Untrue`] when it has another hash, and when it cannot be read.
    pub fn pinned_trusted_root(&self, expected: &str) -> Result<Vec<u8>, RecallError> {
        let path = self.trusted_root();
        let json = read_file(&path, MAX_TRUSTED_ROOT_BYTES);
        let json = json.map_err(|source| failed(&path, source))?;
        let hash = hex::encode(Sha256::digest(&json));
        let expected = expected.strip_prefix("sha256:").unwrap_or(expected);
        match expected.eq_ignore_ascii_case(&hash) {
            true => Ok(json),
            false => {
                let what = format!("{} has the hash {hash}", path.display());
                Err(RecallError::Untrue(what))
            }
        }
    }

    /// The files of a run.
    pub fn run(&self, run: u32) -> PathBuf {
        self.path.join(format!("run-{run}"))
    }

    /// The hits of a run.
    pub fn hits(&self, run: u32) -> PathBuf {
        self.run(run).join("hits.jsonl")
    }

    /// The same for spreadsheets.
    pub fn csv(&self, run: u32) -> PathBuf {
        self.run(run).join("hits.csv")
    }

    /// The page for people.
    pub fn page(&self, run: u32) -> PathBuf {
        self.run(run).join("report.html")
    }

    /// An entry with its proof, as Sigstore's bundles have it.
    pub fn entry(&self, run: u32, tree_id: u64, index: u64) -> PathBuf {
        let name = format!("entries/{tree_id}-{index}.json");
        self.run(run).join(name)
    }

    /// The bundle of an entry that holds all of it.
    pub fn bundle(&self, run: u32, tree_id: u64, index: u64) -> PathBuf {
        let name = format!("bundles/{tree_id}-{index}.sigstore.json");
        self.run(run).join(name)
    }

    /// The report, or `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is of another form.
    pub fn load(&self) -> Result<Option<RecallReport>, RecallError> {
        let path = self.report_path();
        let json = match read_file(&path, MAX_RECALL_REPORT_BYTES) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(&path, source)),
        };
        let wrong = |reason: String| RecallError::Form {
            path: path.clone(),
            reason,
        };
        let report: RecallReport =
            serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))?;
        if (report.format.as_str(), report.version) != (RECALL_FORMAT, RECALL_VERSION) {
            return Err(wrong(format!("it has version {}", report.version)));
        }
        Ok(Some(report))
    }

    /// Makes an empty directory for a run, in place of what an interrupted one left.
    pub(crate) fn begin(&self, run: u32) -> Result<(), RecallError> {
        let path = self.run(run);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&path, error));
            }
            _ => {}
        }
        for path in [path.clone(), path.join("entries"), path.join("bundles")] {
            fs::create_dir_all(&path).map_err(|source| failed(&path, source))?;
        }
        Ok(())
    }

    /// Makes `report` the one that is there, and removes the files of the run before.
    pub(crate) fn finish(&self, report: &RecallReport) -> Result<(), RecallError> {
        let path = self.report_path();
        replace_file(&path, &report.to_json()).map_err(|source| failed(&path, source))?;
        let before = report.run.saturating_sub(1);
        // What is left of it is in nobody's way.
        let _ = fs::remove_dir_all(self.run(before));
        Ok(())
    }

    pub(crate) fn read_hits(&self, run: u32) -> Result<Hits, RecallError> {
        Hits::open(&self.hits(run))
    }
}
