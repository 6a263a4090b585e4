//! The limits of metadata.

/// The longest root that is read, in bytes: as for other clients.
pub const MAX_ROOT_BYTES: usize = 512_000;

/// The longest timestamp that is read, in bytes.
pub const MAX_TIMESTAMP_BYTES: usize = 16_384;

/// The longest snapshot that is read, in bytes.
pub const MAX_SNAPSHOT_BYTES: usize = 2_000_000;

/// The longest targets that are read, in bytes.
pub const MAX_TARGETS_BYTES: usize = 5_000_000;

/// The most roles beside the top-level targets that are asked about one target: as for other
/// clients.
pub const MAX_DELEGATED_ROLES: usize = 32;

/// The longest name of such a role, in bytes.
pub const MAX_DELEGATED_NAME_BYTES: usize = 255;

/// The most roots that are followed at once.
pub const MAX_ROOT_STEPS: u64 = 256;
