//! Entries whose bodies have the hashes that the log says.

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1 as proto;
use serde::Deserialize;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;

impl LogApi {
    /// One entry. Its body has the hash that it is found by; that it is in the log is for a proof
    /// to say.
    ///
    /// # Errors
    /// [`ApiError::NoSuchEntry`] when the log has none.
    pub async fn entry(&self, lookup: EntryLookup) -> Result<proto::Entry, ApiError> {
        let path = match lookup {
            EntryLookup::Index(index) => format!("/log/v1/entries/{index}"),
            EntryLookup::LeafHash(hash) => format!("/log/v1/entries/by-leaf-hash/{hash}"),
        };
        let entry = self
            .fetch(&path)
            .await?
            .ok_or(ApiError::NoSuchEntry(lookup))?;
        let hash = check_entry(&entry)?;
        let found = match lookup {
            EntryLookup::Index(index) => entry.index == index.get(),
            EntryLookup::LeafHash(wanted) => hash == wanted,
        };
        if found {
            Ok(entry)
        } else {
            Err(ApiError::OtherEntry(lookup))
        }
    }

    /// Entries from `start` on, in order: at most `limit`, and at most as many as the log gives at
    /// once. Empty at the end.
    ///
    /// # Errors
    /// When the log cannot be asked, or gives other entries.
    pub async fn entries(
        &self,
        start: LeafIndex,
        limit: usize,
    ) -> Result<Vec<proto::Entry>, ApiError> {
        let path = format!("/log/v1/entries?start={start}&limit={limit}");
        let page: EntriesReply = self
            .fetch(&path)
            .await?
            .ok_or_else(|| self.not_this_api())?;
        for (entry, index) in page.entries.iter().zip(start.get()..) {
            check_entry(entry)?;
            if entry.index != index {
                return Err(ApiError::OtherEntry(EntryLookup::Index(LeafIndex::new(
                    index,
                ))));
            }
        }
        Ok(page.entries)
    }
}

#[derive(Deserialize)]
struct EntriesReply {
    entries: Vec<proto::Entry>,
}

/// The leaf hash of an entry whose body has it.
pub(crate) fn check_entry(entry: &proto::Entry) -> Result<Hash, ApiError> {
    let hash = leaf_hash(&entry.body);
    if entry.leaf_hash != hash.as_bytes()[..] {
        return Err(ApiError::Body { index: entry.index });
    }
    Ok(hash)
}
