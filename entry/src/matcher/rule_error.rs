//! Why entries cannot be watched for by a rule.

/// The longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 2_048;

/// The most rules of one watch list. Each identity is compared with each subject of each entry.
pub const MAX_RULES: usize = 4_096;

/// Why a rule cannot be watched by.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// A pattern that matches nothing.
    #[error("a subject or an issuer is empty; use * for any")]
    EmptyPattern,
    /// A pattern of more than [`MAX_PATTERN_BYTES`].
    #[error("a subject or an issuer has {0} bytes, and at most {MAX_PATTERN_BYTES} are allowed")]
    PatternLength(usize),
    /// Not a digest.
    #[error("{0:?} is not a digest; write sha256: and 64 hexadecimal digits")]
    Digest(String),
    /// Not a kind.
    #[error(
        "{0:?} is not a kind of entry; write a name, such as hashedrekord, or a name and a version"
    )]
    Kind(String),
    /// More than [`MAX_RULES`] rules.
    #[error("more than {MAX_RULES} rules")]
    Count,
}
