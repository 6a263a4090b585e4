//! What a log accepts through Rekor v1.

use crate::algorithm::AlgorithmSet;
use crate::entry_kind::ApiVersion;
use crate::kind_set::KindSet;
use crate::v1::limits::V1Limits;

/// What a log accepts through Rekor v1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct V1Policy {
    /// The algorithms that hashedrekord entries may be signed with. The other kinds are not bound
    /// by it, as upstream.
    pub algorithms: AlgorithmSet,
    /// The kinds that are taken.
    pub kinds: KindSet,
    /// The largest attestation that is kept beside its entry, in bytes, or `None` to keep none. A
    /// larger one is not kept; its entry is logged all the same.
    pub max_attestation_bytes: Option<usize>,
    /// The largest document of a rekord entry, in bytes.
    pub max_artifact_bytes: usize,
}

impl V1Policy {
    pub(crate) fn limits(&self) -> V1Limits {
        V1Limits {
            algorithms: self.algorithms,
            max_attestation_bytes: self.max_attestation_bytes,
            max_artifact_bytes: self.max_artifact_bytes,
        }
    }
}

impl Default for V1Policy {
    fn default() -> Self {
        Self {
            algorithms: AlgorithmSet::default(),
            kinds: KindSet::all(ApiVersion::V1),
            max_attestation_bytes: Some(DEFAULT_MAX_ATTESTATION_BYTES),
            max_artifact_bytes: DEFAULT_MAX_ARTIFACT_BYTES,
        }
    }
}

/// How large an attestation may be to be kept, in bytes, unless the policy says otherwise: the
/// limit of upstream.
pub const DEFAULT_MAX_ATTESTATION_BYTES: usize = 102_400;

/// How large the document of a rekord entry may be, in bytes, unless the policy says otherwise.
pub const DEFAULT_MAX_ARTIFACT_BYTES: usize = 32 << 20;
