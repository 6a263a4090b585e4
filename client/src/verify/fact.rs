//! What a verification has shown, one by one.

/// Something that was checked, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// What was checked.
    pub what: &'static str,
    /// What showed it.
    pub by: String,
}

impl Fact {
    pub(crate) fn new(what: &'static str, by: impl Into<String>) -> Self {
        Self {
            what,
            by: by.into(),
        }
    }
}
