//! Trees that were imported, beside the one that grows: what they are to the log, and what signs
//! for them.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_log::ForeignKey;
use ledgerstone_log::ImportError;
use ledgerstone_log::ImportSource;
use ledgerstone_log::ImportedEntry;
use ledgerstone_log::Importer;
use ledgerstone_log::IncompleteCopy;
use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::OpenError;
use ledgerstone_log::Protocols;
use ledgerstone_log::Submission;
use ledgerstone_log::Tree;
use ledgerstone_log::Trees;
use ledgerstone_log::create_trees;
use ledgerstone_log::save_foreign_key;
use ledgerstone_log::save_shard_signer;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::ImportOrigin;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::TreeKind;
use tempfile::TempDir;

use crate::ORIGIN;
use crate::faulty::FaultyStore;

const SOURCE: &str = "old.example.org";

/// A tree of a Rekor v1, with the signed times of its entries.
struct Source {
    tree_id: u64,
    /// The virtual index of its first entry.
    start: u64,
    bodies: Vec<Bytes>,
    /// What it signed when it took the entries.
    timestamps: Vec<Vec<u8>>,
    pem: String,
    signer: EcdsaP256Signer,
}

impl Source {
    fn new(tree_id: u64, start: u64, size: u64) -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap().to_string();
        let body = |number| format!("entry {number} of tree {tree_id}").into();
        let mut source = Self {
            tree_id,
            start,
            bodies: (0..size).map(body).collect(),
            timestamps: Vec::new(),
            signer: EcdsaP256Signer::from_pkcs8_pem(SOURCE, &pem).unwrap(),
            pem,
        };
        source.timestamps = (0..size).map(|index| source.timestamp(index)).collect();
        source
    }

    fn grow(&mut self, entries: u64) {
        let size = self.bodies.len() as u64;
        for index in size..size + entries {
            self.bodies.push(format!("later entry {index}").into());
            self.timestamps.push(self.timestamp(index));
        }
    }

    fn key(&self) -> VerifierKey {
        self.signer.verifier().clone()
    }

    fn import_as(&self, role: ImportRole) -> ImportSource {
        let mut edge = RightEdge::new();
        edge.extend(&leaf_hashes(&self.bodies));
        let origin = format!("{SOURCE} - {}", self.tree_id);
        let size = TreeSize::new(self.bodies.len() as u64);
        let checkpoint = Checkpoint::new(origin, size, edge.root()).unwrap();
        let note = SignedNote::sign(checkpoint.to_text(), &[&self.signer]).unwrap();
        ImportSource {
            key: self.key(),
            tree_id: Some(self.tree_id),
            checkpoint: note.to_string(),
            origin: ImportOrigin {
                role,
                start: self.start,
            },
            signer: None,
        }
    }

    fn entries(&self) -> Vec<ImportedEntry> {
        let entry = |(index, body): (u64, &Bytes)| ImportedEntry {
            body: body.clone(),
            integrated_time: time(index),
            timestamp: Some(self.timestamps[index as usize].clone().into()),
            attestation: None,
        };
        (0..).zip(&self.bodies).map(entry).collect()
    }

    fn timestamp(&self, index: u64) -> Vec<u8> {
        let payload = timestamp_payload(
            &self.bodies[index as usize],
            time(index),
            self.key().log_id(),
            self.start + index,
        );
        self.signer.sign_bytes(payload.as_bytes()).unwrap()
    }
}

fn time(index: u64) -> i64 {
    1_600_000_000 + index as i64
}

fn timestamp_payload(body: &[u8], time: i64, log_id: [u8; 32], virtual_index: u64) -> String {
    format!(
        r#"{{"body":"{}","integratedTime":{time},"logID":"{}","logIndex":{virtual_index}}}"#,
        STANDARD.encode(body),
        Hash::new(log_id),
    )
}

/// The timestamp that `tree` gives for an entry, if it gives one; it has to verify with the tree's
/// key.
#[track_caller]
fn verified_timestamp(tree: &Tree, index: u64) -> Option<Vec<u8>> {
    let index = LeafIndex::new(index);
    let entry = crate::ready(tree.entry(index)).unwrap().unwrap();
    let body = STANDARD.encode(&entry.body);
    let timestamp = tree.signed_entry_timestamp(index, entry.integrated_time, &body);
    let timestamp = crate::ready(timestamp).unwrap()?;
    let key = tree.v1_key().unwrap();
    let payload = timestamp_payload(
        &entry.body,
        entry.integrated_time,
        key.log_id(),
        tree.virtual_index(index),
    );
    key.verify(&payload, &timestamp).unwrap();
    Some(timestamp)
}

/// Where the log's own trees lie: behind room for what comes before them.
const V2: ShardId = ShardId::new(0);
const V1: ShardId = ShardId::new(10);

/// A data directory.
struct Site {
    store: FaultyStore,
    trees: [NewTree; 2],
    keyring: Keyring,
    keys: TempDir,
}

impl Site {
    fn new() -> Self {
        let trees = [
            NewTree::new(V2, TreeKind::REKOR_V2, ORIGIN),
            NewTree::new(V1, TreeKind::REKOR_V1, ORIGIN),
        ];
        Self {
            store: FaultyStore::new(),
            keyring: Keyring::generate(&trees, &Protocols::default()).unwrap(),
            trees,
            keys: tempfile::tempdir().unwrap(),
        }
    }

    fn key_dir(&self) -> &Path {
        self.keys.path()
    }

    fn begin(&self, shard: u32, from: ImportSource) -> Result<Importer, ImportError> {
        let shard = ShardId::new(shard);
        save_foreign_key(self.key_dir(), shard, &from.key).unwrap();
        Importer::open(self.store.store.clone(), shard, from)
    }

    fn import(&self, shard: u32, source: &Source, from: ImportSource) -> Result<(), ImportError> {
        let mut importer = self.begin(shard, from)?;
        let size = importer.target().size;
        let whole = ConsistencyProof {
            old: size,
            new: size,
            hashes: Vec::new(),
        };
        importer.append(source.entries(), &whole)?;
        importer.finish()
    }

    /// The trees of the log, made if there are none yet.
    fn make(&self) {
        if self.store.identity(V2).unwrap().is_none() {
            create_trees(
                &self.store,
                &self.trees,
                &self.keyring,
                &LogOptions::default(),
            )
            .unwrap();
        }
    }

    fn open(&self) -> Result<Log, OpenError> {
        self.make();
        let mut keyring = self.keyring.clone();
        for shard in self.store.shards().unwrap() {
            if let Some(key) = ForeignKey::load(self.key_dir(), shard)? {
                keyring.add_foreign(shard, key);
            }
        }
        Log::open(self.store.store.clone(), keyring, LogOptions::default())
    }

    fn trees(&self) -> Result<(Arc<Trees>, Vec<IncompleteCopy>), OpenError> {
        let log = self.open()?;
        Ok((log.trees(), log.incomplete_copies().to_vec()))
    }

    /// Logs entries of Rekor v1, whose places the log signs.
    async fn log_entries(&self, count: u64) {
        let log = self.open().unwrap();
        for number in 0..count {
            let submission = Submission::new(crate::body(number)).unwrap();
            log.append(TreeKind::REKOR_V1, submission).await.unwrap();
        }
        log.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn predecessors_come_before_the_log_and_copies_have_no_place_in_it() {
    let site = Site::new();
    let (first, second) = (Source::new(11, 0, 3), Source::new(12, 3, 2));
    let copied = Source::new(13, 1_000, 4);
    let role = ImportRole::Predecessor;
    let imports = [
        first.import_as(role),
        second.import_as(role),
        copied.import_as(ImportRole::Copy),
    ];
    site.import(1, &first, imports[0].clone()).unwrap();
    site.import(2, &second, imports[1].clone()).unwrap();
    site.log_entries(5).await;
    // A copy may come at any time.
    site.import(3, &copied, imports[2].clone()).unwrap();

    let (trees, incomplete) = site.trees().unwrap();
    assert_eq!(incomplete, []);
    let counted = trees.counted().iter().chain(trees.copies());
    let starts: Vec<_> = counted.map(|tree| (tree.tree_id(), tree.start())).collect();
    let own = site.trees[1].tree_id;
    assert_eq!(starts, [(11, 0), (12, 3), (own, 5), (13, 1_000)]);
    let inactive: Vec<_> = trees.inactive().map(Tree::tree_id).collect();
    assert_eq!(inactive, [11, 12]);
    assert_eq!(trees.locate(4).unwrap().0.tree_id(), 12);
    assert_eq!(trees.locate(1_001).unwrap().0.tree_id(), own);
    assert_eq!(trees.by_tree_id(13).unwrap().origin(), SOURCE);

    // All of these count from where they did, so that what the source signed still holds.
    for (source, import) in [&first, &second, &copied].into_iter().zip(imports) {
        let tree = trees.by_tree_id(source.tree_id).unwrap();
        assert_eq!(tree.v1_key().unwrap().log_id(), source.key().log_id());
        let given = verified_timestamp(tree, 1).unwrap();
        assert_eq!(given, source.timestamps[1]);
        let note = tree.v1_checkpoint(&tree.head()).unwrap();
        assert_eq!(note, import.checkpoint);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_predecessor_that_counts_from_elsewhere_needs_its_own_key() {
    let site = Site::new();
    // It was the second tree where it comes from, and is the first here.
    let source = Source::new(12, 3, 2);
    let from = source.import_as(ImportRole::Predecessor);
    let error = site.begin(1, from).err().unwrap();
    assert!(
        matches!(
            error,
            ImportError::CountsFromElsewhere { there: 3, here: 0 }
        ),
        "{error}"
    );

    let key = save_shard_signer(site.key_dir(), ShardId::new(1), SOURCE, &source.pem).unwrap();
    let from = ImportSource {
        signer: Some(key),
        ..source.import_as(ImportRole::Predecessor)
    };
    site.import(1, &source, from).unwrap();
    let (trees, _) = site.trees().unwrap();
    let tree = &trees.counted()[0];
    let timestamp = verified_timestamp(tree, 0).unwrap();
    assert_ne!(timestamp, source.timestamps[0]);
    let note = tree.v1_checkpoint(&tree.head()).unwrap();
    let note = SignedNote::parse(&note).unwrap();
    note.verify(&[source.key()]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_key_of_the_source_signs_for_a_predecessor() {
    let site = Site::new();
    let (source, other) = (Source::new(12, 0, 2), Source::new(12, 0, 2));
    let signed_by = |signer: &Source| ImportSource {
        signer: Some(signer.key()),
        ..source.import_as(ImportRole::Predecessor)
    };
    let error = site.begin(1, signed_by(&other)).err().unwrap();
    assert!(matches!(error, ImportError::OtherSigner), "{error}");

    let shard = ShardId::new(1);
    save_shard_signer(site.key_dir(), shard, SOURCE, &source.pem).unwrap();
    site.import(1, &source, signed_by(&source)).unwrap();
    site.open().unwrap();
    save_shard_signer(site.key_dir(), shard, SOURCE, &other.pem).unwrap();
    let error = site.open().err().unwrap();
    assert!(matches!(error, OpenError::ShardKeys { .. }), "{error}");
    std::fs::remove_file(site.key_dir().join("shard-1-ecdsa-p256.pem")).unwrap();
    let error = site.open().err().unwrap();
    assert!(matches!(error, OpenError::ShardKeys { .. }), "{error}");
}

#[test]
fn predecessors_come_oldest_first() {
    let site = Site::new();
    let (first, second) = (Source::new(11, 0, 3), Source::new(12, 0, 2));
    let role = ImportRole::Predecessor;
    site.import(2, &first, first.import_as(role)).unwrap();
    let error = site.begin(1, second.import_as(role)).err().unwrap();
    assert!(matches!(error, ImportError::OutOfOrder { .. }), "{error}");
    let error = site.begin(3, second.import_as(role)).err().unwrap();
    assert!(
        matches!(
            error,
            ImportError::CountsFromElsewhere { there: 0, here: 3 }
        ),
        "{error}"
    );
    let next = Source::new(12, 3, 2);
    site.import(3, &next, next.import_as(role)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tree_comes_before_one_that_has_entries() {
    let site = Site::new();
    let (early, late) = (Source::new(11, 0, 3), Source::new(12, 3, 2));
    let role = ImportRole::Predecessor;
    site.make();
    // While the log is empty, it may; entries of Rekor v2 have no place in that order.
    let log = site.open().unwrap();
    let submission = Submission::new(crate::body(0)).unwrap();
    log.append(TreeKind::REKOR_V2, submission).await.unwrap();
    log.close().await.unwrap();
    site.import(1, &early, early.import_as(role)).unwrap();
    site.log_entries(1).await;
    let error = site.begin(2, late.import_as(role)).err().unwrap();
    assert!(matches!(error, ImportError::TooLate { .. }), "{error}");

    // Nor does one that is there grow.
    let grown = Source {
        bodies: (0..9).map(|number| Bytes::from(vec![number])).collect(),
        ..early
    };
    let error = site.begin(1, grown.import_as(role)).err().unwrap();
    assert!(matches!(error, ImportError::TooLate { .. }), "{error}");
    site.begin(2, late.import_as(ImportRole::Copy)).unwrap();
}

#[test]
fn a_predecessor_needs_a_key_that_rekor_v1_clients_verify_with() {
    let site = Site::new();
    let signer = Ed25519Signer::from_seed(SOURCE, &[3; 32]).unwrap();
    let checkpoint =
        Checkpoint::new(SOURCE, TreeSize::EMPTY, ledgerstone_merkle::EMPTY_ROOT).unwrap();
    let note = SignedNote::sign(checkpoint.to_text(), &[&signer]).unwrap();
    let from = ImportSource {
        key: signer.verifier().clone(),
        tree_id: None,
        checkpoint: note.to_string(),
        origin: ImportOrigin {
            role: ImportRole::Predecessor,
            start: 0,
        },
        signer: None,
    };
    let error = site.begin(1, from.clone()).err().unwrap();
    assert!(matches!(error, ImportError::NoV1Key), "{error}");
    let with_key = ImportSource {
        signer: Some(Source::new(1, 0, 0).key()),
        ..from
    };
    site.begin(1, with_key).unwrap();
}

#[test]
fn an_import_goes_on_as_it_was_begun() {
    let site = Site::new();
    let source = Source::new(11, 0, 3);
    site.begin(1, source.import_as(ImportRole::Copy)).unwrap();
    let elsewhere = ImportSource {
        origin: ImportOrigin {
            role: ImportRole::Copy,
            start: 1,
        },
        ..source.import_as(ImportRole::Copy)
    };
    let with_key = ImportSource {
        signer: Some(source.key()),
        ..source.import_as(ImportRole::Copy)
    };
    let predecessor = source.import_as(ImportRole::Predecessor);
    for other in [elsewhere, with_key, predecessor] {
        let error = site.begin(1, other).err().unwrap();
        assert!(matches!(error, ImportError::OtherPurpose { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_not_complete_is_left_out_and_a_predecessor_stops_the_start() {
    let site = Site::new();
    let source = Source::new(13, 1_000, 4);
    site.begin(1, source.import_as(ImportRole::Copy)).unwrap();
    let (trees, incomplete) = site.trees().unwrap();
    assert_eq!(trees.copies().len(), 0);
    let left_out = IncompleteCopy {
        origin: SOURCE.to_owned(),
        tree_id: 13,
        entries: 0,
    };
    assert_eq!(incomplete, [left_out]);

    // Nor is one that was complete, and has more entries now than its checkpoint.
    let (site, mut source) = (Site::new(), source);
    site.import(1, &source, source.import_as(ImportRole::Copy))
        .unwrap();
    source.grow(2);
    let mut importer = site.begin(1, source.import_as(ImportRole::Copy)).unwrap();
    let (size, whole) = (importer.target().size, source.entries().split_off(4));
    let proof = ConsistencyProof {
        old: size,
        new: size,
        hashes: Vec::new(),
    };
    importer.append(whole, &proof).unwrap();
    drop(importer);
    let (trees, incomplete) = site.trees().unwrap();
    assert_eq!((trees.copies().len(), incomplete[0].entries), (0, 6));

    let (site, source) = (Site::new(), Source::new(13, 0, 4));
    let from = source.import_as(ImportRole::Predecessor);
    site.begin(1, from).unwrap();
    let error = site.open().err().unwrap();
    assert!(
        matches!(error, OpenError::ForeignCheckpoint { .. }),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_whose_key_is_lost_or_that_is_there_twice_is_refused() {
    let site = Site::new();
    let source = Source::new(13, 0, 4);
    site.import(1, &source, source.import_as(ImportRole::Copy))
        .unwrap();
    site.make();
    std::fs::remove_file(site.key_dir().join("shard-1.vkey")).unwrap();
    let error = site.open().err().unwrap();
    assert!(matches!(error, OpenError::NoForeignKey(_)), "{error}");

    save_foreign_key(site.key_dir(), ShardId::new(1), &source.key()).unwrap();
    let again = source.import_as(ImportRole::Copy);
    let error = site.begin(2, again).err().unwrap();
    assert!(
        matches!(error, ImportError::SameTree { tree_id: 13, .. }),
        "{error}"
    );
    site.open().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_tree_is_refused() {
    let site = Site::new();
    let source = Source::new(13, 0, 4);
    site.import(1, &source, source.import_as(ImportRole::Copy))
        .unwrap();
    site.make();
    let mut head = site.store.head(ShardId::new(1)).unwrap().unwrap();
    head.root = ledgerstone_merkle::leaf_hash(b"another");
    site.store.set(crate::faulty::Faults {
        head: Some((ShardId::new(1), head)),
        ..Default::default()
    });
    let error = site.open().err().unwrap();
    assert!(matches!(error, OpenError::WrongRoot { .. }), "{error}");
}
