//! A directory as version 0.1 left it.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ledgerstone_log::KeyDirectory;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::NewEntry;
use ledgerstone_storage::OLD_SCHEMA_VERSION;
use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::Round;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::TreeKind;
use ledgerstone_storage::planted_schema_version;

use crate::ORIGIN;

pub(crate) const TREE_ID: u64 = 4_711;
pub(crate) const SHARD: ShardId = ShardId::new(0);
const TIME: i64 = 1_700_000_000;

/// Writes a log of version 0.1 with `entries`, fewer than a tile holds, into `data`. Returns the
/// signer of its checkpoints.
pub(crate) fn write_log(data: &Path, entries: u64) -> Ed25519Signer {
    let keys = data.join("keys");
    fs::create_dir_all(&keys).unwrap();
    let ed25519 = Ed25519Signer::generate_pkcs8_pem().unwrap();
    let ecdsa = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
    write_key(&keys, KeyDirectory::ED25519_FILE, &ed25519);
    write_key(&keys, KeyDirectory::ECDSA_FILE, &ecdsa);
    let ed25519 = Ed25519Signer::from_pkcs8_pem(ORIGIN, &ed25519).unwrap();
    let ecdsa = EcdsaP256Signer::from_pkcs8_pem(ORIGIN, &ecdsa).unwrap();
    let store = Store::open_rocksdb(data, &RocksOptions::default()).unwrap();
    store.plant(planted_schema_version(OLD_SCHEMA_VERSION));
    let identity = ShardIdentity {
        kind: TreeKind::MIXED,
        tree_id: TREE_ID,
        origin: ORIGIN.to_owned(),
        keys: vec![ed25519.verifier().log_id(), ecdsa.verifier().log_id()],
        created: TIME,
        import: None,
    };
    let mut edge = RightEdge::new();
    let empty = head(TreeSize::EMPTY, EMPTY_ROOT);
    store.create_shard(SHARD, &identity, &empty).unwrap();
    if entries > 0 {
        let entries = (0..entries).map(entry).collect::<Vec<_>>();
        entries
            .iter()
            .for_each(|entry| edge.append(entry.leaf_hash));
        let round = Round {
            first: LeafIndex::new(0),
            entries,
            tiles: Vec::new(),
            head: head(edge.size(), edge.root()),
        };
        store.commit(&[(SHARD, &round)]).unwrap();
    }
    let checkpoint = Checkpoint::new(ORIGIN, edge.size(), edge.root()).unwrap();
    let note = SignedNote::sign(checkpoint.to_text(), &[&ed25519]).unwrap();
    store.keep_checkpoint(SHARD, &note.to_string()).unwrap();
    ed25519
}

fn entry(number: u64) -> NewEntry {
    let body = format!("{{\"entry\":{number}}}");
    NewEntry {
        leaf_hash: leaf_hash(body.as_bytes()),
        duplicate_key: None,
        integrated_time: TIME,
        body: body.into(),
        search_keys: Vec::new(),
        names: Vec::new(),
        later: None,
        attestations: Vec::new(),
    }
}

fn head(size: TreeSize, root: ledgerstone_merkle::Hash) -> StoredHead {
    StoredHead {
        size,
        root,
        time: TIME,
    }
}

fn write_key(directory: &Path, file: &str, pem: &str) {
    let path = directory.join(file);
    fs::write(&path, pem).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}
