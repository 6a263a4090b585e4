//! `verify` as a CI job types it: whom it expects, what it is told, and the exit codes.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::server::command;

/// Whom the published bundles name.
const BEACON: &str = "https://github.com/sigstore-conformance/\
    extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml\
    @refs/heads/main";

const GITHUB: &str = "https://token.actions.githubusercontent.com";

const REPOSITORY: &str = "sigstore-conformance/extremely-dangerous-public-oidc-beacon";

/// The published bundles, or `None` where they are not beside the workspace.
fn bundles() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/bundles");
    if !path.exists() {
        eprintln!("skipped: the fixtures are not there: {}", path.display());
        return None;
    }
    Some(path.canonicalize().unwrap())
}

fn run(line: &str) -> Output {
    let mut command = command();
    // Nothing that an earlier run kept may help.
    command.env("LEDGERSTONE_TUF_CACHE", "/nonexistent/ledgerstone");
    command.args(line.split_whitespace()).output().unwrap()
}

/// What is told about a failure with this exit code.
fn fails(code: i32, line: &str) -> String {
    let output = run(line);
    assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What machines are told, a line each.
fn lines(code: i32, line: &str) -> Vec<Value> {
    let output = run(&format!("--json {line}"));
    assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn json(line: &str) -> Value {
    let mut lines = lines(0, line);
    assert_eq!(lines.len(), 1, "{line}");
    lines.remove(0)
}

fn published(name: &str) -> Option<String> {
    let bundles = bundles()?;
    let (folder, artifact) = (bundles.join(name), bundles.join("a.txt"));
    let root = folder.join("trusted_root.json");
    let trust = match root.exists() {
        true => format!("--trusted-root {}", root.display()),
        false => "--instance sigstore --offline".to_owned(),
    };
    let bundle = folder.join("bundle.sigstore.json");
    let (artifact, bundle) = (artifact.display(), bundle.display());
    Some(format!("verify {artifact} --bundle {bundle} {trust}"))
}

#[test]
fn a_certificate_needs_somebody_who_is_expected() {
    for name in ["v2-hashedrekord", "v2-dsse", "v1-hashedrekord", "v1-dsse"] {
        let Some(line) = published(name) else { return };
        let told = fails(1, &line);
        assert!(told.contains("--certificate-identity"), "{told}");
        let any = json(&format!("{line} --any-identity"));
        let nobody = json!("whose the certificate is: nobody asked");
        assert!(any["notChecked"].as_array().unwrap().contains(&nobody));

        let identity = format!("--certificate-identity {BEACON}");
        let named = format!("{line} {identity} --certificate-oidc-issuer {GITHUB}");
        let verified = json(&named);
        assert_eq!(verified["verified"], true);
        assert_eq!(verified["certificateNames"], json!([BEACON]));
        let checked = verified["checked"].as_array().unwrap();
        let is_path = |fact: &&Value| fact["fact"] == "certificate issued by";
        assert!(checked.iter().any(|fact| is_path(&fact)), "{checked:?}");
        assert!(!verified["notChecked"].as_array().unwrap().contains(&nobody));

        json(&format!(
            "{line} --github-repository {REPOSITORY} --ref refs/heads/main"
        ));
        fails(
            2,
            &format!("{line} --github-repository sigstore-conformance/extremely"),
        );
        fails(
            2,
            &format!("{line} {identity} --certificate-oidc-issuer {GITHUB}/other"),
        );
        let told = fails(1, &format!("{line} {identity}"));
        assert!(told.contains("certificate-oidc-issuer"), "{told}");
        fails(2, &format!("{named} --signed-timestamps 2"));
    }
}

#[test]
fn several_files_keep_a_policy_or_do_not() {
    let Some(bundles) = bundles() else { return };
    let directory = TempDir::new().unwrap();
    let policy = directory.path().join("policy.toml");
    let text = format!(
        "require = \"beacon\"\n[rule.beacon]\ngithub-repository = {REPOSITORY:?}\n\
         ref = \"refs/heads/main\"\n"
    );
    fs::write(&policy, text).unwrap();
    let case = bundles.join("v2-hashedrekord");
    let other = directory.path().join("other.txt");
    fs::write(&other, "other").unwrap();
    let line = |files: &str| {
        format!(
            "verify {files} --bundle {}/bundle.sigstore.json --trusted-root \
             {}/trusted_root.json --policy {}",
            case.display(),
            case.display(),
            policy.display()
        )
    };
    let good = bundles.join("a.txt").display().to_string();
    let told = lines(0, &line(&good));
    assert_eq!(
        (&told[0]["verified"], &told[0]["rule"]),
        (&json!(true), &json!("beacon"))
    );
    let told = lines(2, &line(&format!("{good} {}", other.display())));
    assert_eq!(told[0]["verified"], true);
    assert_eq!(told[1]["verified"], false);
    assert_eq!(told[1]["reasons"][0]["rule"], "beacon");
    // The last line says it for all.
    assert_eq!(told[2]["error"]["exitCode"], 2);

    fs::write(&policy, "require = \"a\"\n[rule.a]\nany-identiy = true\n").unwrap();
    let told = fails(1, &line(&good));
    assert!(told.contains("any-identiy"), "{told}");
}

#[test]
fn whom_to_trust_may_be_looked_up() {
    let Some(bundles) = bundles() else { return };
    let directory = TempDir::new().unwrap();
    let root = directory.path().join("root.json");
    fs::write(
        &root,
        include_str!("../../client/assets/sigstore/root.json"),
    )
    .unwrap();
    let line = format!(
        "verify {a}/a.txt --bundle {a}/v1-dsse/bundle.sigstore.json --any-identity",
        a = bundles.display()
    );
    json(&format!("{line} --instance sigstore --offline"));
    // Nothing listens there, and nothing was kept.
    let tuf = format!("--tuf-url http://127.0.0.1:9 --tuf-root {}", root.display());
    fails(3, &format!("{line} {tuf}"));
    let told = fails(3, &format!("{line} {tuf} --offline"));
    assert!(told.contains("--offline"), "{told}");
}

#[test]
fn a_statement_is_printed_and_compared() {
    let Some(line) = published("v1-dsse") else {
        return;
    };
    let line = format!("{line} --any-identity");
    let told = json(&format!("{line} --statement"));
    let kind = told["statement"]["predicateType"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(told["statement"]["subject"].is_array());
    assert!(json(&line).get("statement").is_none());
    json(&format!("{line} --predicate-type {kind}"));
    let told = fails(2, &format!("{line} --predicate-type {kind}/other"));
    assert!(told.contains("predicate type"), "{told}");
    fails(2, &format!("{line} --builder-id https://builder.example"));
}
