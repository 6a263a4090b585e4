//! The files that `sign` writes, and what may be in their way.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleContent;
use ledgerstone_client::public_key_pem;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::commands::sign::args::SignArguments;
use crate::commands::sign::signed::Signed;
use crate::files::beside;
use crate::files::replace;

/// The files that are written: all in one directory.
pub(crate) struct Outputs {
    pub(crate) bundle: PathBuf,
    /// Where the public half of a key goes that was made on the spot.
    pub(crate) public_key: Option<PathBuf>,
    /// What is submitted, until all else is written.
    pub(crate) pending: PathBuf,
}

impl Outputs {
    pub(crate) fn new(arguments: &SignArguments) -> Self {
        let beside_file = || beside(&arguments.file, ".sigstore.json");
        let bundle = arguments.bundle.clone().unwrap_or_else(beside_file);
        // Another bundle of the same file has a key of its own.
        let named_after = arguments.bundle.as_ref().unwrap_or(&arguments.file);
        Self {
            public_key: arguments.key.is_none().then(|| beside(named_after, ".pub")),
            pending: beside(&bundle, ".pending"),
            bundle,
        }
    }

    /// Checks that nothing is in the way of what will be written.
    pub(crate) fn check(&self, signed: &Signed) -> anyhow::Result<()> {
        if let Some(path) = &self.public_key {
            check_public_key(path, &signed.key)?;
        }
        match fs::metadata(&self.bundle) {
            Ok(metadata) => anyhow::ensure!(
                metadata.is_file(),
                "{} is not a file: name another one with --bundle",
                self.bundle.display()
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be written", self.bundle.display()));
            }
        }
        Ok(())
    }

    /// The signature in the bundle that is there, if it is by `key`, or by the public key beside
    /// it.
    pub(crate) fn bundled(&self, key: Option<&PublicKey>) -> Option<Signed> {
        let bundle = Bundle::parse(&fs::read(&self.bundle).ok()?).ok()?;
        let BundleContent::Message { digest, signature } = bundle.content else {
            return None;
        };
        let key = match (key, &self.public_key) {
            (Some(key), _) => key.clone(),
            (None, Some(path)) => PublicKey::from_pem(&fs::read_to_string(path).ok()?).ok()?,
            (None, None) => return None,
        };
        let digest = digest?;
        let algorithm = key.default_algorithm().hash_algorithm();
        (digest.algorithm() == algorithm.unwrap_or(HashAlgorithm::Sha2256)).then(|| Signed {
            digest,
            signature: signature.to_vec(),
            key,
        })
    }

    /// Writes everything, and forgets what was on its way.
    pub(crate) fn write(&self, signed: &Signed, bundle: &str) -> anyhow::Result<()> {
        // The key before the bundle: a bundle whose key is nowhere could not be verified.
        if let Some(path) = &self.public_key {
            let written = File::create_new(path).and_then(|mut file| {
                file.write_all(public_key_pem(signed.key.spki_der()).as_bytes())?;
                file.sync_all()
            });
            match written {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    check_public_key(path, &signed.key)?;
                }
                other => {
                    other.with_context(|| format!("{} cannot be written", path.display()))?;
                }
            }
        }
        replace(&self.bundle, bundle.as_bytes())?;
        fs::remove_file(&self.pending)
            .with_context(|| format!("{} cannot be removed", self.pending.display()))
    }
}

/// A file with a public key is somebody's, perhaps the only copy.
fn check_public_key(path: &Path, key: &PublicKey) -> anyhow::Result<()> {
    let in_the_way = || {
        format!(
            "{} exists and is not the key of this signature: move it away with its bundle, \
             name other files with --bundle, or sign with --key",
            path.display()
        )
    };
    match fs::read_to_string(path) {
        Ok(pem) if PublicKey::from_pem(&pem).is_ok_and(|found| found == *key) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => anyhow::bail!(in_the_way()),
        Err(error) => Err(error).with_context(in_the_way),
    }
}
