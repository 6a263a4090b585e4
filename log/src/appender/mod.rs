//! Where entries are appended: a queue that is filled by many, and the one thread that empties it.

pub(crate) mod growing;
pub(crate) mod queue;
pub(crate) mod sequencer;
