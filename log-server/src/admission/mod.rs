//! Who may come in, and whose turn it is: connections, streams, memory and work, counted for each
//! caller and in total.

pub(crate) mod activity;
pub(crate) mod caller;
pub(crate) mod connections;
pub(crate) mod descriptors;
pub(crate) mod peer;
pub(crate) mod proxies;
pub(crate) mod rates;
pub(crate) mod refusals;
pub(crate) mod room;
pub(crate) mod service;
pub(crate) mod shares;
pub(crate) mod turns;

/// How many times as much a site of IPv6 may have as one of its callers.
const SITE_FACTOR: usize = 4;

/// What the admission has to tell of itself.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// The bytes that requests take.
    pub(crate) memory: usize,
    /// How many requests wait for their turn.
    pub(crate) waiting: usize,
    /// How many requests were turned away, and why.
    pub(crate) refused: [(&'static str, u64); 4],
}

/// What one caller may have of `all`: `wanted`, but never all.
pub(crate) fn share(wanted: usize, all: usize) -> usize {
    if wanted < all {
        wanted
    } else {
        all.div_ceil(4)
    }
}
