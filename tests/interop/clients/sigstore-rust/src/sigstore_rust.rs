//! With the crates of sigstore-rust: `sigstore-rekor` submits and reads, `sigstore-verify` verifies
//! the bundles.

use std::fs;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use sigstore::crypto::SigningScheme;
use sigstore::crypto::signing_key::SigStoreKeyPair;
use sigstore_rekor::DsseEntry;
use sigstore_rekor::Error;
use sigstore_rekor::HashedRekord;
use sigstore_rekor::LogEntry;
use sigstore_rekor::RekorClient;
use sigstore_rekor::SearchIndex;
use sigstore_verify::VerificationPolicy;
use sigstore_verify::Verifier;
use sigstore_verify::bundle::BundleV03;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::Bundle;
use sigstore_verify::types::DerCertificate;
use sigstore_verify::types::DsseEnvelope;
use sigstore_verify::types::DsseSignature;
use sigstore_verify::types::EntryUuid;
use sigstore_verify::types::KeyId;
use sigstore_verify::types::KindVersion;
use sigstore_verify::types::PayloadBytes;
use sigstore_verify::types::Sha256Hash;
use sigstore_verify::types::SignatureBytes;
use sigstore_verify::types::pae;

use crate::expect_canonical_pem;

const IDENTITY: &str = "signer@example.test";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Signs a file, submits the signature, and writes the bundle.
pub(crate) async fn submit(
    url: &str,
    kind: &str,
    file: &str,
    bundle: &str,
    again: bool,
) -> anyhow::Result<()> {
    let content = fs::read(file)?;
    let certificate = DerCertificate::from_pem(&fs::read_to_string("certificate.pem")?)?;
    ensure!(
        certificate.to_pem().contains("\r\n"),
        "this version of the crate submits no CRLF"
    );
    let client = RekorClient::new(url)?;
    let (unlogged, entry, kind, place) = match kind {
        "artifact" => {
            let digest = digest(&content);
            let signature = sign(&content)?;
            let proposal = HashedRekord::new(&digest, &signature, &certificate);
            if again {
                expect_lost(client.create_entry(proposal.clone()).await)?;
            }
            let entry = client.create_entry(proposal).await?;
            let unlogged =
                BundleV03::with_certificate_and_signature(certificate, signature, digest);
            (
                unlogged,
                entry,
                KindVersion::HashedRekordV001,
                "/spec/signature/publicKey/content",
            )
        }
        "statement" => {
            let signature = sign(&pae(PAYLOAD_TYPE, &content))?;
            let signature = DsseSignature::new(signature, KeyId::default());
            let envelope = DsseEnvelope::new(PAYLOAD_TYPE, PayloadBytes::new(content), signature);
            let proposal = DsseEntry::new(&envelope, &certificate)?;
            if again {
                expect_lost(client.create_dsse_entry(proposal.clone()).await)?;
            }
            let entry = client.create_dsse_entry(proposal).await?;
            let unlogged = BundleV03::with_certificate_and_dsse(certificate, envelope);
            (
                unlogged,
                entry,
                KindVersion::DsseV001,
                "/spec/signatures/0/verifier",
            )
        }
        _ => bail!("{kind} is neither artifact nor statement"),
    };
    let body: Value = serde_json::from_slice(entry.body.as_bytes())?;
    expect_canonical_pem(&body, place)?;
    let logged = unlogged.with_tlog_entry(entry.to_bundle_entry(kind)?);
    fs::write(bundle, logged.into_bundle().to_json()?)?;
    println!("entry {}", entry.log_index);
    Ok(())
}

fn expect_lost(first: sigstore_rekor::Result<LogEntry>) -> anyhow::Result<()> {
    match first {
        Err(Error::Http(reason)) => println!("no reply: {reason}"),
        Ok(_) => bail!("the first reply was not lost"),
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

/// Finds the entry of a bundle by id, by index, by the artifact's digest, and by the name in the
/// certificate.
pub(crate) async fn find(url: &str, artifact: &str, bundle: &str) -> anyhow::Result<()> {
    let bundle = Bundle::from_json(&fs::read_to_string(bundle)?)?;
    let entry = bundle.verification_material.tlog_entries.first();
    let entry = entry.context("the bundle has no entry")?;
    let leaf_hash = Sha256::new()
        .chain_update([0])
        .chain_update(entry.canonicalized_body.as_bytes())
        .finalize();
    let leaf_hash = hex::encode(leaf_hash);

    let client = RekorClient::new(url)?;
    let by_hash = client
        .get_entry_by_uuid(&EntryUuid::new(leaf_hash.as_str()))
        .await?;
    let by_id = client.get_entry_by_uuid(&by_hash.uuid).await?;
    let by_index = client.get_entry_by_index(entry.log_index).await?;
    for found in [&by_hash, &by_id, &by_index] {
        ensure!(
            found.body == entry.canonicalized_body,
            "another entry: {found:?}"
        );
        ensure!(
            found.uuid.as_str().ends_with(&leaf_hash),
            "under another id: {}",
            found.uuid
        );
    }
    let artifact = digest(&fs::read(artifact)?);
    let searches = [
        client.search_by_hash(&artifact).await?,
        client.search_index(SearchIndex::email(IDENTITY)).await?,
    ];
    for found in searches {
        ensure!(
            found.contains(&by_id.uuid),
            "{} is not among {found:?}",
            by_id.uuid
        );
    }
    println!("entry {} is {}", entry.log_index, by_id.uuid);
    Ok(())
}

/// Verifies a bundle against what is trusted, offline.
pub(crate) fn verify(trusted_root: &str, bundle: &str, artifact: &str) -> anyhow::Result<()> {
    let verifier = Verifier::new(&TrustedRoot::from_file(trusted_root)?)?;
    let bundle = Bundle::from_json(&fs::read_to_string(bundle)?)?;
    // The private certificate authority has no certificate transparency log.
    let policy = VerificationPolicy::any_identity()
        .require_identity(IDENTITY)
        .skip_sct();
    let artifact = fs::read(artifact)?;
    let result = verifier.verify(artifact.as_slice(), &bundle, &policy)?;
    ensure!(result.tlog_verified(), "the entry was not verified");
    ensure!(
        result.certificate_verified(),
        "the certificate was not verified"
    );
    println!("logged at {:?}", result.integrated_time());
    Ok(())
}

fn sign(message: &[u8]) -> anyhow::Result<SignatureBytes> {
    let key = SigStoreKeyPair::from_pem(&fs::read("key.pem")?)?;
    let signer = key.to_sigstore_signer(&SigningScheme::ECDSA_P256_SHA256_ASN1)?;
    Ok(SignatureBytes::new(signer.sign(message)?))
}

fn digest(content: &[u8]) -> Sha256Hash {
    Sha256Hash::new(Sha256::digest(content).into())
}
