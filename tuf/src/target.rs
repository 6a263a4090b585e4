//! Files that a repository vouches for.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha512;

use crate::error::TufError;

/// A file, as the targets role lists it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Target {
    /// Its length in bytes.
    pub length: u64,
    /// Its hashes in hexadecimal, by the names of the functions.
    pub hashes: BTreeMap<String, String>,
    /// What those who use it need to know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Value>,
}

impl Target {
    /// Checks that `bytes` are the file that is listed as `name`.
    ///
    /// # Errors
    /// [`TufError::OtherTarget`] when they are not, or no hash function that is known is listed.
    pub fn check(&self, name: &str, bytes: &[u8]) -> Result<(), TufError> {
        let is_as_long = u64::try_from(bytes.len()) == Ok(self.length);
        match is_as_long && have_hashes(bytes, &self.hashes) {
            true => Ok(()),
            false => Err(TufError::OtherTarget(name.to_owned())),
        }
    }

    /// Where the file `name` lies below the folder of the targets, where files have their hashes in
    /// their names.
    pub fn path(&self, name: &str) -> Option<String> {
        let hash = self.hashes.get("sha256")?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hash {
            return None;
        }
        Some(match name.rsplit_once('/') {
            Some((folder, file)) => format!("{folder}/{hash}.{file}"),
            None => format!("{hash}.{name}"),
        })
    }
}

/// Whether all hashes of functions that are known are those of `bytes`, of which there has to be
/// one.
pub(crate) fn have_hashes(bytes: &[u8], hashes: &BTreeMap<String, String>) -> bool {
    let known = [
        ("sha256", hex::encode(Sha256::digest(bytes))),
        ("sha512", hex::encode(Sha512::digest(bytes))),
    ];
    let mut listed = 0;
    for (name, actual) in known {
        if let Some(expected) = hashes.get(name) {
            listed += 1;
            if !expected.eq_ignore_ascii_case(&actual) {
                return false;
            }
        }
    }
    listed > 0
}
