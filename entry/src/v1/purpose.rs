//! What a proposed entry is read for.

/// Whether an entry is to be logged, or to be looked up in the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    Create,
    LookUp,
}
