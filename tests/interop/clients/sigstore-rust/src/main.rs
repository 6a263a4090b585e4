//! Uses a log over Rekor v1 with the crates `sigstore`, `sigstore-rekor` and `sigstore-verify`.
//!
//! The log is at `$LOG_URL`. The working directory holds the signer's `key.pem` and
//! `certificate.pem`.

mod sigstore_crate;
mod sigstore_rust;

use std::env;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const USAGE: &str = "usage:
  sigstore-rust sigstore submit|submit-again LOG_KEY FILE
  sigstore-rust sigstore find LOG_KEY FILE
  sigstore-rust sigstore grow LOG_KEY FILE
  sigstore-rust sigstore-rekor submit|submit-again artifact|statement FILE BUNDLE
  sigstore-rust sigstore-rekor find ARTIFACT BUNDLE
  sigstore-rust sigstore-verify TRUSTED_ROOT BUNDLE ARTIFACT
submit-again submits the same once more when no reply comes, which the crates do not do \
by themselves";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["sigstore", command, log_key, file] => {
            let log = sigstore_crate::Log::open(&log_url()?, log_key)?;
            match command {
                "submit" => log.submit(file, false).await,
                "submit-again" => log.submit(file, true).await,
                "find" => log.find(file).await,
                "grow" => log.grow(file).await,
                _ => bail!(USAGE),
            }
        }
        ["sigstore-rekor", "submit", kind, file, bundle] => {
            sigstore_rust::submit(&log_url()?, kind, file, bundle, false).await
        }
        ["sigstore-rekor", "submit-again", kind, file, bundle] => {
            sigstore_rust::submit(&log_url()?, kind, file, bundle, true).await
        }
        ["sigstore-rekor", "find", artifact, bundle] => {
            sigstore_rust::find(&log_url()?, artifact, bundle).await
        }
        ["sigstore-verify", trusted_root, bundle, artifact] => {
            sigstore_rust::verify(trusted_root, bundle, artifact)
        }
        _ => bail!(USAGE),
    }
}

/// Without a URL the crates would turn to a public log.
fn log_url() -> anyhow::Result<String> {
    env::var("LOG_URL").context("LOG_URL is not set")
}

/// A log keeps a key or certificate in the one form that all clients make again from its DER: lines
/// end with a line feed, the last one too, however it was submitted. `place` is the JSON pointer to
/// it in `body`.
fn expect_canonical_pem(body: &Value, place: &str) -> anyhow::Result<()> {
    let encoded = body.pointer(place).and_then(Value::as_str);
    let encoded = encoded.with_context(|| format!("the body has nothing at {place}"))?;
    let pem = String::from_utf8(STANDARD.decode(encoded)?)?;
    ensure!(!pem.contains('\r'), "the body holds a PEM with CRLF");
    ensure!(
        pem.ends_with("-----\n"),
        "the body holds a PEM without its last line feed"
    );
    Ok(())
}
