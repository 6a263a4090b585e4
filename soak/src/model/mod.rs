//! Everything that a log ever acknowledged and signed, kept outside of it.

mod file;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use ledgerstone_merkle::Hash;
use ledgerstone_tests::random::Random;

use crate::model::file::ModelFile;
use crate::told::Entry;
use crate::told::Head;

/// What must stay true of one log.
pub(crate) struct Model {
    /// Leaf hashes by tree and index.
    entries: HashMap<(u64, u64), Hash>,
    /// The same entries, to pick from.
    order: Vec<(u64, u64)>,
    /// Roots by tree and size.
    heads: BTreeMap<(u64, u64), Hash>,
    file: ModelFile,
}

/// Two statements of the log that cannot both be true.
#[derive(Debug)]
pub(crate) enum Contradiction {
    /// Two roots were signed for one size: a fork.
    Roots(Head, Hash),
    /// Two entries were acknowledged at one index.
    Leaves(Entry, Hash),
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Roots(head, before) => write!(
                f,
                "the tree {} had the root {before} at size {}, and has {} now",
                head.tree, head.size, head.root
            ),
            Self::Leaves(entry, before) => write!(
                f,
                "the tree {} had the leaf {before} at index {}, and has {} now",
                entry.tree, entry.index, entry.leaf
            ),
        }
    }
}

impl Model {
    /// What the file at `path` remembers; nothing where there is none.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let (file, entries, heads) = ModelFile::open(path)?;
        let order = entries.iter().map(|entry| (entry.tree, entry.index));
        let heads = heads.iter().map(|head| ((head.tree, head.size), head.root));
        Ok(Self {
            order: order.collect(),
            entries: entries
                .iter()
                .map(|entry| ((entry.tree, entry.index), entry.leaf))
                .collect(),
            heads: heads.collect(),
            file,
        })
    }

    /// How many entries were acknowledged.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Remembers an entry. Says whether it is new.
    pub(crate) fn learn_entry(&mut self, entry: Entry) -> Result<bool, Contradiction> {
        let place = (entry.tree, entry.index);
        match self.entries.insert(place, entry.leaf) {
            None => {
                self.order.push(place);
                self.file.add_entry(&entry);
                Ok(true)
            }
            Some(before) if before == entry.leaf => Ok(false),
            Some(before) => Err(Contradiction::Leaves(entry, before)),
        }
    }

    /// Remembers a head.
    pub(crate) fn learn_head(&mut self, head: Head) -> Result<(), Contradiction> {
        match self.heads.insert((head.tree, head.size), head.root) {
            None => {
                self.file.add_head(&head);
                Ok(())
            }
            Some(before) if before == head.root => Ok(()),
            Some(before) => Err(Contradiction::Roots(head, before)),
        }
    }

    /// The largest head of a tree.
    pub(crate) fn newest(&self, tree: u64) -> Option<Head> {
        let ((_, size), root) = self.heads.range((tree, 0)..=(tree, u64::MAX)).next_back()?;
        Some(Head {
            tree,
            size: *size,
            root: *root,
        })
    }

    /// About `count` heads of a tree, spread over all sizes.
    pub(crate) fn some_heads(&self, tree: u64, count: usize, random: &mut Random) -> Vec<Head> {
        let all: Vec<Head> = self
            .heads
            .range((tree, 1)..=(tree, u64::MAX))
            .map(|((_, size), root)| Head {
                tree,
                size: *size,
                root: *root,
            })
            .collect();
        pick(&all, count, random)
    }

    /// About `count` entries, from the whole past.
    pub(crate) fn some_entries(&self, count: usize, random: &mut Random) -> Vec<Entry> {
        let places = pick(&self.order, count, random);
        places
            .into_iter()
            .map(|(tree, index)| Entry {
                tree,
                index,
                leaf: self.entries[&(tree, index)],
            })
            .collect()
    }

    /// Writes down what is new.
    pub(crate) fn save(&mut self) -> anyhow::Result<()> {
        self.file.save()
    }
}

fn pick<T: Copy>(all: &[T], count: usize, random: &mut Random) -> Vec<T> {
    match all.len() <= count {
        true => all.to_vec(),
        false => (0..count).map(|_| *random.one_of(all)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> Hash {
        Hash::new([byte; Hash::LENGTH])
    }

    fn entry(index: u64, byte: u8) -> Entry {
        Entry {
            tree: 7,
            index,
            leaf: hash(byte),
        }
    }

    fn head(size: u64, byte: u8) -> Head {
        Head {
            tree: 7,
            size,
            root: hash(byte),
        }
    }

    #[test]
    fn what_was_learned_is_known_by_the_next_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model");
        let mut model = Model::open(&path).unwrap();
        assert!(model.learn_entry(entry(0, 1)).unwrap());
        assert!(!model.learn_entry(entry(0, 1)).unwrap());
        model.learn_head(head(9, 2)).unwrap();
        model.learn_head(head(10, 3)).unwrap();
        model.save().unwrap();
        // Half a line, as a run that was killed leaves it.
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}entry 7 1 0102")).unwrap();

        let mut model = Model::open(&path).unwrap();
        let mut random = Random::new(1);
        assert_eq!(model.len(), 1);
        assert_eq!(model.newest(7), Some(head(10, 3)));
        assert_eq!(model.newest(8), None);
        assert_eq!(model.some_entries(5, &mut random), [entry(0, 1)]);
        assert_eq!(model.some_heads(7, 1, &mut random).len(), 1);
        assert!(model.learn_entry(entry(0, 4)).is_err());
        assert!(model.learn_head(head(9, 3)).is_err());
    }
}
