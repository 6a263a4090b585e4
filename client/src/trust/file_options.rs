//! What trust files say beyond the log's own keys.

use crate::trust::description::KeyPeriod;

/// The two interfaces that signing clients may be sent to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RekorApiVersion {
    /// Rekor v1: `/api/v1/`.
    V1,
    /// Rekor v2: `/api/v2/`.
    #[default]
    V2,
}

impl RekorApiVersion {
    /// Its number, as signing configs have it.
    pub fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

/// What trust files say beyond the log's own keys.
#[derive(Clone, Debug)]
pub struct TrustOptions {
    /// Where clients reach the log.
    pub url: String,
    /// Which interface they are to use.
    pub api_version: RekorApiVersion,
    /// Since when the keys of the trees that grow are valid, in Unix seconds; `None` for the
    /// beginning of the day (UTC) on which each began.
    pub valid_from: Option<i64>,
    /// The imported trees of the log, whose entries are verified with keys of their own.
    pub predecessors: Vec<KeyPeriod>,
    /// A certificate authority, for certificates of signers.
    pub certificate_authority: Option<Authority>,
    /// A time stamping authority; its URL is the one that requests are sent to.
    pub timestamp_authority: Option<Authority>,
    /// The public key of a certificate transparency log as PEM.
    pub ct_key: Option<String>,
}

/// An authority with its certificates.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Where it is reached.
    pub url: String,
    /// Its certificates as PEM, the root last.
    pub chain: String,
}
