//! A log that is only read: what its writer kept, without a key, a thread or a write.
//!
//! Each tree is shown at the size of its kept checkpoint, whatever else the store holds: what comes
//! behind that nobody signed, and nobody does here. A tree whose edge cannot be read is left out,
//! and the others are served.

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::Frozen;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;
use tracing::error;

use crate::error::OpenError;
use crate::head::Head;
use crate::kept;
use crate::keyring::directory::KeyDirectory;
use crate::keyring::foreign::ForeignKey;
use crate::lacking::Lacking;
use crate::lacking::UnservedTree;
use crate::log::IncompleteCopy;
use crate::log::Log;
use crate::options::LogOptions;
use crate::protocol::rules::Protocol;
use crate::public_keys;
use crate::publish::v1_origin;
use crate::recovery;
use crate::timestamps::V1_CHECKPOINT;
use crate::tree::Tree;
use crate::tree::TreeKeys;
use crate::tree::reader::Reader;
use crate::trees::Trees;

impl Log {
    /// Opens the log that `store` holds to read it: no key is loaded, nothing is signed and nothing
    /// is written. Of the key directory only files with public keys are read, and only where the
    /// store has none.
    ///
    /// Trees that cannot be served are left out, and come with the log: those whose edge cannot be
    /// read or does not give the root of the kept checkpoint, and those whose virtual indexes
    /// nobody knows then.
    ///
    /// # Errors
    /// What is wrong with the first tree, where none can be served; [`OpenError::NothingGrows`]
    /// where there is none.
    pub fn open_read_only(
        store: &Store,
        keys: &KeyDirectory,
        options: &LogOptions,
    ) -> Result<(Self, Vec<UnservedTree>), OpenError> {
        let mut reading = Reading {
            store,
            keys,
            options,
            trees: Vec::new(),
            incomplete: Vec::new(),
            unserved: Vec::new(),
        };
        let mut first = None;
        for shard in store.shards()? {
            if let Err(error) = reading.shard(shard) {
                reading.leave_out(shard, &error);
                first.get_or_insert(error);
            }
        }
        if reading.trees.is_empty() {
            return Err(first.unwrap_or(OpenError::NothingGrows));
        }
        let trees = Trees::new(reading.trees)?;
        let log = Self::over(
            store,
            trees,
            reading.incomplete,
            Lacking::of(&reading.unserved),
            options,
        )?;
        Ok((log, reading.unserved))
    }
}

/// A log that is being opened, tree by tree.
struct Reading<'a> {
    store: &'a Store,
    keys: &'a KeyDirectory,
    options: &'a LogOptions,
    trees: Vec<Tree>,
    incomplete: Vec<IncompleteCopy>,
    unserved: Vec<UnservedTree>,
}

impl Reading<'_> {
    fn shard(&mut self, shard: ShardId) -> Result<(), OpenError> {
        let identity = self.store.identity(shard)?;
        let identity = identity.ok_or(OpenError::NoShard(shard))?;
        let kind = identity.kind;
        let protocol = self.options.protocols.of(kind);
        let protocol = protocol.ok_or(OpenError::UnknownProtocol { shard, kind })?;
        let protocol = Arc::clone(protocol);
        if let Some(copy) = self.incomplete_copy(shard, &identity)? {
            self.incomplete.push(copy);
            return Ok(());
        }
        let keys = public_keys::load(self.store, self.keys.path(), shard, &identity)?;
        let tree = match (&identity.import, self.store.frozen(shard)?) {
            (Some(_), _) => self.imported(shard, identity, protocol, keys)?,
            (None, Some(frozen)) => self.frozen(shard, identity, protocol, keys, frozen)?,
            (None, None) if kind == TreeKind::MIXED => {
                let head = self.store.head(shard)?;
                let size = head.ok_or(OpenError::MissingHead(shard))?.size;
                return Err(OpenError::Mixed(size));
            }
            (None, None) => self.growing(shard, identity, protocol, keys)?,
        };
        self.trees.push(tree);
        Ok(())
    }

    /// A tree that grows where it is written, at its kept checkpoint.
    fn growing(
        &self,
        shard: ShardId,
        identity: ShardIdentity,
        protocol: Arc<dyn Protocol>,
        keys: Vec<VerifierKey>,
    ) -> Result<Tree, OpenError> {
        let (checkpoint, v1) = own_keys(keys, shard)?;
        let (head, text) = recovery::recover_kept(self.store, shard, &identity, &checkpoint)?;
        let over = Checkpoint {
            origin: String::new(),
            size: head.size(),
            root: head.root(),
            extensions: Vec::new(),
        };
        let v1_note = v1
            .as_ref()
            .and_then(|key| kept::v1_note_of(&text, &over, &v1_origin(&identity), key));
        let reader = self.reader(shard, &protocol, head.with_v1_checkpoint(v1_note));
        let keys = TreeKeys::Shown { checkpoint, v1 };
        Ok(Tree::new(identity, protocol, reader, keys, None))
    }

    fn frozen(
        &self,
        shard: ShardId,
        identity: ShardIdentity,
        protocol: Arc<dyn Protocol>,
        keys: Vec<VerifierKey>,
        frozen: Frozen,
    ) -> Result<Tree, OpenError> {
        let (checkpoint, v1) = own_keys(keys, shard)?;
        let at = frozen.at;
        let head = recovery::recover_frozen(self.store, shard, frozen, &checkpoint)?;
        let head = self.with_kept_v1(shard, head)?;
        let reader = self.reader(shard, &protocol, head);
        let keys = TreeKeys::Shown { checkpoint, v1 };
        Ok(Tree::new(identity, protocol, reader, keys, Some(at)))
    }

    fn imported(
        &self,
        shard: ShardId,
        identity: ShardIdentity,
        protocol: Arc<dyn Protocol>,
        keys: Vec<VerifierKey>,
    ) -> Result<Tree, OpenError> {
        let mut keys = keys.into_iter();
        let key = keys.next().ok_or(OpenError::NoForeignKey(shard))?;
        let foreign = ForeignKey {
            key,
            signer: None,
            shown: keys.next(),
        };
        let head = recovery::recover_foreign(self.store, shard, &identity, &foreign)?;
        let head = self.with_kept_v1(shard, head)?;
        let reader = self.reader(shard, &protocol, head);
        let keys = TreeKeys::Foreign(foreign);
        Ok(Tree::new(identity, protocol, reader, keys, None))
    }

    /// The head of a tree that does not grow, with the checkpoint for Rekor v1 clients that was
    /// kept.
    fn with_kept_v1(&self, shard: ShardId, head: Head) -> Result<Head, OpenError> {
        let kept = self.store.attestation(shard, V1_CHECKPOINT)?;
        let text = |kept: Bytes| String::from_utf8(kept.into()).ok();
        Ok(head.with_v1_checkpoint(kept.and_then(text)))
    }

    fn reader(&self, shard: ShardId, protocol: &Arc<dyn Protocol>, head: Head) -> Reader {
        Reader::new(
            Arc::clone(self.store.schema()),
            shard,
            Arc::clone(protocol),
            head,
            self.options.cached_tiles,
        )
    }

    fn incomplete_copy(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
    ) -> Result<Option<IncompleteCopy>, OpenError> {
        if identity.import.map(|import| import.role) != Some(ImportRole::Copy) {
            return Ok(None);
        }
        let head = self.store.head(shard)?;
        let head = head.ok_or(OpenError::MissingHead(shard))?;
        Ok(IncompleteCopy::of(self.store, shard, identity, head.size)?)
    }

    /// Leaves the tree in `shard` out. Virtual indexes count over the trees before one: where the
    /// size of one that does not grow is unknown, nobody knows those of the trees behind it.
    fn leave_out(&mut self, shard: ShardId, error: &OpenError) {
        let identity = self.store.identity(shard).ok().flatten();
        let is_last = identity.as_ref().is_some_and(|identity| {
            identity.kind == TreeKind::REKOR_V2
                || identity.import.map(|import| import.role) == Some(ImportRole::Copy)
                || (identity.import.is_none()
                    && self.store.frozen(shard).is_ok_and(|f| f.is_none()))
        });
        let is_rekor_v2 = identity.as_ref().is_some_and(|identity| {
            identity.kind == TreeKind::REKOR_V2 && identity.import.is_none()
        });
        let name = identity.map_or_else(|| shard.to_string(), |identity| identity.origin);
        error!(tree = name, %error, "a tree is not served");
        self.unserved.push(UnservedTree {
            name,
            reason: error.to_string(),
            is_rekor_v2,
        });
        if is_last {
            return;
        }
        let uncounted = |tree: &Tree| {
            let role = tree.import().map(|import| import.role);
            role == Some(ImportRole::Copy) || !tree.counts_virtual_indexes()
        };
        let (trees, dropped) = std::mem::take(&mut self.trees)
            .into_iter()
            .partition(uncounted);
        self.trees = trees;
        let dropped: Vec<Tree> = dropped;
        self.unserved
            .extend(dropped.iter().map(|tree| UnservedTree {
                name: tree.log_name().to_owned(),
                reason:
                    "a tree before it is not served, so that its indexes are unknown".to_owned(),
                is_rekor_v2: false,
            }));
    }
}

/// The keys of a tree of the log's own: the first one signs checkpoints.
fn own_keys(
    keys: Vec<VerifierKey>,
    shard: ShardId,
) -> Result<(VerifierKey, Option<VerifierKey>), OpenError> {
    let mut keys = keys.into_iter();
    let checkpoint = keys.next().ok_or(OpenError::NoShard(shard))?;
    Ok((checkpoint, keys.next()))
}
