use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::SearchHit;
use ledgerstone_client::SearchQuery;
use serde_json::Value;
use serde_json::json;

use crate::args::SearchArguments;
use crate::commands::get::entry_json;
use crate::commands::get::kind;
use crate::commands::get::time;
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
    let (mut next, mut left) = (Some(arguments.start), arguments.limit);
    while let (Some(start), 1..) = (next, left) {
        let limit = left.min(PAGE_HITS) as usize;
        let page = api.search(&query, start, limit, &logs).await;
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
    let found = arguments.limit - left;
    match next {
        Some(next) => output::note(&format!(
            "note: {found} found so far; more may follow: --start {next}"
        )),
        None if found == 0 => output::note("note: the log has no such entry"),
        None => {}
    }
    Ok(())
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
    let entry = &hit.entry;
    let mut line = format!(
        "{:>10}  {}  {}  {}",
        hit.index,
        kind(entry),
        time(entry.integrated_time),
        hex::encode(&entry.leaf_hash)
    );
    if !hit.shown_by_body {
        line.push_str("  (by what was submitted with it)");
    }
    if hit.inclusion.is_none() {
        line.push_str(&format!("  (not proven: in the tree {})", hit.tree_id));
    }
    line
}

/// The entry as `get` prints it, with its index over all trees, and where it is in its own.
fn hit_json(hit: &SearchHit) -> Value {
    let mut line = entry_json(&hit.entry);
    line["index"] = json!(hit.index);
    line["treeId"] = json!(hit.tree_id.to_string());
    line["treeIndex"] = json!(hit.entry.index);
    line["shownByBody"] = json!(hit.shown_by_body);
    line["proven"] = json!(hit.inclusion.is_some());
    line
}
