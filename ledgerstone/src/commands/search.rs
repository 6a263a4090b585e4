//! `search`: finds entries, and proves each.

use std::path::PathBuf;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::FoundEntry;
use ledgerstone_client::LogApi;
use ledgerstone_client::SearchTerms;
use ledgerstone_client::TrustedRoot;
use ledgerstone_proto::log::v1::TreeRole;
use serde_json::Value;
use serde_json::json;

use crate::commands::get::view;
use crate::commands::time_argument::parse_time;
use crate::connection::LogArguments;
use crate::connection::transport;
use crate::files::read_text;
use crate::kind::FileKind;
use crate::output;
use crate::trust;
use crate::trust::TrustedLogArguments;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("terms")
    .required(true)
    .multiple(true)
    .args(["digest", "email", "subject", "key"]))]
pub(crate) struct SearchArguments {
    /// The digest of an artifact, a payload or an envelope: sha256:HEX, or by another hash
    /// function.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,

    /// The e-mail address that a certificate names.
    #[arg(long, visible_alias = "identity", value_name = "ADDRESS")]
    pub(crate) email: Option<String>,

    /// The URI, DNS name, IP address or other name that a certificate names.
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,

    /// The public key or certificate, as PEM.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// Only entries that name everything given, not one thing of it.
    #[arg(long)]
    pub(crate) and: bool,

    /// Where to go on in each tree, as an earlier search with the same terms said at its end.
    #[arg(long, value_name = "TREE:INDEX,...", conflicts_with = "start")]
    pub(crate) from: Option<String>,

    /// The index to start with, in the tree that --tree-id names.
    #[arg(long, value_name = "INDEX", requires = "tree_id")]
    pub(crate) start: Option<u64>,

    /// Only this tree: one of the log, or a copy of another log that it holds [default: all trees
    /// of the log, and then all copies].
    #[arg(long, value_name = "N")]
    pub(crate) tree_id: Option<u64>,

    /// How many entries to print at most.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) limit: u64,

    /// Only entries that were logged then or later: a date, such as 2026-01-01, or a time with its
    /// zone, such as 2026-01-01T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<jiff::Timestamp>,

    /// Only entries that were logged before.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<jiff::Timestamp>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

/// As many hits as are asked for at once.
const PAGE_HITS: u64 = 100;

/// One entry a line, as they come: JSON lines for machines.
pub(crate) async fn run(arguments: SearchArguments, json: bool) -> anyhow::Result<()> {
    let query = query(&arguments)?;
    let transport = transport(&arguments.log)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport, arguments.tree_id).await?;
    let authorities = trust::authorities(&arguments.trust)?;
    let api = LogApi::new(transport);
    let mut found = 0;
    for place in places(&api, &arguments).await? {
        let (mut next, mut left) = (Some(place.from), arguments.limit - found);
        while let (Some(from), 1..) = (&next, left) {
            let limit = left.min(PAGE_HITS) as usize;
            let page = place.api.search(&query, from, limit, &logs).await;
            let page = page.map_err(Error::from)?;
            for hit in &page.hits {
                match json {
                    true => output::json(&hit_json(hit, authorities.as_ref()))?,
                    false => output::line(&hit_line(hit, authorities.as_ref()))?,
                }
            }
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
    if found == 0 {
        output::note("note: the log has no such entry");
    }
    Ok(())
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

fn query(arguments: &SearchArguments) -> anyhow::Result<SearchTerms> {
    let mut query = SearchTerms::default();
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
        query = query
            .public_key(&pem)
            .map_err(Error::from)
            .with_context(|| {
                let wanted = "a public key or certificate (PEM) is needed";
                FileKind::of(pem.as_bytes()).instead_of(path, wanted)
            })?;
    }
    query.all = arguments.and;
    query.from_time = arguments.since.map(|time| time.as_second());
    query.until_time = arguments.until.map(|time| time.as_second());
    Ok(query)
}

fn hit_line(hit: &FoundEntry, authorities: Option<&TrustedRoot>) -> String {
    let entry = view(&hit.entry);
    let mut line = format!(
        "{:>10}  {}  {}  {}  in the tree {}",
        hit.entry.index,
        entry.kind_text(),
        entry.time.as_deref().unwrap_or("time unknown"),
        hex::encode(&hit.entry.leaf_hash),
        hit.entry.tree_id,
    );
    if hit.inclusion.is_none() {
        line.push_str(", which a log that is not trusted signs");
    }
    if !hit.shown_by_body {
        line.push_str("  (by what was submitted with it)");
    }
    let issued = trust::issued(&hit.entry.body, authorities);
    for certificate in trust::issued_lines(&issued) {
        line.push_str("\n            ");
        line.push_str(&certificate);
    }
    line
}

/// The entry as everywhere, with its index among all that Rekor v1 counts where it is one of them.
fn hit_json(hit: &FoundEntry, authorities: Option<&TrustedRoot>) -> Value {
    let mut line = output::to_json(&view(&hit.entry));
    if let Some(virtual_index) = hit.virtual_index {
        line["virtualIndex"] = json!(virtual_index);
    }
    line["shownByBody"] = json!(hit.shown_by_body);
    line["proven"] = json!(hit.inclusion.is_some());
    if authorities.is_some() {
        line["certificates"] = output::to_json(&trust::issued(&hit.entry.body, authorities));
    }
    line
}
