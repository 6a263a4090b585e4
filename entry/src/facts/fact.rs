//! One thing that an entry names.

use crate::facts::normal::normal;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;

/// One thing that an entry names.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fact {
    /// What kind of thing it is.
    pub kind: SearchKeyKind,
    /// The thing, in the one form in which such things are compared.
    pub text: String,
    /// Where it stands.
    pub source: FactSource,
    /// Whose it is, of several signers of an entry, from 1; 0 for what belongs to all of them.
    pub signer: u16,
}

/// Where a fact stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FactSource {
    /// In the body, which anybody can read and hash.
    Body,
    /// In a statement that came with the submission, and that the body has at most the hash of.
    Statement,
}

impl Fact {
    /// The fact with this text as it was found. `None` for a text that names nothing.
    pub(crate) fn found(
        kind: SearchKeyKind,
        text: &str,
        source: FactSource,
        signer: u16,
    ) -> Option<Self> {
        Some(Self {
            kind,
            text: normal(kind, text)?,
            source,
            signer,
        })
    }

    /// What an index leads to the entry by.
    pub fn search_key(&self) -> SearchKey {
        SearchKey::of(self.kind, &self.text)
    }
}
