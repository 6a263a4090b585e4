//! Metadata with its signatures.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp as Instant;
use serde::Deserialize;
use serde_json::Value;

use crate::canonical;
use crate::error::Role;
use crate::error::TufError;
use crate::key::Key;
use crate::metadata::Metadata;
use crate::metadata::Root;

/// The most signatures that metadata may have.
const MAX_SIGNATURES: usize = 64;

/// The metadata of a role, read but not believed yet.
#[derive(Clone, Debug)]
pub(crate) struct Signed<T> {
    content: T,
    /// What is signed.
    canonical: Vec<u8>,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, Deserialize)]
struct Signature {
    keyid: String,
    /// Hexadecimal.
    sig: String,
}

#[derive(Deserialize)]
struct Envelope {
    signatures: Vec<Signature>,
    signed: Value,
}

impl<T: Metadata> Signed<T> {
    /// Reads `json`.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, TufError> {
        let malformed = |reason: String| TufError::Malformed {
            role: T::ROLE,
            reason,
        };
        let envelope: Envelope =
            serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
        if envelope.signatures.len() > MAX_SIGNATURES {
            return Err(malformed("it has too many signatures".to_owned()));
        }
        let canonical = canonical::to_vec(&envelope.signed)?;
        let content: T = serde_json::from_value(envelope.signed)
            .map_err(|error| malformed(error.to_string()))?;
        let head = content.head();
        if head.kind != T::ROLE.name() {
            return Err(malformed(format!("it is of the role {:?}", head.kind)));
        }
        if !head.spec_version.starts_with("1.") {
            let version = &head.spec_version;
            return Err(malformed(format!("it is of version {version} of TUF")));
        }
        Ok(Self {
            content,
            canonical,
            signatures: envelope.signatures,
        })
    }

    /// What it says.
    pub(crate) fn content(&self) -> &T {
        &self.content
    }

    pub(crate) fn version(&self) -> u64 {
        self.content.head().version
    }

    /// Checks that enough of those signed whom `root` names for the role.
    pub(crate) fn check_signatures(&self, root: &Root) -> Result<(), TufError> {
        let role = root.roles.get(T::ROLE.name());
        let role = role.ok_or_else(|| not_listed(T::ROLE))?;
        self.check_signatures_by(&root.keys, &role.keyids, role.threshold)
    }

    /// Checks that `threshold` of the `keys` with these ids signed.
    pub(crate) fn check_signatures_by(
        &self,
        keys: &BTreeMap<String, Key>,
        keyids: &[String],
        threshold: usize,
    ) -> Result<(), TufError> {
        let mut signers = BTreeSet::new();
        for signature in &self.signatures {
            if !keyids.contains(&signature.keyid) {
                continue;
            }
            let Some(key) = keys.get(&signature.keyid) else {
                continue;
            };
            let bytes = hex::decode(&signature.sig).unwrap_or_default();
            if key.is_by(&self.canonical, &bytes) {
                // A key counts once, however many ids it is listed under.
                signers.insert(&key.keyval.public);
            }
        }
        if threshold == 0 || signers.len() < threshold {
            return Err(TufError::Threshold {
                role: T::ROLE,
                valid: signers.len(),
                threshold,
            });
        }
        Ok(())
    }

    /// Checks that it holds at `now`, in Unix seconds: before its end.
    pub(crate) fn check_time(&self, now: i64) -> Result<(), TufError> {
        let expires = &self.content.head().expires;
        let end: Instant = expires.parse().map_err(|_| TufError::Malformed {
            role: T::ROLE,
            reason: format!("{expires:?} is not a time"),
        })?;
        match now < end.as_second() {
            true => Ok(()),
            false => Err(TufError::Expired {
                role: T::ROLE,
                expires: expires.clone(),
            }),
        }
    }
}

fn not_listed(role: Role) -> TufError {
    TufError::NotListed {
        by: Role::Root,
        name: role.name().to_owned(),
    }
}
