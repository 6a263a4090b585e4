//! The kinds of Rekor v1: one file each, and one row in [`V1_KINDS`].
//!
//! A new kind is a type for its body that implements [`V1Kind`](definition::V1Kind), in a file of
//! its own beside these, and its row below.

pub(crate) mod definition;
pub(crate) mod dsse_v001;
pub(crate) mod hashedrekord_v001;
pub(crate) mod intoto_v001;
pub(crate) mod intoto_v002;
pub(crate) mod rekord_v001;

use definition::V1KindDefinition;
use dsse_v001::DsseV001;
use hashedrekord_v001::HashedRekordV001;
use intoto_v001::IntotoV001;
use intoto_v002::IntotoV002;
use rekord_v001::RekordV001;

/// Every kind of Rekor v1 that this version can verify, in each of its versions.
pub(crate) static V1_KINDS: &[V1KindDefinition] = &[
    V1KindDefinition::of::<HashedRekordV001>(),
    V1KindDefinition::of::<DsseV001>(),
    V1KindDefinition::of::<IntotoV001>(),
    V1KindDefinition::of::<IntotoV002>(),
    V1KindDefinition::of::<RekordV001>(),
];
