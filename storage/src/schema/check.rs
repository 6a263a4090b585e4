//! What is checked of a whole store when it is opened, and when it is verified.

use super::keys;
use super::store::Schema;
use crate::damage::Damage;
use crate::engine::KeyRange;
use crate::engine::Reuse;
use crate::engine::Scan;
use crate::engine::Table;
use crate::error::StorageError;
use crate::round::last_full_tiles;
use crate::shard::StoredHead;
use crate::shard_id::ShardId;

impl Schema {
    /// Reads all that is stored of `shard` against the engine's own checksums, and says what cannot
    /// be read, and whether there is an entry beyond the head. Takes as long as reading the whole
    /// shard.
    ///
    /// # Errors
    /// [`StorageError::Engine`] when the engine cannot even say what there is to read.
    pub async fn verify(&self, shard: ShardId) -> Result<Vec<Damage>, StorageError> {
        let keys = KeyRange::of_prefix(&keys::shard(shard));
        let damage = self.engine.verify(&keys).await?;
        let mut found: Vec<_> = damage.into_iter().map(Damage::Engine).collect();
        // Other trouble comes again where it is.
        if let Err(StorageError::Damaged(damage @ Damage::EntryBeyondHead { .. })) =
            self.must_end(shard).await
        {
            found.push(damage);
        }
        Ok(found)
    }

    /// Refuses a store with a shard that lacks its identity or its head, or that does not end as
    /// its head says. Whether what is before the end is right, the log finds out.
    pub(super) async fn must_end_as_heads_say(&self) -> Result<(), StorageError> {
        for shard in self.shards().await? {
            self.identity(shard)
                .await?
                .ok_or(Damage::IdentityMissing(shard))?;
            let head = self.head(shard).await?;
            let head = head.ok_or(Damage::HeadMissing(shard))?;
            self.must_reach_head(shard, &head).await?;
            self.must_not_exceed_head(shard, &head).await?;
        }
        Ok(())
    }

    async fn must_end(&self, shard: ShardId) -> Result<(), StorageError> {
        match self.head(shard).await? {
            Some(head) => self.must_not_exceed_head(shard, &head).await,
            None => Ok(()),
        }
    }

    async fn must_reach_head(&self, shard: ShardId, head: &StoredHead) -> Result<(), StorageError> {
        if let Some(index) = head.size.last_index()
            && self.entry(shard, index).await?.is_none()
        {
            return Err(Damage::EntryMissing { shard, index }.into());
        }
        let ids: Vec<_> = last_full_tiles(head.size.get()).collect();
        let tiles = self.tiles(shard, &ids).await?;
        match ids.into_iter().zip(tiles).find(|(_, tile)| tile.is_none()) {
            Some((id, _)) => Err(Damage::TileMissing { shard, id }.into()),
            None => Ok(()),
        }
    }

    /// Refuses a shard with entries that its head does not count.
    async fn must_not_exceed_head(
        &self,
        shard: ShardId,
        head: &StoredHead,
    ) -> Result<(), StorageError> {
        let scan = Scan {
            table: Table::Entries,
            keys: KeyRange {
                from: keys::entry(shard, head.size.next_index()).to_vec(),
                to: KeyRange::end_of_prefix(&keys::shard(shard)),
            },
            rows: 1,
            bytes: 0,
            reuse: Reuse::Unlikely,
        };
        let page = self.page(&scan).await?;
        let Some((key, _)) = page.rows.first() else {
            return Ok(());
        };
        let (_, index) =
            keys::decode_entry_key(key).ok_or(Damage::Undecodable("name of an entry"))?;
        let size = head.size;
        Err(Damage::EntryBeyondHead { shard, index, size }.into())
    }
}
