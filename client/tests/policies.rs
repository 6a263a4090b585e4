//! Policies: rules that combine, and what is wrong with others.

use std::path::Path;

use ledgerstone_client::Artifact;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::Policy;
use ledgerstone_client::PolicyError;
use ledgerstone_client::RuleError;
use ledgerstone_client::TrustedRoot;

use crate::private_sigstore::ISSUER;
use crate::private_sigstore::NAME;
use crate::private_sigstore::NOW;
use crate::private_sigstore::PrivateSigstore;
use crate::private_sigstore::Settings;

fn parse(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text, Path::new("nowhere"))
}

/// A policy in which `ada` is who signed, and `eve` is not.
fn policy(rest: &str) -> Policy {
    let rules = format!(
        "{rest}\n\
         [rule.ada]\n\
         certificate-identity = {NAME:?}\n\
         certificate-oidc-issuer = {ISSUER:?}\n\
         [rule.eve]\n\
         certificate-identity = \"eve@example.com\"\n\
         certificate-oidc-issuer = {ISSUER:?}\n\
         [rule.either]\n\
         any = [\"eve\", \"ada\"]\n\
         [rule.both]\n\
         all = [\"ada\", \"eve\"]\n\
         [rule.nested]\n\
         all = [\"either\", \"ada\", \"either\"]\n"
    );
    parse(&rules).unwrap()
}

#[test]
fn rules_combine() {
    let sigstore = PrivateSigstore::new(&Settings::default());
    let trust = sigstore.trusted_root.to_string();
    let trust = TrustedRoot::parse_at(trust.as_bytes(), NOW + 2_000_000).unwrap();
    let bundles = [sigstore.bundle.clone()];
    for (rule, accepted, asked) in [
        ("ada", true, 1),
        ("eve", false, 1),
        ("either", true, 2),
        ("both", false, 2),
        ("nested", true, 2),
    ] {
        let policy = policy(&format!("require = {rule:?}"));
        let outcome = policy.evaluate(&sigstore.artifact, &bundles, &trust);
        assert_eq!(outcome.accepted, accepted, "{rule}");
        assert_eq!(outcome.findings.len(), asked, "{rule}");
        // Another artifact, and no bundle at all.
        let other = Artifact::Bytes(b"another".to_vec());
        assert!(!policy.evaluate(&other, &bundles, &trust).accepted);
        assert!(!policy.evaluate(&sigstore.artifact, &[], &trust).accepted);
    }
    // Rules may be kept by different bundles.
    let other = PrivateSigstore::new(&Settings::default());
    let both = [other.bundle, sigstore.bundle.clone()];
    let outcome = policy("require = \"ada\"").evaluate(&sigstore.artifact, &both, &trust);
    assert!(outcome.accepted);
    let results: Vec<_> = outcome
        .findings
        .iter()
        .map(|it| it.result.is_ok())
        .collect();
    assert_eq!(results, [false, true]);
}

#[test]
fn thresholds_hold_for_all_rules_unless_one_has_its_own() {
    let sigstore = PrivateSigstore::new(&Settings::default());
    let trust = sigstore.trusted_root.to_string();
    let trust = TrustedRoot::parse_at(trust.as_bytes(), NOW + 2_000_000).unwrap();
    for (text, accepted) in [
        (
            "require = \"ada\"\n[thresholds]\nsigned-timestamps = 1",
            true,
        ),
        ("require = \"ada\"\n[thresholds]\nlog-entries = 2", false),
        (
            "require = \"any\"\n[thresholds]\nlog-entries = 2\n[rule.any]\nany-identity = true\n\
             log-entries = 1",
            true,
        ),
    ] {
        let outcome = policy(text).evaluate(
            &sigstore.artifact,
            std::slice::from_ref(&sigstore.bundle),
            &trust,
        );
        assert_eq!(outcome.accepted, accepted, "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let rule = |text: &str| parse(&format!("require = \"r\"\n[rule.r]\n{text}"));
    let reason = |text: &str| match rule(text) {
        Err(PolicyError::Rule { reason, .. }) => reason,
        other => panic!("{text}: {other:?}"),
    };
    assert!(matches!(reason(""), RuleError::Nobody));
    assert!(matches!(reason("log-entries = 1"), RuleError::Nobody));
    assert!(matches!(
        reason("certificate-identity = \"a\""),
        RuleError::NoIssuer
    ));
    assert!(matches!(
        reason("ref = \"refs/heads/main\""),
        RuleError::NoIssuer
    ));
    assert!(matches!(
        reason("certificate-oidc-issuer = \"a\""),
        RuleError::Nobody
    ));
    assert!(matches!(
        reason("any-identity = true\ngithub-repository = \"a/b\""),
        RuleError::TwoSigners
    ));
    assert!(matches!(
        reason("certificate-identity = \"a\"\ncertificate-identity-regexp = \"a\""),
        RuleError::TextAndPattern("certificate-identity")
    ));
    assert!(matches!(
        reason("certificate-identity-regexp = \"(\"\ncertificate-oidc-issuer = \"a\""),
        RuleError::Pattern(_)
    ));
    assert!(matches!(
        reason("extensions = {colour = \"red\"}"),
        RuleError::Extension(_)
    ));
    assert!(matches!(
        reason("any = [\"r\"]\nref = \"a\""),
        RuleError::Mixed
    ));
    assert!(matches!(
        reason("any = [\"r\"]\nall = [\"r\"]"),
        RuleError::Mixed
    ));
    assert!(matches!(reason("all = []"), RuleError::Empty));
    assert!(matches!(rule("any = [\"r\"]"), Err(PolicyError::Circle(_))));
    assert!(matches!(
        rule("any = [\"s\"]"),
        Err(PolicyError::NoSuchRule { .. })
    ));
    assert!(matches!(
        rule("key = \"a.pub\""),
        Err(PolicyError::Io { .. })
    ));
    // A condition that is spelt wrongly would hold for everybody.
    for text in [
        "certificate-identiy = \"a\"",
        "Ref = \"a\"",
        "thresholds = 1",
    ] {
        assert!(matches!(rule(text), Err(PolicyError::Toml(_))), "{text}");
    }
    assert!(matches!(
        parse("require = \"r\""),
        Err(PolicyError::Toml(_))
    ));
    assert!(matches!(
        parse("require = \"r\"\n[rule]"),
        Err(PolicyError::NoSuchRule { .. })
    ));
    let circle = "require = \"a\"\n[rule.a]\nany = [\"b\"]\n[rule.b]\nall = [\"a\"]";
    let error = parse(circle).unwrap_err();
    assert!(matches!(error, PolicyError::Circle(_)));
    assert_eq!(Error::from(error).failure(), Failure::Undone);
}
