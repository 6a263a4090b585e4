//! The codes that the process ends with.

/// It could not be done: wrong arguments, an unreadable file, something that the log refuses or
/// does not have.
pub(crate) const UNDONE: u8 = 1;

/// Something does not verify.
pub(crate) const UNTRUE: u8 = 2;

/// The log cannot be reached, or is in trouble.
pub(crate) const UNREACHABLE: u8 = 3;

/// Nothing was found, and everything could be seen.
pub(crate) const NONE: u8 = 4;

/// Nothing was found, but not everything could be seen.
pub(crate) const NONE_SEEN: u8 = 5;

/// The code of a command whose output nobody reads to the end.
pub(crate) const DONE: u8 = 0;
