//! Entries that were looked at, and those among them that were looked for.

use ledgerstone_entry::EntryView;
use ledgerstone_entry::matcher::Examined;
use ledgerstone_entry::matcher::Match;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::leaf_hashes;
use serde_json::Value;
use serde_json::json;

use crate::audit::leaves::BUNDLE_ENTRIES;
use crate::known_entry::known_entry;
use crate::trust::trusted_root::TrustedRoot;

/// Some entries that were looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MonitorPage {
    /// Those that were looked for, in order.
    pub hits: Vec<Hit>,
    /// How many were looked at.
    pub entries: u64,
    /// How many of these are no hits but name somebody in a way that could not be read: a kind that
    /// is not known, or a malformed certificate.
    pub not_understood: u64,
    /// How many of these are no hits as far as a body tells, but may be by a statement that is not
    /// in it.
    pub not_seen: u64,
    /// The index after the last one.
    pub end: LeafIndex,
}

/// An entry that was looked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hit {
    /// Its position in the log.
    pub index: LeafIndex,
    /// What its body says.
    pub entry: EntryView,
    /// Everything looked for that it names; nothing when all entries are looked for.
    pub matches: Vec<Match>,
}

impl Hit {
    /// The hit for machines: the members of [`EntryView`], `origin` (of the log), and `matches`, a
    /// list of objects each with `by`: `identity` (with `subject` and perhaps `issuer`), `key`
    /// (`sha256`), or `artifactDigest` (`digest`).
    pub fn to_json(&self, origin: &str) -> Value {
        let mut value = json!(self.entry);
        value["origin"] = json!(origin);
        value["matches"] = json!(self.matches);
        value
    }
}

/// What is looked for, and whose certificates are trusted.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) list: WatchList,
    pub(crate) trust: Option<TrustedRoot>,
}

impl Watched {
    fn examine(&self, body: &[u8], index: u64) -> Examined {
        // Paths of certificates take their time.
        let trust = self.trust.as_ref().filter(|_| self.list.asks_trust());
        self.list.examine_known(&known_entry(body, index, 0, trust))
    }
}

/// A bundle that was looked at, and is still to be proven.
pub(crate) struct ExaminedBundle {
    pub(crate) number: u64,
    /// The leaf hashes of the bodies.
    pub(crate) tile: Tile,
    pub(crate) page: MonitorPage,
}

impl ExaminedBundle {
    /// Looks at the entries of the bundle from `next` on.
    pub(crate) fn new(number: u64, next: u64, bodies: &[bytes::Bytes], watch: &Watched) -> Self {
        let leaves = leaf_hashes(bodies);
        let first = number * BUNDLE_ENTRIES;
        let skipped = next.saturating_sub(first) as usize;
        let mut page = MonitorPage {
            hits: Vec::new(),
            entries: bodies.len().saturating_sub(skipped) as u64,
            not_understood: 0,
            not_seen: 0,
            end: LeafIndex::new(first + bodies.len() as u64),
        };
        for (position, body) in bodies.iter().enumerate().skip(skipped) {
            let examined = watch.examine(body, first + position as u64);
            match examined.matches {
                Some(matches) => page.hits.push(Hit {
                    index: LeafIndex::new(first + position as u64),
                    entry: EntryView::new(body).at(first + position as u64),
                    matches,
                }),
                None => {
                    page.not_understood += u64::from(!examined.understood);
                    page.not_seen += u64::from(examined.is_unseen);
                }
            }
        }
        Self {
            number,
            tile: Tile::from_hashes(&leaves)
                .expect("a bundle holds at most as many entries as a tile"),
            page,
        }
    }
}
