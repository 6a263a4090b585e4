use std::path::Path;

use anyhow::Context;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::EnvelopeKind;
use ledgerstone_client::Error;
use ledgerstone_client::Submission;
use ledgerstone_client::SubmitError;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::json::decode_base64;
use ledgerstone_proto::json::from_slice;

use crate::args;
use crate::args::SubmitArguments;
use crate::commands::read;
use crate::commands::read_text;
use crate::commands::report_submitted;
use crate::commands::transport;
use crate::commands::write;
use crate::output::Report;
use crate::trust;

pub(super) async fn run(arguments: SubmitArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let submission = submission(&arguments)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport).await?;
    let submitted = submission
        .submit(&transport, Some(&logs))
        .await
        .map_err(Error::from)?;
    let report = report_submitted(&submitted, transport.url());
    let Some(path) = &arguments.bundle else {
        return Ok(report);
    };
    write(path, &submission.into_bundle(submitted.entry).to_json())
        .context("the signature was logged")?;
    Ok(report.field("bundle", "bundle", path.display().to_string()))
}

fn submission(arguments: &SubmitArguments) -> anyhow::Result<Submission> {
    let verifier = arguments.key.as_ref().or(arguments.certificate.as_ref());
    let pem = read_text(verifier.context("give --key or --certificate")?)?;
    let (key, verifier) = read_verifier_pem(&pem)
        .map_err(SubmitError::from)
        .map_err(Error::from)?;
    if let Some(path) = &arguments.dsse {
        let envelope: Envelope = from_slice(&read(path)?)
            .with_context(|| format!("{} is not a DSSE envelope", path.display()))?;
        let kind = match arguments.kind {
            args::EnvelopeKind::Hashedrekord => EnvelopeKind::HashedRekord,
            args::EnvelopeKind::Dsse => EnvelopeKind::Dsse,
        };
        return Ok(Submission::envelope(envelope, verifier, kind).map_err(Error::from)?);
    }
    let artifact = match (&arguments.artifact, &arguments.digest) {
        (Some(path), _) => Artifact::File(path.clone()),
        (None, Some(digest)) => {
            Artifact::Digest(ArtifactDigest::parse(digest).map_err(Error::from)?)
        }
        (None, None) => anyhow::bail!("give --artifact or --digest"),
    };
    let algorithm = key.key_type().hash_algorithm();
    let digest = artifact.digest(algorithm).map_err(Error::from)?;
    let signature = read_signature(
        arguments
            .signature
            .as_deref()
            .context("give --signature or --dsse")?,
    )?;
    Ok(Submission::message(&digest, signature.into(), verifier).map_err(Error::from)?)
}

/// Signature files are raw (openssl) or base64 (cosign, and with line breaks `base64`).
fn read_signature(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(bytes.trim_ascii()).ok();
    Ok(text.and_then(decode_base64).unwrap_or(bytes))
}
