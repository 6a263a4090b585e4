//! Properties of random trees, compared with the definitions of RFC 6962.

use std::sync::LazyLock;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::GenerateError;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::ProofError;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SubtreeConsistencyProof;
use ledgerstone_merkle::SubtreeInclusionProof;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::right_edge_from_tiles;
use ledgerstone_merkle::root_from_tiles;
use proptest::prelude::ProptestConfig;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::proptest;

use crate::tree;
use crate::tree::Missing;
use crate::tree::Tiles;

const LARGEST: u64 = 100_000;

/// The leaves and tiles of the largest tree. Every smaller one is a prefix, and its tiles are cut
/// from these.
static TREE: LazyLock<(Vec<Hash>, Tiles)> = LazyLock::new(|| {
    let leaves = tree::leaves(LARGEST);
    let tiles = Tiles::of(&leaves);
    (leaves, tiles)
});

fn root_at(size: u64) -> Hash {
    let mut edge = RightEdge::new();
    edge.extend(&TREE.0[..size as usize]);
    edge.root()
}

fn flip(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::new(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn roots_and_edges(size in 0..=LARGEST, cut in 0..=LARGEST) {
        let cut = cut.min(size) as usize;
        let mut edge = RightEdge::new();
        edge.extend(&TREE.0[..cut]);
        edge.extend(&TREE.0[cut..size as usize]);
        let size = TreeSize::new(size);
        prop_assert_eq!(edge.size(), size);
        prop_assert_eq!(edge.root(), tree::root(&TREE.0[..size.get() as usize]));
        prop_assert_eq!(root_from_tiles(&TREE.1, size), Ok(edge.root()));
        prop_assert_eq!(right_edge_from_tiles(&TREE.1, size), Ok(edge.clone()));
        prop_assert_eq!(RightEdge::from_hashes(size, edge.hashes().to_vec()), Ok(edge));
    }

    #[test]
    fn inclusion(size in 1..=LARGEST, seed in 0..LARGEST, bit in 0..256_usize) {
        let index = seed % size;
        let leaves = &TREE.0[..size as usize];
        let leaf = leaves[index as usize];
        let root = root_at(size);
        let (leaf_index, tree_size) = (LeafIndex::new(index), TreeSize::new(size));
        let proof = InclusionProof::from_tiles(&TREE.1, leaf_index, tree_size).unwrap();
        prop_assert_eq!(&proof.hashes, &tree::path(index as usize, leaves));
        prop_assert_eq!(proof.verify(&leaf, &root), Ok(()));

        prop_assert!(proof.verify(&flip(leaf, bit), &root).is_err());
        prop_assert!(proof.verify(&leaf, &flip(root, bit)).is_err());
        for position in 0..proof.hashes.len() {
            let mut other = proof.clone();
            other.hashes[position] = flip(other.hashes[position], bit);
            prop_assert!(other.verify(&leaf, &root).is_err());
            other.hashes.remove(position);
            prop_assert!(other.verify(&leaf, &root).is_err());
        }
        let mut longer = proof.clone();
        longer.hashes.push(root);
        let (expected, actual) = (proof.hashes.len(), longer.hashes.len());
        prop_assert_eq!(longer.verify(&leaf, &root), Err(ProofError::Length { expected, actual }));
        if index > 0 {
            let moved = InclusionProof { index: LeafIndex::new(index - 1), ..proof };
            prop_assert!(moved.verify(&leaf, &root).is_err());
        }
    }

    #[test]
    fn consistency(new in 1..=LARGEST, seed in 0..LARGEST, bit in 0..256_usize) {
        let old = 1 + seed % new;
        let leaves = &TREE.0[..new as usize];
        let (old_root, new_root) = (root_at(old), root_at(new));
        let (old_size, new_size) = (TreeSize::new(old), TreeSize::new(new));
        let proof = ConsistencyProof::from_tiles(&TREE.1, old_size, new_size).unwrap();
        prop_assert_eq!(&proof.hashes, &tree::subtree_path(0, old as usize, leaves, true));
        prop_assert_eq!(proof.verify(&old_root, &new_root), Ok(()));

        prop_assert!(proof.verify(&flip(old_root, bit), &new_root).is_err());
        prop_assert!(proof.verify(&old_root, &flip(new_root, bit)).is_err());
        for position in 0..proof.hashes.len() {
            let mut other = proof.clone();
            other.hashes[position] = flip(other.hashes[position], bit);
            prop_assert!(other.verify(&old_root, &new_root).is_err());
            other.hashes.remove(position);
            prop_assert!(other.verify(&old_root, &new_root).is_err());
        }
        let mut longer = proof;
        longer.hashes.push(new_root);
        prop_assert!(longer.verify(&old_root, &new_root).is_err());
    }
}

/// Every subtree of every tree up to 40 leaves, and every leaf in it.
#[test]
fn all_small_trees() {
    let leaves = tree::leaves(40);
    let mut subtrees = 0;
    for size in 1..=leaves.len() {
        let leaves = &leaves[..size];
        let root = tree::root(leaves);
        for start in 0..size {
            for end in start + 1..=size {
                let subtree = &leaves[start..end];
                let hashes = if start % subtree.len().next_power_of_two() == 0 {
                    tree::subtree_path(start, end, leaves, true)
                } else {
                    Vec::new()
                };
                let (start, end) = (LeafIndex::new(start as u64), LeafIndex::new(end as u64));
                let proof = SubtreeConsistencyProof {
                    start,
                    end,
                    size: TreeSize::new(size as u64),
                    hashes,
                };
                let verified = proof.verify(&tree::root(subtree), &root);
                if start.get() % (subtree.len().next_power_of_two() as u64) > 0 {
                    let size = proof.size;
                    assert_eq!(verified, Err(ProofError::NotASubtree { start, end, size }));
                    continue;
                }
                subtrees += 1;
                assert_eq!(verified, Ok(()), "{start} to {end} of {size}");
                for (position, leaf) in subtree.iter().enumerate() {
                    let index = LeafIndex::new(start.get() + position as u64);
                    let hashes = tree::path(position, subtree);
                    let proof = SubtreeInclusionProof {
                        index,
                        start,
                        end,
                        hashes,
                    };
                    assert_eq!(proof.verify(leaf, &tree::root(subtree)), Ok(()));
                }
            }
        }
    }
    assert_eq!(subtrees, 2_608);
}

#[test]
fn what_is_not_in_the_tree_is_refused() {
    let (index, size) = (LeafIndex::new(5), TreeSize::new(5));
    let generated = InclusionProof::from_tiles(&TREE.1, index, size);
    assert_eq!(
        generated,
        Err(GenerateError::IndexOutOfRange { index, size })
    );
    let proof = InclusionProof {
        index,
        size,
        hashes: Vec::new(),
    };
    assert_eq!(
        proof.root(&TREE.0[0]),
        Err(ProofError::IndexOutOfRange { index, size })
    );
    let beyond = InclusionProof {
        index: LeafIndex::new(u64::MAX),
        size: TreeSize::new(u64::MAX),
        hashes: Vec::new(),
    };
    assert!(matches!(
        beyond.root(&TREE.0[0]),
        Err(ProofError::IndexOutOfRange { .. })
    ));

    let (old, new) = (TreeSize::new(6), TreeSize::new(5));
    let generated = ConsistencyProof::from_tiles(&TREE.1, old, new);
    assert_eq!(generated, Err(GenerateError::SizesReversed { old, new }));
    let proof = ConsistencyProof {
        old,
        new,
        hashes: Vec::new(),
    };
    assert_eq!(
        proof.verify(&TREE.0[0], &TREE.0[0]),
        Err(ProofError::SizesReversed { old, new })
    );
}

#[test]
fn a_source_must_have_what_it_is_asked_for() {
    let id = TileId {
        level: 0,
        number: 1,
    };
    let size = TreeSize::new(300);
    let mut tiles = Tiles::of(&TREE.0[..300]);
    tiles
        .0
        .insert(id, Tile::from_hashes(&TREE.0[256..299]).unwrap().into());
    let short = GenerateError::ShortTile {
        id,
        expected: 44,
        actual: 43,
    };
    assert_eq!(root_from_tiles(&tiles, size), Err(short));
    tiles.0.remove(&id);
    assert_eq!(
        root_from_tiles(&tiles, size),
        Err(GenerateError::Source(Missing(id)))
    );
    assert_eq!(
        root_from_tiles(&tiles, TreeSize::new(256)),
        Ok(root_at(256))
    );
}
