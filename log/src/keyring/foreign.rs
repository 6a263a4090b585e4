//! The keys of imported trees: files beside the log's own keys, since the store keeps log ids only.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ShardId;

use crate::error::KeyError;
use crate::keyring::disk;

/// What an imported tree is shown under, in place of the log's own keys.
#[derive(Clone)]
pub struct ForeignKey {
    /// The public key of the log that the entries come from.
    pub key: VerifierKey,
    /// The private key that signs for the tree towards Rekor v1 clients, where the operator has it.
    pub signer: Option<Arc<EcdsaP256Signer>>,
    /// The public half of that, where the tree is only read.
    pub shown: Option<VerifierKey>,
}

impl ForeignKey {
    /// The keys of `shard` in `key_dir`; `None` when the shard was not imported.
    ///
    /// # Errors
    /// [`KeyError`] when a file is there and cannot be used.
    pub fn load(key_dir: &Path, shard: ShardId) -> Result<Option<Self>, KeyError> {
        let Some(key) = load_foreign_key(key_dir, shard)? else {
            return Ok(None);
        };
        let signer = load_signer(key_dir, shard, key.name())?.map(Arc::new);
        Ok(Some(Self {
            key,
            signer,
            shown: None,
        }))
    }

    /// The key that Rekor v1 clients verify with.
    pub(crate) fn v1_key(&self) -> &VerifierKey {
        self.own_key().unwrap_or(&self.key)
    }

    /// The public half of the key that signs here, or did.
    pub(crate) fn own_key(&self) -> Option<&VerifierKey> {
        let signer = self.signer.as_ref().map(|signer| signer.verifier());
        signer.or(self.shown.as_ref())
    }

    /// The ids of the keys, as the store keeps them.
    pub(crate) fn log_ids(&self) -> Vec<[u8; 32]> {
        log_ids(&self.key, self.own_key())
    }

    /// Whether that is the key of the log that the entries come from.
    pub(crate) fn signs_as_source(&self) -> bool {
        self.v1_key().log_id() == self.key.log_id()
    }
}

/// Names the keys by their public halves.
impl fmt::Debug for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = f.debug_struct("ForeignKey");
        key.field("key", &self.key.to_string());
        key.field("v1_key", &self.v1_key().to_string());
        key.finish()
    }
}

/// The ids of the key of a source, and of the key that signs for what is imported from it.
pub(crate) fn log_ids(key: &VerifierKey, signer: Option<&VerifierKey>) -> Vec<[u8; 32]> {
    let signer = signer.map(VerifierKey::log_id);
    [key.log_id()].into_iter().chain(signer).collect()
}

/// Keeps the public key of the log that `shard` is imported from in `key_dir`, as a C2SP verifier
/// key.
///
/// # Errors
/// [`KeyError::Io`] when it cannot be written.
pub fn save_foreign_key(key_dir: &Path, shard: ShardId, key: &VerifierKey) -> Result<(), KeyError> {
    // Whole or not at all, and durable before there is a shard that needs it: nothing else in the
    // directory has the key.
    let text = format!("{key}\n");
    disk::replace(key_dir, &public_key_file(shard), &text)
}

/// The public key of the log that `shard` is imported from, or `None` when it was not imported.
///
/// # Errors
/// [`KeyError`] when the file is there and cannot be read.
pub fn load_foreign_key(key_dir: &Path, shard: ShardId) -> Result<Option<VerifierKey>, KeyError> {
    let path = key_dir.join(public_key_file(shard));
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeyError::Io { path, source }),
    };
    let key = text.trim().parse();
    key.map(Some)
        .map_err(|error: ledgerstone_merkle::VerifierKeyError| unusable(&path, error))
}

/// The public half of a private key that is to sign for a shard towards Rekor v1 clients: a PKCS#8
/// PEM with an ECDSA P-256 key. `name` is the name of the log that the shard is imported from.
///
/// # Errors
/// [`KeyError::Unusable`] when it is no such key.
pub fn check_shard_signer(name: &str, pem: &str) -> Result<VerifierKey, KeyError> {
    let signer = EcdsaP256Signer::from_pkcs8_pem(name, pem);
    let signer = signer.map_err(|error| KeyError::Unusable {
        what: "the key that is to sign for the shard".to_owned(),
        reason: error.to_string(),
    })?;
    Ok(signer.verifier().clone())
}

/// Keeps such a key in `key_dir`, for its owner only.
///
/// # Errors
/// [`KeyError::Unusable`] as above, [`KeyError::Io`] when it cannot be written.
pub fn save_shard_signer(
    key_dir: &Path,
    shard: ShardId,
    name: &str,
    pem: &str,
) -> Result<VerifierKey, KeyError> {
    let key = check_shard_signer(name, pem)?;
    disk::replace(key_dir, &signer_file(shard), pem)?;
    Ok(key)
}

fn load_signer(
    key_dir: &Path,
    shard: ShardId,
    name: &str,
) -> Result<Option<EcdsaP256Signer>, KeyError> {
    let path = key_dir.join(signer_file(shard));
    let pem = match disk::read(&path) {
        Ok(pem) => pem,
        Err(KeyError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let signer = EcdsaP256Signer::from_pkcs8_pem(name, &pem);
    signer.map(Some).map_err(|error| unusable(&path, error))
}

pub(crate) fn public_key_file(shard: ShardId) -> PathBuf {
    format!("shard-{shard}.vkey").into()
}

fn signer_file(shard: ShardId) -> PathBuf {
    format!("shard-{shard}-ecdsa-p256.pem").into()
}

fn unusable(path: &Path, error: impl ToString) -> KeyError {
    KeyError::Unusable {
        what: path.display().to_string(),
        reason: error.to_string(),
    }
}
