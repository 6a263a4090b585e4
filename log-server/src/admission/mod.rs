//! Who may come in: connections and streams, counted for each caller and in total.

pub(crate) mod connections;
pub(crate) mod descriptors;
pub(crate) mod peer;
pub(crate) mod proxies;
pub(crate) mod service;
pub(crate) mod streams;
