//! The kinds of Rekor v2: one file each, and one row in [`V2_KINDS`].
//!
//! A new kind is a type for its body that implements [`V2Kind`](definition::V2Kind), in a file of
//! its own beside these, and its row below.

pub(crate) mod definition;
pub(crate) mod dsse_v002;
pub(crate) mod hashedrekord_v002;
pub(crate) mod logged_hash;

use definition::V2KindDefinition;
use dsse_v002::DsseV002;
use hashedrekord_v002::HashedRekordV002;

/// Every kind of Rekor v2 that this version can verify.
pub(crate) static V2_KINDS: &[V2KindDefinition] = &[
    V2KindDefinition::of::<HashedRekordV002>(),
    V2KindDefinition::of::<DsseV002>(),
];
