//! Which entries answer the rules: by the index of the log, and where it is asked for by reading
//! all of them.

use std::collections::BTreeMap;

use ledgerstone_merkle::Checkpoint;

use crate::api::log_api::LogApi;
use crate::api::search_query::SearchTerms;
use crate::known_entry::known_entry;
use crate::recall::error::RecallError;
use crate::recall::report::RuleCoverage;
use crate::recall::report::ScanCoverage;
use crate::recall::rules::RecallRules;
use crate::scan::TreeScan;
use crate::trust::trusted_root::TrustedRoot;

/// As many hits as are asked for at once.
const PAGE_HITS: usize = 256;

/// How far a recall is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecallProgress {
    /// What is being done.
    pub step: RecallStep,
    /// How many entries are done.
    pub done: u64,
    /// How many there are.
    pub of: u64,
}

/// What a recall does, in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecallStep {
    /// Reads all entries of a tree.
    Scan,
    /// Proves each hit.
    Prove,
}

/// What was found.
#[derive(Default)]
pub(crate) struct Found {
    /// By tree and index.
    pub(crate) entries: BTreeMap<(u64, u64), FoundEntry>,
}

#[derive(Default)]
pub(crate) struct FoundEntry {
    pub(crate) virtual_index: Option<u64>,
    /// The rules to which the index of the log leads.
    pub(crate) by_index: Vec<usize>,
}

/// A tree, and the head up to which it is looked through.
pub(crate) struct PinnedTree<'t> {
    pub(crate) api: &'t LogApi,
    pub(crate) tree_id: u64,
    pub(crate) head: &'t Checkpoint,
    pub(crate) trust: Option<&'t TrustedRoot>,
}

impl PinnedTree<'_> {
    /// Asks the log for what answers the rule with this number, which is `terms`.
    pub(crate) async fn search(
        &self,
        rule: usize,
        mut terms: SearchTerms,
        found: &mut Found,
    ) -> Result<RuleCoverage, RecallError> {
        let mut covered = RuleCoverage {
            log: None,
            unknown: 0,
        };
        terms.end = format!("{}:{}", self.tree_id, self.head.size);
        let mut next = Some(String::new());
        while let Some(from) = next {
            let page = self.api.candidates(&terms, &from, PAGE_HITS).await?;
            for hit in page.hits {
                let place = (self.tree_id, hit.entry.index);
                let entry = found.entries.entry(place).or_default();
                entry.virtual_index = entry.virtual_index.or(hit.virtual_index);
                entry.by_index.push(rule);
            }
            covered.unknown += page.unknown;
            covered.log = covered.log.or_else(|| page.coverage.into_iter().next());
            next = page.next;
        }
        Ok(covered)
    }

    /// Reads all entries of the tree.
    pub(crate) async fn scan(
        &self,
        rules: &RecallRules,
        found: &mut Found,
        progress: &mut dyn FnMut(RecallProgress),
    ) -> Result<ScanCoverage, RecallError> {
        let mut covered = ScanCoverage {
            unseen: vec![0; rules.len()],
            ..ScanCoverage::default()
        };
        let mut scan = TreeScan::new(self.api, self.head);
        while let Some(page) = scan.next_page().await? {
            for entry in page {
                let known =
                    known_entry(&entry.body, entry.index, entry.integrated_time, self.trust);
                let looked = rules.look(&known);
                covered.not_understood += u64::from(!looked.understood);
                for rule in looked.unseen {
                    covered.unseen[rule] += 1;
                }
                if looked.hits.is_empty() {
                    continue;
                }
                let at = found
                    .entries
                    .entry((self.tree_id, entry.index))
                    .or_default();
                let is_in_index = |rule: &usize| at.by_index.contains(rule);
                let mut hits = looked.hits.iter().map(|hit| hit.rule);
                covered.not_in_index += u64::from(!hits.all(|rule| is_in_index(&rule)));
            }
            let (done, of) = (scan.entries(), self.head.size.get());
            let step = RecallStep::Scan;
            progress(RecallProgress { step, done, of });
        }
        covered.entries = scan.entries();
        Ok(covered)
    }
}
