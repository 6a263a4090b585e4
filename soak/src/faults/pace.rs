//! How long a fault lasts where it has a length.

use std::time::Duration;

/// How long clients go on over damage, or without room.
pub(crate) const ENDURED: Duration = Duration::from_millis(1_200);
