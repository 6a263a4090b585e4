use std::fmt;
use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use zeroize::Zeroizing;

use crate::error::KeyError;

/// The two keys of a log.
///
/// Witnesses, C2SP readers and Rekor v2 clients need Ed25519; Rekor v1 clients verify signed entry timestamps with ECDSA P-256
/// only. Both sign under the log's name.
pub struct LogKeys {
    ed25519: Ed25519Signer,
    ecdsa: EcdsaP256Signer,
}

impl LogKeys {
    /// The file of the Ed25519 key in a key directory.
    pub const ED25519_FILE: &'static str = "log-ed25519.pem";
    /// The file of the ECDSA P-256 key in a key directory.
    pub const ECDSA_FILE: &'static str = "log-ecdsa-p256.pem";

    /// Makes two new keys that are nowhere stored, for a log called `name`.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] when `name` cannot be a key name (C2SP signed-note: not empty, no spaces, no `+`).
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        let ed25519 = Ed25519Signer::generate_pkcs8_pem().map_err(|error| unusable(name, error))?;
        let ecdsa = EcdsaP256Signer::generate_pkcs8_pem().map_err(|error| unusable(name, error))?;
        Self::from_pem(name, &ed25519, &ecdsa)
    }

    /// The keys in two PKCS#8 PEM texts, for a log called `name`.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] when a text is not such a key, or `name` cannot be a key name.
    pub fn from_pem(name: &str, ed25519: &str, ecdsa: &str) -> Result<Self, KeyError> {
        Ok(Self {
            ed25519: Ed25519Signer::from_pkcs8_pem(name, ed25519)
                .map_err(|error| unusable("the Ed25519 key", error))?,
            ecdsa: EcdsaP256Signer::from_pkcs8_pem(name, ecdsa)
                .map_err(|error| unusable("the ECDSA P-256 key", error))?,
        })
    }

    /// Whether there is a key of a log in `directory`: then a log was made with it, which may merely be out of sight.
    pub fn exist_in(directory: &Path) -> bool {
        let exists = |file| directory.join(file).exists();
        exists(Self::ED25519_FILE) || exists(Self::ECDSA_FILE)
    }

    /// Loads both keys of an existing log from `directory`.
    ///
    /// # Errors
    /// [`KeyError::Missing`] when a file is not there, [`KeyError::Exposed`] when others than its owner may read it.
    pub fn load(name: &str, directory: &Path) -> Result<Self, KeyError> {
        // A crash after the log was made and before its keys got their names leaves this to do.
        Self::confirm(directory)?;
        let ed25519 = read(&directory.join(Self::ED25519_FILE))?;
        let ecdsa = read(&directory.join(Self::ECDSA_FILE))?;
        Self::from_pem(name, &ed25519, &ecdsa)
    }

    /// Makes both keys of a new log in `directory`, with mode 0600. They get their names by [`confirm`](Self::confirm), once the
    /// log is made: what a crash before that leaves is written over by the next start, and is no trace of a log.
    ///
    /// # Errors
    /// [`KeyError::Exists`] when there is a key of a log.
    pub fn create(name: &str, directory: &Path) -> Result<Self, KeyError> {
        if Self::exist_in(directory) {
            return Err(KeyError::Exists(directory.to_owned()));
        }
        fs::create_dir_all(directory).map_err(|source| KeyError::Io {
            path: directory.to_owned(),
            source,
        })?;
        let ed25519 = Ed25519Signer::generate_pkcs8_pem().map_err(|error| unusable(name, error))?;
        let ecdsa = EcdsaP256Signer::generate_pkcs8_pem().map_err(|error| unusable(name, error))?;
        let keys = Self::from_pem(name, &ed25519, &ecdsa)?;
        write_unconfirmed(&directory.join(Self::ED25519_FILE), &ed25519)?;
        write_unconfirmed(&directory.join(Self::ECDSA_FILE), &ecdsa)?;
        sync_directory(directory)?;
        Ok(keys)
    }

    /// Gives the keys that [`create`](Self::create) made their names. Nothing to do where they have them.
    ///
    /// # Errors
    /// [`KeyError::Io`] when the system refuses.
    pub fn confirm(directory: &Path) -> Result<(), KeyError> {
        for file in [Self::ED25519_FILE, Self::ECDSA_FILE] {
            let path = directory.join(file);
            let unconfirmed = unconfirmed(&path);
            if !path.exists() && unconfirmed.exists() {
                fs::rename(&unconfirmed, &path).map_err(|source| KeyError::Io { path, source })?;
                sync_directory(directory)?;
            }
        }
        Ok(())
    }

    /// The name that both keys sign under.
    pub fn name(&self) -> &str {
        self.ed25519.verifier().name()
    }

    /// The key that signs C2SP and Rekor v2 checkpoints.
    pub fn ed25519(&self) -> &Ed25519Signer {
        &self.ed25519
    }

    /// The key that signs Rekor v1 checkpoints and signed entry timestamps.
    pub fn ecdsa(&self) -> &EcdsaP256Signer {
        &self.ecdsa
    }

    /// The ids of both keys, as the store keeps them: Ed25519 first.
    pub(crate) fn log_ids(&self) -> [(&'static str, [u8; 32]); 2] {
        [
            ("Ed25519", self.ed25519.verifier().log_id()),
            ("ECDSA P-256", self.ecdsa.verifier().log_id()),
        ]
    }
}

/// Names the keys by their public halves.
impl fmt::Debug for LogKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = f.debug_struct("LogKeys");
        keys.field("ed25519", &self.ed25519.verifier().to_string());
        keys.field("ecdsa", &self.ecdsa.verifier().to_string());
        keys.finish()
    }
}

/// Writes `text` to `file` in `directory`, for its owner only: whole or not at all, and durable when it returns.
pub(crate) fn replace(directory: &Path, file: &Path, text: &str) -> Result<(), KeyError> {
    fs::create_dir_all(directory).map_err(|source| KeyError::Io {
        path: directory.to_owned(),
        source,
    })?;
    let path = directory.join(file);
    let temporary = path.with_extension("new");
    write_for_owner(&temporary, text)?;
    fs::rename(&temporary, &path).map_err(|source| KeyError::Io { path, source })?;
    sync_directory(directory)
}

/// The PEM text of a private key, which nobody but its owner may read.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let io_error = |source: io::Error| KeyError::Io {
        path: path.to_owned(),
        source,
    };
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyError::Missing(path.to_owned()));
        }
        Err(error) => return Err(io_error(error)),
    };
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(io_error)
}

/// The name of a key file until its log is made.
fn unconfirmed(path: &Path) -> PathBuf {
    path.with_extension("pem.new")
}

/// Writes a key to its unconfirmed name, durably but for the name.
fn write_unconfirmed(path: &Path, pem: &str) -> Result<(), KeyError> {
    write_for_owner(&unconfirmed(path), pem)
}

fn write_for_owner(path: &Path, text: &str) -> Result<(), KeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| KeyError::Io {
        path: path.to_owned(),
        source,
    })
}

fn sync_directory(directory: &Path) -> Result<(), KeyError> {
    let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|source| KeyError::Io {
        path: directory.to_owned(),
        source,
    })
}

fn unusable(what: &str, error: impl ToString) -> KeyError {
    KeyError::Unusable {
        what: what.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(directory: &Path) -> LogKeys {
        let keys = LogKeys::create("log.example.com", directory).unwrap();
        LogKeys::confirm(directory).unwrap();
        keys
    }

    #[test]
    fn are_made_once_for_their_owner_only_and_then_loaded() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!LogKeys::exist_in(directory.path()));
        let keys = made(directory.path());
        assert!(LogKeys::exist_in(directory.path()));
        for file in [LogKeys::ED25519_FILE, LogKeys::ECDSA_FILE] {
            let metadata = fs::metadata(directory.path().join(file)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
        let loaded = LogKeys::load("log.example.com", directory.path()).unwrap();
        assert_eq!(keys.log_ids(), loaded.log_ids());
        let error = LogKeys::create("log.example.com", directory.path()).unwrap_err();
        assert!(matches!(error, KeyError::Exists(_)), "{error}");
    }

    #[test]
    fn whose_log_was_never_made_are_no_trace_and_are_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let first = LogKeys::create("log.example.com", directory.path()).unwrap();
        assert!(!LogKeys::exist_in(directory.path()));
        let second = LogKeys::create("log.example.com", directory.path()).unwrap();
        assert_ne!(first.log_ids(), second.log_ids());
    }

    #[test]
    fn that_a_crash_left_unconfirmed_are_found_by_the_log_that_was_made_with_them() {
        let directory = tempfile::tempdir().unwrap();
        let keys = LogKeys::create("log.example.com", directory.path()).unwrap();
        let loaded = LogKeys::load("log.example.com", directory.path()).unwrap();
        assert_eq!(keys.log_ids(), loaded.log_ids());
        assert!(LogKeys::exist_in(directory.path()));
    }

    #[test]
    fn are_refused_when_others_may_read_them() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let path = directory.path().join(LogKeys::ECDSA_FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = LogKeys::load("log.example.com", directory.path()).unwrap_err();
        assert!(
            matches!(error, KeyError::Exposed { mode: 0o640, .. }),
            "{error}"
        );
    }

    #[test]
    fn that_are_missing_are_not_made_by_load() {
        let directory = tempfile::tempdir().unwrap();
        let error = LogKeys::load("log.example.com", directory.path()).unwrap_err();
        assert!(matches!(error, KeyError::Missing(_)), "{error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn that_are_not_keys_are_named_in_the_error() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let (ed25519, ecdsa) = (
            directory.path().join(LogKeys::ED25519_FILE),
            directory.path().join(LogKeys::ECDSA_FILE),
        );
        fs::copy(ecdsa, ed25519).unwrap();
        let error = LogKeys::load("log.example.com", directory.path()).unwrap_err();
        assert!(error.to_string().contains("Ed25519"), "{error}");
    }

    #[test]
    fn need_a_name_that_a_note_can_carry() {
        assert!(LogKeys::generate("log example").is_err());
        assert!(LogKeys::generate("a+b").is_err());
        assert!(LogKeys::generate("").is_err());
    }
}
