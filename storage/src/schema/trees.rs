//! Reads of what a store says about its trees and itself.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::access::decode;
use super::identity;
use super::keys;
use super::keys::MetaKey;
use super::store::Schema;
use crate::damage::Damage;
use crate::engine::KeyRange;
use crate::engine::MAX_KEPT_BYTES;
use crate::engine::Reuse;
use crate::engine::Statistics;
use crate::engine::Table;
use crate::error::StorageError;
use crate::shard::ShardIdentity;
use crate::shard::StoredHead;
use crate::shard_id::ShardId;
use crate::trees::Frozen;
use crate::trees::StoredTree;

impl Schema {
    /// The shards, oldest first.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a name in the store is not one that this schema writes, or
    /// when a shard is named that has no identity; the engine's own trouble.
    pub async fn shards(&self) -> Result<Vec<ShardId>, StorageError> {
        let (mut named, mut identified) = (BTreeSet::new(), BTreeSet::new());
        let all = KeyRange::of_prefix(b"");
        for (name, _) in self
            .rows(Table::Meta, all, usize::MAX, Reuse::Likely)
            .await?
        {
            match MetaKey::decode(&name).ok_or(Damage::Undecodable("name in meta"))? {
                MetaKey::Identity(shard) => {
                    identified.insert(shard);
                }
                MetaKey::Head(shard) | MetaKey::Frozen(shard) | MetaKey::PublicKeys(shard) => {
                    named.insert(shard);
                }
                MetaKey::Schema | MetaKey::Reindex | MetaKey::Generation => {}
            }
        }
        match named.difference(&identified).next() {
            Some(shard) => Err(Damage::IdentityMissing(*shard).into()),
            None => Ok(identified.into_iter().collect()),
        }
    }

    /// The identity that `shard` was created with, or `None` when there is no such shard.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    pub async fn identity(&self, shard: ShardId) -> Result<Option<ShardIdentity>, StorageError> {
        let value = self.value(Table::Meta, &keys::identity(shard)).await?;
        decode(value, "shard's identity", |value| identity::decode(&value))
    }

    /// The head of the last round of `shard`, or `None` when there is no such shard.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    pub async fn head(&self, shard: ShardId) -> Result<Option<StoredHead>, StorageError> {
        let value = self.value(Table::Meta, &keys::head(shard)).await?;
        decode_head(value)
    }

    /// The last checkpoint of `shard` and when it was frozen; `None` when it is not frozen, or not
    /// there.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    pub async fn frozen(&self, shard: ShardId) -> Result<Option<Frozen>, StorageError> {
        let value = self.value(Table::Meta, &keys::frozen(shard)).await?;
        decode(value, "frozen tree", |value| keys::decode_frozen(&value))
    }

    /// The public keys that the checkpoints and timestamps of `shard` are verified with, as the
    /// last [`Schema::keep_public_keys`] says; `None` when nobody kept them.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when they are no text; the engine's own trouble.
    pub async fn public_keys(&self, shard: ShardId) -> Result<Option<String>, StorageError> {
        let value = self.value(Table::Meta, &keys::public_keys(shard)).await?;
        decode(value, "list of public keys", |value| {
            String::from_utf8(value.into()).ok()
        })
    }

    /// The version of the schema that the store has: [`SCHEMA_VERSION`](crate::SCHEMA_VERSION), or
    /// the one before.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it is missing or does not decode; the engine's own trouble.
    pub async fn schema_version(&self) -> Result<u32, StorageError> {
        let value = self.value(Table::Meta, keys::SCHEMA).await?;
        let version = decode(value, "schema version", |value| {
            keys::decode_schema_version(&value)
        })?;
        Ok(version.ok_or(Damage::SchemaVersionMissing)?)
    }

    /// How far the rebuild of the search index is, as the last [`Correction`](crate::Correction)
    /// says; `None` when none is under way.
    ///
    /// # Errors
    /// The engine's own trouble.
    pub async fn reindex_progress(&self) -> Result<Option<Bytes>, StorageError> {
        self.value(Table::Meta, keys::REINDEX).await
    }

    /// The checkpoint that was kept last, or `None` when none is. After a power cut it may be an
    /// earlier one.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it is too long or not UTF-8; the engine's own trouble.
    pub async fn kept_checkpoint(&self, shard: ShardId) -> Result<Option<String>, StorageError> {
        let kept = self.engine.kept(shard.get()).await?;
        let Some(text) = kept else { return Ok(None) };
        if text.len() > MAX_KEPT_BYTES {
            return Err(Damage::KeptCheckpoint(shard).into());
        }
        match String::from_utf8(text.into()) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Damage::KeptCheckpoint(shard).into()),
        }
    }

    /// What the store uses and how far behind it is, for metrics. Cheap enough to ask every few
    /// seconds.
    ///
    /// # Errors
    /// [`StorageError::Engine`] when it cannot be found out.
    pub async fn statistics(&self) -> Result<Statistics, StorageError> {
        Ok(self.engine.statistics().await?)
    }

    /// What is stored of each of `shards`, for the check of a write.
    pub(super) async fn stored_trees(
        &self,
        shards: &[ShardId],
    ) -> Result<Vec<StoredTree>, StorageError> {
        let keys = shards
            .iter()
            .flat_map(|shard| [keys::head(*shard), keys::frozen(*shard)]);
        let values = self.values(Table::Meta, keys, Reuse::Likely).await?;
        let trees = values.chunks_exact(2).map(|values| {
            Ok(StoredTree {
                head: decode_head(values[0].clone())?,
                is_frozen: values[1].is_some(),
            })
        });
        trees.collect()
    }
}

fn decode_head(value: Option<Bytes>) -> Result<Option<StoredHead>, StorageError> {
    decode(value, "tree head", |value| keys::decode_head(&value))
}
