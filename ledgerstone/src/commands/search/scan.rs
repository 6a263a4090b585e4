//! `search --scan`: all entries of the signed trees, read and matched here.

use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::SearchTerms;
use ledgerstone_client::SignedCheckpoint;
use ledgerstone_client::TreeScan;
use ledgerstone_client::TrustedLogs;
use ledgerstone_client::known_entry;
use ledgerstone_entry::query::Verdict;

use crate::commands::search::args::SearchArguments;
use crate::commands::search::printer::Printer;
use crate::commands::search::printer::answer;
use crate::output;
use crate::progress::entries_bar;
use crate::progress::show;

/// What was seen of all trees.
#[derive(Default)]
struct Tally {
    found: u64,
    /// Of how many entries the body does not tell whether they answer.
    unseen: u64,
    /// How many trees no log signs which is trusted.
    left_out: u64,
}

pub(super) async fn run(
    api: &LogApi,
    arguments: &SearchArguments,
    query: &SearchTerms,
    logs: &TrustedLogs,
    printer: &Printer,
) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    for tree_id in trees(api, arguments).await? {
        let tree = api.tree(tree_id);
        match tree.head(logs).await {
            Ok(head) => {
                let scan = Scan {
                    tree: &tree,
                    tree_id,
                    head: &head,
                };
                let is_whole = scan
                    .run(arguments, query, logs, printer, &mut tally)
                    .await?;
                if !is_whole {
                    output::note(&format!(
                        "note: the first {} were printed; raise --limit for more",
                        tally.found
                    ));
                    return Ok(());
                }
            }
            Err(error) if error.is_unknown_key() && arguments.tree_id.is_none() => {
                tally.left_out += 1;
                output::note(&format!("note: tree {tree_id} was left out: {error}"));
            }
            Err(error) => return Err(Error::from(error).into()),
        }
    }
    answer(tally.found, tally.unseen == 0 && tally.left_out == 0)
}

/// All trees that the log holds, or the one that was asked for.
async fn trees(api: &LogApi, arguments: &SearchArguments) -> anyhow::Result<Vec<u64>> {
    if let Some(tree_id) = arguments.tree_id {
        return Ok(vec![tree_id]);
    }
    let trees = api.trees().await.map_err(Error::from)?;
    let heads = trees.into_iter().filter_map(|tree| tree.head);
    Ok(heads.map(|head| head.tree_id).collect())
}

struct Scan<'s> {
    tree: &'s LogApi,
    tree_id: u64,
    head: &'s SignedCheckpoint,
}

impl Scan<'_> {
    /// Prints what answers the query, and says whether all of the tree was read.
    async fn run(
        &self,
        arguments: &SearchArguments,
        query: &SearchTerms,
        logs: &TrustedLogs,
        printer: &Printer,
        tally: &mut Tally,
    ) -> anyhow::Result<bool> {
        let size = self.head.checkpoint.size;
        let bar = entries_bar(size.get());
        let mut scan = TreeScan::new(self.tree, &self.head.checkpoint);
        let trust = query.trust.as_deref().filter(|_| query.asks_trust());
        let before = tally.unseen;
        while let Some(page) = scan.next_page().await.map_err(Error::from)? {
            for entry in page {
                let time = entry.integrated_time;
                let known = known_entry(&entry.body, entry.index, time, trust);
                match query.verdict(&known) {
                    Verdict::Yes(_) if tally.found == arguments.limit => return Ok(false),
                    Verdict::Yes(_) => {
                        let hit = self.tree.proven_hit(entry, logs).await;
                        let hit = hit.map_err(Error::from)?;
                        bar.suspend(|| printer.print(&hit))?;
                        tally.found += 1;
                    }
                    Verdict::Unknown => tally.unseen += 1,
                    Verdict::No => {}
                }
            }
            show(&bar, scan.entries());
        }
        bar.finish_and_clear();
        let mut line = format!(
            "note: tree {}: complete by what was read here: all {size} entries that the log \
            signed, \
             hashed and matched",
            self.tree_id
        );
        let unseen = tally.unseen - before;
        if unseen > 0 {
            line.push_str(&format!(
                "; of {unseen} the body does not tell whether they answer: a statement that is not \
                in \
                 it may"
            ));
        }
        output::note(&line);
        Ok(true)
    }
}
