//! `search`: finds entries, and proves each.

use std::path::PathBuf;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::FoundEntry;
use ledgerstone_client::LogApi;
use ledgerstone_client::SearchCoverage;
use ledgerstone_client::SearchTerms;
use ledgerstone_client::TrustedRoot;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::query::parse;
use ledgerstone_entry::query::parse_time;
use ledgerstone_proto::log::v1::TreeRole;
use serde_json::Value;
use serde_json::json;

use crate::commands::get::view;
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
    .args(["query", "digest", "email", "subject", "key"]))]
pub(crate) struct SearchArguments {
    /// What to look for: terms such as subject:*@acme.example, repository:, package:, digest:,
    /// predicate: or kind:, which all have to hold unless `or` or `not` stands between them. See
    /// docs/recall.md.
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,

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

    /// A file with a public key or a certificate as PEM, or with an OpenPGP, SSH or minisign key.
    #[arg(long, value_name = "FILE")]
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

    /// Only entries that were logged then or later: a date, a time by RFC 3339, or how long ago,
    /// such as 7d.
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) since: Option<i64>,

    /// Only entries that were logged before.
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) until: Option<i64>,

    /// Those that were logged last come first.
    #[arg(long)]
    pub(crate) newest_first: bool,

    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

/// As many hits as are asked for at once.
const PAGE_HITS: u64 = 100;

/// The search found nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoneFound {
    /// Nothing was out of sight.
    #[error("no entry answers the query, and the log saw all that it covers")]
    Everywhere,
    /// Something was.
    #[error("no entry that the log could see answers the query")]
    WhereSeen,
}

/// One entry a line, as they come: JSON lines for machines.
pub(crate) async fn run(arguments: SearchArguments, json: bool) -> anyhow::Result<()> {
    let query = query(&arguments)?;
    let transport = transport(&arguments.log)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport, arguments.tree_id).await?;
    let authorities = trust::authorities(&arguments.trust)?;
    let api = LogApi::new(transport);
    let (mut found, mut unknown, mut coverage) = (0, 0, Vec::new());
    if arguments.csv {
        output::line(CSV_HEAD)?;
    }
    for place in places(&api, &arguments).await? {
        let (mut next, mut left) = (Some(place.from), arguments.limit - found);
        while let (Some(from), 1..) = (&next, left) {
            let limit = left.min(PAGE_HITS) as usize;
            let page = place.api.search(&query, from, limit, &logs).await;
            let page = page.map_err(Error::from)?;
            for hit in &page.hits {
                match (json, arguments.csv) {
                    (true, _) => output::json(&hit_json(hit, authorities.as_ref()))?,
                    (false, true) => output::line(&hit_csv(hit))?,
                    (false, false) => output::line(&hit_line(hit, authorities.as_ref()))?,
                }
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
    match (found, saw_all) {
        (1.., _) => Ok(()),
        (0, true) => Err(NoneFound::Everywhere.into()),
        (0, false) => Err(NoneFound::WhereSeen.into()),
    }
}

/// What the search could see and what not, by the word of the log.
fn coverage_lines(coverage: &[SearchCoverage], unknown: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for tree in coverage {
        let entries = tree.end - tree.first;
        let mut line = format!(
            "note: tree {}: the log looked through its index of {entries} entries ({}..{})",
            tree.tree_id, tree.first, tree.end
        );
        for gap in gaps(tree) {
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

/// What was out of sight in a tree.
fn gaps(tree: &SearchCoverage) -> Vec<String> {
    let counted = |count: Option<u64>| {
        count.map_or_else(|| "uncounted many".to_owned(), |one| one.to_string())
    };
    let mut gaps = Vec::new();
    if tree.asks_statements && tree.without_statement != Some(0) {
        let count = counted(tree.without_statement);
        gaps.push(format!("{count} without a statement that the log saw"));
    }
    if tree.removed_statements > 0 {
        let count = tree.removed_statements;
        gaps.push(format!(
            "{count} whose statement the log's operator removed"
        ));
    }
    if tree.unreadable != Some(0) {
        gaps.push(format!(
            "{} of kinds that it cannot read",
            counted(tree.unreadable)
        ));
    }
    if tree.unindexed > 0 {
        gaps.push(format!("{} not found by everything yet", tree.unindexed));
    }
    if !tree.index_complete {
        gaps.push("the index is being rebuilt".to_owned());
    }
    if !tree.has_times {
        gaps.push("without times".to_owned());
    }
    gaps
}

fn parse_seconds(text: &str) -> Result<i64, String> {
    parse_time(text, now()).ok_or_else(|| {
        "write a date such as 2026-11-01, a time by RFC 3339, or how long ago, such as 7d"
            .to_owned()
    })
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
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
    let words = arguments.query.join(" ");
    if !words.trim().is_empty() {
        query = query.query(parse(&words, now())?);
    }
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
    query.newest_first = arguments.newest_first;
    query.from_time = arguments.since;
    query.until_time = arguments.until;
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
    let told = entry_lines(&entry).into_iter();
    for more in told.chain(trust::issued_lines(&issued)) {
        line.push_str("\n            ");
        line.push_str(&more);
    }
    line
}

/// What was signed, and who signed it, where the entry names somebody.
fn entry_lines(entry: &EntryView) -> Vec<String> {
    let digests = entry.digests.iter().flatten();
    let mut lines: Vec<String> = digests.map(|one| one.digest.clone()).collect();
    for signer in entry.signers.iter().flatten() {
        let subjects = signer.subjects.join(", ");
        match (&signer.issuer, subjects.is_empty()) {
            (_, true) => lines.extend(signer.key.iter().map(|key| format!("by the key {key}"))),
            (Some(issuer), false) => lines.push(format!("by {subjects}, as {issuer} says")),
            (None, false) => lines.push(format!("by {subjects}")),
        }
        for claim in ["repository", "ref", "commit", "run"] {
            let value = signer.claims.get(claim);
            lines.extend(value.map(|value| format!("  {claim} {value}")));
        }
    }
    lines
}

/// The columns of comma-separated values.
const CSV_HEAD: &str = "tree,index,time,kind,version,leafHash,digests,signers,issuers,keys,\
                        virtualIndex,shownByBody,proven";

/// The hit as one line of comma-separated values (RFC 4180). Several values of one column have
/// spaces between.
fn hit_csv(hit: &FoundEntry) -> String {
    let entry = view(&hit.entry);
    let signers = entry.signers.unwrap_or_default();
    let digests = entry.digests.unwrap_or_default();
    let joined = |values: Vec<&str>| values.join(" ");
    let issuers = signers.iter().filter_map(|one| one.issuer.as_deref());
    let keys = signers.iter().filter_map(|one| one.key.as_deref());
    let subjects = signers.iter().flat_map(|one| &one.subjects);
    let columns = [
        hit.entry.tree_id.to_string(),
        hit.entry.index.to_string(),
        entry.time.unwrap_or_default(),
        entry.kind.unwrap_or_default(),
        entry.version.unwrap_or_default(),
        entry.leaf_hash,
        joined(digests.iter().map(|one| one.digest.as_str()).collect()),
        joined(subjects.map(String::as_str).collect()),
        joined(issuers.collect()),
        joined(keys.collect()),
        hit.virtual_index
            .map(|index| index.to_string())
            .unwrap_or_default(),
        hit.shown_by_body.to_string(),
        hit.inclusion.is_some().to_string(),
    ];
    columns.map(|column| quoted(&column)).join(",")
}

/// A value of a column. Programs that calculate take one that begins with one of these marks for a
/// formula.
fn quoted(value: &str) -> String {
    let mark = match value.starts_with(['=', '+', '-', '@', '\t']) {
        true => "'",
        false => "",
    };
    match value.contains([',', '"', '\n', '\r']) || !mark.is_empty() {
        true => format!("\"{mark}{}\"", value.replace('"', "\"\"")),
        false => value.to_owned(),
    }
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
