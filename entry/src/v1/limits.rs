//! What the kinds of Rekor v1 are bound by beyond their formats.

use crate::algorithm::AlgorithmSet;

/// The part of a [`V1Policy`](crate::v1::V1Policy) that a kind looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct V1Limits {
    /// The algorithms that hashedrekord entries may be signed with.
    pub(crate) algorithms: AlgorithmSet,
    /// The largest attestation that is kept, in bytes, or `None` to keep none.
    pub(crate) max_attestation_bytes: Option<usize>,
    /// The largest document of a rekord entry, in bytes.
    pub(crate) max_artifact_bytes: usize,
}
