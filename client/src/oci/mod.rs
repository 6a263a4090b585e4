//! Images of the Open Container Initiative, in registries and in layouts on a disk, and the
//! signatures that are attached to them.

pub(crate) mod attached;
pub(crate) mod challenge;
pub(crate) mod credentials;
pub(crate) mod error;
pub(crate) mod image;
pub(crate) mod layout;
pub(crate) mod manifest;
pub(crate) mod reference;
pub(crate) mod registry;
pub(crate) mod store;
