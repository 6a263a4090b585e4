//! What a log accepts through Rekor v2.

use crate::algorithm::AlgorithmSet;
use crate::entry_kind::ApiVersion;
use crate::kind_set::KindSet;
use crate::v2::limits::V2Limits;

/// What a log accepts, within what this version can verify.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// The algorithms that entries may be signed with.
    pub algorithms: AlgorithmSet,
    /// The kinds that are taken. Rekor v2 itself no longer takes dsse, but its older clients send
    /// it.
    pub kinds: KindSet,
}

impl Policy {
    pub(crate) fn limits(&self) -> V2Limits {
        V2Limits {
            algorithms: self.algorithms,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            algorithms: AlgorithmSet::default(),
            kinds: KindSet::all(ApiVersion::V2),
        }
    }
}
