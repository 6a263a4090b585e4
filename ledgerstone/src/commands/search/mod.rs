//! `search`: finds entries, and proves each.

mod args;
mod printer;
mod scan;
mod told;

use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::SearchCoverage;
use ledgerstone_proto::log::v1::TreeRole;

pub(crate) use crate::commands::search::args::SearchArguments;
use crate::commands::search::args::terms;
pub(crate) use crate::commands::search::printer::NoneFound;
use crate::commands::search::printer::Printer;
use crate::commands::search::printer::answer;
use crate::commands::search::told::csv_head;
use crate::connection::transport;
use crate::output;
use crate::trust;

/// As many hits as are asked for at once.
const PAGE_HITS: u64 = 100;

/// One entry a line, as they come: JSON lines for machines.
pub(crate) async fn run(arguments: SearchArguments, json: bool) -> anyhow::Result<()> {
    let authorities = trust::authorities(&arguments.trust)?;
    let query = terms(&arguments, authorities.clone())?;
    let transport = transport(&arguments.log)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport, arguments.tree_id).await?;
    let api = LogApi::new(transport);
    let printer = Printer {
        json,
        csv: arguments.csv,
        authorities,
    };
    if arguments.csv {
        output::line(&csv_head())?;
    }
    if arguments.scan {
        return scan::run(&api, &arguments, &query, &logs, &printer).await;
    }
    let (mut found, mut unknown, mut coverage) = (0, 0, Vec::new());
    for place in places(&api, &arguments).await? {
        let (mut next, mut left) = (Some(place.from), arguments.limit - found);
        while let (Some(from), 1..) = (&next, left) {
            let limit = left.min(PAGE_HITS) as usize;
            let page = place.api.search(&query, from, limit, &logs).await;
            let page = page.map_err(Error::from)?;
            for hit in &page.hits {
                printer.print(hit)?;
            }
            unknown += page.unknown;
            coverage.extend(page.coverage);
            left = left.saturating_sub(page.hits.len() as u64);
            next = page.next;
        }
        found = arguments.limit - left;
        if let Some(next) = next {
            output::note(&format!(
                "note: {found} found so far; more may follow: --from {next}{}",
                place.option
            ));
            return Ok(());
        }
    }
    for line in coverage_lines(&coverage, unknown) {
        output::note(&line);
    }
    // Where it went on from somewhere, nobody knows what was covered before.
    let is_whole = arguments.from.is_none() && !coverage.is_empty();
    let saw_all = is_whole && unknown == 0 && coverage.iter().all(|tree| tree.everything);
    answer(found, saw_all)
}

/// What the search could see and what not, by the word of the log.
fn coverage_lines(coverage: &[SearchCoverage], unknown: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for tree in coverage {
        let entries = tree.end - tree.first;
        let mut line = format!(
            "note: tree {}: complete by the word of the log, which looked through its index of \
             {entries} entries ({}..{})",
            tree.tree_id, tree.first, tree.end
        );
        for gap in tree.gaps() {
            line.push_str("; ");
            line.push_str(&gap);
        }
        lines.push(line);
    }
    if unknown > 0 {
        lines.push(format!(
            "note: of {unknown} entries that were looked at, nothing tells whether they answer"
        ));
    }
    lines
}

/// Where to search, and how to come back there.
struct Place {
    api: LogApi,
    from: String,
    option: String,
}

/// All trees of the log, and then each copy of another log; or the one that was asked for.
async fn places(api: &LogApi, arguments: &SearchArguments) -> anyhow::Result<Vec<Place>> {
    let in_tree = |tree_id: u64, from| Place {
        api: api.tree(tree_id),
        from,
        option: format!(" --tree-id {tree_id}"),
    };
    let from = arguments.from.clone().unwrap_or_default();
    if let Some(tree_id) = arguments.tree_id {
        let start = arguments.start.map(|start| format!("{tree_id}:{start}"));
        return Ok(vec![in_tree(tree_id, start.unwrap_or(from))]);
    }
    let mut places = vec![Place {
        api: api.clone(),
        from,
        option: String::new(),
    }];
    let trees = api.trees().await.map_err(Error::from)?;
    let copies = trees
        .iter()
        .filter(|tree| tree.role == TreeRole::Copy as i32);
    let tree_ids = copies.filter_map(|tree| Some(tree.head.as_ref()?.tree_id));
    places.extend(tree_ids.map(|tree_id| in_tree(tree_id, String::new())));
    Ok(places)
}
