use std::fmt;

/// Why a server only reads, for whoever asks whether it is ready.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// The operator wants it so.
    Wanted,
    /// The log could not be opened for writing, since it is damaged: how.
    Damage(String),
    /// The log could not be opened for writing, since the disk is full: what said so.
    FullDisk(String),
}

impl Reading {
    /// The word for it in metrics.
    pub(crate) fn cause(&self) -> &'static str {
        match self {
            Self::Wanted => "setting",
            Self::Damage(_) => "damage",
            Self::FullDisk(_) => "full-disk",
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wanted => f.write_str("read-only, as set"),
            Self::Damage(reason) => write!(
                f,
                "read-only because of damage: {reason}; start the server again then"
            ),
            Self::FullDisk(reason) => write!(
                f,
                "read-only because the disk is full: {reason}; make room, and start it again"
            ),
        }
    }
}
