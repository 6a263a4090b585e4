//! Signing, and submitting to a log over its Rekor v2 interface; the answer is checked before it is
//! believed.

pub(crate) mod encrypted_key;
pub(crate) mod error;
pub(crate) mod key_pair;
pub(crate) mod signing_key;
pub(crate) mod submission;
