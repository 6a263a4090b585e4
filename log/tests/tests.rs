//! The log against a store that may fail: what it promises, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

mod append;
mod fatal;
mod faulty;
mod fsck;
mod import;
mod imported;
mod read;
mod recovery;
mod reindex;
mod search;
mod shards;

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_log::AppendError;
use ledgerstone_log::Appended;
use ledgerstone_log::Log;
use ledgerstone_log::LogKeys;
use ledgerstone_log::LogOptions;
use ledgerstone_log::OpenError;
use ledgerstone_log::Submission;
use ledgerstone_log::fsck;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;

use crate::faulty::FaultyStore;

pub(crate) const SHARD: ShardId = ShardId::new(0);
pub(crate) const ORIGIN: &str = "log.example.com";

/// A log's store and keys, which stay when the log is closed.
pub(crate) struct Site {
    pub(crate) store: Arc<FaultyStore>,
    ed25519: String,
    ecdsa: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            store: FaultyStore::new(),
            ed25519: ledgerstone_merkle::Ed25519Signer::generate_pkcs8_pem()
                .unwrap()
                .to_string(),
            ecdsa: ledgerstone_merkle::EcdsaP256Signer::generate_pkcs8_pem()
                .unwrap()
                .to_string(),
        }
    }

    pub(crate) fn keys(&self) -> LogKeys {
        LogKeys::from_pem(ORIGIN, &self.ed25519, &self.ecdsa).unwrap()
    }

    pub(crate) fn create(&self) -> Log {
        Log::create(
            self.store.clone(),
            SHARD,
            self.keys(),
            LogOptions::default(),
        )
        .unwrap()
    }

    pub(crate) fn open(&self) -> Result<Log, OpenError> {
        Log::open(
            self.store.clone(),
            SHARD,
            self.keys(),
            LogOptions::default(),
        )
    }

    /// A log that held `count` entries and was closed.
    pub(crate) async fn with_entries(count: u64) -> Self {
        let site = Self::new();
        let log = site.create();
        append_all(&log, 0..count).await;
        log.close().await.unwrap();
        site
    }

    /// Checks the whole store against itself and against the checkpoint that was signed last.
    pub(crate) fn check_whole_log(&self, size: u64) {
        let store: &dyn Store = self.store.as_ref();
        let report = fsck(store, SHARD, Some(&self.keys()), &mut |_, _| ()).unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(report.size.get(), size);
    }
}

pub(crate) fn body(number: u64) -> Bytes {
    format!("{{\"entry\":{number}}}").into()
}

pub(crate) async fn append(log: &Log, number: u64) -> Result<Appended, AppendError> {
    log.append(Submission::new(body(number))?).await
}

/// Appends many at the same time, so that rounds carry many entries, but no more than the queue holds.
pub(crate) async fn append_all(log: &Log, numbers: std::ops::Range<u64>) -> Vec<Appended> {
    let numbers: Vec<u64> = numbers.collect();
    let mut appended = Vec::new();
    for some in numbers.chunks(LogOptions::default().queue_entries / 2) {
        let tasks: Vec<_> = some
            .iter()
            .map(|&number| {
                let log = log.clone();
                tokio::spawn(async move { append(&log, number).await.unwrap() })
            })
            .collect();
        for task in tasks {
            appended.push(task.await.unwrap());
        }
    }
    appended
}

/// Opens a checkpoint as a stranger would, with the log's public key alone.
pub(crate) fn verified(checkpoint: &str, key: &VerifierKey) -> Checkpoint {
    let note = SignedNote::parse(checkpoint).unwrap();
    note.verify(std::slice::from_ref(key)).unwrap();
    Checkpoint::parse(note.text()).unwrap()
}

pub(crate) fn key(log: &Log) -> VerifierKey {
    log.keys().ed25519().verifier().clone()
}
