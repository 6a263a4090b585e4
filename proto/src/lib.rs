//! The messages that Ledgerstone speaks, generated from the `.proto` files of this folder.
//!
//! The Sigstore packages have the names, numbers and types of the published formats, so that bytes
//! and JSON are interchangeable with every other implementation. `ledgerstone.v1` is the log's own
//! protocol. Fields of type `bytes` are [`bytes::Bytes`].
//!
//! JSON is the proto3 form; [`json`] reads and writes it.

#[cfg(feature = "grpc")]
pub mod codec;
pub mod google;
pub mod json;

/// The Sigstore packages, `dev.sigstore.*`.
pub mod sigstore {
    /// `dev.sigstore.bundle`: the file that verifies an artifact offline.
    pub mod bundle {
        pub use crate::generated::dev::sigstore::bundle::v1;
    }

    /// `dev.sigstore.common`: what the other packages share.
    pub mod common {
        pub use crate::generated::dev::sigstore::common::v1;
    }

    /// `dev.sigstore.rekor`: the log's answers (`v1`), its requests and its service (`v2`).
    pub mod rekor {
        pub use crate::generated::dev::sigstore::rekor::v1;
        pub use crate::generated::dev::sigstore::rekor::v2;
    }

    /// `dev.sigstore.trustroot`: what clients are configured with.
    pub mod trustroot {
        pub use crate::generated::dev::sigstore::trustroot::v1;
    }
}

/// Ledgerstone's own protocol.
pub mod log {
    pub use crate::generated::ledgerstone::v1;
}

pub use crate::generated::io::intoto;

/// All files, with their imports, options and comments, as an encoded `FileDescriptorSet`: what
/// gRPC reflection serves.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

mod generated;
