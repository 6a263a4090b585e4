//! What a target is, and the list of all.

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// The lines of the list of targets: name, risk, longest input in bytes.
pub const TARGETS: &str = include_str!("../targets");
