//! The commands, a file or folder each, with the arguments of each in it.

pub(crate) mod audit;
pub(crate) mod completions;
#[cfg(feature = "server")]
pub(crate) mod fsck;
pub(crate) mod get;
#[cfg(feature = "server")]
pub(crate) mod import;
pub(crate) mod leaf_hash;
pub(crate) mod monitor;
pub(crate) mod proof;
#[cfg(feature = "server")]
pub(crate) mod ready;
pub(crate) mod recall;
#[cfg(feature = "server")]
pub(crate) mod reindex;
pub(crate) mod search;
#[cfg(feature = "server")]
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod submit;
pub(crate) mod submitted;
pub(crate) mod time_argument;
#[cfg(feature = "server")]
pub(crate) mod tree;
pub(crate) mod trust;
pub(crate) mod verify;
