//! Who may come in: connections and streams, counted for each caller and in total.

pub(crate) mod connections;
pub(crate) mod descriptors;
pub(crate) mod peer;
pub(crate) mod proxies;
pub(crate) mod service;
pub(crate) mod streams;

/// What one caller may have of `all`: `wanted`, but never all.
fn share(wanted: usize, all: usize) -> usize {
    if wanted < all {
        wanted
    } else {
        all.div_ceil(4)
    }
}
