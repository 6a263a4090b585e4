//! Reading a Ledgerstone log over its own interface, `/log/v1/`: entries, proofs and keys. Whatever can be verified is
//! verified before it is given out.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_entry::EntryView;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifyError;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1 as proto;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::transport::MAX_JSON_BYTES;
use crate::transport::Transport;
use crate::transport::TransportError;
use crate::trusted_log::CheckpointFault;
use crate::trusted_log::SignedCheckpoint;
use crate::trusted_log::TrustError;
use crate::trusted_log::TrustedLog;
use crate::trusted_log::TrustedLogs;

/// How an entry is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryLookup {
    /// By its position.
    Index(LeafIndex),
    /// By the hash of its body as a leaf.
    LeafHash(Hash),
}

impl fmt::Display for EntryLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "entry {index}"),
            Self::LeafHash(hash) => write!(f, "entry with the leaf hash {hash}"),
        }
    }
}

/// A Ledgerstone log, or one of the trees that it holds.
#[derive(Clone, Debug)]
pub struct LogApi {
    transport: Transport,
    /// The only tree to read, instead of the one that grows.
    tree_id: Option<u64>,
}

impl LogApi {
    /// The log under the base URL of `transport`.
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            tree_id: None,
        }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The tree `tree_id` that the log holds: an older one of its own, or one of another log. Heads, entries, proofs and
    /// searches are those of this tree.
    pub fn tree(&self, tree_id: u64) -> Self {
        Self {
            transport: self.transport.clone(),
            tree_id: Some(tree_id),
        }
    }

    /// The trees that the log holds: its own, oldest first, and then copies of other logs. Nothing about them is verified.
    ///
    /// # Errors
    /// When the log cannot be asked.
    pub async fn trees(&self) -> Result<Vec<proto::Tree>, ApiError> {
        let reply: Option<proto::ListTreesResponse> = self.fetch("/log/v1/trees").await?;
        Ok(reply.ok_or_else(|| self.not_this_api())?.trees)
    }

    /// Who the log says it is. Nothing vouches for it but the connection.
    ///
    /// # Errors
    /// When the log cannot be asked, or its answer does not fit together.
    pub async fn keys(&self) -> Result<LogDescription, ApiError> {
        let path = "/log/v1/keys";
        let keys: KeysReply = self.fetch(path).await?.ok_or_else(|| self.not_this_api())?;
        let bad = |reason: &str| self.transport.bad_reply(path, reason.to_owned());
        let spki = |key: &KeyReply| {
            STANDARD
                .decode(&key.spki)
                .map_err(|_| bad("a key is not base64"))
        };
        Ok(LogDescription {
            ed25519: TrustedLog::from_spki_der(&keys.origin, &spki(&keys.ed25519)?)?,
            ecdsa_p256: TrustedLog::from_spki_der(&keys.origin, &spki(&keys.ecdsa_p256)?)?,
            created: keys
                .created
                .parse()
                .map_err(|_| bad("created is not in Unix seconds"))?,
        })
    }

    /// The earlier trees of the log that have entries, oldest first. Nothing vouches for them but the connection.
    ///
    /// # Errors
    /// When the log cannot be asked, or a key is none that signs checkpoints.
    pub async fn predecessors(&self) -> Result<Vec<Predecessor>, ApiError> {
        let mut predecessors = Vec::new();
        for tree in self.trees().await? {
            let head = tree.head.unwrap_or_default();
            if tree.role != proto::TreeRole::Predecessor as i32 || head.size == 0 {
                continue;
            }
            let first = EntryLookup::Index(LeafIndex::new(0));
            let first = self.tree(head.tree_id).entry(first).await?;
            predecessors.push(Predecessor {
                log: TrustedLog::from_spki_der(&head.origin, &tree.rekor_v1_key)?,
                since: first.integrated_time,
            });
        }
        Ok(predecessors)
    }

    /// The current head, signed by one of `logs`.
    ///
    /// # Errors
    /// When the log cannot be asked, or none of `logs` signed its head.
    pub async fn head(&self, logs: &TrustedLogs) -> Result<SignedCheckpoint, ApiError> {
        self.open_checkpoint(&self.tree_head().await?.checkpoint, logs)
    }

    /// A checkpoint of the log; of a tree of a Rekor v1 as well, when such a tree is read.
    fn open_checkpoint(
        &self,
        note: &str,
        logs: &TrustedLogs,
    ) -> Result<SignedCheckpoint, ApiError> {
        match (logs.open_checkpoint(note), self.tree_id) {
            (Err(CheckpointFault::Origin { .. }), Some(tree_id)) => {
                Ok(logs.open_rekor_v1_checkpoint(note, tree_id)?)
            }
            (opened, _) => Ok(opened?),
        }
    }

    /// One entry. Its body has the hash that it is found by; that it is in the log is for a proof to say.
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
        let entry = read_entry(&view)?;
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

    /// One entry with the proof that it is in a tree which one of `logs` signed.
    ///
    /// # Errors
    /// As for [`entry`](Self::entry) and [`inclusion`](Self::inclusion).
    pub async fn proven_entry(
        &self,
        lookup: EntryLookup,
        logs: &TrustedLogs,
    ) -> Result<ProvenEntry, ApiError> {
        let entry = self.entry(lookup).await?;
        let index = EntryLookup::Index(LeafIndex::new(entry.index));
        let inclusion = self.inclusion(index, None, logs).await?;
        if entry.leaf_hash != inclusion.leaf.as_bytes()[..] {
            return Err(ApiError::OtherEntry(lookup));
        }
        Ok(ProvenEntry { entry, inclusion })
    }

    /// Entries from `start` on, in order: at most `limit`, and at most as many as the log gives at once. Empty at the end.
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
        let entries: Vec<_> = page
            .entries
            .iter()
            .map(read_entry)
            .collect::<Result<_, _>>()?;
        for (entry, index) in entries.iter().zip(start.get()..) {
            if entry.index != index {
                return Err(ApiError::OtherEntry(EntryLookup::Index(LeafIndex::new(
                    index,
                ))));
            }
        }
        Ok(entries)
    }

    /// Proves that an entry is in the tree of `size` leaves, by default the current one, and that a tree which one of
    /// `logs` signed contains it.
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
        let reply: proto::InclusionProofResponse = self
            .fetch(&path)
            .await?
            .ok_or(ApiError::NoSuchEntry(lookup))?;
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

    /// Proves that the tree of `old` leaves is part of the tree of `new` leaves, by default the current one, and that a
    /// tree which one of `logs` signed contains both.
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
        let new = new.unwrap_or(head.checkpoint.size);
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

    /// A signed tree that contains the tree of `size` leaves with this root: the one in `checkpoint` if that is the same,
    /// or else the current one with the proof that it extends it.
    async fn signed_over(
        &self,
        size: TreeSize,
        root: Hash,
        checkpoint: &str,
        logs: &TrustedLogs,
    ) -> Result<(SignedCheckpoint, Option<ConsistencyProof>), ApiError> {
        let signed = match checkpoint {
            "" => self.head(logs).await?,
            note => self.open_checkpoint(note, logs)?,
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
                .transport
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

    pub(crate) async fn tree_head(&self) -> Result<proto::TreeHead, ApiError> {
        let head = self.fetch("/log/v1/tree-head").await?;
        head.ok_or_else(|| self.not_this_api())
    }

    pub(crate) async fn fetch<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, ApiError> {
        Ok(self.transport.fetch_json(&self.in_tree(path)).await?)
    }

    /// An answer with entries, whose bodies are read byte for byte: that is not the JSON form of a
    /// message.
    pub(crate) async fn fetch_entries<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, ApiError> {
        let path = self.in_tree(path);
        let Some(answer) = self.transport.fetch(&path, MAX_JSON_BYTES).await? else {
            return Ok(None);
        };
        match serde_json::from_slice(&answer) {
            Ok(read) => Ok(Some(read)),
            Err(error) => Err(self.transport.bad_reply(&path, error.to_string()).into()),
        }
    }

    fn in_tree(&self, path: &str) -> String {
        match self.tree_id {
            None => path.to_owned(),
            Some(tree_id) => {
                let separator = if path.contains('?') { '&' } else { '?' };
                format!("{path}{separator}treeId={tree_id}")
            }
        }
    }

    fn hash(&self, path: &str, bytes: &[u8]) -> Result<Hash, ApiError> {
        let bad = || {
            self.transport
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

    pub(crate) fn not_this_api(&self) -> ApiError {
        ApiError::NotLedgerstone(self.transport.url().to_owned())
    }
}

/// Who a log says it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogDescription {
    /// The log under its Ed25519 key, for Rekor v2 and C2SP.
    pub ed25519: TrustedLog,
    /// The log under its ECDSA P-256 key, for Rekor v1.
    pub ecdsa_p256: TrustedLog,
    /// When the log began, in Unix seconds.
    pub created: i64,
}

impl LogDescription {
    /// The log called `origin` whose private keys are in these two PKCS#8 PEM texts.
    ///
    /// # Errors
    /// [`TrustError::PrivateKey`] when a text holds no such key, or `origin` cannot be the name of one.
    pub fn from_private_keys(
        origin: &str,
        ed25519: &str,
        ecdsa_p256: &str,
        created: i64,
    ) -> Result<Self, TrustError> {
        let ed25519 =
            Ed25519Signer::from_pkcs8_pem(origin, ed25519).map_err(TrustError::PrivateKey)?;
        let ecdsa_p256 =
            EcdsaP256Signer::from_pkcs8_pem(origin, ecdsa_p256).map_err(TrustError::PrivateKey)?;
        Ok(Self {
            ed25519: TrustedLog::new(ed25519.verifier().clone())?,
            ecdsa_p256: TrustedLog::new(ecdsa_p256.verifier().clone())?,
            created,
        })
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        self.ed25519.origin()
    }

    /// Both as trusted logs.
    pub fn trusted(&self) -> TrustedLogs {
        TrustedLogs::new(vec![self.ed25519.clone(), self.ecdsa_p256.clone()]).expect("two logs")
    }
}

/// An earlier tree of a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Predecessor {
    /// Its log, under the key that Rekor v1 clients verify with.
    pub log: TrustedLog,
    /// When that took its first entry, in Unix seconds.
    pub since: i64,
}

/// An entry that is in a signed tree.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
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

/// Why a log did not give what was asked, or gave something that does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The log could not be asked, or answered with an error.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server has no such interface.
    #[error("{0} is not the URL of a Ledgerstone log")]
    NotLedgerstone(String),
    /// The log says that it has no such entry.
    #[error("the log has no {0}")]
    NoSuchEntry(EntryLookup),
    /// The log gave another entry than was asked for.
    #[error("the log gave something else than the {0}")]
    OtherEntry(EntryLookup),
    /// The body of an entry does not have the hash that the log says.
    #[error("the body of entry {index} does not have the hash that the log says")]
    Body {
        /// The position of the entry.
        index: u64,
    },
    /// The log found an entry that does not name what was searched for.
    #[error("the log found entry {index}, whose body does not name what was searched for")]
    UnaskedHit {
        /// Its index over all trees.
        index: u64,
    },
    /// The keys of the log cannot be used.
    #[error(transparent)]
    Keys(#[from] TrustError),
    /// The head is not signed by a trusted log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// A proof does not hold.
    #[error("the log's proof does not hold: {0}")]
    Proof(#[from] VerifyError),
    /// The root of a proof is not the one that was signed.
    #[error("the proof leads to the root {proven} at size {size}, but {signed} is signed")]
    OtherRoot {
        /// The size of the tree.
        size: TreeSize,
        /// The signed root.
        signed: Hash,
        /// The root of the proof.
        proven: Hash,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeysReply {
    origin: String,
    created: String,
    ed25519: KeyReply,
    ecdsa_p256: KeyReply,
}

#[derive(Deserialize)]
struct KeyReply {
    spki: String,
}

#[derive(Deserialize)]
struct EntriesReply {
    entries: Vec<EntryView>,
}

/// The entry that `view` shows, whose body has the hash that the log says. Of the rest, only index
/// and time are the log's word: what a body says is read again.
pub(crate) fn read_entry(view: &EntryView) -> Result<proto::Entry, ApiError> {
    let index = view.index.unwrap_or_default();
    let body = view.body_bytes().ok_or(ApiError::Body { index })?;
    let own = EntryView::new(&body);
    if own.leaf_hash != view.leaf_hash {
        return Err(ApiError::Body { index });
    }
    Ok(proto::Entry {
        index,
        leaf_hash: leaf_hash(&body).as_bytes().to_vec().into(),
        integrated_time: view.integrated_seconds(),
        kind: own.kind.unwrap_or_default(),
        version: own.version.unwrap_or_default(),
        body: body.into(),
    })
}
