//! What the kinds of Rekor v2 are bound by beyond their formats.

use crate::algorithm::AlgorithmSet;

/// The part of a [`Policy`](crate::Policy) that a kind looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct V2Limits {
    /// The algorithms that entries may be signed with.
    pub(crate) algorithms: AlgorithmSet,
}
