use ledgerstone_client::EntryLookup;
use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_entry::EntryView;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1::Entry;
use serde_json::Value;

use crate::args::GetArguments;
use crate::args::IndexRange;
use crate::commands::transport;
use crate::commands::tree;
use crate::output;
use crate::output::Report;
use crate::trust;

/// As many entries as are asked for at once.
const PAGE_ENTRIES: u64 = 256;

pub(super) async fn run(arguments: GetArguments, json: bool) -> anyhow::Result<()> {
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
    let logs = trust::named_or_fetched(&arguments.trust, &transport).await?;
    let entry = api.proven_entry(lookup, &logs).await.map_err(Error::from)?;
    if arguments.body {
        return Ok(output::raw(&entry.entry.body)?);
    }
    let report =
        report(&entry.entry).field("proven in", "treeSize", entry.inclusion.proof.size.get());
    match json {
        // The same object as in a range, and the proof.
        true => {
            let mut line = output::to_json(&view(&entry.entry));
            line["treeSize"] = entry.inclusion.proof.size.get().into();
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
        .field("body", "body", body_json(entry))
}

/// The entry as the body shows it, which is proven: what the log says beside it is not.
pub(super) fn view(entry: &Entry) -> EntryView {
    EntryView::new(&entry.body)
        .at(entry.index)
        .integrated_at(entry.integrated_time)
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
