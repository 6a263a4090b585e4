//! The 518 probes of transparency-dev/merkle, `testdata`.

use std::fs;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::SubtreeConsistencyProof;
use ledgerstone_merkle::SubtreeInclusionProof;
use ledgerstone_merkle::TreeSize;
use serde::Deserialize;

use crate::fixtures;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Probe {
    name: String,
    leaf_idx: u64,
    tree_size: u64,
    size: u64,
    size1: u64,
    size2: u64,
    start: u64,
    end: u64,
    leaf_hash: String,
    root: String,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

impl Probe {
    /// The hash in a field, or `None`, a refusal, when it is not one: the type admits nothing else.
    ///
    /// Where the published verifier never looks at a root, the probes have a sentence in its place.
    /// Probes that want success get a hash there.
    fn hash(&self, field: &str) -> Option<Hash> {
        let bytes = fixtures::decode(field);
        if !self.want_err && bytes.starts_with(b"don't care") {
            return Some(ledgerstone_merkle::leaf_hash(&bytes));
        }
        Hash::from_slice(&bytes)
    }

    fn hashes(&self) -> Option<Vec<Hash>> {
        let proof = self.proof.as_deref().unwrap_or_default();
        proof.iter().map(|hash| self.hash(hash)).collect()
    }

    fn inclusion(&self) -> Option<()> {
        let (index, size) = (LeafIndex::new(self.leaf_idx), TreeSize::new(self.tree_size));
        let proof = InclusionProof {
            index,
            size,
            hashes: self.hashes()?,
        };
        proof
            .verify(&self.hash(&self.leaf_hash)?, &self.hash(&self.root)?)
            .ok()
    }

    fn consistency(&self) -> Option<()> {
        let (old, new) = (TreeSize::new(self.size1), TreeSize::new(self.size2));
        let proof = ConsistencyProof {
            old,
            new,
            hashes: self.hashes()?,
        };
        proof
            .verify(&self.hash(&self.root1)?, &self.hash(&self.root2)?)
            .ok()
    }

    fn subtree_inclusion(&self) -> Option<()> {
        let proof = SubtreeInclusionProof {
            index: LeafIndex::new(self.leaf_idx),
            start: LeafIndex::new(self.start),
            end: LeafIndex::new(self.end),
            hashes: self.hashes()?,
        };
        proof
            .verify(&self.hash(&self.leaf_hash)?, &self.hash(&self.root)?)
            .ok()
    }

    fn subtree_consistency(&self) -> Option<()> {
        let proof = SubtreeConsistencyProof {
            start: LeafIndex::new(self.start),
            end: LeafIndex::new(self.end),
            size: TreeSize::new(self.size),
            hashes: self.hashes()?,
        };
        proof
            .verify(&self.hash(&self.root1)?, &self.hash(&self.root2)?)
            .ok()
    }
}

fn run(file: &str, count: usize, verify: fn(&Probe) -> Option<()>) {
    let Some(path) = fixtures::path(&format!("merkle/{file}.json")) else {
        return;
    };
    let probes: Vec<Probe> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(probes.len(), count);
    for probe in &probes {
        assert_eq!(
            verify(probe).is_none(),
            probe.want_err,
            "{file} {}",
            probe.name
        );
    }
}

#[test]
fn inclusion() {
    run("inclusion", 98, Probe::inclusion);
}

#[test]
fn consistency() {
    run("consistency", 98, Probe::consistency);
}

#[test]
fn subtree_inclusion() {
    run("subtreeinclusion", 204, Probe::subtree_inclusion);
}

#[test]
fn subtree_consistency() {
    run("subtreeconsistency", 118, Probe::subtree_consistency);
}
