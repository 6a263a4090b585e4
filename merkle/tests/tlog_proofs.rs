//! Proofs in one file: the cases of transparency-dev/formats, `proof/tlog_proof_test.go`, and
//! entries of real logs.

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_PROOF_HASHES;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::ProofError;
use ledgerstone_merkle::TlogProof;
use ledgerstone_merkle::TlogProofError;
use ledgerstone_merkle::leaf_hash;

use crate::fixtures;
use crate::fixtures::decode;

/// SHA-256 of `hash1` and of `hash2`.
const HASH_1: &str = "rzFuy5Go7nrpkhBwKy1HWPMM3eO/YePY54fXRoH5Cm4=";
const HASH_2: &str = "5784L25ZFbP4hhm4ZiI+vx1RxMUyHMzeLp/3AKMlkIY=";

fn hash(base64: &str) -> Hash {
    Hash::from_slice(&decode(base64)).unwrap()
}

#[test]
fn published_forms() {
    let extra = "ZXh0cmEgaW5mb3JtYXRpb24=";
    for (extra, index, hashes, checkpoint, text) in [
        (
            None,
            5,
            &[HASH_1, HASH_2][..],
            "test checkpoint\n",
            format!("c2sp.org/tlog-proof@v1\nindex 5\n{HASH_1}\n{HASH_2}\n\ntest checkpoint\n"),
        ),
        (
            Some(b"extra information".to_vec()),
            10,
            &[HASH_1],
            "checkpoint data\n",
            format!(
                "c2sp.org/tlog-proof@v1\nextra {extra}\nindex 10\n{HASH_1}\n\ncheckpoint data\n"
            ),
        ),
        (
            None,
            0,
            &[],
            "checkpoint\n",
            "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n".to_owned(),
        ),
        (
            Some(Vec::new()),
            u64::MAX,
            &[],
            "a\n\n\nb\n",
            "c2sp.org/tlog-proof@v1\nextra \nindex 18446744073709551615\n\na\n\n\nb\n".to_owned(),
        ),
    ] {
        let hashes = hashes.iter().copied().map(hash).collect();
        let proof = TlogProof {
            extra,
            index: LeafIndex::new(index),
            hashes,
            checkpoint: checkpoint.to_owned(),
        };
        assert_eq!(proof.to_string(), text);
        assert_eq!(text.parse(), Ok(proof));
    }
}

#[test]
fn malformed_proofs() {
    let hashes = |count| format!("{HASH_1}\n").repeat(count);
    for (rest, error) in [
        (
            "extra !!notbase64!!\nindex 0\n\ncheckpoint\n".to_owned(),
            TlogProofError::Extra,
        ),
        (
            "extra ZXh0cmE\nindex 0\n\ncheckpoint\n".to_owned(),
            TlogProofError::Extra,
        ),
        (
            "extra AA==\nextra AA==\nindex 0\n\ncheckpoint\n".to_owned(),
            TlogProofError::Index,
        ),
        ("\n\ncheckpoint\n".to_owned(), TlogProofError::Index),
        (format!("{HASH_1}\n\ncheckpoint\n"), TlogProofError::Index),
        (
            "index notanumber\n\ncheckpoint\n".to_owned(),
            TlogProofError::Index,
        ),
        ("index -5\n\ncheckpoint\n".to_owned(), TlogProofError::Index),
        ("index 05\n\ncheckpoint\n".to_owned(), TlogProofError::Index),
        (
            "index 18446744073709551616\n\ncheckpoint\n".to_owned(),
            TlogProofError::Index,
        ),
        (
            "index 0\nextra AA==\n\ncheckpoint\n".to_owned(),
            TlogProofError::Hash,
        ),
        (
            "index 0\n!!notbase64!!\n\ncheckpoint\n".to_owned(),
            TlogProofError::Hash,
        ),
        (
            format!("index 0\n{}==\n\ncheckpoint\n", "A".repeat(86)),
            TlogProofError::Hash,
        ),
        (
            format!("index 0\n{}\n\ncheckpoint\n", "a".repeat(65 * 1024)),
            TlogProofError::Hash,
        ),
        (
            format!("index 0\n{}\ncheckpoint\n", hashes(MAX_PROOF_HASHES + 1)),
            TlogProofError::TooManyHashes,
        ),
        (format!("index 0\n{HASH_1}\n"), TlogProofError::NoCheckpoint),
        ("index 0\n\n".to_owned(), TlogProofError::NoCheckpoint),
        (
            "index 0\n\ncheckpoint".to_owned(),
            TlogProofError::NoCheckpoint,
        ),
        (
            format!("index 0\n\n{}\n", "a".repeat(1_000_000)),
            TlogProofError::NoCheckpoint,
        ),
    ] {
        let text = format!("c2sp.org/tlog-proof@v1\n{rest}");
        assert_eq!(TlogProof::parse(&text), Err(error), "{text:.200?}");
    }
    for text in [
        "wrong-header\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\r\nindex 0\n\ncheckpoint\n",
        "",
    ] {
        assert_eq!(TlogProof::parse(text), Err(TlogProofError::Header));
    }
    assert!(
        TlogProof::parse(&format!(
            "c2sp.org/tlog-proof@v1\nindex 0\n{}\nc\n",
            hashes(MAX_PROOF_HASHES)
        ))
        .is_ok()
    );
}

#[test]
fn a_proof_has_one_spelling() {
    let text = format!("c2sp.org/tlog-proof@v1\nextra AA==\nindex 10\n{HASH_1}\n{HASH_2}\n\nc\n");
    let mut read = 0;
    for position in 0..8 * text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[position / 8] ^= 1 << (position % 8);
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        if let Ok(proof) = TlogProof::parse(&changed) {
            assert_eq!(proof.to_string(), changed);
            read += 1;
        }
    }
    assert!(read > 0);
}

/// The entries of the bundles, whose logs answered with a leaf, an inclusion proof and a
/// checkpoint.
#[test]
fn real_entries() {
    let keys = fixtures::log_keys();
    for folder in [
        "v1-hashedrekord",
        "v1-dsse",
        "v1-managed-key",
        "v1-intoto-custom-root",
        "v2-hashedrekord",
        "v2-dsse",
        "v2-cosigned",
    ] {
        let Some(entry) = fixtures::log_entry(folder) else {
            return;
        };
        let leaf = leaf_hash(&decode(&entry.canonicalized_body));
        let inclusion = entry.inclusion_proof;
        let proof = TlogProof {
            extra: None,
            index: LeafIndex::new(inclusion.log_index.parse().unwrap()),
            hashes: inclusion.hashes.iter().map(|base64| hash(base64)).collect(),
            checkpoint: inclusion.checkpoint.envelope,
        };
        assert_eq!(TlogProof::parse(&proof.to_string()).as_ref(), Ok(&proof));
        let (checkpoint, signers) = proof.verify(&leaf, &keys).unwrap();
        assert_eq!(signers.len(), 1);
        assert_eq!(checkpoint.size.to_string(), inclusion.tree_size);
        assert_eq!(checkpoint.root, hash(&inclusion.root_hash));

        let other_leaf = proof.verify(&leaf_hash(b"another"), &keys);
        assert!(matches!(
            other_leaf,
            Err(TlogProofError::Proof(ProofError::RootMismatch { .. }))
        ));
        assert_eq!(
            proof.verify(&leaf, &[]),
            Err(TlogProofError::Note(NoteError::NoKnownKey))
        );
        let mut longer = proof.clone();
        longer.hashes.push(leaf);
        assert!(matches!(
            longer.verify(&leaf, &keys),
            Err(TlogProofError::Proof(ProofError::Length { .. }))
        ));
    }
}
