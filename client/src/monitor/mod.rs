//! Monitoring a log by its tiles: every new entry is proven to be in the signed tree, and looked
//! at. Works with any log that serves tiles with bodies of Sigstore's kinds.

pub(crate) mod config;
pub(crate) mod hook;
pub(crate) mod page;
pub(crate) mod run;
pub(crate) mod state;
