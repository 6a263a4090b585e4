//! Writes: each checked under one lock, then made as one batch.

use std::collections::BTreeMap;

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;

use super::rows;
use super::store::Schema;
use crate::correction::Amendment;
use crate::correction::Correction;
use crate::correction::Expansion;
use crate::error::StorageError;
use crate::round::MAX_BESIDE_BYTES;
use crate::round::Round;
use crate::round::must_fit_beside;
use crate::round::must_fit_one_write;
use crate::shard::ShardIdentity;
use crate::shard::StoredHead;
use crate::shard_id::ShardId;
use crate::trees::TreeChange;
use crate::trees::must_be_keepable;
use crate::trees::must_be_known;
use crate::trees::must_start_empty;

impl Schema {
    /// Starts `shard` with an empty tree. The version of the schema stays as it is.
    ///
    /// # Errors
    /// [`StorageError::ShardExists`] when there is such a shard, [`StorageError::NotEmptyTree`]
    /// when `head` has leaves, [`StorageError::Identity`] when a field of `identity` breaks its
    /// rule, [`StorageError::OldSchema`] when the version of the store knows no tree of this kind.
    pub async fn create_shard(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        head: &StoredHead,
    ) -> Result<(), StorageError> {
        must_start_empty(identity, head)?;
        let _writer = self.writer.lock().await;
        must_be_known(self.schema_version().await?, identity)?;
        if self.identity(shard).await?.is_some() || self.head(shard).await?.is_some() {
            return Err(StorageError::ShardExists { shard });
        }
        let batch = rows::of_new_shard(shard, identity, head);
        Ok(self.engine.write(batch).await?)
    }

    /// Freezes, creates and replaces trees in one write, which also raises the version of the
    /// schema to [`SCHEMA_VERSION`](crate::SCHEMA_VERSION).
    ///
    /// # Errors
    /// [`StorageError::ShardTwice`] when a shard is named twice, [`StorageError::NoShard`],
    /// [`StorageError::Frozen`], [`StorageError::ShardNotEmpty`], or what [`Schema::create_shard`]
    /// would say, and then nothing was written.
    pub async fn change_trees(&self, change: &TreeChange) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        let named: Vec<_> = change.shards().collect();
        let stored = self.stored_trees(&named).await?;
        let stored: BTreeMap<_, _> = named.into_iter().zip(stored).collect();
        change.must_fit(|shard| stored[&shard])?;
        Ok(self.engine.write(rows::of_trees(change)).await?)
    }

    /// Adds each of `rounds` to its shard in one write.
    ///
    /// # Errors
    /// [`StorageError::NoRound`], [`StorageError::ShardTwice`], [`StorageError::NoShard`],
    /// [`StorageError::Frozen`], or the rule of [`Round`] that one of them breaks, and then nothing
    /// was written.
    pub async fn commit(&self, rounds: &[(ShardId, &Round)]) -> Result<(), StorageError> {
        must_fit_one_write(rounds)?;
        let _writer = self.writer.lock().await;
        let shards: Vec<_> = rounds.iter().map(|(shard, _)| *shard).collect();
        // The stored heads are read each time, not remembered: the check must not rest on what this
        // process believes.
        let stored = self.stored_trees(&shards).await?;
        for ((shard, round), stored) in rounds.iter().zip(stored) {
            round.must_follow(*shard, &stored.must_grow(*shard)?)?;
        }
        Ok(self.engine.write(rows::of_rounds(rounds)).await?)
    }

    /// Adds and removes rows of the search index of `shard`, and replaces the progress of the
    /// rebuild that decides on them, in one write, which may come between any two rounds.
    ///
    /// # Errors
    /// [`StorageError::NoShard`], or the rule of [`Correction`] that it breaks, and then nothing
    /// was written.
    pub async fn correct(
        &self,
        shard: ShardId,
        correction: &Correction,
    ) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        // Read under the lock: no round comes between this and the write.
        let head = self.head(shard).await?;
        let head = head.ok_or(StorageError::NoShard { shard })?;
        correction.must_fit(shard, head.size)?;
        let batch = rows::of_correction(shard, correction, head.size);
        // Durable as a round is, though an index can be rebuilt again: the next round comes behind
        // it.
        Ok(self.engine.write(batch).await?)
    }

    /// Adds what an entry of `shard` is found by beyond what its round brought, in one write, which
    /// may come between any two rounds.
    ///
    /// # Errors
    /// [`StorageError::NoShard`], [`StorageError::RowBeyondHead`],
    /// [`StorageError::CorrectionLength`], and then nothing was written.
    pub async fn expand(&self, shard: ShardId, expansion: &Expansion) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        let head = self.head(shard).await?;
        let head = head.ok_or(StorageError::NoShard { shard })?;
        expansion.must_fit(shard, head.size)?;
        let batch = rows::of_expansion(shard, expansion);
        Ok(self.engine.write(batch).await?)
    }

    /// Changes what is kept beside the entry at `index` of `shard`, and what it is found by because
    /// of it, in one write, which may come between any two rounds.
    ///
    /// # Errors
    /// [`StorageError::NoShard`], [`StorageError::RowBeyondHead`], [`StorageError::BesideLength`],
    /// [`StorageError::CorrectionLength`], and then nothing was written.
    pub async fn amend(
        &self,
        shard: ShardId,
        index: LeafIndex,
        amendment: &Amendment,
    ) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        let head = self.head(shard).await?;
        let head = head.ok_or(StorageError::NoShard { shard })?;
        amendment.must_fit(shard, index, head.size)?;
        let batch = rows::of_amendment(shard, index, amendment);
        Ok(self.engine.write(batch).await?)
    }

    /// Says of which generation the search index of all shards is.
    ///
    /// # Errors
    /// The engine's own trouble.
    pub async fn set_index_generation(&self, generation: u32) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        Ok(self.engine.write(rows::of_generation(generation)).await?)
    }

    /// Keeps `rows`, keys and contents, among the attestations of `shard` in one write, which may
    /// come between any two rounds. Those that are there already are replaced.
    ///
    /// # Errors
    /// [`StorageError::NoShard`], [`StorageError::BesideLength`], and then nothing was written.
    pub async fn keep_beside(
        &self,
        shard: ShardId,
        rows: &[(Vec<u8>, Bytes)],
    ) -> Result<(), StorageError> {
        must_fit_beside(rows)?;
        let _writer = self.writer.lock().await;
        if self.head(shard).await?.is_none() {
            return Err(StorageError::NoShard { shard });
        }
        Ok(self.engine.write(rows::of_beside(shard, rows)).await?)
    }

    /// Keeps the public keys of `shard`, vkeys in lines, for those who read it without its private
    /// ones.
    ///
    /// # Errors
    /// [`StorageError::NoShard`], [`StorageError::BesideLength`], and then nothing was written.
    pub async fn keep_public_keys(&self, shard: ShardId, vkeys: &str) -> Result<(), StorageError> {
        if vkeys.len() > MAX_BESIDE_BYTES {
            return Err(StorageError::BesideLength);
        }
        let _writer = self.writer.lock().await;
        if self.head(shard).await?.is_none() {
            return Err(StorageError::NoShard { shard });
        }
        let batch = rows::of_public_keys(shard, vkeys);
        Ok(self.engine.write(batch).await?)
    }

    /// Replaces the kept checkpoint of `shard` if it is `from` (`None`: if there is none). After a
    /// power cut an earlier one may be there until [`Schema::sync_kept`], but always a whole one.
    ///
    /// # Errors
    /// [`EngineError::KeptDiffers`](crate::EngineError::KeptDiffers) when another one is kept,
    /// [`EngineError::Fenced`](crate::EngineError::Fenced) when another writer has taken over,
    /// [`StorageError::CheckpointLength`], or the engine's own trouble.
    pub async fn advance_checkpoint(
        &self,
        shard: ShardId,
        from: Option<&str>,
        to: &str,
    ) -> Result<(), StorageError> {
        must_be_keepable(to)?;
        let from = from.map(|from| Bytes::copy_from_slice(from.as_bytes()));
        let to = Bytes::copy_from_slice(to.as_bytes());
        Ok(self.engine.advance(shard.get(), from, to).await?)
    }

    /// Replaces the kept checkpoint of `shard`, whatever it is: a damaged one too.
    ///
    /// # Errors
    /// As [`Schema::advance_checkpoint`], when somebody else replaces it at the same time.
    pub async fn keep_checkpoint(
        &self,
        shard: ShardId,
        checkpoint: &str,
    ) -> Result<(), StorageError> {
        must_be_keepable(checkpoint)?;
        let from = self.engine.kept(shard.get()).await?;
        let to = Bytes::copy_from_slice(checkpoint.as_bytes());
        Ok(self.engine.advance(shard.get(), from, to).await?)
    }

    /// Makes the kept checkpoint of `shard` durable: no power cut takes it back any more.
    ///
    /// # Errors
    /// [`EngineError::NothingKept`](crate::EngineError::NothingKept), or the engine's own trouble.
    pub async fn sync_kept(&self, shard: ShardId) -> Result<(), StorageError> {
        Ok(self.engine.sync_kept(shard.get()).await?)
    }
}
