//! Checking a report, with nothing but its files and what is trusted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;

use ledgerstone_entry::EntryView;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::leaf_hash;
use sha2::Digest as _;
use sha2::Sha256;

use crate::files::read_file;
use crate::known_entry::known_entry;
use crate::recall::directory::MAX_RECALL_REPORT_BYTES;
use crate::recall::directory::RecallDirectory;
use crate::recall::entry_files::bundle;
use crate::recall::entry_files::entry_json;
use crate::recall::entry_files::log_entry;
use crate::recall::error::RecallError;
use crate::recall::heads;
use crate::recall::heads::read_hashes;
use crate::recall::heads::untrue;
use crate::recall::hit::ReportHit;
use crate::recall::hit::ShownBy;
use crate::recall::hit::failed;
use crate::recall::page::write_page;
use crate::recall::report::RecallReport;
use crate::recall::rules::RecallRules;
use crate::recall::table::RenderError;
use crate::recall::table::write_csv;
use crate::recall::write::GENERATOR;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;
use crate::trust::trusted_root::TrustedRoot;

/// A report that holds.
#[derive(Clone, Debug)]
pub struct CheckedReport {
    /// What it says.
    pub report: RecallReport,
    /// How many hits their bodies show.
    pub by_body: u64,
    /// How many hits rest on the word of the log alone, which saw a statement.
    pub by_statement: u64,
    /// Whether the table, the page and the entries for other programs were made again and compared.
    /// Another version of the program may write them in other words.
    pub is_compared: bool,
}

/// Checks the report in `directory`: that `logs` signed its heads and each extends the one before,
/// that each hit is in its tree and answers its rules, and that the files for people and for other
/// programs say what the hits say. No network is used.
///
/// That nothing was left out is the word of who made it, or of the log:
/// [`completeness`](RecallReport::completeness) says whose.
///
/// # Errors
/// [`RecallError::Untrue`] with what does not hold.
pub fn check_recall(
    directory: &RecallDirectory,
    logs: &TrustedLogs,
    trust: Option<&TrustedRoot>,
) -> Result<CheckedReport, RecallError> {
    let report = directory.load()?;
    let report = report.ok_or_else(|| RecallError::NoReport(directory.report_path()))?;
    let rules = RecallRules::of_report(&report.rules)?;
    let trust = trust.filter(|_| rules.ask_trust());
    if rules.ask_trust() && trust.is_none() {
        return Err(RecallError::Authorities);
    }
    let mut check = Check {
        directory,
        is_compared: report.generator == GENERATOR,
        report: &report,
        rules,
        trust,
        heads: BTreeMap::new(),
        by_body: 0,
        by_statement: 0,
    };
    check.coverage()?;
    for tree in &report.trees {
        let head = heads::check(tree, logs)?;
        check.heads.insert(heads::tree_id(tree)?, head);
    }
    check.hits()?;
    check.derived()?;
    let (by_body, by_statement) = (check.by_body, check.by_statement);
    let is_compared = check.is_compared;
    Ok(CheckedReport {
        report,
        by_body,
        by_statement,
        is_compared,
    })
}

struct Check<'c> {
    directory: &'c RecallDirectory,
    report: &'c RecallReport,
    rules: RecallRules,
    trust: Option<&'c TrustedRoot>,
    heads: BTreeMap<u64, SignedCheckpoint>,
    is_compared: bool,
    by_body: u64,
    by_statement: u64,
}

impl Check<'_> {
    /// What the report says of itself fits together.
    fn coverage(&self) -> Result<(), RecallError> {
        let rules = self.report.rules.len();
        for tree in &self.report.trees {
            let number = &tree.tree_id;
            let size = tree.head().map(|head| head.size);
            let scan = tree.scan.as_ref();
            let is_whole = scan.is_none_or(|scan| Some(scan.entries) == size);
            let is_of_rules = scan.is_none_or(|scan| scan.unseen.len() == rules);
            if tree.covered.len() != rules || !is_of_rules || !is_whole {
                return Err(untrue(format!(
                    "tree {number}: what was covered is not what was asked"
                )));
            }
        }
        Ok(())
    }

    fn hits(&mut self) -> Result<(), RecallError> {
        let path = self.directory.hits(self.report.run);
        if hash_of(&path)? != self.report.hits_hash {
            return Err(untrue(format!("{} was changed", path.display())));
        }
        let mut last = None;
        let (mut hits, mut new_hits) = (0, 0);
        for hit in self.directory.read_hits(self.report.run)? {
            let hit = hit?;
            let place = hit.place();
            let place = place.ok_or_else(|| untrue("a hit says no place".to_owned()))?;
            if last.is_some_and(|last| last >= place) {
                return Err(untrue("the hits are in no order".to_owned()));
            }
            last = Some(place);
            self.hit(place, &hit)?;
            hits += 1;
            new_hits += u64::from(hit.found_in == self.report.run);
        }
        match (hits, new_hits) == (self.report.hits, self.report.new_hits) {
            true => Ok(()),
            false => Err(untrue(format!(
                "there are {hits} hits, {new_hits} of them new"
            ))),
        }
    }

    fn hit(&mut self, (tree_id, index): (u64, u64), hit: &ReportHit) -> Result<(), RecallError> {
        let wrong = |what: &str| untrue(format!("entry {index} of tree {tree_id}: {what}"));
        let head = self.heads.get(&tree_id);
        let head = head
            .ok_or_else(|| wrong("the report has no head of this tree"))?
            .clone();
        let body = hit.entry.body_bytes();
        let body = body.ok_or_else(|| wrong("it has no body"))?;
        let time = hit.entry.integrated_seconds();
        let decoded = EntryView::new(&body).at(index).integrated_at(time);
        if self.is_compared && decoded.in_tree(tree_id) != hit.entry {
            return Err(wrong("its body says something else than the report"));
        }
        let proof = InclusionProof {
            index: LeafIndex::new(index),
            size: head.checkpoint.size,
            hashes: read_hashes(&hit.proof).ok_or_else(|| wrong("a hash is none"))?,
        };
        let proven = proof.verify(&leaf_hash(&body), &head.checkpoint.root);
        proven.map_err(|error| wrong(&error.to_string()))?;
        self.rules_of(hit, &body, &wrong)?;
        if self.is_compared {
            self.entry_files(tree_id, index, hit, &body, &head)?;
        }
        Ok(())
    }

    /// Whether the entry answers the rules that it is said to answer.
    fn rules_of(
        &mut self,
        hit: &ReportHit,
        body: &[u8],
        wrong: &dyn Fn(&str) -> RecallError,
    ) -> Result<(), RecallError> {
        let index = hit.entry.index.unwrap_or_default();
        let time = hit.entry.integrated_seconds();
        let known = known_entry(body, index, time, self.trust);
        let shown = self.rules.look(&known).hits;
        let (by_body, stated): (Vec<_>, Vec<_>) = hit
            .rules
            .iter()
            .cloned()
            .partition(|rule| rule.shown_by == ShownBy::Body);
        if by_body != shown {
            return Err(wrong(
                "its body does not answer the rules as the report says",
            ));
        }
        let is_rule = |rule: usize| rule < self.report.rules.len();
        if hit.rules.is_empty() || !stated.iter().all(|one| is_rule(one.rule)) {
            return Err(wrong("the report does not say why it is a hit"));
        }
        match by_body.is_empty() {
            true => self.by_statement += 1,
            false => self.by_body += 1,
        }
        Ok(())
    }

    fn entry_files(
        &self,
        tree_id: u64,
        index: u64,
        hit: &ReportHit,
        body: &[u8],
        head: &SignedCheckpoint,
    ) -> Result<(), RecallError> {
        let run = self.report.run;
        let entry = log_entry(hit, body, head);
        let path = self.directory.entry(run, tree_id, index);
        same(&path, entry_json(&entry).as_bytes())?;
        match bundle(entry) {
            Some(bundle) => {
                let path = self.directory.bundle(run, tree_id, index);
                same(&path, bundle.to_json().as_bytes())
            }
            None => Ok(()),
        }
    }

    /// The files for people say what the hits say.
    fn derived(&self) -> Result<(), RecallError> {
        if !self.is_compared {
            return Ok(());
        }
        let run = self.report.run;
        let hits = || self.directory.read_hits(run).map_err(RenderError::Hits);
        compare(&self.directory.csv(run), |out| {
            write_csv(self.report, hits()?, out)
        })?;
        compare(&self.directory.page(run), |out| {
            write_page(self.report, hits()?, out)
        })
    }
}

fn hash_of(path: &Path) -> Result<String, RecallError> {
    let io = |source| failed(path, source);
    let mut file = File::open(path).map_err(io)?;
    let mut hash = Sha256::new();
    let mut chunk = [0; 16 << 10];
    loop {
        match file.read(&mut chunk).map_err(io)? {
            0 => return Ok(hex::encode(hash.finalize())),
            length => hash.update(&chunk[..length]),
        }
    }
}

fn same(path: &Path, expected: &[u8]) -> Result<(), RecallError> {
    let content = read_file(path, MAX_RECALL_REPORT_BYTES);
    match content.map_err(|source| failed(path, source))? == expected {
        true => Ok(()),
        false => Err(changed(path)),
    }
}

fn changed(path: &Path) -> RecallError {
    untrue(format!("{} does not say what the hits say", path.display()))
}

/// Compares a file with what is rendered, without holding either.
fn compare(
    path: &Path,
    render: impl FnOnce(&mut Comparing) -> Result<(), RenderError>,
) -> Result<(), RecallError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    let mut comparing = Comparing {
        file: BufReader::new(file),
    };
    match render(&mut comparing) {
        Ok(()) => {}
        Err(RenderError::Hits(error)) => return Err(error),
        Err(RenderError::Write(_)) => return Err(changed(path)),
    }
    let mut more = [0];
    match comparing.file.read(&mut more) {
        Ok(0) => Ok(()),
        _ => Err(changed(path)),
    }
}

struct Comparing {
    file: BufReader<File>,
}

impl Write for Comparing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut read = vec![0; bytes.len()];
        self.file.read_exact(&mut read)?;
        match read == bytes {
            true => Ok(bytes.len()),
            false => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
