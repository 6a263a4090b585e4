//! One pass after another over a store, in small steps.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::ops::ControlFlow;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TILE_HEIGHT;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::RowsPart;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::behind_damage;
use tracing::error;

use crate::error::reason;
use crate::recovery::parse_kept;
use crate::scrub::report::ScrubReport;
use crate::tree::Tree;

/// The most places whose damage is remembered, so that each is told once. A store that is that
/// damaged needs no longer list.
const MAX_PLACES: usize = 1_024;

/// About how many bytes a step reads, and the most reads that it takes.
const STEP_BYTES: usize = 64 << 10;
const MAX_READS: usize = 4_096;

const WIDTH: u64 = TILE_WIDTH as u64;

/// What is still to be read in this pass.
#[derive(Clone, Debug)]
enum Part {
    /// Bundles of entries from this number on, to the end of the tree at the pass's begin.
    Entries { tree: usize, next: u64, end: u64 },
    /// Full tiles of one level above the lowest.
    Tiles {
        tree: usize,
        level: u8,
        next: u64,
        end: u64,
    },
    /// Other rows, slice by slice.
    Rows {
        tree: usize,
        part: RowsPart,
        slice: u8,
        next: Option<Vec<u8>>,
    },
    /// The kept checkpoint.
    Kept { tree: usize },
}

/// The reading of a store.
pub(crate) struct Scrub {
    store: Store,
    trees: Vec<Tree>,
    parts: VecDeque<Part>,
    /// Where damage was found.
    places: HashSet<String>,
    report: ScrubReport,
    /// Steps of this pass, all and done, as far as they are known.
    steps: (u64, u64),
}

impl Scrub {
    pub(crate) fn new(store: Store, trees: Vec<Tree>) -> Self {
        Self {
            store,
            trees,
            parts: VecDeque::new(),
            places: HashSet::new(),
            report: ScrubReport::default(),
            steps: (0, 0),
        }
    }

    fn begin(&mut self) {
        self.parts = (0..self.trees.len())
            .flat_map(|tree| parts_of(tree, self.trees[tree].head().size().get()))
            .collect();
        // A frozen tree has its last checkpoint in the store, and foreign ones have any form.
        let growing = (0..self.trees.len()).filter(|tree| self.trees[*tree].grows());
        self.parts.extend(growing.map(|tree| Part::Kept { tree }));
        self.steps = (self.parts.iter().map(steps_of).sum(), 0);
    }

    /// Reads a little more, and says how far it is.
    pub(crate) fn step(&mut self) -> ScrubReport {
        self.report.bytes = 0;
        if self.parts.is_empty() {
            self.begin();
        }
        for _ in 0..MAX_READS {
            let Some(part) = self.parts.pop_front() else {
                self.report.passes += 1;
                break;
            };
            self.steps.1 += 1;
            let rest = self.read(part);
            rest.into_iter()
                .for_each(|rest| self.parts.push_front(rest));
            if self.report.bytes >= STEP_BYTES as u64 {
                break;
            }
        }
        let (all, done) = self.steps;
        self.report.progress = (done as f64 / all.max(1) as f64).min(1.0);
        self.report.findings = self.places.len() as u64;
        self.report.clone()
    }

    /// Reads the begin of a part, and yields the rest of it.
    fn read(&mut self, part: Part) -> Option<Part> {
        match part {
            Part::Entries { tree, next, end } => {
                self.bundle(tree, next);
                let next = next + 1;
                (next < end).then_some(Part::Entries { tree, next, end })
            }
            Part::Tiles {
                tree,
                level,
                next,
                end,
            } => {
                self.upper_tile(
                    tree,
                    TileId {
                        level,
                        number: next,
                    },
                );
                let next = next + 1;
                (next < end).then_some(Part::Tiles {
                    tree,
                    level,
                    next,
                    end,
                })
            }
            Part::Rows {
                tree,
                part,
                slice,
                next,
            } => {
                let next = self.rows(tree, part, slice, next);
                let slice = match next {
                    Some(_) => slice,
                    None => slice.checked_add(1)?,
                };
                Some(Part::Rows {
                    tree,
                    part,
                    slice,
                    next,
                })
            }
            Part::Kept { tree } => {
                self.kept(tree);
                None
            }
        }
    }

    /// Reads the bodies of a bundle, and compares them with what was made of them.
    fn bundle(&mut self, tree: usize, number: u64) {
        let tree = self.trees[tree].clone();
        let first = number * WIDTH;
        let end = tree.head().size().get().min(first + WIDTH);
        let bodies = match self.bodies(&tree, first, end) {
            Ok(bodies) => bodies,
            Err(reason) => return self.find(&tree, format!("entries {first} to {end}"), reason),
        };
        let hashes = leaf_hashes(&bodies);
        if hashes.len() == TILE_WIDTH {
            let id = TileId { level: 0, number };
            match Tile::from_hashes(&hashes) {
                Ok(tile) => self.compare(&tree, id, &tile),
                Err(error) => self.find(&tree, tile_name(id), error.to_string()),
            }
        }
        self.leaf_index(&tree, first, &hashes);
    }

    fn bodies(&mut self, tree: &Tree, first: u64, end: u64) -> Result<Vec<Bytes>, String> {
        let mut bodies: Vec<Bytes> = Vec::new();
        let wanted = end.saturating_sub(first) as usize;
        if wanted == 0 {
            return Ok(bodies);
        }
        // As a scan to the end: those do not displace what readers have in the cache.
        let visited = self
            .store
            .visit_entries(tree.shard(), first..u64::MAX, &mut |_, entry| {
                bodies.push(entry.body);
                match bodies.len() < wanted {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            });
        self.report.bytes += bodies.iter().map(|body| body.len() as u64).sum::<u64>();
        match visited {
            Err(error) => Err(reason(&error)),
            Ok(()) if bodies.len() < wanted => Err("one of them is missing".to_owned()),
            Ok(()) => Ok(bodies),
        }
    }

    fn leaf_index(&mut self, tree: &Tree, first: u64, hashes: &[Hash]) {
        let place = format!("the leaf index of entries from {first} on");
        let found = match self.store.reread_indexes(tree.shard(), hashes) {
            Ok(found) => found,
            Err(error) => return self.find(tree, place, reason(&error)),
        };
        self.report.bytes += (hashes.len() * Hash::LENGTH) as u64;
        // Of a leaf that stands in a copied tree twice, the index has the later one.
        let is_own = tree.is_in_order_of_time();
        let is_right = |(index, found): (u64, &Option<LeafIndex>)| match found {
            Some(found) if is_own => found.get() == index,
            Some(found) => found.get() >= index,
            None => false,
        };
        if !(first..).zip(&found).all(is_right) {
            self.find(tree, place, "it leads elsewhere".to_owned());
        }
    }

    /// Compares a tile with the roots of those below it.
    fn upper_tile(&mut self, tree: usize, id: TileId) {
        let tree = self.trees[tree].clone();
        let below = id.level - 1;
        let ids: Vec<TileId> = (id.number * WIDTH..(id.number + 1) * WIDTH)
            .map(|number| TileId {
                level: below,
                number,
            })
            .collect();
        let mut made = Tile::new();
        for ids in ids.chunks(MAX_TILES) {
            match self.roots(&tree, ids) {
                // Whatever is wrong there is told where those tiles themselves are compared.
                Err(_) => return,
                Ok(roots) => {
                    let _ = made.extend(&roots);
                }
            }
        }
        self.compare(&tree, id, &made);
    }

    fn roots(&mut self, tree: &Tree, ids: &[TileId]) -> Result<Vec<Hash>, StorageError> {
        let tiles = self.store.reread_tiles(tree.shard(), ids)?;
        let root = |tile: Option<Bytes>| Tile::from_bytes(&tile?).ok()?.root();
        let roots: Vec<Hash> = tiles.into_iter().filter_map(root).collect();
        self.report.bytes += (roots.len() * TILE_WIDTH * Hash::LENGTH) as u64;
        Ok(roots)
    }

    fn compare(&mut self, tree: &Tree, id: TileId, made: &Tile) {
        let stored = self.store.reread_tiles(tree.shard(), &[id]);
        let wrong = match stored.map(|mut tiles| tiles.pop().flatten()) {
            Err(error) => reason(&error),
            Ok(None) => "it is missing".to_owned(),
            Ok(Some(stored)) => {
                self.report.bytes += stored.len() as u64;
                if made.is_full() && stored == made.to_bytes(TileWidth::FULL) {
                    return;
                }
                "it is not what lies below it gives".to_owned()
            }
        };
        self.find(tree, tile_name(id), wrong);
    }

    /// Reads rows, and yields where the next ones of the slice are.
    fn rows(
        &mut self,
        tree: usize,
        part: RowsPart,
        slice: u8,
        next: Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let tree = self.trees[tree].clone();
        let shard = tree.shard();
        let read = self
            .store
            .reread_rows(shard, part, slice, next.clone(), STEP_BYTES);
        match read {
            Ok(read) => {
                self.report.bytes += read.bytes;
                read.next
            }
            Err(error) => {
                let place = match part {
                    RowsPart::Leaves => "the leaf index",
                    RowsPart::Search => "the search index",
                    RowsPart::Attestations => "what is kept beside entries",
                };
                self.find(&tree, format!("{place}, slice {slice}"), reason(&error));
                behind_damage(shard, slice, next.as_deref())
            }
        }
    }

    fn kept(&mut self, tree: usize) {
        let tree = self.trees[tree].clone();
        let place = || "the kept checkpoint".to_owned();
        match self.store.kept_checkpoint(tree.shard()) {
            Err(error) => self.find(&tree, place(), reason(&error)),
            Ok(None) => self.find(&tree, place(), "it is missing".to_owned()),
            Ok(Some(text)) => {
                if let Err(reason) = parse_kept(&text, Some(tree.checkpoint_key())) {
                    self.find(&tree, place(), reason);
                }
            }
        }
    }

    /// Tells of damage, once for a place.
    fn find(&mut self, tree: &Tree, place: String, reason: String) {
        let name = format!("{place} of tree {}", tree.tree_id());
        if self.places.len() >= MAX_PLACES || !self.places.insert(name) {
            return;
        }
        error!(
            tree = tree.log_name(),
            place,
            reason,
            "the store is damaged: run `ledgerstone fsck` on it, and restore what it names"
        );
    }
}

fn parts_of(tree: usize, size: u64) -> Vec<Part> {
    let mut parts = Vec::new();
    if size > 0 {
        parts.push(Part::Entries {
            tree,
            next: 0,
            end: size.div_ceil(WIDTH),
        });
    }
    let mut tiles = size >> TILE_HEIGHT;
    for level in 1.. {
        tiles >>= TILE_HEIGHT;
        if tiles == 0 {
            break;
        }
        parts.push(Part::Tiles {
            tree,
            level,
            next: 0,
            end: tiles,
        });
    }
    parts.extend(RowsPart::ALL.map(|part| Part::Rows {
        tree,
        part,
        slice: 0,
        next: None,
    }));
    parts
}

/// How many steps a part takes, at least.
fn steps_of(part: &Part) -> u64 {
    match part {
        Part::Entries { next, end, .. } | Part::Tiles { next, end, .. } => end - next,
        Part::Rows { .. } => SLICES,
        Part::Kept { .. } => 1,
    }
}

fn tile_name(id: TileId) -> String {
    format!("tile {} of level {}", id.number, id.level)
}

/// The slices of a part: one for each byte.
const SLICES: u64 = 256;

/// The most tiles that are read at a time: 128 KiB.
const MAX_TILES: usize = 16;
