//! Bundles and trust roots as other implementations wrote them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::bundle::v1::Bundle;
use ledgerstone_proto::sigstore::trustroot::v1::TrustedRoot;
use prost::Message;
use sigstore_protobuf_specs::dev::sigstore as published;

const BUNDLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/bundles");

fn files(name: &str) -> Option<Vec<PathBuf>> {
    if !Path::new(BUNDLES).exists() {
        println!("skipped: no fixtures at {BUNDLES}");
        return None;
    }
    let files = fs::read_dir(BUNDLES)
        .unwrap()
        .map(|folder| folder.unwrap().path().join(name))
        .filter(|path| path.exists())
        .collect();
    Some(files)
}

/// Reads with ours and with the published crate, writes with ours, reads back with both.
fn check<Ours, Published>(path: &Path)
where
    Ours: Message + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
    Published: Message + serde::de::DeserializeOwned,
{
    let text = fs::read(path).unwrap();
    let ours: Ours = json::from_slice(&text).unwrap();
    let published: Published = serde_json::from_slice(&text).unwrap();
    let wire = ours.encode_to_vec();
    assert_eq!(wire, published.encode_to_vec(), "{}", path.display());

    let written = json::to_vec(&ours).unwrap();
    assert!(json::from_slice::<Ours>(&written).unwrap() == ours);
    let published: Published = serde_json::from_slice(&written).unwrap();
    assert_eq!(wire, published.encode_to_vec(), "{}", path.display());
}

#[test]
fn bundles_are_read_as_the_published_crate_reads_them() {
    let Some(files) = files("bundle.sigstore.json") else {
        return;
    };
    assert_eq!(files.len(), 7);
    for path in files {
        check::<Bundle, published::bundle::v1::Bundle>(&path);
    }
}

#[test]
fn trust_roots_are_read_as_the_published_crate_reads_them() {
    let Some(files) = files("trusted_root.json") else {
        return;
    };
    assert_eq!(files.len(), 4);
    for path in files {
        check::<TrustedRoot, published::trustroot::v1::TrustedRoot>(&path);
    }
}
