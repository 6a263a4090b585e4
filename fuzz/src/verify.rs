//! What a verifier reads beside logs: certificates, time stamps, keys, older bundles, what is
//! attached to images, policies and the metadata of TUF repositories.

use std::collections::BTreeMap;
use std::path::Path;
use std::str;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleEntry;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::ImageReference;
use ledgerstone_client::Instance;
use ledgerstone_client::Policy;
use ledgerstone_client::RegistryCredentials;
use ledgerstone_client::SignerKey;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::certificate_logs;
use ledgerstone_client::issued_certificates;
use ledgerstone_client::timestamp_time;
use ledgerstone_client::verify;
use ledgerstone_tuf::TrustedMetadata;
use serde::Deserialize;

use crate::Target;

/// The target of this file with this name.
pub fn target(name: &str) -> Option<Target> {
    Some(match name {
        "rfc3161" => fuzz_rfc3161,
        "signer_certificate" => fuzz_signer_certificate,
        "cosign_bundle" => fuzz_cosign_bundle,
        "certified_bundle" => fuzz_certified_bundle,
        "image_signature" => fuzz_image_signature,
        "signer_key" => fuzz_signer_key,
        "verify_policy" => fuzz_verify_policy,
        "tuf_metadata" => fuzz_tuf_metadata,
        _ => return None,
    })
}

/// Everybody whom the public instance trusts.
static TRUST: LazyLock<TrustedRoot> = LazyLock::new(|| {
    let instance = Instance::named("sigstore").expect("it is known");
    instance.shipped().expect("it is in order")
});

/// A time stamp, over nothing that it could be over.
fn fuzz_rfc3161(data: &[u8]) {
    assert!(timestamp_time(data, b"signature", &TRUST).is_err());
}

/// A certificate: its time stamps, and who issued it.
fn fuzz_signer_certificate(data: &[u8]) {
    assert!(certificate_logs(data, b"key", &TRUST).is_err());
    let body = format!(
        "{{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{{\"hashedRekordV002\":{{\
         \"data\":{{\"algorithm\":\"SHA2_256\",\"digest\":\"{}\"}},\"signature\":{{\
         \"content\":\"AAAA\",\"verifier\":{{\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",\
         \"x509Certificate\":{{\"rawBytes\":\"{}\"}}}}}}}}}}}}",
        STANDARD.encode([0; 32]),
        STANDARD.encode(data)
    );
    for certificate in issued_certificates(body.as_bytes(), &TRUST) {
        assert_eq!(certificate.authority, None);
    }
}

/// A bundle as cosign wrote them, verified for whoever signed.
fn fuzz_cosign_bundle(data: &[u8]) {
    if let Ok(bundle) = Bundle::parse_cosign(data) {
        verify_for_anybody(&bundle);
    }
    if let Ok(bundle) = Bundle::detached(data, str::from_utf8(data).ok(), Vec::new()) {
        verify_for_anybody(&bundle);
    }
}

/// A bundle of Sigstore, verified for whoever signed.
fn fuzz_certified_bundle(data: &[u8]) {
    if let Ok(bundle) = Bundle::parse(data) {
        verify_for_anybody(&bundle);
    }
}

/// What cosign attaches to an image, as JSON; and the names, entries and credentials that come with
/// images.
fn fuzz_image_signature(data: &[u8]) {
    let _ = BundleEntry::parse_rekor_v1(data);
    let _ = RegistryCredentials::find(data, "r.example");
    if let Ok(text) = str::from_utf8(data) {
        let _ = ImageReference::parse(text);
    }
    if let Ok(layer) = serde_json::from_slice::<Layer>(data)
        && let Ok(bundle) =
            Bundle::of_cosign_layer(&layer.media_type, layer.payload.into(), &layer.annotations)
    {
        verify_for_anybody(&bundle);
    }
}

/// A layer of a manifest, with what it describes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    payload: String,
    annotations: BTreeMap<String, String>,
}

/// A public key in any format, and behind a byte of zeros a signature that it should have made.
fn fuzz_signer_key(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (key, signature) = (parts.next(), parts.next());
    let Ok(key) = SignerKey::read(key.unwrap_or_default()) else {
        return;
    };
    let mut expected = Expectation::of(ExpectedSigner::Key(Box::new(key)));
    expected.thresholds.log_entries = 0;
    if let Ok(bundle) = Bundle::detached(signature.unwrap_or_default(), None, Vec::new()) {
        let _ = verify(&bundle, &Artifact::Bytes(Vec::new()), &expected, &TRUST);
    }
}

fn verify_for_anybody(bundle: &Bundle) {
    let artifact = Artifact::Bytes(b"artifact".to_vec());
    let mut expected = Expectation::of(ExpectedSigner::AnyCertified);
    let _ = verify(bundle, &artifact, &expected, &TRUST);
    expected.thresholds.log_entries = 0;
    let _ = verify(bundle, &artifact, &expected, &TRUST);
}

/// Rules, TOML. Inputs with keys are left out, since those may name any file of the machine.
fn fuzz_verify_policy(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data)
        && !text.contains("key")
        && !text.contains('\\')
    {
        let _ = Policy::parse(text, Path::new("/nonexistent"));
    }
}

/// Metadata of any role, after the root of the public instance.
fn fuzz_tuf_metadata(data: &[u8]) {
    let _ = TrustedMetadata::new(data);
    let instance = Instance::named("sigstore").expect("it is known");
    let mut trusted = TrustedMetadata::new(instance.root()).expect("it is in order");
    let _ = trusted.update_root(data);
    let _ = trusted.update_timestamp(data, 0);
    let _ = trusted.recall_snapshot(data);
    let _ = trusted.update_snapshot(data, 0);
    let _ = trusted.update_targets(data, 0);
}
