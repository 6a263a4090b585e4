//! The verification cases of sigstore-conformance, where a checkout of it is named in
//! `SIGSTORE_CONFORMANCE`; each by file and by digest.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::Error;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::ExpectedText;
use ledgerstone_client::GITHUB_ISSUER;
use ledgerstone_client::Identity;
use ledgerstone_client::Instance;
use ledgerstone_client::SubmitError;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

/// Whom the cases expect that do not say otherwise.
const BEACON: &str = "https://github.com/sigstore-conformance/\
    extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml\
    @refs/heads/main";

/// The folders of the cases.
pub(crate) fn cases() -> Option<Vec<PathBuf>> {
    let Some(checkout) = std::env::var_os("SIGSTORE_CONFORMANCE") else {
        eprintln!("skipped: SIGSTORE_CONFORMANCE names no checkout of sigstore-conformance");
        return None;
    };
    let folder = Path::new(&checkout).join("test/assets/bundle-verify");
    let folders = fs::read_dir(&folder)
        .unwrap()
        .map(|one| one.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    Some(folders)
}

fn artifact_of(case: &Path) -> PathBuf {
    let own = case.join("artifact");
    if own.exists() {
        own
    } else {
        case.parent().unwrap().join("a.txt")
    }
}

fn trust_of(case: &Path) -> Result<TrustedRoot, Error> {
    match fs::read(case.join("trusted_root.json")) {
        Ok(json) => Ok(TrustedRoot::parse(&json)?),
        Err(_) => Ok(Instance::named("sigstore").unwrap().shipped()?),
    }
}

fn expected_by(case: &Path) -> Result<Expectation, SubmitError> {
    let text = |name: &str| fs::read_to_string(case.join(name)).ok();
    let trimmed = |name: &str| text(name).map(|text| text.trim().to_owned());
    if let Some(pem) = text("key.pub") {
        let (key, _) = read_verifier_pem(&pem)?;
        return Ok(Expectation::of(ExpectedSigner::Key(Box::new(key.into()))));
    }
    let name = trimmed("identity").unwrap_or_else(|| BEACON.to_owned());
    let issuer = trimmed("issuer").unwrap_or_else(|| GITHUB_ISSUER.to_owned());
    let identity = Identity::new()
        .name(ExpectedText::exactly(name))
        .issuer(ExpectedText::exactly(issuer));
    Ok(Expectation::of(ExpectedSigner::Certified(identity)))
}

fn run(case: &Path, artifact: &Artifact) -> Result<(), Error> {
    let bundle = Bundle::parse(&fs::read(case.join("bundle.sigstore.json")).unwrap())?;
    verify(&bundle, artifact, &expected_by(case)?, &trust_of(case)?)?;
    Ok(())
}

#[test]
fn every_case_has_the_result_that_its_name_says() {
    let Some(cases) = cases() else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let file = Artifact::File(artifact_of(case));
        let digest = Artifact::Digest(file.digest(HashAlgorithm::Sha2256).unwrap());
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        for artifact in [file, digest] {
            let result = run(case, &artifact);
            let text = result.as_ref().err().map(ToString::to_string);
            eprintln!("{name}: {}", text.as_deref().unwrap_or("verified"));
            if result.is_ok() == name.ends_with("_fail") {
                wrong.push((name.clone(), text));
            }
        }
    }
    assert!(cases.len() >= 70, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
