//! The files that make other Sigstore clients trust and use a log: trusted root, signing config,
//! client trust config and the log's keys.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_proto::google::protobuf::Timestamp;
use ledgerstone_proto::json::to_vec_pretty;
use ledgerstone_proto::sigstore::common::v1 as common;
use ledgerstone_proto::sigstore::trustroot::v1 as proto;

use crate::files::replace_file;
use crate::pem::public_key_pem;
use crate::trust::description::LogDescription;
use crate::trust::file_error::TrustFilesError;
use crate::trust::file_options::TrustOptions;
use crate::trust::log::TrustedLog;
use crate::trust::root_file::trusted_root;
use crate::trust::signing_config::signing_config;

/// The media type of a client trust config.
pub const CLIENT_TRUST_CONFIG_MEDIA_TYPE: &str =
    "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

const SECONDS_PER_DAY: i64 = 86_400;

/// The files, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustFiles {
    files: Vec<(&'static str, Vec<u8>)>,
}

impl TrustFiles {
    /// The files for a log.
    ///
    /// The trusted root lists the log twice, once for each key: with ECDSA P-256 for Rekor v1, with
    /// Ed25519 for Rekor v2. Its predecessors follow under theirs, valid from their first entries
    /// on. Clients find a log by its key id, and take the host of its `baseUrl` for the origin of
    /// its checkpoints; they never connect to it. Where they do connect, the signing config says.
    ///
    /// # Errors
    /// When a certificate or the CT key cannot be read, or the instant is beyond what a file can
    /// say.
    pub fn new(log: &LogDescription, options: &TrustOptions) -> Result<Self, TrustFilesError> {
        let start = options
            .valid_from
            .unwrap_or_else(|| log.created - log.created.rem_euclid(SECONDS_PER_DAY));
        let valid_for = common::TimeRange {
            start: Some(Timestamp::from_unix_seconds(start)),
            end: None,
        };
        let trusted_root = trusted_root(log, options, &valid_for)?;
        let signing_config = signing_config(log.origin(), options, &valid_for);
        let client_trust_config = proto::ClientTrustConfig {
            media_type: CLIENT_TRUST_CONFIG_MEDIA_TYPE.to_owned(),
            trusted_root: Some(trusted_root.clone()),
            signing_config: Some(signing_config.clone()),
        };
        let pem = |log: &TrustedLog| public_key_pem(&log.key().public_key_der()).into_bytes();
        Ok(Self {
            files: vec![
                ("trusted_root.json", to_vec_pretty(&trusted_root)?),
                ("signing_config.v0.2.json", to_vec_pretty(&signing_config)?),
                (
                    "client_trust_config.json",
                    to_vec_pretty(&client_trust_config)?,
                ),
                ("log-ed25519.pub", pem(&log.ed25519)),
                ("log-ecdsa-p256.pub", pem(&log.ecdsa_p256)),
                ("log.vkey", format!("{}\n", log.ed25519.key()).into_bytes()),
            ],
        })
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
