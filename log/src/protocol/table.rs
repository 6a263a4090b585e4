//! Which protocols there are.

use std::fmt;
use std::sync::Arc;

use ledgerstone_storage::TreeKind;

use crate::protocol::rekor::RekorMixed;
use crate::protocol::rekor::RekorV1;
use crate::protocol::rekor::RekorV2;
use crate::protocol::rules::Protocol;

/// The protocols that a program knows, each with a number of its own.
#[derive(Clone)]
pub struct Protocols(Vec<Arc<dyn Protocol>>);

impl Protocols {
    /// Adds one, in place of one with the same number.
    #[must_use]
    pub fn with(mut self, protocol: impl Protocol) -> Self {
        self.0.retain(|other| other.kind() != protocol.kind());
        self.0.push(Arc::new(protocol));
        self
    }

    /// The protocol with this number.
    pub fn of(&self, kind: TreeKind) -> Option<&Arc<dyn Protocol>> {
        self.0.iter().find(|protocol| protocol.kind() == kind)
    }
}

/// Rekor v1, Rekor v2, and what version 0.1 of this program made of both.
impl Default for Protocols {
    fn default() -> Self {
        Self(Vec::new())
            .with(RekorMixed)
            .with(RekorV1)
            .with(RekorV2)
    }
}

impl fmt::Debug for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|protocol| protocol.name()))
            .finish()
    }
}
