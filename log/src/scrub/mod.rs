//! Reads the whole store again, at a set rate and round and round, so that damage shows before
//! somebody needs what is damaged.
//!
//! Bodies are hashed and compared with the lowest tiles and the leaf index, upper tiles with those
//! below them, and all other rows are read against the engine's checksums. Nothing is written, and
//! nothing ends by what is found: it is told once for a place. Where the pass is, is not kept: a
//! start begins anew. Blocks that the store has in its cache come from there, and are read from the
//! disk once they have left it.

pub(crate) mod pass;
pub(crate) mod report;
pub(crate) mod running;

pub use report::ScrubReport;
