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

use crate::proposals::sha256;

/// The key in `pem` of the log called `origin`, as a client reads it.
///
/// # Panics
/// When that is no ECDSA P-256 key in canonical PEM.
pub fn key_from_pem(origin: &str, pem: &str) -> VerifierKey {
    let lines: Vec<&str> = pem.lines().collect();
    assert_eq!(lines.first(), Some(&"-----BEGIN PUBLIC KEY-----"));
    assert_eq!(lines.last(), Some(&"-----END PUBLIC KEY-----"));
    let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
    VerifierKey::ecdsa_p256(origin, &der).unwrap()
}

/// The tree that an entry with this id is in, in decimal.
///
/// # Panics
/// When this is no whole id in lower case.
pub fn tree_id(id: &str) -> String {
    assert_eq!(id.len(), 80);
    assert_eq!(id, id.to_lowercase());
    u64::from_str_radix(&id[..16], 16).unwrap().to_string()
}

/// Checks a checkpoint as the strictest of the clients together do: one signature, which is that of
/// `key`, and no other lines than these.
///
/// # Panics
/// When it is another one.
pub fn verify_checkpoint(key: &VerifierKey, tree_id: &str, text: &str) -> Checkpoint {
    let note = SignedNote::parse(text).unwrap();
    // One signature, of the log: Go clients verify every line with the log's key.
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(text.matches("\n\n").count(), 1);
    assert_eq!(note.signatures()[0].name().as_str(), key.name());
    assert_eq!(note.signatures()[0].id(), key.id());
    assert_eq!(note.verify(std::slice::from_ref(key)).unwrap().len(), 1);
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(checkpoint.origin, format!("{} - {tree_id}", key.name()));
    assert!(checkpoint.extensions.is_empty());
    checkpoint
}

/// Verifies an entry as the strictest of the clients together do, with nothing but `key`, that of
/// its tree. Yields its index in its tree, and the size of that.
///
/// # Panics
/// When anything does not verify.
pub fn verify(key: &VerifierKey, id: &str, entry: &Value) -> (u64, u64) {
    let body_text = entry["body"].as_str().unwrap();
    let body = STANDARD.decode(body_text).unwrap();
    let hash = leaf_hash(&body);
    assert_eq!(hash.to_string(), id[16..]);
    let log_id = entry["logID"].as_str().unwrap();
    assert_eq!(log_id, Hash::new(key.log_id()).to_string());
    assert_eq!(log_id, sha256(key.public_key()));

    let verification = &entry["verification"];
    let proof = &verification["inclusionProof"];
    let note = proof["checkpoint"].as_str().unwrap();
    let checkpoint = verify_checkpoint(key, &tree_id(id), note);
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

/// A hash in hexadecimal.
///
/// # Panics
/// When it is none.
pub fn parse_hash(value: &Value) -> Hash {
    Hash::from_slice(&hex::decode(value.as_str().unwrap()).unwrap()).unwrap()
}
