//! The published vectors and real bundles that lie beside the workspace.

use std::fs;
use std::path::PathBuf;

use ledgerstone_merkle::VerifierKey;
use serde::Deserialize;

/// The path of a fixture, or `None`, said aloud, where the fixtures are absent.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures"
    ));
    if !folder.is_dir() {
        println!("skipped: {} is absent", folder.display());
        return None;
    }
    Some(folder.join(name))
}

/// A log entry of a real Sigstore bundle.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntry {
    pub(crate) canonicalized_body: String,
    pub(crate) inclusion_proof: Inclusion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Inclusion {
    pub(crate) log_index: String,
    pub(crate) root_hash: String,
    pub(crate) tree_size: String,
    #[serde(default)]
    pub(crate) hashes: Vec<String>,
    pub(crate) checkpoint: Envelope,
}

#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) envelope: String,
}

/// The log entry in a bundle's folder.
pub(crate) fn log_entry(folder: &str) -> Option<LogEntry> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Bundle {
        verification_material: Material,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Material {
        tlog_entries: Vec<LogEntry>,
    }

    let path = path(&format!("bundles/{folder}/bundle.sigstore.json"))?;
    let bundle: Bundle = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    bundle.verification_material.tlog_entries.into_iter().next()
}

/// The keys of the public logs that the bundles are from.
pub(crate) fn log_keys() -> Vec<VerifierKey> {
    let rekor_v1 = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX\
        6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==";
    let local = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYI4heOTrNrZO27elFE8ynfrdPMikttRkbe+vJKQ50G6bfw\
        Q3WyhLpRwwwohelDAm8xRzJ56nYsIa3VHivVvpmA==";
    vec![
        VerifierKey::ecdsa_p256("rekor.sigstore.dev", &decode(rekor_v1)).unwrap(),
        VerifierKey::ecdsa_p256("localhost:8000", &decode(local)).unwrap(),
        ed25519(
            "log2025-alpha1.rekor.sigstage.dev",
            "Pn+AREHoBaZ7wgS1zBqpxmLSGnyhxXj4lFxSdWVB8o8=",
        ),
        ed25519(
            "log2025-alpha3.rekor.sigstage.dev",
            "lD3dVc8yaP25mPtT/sJ59D3LLxGBgW/qYrM6x6KmOqk=",
        ),
    ]
}

pub(crate) fn decode(base64: &str) -> Vec<u8> {
    use base64::Engine as _;

    base64::engine::general_purpose::STANDARD
        .decode(base64)
        .unwrap()
}

fn ed25519(name: &str, key: &str) -> VerifierKey {
    VerifierKey::ed25519(name, decode(key).try_into().unwrap()).unwrap()
}
