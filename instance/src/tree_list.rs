//! Which trees a directory holds.

use ledgerstone_log::KeyError;
use ledgerstone_log::OpenError;
use ledgerstone_log::Protocols;
use ledgerstone_log::load_foreign_key;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;

use crate::error::InstanceError;
use crate::instance::Instance;

/// A tree as it is stored. Nothing of it is verified.
#[derive(Clone, Debug)]
pub struct TreeSummary {
    /// Where it is.
    pub shard: ShardId,
    /// What it is, once and for all.
    pub identity: ShardIdentity,
    /// The name of its protocol, as in `rekor-v2`; `None` for one that this program does not know.
    /// An imported tree does not say.
    pub protocol: Option<&'static str>,
    /// The first line of its checkpoints that readers of tiles see; for an imported one, the name
    /// of its log.
    pub origin: String,
    /// Whether it takes entries.
    pub state: TreeState,
    /// How many entries it has.
    pub size: TreeSize,
    /// The key that its checkpoints are, or were, signed with; `None` when the key directory does
    /// not have it.
    pub key: Option<VerifierKey>,
}

/// What a tree is to the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TreeState {
    /// It takes entries.
    Growing,
    /// It took entries until then, in Unix seconds.
    Frozen(i64),
    /// It was imported.
    Imported(ImportRole),
}

impl Instance {
    /// The trees that the directory holds, in the order in which they came. No server may run on
    /// it.
    ///
    /// # Errors
    /// [`InstanceError::NoLog`]; the store's own trouble.
    pub fn trees(&self, protocols: &Protocols) -> Result<Vec<TreeSummary>, InstanceError> {
        let store = self.open_read_only()?;
        let shards = store.shards()?;
        let summaries = shards
            .into_iter()
            .map(|shard| self.summary(&store, shard, protocols));
        summaries.collect()
    }

    fn summary(
        &self,
        store: &Store,
        shard: ShardId,
        protocols: &Protocols,
    ) -> Result<TreeSummary, InstanceError> {
        let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
        let head = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
        let protocol = protocols.of(identity.kind);
        let (state, origin) = match (identity.import, store.frozen(shard)?) {
            (Some(import), _) => (TreeState::Imported(import.role), None),
            (None, Some(frozen)) => (TreeState::Frozen(frozen.at), protocol),
            (None, None) => (TreeState::Growing, protocol),
        };
        let origin = origin.map(|protocol| protocol.origin(&identity.origin, identity.tree_id));
        Ok(TreeSummary {
            shard,
            protocol: protocol.map(|protocol| protocol.name()),
            origin: origin.unwrap_or_else(|| identity.origin.clone()),
            state,
            size: head.size,
            key: self.public_key(shard, &identity, protocols)?,
            identity,
        })
    }

    /// The key that the checkpoints of a tree are, or were, signed with, where the key directory
    /// has it.
    fn public_key(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        protocols: &Protocols,
    ) -> Result<Option<VerifierKey>, InstanceError> {
        if identity.import.is_some() {
            return Ok(load_foreign_key(self.keys().path(), shard)?);
        }
        match self.keys().checkpoint_key(shard, identity, protocols) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::Missing(_) | KeyError::Kind(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
