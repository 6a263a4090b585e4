//! Public keys as they come with entries, and what they verify.

pub(crate) mod error;
pub(crate) mod key_type;
pub(crate) mod public_key;
pub(crate) mod spki;

pub use error::PublicKeyError;
pub use key_type::KeyType;
pub use public_key::PublicKey;
