//! The tree of a transparency log: hashing, the right edge, tiles, proofs, notes and checkpoints.
//!
//! No I/O, no async, no storage: everything here is a function of bytes. The formats are those of
//! RFC 6962 (hashes and proofs), and of C2SP's signed-note, tlog-checkpoint, tlog-cosignature,
//! tlog-tiles and tlog-proof.
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::Arc;
//!
//! use ledgerstone_merkle::*;
//!
//! /// A tree of 256 leaves at most is one tile.
//! struct OneTile(Arc<Tile>);
//!
//! impl TileSource for OneTile {
//!     type Error = Infallible;
//!
//!     fn tile(&self, _id: TileId, _width: TileWidth) -> Result<Arc<Tile>, Infallible> {
//!         Ok(Arc::clone(&self.0))
//!     }
//! }
//!
//! let leaves = leaf_hashes(&["first entry", "second entry", "third entry"]);
//! let mut edge = RightEdge::new();
//! edge.extend(&leaves);
//!
//! let tiles = OneTile(Arc::new(Tile::from_hashes(&leaves)?));
//! let proof = InclusionProof::from_tiles(&tiles, LeafIndex::new(1), edge.size())?;
//! proof.verify(&leaf_hash(b"second entry"), &edge.root())?;
//!
//! let pem = Ed25519Signer::generate_pkcs8_pem()?;
//! let signer = Ed25519Signer::from_pkcs8_pem("log.example", &pem)?;
//! let checkpoint = Checkpoint::new("log.example", edge.size(), edge.root())?;
//! let note = SignedNote::sign(checkpoint.to_text(), &[&signer])?;
//! assert_eq!(note.verify(&[signer.verifier().clone()])?, [signer.verifier()]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bundle;
mod checkpoint;
mod cosignature;
mod cosigner;
mod decimal;
mod hash;
pub mod hashing;
mod index;
mod key;
mod note;
mod private_key;
mod proof;
mod right_edge;
mod signer;
mod tile;
mod tile_path;
mod tiles;
mod tlog_proof;

pub use bundle::EntryBundle;
pub use bundle::EntryBundleError;
pub use bundle::MAX_ENTRY_BYTES;
pub use bundle::encode_bundle_entry;
pub use checkpoint::Checkpoint;
pub use checkpoint::CheckpointError;
pub use cosignature::Cosignature;
pub use cosignature::CosignatureError;
pub use cosigner::CosignatureSigner;
pub use hash::Hash;
pub use hashing::EMPTY_ROOT;
pub use hashing::leaf_hash;
pub use hashing::leaf_hashes;
pub use hashing::level_hashes;
pub use hashing::node_hash;
pub use index::LeafIndex;
pub use index::TreeSize;
pub use key::algorithm::KeyAlgorithm;
pub use key::error::NoteSignatureError;
pub use key::error::VerifierKeyError;
pub use key::id::KeyId;
pub use key::name::KeyName;
pub use key::verifier::VerifierKey;
pub use note::error::MAX_NOTE_BYTES;
pub use note::error::MAX_NOTE_SIGNATURES;
pub use note::error::NoteError;
pub use note::signature::NoteSignature;
pub use note::signed::SignedNote;
pub use note::signer::NoteSigner;
pub use note::signer::SignError;
pub use private_key::PrivateKeyError;
pub use proof::consistency::ConsistencyProof;
pub use proof::error::MAX_PROOF_HASHES;
pub use proof::error::ProofError;
pub use proof::inclusion::InclusionProof;
pub use proof::subtree::SubtreeConsistencyProof;
pub use proof::subtree::SubtreeInclusionProof;
pub use right_edge::RightEdge;
pub use right_edge::RightEdgeError;
pub use signer::EcdsaP256Signer;
pub use signer::Ed25519Signer;
pub use tile::MAX_TILE_LEVEL;
pub use tile::TILE_BYTES;
pub use tile::TILE_HEIGHT;
pub use tile::TILE_WIDTH;
pub use tile::Tile;
pub use tile::TileError;
pub use tile::TileId;
pub use tile::TileWidth;
pub use tile::tile_width_at;
pub use tile_path::TilePath;
pub use tile_path::TilePathError;
pub use tiles::GenerateError;
pub use tiles::TileSource;
pub use tiles::right_edge_from_tiles;
pub use tiles::root_from_tiles;
pub use tlog_proof::TlogProof;
pub use tlog_proof::TlogProofError;
