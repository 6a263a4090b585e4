//! What a report says, as its file `recall.json` has it.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::api::search::SearchCoverage;

/// What the member `format` is.
pub const RECALL_FORMAT: &str = "ledgerstone-recall";

/// The version of the form that is written, and the only one that is read.
pub const RECALL_VERSION: u32 = 1;

/// Which entries of a log answer some rules, and what was looked through.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecallReport {
    /// [`RECALL_FORMAT`].
    pub format: String,
    /// [`RECALL_VERSION`].
    pub version: u32,
    /// The program that wrote it, and its version.
    pub generator: String,
    /// How many times a report was made here. The files of this run are in `run-` and this number.
    pub run: u32,
    /// The URL of the log.
    pub url: String,
    /// When it was made, by the clock of who made it: RFC 3339.
    pub time: String,
    /// What was asked.
    pub rules: Vec<ReportRule>,
    /// What was looked through.
    pub trees: Vec<ReportTree>,
    /// Trees that no log signs which is trusted: nothing was looked for there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutTree>,
    /// The keys that the heads are signed with, as C2SP verifier keys. Who checks the report has to
    /// know them from elsewhere.
    pub keys: Vec<String>,
    /// SHA-256 of the trusted root that is in the directory, hexadecimal, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_root: Option<String>,
    /// How many entries were found.
    pub hits: u64,
    /// How many of them no earlier run found.
    pub new_hits: u64,
    /// What an earlier run found and this one did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<GoneHit>,
    /// SHA-256 of the file with the hits, hexadecimal.
    pub hits_hash: String,
}

/// A rule, as it was asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportRule {
    /// What hits call it.
    pub name: String,
    /// What has to hold of an entry, in the query language.
    pub query: String,
    /// What holds of entries with a signer who is expected, where the rule says who is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// A tree that was looked through.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportTree {
    /// Its number, decimal.
    pub tree_id: String,
    /// Its heads: that of each run in which it had grown, the oldest first. The last one is what
    /// this report is about.
    pub heads: Vec<ReportHead>,
    /// What the search for each rule covered.
    pub covered: Vec<RuleCoverage>,
    /// Where all entries were read: what that saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<ScanCoverage>,
}

/// A signed head.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportHead {
    /// The run that saw it.
    pub run: u32,
    /// The number of entries.
    pub size: u64,
    /// The signed note.
    pub checkpoint: String,
    /// The proof that its tree contains that of the head before: hexadecimal hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consistency: Vec<String>,
}

/// What the search for a rule in a tree covered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleCoverage {
    /// What the log says that its index covers.
    pub log: Option<SearchCoverage>,
    /// Of how many entries that the log looked at nothing tells whether they answer.
    pub unknown: u64,
}

/// What reading all entries of a tree saw.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanCoverage {
    /// How many entries were read and hashed; they have the root that is signed.
    pub entries: u64,
    /// For each rule, of how many entries the body does not tell whether they answer.
    pub unseen: Vec<u64>,
    /// How many entries could not be read as far as they may name somebody.
    pub not_understood: u64,
    /// How many hits the log's index did not lead to, though the bodies show them.
    pub not_in_index: u64,
}

/// A tree in which nothing was looked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeftOutTree {
    /// Its number, decimal.
    pub tree_id: String,
    /// The name of its log.
    pub log: String,
    /// How many entries it has, by the word of the log.
    pub size: u64,
}

/// A hit that is none any more: a statement was removed, or the rules changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GoneHit {
    /// The number of its tree, decimal.
    pub tree_id: String,
    /// Its index there.
    pub index: u64,
}

impl RecallReport {
    /// The file that it is in.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// SHA-256 of that, hexadecimal. Who has it from whom the report is from knows that all of it
    /// is theirs, with what they say that they covered: the hits are bound by their own hash.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.to_json()))
    }

    /// Whether all was seen that may answer the rules: by who made the report, or by the word of
    /// the log.
    pub fn saw_everything(&self) -> bool {
        self.left_out.is_empty() && self.trees.iter().all(ReportTree::saw_everything)
    }

    /// Whether all entries of all trees were read by who made the report.
    pub fn is_scanned(&self) -> bool {
        self.trees.iter().all(|tree| tree.scan.is_some())
    }
}

impl ReportTree {
    /// The head that the report is about. There is one in every report that was read.
    pub fn head(&self) -> Option<&ReportHead> {
        self.heads.last()
    }

    /// Whether all was seen that may answer the rules.
    pub fn saw_everything(&self) -> bool {
        let by_log = |rule: &RuleCoverage| {
            rule.unknown == 0 && rule.log.as_ref().is_some_and(|log| log.everything)
        };
        let by_scan = |rule: usize| {
            let scan = self.scan.as_ref();
            scan.is_some_and(|scan| {
                scan.not_understood == 0 && scan.unseen.get(rule).is_some_and(|unseen| *unseen == 0)
            })
        };
        let mut rules = self.covered.iter().enumerate();
        rules.all(|(number, rule)| by_log(rule) || by_scan(number))
    }
}
