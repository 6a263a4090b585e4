use std::sync::Arc;

use ledgerstone_log::Log;
use ledgerstone_log::LogKeys;
use ledgerstone_log::LogOptions;
use ledgerstone_log::OpenError;
use ledgerstone_log::Shard;
use ledgerstone_log::ShardKeys;
use ledgerstone_log::Shards;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::ShardId;

use crate::ORIGIN;
use crate::append_all;
use crate::faulty::FaultyStore;
use crate::verified;

/// One store in which logs follow one another.
struct Years {
    store: Arc<FaultyStore>,
}

impl Years {
    fn new() -> Self {
        Self {
            store: FaultyStore::new(),
        }
    }

    fn create(&self, shard: u32, tree_id: u64) -> Log {
        let options = LogOptions {
            tree_id: Some(tree_id),
            ..LogOptions::default()
        };
        let keys = LogKeys::generate(ORIGIN).unwrap();
        Log::create(self.store.clone(), ShardId::new(shard), keys, options).unwrap()
    }

    /// A log that took `entries`, was closed, and is read as a frozen shard with its own keys.
    async fn frozen(&self, shard: u32, tree_id: u64, entries: std::ops::Range<u64>) -> Shard {
        let pems = (
            ledgerstone_merkle::Ed25519Signer::generate_pkcs8_pem().unwrap(),
            ledgerstone_merkle::EcdsaP256Signer::generate_pkcs8_pem().unwrap(),
        );
        let keys = || LogKeys::from_pem(ORIGIN, &pems.0, &pems.1).unwrap();
        let options = LogOptions {
            tree_id: Some(tree_id),
            ..LogOptions::default()
        };
        let id = ShardId::new(shard);
        let log = Log::create(self.store.clone(), id, keys(), options).unwrap();
        append_all(&log, entries).await;
        log.close().await.unwrap();
        self.open(shard, ShardKeys::Own(Arc::new(keys()))).unwrap()
    }

    fn open(&self, shard: u32, keys: ShardKeys) -> Result<Shard, OpenError> {
        Shard::open_frozen(
            self.store.clone(),
            ShardId::new(shard),
            keys,
            &LogOptions::default(),
        )
    }
}

fn v1_key(shard: &Shard) -> VerifierKey {
    VerifierKey::ecdsa_p256(ORIGIN, &shard.v1_public_key_der()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn virtual_indexes_count_over_all_trees() {
    let years = Years::new();
    let frozen = vec![
        years.frozen(0, 11, 0..3).await,
        years.frozen(1, 12, 0..0).await,
        years.frozen(2, 13, 0..2).await,
    ];
    let active = years.create(3, 14);
    append_all(&active, 0..4).await;
    let shards = Shards::new(frozen, active).unwrap();
    let located: Vec<_> = (0..10)
        .map(|virtual_index| {
            let (shard, index) = shards.locate(virtual_index);
            assert_eq!(shard.virtual_index(index), virtual_index);
            (shard.tree_id(), index.get())
        })
        .collect();
    let expected = [
        (11, 0),
        (11, 1),
        (11, 2),
        (13, 0),
        (13, 1),
        (14, 0),
        (14, 1),
        (14, 2),
        (14, 3),
        (14, 4),
    ];
    assert_eq!(located, expected);
    assert_eq!(shards.active().tree_id(), 14);
    assert_eq!(shards.frozen().len(), 3);
    assert_eq!(shards.by_tree_id(12).unwrap().start(), 3);
    assert!(shards.by_tree_id(15).is_none());
    assert!(shards.active().entry(LeafIndex::new(4)).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tree_proves_and_signs_with_its_own_keys() {
    let years = Years::new();
    let frozen = years.frozen(0, 11, 0..300).await;
    let active = years.create(1, 12);
    append_all(&active, 0..5).await;
    let shards = Shards::new(vec![frozen], active).unwrap();
    assert_ne!(shards.all()[0].v1_log_id(), shards.all()[1].v1_log_id());
    for shard in shards.all() {
        let proven = shard.proven_entry(LeafIndex::new(2)).unwrap().unwrap();
        assert_eq!(proven.leaf_hash, leaf_hash(&proven.entry.body));
        let key = v1_key(shard);
        assert_eq!(key.log_id(), shard.v1_log_id());
        let note = shard.v1_checkpoint(&proven.head).unwrap();
        let checkpoint = verified(&note, &key);
        assert_eq!(checkpoint.origin, format!("{ORIGIN} - {}", shard.tree_id()));
        proven
            .proof
            .verify(&proven.leaf_hash, &checkpoint.root)
            .unwrap();

        let signature = shard
            .signed_entry_timestamp(LeafIndex::new(2), 1_700_000_000, "e30=")
            .unwrap()
            .unwrap();
        let payload = format!(
            r#"{{"body":"e30=","integratedTime":1700000000,"logID":"{}","logIndex":{}}}"#,
            ledgerstone_merkle::Hash::new(shard.v1_log_id()),
            shard.start() + 2,
        );
        key.verify(&payload, &signature).unwrap();
    }
    let (one, all) = (TreeSize::new(1), TreeSize::new(300));
    let proof = shards.frozen()[0].consistency_proof(one, all).unwrap();
    let first = leaf_hash(
        &shards.frozen()[0]
            .entry(LeafIndex::new(0))
            .unwrap()
            .unwrap()
            .body,
    );
    proof
        .verify(&first, &shards.frozen()[0].head().root())
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_trees_of_one_id_are_refused() {
    let years = Years::new();
    let frozen = years.frozen(0, 11, 0..1).await;
    let active = years.create(1, 11);
    let error = Shards::new(vec![frozen], active).err().unwrap();
    assert!(matches!(error, OpenError::SameTreeId(11)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_tree_with_other_keys_is_refused() {
    let years = Years::new();
    years.frozen(0, 11, 0..2).await;
    let keys = Arc::new(LogKeys::generate(ORIGIN).unwrap());
    let error = years.open(0, ShardKeys::Own(keys)).err().unwrap();
    assert!(matches!(error, OpenError::OtherKey { .. }), "{error}");
}
