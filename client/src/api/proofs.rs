//! Proofs that lead to a tree which a trusted log signed.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_proto::log::v1 as proto;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;

impl LogApi {
    /// One entry with the proof that it is in a tree which one of `logs` signed.
    ///
    /// # Errors
    /// As for [`entry`](Self::entry) and [`inclusion`](Self::inclusion).
    pub async fn proven_entry(
        &self,
        lookup: EntryLookup,
        logs: &TrustedLogs,
    ) -> Result<EntryAndProof, ApiError> {
        let entry = self.entry(lookup).await?;
        let index = EntryLookup::Index(LeafIndex::new(entry.index));
        let inclusion = self.inclusion(index, None, logs).await?;
        if entry.leaf_hash != inclusion.leaf.as_bytes()[..] {
            return Err(ApiError::OtherEntry(lookup));
        }
        Ok(EntryAndProof { entry, inclusion })
    }

    /// Proves that an entry is in the tree of `size` leaves, by default the current one, and that a
    /// tree which one of `logs` signed contains it.
    ///
    /// # Errors
    /// When the log has no such entry or tree, or a proof does not hold.
    pub async fn inclusion(
        &self,
        lookup: EntryLookup,
        size: Option<TreeSize>,
        logs: &TrustedLogs,
    ) -> Result<ProvenInclusion, ApiError> {
        let by = match lookup {
            EntryLookup::Index(index) => format!("index={index}"),
            EntryLookup::LeafHash(hash) => format!("leafHash={hash}"),
        };
        let path = format!(
            "/log/v1/proofs/inclusion?{by}&treeSize={}",
            size.unwrap_or_default()
        );
        let reply: Option<proto::InclusionProofResponse> = self.fetch(&path).await?;
        let Some(reply) = reply else {
            self.check_size(size.unwrap_or_default(), logs).await?;
            return Err(ApiError::NoSuchEntry(lookup));
        };
        let proof = InclusionProof {
            index: LeafIndex::new(reply.index),
            size: TreeSize::new(reply.tree_size),
            hashes: self.hashes(&path, &reply.hashes)?,
        };
        let leaf = self.hash(&path, &reply.leaf_hash)?;
        let asked = match lookup {
            EntryLookup::Index(index) => proof.index == index,
            EntryLookup::LeafHash(hash) => leaf == hash,
        };
        if !asked {
            return Err(ApiError::OtherEntry(lookup));
        }
        let root = proof.root(&leaf)?;
        let (signed, extension) = self
            .signed_over(proof.size, root, &reply.checkpoint, logs)
            .await?;
        Ok(ProvenInclusion {
            leaf,
            proof,
            root,
            signed,
            extension,
        })
    }

    /// Proves that the tree of `old` leaves is part of the tree of `new` leaves, by default the
    /// current one, and that a tree which one of `logs` signed contains both.
    ///
    /// # Errors
    /// When the log has no such tree, or a proof does not hold.
    pub async fn consistency(
        &self,
        old: TreeSize,
        new: Option<TreeSize>,
        logs: &TrustedLogs,
    ) -> Result<ProvenConsistency, ApiError> {
        let head = self.head(logs).await?;
        let size = head.checkpoint.size;
        let new = new.unwrap_or(size);
        let asked = old.max(new);
        if asked > size {
            return Err(ApiError::NoSuchSize { asked, size });
        }
        let (proof, old_root, new_root) = self.consistency_proof(old, new).await?;
        proof.verify(&old_root, &new_root)?;
        let (signed, extension) = self.signed_over(new, new_root, &head.note, logs).await?;
        Ok(ProvenConsistency {
            proof,
            old_root,
            new_root,
            signed,
            extension,
        })
    }

    /// Proves that the entry with this index and leaf hash is in the tree that `head` is of.
    ///
    /// # Errors
    /// When the log has no such entry, or the proof does not hold.
    pub async fn inclusion_in(
        &self,
        index: LeafIndex,
        leaf: &Hash,
        head: &Checkpoint,
    ) -> Result<InclusionProof, ApiError> {
        let size = head.size;
        let path = format!("/log/v1/proofs/inclusion?index={index}&treeSize={size}");
        let lookup = EntryLookup::Index(index);
        let reply: Option<proto::InclusionProofResponse> = self.fetch(&path).await?;
        let reply = reply.ok_or(ApiError::NoSuchEntry(lookup))?;
        if (reply.index, reply.tree_size) != (index.get(), size.get()) {
            return Err(ApiError::OtherEntry(lookup));
        }
        let proof = InclusionProof {
            index,
            size,
            hashes: self.hashes(&path, &reply.hashes)?,
        };
        proof.verify(leaf, &head.root)?;
        Ok(proof)
    }

    /// Proves that the tree that `new` is of contains the one that `old` is of.
    ///
    /// # Errors
    /// [`ApiError::Proof`] when it does not, or the log's proof is wrong.
    pub async fn consistency_of(
        &self,
        old: &Checkpoint,
        new: &Checkpoint,
    ) -> Result<ConsistencyProof, ApiError> {
        if old.size.get() == 0 || old.size >= new.size {
            let proof = ConsistencyProof {
                old: old.size,
                new: new.size,
                hashes: Vec::new(),
            };
            proof.verify(&old.root, &new.root)?;
            return Ok(proof);
        }
        let (proof, _, _) = self.consistency_proof(old.size, new.size).await?;
        proof.verify(&old.root, &new.root)?;
        Ok(proof)
    }

    /// Refuses a size that the log has not reached.
    async fn check_size(&self, asked: TreeSize, logs: &TrustedLogs) -> Result<(), ApiError> {
        let size = self.head(logs).await?.checkpoint.size;
        match asked > size {
            true => Err(ApiError::NoSuchSize { asked, size }),
            false => Ok(()),
        }
    }

    /// A signed tree that contains the tree of `size` leaves with this root: the one in
    /// `checkpoint` if that is the same, or else the current one with the proof that it extends it.
    async fn signed_over(
        &self,
        size: TreeSize,
        root: Hash,
        checkpoint: &str,
        logs: &TrustedLogs,
    ) -> Result<(SignedCheckpoint, Option<ConsistencyProof>), ApiError> {
        let signed = match checkpoint {
            "" => self.head(logs).await?,
            note => match self.open_checkpoint(note, logs) {
                Err(error) if error.is_unknown_key() => self.head(logs).await?,
                opened => opened?,
            },
        };
        let tree = &signed.checkpoint;
        if tree.size == size {
            if tree.root != root {
                return Err(ApiError::OtherRoot {
                    size,
                    signed: tree.root,
                    proven: root,
                });
            }
            return Ok((signed, None));
        }
        let (proof, _, _) = self.consistency_proof(size, tree.size).await?;
        proof.verify(&root, &tree.root)?;
        Ok((signed, Some(proof)))
    }

    async fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<(ConsistencyProof, Hash, Hash), ApiError> {
        let path = format!("/log/v1/proofs/consistency?oldSize={old}&newSize={new}");
        let reply: proto::ConsistencyProofResponse = self
            .fetch(&path)
            .await?
            .ok_or_else(|| self.not_this_api())?;
        if (reply.old_size, reply.new_size) != (old.get(), new.get()) {
            return Err(self
                .transport()
                .bad_reply(&path, "it is for other sizes".to_owned())
                .into());
        }
        let proof = ConsistencyProof {
            old,
            new,
            hashes: self.hashes(&path, &reply.hashes)?,
        };
        Ok((
            proof,
            self.hash(&path, &reply.old_root)?,
            self.hash(&path, &reply.new_root)?,
        ))
    }

    fn hash(&self, path: &str, bytes: &[u8]) -> Result<Hash, ApiError> {
        let bad = || {
            self.transport()
                .bad_reply(path, "a hash does not have 32 bytes".to_owned())
        };
        Ok(Hash::from_slice(bytes).ok_or_else(bad)?)
    }

    fn hashes<B: AsRef<[u8]>>(&self, path: &str, hashes: &[B]) -> Result<Vec<Hash>, ApiError> {
        hashes
            .iter()
            .map(|hash| self.hash(path, hash.as_ref()))
            .collect()
    }
}

/// An entry that is in a signed tree.
#[derive(Clone, Debug)]
pub struct EntryAndProof {
    /// The entry.
    pub entry: proto::Entry,
    /// The proof.
    pub inclusion: ProvenInclusion,
}

/// The proof that an entry is in a signed tree.
#[derive(Clone, Debug)]
pub struct ProvenInclusion {
    /// The hash of the entry as a leaf.
    pub leaf: Hash,
    /// The proof.
    pub proof: InclusionProof,
    /// The root that the proof leads to.
    pub root: Hash,
    /// A signed tree that contains it.
    pub signed: SignedCheckpoint,
    /// How the signed tree contains the proof's, where they differ.
    pub extension: Option<ConsistencyProof>,
}

/// Two trees, the newer of which contains the older.
#[derive(Clone, Debug)]
pub struct ProvenConsistency {
    /// The proof.
    pub proof: ConsistencyProof,
    /// The root of the older tree.
    pub old_root: Hash,
    /// The root of the newer tree.
    pub new_root: Hash,
    /// A signed tree that contains both.
    pub signed: SignedCheckpoint,
    /// How the signed tree contains the newer one, where they differ.
    pub extension: Option<ConsistencyProof>,
}
