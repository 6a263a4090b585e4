//! Copies of logs that somebody else runs.

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_log::Finding;
use ledgerstone_log::ForeignKey;
use ledgerstone_log::FsckReport;
use ledgerstone_log::ImportError;
use ledgerstone_log::ImportSource;
use ledgerstone_log::ImportedEntry;
use ledgerstone_log::Importer;
use ledgerstone_log::LogOptions;
use ledgerstone_log::OpenError;
use ledgerstone_log::Tree;
use ledgerstone_log::fsck_copy;
use ledgerstone_log::load_foreign_key;
use ledgerstone_log::open_imported;
use ledgerstone_log::save_foreign_key;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::ImportOrigin;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::StoredSearchKey;
use proptest::prelude::*;

use crate::faulty::Faults;
use crate::faulty::FaultyStore;
use crate::faulty::Step;
use crate::search::Person;

const SOURCE: &str = "other.example.org";
const SHARD: ShardId = ShardId::new(3);
const COPY: ImportOrigin = ImportOrigin {
    role: ImportRole::Copy,
    start: 0,
};

/// A log that somebody else runs.
#[derive(Clone)]
struct Source {
    bodies: Vec<Bytes>,
    signer: Arc<Ed25519Signer>,
}

impl Source {
    fn new(bodies: Vec<Bytes>) -> Self {
        let signer = Ed25519Signer::from_seed(SOURCE, &[5; 32]).unwrap();
        Self {
            bodies,
            signer: Arc::new(signer),
        }
    }

    fn of(count: u64) -> Self {
        Self::new((0..count).map(crate::body).collect())
    }

    fn key(&self) -> VerifierKey {
        self.signer.verifier().clone()
    }

    fn root(&self, size: u64) -> Hash {
        let mut edge = RightEdge::new();
        edge.extend(&leaf_hashes(&self.bodies[..size as usize]));
        edge.root()
    }

    fn checkpoint(&self, size: u64) -> String {
        sign(SOURCE, size, self.root(size), self.signer.as_ref())
    }

    fn up_to(&self, size: u64) -> ImportSource {
        ImportSource {
            key: self.key(),
            tree_id: None,
            checkpoint: self.checkpoint(size),
            origin: COPY,
            signer: None,
        }
    }

    fn foreign_key(&self) -> ForeignKey {
        ForeignKey {
            key: self.key(),
            signer: None,
            shown: None,
        }
    }

    fn entries(&self, first: u64, end: u64) -> Vec<ImportedEntry> {
        let bodies = &self.bodies[first as usize..end as usize];
        let times = bodies.iter().zip(first as i64..);
        let entry = |(body, time): (&Bytes, i64)| ImportedEntry {
            body: body.clone(),
            // Up and down, as in logs that take entries at several places.
            integrated_time: 1_600_000_000 + (time * 7) % 5,
            timestamp: None,
            attestation: None,
        };
        times.map(entry).collect()
    }

    fn proof(&self, old: u64, new: u64) -> ConsistencyProof {
        ConsistencyProof::from_tiles(self, TreeSize::new(old), TreeSize::new(new)).unwrap()
    }

    /// Appends the entries from the importer's own size up to `end`.
    fn give(&self, importer: &mut Importer, end: u64) -> Result<(), ImportError> {
        let first = importer.size().get();
        let target = importer.target().size.get();
        importer.append(self.entries(first, end), &self.proof(end, target))
    }

    /// Copies up to `size` in rounds that end at `ends` and there.
    fn copy(&self, store: &FaultyStore, size: u64, ends: &[u64]) -> ForeignKey {
        let mut importer = Importer::open(store.store.clone(), SHARD, self.up_to(size)).unwrap();
        for end in ends.iter().copied().chain([size]) {
            if end > importer.size().get() {
                self.give(&mut importer, end).unwrap();
            }
        }
        importer.finish().unwrap();
        self.foreign_key()
    }
}

impl TileSource for Source {
    type Error = TileId;

    fn tile(&self, id: TileId, width: TileWidth) -> Result<Arc<Tile>, TileId> {
        let mut hashes = leaf_hashes(&self.bodies);
        for _ in 0..id.level {
            let full = hashes.chunks_exact(256);
            hashes = full
                .map(|tile| Tile::from_hashes(tile).unwrap().root().unwrap())
                .collect();
        }
        let first = id.number as usize * 256;
        let wanted = hashes.get(first..first + width.get()).ok_or(id)?;
        Ok(Arc::new(Tile::from_hashes(wanted).unwrap()))
    }
}

fn sign(origin: &str, size: u64, root: Hash, signer: &dyn NoteSigner) -> String {
    let checkpoint = Checkpoint::new(origin, TreeSize::new(size), root).unwrap();
    let note = SignedNote::sign(checkpoint.to_text(), &[signer]).unwrap();
    note.to_string()
}

fn checked(store: &FaultyStore, key: &VerifierKey) -> FsckReport {
    fsck_copy(store, SHARD, key, &mut |_, _| ()).unwrap()
}

fn open(store: &FaultyStore, key: ForeignKey) -> Result<Tree, OpenError> {
    open_imported(store.store.clone(), SHARD, key, &LogOptions::default())
}

fn refused(store: &FaultyStore, source: ImportSource) -> ImportError {
    let importer = Importer::open(store.store.clone(), SHARD, source);
    importer.err().unwrap()
}

#[test]
fn a_copy_is_the_log_with_its_own_checkpoint() {
    let (source, store) = (Source::of(1_000), FaultyStore::new());
    let key = source.copy(&store, 1_000, &[1, 256, 300, 900]);
    let kept = store.kept_checkpoint(SHARD).unwrap();
    assert_eq!(kept, Some(source.checkpoint(1_000)));
    assert_eq!(key.key.log_id(), source.key().log_id());

    let report = checked(&store, &source.key());
    assert_eq!(report.findings, []);
    assert_eq!((report.size.get(), report.tiles), (1_000, 3));
    let tree = open(&store, key).unwrap();
    assert_eq!(tree.log_name(), SOURCE);
    for index in [0, 255, 256, 999] {
        let proven = crate::ready(tree.proven_entry(LeafIndex::new(index)))
            .unwrap()
            .unwrap();
        assert_eq!(proven.entry.body, crate::body(index));
        proven
            .proof
            .verify(&proven.leaf_hash, &source.root(1_000))
            .unwrap();
        let time = source.entries(index, index + 1)[0].integrated_time;
        assert_eq!(proven.entry.integrated_time, time);
    }
}

#[test]
fn every_size_is_copied_from_every_other() {
    let source = Source::of(15);
    for first in 0..=15 {
        for size in first..=15 {
            let store = FaultyStore::new();
            source.copy(&store, first, &[]);
            let key = source.copy(&store, size, &[]);
            assert_eq!(checked(&store, &source.key()).findings, []);
            assert_eq!(open(&store, key).unwrap().head().root(), source.root(size));
        }
    }
}

#[test]
fn entries_may_be_there_twice() {
    let bodies = (0..700_u64).map(|number| crate::body(number % 300));
    let (source, store) = (Source::new(bodies.collect()), FaultyStore::new());
    let key = source.copy(&store, 700, &[310, 311]);
    assert_eq!(checked(&store, &source.key()).findings, []);
    let tree = open(&store, key).unwrap();
    let hash = ledgerstone_merkle::leaf_hash(&crate::body(20));
    let index = crate::ready(tree.index_of(&hash)).unwrap();
    assert_eq!(index, Some(LeafIndex::new(620)));

    // But a leaf hash must lead to an entry that has it.
    for index in [19, 21, 680] {
        let wrong_index = Some((hash, index));
        store.set(Faults {
            wrong_index,
            ..Faults::default()
        });
        let found = checked(&store, &source.key()).findings;
        let wrong = |at| Finding::WrongLeafIndex(LeafIndex::new(at), Some(LeafIndex::new(index)));
        assert_eq!(found, [wrong(20), wrong(320), wrong(620)], "to {index}");
    }
}

#[test]
fn what_is_not_in_the_signed_tree_is_not_written() {
    let (source, store) = (Source::of(600), FaultyStore::new());
    let mut importer = Importer::open(store.store.clone(), SHARD, source.up_to(600)).unwrap();
    source.give(&mut importer, 100).unwrap();
    let before = store.steps();

    let mut flipped = source.clone();
    flipped.bodies[150] = Bytes::from_static(b"another");
    let mut left_out = source.clone();
    left_out.bodies.remove(150);
    let mut swapped = source.clone();
    swapped.bodies.swap(150, 151);
    for wrong in [flipped, left_out, swapped] {
        let entries = wrong.entries(100, 200);
        for proof in [
            source.proof(200, 600),
            ConsistencyProof {
                new: TreeSize::new(600),
                ..wrong.proof(200, 599)
            },
        ] {
            let error = importer.append(entries.clone(), &proof).unwrap_err();
            assert!(matches!(error, ImportError::Untrue { .. }), "{error}");
        }
    }
    for (end, proof) in [(200, (199, 600)), (200, (200, 599)), (200, (600, 600))] {
        let proof = source.proof(proof.0, proof.1);
        let error = importer.append(source.entries(100, end), &proof);
        let error = error.unwrap_err();
        assert!(matches!(error, ImportError::ProofSizes { .. }), "{error}");
    }
    assert_eq!(store.steps(), before);
    assert_eq!(importer.size().get(), 100);

    // The right entries may follow.
    source.give(&mut importer, 600).unwrap();
    importer.finish().unwrap();
    assert_eq!(checked(&store, &source.key()).findings, []);
}

#[test]
fn a_wrong_root_leaves_nothing_that_counts_as_complete() {
    let (source, store) = (Source::of(50), FaultyStore::new());
    let lie = ImportSource {
        checkpoint: sign(SOURCE, 50, source.root(49), source.signer.as_ref()),
        ..source.up_to(50)
    };
    let mut importer = Importer::open(store.store.clone(), SHARD, lie).unwrap();
    let error = source.give(&mut importer, 50).unwrap_err();
    assert!(matches!(error, ImportError::Untrue { .. }), "{error}");
    let error = importer.finish().unwrap_err();
    assert!(matches!(error, ImportError::Incomplete { .. }), "{error}");
    assert_eq!(store.steps(), []);
    let error = open(&store, source.foreign_key()).err().unwrap();
    assert!(
        matches!(error, OpenError::ForeignCheckpoint { .. }),
        "{error}"
    );
    let found = checked(&store, &source.key()).findings;
    assert_eq!(found, [Finding::NoKeptCheckpoint]);
}

#[test]
fn an_import_that_was_interrupted_goes_on() {
    let (source, store) = (Source::of(800), FaultyStore::new());
    source.copy(&store, 300, &[]);
    {
        let mut importer = Importer::open(store.store.clone(), SHARD, source.up_to(800)).unwrap();
        assert_eq!(importer.size().get(), 300);
        source.give(&mut importer, 512).unwrap();
    }
    // The checkpoint of the first import is there, but the copy is not one over what it covers.
    let found = checked(&store, &source.key()).findings;
    assert_eq!(found, [Finding::Incomplete(TreeSize::new(300))]);

    let commit_after = true;
    store.set(Faults {
        commit_after,
        ..Faults::default()
    });
    let mut importer = Importer::open(store.store.clone(), SHARD, source.up_to(800)).unwrap();
    let error = source.give(&mut importer, 600).unwrap_err();
    assert!(matches!(error, ImportError::Storage(_)), "{error}");
    store.set(Faults::default());

    let mut importer = Importer::open(store.store.clone(), SHARD, source.up_to(800)).unwrap();
    assert_eq!(importer.size().get(), 600);
    source.give(&mut importer, 800).unwrap();
    importer.finish().unwrap();
    assert_eq!(checked(&store, &source.key()).findings, []);
    let kept = store.steps().pop().unwrap();
    let checkpoint = source.checkpoint(800);
    assert_eq!(kept, Step::Keep { checkpoint });
}

/// Two thousand entries with a megabyte beside each are more than a store takes at once.
#[test]
fn entries_with_much_beside_them_are_written_in_several_rounds() {
    let person = Person::new();
    let entries: Vec<_> = (0..5)
        .map(|number| person.attests_and_leaves(&format!("artifact {number}")))
        .collect();
    let bodies = entries.iter().map(|entry| entry.body.clone()).collect();
    let (source, store) = (Source::new(bodies), FaultyStore::new());
    let mut importer = Importer::open(store.store.clone(), SHARD, source.up_to(5)).unwrap();
    let padding = Bytes::from(vec![b' '; 15 << 20]);
    let padded = source.entries(0, 5).into_iter().map(|entry| ImportedEntry {
        // Whatever it is: 75 MiB of it are to be written.
        timestamp: Some(padding.clone()),
        ..entry
    });
    let proof = source.proof(5, 5);
    importer.append(padded.collect(), &proof).unwrap();
    importer.finish().unwrap();
    let sizes = store.steps().into_iter().filter_map(|step| match step {
        Step::Commit { size } => Some(size),
        _ => None,
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [2, 4, 5]);
    assert_eq!(checked(&store, &source.key()).findings, []);
}

#[test]
fn a_checkpoint_that_was_lost_is_kept_again() {
    let (source, store) = (Source::of(20), FaultyStore::new());
    source.copy(&store, 20, &[]);
    let steps = store.steps().len();
    for kept in [None, Some(String::new())] {
        let faults = Faults {
            kept: Some(kept),
            ..Faults::default()
        };
        store.set(faults);
        let importer = Importer::open(store.store.clone(), SHARD, source.up_to(20)).unwrap();
        importer.finish().unwrap();
    }
    assert_eq!(store.steps().len(), steps + 2);
}

#[test]
fn a_source_that_takes_back_what_it_showed_is_refused() {
    let (source, store) = (Source::of(40), FaultyStore::new());
    source.copy(&store, 20, &[]);

    let error = refused(&store, source.up_to(19));
    assert!(matches!(error, ImportError::Shrunk { .. }), "{error}");

    let mut other = source.clone();
    other.bodies[3] = Bytes::from_static(b"another");
    let error = refused(&store, other.up_to(20));
    assert!(matches!(error, ImportError::Forked { .. }), "{error}");
    let mut importer = Importer::open(store.store.clone(), SHARD, other.up_to(40)).unwrap();
    let error = other.give(&mut importer, 40).unwrap_err();
    assert!(matches!(error, ImportError::Untrue { .. }), "{error}");

    // A store that was rolled back does not make the source's past undone.
    store.set(Faults {
        kept: Some(Some(source.checkpoint(30))),
        ..Faults::default()
    });
    let error = refused(&store, source.up_to(25));
    assert!(matches!(error, ImportError::Shrunk { .. }), "{error}");
    let error = refused(&store, other.up_to(30));
    assert!(matches!(error, ImportError::Forked { .. }), "{error}");
}

#[test]
fn a_checkpoint_that_the_source_did_not_sign_is_refused() {
    let (source, store) = (Source::of(5), FaultyStore::new());
    let impostor = Ed25519Signer::from_seed(SOURCE, &[6; 32]).unwrap();
    let root = source.root(5);
    let mut damaged = source.checkpoint(5);
    let at = damaged.find("\n5\n").unwrap();
    damaged.replace_range(at..at + 3, "\n6\n");
    for checkpoint in [
        sign(SOURCE, 5, root, &impostor),
        sign("third.example.org", 5, root, source.signer.as_ref()),
        damaged,
        String::new(),
    ] {
        let from = ImportSource {
            checkpoint,
            ..source.up_to(5)
        };
        let error = refused(&store, from);
        assert!(matches!(error, ImportError::Checkpoint(_)), "{error}");
    }
    assert_eq!(store.shards().unwrap(), []);
}

#[test]
fn a_shard_holds_one_log() {
    let (source, store) = (Source::of(5), FaultyStore::new());
    source.copy(&store, 5, &[]);
    let signer = Arc::new(Ed25519Signer::from_seed(SOURCE, &[6; 32]).unwrap());
    let other = Source {
        signer,
        ..source.clone()
    };
    let other_tree = ImportSource {
        tree_id: Some(77),
        ..source.up_to(5)
    };
    for from in [other.up_to(5), other_tree] {
        let error = refused(&store, from);
        assert!(matches!(error, ImportError::OtherLog { .. }), "{error}");
    }
    let error = fsck_copy(&store, SHARD, &other.key(), &mut |_, _| ()).unwrap_err();
    assert!(
        matches!(error, OpenError::ForeignCheckpoint { .. }),
        "{error}"
    );
}

#[test]
fn a_store_that_is_gone_is_not_written_over() {
    let (source, store) = (Source::of(5), FaultyStore::new());
    store.keep_checkpoint(SHARD, &source.checkpoint(5)).unwrap();
    let error = refused(&store, source.up_to(5));
    assert!(
        matches!(error, ImportError::Open(OpenError::Exists { .. })),
        "{error}"
    );
}

#[test]
fn a_damaged_copy_does_not_grow() {
    let (source, store) = (Source::of(40), FaultyStore::new());
    source.copy(&store, 20, &[]);
    let head = StoredHead {
        root: source.root(19),
        ..store.head(SHARD).unwrap().unwrap()
    };
    store.set(Faults {
        head: Some((SHARD, head)),
        ..Faults::default()
    });
    let error = refused(&store, source.up_to(40));
    assert!(
        matches!(error, ImportError::Open(OpenError::WrongRoot { .. })),
        "{error}"
    );
}

#[test]
fn a_tree_of_rekor_v1_has_its_id_and_signs_under_the_bare_name() {
    let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
    let signer = EcdsaP256Signer::from_pkcs8_pem(SOURCE, &pem).unwrap();
    let source = Source::of(9);
    let checkpoint = |tree_id: u64| {
        let origin = format!("{SOURCE} - {tree_id}");
        sign(&origin, 9, source.root(9), &signer)
    };
    let from = |tree_id, checkpoint| ImportSource {
        key: signer.verifier().clone(),
        tree_id: Some(tree_id),
        checkpoint,
        origin: COPY,
        signer: None,
    };
    let store = FaultyStore::new();
    let error = refused(&store, from(1_234, checkpoint(1_235)));
    assert!(matches!(error, ImportError::Checkpoint(_)), "{error}");

    let mut importer =
        Importer::open(store.store.clone(), SHARD, from(1_234, checkpoint(1_234))).unwrap();
    source.give(&mut importer, 9).unwrap();
    importer.finish().unwrap();
    let key = ForeignKey {
        key: signer.verifier().clone(),
        signer: None,
        shown: None,
    };
    let tree = open(&store, key).unwrap();
    assert_eq!((tree.tree_id(), tree.log_name()), (1_234, SOURCE));
    assert_eq!(tree.v1_key(), Some(signer.verifier()));
    assert_eq!(checked(&store, signer.verifier()).findings, []);
}

#[test]
fn entries_of_sigstore_are_found_by_what_they_name() {
    let person = Person::new();
    let entries: Vec<_> = (0..3)
        .map(|number| person.signs(&format!("artifact {number}")))
        .collect();
    let mut bodies: Vec<Bytes> = entries.iter().map(|entry| entry.body.clone()).collect();
    bodies.insert(1, Bytes::from_static(b"something else"));
    let (source, store) = (Source::new(bodies), FaultyStore::new());
    source.copy(&store, 4, &[2]);
    let places = [0, 2, 3];
    for (entry, place) in entries.iter().zip(places) {
        assert!(!entry.search_keys.is_empty());
        for key in &entry.search_keys {
            let key = StoredSearchKey {
                kind: key.kind.number(),
                hash: key.hash,
            };
            let found = store.search(SHARD, &key, LeafIndex::new(0), 10).unwrap();
            assert!(found.contains(&LeafIndex::new(place)), "{found:?}");
        }
    }
}

#[test]
fn the_public_key_is_kept_beside_the_log_s_own() {
    let (source, store) = (Source::of(5), FaultyStore::new());
    let directory = tempfile::tempdir().unwrap();
    let key_dir = directory.path().join("keys");
    assert!(load_foreign_key(&key_dir, SHARD).unwrap().is_none());
    assert!(ForeignKey::load(&key_dir, SHARD).unwrap().is_none());

    save_foreign_key(&key_dir, SHARD, &source.key()).unwrap();
    assert_eq!(
        load_foreign_key(&key_dir, SHARD).unwrap(),
        Some(source.key())
    );
    let loaded = || ForeignKey::load(&key_dir, SHARD).unwrap().unwrap();
    let mut importer = Importer::open(store.store.clone(), SHARD, source.up_to(5)).unwrap();
    source.give(&mut importer, 5).unwrap();
    let error = open(&store, loaded()).err().unwrap();
    assert!(error.to_string().contains("not completed"), "{error}");

    importer.finish().unwrap();
    assert_eq!(loaded().key, source.key());
    open(&store, loaded()).unwrap();

    std::fs::write(key_dir.join("shard-3.vkey"), "no key").unwrap();
    assert!(load_foreign_key(&key_dir, SHARD).is_err());
    assert!(ForeignKey::load(&key_dir, SHARD).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_it_is_cut_a_copy_is_the_same(
        mut ends in proptest::collection::vec(1_u64..700, 0..8)
    ) {
        ends.sort_unstable();
        let (source, store) = (Source::of(700), FaultyStore::new());
        let key = source.copy(&store, 700, &ends);
        let head = store.head(SHARD).unwrap().unwrap();
        prop_assert_eq!((head.size.get(), head.root), (700, source.root(700)));
        prop_assert_eq!(checked(&store, &source.key()).findings, []);
        prop_assert!(open(&store, key).is_ok());
    }
}
