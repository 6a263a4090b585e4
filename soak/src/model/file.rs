//! The file of a model: a line for each entry and each head, only ever added to.

use std::fmt::Write as _;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use ledgerstone_merkle::Hash;

use crate::told::Entry;
use crate::told::Head;

/// The open file, and the lines that are not in it yet.
pub(crate) struct ModelFile {
    file: File,
    pending: String,
}

impl ModelFile {
    /// Opens or makes the file, and reads what it remembers.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, Vec<Entry>, Vec<Head>)> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).read(true).open(path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        let (mut entries, mut heads) = (Vec::new(), Vec::new());
        for line in BufReader::new(&file).lines() {
            let line = line?;
            let Some((kind, tree, number, hash)) = read_line(&line) else {
                // A run that was killed left half a line.
                continue;
            };
            match kind {
                ENTRY => entries.push(Entry {
                    tree,
                    index: number,
                    leaf: hash,
                }),
                _ => heads.push(Head {
                    tree,
                    size: number,
                    root: hash,
                }),
            }
        }
        let pending = String::new();
        Ok((Self { file, pending }, entries, heads))
    }

    pub(crate) fn add_entry(&mut self, entry: &Entry) {
        self.add(ENTRY, entry.tree, entry.index, &entry.leaf);
    }

    pub(crate) fn add_head(&mut self, head: &Head) {
        self.add(HEAD, head.tree, head.size, &head.root);
    }

    /// Writes what was added, durably.
    pub(crate) fn save(&mut self) -> anyhow::Result<()> {
        self.file.write_all(self.pending.as_bytes())?;
        self.file.sync_data()?;
        self.pending.clear();
        Ok(())
    }

    fn add(&mut self, kind: &str, tree: u64, number: u64, hash: &Hash) {
        writeln!(self.pending, "{kind} {tree} {number} {hash}").expect("a string takes it all");
    }
}

const ENTRY: &str = "entry";
const HEAD: &str = "head";

fn read_line(line: &str) -> Option<(&str, u64, u64, Hash)> {
    let mut words = line.split(' ');
    let kind = words.next().filter(|kind| [ENTRY, HEAD].contains(kind))?;
    let tree = words.next()?.parse().ok()?;
    let number = words.next()?.parse().ok()?;
    let hash = Hash::from_slice(&hex::decode(words.next()?).ok()?)?;
    Some((kind, tree, number, hash))
}
