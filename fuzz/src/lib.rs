//! Fuzz targets for the parsers of bytes that come from outside.
//!
//! A target takes any bytes and must not panic, whatever they are. Most also assert what has to
//! hold: what was read is written again as it was, and an entry that was taken is found in its body
//! by the same keys. The calls into each crate stand in one file, named after it; what a verifier
//! of bundles reads beside logs is in `verify`.
//!
//! `fuzz/targets` lists the targets, with the risk that each is given time by; `fuzz/corpus/<name>`
//! has the inputs that each begins from. `make fuzz` runs all for a short while, and `make test`
//! gives them their corpora. Requests go to all faces of a server over a log in memory, without a
//! socket, and rows to a store in memory.

pub mod client;
pub mod entry;
pub mod log_server;
pub mod merkle;
pub mod parts;
pub mod proto;
pub mod signer;
pub mod storage;
pub mod verify;

mod answers;
mod list;
mod site;

pub use list::TARGETS;
pub use list::Target;

/// The target with this name.
pub fn target(name: &str) -> Option<Target> {
    merkle::target(name)
        .or_else(|| proto::target(name))
        .or_else(|| entry::target(name))
        .or_else(|| client::target(name))
        .or_else(|| verify::target(name))
        .or_else(|| log_server::target(name))
        .or_else(|| storage::target(name))
}
