//! How far a rebuild of the search index got, as it is kept in the store.

use std::fmt::Write as _;
use std::str::FromStr;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::INDEX_GENERATION;
use ledgerstone_storage::SearchRow;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StoredSearchKey;

/// Which keys a rebuild writes: a rebuild that a version with others began is begun anew.
const GENERATION: u32 = INDEX_GENERATION;

/// How far a rebuild of the search index is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReindexProgress {
    /// The shard that it is at. It takes them in order.
    pub shard: ShardId,
    /// The number of shards.
    pub shards: usize,
    /// The entries that were looked at, in all shards so far.
    pub entries: u64,
    /// How many entries there are to look at in all shards. Those that are appended meanwhile are
    /// not looked at in the shard that it is at.
    pub of_entries: u64,
    /// The rows of the index that were looked at.
    pub rows: u64,
    /// The rows that the index lacked.
    pub added: u64,
    /// The rows that were wrong.
    pub removed: u64,
    /// The rows that nothing in the log bears out or disproves, and that were left as they are.
    pub kept: u64,
    /// Whether it was begun earlier, and interrupted.
    pub resumed: bool,
    /// Whether there is nothing left to do.
    pub is_complete: bool,
    pub(super) position: Position,
}

/// What a rebuild does in the shard that it is at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReindexPass {
    /// It adds what the entries name and the index lacks.
    Entries,
    /// It removes what the index has and the entries do not name.
    Index,
}

/// Where the next step begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Position {
    /// At the entry `next`. From `end` on, entries were appended after the pass began, and are
    /// indexed.
    Entries { next: u64, end: u64 },
    /// Behind a row.
    Rows { after: Option<SearchRow> },
}

impl Position {
    /// Leaves `entries` behind.
    pub(super) fn advance(&mut self, entries: u64) {
        if let Self::Entries { next, .. } = self {
            *next += entries;
        }
    }
}

impl ReindexProgress {
    /// The beginning: the first shard, with a tree of `size` leaves.
    pub(super) fn start(shard: ShardId, size: TreeSize) -> Self {
        Self {
            shard,
            shards: 0,
            entries: 0,
            of_entries: 0,
            rows: 0,
            added: 0,
            removed: 0,
            kept: 0,
            resumed: false,
            is_complete: false,
            position: Position::Entries {
                next: 0,
                end: size.get(),
            },
        }
    }

    /// What it does in the shard that it is at.
    pub fn pass(&self) -> ReindexPass {
        match self.position {
            Position::Entries { .. } => ReindexPass::Entries,
            Position::Rows { .. } => ReindexPass::Index,
        }
    }

    /// One line of words, so that an operator can read it.
    pub(super) fn encode(&self) -> Bytes {
        let Self {
            shard,
            entries,
            rows,
            added,
            removed,
            kept,
            ..
        } = self;
        let mut line = format!(
            "reindex {GENERATION} shard {} entries {entries} rows {rows} added {added} removed \
             {removed} kept {kept} ",
            shard.get()
        );
        // Writing to a string does not fail.
        let _ = match self.position {
            Position::Entries { next, end } => write!(line, "at {next} {end}"),
            Position::Rows { after: None } => write!(line, "behind nothing"),
            Position::Rows { after: Some(row) } => {
                let SearchRow { key, index } = row;
                write!(line, "behind {} {} {index}", key.kind, key.hash)
            }
        };
        line.into()
    }

    /// Reads what [`encode`](Self::encode) of this generation wrote.
    pub(super) fn decode(stored: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(stored).ok()?;
        let mut words = line.split(' ');
        if number::<u32>(&mut words, "reindex")? != GENERATION {
            return None;
        }
        let mut progress = Self::start(ShardId::new(number(&mut words, "shard")?), TreeSize::EMPTY);
        progress.entries = number(&mut words, "entries")?;
        progress.rows = number(&mut words, "rows")?;
        progress.added = number(&mut words, "added")?;
        progress.removed = number(&mut words, "removed")?;
        progress.kept = number(&mut words, "kept")?;
        progress.position = match (words.next()?, words.next()?) {
            ("at", next) => Position::Entries {
                next: next.parse().ok()?,
                end: words.next()?.parse().ok()?,
            },
            ("behind", "nothing") => Position::Rows { after: None },
            ("behind", kind) => {
                let mut hash = [0; Hash::LENGTH];
                let digits = words.next()?;
                if digits.len() != 2 * Hash::LENGTH || !digits.is_ascii() {
                    return None;
                }
                for (position, byte) in hash.iter_mut().enumerate() {
                    let pair = &digits[2 * position..2 * position + 2];
                    *byte = u8::from_str_radix(pair, 16).ok()?;
                }
                let key = StoredSearchKey {
                    kind: kind.parse().ok()?,
                    hash: Hash::new(hash),
                };
                let index = LeafIndex::new(words.next()?.parse().ok()?);
                Position::Rows {
                    after: Some(SearchRow { key, index }),
                }
            }
            _ => return None,
        };
        words.next().is_none().then_some(progress)
    }
}

/// The number behind `name`, which has to be the next word.
fn number<'a, T: FromStr>(words: &mut impl Iterator<Item = &'a str>, name: &str) -> Option<T> {
    (words.next()? == name).then_some(())?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position() -> impl Strategy<Value = Position> {
        prop_oneof![
            any::<(u64, u64)>().prop_map(|(next, end)| Position::Entries { next, end }),
            Just(Position::Rows { after: None }),
            any::<(u8, [u8; 32], u64)>().prop_map(|(kind, hash, index)| {
                let hash = Hash::new(hash);
                let key = StoredSearchKey { kind, hash };
                let index = LeafIndex::new(index);
                Position::Rows {
                    after: Some(SearchRow { key, index }),
                }
            }),
        ]
    }

    proptest! {
        #[test]
        fn progress_is_read_back(
            shard in any::<u32>(),
            counts in any::<[u64; 5]>(),
            position in position(),
        ) {
            let [entries, rows, added, removed, kept] = counts;
            let progress = ReindexProgress {
                entries,
                rows,
                added,
                removed,
                kept,
                position,
                ..ReindexProgress::start(ShardId::new(shard), TreeSize::EMPTY)
            };
            let stored = progress.encode();
            prop_assert!(stored.len() <= ledgerstone_storage::MAX_PROGRESS_BYTES);
            prop_assert_eq!(ReindexProgress::decode(&stored), Some(progress));
        }
    }

    #[test]
    fn what_another_version_wrote_is_not_read() {
        let progress = ReindexProgress::start(ShardId::new(0), TreeSize::new(5));
        let line = String::from_utf8(progress.encode().to_vec()).unwrap();
        for other in [
            line.replace("reindex 2", "reindex 1"),
            line.replace("shard", "tree"),
            line.replace("at 0 5", "at 0"),
            line.replace("at 0 5", "behind 1 00 7"),
            format!("{line} and more"),
            String::new(),
        ] {
            assert_ne!(other, line);
            assert_eq!(ReindexProgress::decode(other.as_bytes()), None, "{other}");
        }
    }
}
