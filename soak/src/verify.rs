//! Whether a log still holds to everything that it ever said.

use futures::StreamExt;
use futures::stream;
use ledgerstone_client::ApiError;
use ledgerstone_client::EntryLookup;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::LogApi;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_client::TrustedLogs;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_tests::random::Random;

use crate::keys::LogKeys;
use crate::keys::Tree;
use crate::model::Model;
use crate::told::Entry;
use crate::told::Head;
use crate::told::Told;

/// How many entries and heads of the past are checked after each round, beside the newest.
const OLD_ENTRIES: usize = 64;
const OLD_HEADS: usize = 8;

/// How many entries are checked at a time.
const AT_A_TIME: usize = 16;

/// What is not as it must be, each with the reason.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Acknowledged entries that are not there.
    pub(crate) lost: Vec<String>,
    /// Heads, or entries at one index, that contradict each other.
    pub(crate) forks: Vec<String>,
    /// Answers that are not true.
    pub(crate) wrong: Vec<String>,
    /// What could not be read, though the log is back.
    pub(crate) unread: Vec<String>,
}

/// What a reader was shown of an entry.
enum Shown {
    Proven(Head),
    Lost(String),
    Wrong(String),
    Unread(String),
}

/// Remembers what was told in a round, and checks that, what was told before it and the new heads
/// against the server at `url`.
pub(crate) async fn verify(
    url: &str,
    keys: &LogKeys,
    model: &mut Model,
    told: &[Told],
    random: &mut Random,
) -> anyhow::Result<Findings> {
    let options = TransportOptions {
        // The server may ask to come again.
        attempts: 8,
        ..TransportOptions::default()
    };
    let api = LogApi::new(Transport::new(url, options)?);
    let mut findings = Findings::default();
    let entries = learn(model, told, random, &mut findings);
    for tree in keys.trees() {
        check_heads(&api, keys, tree, model, random, &mut findings).await;
    }
    let shown = stream::iter(entries)
        .map(|entry| show(&api, &keys.logs, entry))
        .buffer_unordered(AT_A_TIME);
    let shown: Vec<Shown> = shown.collect().await;
    for shown in shown {
        match shown {
            Shown::Proven(head) => note_head(model, head, &mut findings),
            Shown::Lost(reason) => findings.lost.push(reason),
            Shown::Wrong(reason) => findings.wrong.push(reason),
            Shown::Unread(reason) => findings.unread.push(reason),
        }
    }
    Ok(findings)
}

/// Yields the entries that are to be checked.
fn learn(
    model: &mut Model,
    told: &[Told],
    random: &mut Random,
    findings: &mut Findings,
) -> Vec<Entry> {
    let mut entries = model.some_entries(OLD_ENTRIES, random);
    for told in told {
        note_head(model, told.head, findings);
        let Some(entry) = told.entry else {
            continue;
        };
        match model.learn_entry(entry) {
            Ok(true) => entries.push(entry),
            Ok(false) => {}
            Err(contradiction) => findings.forks.push(contradiction.to_string()),
        }
    }
    entries
}

fn note_head(model: &mut Model, head: Head, findings: &mut Findings) {
    if let Err(contradiction) = model.learn_head(head) {
        findings.forks.push(contradiction.to_string());
    }
}

/// Checks that the head of a tree extends those that were signed before.
async fn check_heads(
    api: &LogApi,
    keys: &LogKeys,
    tree: &Tree,
    model: &mut Model,
    random: &mut Random,
    findings: &mut Findings,
) {
    let api = api.tree(tree.id);
    let new = match api.head(&keys.logs).await {
        Ok(signed) => Head {
            tree: tree.id,
            size: signed.checkpoint.size.get(),
            root: signed.checkpoint.root,
        },
        Err(error) => return blame(error, findings),
    };
    let newest = model.newest(tree.id);
    let mut old = model.some_heads(tree.id, OLD_HEADS, random);
    old.extend(newest.filter(|head| head.size > 0));
    note_head(model, new, findings);
    for old in old {
        if old.size > new.size {
            findings.lost.push(format!(
                "the head of the tree {} went back from {} to {}",
                tree.id, old.size, new.size
            ));
            continue;
        }
        if old.size == new.size {
            // That the roots are the same is known already.
            continue;
        }
        let (from, to) = (TreeSize::new(old.size), TreeSize::new(new.size));
        match api.consistency(from, Some(to), &keys.logs).await {
            Ok(proven) if proven.old_root == old.root => {}
            Ok(proven) => findings.forks.push(format!(
                "the head of the tree {} over {to} leaves extends {} at size {from}, but {} was \
                 signed there",
                tree.id, proven.old_root, old.root
            )),
            Err(error) => blame(error, findings),
        }
    }
}

fn blame(error: ApiError, findings: &mut Findings) {
    let reason = error.to_string();
    match Error::from(error).failure() {
        Failure::Untrue => findings.wrong.push(reason),
        Failure::Unreachable | Failure::Undone => findings.unread.push(reason),
    }
}

/// Asks for an entry that was acknowledged, with the proof that it is in a signed tree.
async fn show(api: &LogApi, logs: &TrustedLogs, entry: Entry) -> Shown {
    let api = api.tree(entry.tree);
    let lookup = EntryLookup::Index(LeafIndex::new(entry.index));
    let place = format!("entry {} of the tree {}", entry.index, entry.tree);
    match api.inclusion(lookup, None, logs).await {
        Ok(proven) if proven.leaf == entry.leaf => {
            let checkpoint = proven.signed.checkpoint;
            Shown::Proven(Head {
                tree: entry.tree,
                size: checkpoint.size.get(),
                root: checkpoint.root,
            })
        }
        Ok(proven) => Shown::Lost(format!(
            "{place} was {}, and is {}",
            entry.leaf, proven.leaf
        )),
        Err(ApiError::NoSuchEntry(_)) => Shown::Lost(format!("{place} is not there")),
        Err(error) => {
            let reason = format!("{place}: {error}");
            match Error::from(error).failure() {
                Failure::Untrue => Shown::Wrong(reason),
                Failure::Unreachable | Failure::Undone => Shown::Unread(reason),
            }
        }
    }
}
