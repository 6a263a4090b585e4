//! `verify`: checks files and images with their bundles: who signed what, when, and where it was
//! logged.

pub(crate) mod args;
pub(crate) mod expected;
pub(crate) mod images;
pub(crate) mod inputs;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod trust_source;
