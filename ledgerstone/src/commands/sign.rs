use anyhow::Context;
use ledgerstone_client::Artifact;
use ledgerstone_client::Error;
use ledgerstone_client::SigningKey;
use ledgerstone_client::Submission;

use crate::args::SignArguments;
use crate::commands::beside;
use crate::commands::read_text;
use crate::commands::report_submitted;
use crate::commands::transport;
use crate::commands::write;
use crate::output::Report;
use crate::trust;

pub(super) async fn run(arguments: SignArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let key = match &arguments.key {
        Some(path) => SigningKey::from_pem(&read_text(path)?),
        None => SigningKey::generate(),
    };
    let key = key.map_err(Error::from)?;
    let artifact = Artifact::File(arguments.file.clone());
    let digest = artifact.digest(key.hash_algorithm()).map_err(Error::from)?;
    let signature = key.sign(&digest).map_err(Error::from)?;
    let submission =
        Submission::message(&digest, signature.into(), key.material()).map_err(Error::from)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport).await?;
    let submitted = submission
        .submit(&transport, Some(&logs))
        .await
        .map_err(Error::from)?;

    let public_key = match &arguments.key {
        Some(_) => None,
        None => {
            // Before the bundle: a bundle whose key is nowhere could not be verified.
            let path = beside(&arguments.file, ".pub");
            write(&path, &key.public_pem())?;
            Some(path)
        }
    };
    let bundle_path = arguments
        .bundle
        .unwrap_or_else(|| beside(&arguments.file, ".sigstore.json"));
    let report = report_submitted(&submitted, transport.url());
    let log_key = submitted
        .checkpoint
        .as_ref()
        .map(|signed| signed.key.to_string());
    let public_key = public_key.map(|path| path.display().to_string());
    let verify = format!(
        "ledgerstone verify {} --bundle {} --key {} --log-key '{}'",
        arguments.file.display(),
        bundle_path.display(),
        public_key.as_deref().unwrap_or("PUBLIC_KEY.pem"),
        log_key.unwrap_or_default(),
    );
    write(
        &bundle_path,
        &submission.into_bundle(submitted.entry).to_json(),
    )
    .context("the signature was logged")?;
    Ok(report
        .field("digest", "digest", digest.to_string())
        .field("bundle", "bundle", bundle_path.display().to_string())
        .optional("public key", "publicKey", public_key)
        .field("to verify", "verifyCommand", verify))
}
