//! How the schema reads rows.

use bytes::Bytes;

use super::store::Schema;
use super::wait::while_wanted;
use crate::damage::Damage;
use crate::engine::KeyRange;
use crate::engine::Page;
use crate::engine::Reuse;
use crate::engine::Scan;
use crate::engine::Table;
use crate::error::StorageError;

impl Schema {
    /// The value under a key.
    pub(super) async fn value(
        &self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<Bytes>, StorageError> {
        while_wanted().await;
        Ok(self.engine.get(table, key).await?)
    }

    /// The values under many keys.
    pub(super) async fn values<K: AsRef<[u8]>>(
        &self,
        table: Table,
        keys: impl Iterator<Item = K>,
        reuse: Reuse,
    ) -> Result<Vec<Option<Bytes>>, StorageError> {
        let keys: Vec<K> = keys.collect();
        let keys: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        while_wanted().await;
        Ok(self.engine.multi_get(table, &keys, reuse).await?)
    }

    /// One page of rows.
    pub(super) async fn page(&self, scan: &Scan) -> Result<Page, StorageError> {
        while_wanted().await;
        Ok(self.engine.scan(scan).await?)
    }

    /// The first `limit` rows of a range, in as many pages as it takes.
    pub(super) async fn rows(
        &self,
        table: Table,
        keys: KeyRange,
        limit: usize,
        reuse: Reuse,
    ) -> Result<Vec<(Bytes, Bytes)>, StorageError> {
        let mut found: Vec<(Bytes, Bytes)> = Vec::new();
        let mut scan = Scan {
            table,
            keys,
            rows: limit,
            bytes: usize::MAX,
            reuse,
        };
        while found.len() < limit {
            scan.rows = limit - found.len();
            let page = self.page(&scan).await?;
            found.extend(page.rows);
            match found.last() {
                Some((last, _)) if !page.is_last => scan.keys.from = successor(last),
                _ => break,
            }
        }
        Ok(found)
    }
}

/// What `value` means. A value that means nothing is damage, never absence.
pub(super) fn decode<T>(
    value: Option<Bytes>,
    what: &'static str,
    decode: impl FnOnce(Bytes) -> Option<T>,
) -> Result<Option<T>, StorageError> {
    let Some(value) = value else { return Ok(None) };
    match decode(value) {
        None => Err(Damage::Undecodable(what).into()),
        decoded => Ok(decoded),
    }
}

/// The key right behind `key`.
pub(super) fn successor(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}
