//! `get`: reads entries from the log.

use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::EntryLookup;
use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::entry_certificates;
use ledgerstone_entry::EntryView;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1::Entry;
use serde_json::Value;

use crate::commands::kept::kept_statement;
use crate::commands::kept::told as told_statement;
use crate::commands::kept::told_text;
use crate::commands::leaf_hash::parse_hash;
use crate::connection::LogArguments;
use crate::connection::TreeArguments;
use crate::connection::transport;
use crate::connection::tree;
use crate::output;
use crate::output::Report;
use crate::trust;
use crate::trust::TrustedLogArguments;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["index", "leaf_hash", "range"]))]
pub(crate) struct GetArguments {
    /// The position of the entry, from 0. The entry is proven to be in the log.
    #[arg(long, value_name = "N")]
    pub(crate) index: Option<u64>,

    /// The leaf hash of the entry, hexadecimal. The entry is proven to be in the log.
    #[arg(long, value_name = "HEX", value_parser = parse_hash)]
    pub(crate) leaf_hash: Option<ledgerstone_merkle::Hash>,

    /// Entries from the index FIRST up to, not including, END. Only their hashes are checked: see
    /// audit --full.
    #[arg(long, value_name = "FIRST..END", value_parser = parse_range)]
    pub(crate) range: Option<IndexRange>,

    /// Print the body alone, as it is hashed.
    #[arg(long, conflicts_with_all = ["range", "json"])]
    pub(crate) body: bool,

    /// Print the statement alone that the log keeps beside the entry: the entry vouches for it.
    #[arg(long, conflicts_with_all = ["range", "json", "body"])]
    pub(crate) statement: bool,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

/// Entries from `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct IndexRange {
    pub(crate) first: u64,
    pub(crate) end: u64,
}

fn parse_range(text: &str) -> Result<IndexRange, String> {
    let bounds = text
        .split_once("..")
        .and_then(|(first, end)| Some((first.parse().ok()?, end.parse().ok()?)));
    match bounds {
        Some((first, end)) if first < end => Ok(IndexRange { first, end }),
        _ => Err("give two numbers, the smaller one first, such as 0..100".to_owned()),
    }
}

/// As many entries as are asked for at once.
const PAGE_ENTRIES: u64 = 256;

pub(crate) async fn run(arguments: GetArguments, json: bool) -> anyhow::Result<()> {
    let transport = transport(&arguments.log)?;
    let api = tree(transport.clone(), &arguments.tree);
    let lookup = match (arguments.index, arguments.leaf_hash) {
        (Some(index), _) => EntryLookup::Index(LeafIndex::new(index)),
        (None, Some(hash)) => EntryLookup::LeafHash(hash),
        (None, None) => {
            return print_range(
                &api,
                arguments.range.unwrap_or(IndexRange { first: 0, end: 0 }),
                json,
            )
            .await;
        }
    };
    let logs =
        trust::named_or_fetched(&arguments.trust, &transport, arguments.tree.tree_id).await?;
    let entry = api.proven_entry(lookup, &logs).await.map_err(Error::from)?;
    if arguments.body {
        return Ok(output::raw(&entry.entry.body)?);
    }
    if arguments.statement {
        return Ok(output::raw(&kept_statement(&api, &entry.entry).await?)?);
    }
    let kept = told_statement(&api, &entry.entry).await?;
    let authorities = trust::authorities(&arguments.trust)?;
    let issued = trust::issued(&entry.entry.body, authorities.as_ref());
    let report =
        report(&entry.entry).field("proven in", "treeSize", entry.inclusion.proof.size.get());
    let lines = trust::issued_lines(&issued);
    let report = report.optional(
        "signed by",
        "certificates",
        (!lines.is_empty()).then_some(lines),
    );
    let pem = entry_certificates(&entry.entry.body);
    let report = report
        .optional(
            "certificate",
            "certificatePem",
            (!pem.is_empty()).then(|| pem.clone()),
        )
        .optional("statement", "statement", kept.as_ref().map(told_text));
    match json {
        // The same object as in a range, and the proof.
        true => {
            let mut line = output::to_json(&view(&entry.entry));
            if authorities.is_some() {
                line["certificates"] = output::to_json(&issued);
            }
            if let Some(kept) = &kept {
                line["statement"] = output::to_json(kept);
            }
            line["treeSize"] = entry.inclusion.proof.size.get().into();
            if !pem.is_empty() {
                line["certificatePem"] = pem.into();
            }
            Ok(output::json(&line)?)
        }
        false => Ok(report.print(false)?),
    }
}

/// One entry a line, as they come: JSON lines for machines.
async fn print_range(api: &LogApi, range: IndexRange, json: bool) -> anyhow::Result<()> {
    let mut next = range.first;
    while next < range.end {
        let limit = (range.end - next).min(PAGE_ENTRIES) as usize;
        let entries = api
            .entries(LeafIndex::new(next), limit)
            .await
            .map_err(Error::from)?;
        if entries.is_empty() {
            output::note(&format!("note: the log has no entry {next} yet"));
            break;
        }
        next += entries.len() as u64;
        for entry in &entries {
            match json {
                true => output::json(&output::to_json(&view(entry)))?,
                false => output::line(&format!(
                    "{:>10}  {}  {}",
                    entry.index,
                    view(entry).kind_text(),
                    hex::encode(&entry.leaf_hash)
                ))?,
            }
        }
    }
    Ok(())
}

fn report(entry: &Entry) -> Report {
    let view = view(entry);
    Report::new()
        .field("index", "index", entry.index)
        .optional("tree", "treeId", view.tree_id.clone())
        .field("leaf hash", "leafHash", hex::encode(&entry.leaf_hash))
        .field("kind", "kind", view.kind_text())
        .field(
            "logged at",
            "time",
            match &view.time {
                Some(time) => format!("{time} (the log's word)"),
                // A copy by tiles, which do not say.
                None => "unknown".to_owned(),
            },
        )
        .optional("uuid", "uuid", view.uuid.clone())
        .field("says", "signers", told(&view))
        .field("body", "body", body_json(entry))
}

/// What was signed, and who signed it, in lines for people.
pub(crate) fn told(entry: &EntryView) -> Vec<String> {
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

/// The entry as the body shows it, which is proven: what the log says beside it is not.
pub(crate) fn view(entry: &Entry) -> EntryView {
    let view = EntryView::new(&entry.body)
        .at(entry.index)
        .integrated_at(entry.integrated_time);
    match entry.tree_id {
        0 => view,
        tree_id => view.in_tree(tree_id),
    }
}

/// Bodies are JSON. Parsing changes no more than white space, of which a canonical body has none.
fn body_json(entry: &Entry) -> Value {
    serde_json::from_slice(&entry.body).unwrap_or_else(|_| Value::String(hex::encode(&entry.body)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_body_says_what_an_entry_is() {
        let entry = Entry {
            kind: "dsse\u{1b}[2J".to_owned(),
            version: "9".to_owned(),
            body: br#"{"apiVersion":"0.1.2","kind":"alpine","spec":{}}"#[..].into(),
            ..Entry::default()
        };
        assert_eq!(view(&entry).kind_text(), "alpine 0.1.2");
        let json = output::to_json(&view(&entry));
        assert_eq!(
            (&json["kind"], &json["version"], json.get("time")),
            (&json!("alpine"), &json!("0.1.2"), None)
        );
        let other = Entry {
            body: b"\x1b[2J"[..].into(),
            ..entry
        };
        assert_eq!(view(&other).kind_text(), "not understood");
    }
}
