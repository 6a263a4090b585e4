//! A hit as it is printed: for people, as comma-separated values, and as JSON.

use ledgerstone_client::ENTRY_COLUMNS;
use ledgerstone_client::FoundEntry;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::csv_line;
use ledgerstone_client::entry_columns;
use serde_json::Value;
use serde_json::json;

use crate::commands::get::told;
use crate::commands::get::view;
use crate::output;
use crate::trust;

/// What a hit is for people.
pub(super) fn hit_line(hit: &FoundEntry, authorities: Option<&TrustedRoot>) -> String {
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
    let lines = told(&entry).into_iter();
    for more in lines.chain(trust::issued_lines(&issued)) {
        line.push_str("\n            ");
        line.push_str(&more);
    }
    line
}

/// The names of the columns of comma-separated values.
pub(super) fn csv_head() -> String {
    format!("{ENTRY_COLUMNS},virtualIndex,shownByBody,proven")
}

/// The hit as one line of comma-separated values.
pub(super) fn hit_csv(hit: &FoundEntry) -> String {
    let mut columns = entry_columns(&view(&hit.entry).in_tree(hit.entry.tree_id));
    let virtual_index = hit.virtual_index.map(|index| index.to_string());
    columns.extend([
        virtual_index.unwrap_or_default(),
        hit.shown_by_body.to_string(),
        hit.inclusion.is_some().to_string(),
    ]);
    csv_line(&columns)
}

/// The entry as everywhere, with its index among all that Rekor v1 counts where it is one of them.
pub(super) fn hit_json(hit: &FoundEntry, authorities: Option<&TrustedRoot>) -> Value {
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
