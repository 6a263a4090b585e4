//! The names of note keys.

use std::fmt;

use crate::key::error::VerifierKeyError;

/// The name of a note key: not empty, without white space (Unicode's), control characters and `+`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyName(String);

impl KeyName {
    /// The name `name`.
    ///
    /// # Errors
    /// When the name is empty or has a character that no key name may have.
    pub fn new(name: impl Into<String>) -> Result<Self, VerifierKeyError> {
        let name = name.into();
        let refused = |character: char| {
            character == '+' || character.is_whitespace() || character.is_control()
        };
        if name.is_empty() || name.contains(refused) {
            return Err(VerifierKeyError::Name);
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
