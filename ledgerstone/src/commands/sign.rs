mod pending;

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleContent;
use ledgerstone_client::Error;
use ledgerstone_client::SigningKey;
use ledgerstone_client::Submission;
use ledgerstone_client::Submitted;
use ledgerstone_client::public_key_pem;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use self::pending::Pending;
use crate::args::SignArguments;
use crate::commands::beside;
use crate::commands::read_text;
use crate::commands::report_submitted;
use crate::commands::transport;
use crate::output;
use crate::output::Report;
use crate::trust;

pub(super) async fn run(arguments: SignArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let outputs = Outputs::new(&arguments);
    let key = arguments.key.as_deref().map(|path| {
        let key = SigningKey::from_pem(&read_text(path)?).map_err(Error::from)?;
        anyhow::Ok(key)
    });
    let signed = Signed::find_or_make(&arguments.file, key.transpose()?, &outputs)?;
    outputs.check(&signed)?;
    let material = VerifierMaterial::PublicKey(signed.key.spki_der().to_vec().into());
    let submission = Submission::message(&signed.digest, signed.signature.clone().into(), material)
        .map_err(Error::from)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport).await?;

    // From here on the signature may be in the log, whatever happens. It must not be lost.
    Pending::of(&signed).save(&outputs.pending)?;
    let submitted = submission.submit(&transport, Some(&logs)).await;
    let submitted = submitted.map_err(Error::from).with_context(|| {
        format!(
            "the signature is kept in {}, and the same command submits it again",
            outputs.pending.display()
        )
    })?;
    let bundle = submission.into_bundle(submitted.entry.clone()).to_json();
    let written = outputs.write(&signed, &bundle);
    written.with_context(|| {
        format!(
            "the signature was logged as entry {}, and the same command gets its proof again",
            submitted.entry.index()
        )
    })?;
    Ok(report(
        &arguments,
        &outputs,
        &signed,
        &submitted,
        transport.url(),
    ))
}

fn report(
    arguments: &SignArguments,
    outputs: &Outputs,
    signed: &Signed,
    submitted: &Submitted,
    url: &str,
) -> Report {
    let log_key = submitted
        .checkpoint
        .as_ref()
        .map(|signed| signed.key.to_string());
    let public_key = outputs.public_key.as_ref();
    let public_key = public_key.map(|path| path.display().to_string());
    let bundle = outputs.bundle.display().to_string();
    let verify = format!(
        "ledgerstone verify {} --bundle {bundle} --key {} --log-key '{}'",
        arguments.file.display(),
        public_key.as_deref().unwrap_or("PUBLIC_KEY.pem"),
        log_key.unwrap_or_default(),
    );
    report_submitted(submitted, url)
        .field("digest", "digest", signed.digest.to_string())
        .field("bundle", "bundle", bundle)
        .optional("public key", "publicKey", public_key)
        .field("to verify", "verifyCommand", verify)
}

/// A signature, with what it is over and by.
struct Signed {
    digest: ArtifactDigest,
    signature: Vec<u8>,
    key: PublicKey,
}

impl Signed {
    /// The signature of an earlier run that was not finished or is in the bundle already, if it is over this file by this
    /// key, or by one that was made on the spot where none is given. Otherwise a new one.
    fn find_or_make(
        file: &Path,
        key: Option<SigningKey>,
        outputs: &Outputs,
    ) -> anyhow::Result<Self> {
        let artifact = Artifact::File(file.to_owned());
        let public = key.as_ref().map(SigningKey::public);
        let pending = Pending::load(&outputs.pending);
        let kept = pending.as_ref().and_then(|pending| {
            let signed = pending.signed()?;
            (public.is_none_or(|key| *key == signed.key)).then_some(signed)
        });
        let earlier = kept.or_else(|| outputs.bundled(public));
        if let Some(earlier) = earlier
            && earlier.is_over(&artifact)
        {
            output::note("note: this signature exists already; it is submitted again");
            return Ok(earlier);
        }
        if pending.is_some() {
            output::note(&format!(
                "note: {} is of another file content or key, and is replaced",
                outputs.pending.display()
            ));
        }
        let key = match key {
            Some(key) => key,
            None => SigningKey::generate().map_err(Error::from)?,
        };
        let digest = artifact.digest(key.hash_algorithm()).map_err(Error::from)?;
        Ok(Self {
            signature: key.sign(&digest).map_err(Error::from)?,
            key: key.public().clone(),
            digest,
        })
    }

    fn is_over(&self, artifact: &Artifact) -> bool {
        artifact
            .digest(self.digest.algorithm())
            .is_ok_and(|digest| digest == self.digest)
            && self
                .key
                .verify_prehashed(self.digest.bytes(), &self.signature)
                .is_ok()
    }
}

/// The files that are written: all in one directory.
struct Outputs {
    bundle: PathBuf,
    /// Where the public half of a key goes that was made on the spot.
    public_key: Option<PathBuf>,
    /// What is submitted, until all else is written.
    pending: PathBuf,
}

impl Outputs {
    fn new(arguments: &SignArguments) -> Self {
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
    fn check(&self, signed: &Signed) -> anyhow::Result<()> {
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

    /// The signature in the bundle that is there, if it is by `key`, or by the public key beside it.
    fn bundled(&self, key: Option<&PublicKey>) -> Option<Signed> {
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

    fn write(&self, signed: &Signed, bundle: &str) -> anyhow::Result<()> {
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
            "{} exists and is not the key of this signature: move it away with its bundle, name other files with --bundle, or \
             sign with --key",
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

/// Replaces the file `path`, at once or not at all.
fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let beside = beside(path, ".new");
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(content)?;
        // The rename must not become durable before the content is.
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        // A part of a file helps nobody; that it cannot be removed either is no news.
        let _ = fs::remove_file(&beside);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests;
