//! Making a report, and making it again.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::sync::Arc;

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1 as proto;
use sha2::Digest as _;
use sha2::Sha256;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;
use crate::api::search_query::SearchTerms;
use crate::known_entry::known_entry;
use crate::recall::derived::write_derived;
use crate::recall::directory::RecallDirectory;
use crate::recall::earlier::contradiction;
use crate::recall::earlier::gone;
use crate::recall::earlier::gone_tree;
use crate::recall::earlier::known_hits;
use crate::recall::error::RecallError;
use crate::recall::found::Found;
use crate::recall::found::FoundEntry;
use crate::recall::found::PinnedTree;
use crate::recall::found::RecallProgress;
use crate::recall::found::RecallStep;
use crate::recall::heads;
use crate::recall::hit::HitRule;
use crate::recall::hit::ReportHit;
use crate::recall::hit::failed;
use crate::recall::report::LeftOutTree;
use crate::recall::report::RECALL_FORMAT;
use crate::recall::report::RECALL_VERSION;
use crate::recall::report::RecallReport;
use crate::recall::report::ReportHead;
use crate::recall::report::ReportTree;
use crate::recall::rules::RecallRules;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;
use crate::trust::trusted_root::TrustedRoot;

/// How many hits are proven at the same time.
const PARALLEL_PROOFS: usize = 8;

/// The program that writes reports, and its version.
pub(crate) const GENERATOR: &str = concat!("ledgerstone ", env!("CARGO_PKG_VERSION"));

/// Finds all entries of a log that some rules are about.
pub struct Recall {
    api: LogApi,
    logs: TrustedLogs,
    rules: RecallRules,
    trust: Option<Arc<TrustedRoot>>,
    /// The file that `trust` was read from.
    trusted_root: Option<Vec<u8>>,
    scans: bool,
}

impl Recall {
    /// A recall by the rules of `list` from the log that `api` reads, whose heads `logs` sign.
    /// `trusted_root` is the file that says which authorities are trusted; with `scans`, all
    /// entries are read, and the index of the log is not relied on for what bodies say.
    ///
    /// # Errors
    /// [`RecallError::Authorities`] when a rule asks which authorities are trusted and there is no
    /// trusted root, [`RecallError::Trust`] when it is none.
    pub fn new(
        api: LogApi,
        logs: TrustedLogs,
        list: &WatchList,
        trusted_root: Option<Vec<u8>>,
        scans: bool,
    ) -> Result<Self, RecallError> {
        let rules = RecallRules::of_list(list);
        let trust = trusted_root
            .as_deref()
            .map(TrustedRoot::parse)
            .transpose()?;
        // Paths of certificates take their time, and say nothing where nobody asks.
        let asked =
            trust.filter(|root| rules.ask_trust() && !root.certificate_authorities().is_empty());
        if rules.ask_trust() && asked.is_none() {
            return Err(RecallError::Authorities);
        }
        Ok(Self {
            api,
            logs,
            rules,
            trust: asked.map(Arc::new),
            trusted_root,
            scans,
        })
    }

    /// Makes a report in `directory`; where there is one, the next, which says what is new since,
    /// and proves that the log only grew. `time` is told as when it was made, in RFC 3339.
    ///
    /// # Errors
    /// When the log cannot be asked, gives what does not hold, or contradicts what it signed
    /// before.
    pub async fn write(
        &self,
        directory: &RecallDirectory,
        time: &str,
        progress: &mut (dyn FnMut(RecallProgress) + Send),
    ) -> Result<RecallReport, RecallError> {
        let before = directory.load()?;
        let run = before.as_ref().map_or(0, |report| report.run) + 1;
        let known = match &before {
            Some(report) => known_hits(directory, report.run)?,
            None => BTreeMap::new(),
        };
        directory.begin(run)?;
        let (pinned, left_out) = self.pin().await?;
        let mut trees = Vec::new();
        let mut found = Found::default();
        for (tree_id, head) in &pinned {
            let kept = before.as_ref().and_then(|report| {
                let mut trees = report.trees.iter();
                trees.find(|tree| tree.tree_id == tree_id.to_string())
            });
            let heads = self.heads(directory, run, *tree_id, head, kept).await?;
            trees.push(
                self.look(*tree_id, head, heads, &mut found, progress)
                    .await?,
            );
        }
        let mut earlier = before.iter().flat_map(|report| &report.trees);
        let is_gone = |tree: &&ReportTree| trees.iter().all(|one| one.tree_id != tree.tree_id);
        if let Some(tree) = earlier.find(is_gone) {
            return Err(gone_tree(tree));
        }
        let mut report = RecallReport {
            format: RECALL_FORMAT.to_owned(),
            version: RECALL_VERSION,
            generator: GENERATOR.to_owned(),
            run,
            url: self.api.transport().url().to_owned(),
            time: time.to_owned(),
            rules: self.rules.to_report(),
            trees,
            left_out,
            keys: keys(&pinned),
            trusted_root: self
                .trusted_root
                .as_ref()
                .map(|json| hex::encode(Sha256::digest(json))),
            hits: 0,
            new_hits: 0,
            gone: gone(&known, &found),
            hits_hash: String::new(),
        };
        self.write_hits(directory, &mut report, &pinned, found, &known, progress)
            .await?;
        write_derived(directory, &report, &pinned)?;
        if let Some(json) = &self.trusted_root {
            let path = directory.trusted_root();
            fs::write(&path, json).map_err(|source| failed(&path, source))?;
        }
        directory.finish(&report)?;
        Ok(report)
    }

    /// The heads of all trees that a log signs which is trusted, and the other trees.
    async fn pin(
        &self,
    ) -> Result<(BTreeMap<u64, SignedCheckpoint>, Vec<LeftOutTree>), RecallError> {
        let (mut pinned, mut left_out) = (BTreeMap::new(), Vec::new());
        for tree in self.api.trees().await? {
            let head = tree.head.unwrap_or_default();
            match self.api.tree(head.tree_id).head(&self.logs).await {
                Ok(signed) => {
                    pinned.insert(head.tree_id, signed);
                }
                Err(error) if error.is_unknown_key() => left_out.push(LeftOutTree {
                    tree_id: head.tree_id.to_string(),
                    log: tree.log_name,
                    size: head.size,
                }),
                Err(error) => return Err(error.into()),
            }
        }
        match pinned.is_empty() {
            true => Err(RecallError::NoTree),
            false => Ok((pinned, left_out)),
        }
    }

    /// The heads of a tree: those that were kept, and `head` where it is newer, with the proof that
    /// it extends the last one.
    async fn heads(
        &self,
        directory: &RecallDirectory,
        run: u32,
        tree_id: u64,
        head: &SignedCheckpoint,
        kept: Option<&ReportTree>,
    ) -> Result<Vec<ReportHead>, RecallError> {
        let mut heads = kept.map(|tree| tree.heads.clone()).unwrap_or_default();
        let mut proof = Vec::new();
        if let Some(last) = heads.last() {
            let kept = heads::open(&last.checkpoint, tree_id, &self.logs);
            let kept = kept.map_err(ApiError::from)?;
            let proven = self.extension(tree_id, &kept, head).await;
            let proven = proven.map_err(|error| match error {
                RecallError::Api(ApiError::Proof(error)) => {
                    contradiction(directory, tree_id, error.to_string(), &kept, head)
                }
                other => other,
            })?;
            if kept.checkpoint.size == head.checkpoint.size {
                // The same tree, perhaps with further signatures.
                if let Some(last) = heads.last_mut() {
                    last.checkpoint.clone_from(&head.note);
                }
                return Ok(heads);
            }
            proof = proven.hashes.iter().map(ToString::to_string).collect();
        }
        heads.push(ReportHead {
            run,
            size: head.checkpoint.size.get(),
            checkpoint: head.note.clone(),
            consistency: proof,
        });
        Ok(heads)
    }

    async fn extension(
        &self,
        tree_id: u64,
        kept: &SignedCheckpoint,
        head: &SignedCheckpoint,
    ) -> Result<ConsistencyProof, RecallError> {
        let tree = self.api.tree(tree_id);
        Ok(tree
            .consistency_of(&kept.checkpoint, &head.checkpoint)
            .await?)
    }

    /// Looks for all rules in a tree.
    async fn look(
        &self,
        tree_id: u64,
        head: &SignedCheckpoint,
        heads: Vec<ReportHead>,
        found: &mut Found,
        progress: &mut (dyn FnMut(RecallProgress) + Send),
    ) -> Result<ReportTree, RecallError> {
        let pinned = PinnedTree {
            api: &self.api.tree(tree_id),
            tree_id,
            head: &head.checkpoint,
            trust: self.trust.as_deref(),
        };
        let mut covered = Vec::new();
        for (number, rule) in self.rules.iter().enumerate() {
            let mut terms = SearchTerms::default().query(rule.question.asked.clone());
            terms.trust = self.trust.clone();
            covered.push(pinned.search(number, terms, found).await?);
        }
        let scan = match self.scans {
            true => Some(pinned.scan(&self.rules, found, progress).await?),
            false => None,
        };
        Ok(ReportTree {
            tree_id: tree_id.to_string(),
            heads,
            covered,
            scan,
        })
    }

    async fn write_hits(
        &self,
        directory: &RecallDirectory,
        report: &mut RecallReport,
        pinned: &BTreeMap<u64, SignedCheckpoint>,
        found: Found,
        known: &BTreeMap<(u64, u64), u32>,
        progress: &mut (dyn FnMut(RecallProgress) + Send),
    ) -> Result<(), RecallError> {
        let path = directory.hits(report.run);
        let io = |source| failed(&path, source);
        let mut file = BufWriter::new(File::create(&path).map_err(io)?);
        let mut hash = Sha256::new();
        let of = found.entries.len() as u64;
        let hits = found.entries.into_iter().map(|(place, entry)| {
            let found_in = known.get(&place).copied().unwrap_or(report.run);
            self.hit(place, entry, pinned, found_in)
        });
        let mut hits = stream::iter(hits).buffered(PARALLEL_PROOFS);
        let (mut done, mut new_hits) = (0, 0);
        while let Some(hit) = hits.try_next().await? {
            let mut line = serde_json::to_vec(&hit).map_err(|error| io(error.into()))?;
            line.push(b'\n');
            hash.update(&line);
            file.write_all(&line).map_err(io)?;
            done += 1;
            new_hits += u64::from(hit.found_in == report.run);
            let step = RecallStep::Prove;
            progress(RecallProgress { step, done, of });
        }
        drop(hits);
        let file = file.into_inner().map_err(|error| io(error.into_error()))?;
        file.sync_all().map_err(io)?;
        (report.hits, report.new_hits) = (done, new_hits);
        report.hits_hash = hex::encode(hash.finalize());
        Ok(())
    }

    /// The entry at a place, with its proof and why it is a hit.
    async fn hit(
        &self,
        (tree_id, index): (u64, u64),
        found: FoundEntry,
        pinned: &BTreeMap<u64, SignedCheckpoint>,
        found_in: u32,
    ) -> Result<ReportHit, RecallError> {
        let (api, index) = (self.api.tree(tree_id), LeafIndex::new(index));
        let head = pinned.get(&tree_id).ok_or(RecallError::NoTree)?;
        let entry = api.entry(EntryLookup::Index(index)).await?;
        let view = view(&entry);
        let leaf = ledgerstone_merkle::leaf_hash(&entry.body);
        let proof = api.inclusion_in(index, &leaf, &head.checkpoint).await?;
        let time = entry.integrated_time;
        let known = known_entry(&entry.body, index.get(), time, self.trust.as_deref());
        let mut rules = self.rules.look(&known).hits;
        for rule in found.by_index {
            if rules.iter().all(|shown| shown.rule != rule) {
                rules.push(HitRule::stated(rule));
            }
        }
        rules.sort_by_key(|one| one.rule);
        Ok(ReportHit {
            entry: view.in_tree(tree_id),
            virtual_index: found.virtual_index,
            rules,
            proof: proof.hashes.iter().map(ToString::to_string).collect(),
            found_in,
        })
    }
}

fn view(entry: &proto::Entry) -> EntryView {
    EntryView::new(&entry.body)
        .at(entry.index)
        .integrated_at(entry.integrated_time)
}

fn keys(pinned: &BTreeMap<u64, SignedCheckpoint>) -> Vec<String> {
    let mut keys: Vec<String> = pinned.values().map(|head| head.key.to_string()).collect();
    keys.sort();
    keys.dedup();
    keys
}
