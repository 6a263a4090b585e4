//! The certificates of signers: what they say, who issued them, and that this was public.

pub(crate) mod extension;
pub(crate) mod fault;
pub(crate) mod path;
pub(crate) mod precertificate;
pub(crate) mod sct;
pub(crate) mod signing;
