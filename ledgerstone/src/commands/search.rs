use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::SearchHit;
use ledgerstone_client::SearchQuery;
use ledgerstone_proto::log::v1::TreeRole;
use serde_json::Value;
use serde_json::json;

use crate::args::SearchArguments;
use crate::commands::get::view;
use crate::commands::read_text;
use crate::commands::transport;
use crate::output;
use crate::trust;

/// As many hits as are asked for at once.
const PAGE_HITS: u64 = 100;

/// One entry a line, as they come: JSON lines for machines.
pub(super) async fn run(arguments: SearchArguments, json: bool) -> anyhow::Result<()> {
    let query = query(&arguments)?;
    let transport = transport(&arguments.log)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport).await?;
    let api = LogApi::new(transport);
    let mut found = 0;
    for place in places(&api, &arguments).await? {
        let (mut next, mut left) = (Some(place.start), arguments.limit - found);
        while let (Some(start), 1..) = (next, left) {
            let limit = left.min(PAGE_HITS) as usize;
            let page = place.api.search(&query, start, limit, &logs).await;
            let page = page.map_err(Error::from)?;
            for hit in &page.hits {
                match json {
                    true => output::json(&hit_json(hit))?,
                    false => output::line(&hit_line(hit))?,
                }
            }
            left = left.saturating_sub(page.hits.len() as u64);
            next = page.next;
        }
        found = arguments.limit - left;
        if let Some(next) = next {
            output::note(&format!(
                "note: {found} found so far; more may follow: --start {next}{}",
                place.option
            ));
            return Ok(());
        }
    }
    if found == 0 {
        output::note("note: the log has no such entry");
    }
    Ok(())
}

/// Where to search, and how to come back there.
struct Place {
    api: LogApi,
    start: u64,
    option: String,
}

/// All trees of the log, and then each copy of another log; or the one that was asked for.
async fn places(api: &LogApi, arguments: &SearchArguments) -> anyhow::Result<Vec<Place>> {
    let in_tree = |tree_id: u64, start| Place {
        api: api.tree(tree_id),
        start,
        option: format!(" --tree-id {tree_id}"),
    };
    if let Some(tree_id) = arguments.tree_id {
        return Ok(vec![in_tree(tree_id, arguments.start)]);
    }
    let mut places = vec![Place {
        api: api.clone(),
        start: arguments.start,
        option: String::new(),
    }];
    let trees = api.trees().await.map_err(Error::from)?;
    let copies = trees
        .iter()
        .filter(|tree| tree.role == TreeRole::Copy as i32);
    let tree_ids = copies.filter_map(|tree| Some(tree.head.as_ref()?.tree_id));
    places.extend(tree_ids.map(|tree_id| in_tree(tree_id, 0)));
    Ok(places)
}

fn query(arguments: &SearchArguments) -> anyhow::Result<SearchQuery> {
    let mut query = SearchQuery::default();
    if let Some(digest) = &arguments.digest {
        query = query.hash(digest).map_err(Error::from)?;
    }
    if let Some(email) = &arguments.email {
        query = query.email(email);
    }
    if let Some(subject) = &arguments.subject {
        query = query.subject(subject);
    }
    if let Some(path) = &arguments.key {
        let pem = read_text(path)?;
        query = query.public_key(&pem).map_err(Error::from)?;
    }
    query.all = arguments.and;
    query.from_time = arguments.since.map(|time| time.as_second());
    query.until_time = arguments.until.map(|time| time.as_second());
    Ok(query)
}

fn hit_line(hit: &SearchHit) -> String {
    let entry = view(&hit.entry);
    let mut line = format!(
        "{:>10}  {}  {}  {}",
        hit.index,
        entry.kind_text(),
        entry.time.as_deref().unwrap_or("time unknown"),
        hex::encode(&hit.entry.leaf_hash)
    );
    if !hit.shown_by_body {
        line.push_str("  (by what was submitted with it)");
    }
    if hit.inclusion.is_none() {
        line.push_str(&format!(
            "  (in the tree {}, which a log that is not trusted signs)",
            hit.tree_id
        ));
    }
    line
}

/// The entry as everywhere, with its index over all trees.
fn hit_json(hit: &SearchHit) -> Value {
    let mut line = output::to_json(&view(&hit.entry).in_tree(hit.tree_id));
    line["virtualIndex"] = json!(hit.index);
    line["shownByBody"] = json!(hit.shown_by_body);
    line["proven"] = json!(hit.inclusion.is_some());
    line
}
