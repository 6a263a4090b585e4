//! A small published log, built again from its leaves byte for byte: transparency-dev/tessera,
//! `testdata/log`, made by its `build_log.sh` with a key that stands there.

use std::fs;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TilePath;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;

use crate::fixtures;

const ORIGIN: &str = "example.com/log/testdata";
const VKEY: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

/// The private half of the published test key: the type byte 1, and the seed.
const SEED: &str = "AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg";

const LEAVES: [&str; 15] = [
    "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf",
    "threeten", "fourten", "fivten",
];

#[test]
fn the_log_is_reproduced() {
    let Some(folder) = fixtures::path("tiles-log") else {
        return;
    };
    let read = |path: &str| fs::read(folder.join(path)).unwrap();
    let signer =
        Ed25519Signer::from_seed(ORIGIN, fixtures::decode(SEED)[1..].try_into().unwrap()).unwrap();
    assert_eq!(signer.verifier().to_string(), VKEY);
    let keys: [VerifierKey; 1] = [VKEY.parse().unwrap()];
    let mut edge = RightEdge::new();
    let mut tile = Tile::new();
    for size in 0..=LEAVES.len() {
        if let Some(leaf) = size.checked_sub(1).map(|index| LEAVES[index]) {
            let leaf = leaf_hash(leaf.as_bytes());
            edge.append(leaf);
            assert_eq!(tile.push(leaf), None);
            let width = TileWidth::new(size as u16).unwrap();
            let path = TilePath::Hashes {
                id: TileId {
                    level: 0,
                    number: 0,
                },
                width,
            };
            assert_eq!(read(&path.to_string()), tile.to_bytes(width));
            let path = TilePath::Entries { number: 0, width };
            let bundle = read(&path.to_string());
            assert_eq!(bundle, EntryBundle::encode(&LEAVES[..size]).unwrap());
            let bodies = EntryBundle::decode(&bundle).unwrap();
            assert!(
                bodies
                    .into_iter()
                    .eq(LEAVES[..size].iter().map(|leaf| leaf.as_bytes()))
            );
        }
        let checkpoint = Checkpoint::new(ORIGIN, edge.size(), edge.root()).unwrap();
        let note = SignedNote::sign(checkpoint.to_text(), &[&signer]).unwrap();
        let published = read(&format!("checkpoint.{size}"));
        assert_eq!(note.to_string().as_bytes(), published);
        let note = SignedNote::parse(&published).unwrap();
        assert_eq!(note.verify(&keys).unwrap(), [&keys[0]]);
        assert_eq!(Checkpoint::parse(note.text()), Ok(checkpoint));
    }
    assert_eq!(read("checkpoint"), read("checkpoint.15"));
}
