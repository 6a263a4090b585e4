//! Entries whose bodies have the hashes that the log says.

use ledgerstone_entry::EntryView;
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
        let view: EntryView = self
            .fetch_entries(&path)
            .await?
            .ok_or(ApiError::NoSuchEntry(lookup))?;
        let entry = self.read_entry(&path, &view)?;
        let found = match lookup {
            EntryLookup::Index(index) => entry.index == index.get(),
            EntryLookup::LeafHash(wanted) => entry.leaf_hash == wanted.as_bytes()[..],
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
            .fetch_entries(&path)
            .await?
            .ok_or_else(|| self.not_this_api())?;
        let entries = page.entries.iter();
        let entries = entries.map(|view| self.read_entry(&path, view));
        let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
        for (entry, index) in entries.iter().zip(start.get()..) {
            if entry.index != index {
                return Err(ApiError::OtherEntry(EntryLookup::Index(LeafIndex::new(
                    index,
                ))));
            }
        }
        Ok(entries)
    }

    /// The entry that `view` of the reply at `path` shows, whose body has the hash that the log
    /// says, in the tree that is read. Of the rest, only index and time are the log's word: what a
    /// body says is read again.
    pub(crate) fn read_entry(
        &self,
        path: &str,
        view: &EntryView,
    ) -> Result<proto::Entry, ApiError> {
        let index = view.index.unwrap_or_default();
        let body = view.body_bytes().ok_or(ApiError::Body { index })?;
        let own = EntryView::new(&body);
        if own.leaf_hash != view.leaf_hash {
            return Err(ApiError::Body { index });
        }
        let tree_id = view.tree_id.as_deref().map(str::parse).transpose();
        let bad = |_| {
            self.transport()
                .bad_reply(path, "treeId is no number".to_owned())
        };
        let tree_id: Option<u64> = tree_id.map_err(bad)?;
        let tree_id = match (tree_id, self.tree_id()) {
            (Some(other), Some(asked)) if other != asked => {
                return Err(ApiError::OtherTree { tree_id: other });
            }
            (said, asked) => said.or(asked).unwrap_or_default(),
        };
        Ok(proto::Entry {
            index,
            leaf_hash: leaf_hash(&body).as_bytes().to_vec().into(),
            integrated_time: view.integrated_seconds(),
            kind: own.kind.unwrap_or_default(),
            version: own.version.unwrap_or_default(),
            body: body.into(),
            tree_id,
        })
    }
}

#[derive(Deserialize)]
struct EntriesReply {
    entries: Vec<EntryView>,
}
