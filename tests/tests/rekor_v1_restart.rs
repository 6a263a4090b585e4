//! What a log said through Rekor v1 holds after it was ended, gently or not, and started again.

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::TreeSize;
use ledgerstone_tests::entry_rules;
use ledgerstone_tests::entry_rules::parse_hash;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::LOG;
use crate::rekor_v1::V1;

/// What was acknowledged and told before an end.
struct Told {
    entries: Vec<(String, Value)>,
    proposals: Vec<Value>,
    /// Heads, as the log told them.
    heads: Vec<Value>,
}

impl Told {
    async fn add(&mut self, v1: &V1, signer: &Signer) {
        let name = format!("artifact {}", self.entries.len());
        let payload = statement(name.as_bytes());
        for proposal in [
            signer.hashedrekord(name.as_bytes()),
            signer.dsse(&payload),
            signer.intoto_v002(&payload),
            signer.rekord(name.as_bytes()),
        ] {
            self.entries.push(v1.create(&proposal).await);
            self.proposals.push(proposal);
        }
        self.heads.push(v1.get(LOG).await.json());
    }

    /// Everything that was told is still true, and still verifies.
    async fn check(&self, v1: &V1, signer: &Signer) {
        let info = v1.get(LOG).await.json();
        let size = self.entries.len() as u64;
        assert_eq!(info["treeSize"], size);
        for (index, ((id, entry), proposal)) in self.entries.iter().zip(&self.proposals).enumerate()
        {
            // The old answer with the key of now.
            entry_rules::verify(&v1.key, id, entry);
            let query = json!({"entryUUIDs": [id], "logIndexes": [index], "entries": [proposal]});
            let found = v1.retrieve(&query).await.entries();
            let by_index = v1.get(&format!("{ENTRIES}?logIndex={index}")).await;
            let by_id = v1.get(&format!("{ENTRIES}/{}", &id[16..])).await;
            let all = found
                .into_iter()
                .chain([by_index.only_entry(), by_id.only_entry()]);
            let mut count = 0;
            for (again, read) in all {
                assert_eq!(&again, id);
                assert_eq!(v1.verify(&again, &read), (index as u64, size));
                for same in ["body", "integratedTime", "logID", "logIndex"] {
                    assert_eq!(read[same], entry[same]);
                }
                let kept = proposal["kind"] == "intoto";
                assert_eq!(read.get("attestation").is_some(), kept);
                count += 1;
            }
            assert_eq!(count, 5);
            // A retry gets the same entry.
            let retried = v1.submit(proposal).await.only_entry();
            assert_eq!(retried.1["logIndex"], entry["logIndex"]);
        }
        for head in &self.heads {
            let note = head["signedTreeHead"].as_str().unwrap();
            let old = entry_rules::verify_checkpoint(&v1.key, &v1.server.v1_tree_id, note);
            let path = format!("/api/v1/log/proof?firstSize={}&lastSize={size}", old.size);
            let answer = v1.get(&path).await.json();
            let proof = ConsistencyProof {
                old: old.size,
                new: TreeSize::new(size),
                hashes: answer["hashes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(parse_hash)
                    .collect(),
            };
            proof
                .verify(&old.root, &parse_hash(&info["rootHash"]))
                .unwrap();
        }
        let ids: Vec<&String> = self.entries.iter().map(|(id, _)| id).collect();
        let key = json!({"format": "x509", "content": signer.public_key_base64()});
        let found = v1.search(&json!({"publicKey": key})).await;
        assert_eq!(found.json(), json!(ids));
    }
}

#[tokio::test]
async fn what_was_told_holds_after_sigterm_and_after_sigkill() {
    let signer = Signer::new();
    let mut v1 = V1::start().await;
    let key = v1.key.clone();
    let mut told = Told {
        entries: Vec::new(),
        proposals: Vec::new(),
        heads: Vec::new(),
    };
    for round in 0..4 {
        told.add(&v1, &signer).await;
        let site = match round % 2 {
            0 => v1.server.kill(),
            _ => v1.server.stop().await,
        };
        v1 = V1::serving(&site).await;
        assert_eq!(v1.key, key);
        told.check(&v1, &signer).await;
    }
}
