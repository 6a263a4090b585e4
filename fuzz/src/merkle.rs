//! The formats of C2SP: notes, checkpoints, keys, tiles, bundles, proofs, cosignatures.

use std::str;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Cosignature;
use ledgerstone_merkle::CosignatureSigner;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSignature;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::SubtreeConsistencyProof;
use ledgerstone_merkle::SubtreeInclusionProof;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TilePath;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TlogProof;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;

use crate::Target;
use crate::parts::Numbers;
use crate::signer;

/// The target of this crate with this name.
pub fn target(name: &str) -> Option<Target> {
    Some(match name {
        "note" => fuzz_note,
        "checkpoint" => fuzz_checkpoint,
        "vkey" => fuzz_vkey,
        "cosignature" => fuzz_cosignature,
        "tile" => fuzz_tile,
        "tile_path" => fuzz_tile_path,
        "entry_bundle" => fuzz_entry_bundle,
        "tlog_proof" => fuzz_tlog_proof,
        "proofs" => fuzz_proofs,
        "signer_pem" => fuzz_signer_pem,
        _ => return None,
    })
}

fn known_keys() -> [VerifierKey; 2] {
    [
        signer::ED25519.verifier().clone(),
        signer::P256.verifier().clone(),
    ]
}

/// A note is written as it was read, and a text that can be signed can be read and verified.
fn fuzz_note(data: &[u8]) {
    if let Ok(note) = SignedNote::parse(data) {
        assert_eq!(note.to_string().as_bytes(), data);
        let _ = note.verify(&known_keys());
        let _ = Checkpoint::parse(note.text());
    }
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(note) = SignedNote::sign(text, &[&*signer::ED25519]) {
        let read = SignedNote::parse(note.to_string()).expect("what was signed is a note");
        assert_eq!(read, note);
        assert!(read.verify(&known_keys()).is_ok());
    }
}

fn fuzz_checkpoint(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
}

fn fuzz_vkey(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
        let _ = key.public_key_der();
        let _ = key.verify("text\n", data);
    }
}

/// A cosignature by itself, and any line of signature.
fn fuzz_cosignature(data: &[u8]) {
    if let Ok(cosignature) = Cosignature::from_bytes(data) {
        assert_eq!(cosignature.to_bytes(), data);
    }
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(line) = text.parse::<NoteSignature>() {
        assert_eq!(line.to_string(), text);
        let _ = Cosignature::from_bytes(line.bytes());
    }
}

fn fuzz_tile(data: &[u8]) {
    let Ok(tile) = Tile::from_bytes(data) else {
        return;
    };
    assert_eq!(tile.hashes().len() * Hash::LENGTH, data.len());
    let _ = tile.root();
    if let Some(width) = u16::try_from(tile.hashes().len())
        .ok()
        .and_then(TileWidth::new)
    {
        assert_eq!(&tile.to_bytes(width)[..], data);
    }
}

fn fuzz_tile_path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), text);
    }
}

fn fuzz_entry_bundle(data: &[u8]) {
    if let Ok(bodies) = EntryBundle::decode(data) {
        let encoded = EntryBundle::encode(&bodies).expect("what was a bundle is one");
        assert_eq!(encoded, data);
    }
}

fn fuzz_tlog_proof(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(proof) = TlogProof::parse(text) {
        assert_eq!(proof.to_string(), text);
        let _ = proof.verify(&Hash::new([1; 32]), &known_keys());
    }
}

/// Proofs between any numbers, of any hashes. None can be true: the roots are fixed.
fn fuzz_proofs(data: &[u8]) {
    let mut numbers = Numbers(data);
    let [first, second, third] = [numbers.next(), numbers.next(), numbers.next()];
    let mut hashes = Vec::new();
    while !numbers.0.is_empty() {
        hashes.push(Hash::new(numbers.next_bytes()));
    }
    let (leaf, root) = (Hash::new([1; 32]), Hash::new([2; 32]));
    let inclusion = InclusionProof {
        index: LeafIndex::new(first),
        size: TreeSize::new(second),
        hashes: hashes.clone(),
    };
    assert!(inclusion.verify(&leaf, &root).is_err());
    let consistency = ConsistencyProof {
        old: TreeSize::new(first),
        new: TreeSize::new(second),
        hashes: hashes.clone(),
    };
    assert!(consistency.verify(&leaf, &root).is_err());
    let inclusion = SubtreeInclusionProof {
        index: LeafIndex::new(first),
        start: LeafIndex::new(second),
        end: LeafIndex::new(third),
        hashes: hashes.clone(),
    };
    assert!(inclusion.verify(&leaf, &root).is_err());
    let consistency = SubtreeConsistencyProof {
        start: LeafIndex::new(first),
        end: LeafIndex::new(second),
        size: TreeSize::new(third),
        hashes,
    };
    assert!(consistency.verify(&leaf, &root).is_err());
}

/// Private keys, which come from files that an operator names.
fn fuzz_signer_pem(data: &[u8]) {
    let Ok(pem) = str::from_utf8(data) else {
        return;
    };
    if let Ok(signer) = Ed25519Signer::from_pkcs8_pem(signer::NAME, pem) {
        let note = SignedNote::sign("text\n", &[&signer]).expect("a key in memory signs");
        assert!(note.verify(&[signer.verifier().clone()]).is_ok());
    }
    if let Ok(signer) = EcdsaP256Signer::from_pkcs8_pem(signer::NAME, pem) {
        let note = SignedNote::sign("text\n", &[&signer]).expect("a key in memory signs");
        assert!(note.verify(&[signer.verifier().clone()]).is_ok());
    }
    let _ = CosignatureSigner::from_pkcs8_pem(signer::NAME, pem);
}
