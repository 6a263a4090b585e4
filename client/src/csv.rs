//! Entries as comma-separated values (RFC 4180).

use ledgerstone_entry::EntryView;

/// The names of the columns that [`entry_columns`] has.
pub const ENTRY_COLUMNS: &str =
    "tree,index,time,kind,version,leafHash,digests,signers,issuers,keys";

/// What an entry says, a text for each column. Several values of one column have spaces between.
pub fn entry_columns(entry: &EntryView) -> Vec<String> {
    let signers = entry.signers.as_deref().unwrap_or_default();
    let digests = entry.digests.as_deref().unwrap_or_default();
    let joined = |values: Vec<&str>| values.join(" ");
    let issuers = signers.iter().filter_map(|one| one.issuer.as_deref());
    let keys = signers.iter().filter_map(|one| one.key.as_deref());
    let subjects = signers.iter().flat_map(|one| &one.subjects);
    vec![
        entry.tree_id.clone().unwrap_or_default(),
        entry
            .index
            .map(|index| index.to_string())
            .unwrap_or_default(),
        entry.time.clone().unwrap_or_default(),
        entry.kind.clone().unwrap_or_default(),
        entry.version.clone().unwrap_or_default(),
        entry.leaf_hash.clone(),
        joined(digests.iter().map(|one| one.digest.as_str()).collect()),
        joined(subjects.map(String::as_str).collect()),
        joined(issuers.collect()),
        joined(keys.collect()),
    ]
}

/// One line, without its end.
pub fn csv_line(columns: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|value| quoted(value)).collect();
    quoted.join(",")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let columns = ["a,b", "=1+1", "say \"x\"", "plain", ""].map(str::to_owned);
        assert_eq!(
            csv_line(&columns),
            "\"a,b\",\"'=1+1\",\"say \"\"x\"\"\",plain,"
        );
    }
}
