//! How long and how deep a query may be.

/// The longest text of a query, in bytes.
pub const MAX_QUERY_BYTES: usize = 16 << 10;

/// The most terms of a query.
pub const MAX_QUERY_TERMS: usize = 256;

/// In how many parentheses a term may be.
pub const MAX_QUERY_DEPTH: usize = 16;
