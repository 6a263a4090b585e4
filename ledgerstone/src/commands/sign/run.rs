//! Signs, submits, verifies the answer, and keeps the proof.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_client::Artifact;
use ledgerstone_client::EntryToSubmit;
use ledgerstone_client::Error;
use ledgerstone_client::Submitted;
use ledgerstone_client::verify_logged;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;

use crate::commands::sign::args::SignArguments;
use crate::commands::sign::key::read_key;
use crate::commands::sign::outputs::Outputs;
use crate::commands::sign::pending::Pending;
use crate::commands::sign::signed::Signed;
use crate::commands::submitted::report_submitted;
use crate::connection::transport;
use crate::files::beside;
use crate::files::check_file;
use crate::output::Report;
use crate::shell::program;
use crate::shell::quoted;
use crate::trust;

pub(crate) async fn run(arguments: SignArguments) -> anyhow::Result<Report> {
    check_file(&arguments.file)?;
    let transport = transport(&arguments.log)?;
    let outputs = Outputs::new(&arguments);
    let key = arguments.key.as_deref().map(read_key);
    let signed = Signed::find_or_make(&arguments.file, key.transpose()?, &outputs)?;
    outputs.check(&signed)?;
    let material = VerifierMaterial::PublicKey(signed.key.spki_der().to_vec().into());
    let submission =
        EntryToSubmit::message(&signed.digest, signed.signature.clone().into(), material)
            .map_err(Error::from)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport, None).await?;

    // From here on the signature may be in the log, whatever happens. It must not be lost.
    Pending::of(&signed).save(&outputs.pending)?;
    let submitted = submission.submit(&transport, Some(&logs)).await;
    let submitted = submitted.map_err(Error::from).with_context(|| {
        format!(
            "the signature is kept in {}, and the same command submits it again",
            outputs.pending.display()
        )
    })?;
    let bundle = submission.into_bundle(submitted.entry.clone());
    // As whoever gets the bundle will: a file that changed meanwhile is found here.
    let artifact = Artifact::File(arguments.file.clone());
    verify_logged(&bundle, &artifact, Some(&signed.key), &logs).map_err(Error::from)?;
    let written = outputs.write(&signed, &bundle.to_json());
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
    let (before, key) = match (&public_key, &arguments.key) {
        (Some(key), _) => (String::new(), key.clone()),
        (None, Some(private)) => public_half(private, &signed.key),
        (None, None) => (String::new(), String::new()),
    };
    let verify = format!(
        "{before}{} verify {} --bundle {} --key {} --log-key {}",
        program(),
        quoted(&arguments.file.display().to_string()),
        quoted(&bundle),
        quoted(&key),
        quoted(&log_key.unwrap_or_default()),
    );
    report_submitted(submitted, url)
        .field("digest", "digest", signed.digest.to_string())
        .field("bundle", "bundle", bundle)
        .optional("public key", "publicKey", public_key)
        .field("to verify", "verifyCommand", verify)
}

/// The file that the public half of the key in the file `private` lies in beside it, and what
/// makes that file where there is none.
fn public_half(private: &Path, public: &PublicKey) -> (String, String) {
    let beside = [private.with_extension("pub"), beside(private, ".pub")];
    let is_it = |path: &&PathBuf| {
        let pem = fs::read_to_string(path).unwrap_or_default();
        PublicKey::from_pem(&pem).is_ok_and(|found| found == *public)
    };
    if let Some(path) = beside.iter().find(is_it) {
        return (String::new(), path.display().to_string());
    }
    let free = beside.iter().find(|path| !path.exists());
    let path = free.unwrap_or(&beside[1]).display().to_string();
    let private = quoted(&private.display().to_string());
    let make = format!(
        "openssl pkey -in {private} -pubout -out {} && ",
        quoted(&path)
    );
    (make, path)
}
