//! The running log as a library: it sequences entries, signs tree heads, and proves what it holds.
//!
//! A log is a set of [trees](Trees), one of which grows for each protocol. One thread, the
//! *sequencer*, owns those that grow. It takes everything that waits, gives it contiguous indexes,
//! and makes it durable with one atomic batch and one sync
//! ([`ledgerstone_storage::Store::commit`]). Only then are the new tree heads signed and published,
//! each by one pointer swap; readers never wait for it. The log does not know which face called it.
//!
//! ```
//! # use std::sync::Arc;
//! use ledgerstone_log::{Keyring, Log, LogOptions, NewTree, Submission};
//! use ledgerstone_storage::{Store, TreeKind};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = LogOptions::default();
//! let new_trees = NewTree::of_log("log.example.com");
//! let keyring = Keyring::generate(&new_trees, &options.protocols)?;
//! let log = Log::create(Store::in_memory(), &new_trees, keyring, options)?;
//!
//! let submission = Submission::new("a body".into())?;
//! let appended = log.append(TreeKind::REKOR_V2, submission).await?;
//! appended.proof.verify(&appended.leaf_hash, &appended.head.root())?;
//!
//! let trees = log.trees();
//! let tree = trees.by_tree_id(appended.tree_id).ok_or("the tree is there")?;
//! let (first, now) = (appended.index.first_size(), tree.head().size());
//! let consistency = tree.consistency_proof(first, now).await?;
//! assert!(consistency.hashes.is_empty(), "the head has not grown since");
//! log.close().await?;
//! # Ok(())
//! # }
//! ```

mod appender;
mod background;
mod clock;
mod compare;
mod error;
mod follow;
mod fsck;
mod head;
mod import;
mod kept;
mod key_role;
mod keyring;
mod lacking;
mod late;
mod live;
mod log;
mod new_tree;
mod options;
mod positions;
mod protocol;
mod public_keys;
mod publish;
mod read_only;
mod recovery;
mod reindex;
mod scrub;
mod search;
mod statements;
mod submission;
mod timestamps;
mod tree;
mod trees;
mod upgrade;

pub use appender::queue::Coming;
pub use clock::Clock;
pub use clock::ClockAhead;
pub use compare::compare_tree;
pub use compare::verify_tree;
pub use error::AppendError;
pub use error::CloseError;
pub use error::Fatal;
pub use error::KeyError;
pub use error::OpenError;
pub use error::ReadError;
pub use follow::FollowedEntry;
pub use follow::read_on;
pub use fsck::Finding;
pub use fsck::FsckReport;
pub use fsck::accept_head;
pub use fsck::fsck;
pub use fsck::fsck_copy;
pub use head::DurableHead;
pub use head::Head;
pub use import::IMPORT_ROUND_ENTRIES;
pub use import::ImportError;
pub use import::ImportSource;
pub use import::ImportedEntry;
pub use import::Importer;
pub use key_role::KeyRole;
pub use keyring::ForeignKey;
pub use keyring::KeyDirectory;
pub use keyring::Keyring;
pub use keyring::check_shard_signer;
pub use keyring::load_foreign_key;
pub use keyring::save_foreign_key;
pub use keyring::save_shard_signer;
pub use lacking::Lacking;
pub use lacking::UnservedTree;
pub use log::Appended;
pub use log::IncompleteCopy;
pub use log::Log;
pub use log::create_trees;
pub use log::open_imported;
pub use new_tree::NewTree;
pub use options::LogOptions;
pub use options::Observer;
pub use options::RoundReport;
pub use positions::MAX_POSITIONS;
pub use positions::Positions;
pub use positions::PositionsError;
pub use protocol::BundleEntry;
pub use protocol::Leaf;
pub use protocol::Protocol;
pub use protocol::Protocols;
pub use protocol::RekorMixed;
pub use protocol::RekorV1;
pub use protocol::RekorV2;
pub use reindex::Reindex;
pub use reindex::ReindexError;
pub use reindex::ReindexPass;
pub use reindex::ReindexProgress;
pub use reindex::ReindexState;
pub use reindex::ReindexStatus;
pub use scrub::ScrubReport;
pub use search::Evidence;
pub use search::MAX_COUNTED;
pub use search::MAX_SEARCH_KEYS;
pub use search::SearchHit;
pub use search::SearchOperator;
pub use search::SearchOrder;
pub use search::SearchPage;
pub use search::SearchQuery;
pub use search::TreeCoverage;
pub use search::coverage;
pub use search::search;
pub use statements::AttachError;
pub use statements::Attached;
pub use statements::DetachError;
pub use statements::KeptStatement;
pub use statements::MAX_ATTACHED_ENTRIES;
pub use statements::StatementLimits;
pub use statements::StatementTotals;
pub use statements::detach;
pub use submission::Submission;
pub use tree::Tree;
pub use tree::entry::BundlePart;
pub use tree::entry::LoggedEntry;
pub use tree::entry::ProvenEntry;
pub use trees::Trees;
pub use upgrade::Upgrade;
pub use upgrade::UpgradeError;
pub use upgrade::next_free_shard;
