//! Names and passwords for registries, as docker and podman keep them.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::oci::error::OciError;

/// The longest file with credentials that is read, in bytes.
pub const MAX_CREDENTIALS_BYTES: usize = 1 << 20;

/// A name and a password for a registry.
#[derive(Clone, Eq, PartialEq)]
pub struct RegistryCredentials {
    /// Base64 of `name:password`.
    basic: String,
}

impl RegistryCredentials {
    /// The credentials for `registry` in the `config.json` of docker or the `auth.json` of podman,
    /// if they are in it.
    ///
    /// # Errors
    /// When it is not such a file.
    pub fn find(json: &[u8], registry: &str) -> Result<Option<Self>, OciError> {
        let wrong = |reason: String| OciError::Credentials(reason);
        let file: File = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        let is_it = |name: &str| {
            let name = name.split_once("://").map_or(name, |(_, rest)| rest);
            let host = name.split('/').next().unwrap_or_default();
            host == registry || (registry == "docker.io" && host == "index.docker.io")
        };
        let mut auths = file.auths.into_iter();
        let found = auths.find(|(name, auth)| is_it(name) && auth.auth.is_some());
        let Some(basic) = found.and_then(|(_, auth)| auth.auth) else {
            return Ok(None);
        };
        let plain = STANDARD.decode(&basic).unwrap_or_default();
        match plain.contains(&b':') {
            true => Ok(Some(Self { basic })),
            false => Err(wrong(format!("auth of {registry} is not name:password"))),
        }
    }

    /// The value of an `Authorization` header.
    pub(crate) fn header(&self) -> String {
        format!("Basic {}", self.basic)
    }
}

impl fmt::Debug for RegistryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistryCredentials")
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
}

#[derive(Deserialize)]
struct Auth {
    auth: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_those_of_the_registry() {
        let json = br#"{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},
            "ghcr.io":{"auth":"YTpi"},"r.example:5000":{"auth":"eA=="},"x.example":{}},
            "credsStore":"desktop"}"#;
        let find = |registry| RegistryCredentials::find(json, registry);
        assert_eq!(find("ghcr.io").unwrap().unwrap().header(), "Basic YTpi");
        assert!(find("docker.io").unwrap().is_some());
        assert_eq!(find("x.example").unwrap(), None);
        assert_eq!(find("other.example").unwrap(), None);
        assert!(find("r.example:5000").is_err());
        assert!(RegistryCredentials::find(b"[", "ghcr.io").is_err());
        let shown = format!("{:?}", find("ghcr.io").unwrap());
        assert!(!shown.contains("YTpi"), "{shown}");
    }
}
