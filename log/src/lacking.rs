//! What a log that is only read does not serve.

/// A tree that is not served, since what is stored of it does not hold together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnservedTree {
    /// What it is called; the number of its shard where the store does not say.
    pub name: String,
    /// Why it is not served.
    pub reason: String,
    /// Whether it is the tree that takes entries of Rekor v2.
    pub is_rekor_v2: bool,
}

/// Which trees a log that is only read does not serve: what they hold is not absent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Lacking {
    /// The one that takes entries of Rekor v2.
    pub rekor_v2: bool,
    /// Any other.
    pub others: bool,
}

impl Lacking {
    pub(crate) fn of(unserved: &[UnservedTree]) -> Self {
        Self {
            rekor_v2: unserved.iter().any(|tree| tree.is_rekor_v2),
            others: unserved.iter().any(|tree| !tree.is_rekor_v2),
        }
    }

    /// Whether any tree is not served.
    pub fn any(self) -> bool {
        self.rekor_v2 || self.others
    }
}
