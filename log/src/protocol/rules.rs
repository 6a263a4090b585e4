//! What a protocol decides.

use bytes::Bytes;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_storage::TreeKind;

use crate::head::DurableHead;
use crate::submission::Submission;
use crate::tree::entry::LoggedEntry;

/// What a protocol decides for its trees. The defaults are those of the Rekor protocols, where a
/// leaf is what was submitted.
pub trait Protocol: Send + Sync + 'static {
    /// The number that stands in the identity of the protocol's trees.
    fn kind(&self) -> TreeKind;

    /// What people call it, as in `rekor-v2`.
    fn name(&self) -> &'static str;

    /// The first line of the checkpoints that readers of tiles see, and the name of the key that
    /// signs them. `log` is the name of the log, a bare host name. No two trees of a store may have
    /// the same.
    fn origin(&self, log: &str, tree_id: u64) -> String;

    /// Whether the log's Rekor v1 key signs for the protocol's trees too: entry timestamps, and
    /// checkpoints of their own.
    fn signs_entry_timestamps(&self) -> bool {
        false
    }

    /// Whether Rekor v1 counts the protocol's entries: its virtual indexes run over all such trees
    /// of the log.
    fn counts_virtual_indexes(&self) -> bool {
        self.signs_entry_timestamps()
    }

    /// The leaf of a submission that is new, now that its place and its time are known.
    fn finish(&self, submission: &Submission, index: LeafIndex, time: i64) -> Leaf {
        let _ = (index, time);
        Leaf {
            body: submission.body.clone(),
            leaf_hash: submission.leaf_hash,
            beside: None,
        }
    }

    /// What tells that the same was submitted before.
    fn duplicate_key(&self, submission: &Submission) -> Hash {
        submission.leaf_hash
    }

    /// Whether `stored`, which has the duplicate key of `submission`, is what was submitted. A hit
    /// in an index is believed only after this.
    fn repeats(&self, submission: &Submission, stored: &LoggedEntry) -> bool {
        stored.body == submission.body
    }

    /// Whether leaves of the protocol come with bytes that are kept beside the hashed ones.
    fn keeps_beside(&self) -> bool {
        false
    }

    /// The entry bundle of consecutive entries (C2SP tlog-tiles, "Log Entries"). It is the bundles
    /// of its parts, one after the other.
    ///
    /// # Errors
    /// What cannot be put into a bundle; nothing of what a round takes.
    fn bundle(&self, entries: &[BundleEntry]) -> Result<Bytes, String> {
        let bodies: Vec<&Bytes> = entries.iter().map(|entry| &entry.body).collect();
        let bundle = EntryBundle::encode(&bodies).map_err(|error| error.to_string())?;
        Ok(bundle.into())
    }

    /// The checkpoint that readers of tiles see, under `origin`.
    ///
    /// # Errors
    /// The signer's reason, when it fails.
    fn checkpoint(
        &self,
        head: &DurableHead,
        origin: &str,
        signer: &dyn NoteSigner,
    ) -> Result<String, String> {
        head.sign(origin, signer)
    }
}

/// What is stored of a submission.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leaf {
    /// The bytes that the leaf hash is over.
    pub body: Bytes,
    /// Their RFC 6962 leaf hash.
    pub leaf_hash: Hash,
    /// What is kept beside them and not hashed, for [`Protocol::bundle`].
    pub beside: Option<Bytes>,
}

/// An entry as [`Protocol::bundle`] gets it.
#[derive(Clone, Debug)]
pub struct BundleEntry {
    /// The bytes that the leaf hash is over.
    pub body: Bytes,
    /// What is kept beside them, where the protocol [keeps](Protocol::keeps_beside) anything.
    pub beside: Option<Bytes>,
}
