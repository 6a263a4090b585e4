//! The files that make other Sigstore clients trust and use a log: trusted root, signing config,
//! client trust config and the log's keys.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_proto::json::to_vec_pretty;
use ledgerstone_proto::sigstore::trustroot::v1 as proto;

use crate::files::replace_file;
use crate::trust::description::KeyPeriod;
use crate::trust::description::LogDescription;
use crate::trust::file_error::TrustFilesError;
use crate::trust::file_options::RekorApiVersion;
use crate::trust::file_options::TrustOptions;
use crate::trust::log::TrustedLog;
use crate::trust::root::CLIENT_TRUST_CONFIG_MEDIA_TYPE;
use crate::trust::root_file::trusted_root;
use crate::trust::root_file::valid_for;
use crate::trust::signing_config::signing_config;
use crate::verifier_pem::public_key_pem;

/// The files, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustFiles {
    files: Vec<(&'static str, Vec<u8>)>,
}

impl TrustFiles {
    /// The files for a log.
    ///
    /// The trusted root lists each key of the log once: with ECDSA P-256 for Rekor v1, with Ed25519
    /// for Rekor v2, and those of frozen trees, which end. Its imported trees follow under theirs,
    /// valid from their first entries on. Clients find a log by its key id, and take the host of
    /// its `baseUrl` for the origin of its checkpoints; they never connect to it. Where they do
    /// connect, the signing config says.
    ///
    /// # Errors
    /// [`TrustFilesError::NoTree`] when the log has no tree for the API version; otherwise when a
    /// certificate or the CT key cannot be read, or the instant is beyond what a file can say.
    pub fn new(log: &LogDescription, options: &TrustOptions) -> Result<Self, TrustFilesError> {
        let version = options.api_version;
        let signed_with = match version {
            RekorApiVersion::V1 => &log.v1,
            RekorApiVersion::V2 => &log.v2,
        };
        let signed_with = signed_with
            .as_ref()
            .ok_or(TrustFilesError::NoTree { version })?;
        let valid_for = valid_for(signed_with, options.valid_from);
        let trusted_root = trusted_root(log, options, &valid_for)?;
        let signing_config = signing_config(signed_with.log.origin(), options, &valid_for);
        let client_trust_config = proto::ClientTrustConfig {
            media_type: CLIENT_TRUST_CONFIG_MEDIA_TYPE.to_owned(),
            trusted_root: Some(trusted_root.clone()),
            signing_config: Some(signing_config.clone()),
        };
        let mut files = vec![
            ("trusted_root.json", to_vec_pretty(&trusted_root)?),
            ("signing_config.v0.2.json", to_vec_pretty(&signing_config)?),
            (
                "client_trust_config.json",
                to_vec_pretty(&client_trust_config)?,
            ),
        ];
        files.extend(key_files(log));
        Ok(Self { files })
    }

    /// Names and contents.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.files
            .iter()
            .map(|(name, content)| (*name, &content[..]))
    }

    /// The content of the file `name`.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find_map(|(other, content)| (other == name).then_some(content))
    }

    /// Writes the files into `directory`, which is made if need be; each replaces an older one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, directory: &Path) -> Result<Vec<PathBuf>, TrustFilesError> {
        let failed = |path: &Path, source| TrustFilesError::Io {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
        let mut written = Vec::with_capacity(self.files.len());
        for (name, content) in self.iter() {
            let path = directory.join(name);
            replace_file(&path, content).map_err(|source| failed(&path, source))?;
            written.push(path);
        }
        Ok(written)
    }
}

/// The keys alone, where there are such.
fn key_files(log: &LogDescription) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let pem = |period: &KeyPeriod| {
        let key = period.log.key();
        public_key_pem(&key.public_key_der()).into_bytes()
    };
    let vkey = |log: &TrustedLog| format!("{}\n", log.key()).into_bytes();
    let files = [
        ("log-ed25519.pub", log.v2.as_ref().map(pem)),
        ("log-ecdsa-p256.pub", log.v1.as_ref().map(pem)),
        ("log.vkey", log.shown_key().map(vkey)),
        ("log-v1-tiles.vkey", log.v1_tiles.last().map(vkey)),
    ];
    files
        .into_iter()
        .filter_map(|(name, content)| Some((name, content?)))
}
