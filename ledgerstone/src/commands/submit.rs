//! `submit`: logs a signature that exists already.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use clap::ValueEnum;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::EntryToSubmit;
use ledgerstone_client::EnvelopeKind;
use ledgerstone_client::Error;
use ledgerstone_client::SubmitError;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify_logged_about;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::json::decode_base64;
use ledgerstone_proto::json::from_slice;

use crate::commands::submitted::report_submitted;
use crate::connection::LogArguments;
use crate::connection::transport;
use crate::files::check_file;
use crate::files::read;
use crate::files::read_text;
use crate::files::write;
use crate::kind::FileKind;
use crate::output::Report;
use crate::trust;
use crate::trust::TrustedLogArguments;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["signature", "dsse"]))]
#[command(group = ArgGroup::new("with").required(true).args(["key", "certificate"]))]
#[command(group = ArgGroup::new("about").args(["artifact", "digest"]))]
pub(crate) struct SubmitArguments {
    /// The signature: raw bytes or base64.
    #[arg(long, value_name = "FILE", requires = "about")]
    pub(crate) signature: Option<PathBuf>,

    /// A DSSE envelope with one signature, as JSON. With --artifact or --digest it has to be about
    /// that.
    #[arg(long, value_name = "FILE")]
    pub(crate) dsse: Option<PathBuf>,

    /// The public key that the signature verifies with, as PEM.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// The certificate that the signature verifies with, as PEM.
    #[arg(long, value_name = "PEM")]
    pub(crate) certificate: Option<PathBuf>,

    /// The file that was signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Option<PathBuf>,

    /// The digest of what was signed: sha256:HEX, sha384:HEX or sha512:HEX, by the hash function of
    /// the key.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,

    /// The kind of entry for an envelope: dsse for clients from before 2026 and for Ed25519 keys.
    #[arg(
        long,
        value_enum,
        default_value_t = EnvelopeKindArgument::Hashedrekord,
        conflicts_with = "signature"
    )]
    pub(crate) kind: EnvelopeKindArgument,

    /// Where to keep the proof as a Sigstore bundle.
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum EnvelopeKindArgument {
    /// A hashedrekord entry over what the signature is over.
    Hashedrekord,
    /// A dsse entry.
    Dsse,
}

pub(crate) async fn run(arguments: SubmitArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let submission = submission(&arguments)?;
    let artifact = artifact(&arguments)?;
    if let Some(artifact) = &artifact {
        submission.check_artifact(artifact).map_err(Error::from)?;
    }
    let logs = trust::named_or_fetched(&arguments.trust, &transport, None).await?;
    let submitted = submission
        .submit(&transport, Some(&logs))
        .await
        .map_err(Error::from)?;
    let report = report_submitted(&submitted, transport.url());
    let bundle = submission.into_bundle(submitted.entry);
    // As whoever gets the bundle will.
    let (key, _) = read_key(&arguments)?;
    let logged = verify_logged_about(&bundle, artifact.as_ref(), Some(&key), &logs);
    let logged = logged.map_err(Error::from)?;
    let mut not_checked: Vec<_> = logged.not_checked.iter().map(ToString::to_string).collect();
    if artifact.is_none() {
        not_checked.push("what the envelope is about: no --artifact was given".to_owned());
    }
    let report = match not_checked.is_empty() {
        true => report,
        false => report.field("not checked", "notChecked", not_checked),
    };
    let Some(path) = &arguments.bundle else {
        return Ok(report);
    };
    write(path, &bundle.to_json()).context("the signature was logged")?;
    Ok(report.field("bundle", "bundle", path.display().to_string()))
}

fn submission(arguments: &SubmitArguments) -> anyhow::Result<EntryToSubmit> {
    let (key, verifier) = read_key(arguments)?;
    if let Some(path) = &arguments.dsse {
        let json = read(path)?;
        let envelope: Envelope = from_slice(&json)
            .with_context(|| FileKind::of(&json).instead_of(path, "a DSSE envelope is needed"))?;
        let kind = match arguments.kind {
            EnvelopeKindArgument::Hashedrekord => EnvelopeKind::HashedRekord,
            EnvelopeKindArgument::Dsse => EnvelopeKind::Dsse,
        };
        return Ok(EntryToSubmit::envelope(envelope, verifier, kind).map_err(Error::from)?);
    }
    let artifact = artifact(arguments)?.context("give --artifact or --digest")?;
    let algorithm = key.key_type().hash_algorithm();
    let digest = artifact.digest(algorithm).map_err(Error::from)?;
    let signature = read_signature(
        arguments
            .signature
            .as_deref()
            .context("give --signature or --dsse")?,
    )?;
    Ok(EntryToSubmit::message(&digest, signature.into(), verifier).map_err(Error::from)?)
}

fn read_key(arguments: &SubmitArguments) -> anyhow::Result<(PublicKey, VerifierMaterial)> {
    let verifier = arguments.key.as_ref().or(arguments.certificate.as_ref());
    let path = verifier.context("give --key or --certificate")?;
    let pem = read_text(path)?;
    let read = read_verifier_pem(&pem).map_err(SubmitError::from);
    read.map_err(Error::from).with_context(|| {
        let wanted = "a public key or certificate (PEM) is needed";
        FileKind::of(pem.as_bytes()).instead_of(path, wanted)
    })
}

/// What the signature is over, where that is no envelope.
fn artifact(arguments: &SubmitArguments) -> anyhow::Result<Option<Artifact>> {
    if let Some(path) = &arguments.artifact {
        check_file(path)?;
        return Ok(Some(Artifact::File(path.clone())));
    }
    let digest = arguments.digest.as_ref();
    let parsed = digest.map(|digest| ArtifactDigest::parse(digest).map_err(Error::from));
    Ok(parsed.transpose()?.map(Artifact::Digest))
}

/// Signature files are raw (openssl) or base64 (cosign, and with line breaks `base64`).
fn read_signature(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = read(path)?;
    let kind = FileKind::of(&bytes);
    anyhow::ensure!(
        !kind.is_no_signature(),
        kind.instead_of(path, "a signature alone is needed, as raw bytes or base64")
    );
    let text = std::str::from_utf8(bytes.trim_ascii()).ok();
    Ok(text.and_then(decode_base64).unwrap_or(bytes))
}
