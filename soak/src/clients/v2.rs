//! Submitting over Rekor v2, and reading with proofs.

use bytes::Bytes;
use ledgerstone_client::LogEntry;
use ledgerstone_entry::Policy;
use ledgerstone_entry::prepare;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::log::v1::InclusionProofResponse;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;

use crate::clients::talk::Talk;
use crate::clients::talk::Trouble;
use crate::clients::talk::hash;
use crate::clients::talk::wrong;
use crate::told::Entry;
use crate::told::Head;

/// Where Rekor v2 takes entries.
pub(crate) const ENTRIES: &str = "/api/v2/log/entries";

/// A submission, and the leaf that it has to become.
pub(crate) struct Submission {
    json: Bytes,
    leaf: Hash,
}

impl Submission {
    /// What a client sends.
    pub(crate) fn new(json: Bytes) -> anyhow::Result<Self> {
        let request: CreateEntryRequest = from_slice(&json)?;
        let leaf = prepare(&request, &Policy::default())?.leaf_hash;
        Ok(Self { json, leaf })
    }

    /// Submits it, and checks everything that the answer claims.
    pub(crate) async fn send(&self, talk: &Talk) -> Result<Entry, Trouble> {
        let reply = talk.post(ENTRIES, self.json.clone()).await?;
        let message = from_slice(&reply.body).map_err(wrong)?;
        let answer = LogEntry::new(message).map_err(wrong)?;
        if answer.leaf_hash() != self.leaf {
            return Err(wrong("the answer is about another entry"));
        }
        let signed = answer.verify(&talk.keys.logs).map_err(wrong)?.checkpoint;
        let entry = Entry {
            tree: talk.keys.v2.id,
            index: answer.index().get(),
            leaf: self.leaf,
        };
        let head = Head {
            tree: entry.tree,
            size: signed.size.get(),
            root: signed.root,
        };
        talk.believe(reply.at, Some(entry), head);
        talk.diary.submitted(&self.json);
        Ok(entry)
    }
}

/// Asks for the proof of an entry that was acknowledged, and checks it.
pub(crate) async fn read(talk: &Talk, entry: Entry) -> Result<(), Trouble> {
    let path = format!(
        "/log/v1/proofs/inclusion?index={}&treeSize=0&treeId={}",
        entry.index, entry.tree
    );
    let reply = talk.get(&path).await?;
    let answer: InclusionProofResponse = from_slice(&reply.body).map_err(wrong)?;
    let hashes = answer.hashes.iter().map(|bytes| hash(bytes));
    let proof = InclusionProof {
        index: LeafIndex::new(entry.index),
        size: TreeSize::new(answer.tree_size),
        hashes: hashes.collect::<Result<_, _>>()?,
    };
    let root = hash(&answer.root_hash)?;
    proof.verify(&entry.leaf, &root).map_err(wrong)?;
    if answer.checkpoint.is_empty() {
        // The head moved on meanwhile: what was proven is not signed.
        return Ok(());
    }
    let signed = talk.keys.logs.open_checkpoint(&answer.checkpoint);
    let signed = signed.map_err(wrong)?.checkpoint;
    if (signed.size.get(), signed.root) != (answer.tree_size, root) {
        return Err(wrong("the proof is for another tree than the checkpoint"));
    }
    let head = Head {
        tree: entry.tree,
        size: answer.tree_size,
        root,
    };
    talk.believe(reply.at, None, head);
    Ok(())
}
