//! A second opinion: of published bundles and of changed ones, the crate sigstore-verify says the
//! same as this one, or the difference is explained here.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::Error;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::Instance;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify;
use serde_json::Value;

/// The published bundles, or `None` where they are not beside the workspace.
fn published() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/bundles");
    if !path.exists() {
        eprintln!("skipped: the fixtures are not there: {}", path.display());
        return None;
    }
    Some(path)
}

/// How many changed bundles are tried for each published one.
const MUTATIONS: u64 = 300;

/// Both opinions on one case.
struct Case {
    bundle: Value,
    trusted_root: Vec<u8>,
    artifact: Vec<u8>,
    key: Option<String>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let file = |name: &str| fs::read(folder.join(name)).ok();
        let shared = || fs::read(folder.parent().unwrap().join("a.txt")).unwrap();
        let public = include_bytes!("../../client/assets/sigstore/trusted_root.json");
        Self {
            bundle: serde_json::from_slice(&file("bundle.sigstore.json").unwrap()).unwrap(),
            trusted_root: file("trusted_root.json").unwrap_or_else(|| public.to_vec()),
            artifact: file("artifact").unwrap_or_else(shared),
            key: file("key.pub").map(|pem| String::from_utf8(pem).unwrap()),
        }
    }

    fn ours(&self, bundle: &Value) -> Result<(), Error> {
        let bundle = Bundle::parse(bundle.to_string().as_bytes())?;
        let trust = TrustedRoot::parse(&self.trusted_root)?;
        let signer = match &self.key {
            Some(pem) => ExpectedSigner::Key(Box::new(read_verifier_pem(pem).unwrap().0.into())),
            None => ExpectedSigner::AnyCertified,
        };
        let artifact = Artifact::Bytes(self.artifact.clone());
        verify(&bundle, &artifact, &Expectation::of(signer), &trust)?;
        Ok(())
    }

    fn theirs(&self, bundle: &Value) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let bundle = sigstore_types::Bundle::from_json(&bundle.to_string());
        let bundle = bundle.map_err(|error| text(&error))?;
        let root = std::str::from_utf8(&self.trusted_root).unwrap();
        let root = sigstore_trust_root::TrustedRoot::from_json(root).map_err(|it| text(&it))?;
        let result = match &self.key {
            Some(pem) => {
                let key = sigstore_types::DerPublicKey::from_pem(pem).unwrap();
                let policy = sigstore_verify::PublicKeyVerificationPolicy::new(key);
                sigstore_verify::verify(&self.artifact[..], &bundle, &policy, &root)
            }
            None => {
                let policy = sigstore_verify::VerificationPolicy::any_identity();
                sigstore_verify::verify(&self.artifact[..], &bundle, &policy, &root)
            }
        };
        result.map(drop).map_err(|error| text(&error))
    }
}

/// Numbers that look random, the same each time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// Where the texts and numbers of a document stand.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{position}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

/// Changes one bit of what a text holds in base64, one digit or letter of another text, or takes a
/// member away.
fn mutate(bundle: &Value, other: &Value, numbers: &mut Numbers) -> (String, Value) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let mut places = Vec::new();
    leaves(bundle, "", &mut places);
    let place = places[numbers.below(places.len())].clone();
    let mut changed = bundle.clone();
    if numbers.below(8) == 0 {
        let (parent, name) = place.rsplit_once('/').unwrap();
        if let Some(members) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
            members.remove(name);
            return (format!("{place} removed"), changed);
        }
    }
    if numbers.below(8) == 0
        && let Some(value) = other.pointer(&place)
    {
        *changed.pointer_mut(&place).unwrap() = value.clone();
        return (format!("{place} of another bundle"), changed);
    }
    let value = changed.pointer_mut(&place).unwrap();
    let Some(text) = value.as_str().map(str::to_owned) else {
        *value = Value::Null;
        return (format!("{place} null"), changed);
    };
    let decoded = STANDARD.decode(&text).ok().filter(|bytes| bytes.len() > 8);
    *value = match decoded {
        Some(mut bytes) => {
            let position = numbers.below(bytes.len());
            bytes[position] ^= 1 << numbers.below(8);
            STANDARD.encode(bytes).into()
        }
        None if text.is_empty() => "x".into(),
        None => {
            let mut bytes = text.into_bytes();
            let position = numbers.below(bytes.len());
            bytes[position] ^= 1;
            String::from_utf8(bytes).unwrap_or_default().into()
        }
    };
    (format!("{place} changed"), changed)
}

/// Whether the two may differ so.
fn explained(place: &str, ours: &Result<(), Error>, theirs: &Result<(), String>) -> bool {
    match (ours, theirs) {
        // Ours compares what is said twice, even where nothing else depends on it.
        (Err(_), Ok(())) => SAID_TWICE.iter().any(|part| place.contains(part)),
        // Ours reads of a time stamp what it depends on, and what is not signed may be anything.
        (Ok(()), Err(theirs)) => {
            place.contains("/signedTimestamp") && theirs.contains("failed to decode SignedData")
        }
        _ => false,
    }
}

/// Members of a bundle that repeat what its other parts say.
const SAID_TWICE: [&str; 9] = [
    "/mediaType",
    "/logId",
    "/kindVersion",
    "/inclusionProof",
    "/logIndex",
    "/messageDigest",
    "/integratedTime",
    "/inclusionPromise",
    "/rfc3161Timestamps",
];

#[test]
fn both_say_the_same() {
    let Some(folder) = published() else { return };
    let folders = fs::read_dir(&folder)
        .unwrap()
        .map(|one| one.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(Instance::named("sigstore").is_some());
    let cases: Vec<Case> = folders.iter().map(|folder| Case::read(folder)).collect();
    let mut differences = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let name = folders[number].file_name().unwrap().to_string_lossy();
        let (ours, theirs) = (case.ours(&case.bundle), case.theirs(&case.bundle));
        assert!(
            ours.is_ok() && theirs.is_ok(),
            "{name}: {ours:?} {theirs:?}"
        );
        let other = &cases[(number + 1) % cases.len()].bundle;
        let mut numbers = Numbers(u64::try_from(number).unwrap());
        for _ in 0..MUTATIONS {
            let (place, bundle) = mutate(&case.bundle, other, &mut numbers);
            let (ours, theirs) = (case.ours(&bundle), case.theirs(&bundle));
            if ours.is_ok() != theirs.is_ok() && !explained(&place, &ours, &theirs) {
                let ours = ours.err().map(|error| error.to_string());
                differences.push(format!("{name} {place}: ours {ours:?}, theirs {theirs:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}
