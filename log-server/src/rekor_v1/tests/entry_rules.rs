//! What clients demand of an entry, each rule on its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use serde_json::Value;

use crate::rekor_v1::tests::ORIGIN;
use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;
use crate::rekor_v1::tests::proposals::sha256;
use crate::rekor_v1::tests::proposals::statement;

/// The key of the tree with this decimal id, as a client fetches it.
async fn key_of(site: &Site, tree_id: &str) -> VerifierKey {
    let answer = site
        .get(&format!("/api/v1/log/publicKey?treeID={tree_id}"))
        .await;
    let pem = String::from_utf8(answer.body.to_vec()).unwrap();
    let lines: Vec<&str> = pem.lines().collect();
    assert_eq!(lines.first(), Some(&"-----BEGIN PUBLIC KEY-----"));
    assert_eq!(lines.last(), Some(&"-----END PUBLIC KEY-----"));
    let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
    VerifierKey::ecdsa_p256(ORIGIN, &der).unwrap()
}

/// Verifies an entry as the strictest of the clients together do, with nothing but the log's public keys. Yields its index in
/// its tree, and the size of that.
pub(crate) async fn verify(site: &Site, id: &str, entry: &Value) -> (u64, u64) {
    assert_eq!(id.len(), 80);
    assert_eq!(id, id.to_lowercase());
    let tree_id = u64::from_str_radix(&id[..16], 16).unwrap().to_string();
    let key = key_of(site, &tree_id).await;

    let body_text = entry["body"].as_str().unwrap();
    let body = STANDARD.decode(body_text).unwrap();
    let hash = leaf_hash(&body);
    assert_eq!(hash.to_string(), id[16..]);
    let log_id = entry["logID"].as_str().unwrap();
    assert_eq!(log_id, Hash::new(key.log_id()).to_string());
    assert_eq!(log_id, sha256(key.public_key()));

    let verification = &entry["verification"];
    let proof = &verification["inclusionProof"];
    let note = SignedNote::parse(proof["checkpoint"].as_str().unwrap()).unwrap();
    // One signature, of the log: Go clients verify every line with the log's key.
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(
        proof["checkpoint"]
            .as_str()
            .unwrap()
            .matches("\n\n")
            .count(),
        1
    );
    assert_eq!(note.signatures()[0].name().as_str(), ORIGIN);
    assert_eq!(note.signatures()[0].id(), key.id());
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap().len(), 1);
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(checkpoint.origin, format!("{ORIGIN} - {tree_id}"));
    assert!(checkpoint.extensions.is_empty());

    let number = |value: &Value| value.as_u64().unwrap();
    let hashes = proof["hashes"].as_array().unwrap().iter();
    let path = InclusionProof {
        index: LeafIndex::new(number(&proof["logIndex"])),
        size: TreeSize::new(number(&proof["treeSize"])),
        hashes: hashes.map(parse_hash).collect(),
    };
    path.verify(&hash, &checkpoint.root).unwrap();
    assert_eq!(parse_hash(&proof["rootHash"]), checkpoint.root);
    assert_eq!(path.size, checkpoint.size);

    let time = entry["integratedTime"].as_i64().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(time > 0 && time <= now as i64, "{time} is ahead of {now}");
    let payload = format!(
        r#"{{"body":"{body_text}","integratedTime":{time},"logID":"{log_id}","logIndex":{}}}"#,
        entry["logIndex"]
    );
    let timestamp = verification["signedEntryTimestamp"].as_str().unwrap();
    key.verify(&payload, &STANDARD.decode(timestamp).unwrap())
        .unwrap();
    (path.index.get(), path.size.get())
}

fn parse_hash(value: &Value) -> Hash {
    Hash::from_slice(&hex::decode(value.as_str().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn hold_for_every_kind_at_once_and_later() {
    let site = Site::new().await;
    let signer = Signer::new();
    let proposals = [
        signer.hashedrekord(b"one"),
        signer.dsse(&statement(b"two")),
        signer.intoto_v002(&statement(b"three")),
        signer.rekord(b"four"),
    ];
    let mut created = Vec::new();
    for (index, proposal) in proposals.iter().enumerate() {
        let (id, entry) = site.create(proposal).await;
        let place = verify(&site, &id, &entry).await;
        assert_eq!(place, (index as u64, index as u64 + 1));
        assert_eq!(entry["logIndex"], index);
        assert!(entry.get("attestation").is_none());
        created.push((id, entry));
    }
    for (index, (id, entry)) in created.iter().enumerate() {
        // An entry that was acknowledged is there through every operation, against the newest head.
        for answer in [
            site.get(&format!("/api/v1/log/entries?logIndex={index}"))
                .await,
            site.get(&format!("/api/v1/log/entries/{id}")).await,
            site.get(&format!("/api/v1/log/entries/{}", &id[16..]))
                .await,
        ] {
            let (found, read) = answer.only_entry();
            assert_eq!(&found, id);
            let place = verify(&site, &found, &read).await;
            assert_eq!(place, (index as u64, created.len() as u64));
            for same in ["body", "integratedTime", "logID", "logIndex"] {
                assert_eq!(read[same], entry[same]);
            }
        }
    }
}

#[tokio::test]
async fn hold_for_the_first_entry_whose_proof_is_an_empty_list() {
    let site = Site::new().await;
    let (id, entry) = site.create(&Signer::new().hashedrekord(b"only")).await;
    let hashes = &entry["verification"]["inclusionProof"]["hashes"];
    assert_eq!(hashes, &serde_json::json!([]));
    verify(&site, &id, &entry).await;
}

#[tokio::test]
async fn hold_over_several_tiles() {
    let site = Site::new().await;
    let signer = Signer::new();
    for number in 0..260_u32 {
        site.create(&signer.hashedrekord(&number.to_be_bytes()))
            .await;
    }
    for index in [0, 1, 255, 256, 259] {
        let (id, entry) = site
            .get(&format!("/api/v1/log/entries?logIndex={index}"))
            .await
            .only_entry();
        assert_eq!(verify(&site, &id, &entry).await, (index, 260));
    }
}

#[tokio::test]
async fn the_body_holds_the_key_in_canonical_pem() {
    let site = Site::new().await;
    let signer = Signer::new();
    let mut proposal = signer.hashedrekord(b"artifact");
    // As some clients send it: other line ends, and none at the end.
    let untidy = signer.public_key_pem().trim_end().replace('\n', "\r\n");
    proposal["spec"]["signature"]["publicKey"]["content"] = STANDARD.encode(untidy).into();
    let (_, entry) = site.create(&proposal).await;
    let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let logged = body["spec"]["signature"]["publicKey"]["content"].as_str();
    assert_eq!(logged, Some(signer.public_key_base64().as_str()));
}
