//! The sum of all results, as a table of Markdown.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;

use crate::record::Record;

/// All results, by what the log was tried with.
pub(crate) struct Table {
    rows: BTreeMap<String, Row>,
    sum: Row,
    failures: Vec<String>,
}

/// The rounds with one kind of fault.
#[derive(Default)]
struct Row {
    rounds: u64,
    acknowledged: u64,
    lost: u64,
    forks: u64,
    wrong: u64,
    refused: u64,
    ends: u64,
    failed: u64,
    outage_ms: u64,
    peak_mib: u64,
    calm: Vec<f64>,
    fault: Vec<f64>,
}

impl Table {
    /// The sum of every file of results in `directory`.
    pub(crate) fn of(directory: &Path) -> anyhow::Result<Self> {
        let files = fs::read_dir(directory);
        let files = files.with_context(|| format!("cannot read {}", directory.display()))?;
        let files = files.map(|file| Ok(file?.path()));
        let mut files = files.collect::<anyhow::Result<Vec<PathBuf>>>()?;
        files.retain(|file| file.extension().is_some_and(|it| it == "jsonl"));
        files.sort();
        let mut table = Self {
            rows: BTreeMap::new(),
            sum: Row::default(),
            failures: Vec::new(),
        };
        for file in files {
            for record in Record::read_all(&file)? {
                table.add(&record);
            }
        }
        Ok(table)
    }

    fn add(&mut self, record: &Record) {
        let row = self.rows.entry(group(&record.fault));
        row.or_default().add(record);
        self.sum.add(record);
        if let Some(failure) = &record.failure {
            let Record {
                commit,
                seed,
                round,
                fault,
                ..
            } = record;
            let place = format!("`{commit}` seed {seed} round {round} ({fault})");
            self.failures.push(format!("- {place}: {failure}"));
        }
    }
}

/// Pairs of faults are told together.
fn group(fault: &str) -> String {
    match fault.split_once('+') {
        None | Some(("proxy", _)) => fault.to_owned(),
        Some(_) => "two in a row".to_owned(),
    }
}

impl Row {
    fn add(&mut self, record: &Record) {
        self.rounds += 1;
        self.acknowledged += record.acknowledged;
        self.lost += record.lost;
        self.forks += record.forks;
        self.wrong += record.wrong;
        self.refused += record.refused;
        self.ends += record.ends;
        self.failed += u64::from(record.failure.is_some());
        self.outage_ms = self.outage_ms.max(record.outage_ms);
        self.peak_mib = self.peak_mib.max(record.peak_mib);
        self.calm.push(record.p99_calm_ms);
        self.fault.push(record.p99_fault_ms);
    }

    fn line(&self, name: &str) -> String {
        format!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.0} | {:.0} | {} |",
            self.rounds,
            self.acknowledged,
            self.lost,
            self.forks,
            self.wrong,
            self.failed,
            self.refused,
            self.ends,
            self.outage_ms,
            median(&self.calm),
            median(&self.fault),
            self.peak_mib
        )
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

const HEAD: &str = "\
| tried with | rounds | acknowledged | lost | forks | wrong answers | not recovered \
| refused starts | ended by itself | longest outage, ms | p99 before, ms \
| p99 under it, ms | peak memory, MiB |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        for (name, row) in &self.rows {
            writeln!(f, "{}", row.line(name))?;
        }
        writeln!(f, "{}", self.sum.line("**all**"))?;
        if !self.failures.is_empty() {
            writeln!(f, "\nNot recovered:\n\n{}", self.failures.join("\n"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/`, at the root of the workspace.
    fn docs() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
    }

    #[test]
    fn the_documents_hold_the_sum_of_all_results() {
        let table = Table::of(&docs().join("reliability")).unwrap().to_string();
        let page = fs::read_to_string(docs().join("reliability.md")).unwrap();
        assert!(
            page.contains(&table),
            "put what `ledgerstone-soak table` prints into docs/reliability.md:\n{table}"
        );
    }
}
