//! By whose word a report is complete, in sentences for people.

use crate::api::search::SearchCoverage;
use crate::recall::error::RecallError;
use crate::recall::report::RecallReport;
use crate::recall::report::ReportTree;
use crate::recall::report::RuleCoverage;

impl RecallReport {
    /// Whether this is the report with the hash `expected`, in hexadecimal.
    ///
    /// # Errors
    /// [`RecallError::Untrue`] when it is another.
    pub fn check_hash(&self, expected: &str) -> Result<(), RecallError> {
        let expected = expected.strip_prefix("sha256:").unwrap_or(expected);
        let hash = self.hash();
        match expected.eq_ignore_ascii_case(&hash) {
            true => Ok(()),
            false => Err(RecallError::Untrue(format!("it has the hash {hash}"))),
        }
    }

    /// By whose word it is complete, and what could not be seen: a sentence each.
    pub fn completeness(&self) -> Vec<String> {
        let trees = self.trees.iter();
        let mut lines: Vec<String> = trees.flat_map(|tree| self.tree_lines(tree)).collect();
        lines.extend(self.left_out.iter().map(|tree| {
            format!(
                "tree {} of {} ({} entries): left out, since no log that is trusted signs it",
                tree.tree_id, tree.log, tree.size
            )
        }));
        lines
    }

    fn tree_lines(&self, tree: &ReportTree) -> Vec<String> {
        let number = &tree.tree_id;
        let size = tree.head().map_or(0, |head| head.size);
        let first = match &tree.scan {
            Some(scan) => format!(
                "tree {number}: complete for what bodies say, by the word of who made the report: \
                all \
                 {} entries of the signed tree were read, hashed and matched{}{}",
                scan.entries,
                counted(
                    scan.not_understood,
                    "could not be read as far as they may name somebody"
                ),
                counted(scan.not_in_index, "hits were not in the index of the log"),
            ),
            None => format!(
                "tree {number}: complete by the word of the log, which looked through its index of \
                 {size} entries"
            ),
        };
        let mut lines = vec![first];
        for (rule, covered) in tree.covered.iter().enumerate() {
            let gaps = gaps(tree, rule, covered);
            if !gaps.is_empty() {
                let name = self.rules.get(rule).map_or("", |rule| rule.name.as_str());
                lines.push(format!("tree {number}, rule {name:?}: {}", gaps.join("; ")));
            }
        }
        lines
    }
}

fn counted(count: u64, what: &str) -> String {
    match count {
        0 => String::new(),
        count => format!("; {count} {what}"),
    }
}

/// What was out of sight for a rule.
fn gaps(tree: &ReportTree, rule: usize, covered: &RuleCoverage) -> Vec<String> {
    let mut gaps = match &covered.log {
        Some(log) => log.gaps(),
        None => vec!["the log does not say what its index covers".to_owned()],
    };
    if covered.unknown > 0 {
        gaps.push(format!(
            "of {} entries that the log looked at, nothing tells whether they answer",
            covered.unknown
        ));
    }
    let unseen = tree.scan.as_ref().and_then(|scan| scan.unseen.get(rule));
    if let Some(unseen) = unseen.filter(|unseen| **unseen > 0) {
        gaps.push(format!(
            "of {unseen} entries the body does not tell whether they answer: for what only \
            statements \
             say, the word of the log counts"
        ));
    }
    gaps
}

impl SearchCoverage {
    /// What was out of sight in the tree, in a few words each.
    pub fn gaps(&self) -> Vec<String> {
        let counted = |count: Option<u64>| {
            count.map_or_else(|| "uncounted many".to_owned(), |one| one.to_string())
        };
        let mut gaps = Vec::new();
        if self.asks_statements && self.without_statement != Some(0) {
            let count = counted(self.without_statement);
            gaps.push(format!("{count} without a statement that the log saw"));
        }
        if self.removed_statements > 0 {
            let count = self.removed_statements;
            gaps.push(format!(
                "{count} whose statement the log's operator removed"
            ));
        }
        if self.unreadable != Some(0) {
            gaps.push(format!(
                "{} of kinds or with certificates that it cannot read",
                counted(self.unreadable)
            ));
        }
        if self.unindexed > 0 {
            gaps.push(format!("{} not found by everything yet", self.unindexed));
        }
        if !self.index_complete {
            gaps.push("the index is being rebuilt".to_owned());
        }
        if !self.has_times {
            gaps.push("without times".to_owned());
        }
        gaps
    }
}
