//! `monitor test`: whether the on-hit command works, before it is needed.

use std::path::Path;

use ledgerstone_client::Error;
use ledgerstone_client::Hit;
use ledgerstone_client::MonitorConfig;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::matcher::Match;
use ledgerstone_merkle::LeafIndex;
use serde_json::Value;

use crate::output;
use crate::output::Report;

/// The body of the entry that is told: of a kind that no log has.
const BODY: &[u8] = br#"{"apiVersion":"0.0.0","kind":"sample","spec":{}}"#;

/// Runs the on-hit command for each rule.
pub(super) async fn run(config: &Path, json: bool) -> anyhow::Result<()> {
    let config = MonitorConfig::read(config).map_err(Error::from)?;
    let Some(hook) = config.on_hit else {
        anyhow::bail!("the configuration has no on-hit command that could be tested");
    };
    let rules = config.watch.questions().into_iter().map(|rule| rule.name);
    let rules: Vec<String> = rules.collect();
    for rule in &rules {
        let input = format!("{}\n", output::versioned(sample(rule)));
        hook.run(input.as_bytes()).await.map_err(Error::from)?;
    }
    let told = Report::new()
        .field("on-hit command run for", "rules", rules)
        .field("took them all", "works", true);
    Ok(told.print(json)?)
}

/// A hit as the command is told of one, which says that it is none.
fn sample(rule: &str) -> Value {
    let hit = Hit {
        index: LeafIndex::new(0),
        entry: EntryView::new(BODY).at(0),
        matches: vec![Match::Query {
            rule: rule.to_owned(),
            found: Vec::new(),
            unexpected: Vec::new(),
        }],
    };
    let mut value = hit.to_json("sample");
    value["sample"] = true.into();
    value
}
