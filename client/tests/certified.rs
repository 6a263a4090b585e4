//! Who signed, and when: what a private Sigstore made verifies, and nothing that is a second or a
//! name beside it does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleEntry;
use ledgerstone_client::BundleError;
use ledgerstone_client::CertificateFault;
use ledgerstone_client::Error;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::ExpectedText;
use ledgerstone_client::Failure;
use ledgerstone_client::FulcioExtension;
use ledgerstone_client::Identity;
use ledgerstone_client::LogEntryFault;
use ledgerstone_client::SctFault;
use ledgerstone_client::TimestampFault;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::Unchecked;
use ledgerstone_client::VerifyError;
use ledgerstone_client::issued_certificates;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::KeyUsagePurpose;
use serde_json::Value;
use serde_json::json;

use crate::private_sigstore::ISSUER;
use crate::private_sigstore::NAME;
use crate::private_sigstore::NOW;
use crate::private_sigstore::Parent;
use crate::private_sigstore::PrivateSigstore;
use crate::private_sigstore::Settings;
use crate::private_sigstore::leaf;

fn refusal(settings: &Settings) -> VerifyError {
    PrivateSigstore::new(settings).verify().unwrap_err()
}

#[test]
fn what_all_of_them_signed_verifies() {
    for embeds in [false, true] {
        let sigstore = PrivateSigstore::new(&Settings {
            embeds,
            ..Settings::default()
        });
        let verified = sigstore.verify().unwrap();
        let certified = verified.certified.unwrap();
        assert_eq!(certified.names, [NAME]);
        assert_eq!(certified.issuer.as_deref(), Some(ISSUER));
        assert!(certified.authority.contains("fulcio.example"));
        assert_eq!(verified.times.len(), 1);
        assert_eq!(verified.times[0].milliseconds, NOW * 1_000);
        assert_eq!(verified.not_checked, []);
        let shown: Vec<_> = verified.facts.iter().map(|fact| fact.what).collect();
        let expected = [
            "signature",
            "log entry",
            "inclusion",
            "time",
            "certificate issued by",
            "certificate valid",
            "certificate made public",
            "identity as expected",
            "identity as expected",
        ];
        assert_eq!(shown, expected);
    }
}

/// How one setting moves a window of time.
type Move = fn(&mut Settings, (i64, i64));

#[test]
fn each_window_may_be_touched_and_not_missed_by_a_second() {
    let moves: [(&str, Move); 8] = [
        ("root certificate", |it, times| it.root_certificate = times),
        ("intermediate", |it, times| it.intermediate = times),
        ("certificate", |it, times| it.certificate = times),
        ("stamper root", |it, times| it.stamper_root = times),
        ("stamper", |it, times| it.stamper = times),
        ("authority", |it, times| it.authority_window = times),
        ("stamper window", |it, times| it.stamper_window = times),
        ("log window", |it, times| it.log_window = times),
    ];
    for (name, apply) in moves {
        for (times, verifies) in [
            ((NOW, NOW), true),
            ((NOW - 100, NOW), true),
            ((NOW, NOW + 100), true),
            ((NOW + 1, NOW + 100), false),
            ((NOW - 100, NOW - 1), false),
        ] {
            let mut settings = Settings::default();
            apply(&mut settings, times);
            let result = PrivateSigstore::new(&settings).verify();
            assert_eq!(result.is_ok(), verifies, "{name} {times:?}: {result:?}");
            let Err(error) = result else { continue };
            assert_eq!(error.failure(), Failure::Untrue);
            let fits = match name {
                "root certificate" | "intermediate" | "certificate" | "authority" => {
                    matches!(error, VerifyError::Path(_))
                }
                "stamper root" | "stamper" => matches!(
                    error,
                    VerifyError::Timestamp {
                        reason: TimestampFault::Certificate(_),
                        ..
                    }
                ),
                "stamper window" => matches!(
                    error,
                    VerifyError::Timestamp {
                        reason: TimestampFault::OutsideWindow { .. },
                        ..
                    }
                ),
                _ => matches!(
                    error,
                    VerifyError::LogEntry(LogEntryFault::OutsideWindow { time: NOW })
                ),
            };
            assert!(fits, "{name}: {error}");
        }
    }
}

#[test]
fn the_window_of_a_certificate_log_is_about_its_own_time() {
    let at = (NOW - 60) * 1_000;
    for (window, sct_at, verifies) in [
        ((NOW - 60, NOW), at, true),
        ((NOW - 100, NOW - 60), at, true),
        ((NOW - 100, NOW - 60), at + 1, false),
        ((NOW - 60, NOW), at - 1, false),
    ] {
        let result = PrivateSigstore::new(&Settings {
            ct_window: window,
            sct_at,
            ..Settings::default()
        })
        .verify();
        assert_eq!(result.is_ok(), verifies, "{window:?} {sct_at}");
        let fits = |error| matches!(error, VerifyError::Sct(SctFault::OutsideWindow { .. }));
        assert!(result.is_ok() || fits(result.unwrap_err()));
    }
}

#[test]
fn a_time_stamp_has_to_fit_the_certificate() {
    for at in [NOW - 61, NOW + 541] {
        let error = refusal(&Settings {
            stamped_at: at,
            ..Settings::default()
        });
        assert!(
            matches!(error, VerifyError::Path(CertificateFault::NoPath { .. })),
            "{error}"
        );
    }
}

#[test]
fn certificates_for_other_uses_are_refused() {
    for settings in [
        Settings {
            usage: ExtendedKeyUsagePurpose::ServerAuth,
            ..Settings::default()
        },
        Settings {
            key_usage: KeyUsagePurpose::KeyAgreement,
            ..Settings::default()
        },
    ] {
        let error = refusal(&settings);
        assert!(
            matches!(error, VerifyError::Path(CertificateFault::Usage { .. })),
            "{error}"
        );
    }
    let both = vec![
        ExtendedKeyUsagePurpose::TimeStamping,
        ExtendedKeyUsagePurpose::CodeSigning,
    ];
    for stamper_usages in [vec![ExtendedKeyUsagePurpose::CodeSigning], both] {
        let error = refusal(&Settings {
            stamper_usages,
            ..Settings::default()
        });
        assert!(matches!(error, VerifyError::Timestamp { .. }), "{error}");
    }
}

#[test]
fn forged_certificates_are_refused() {
    let wide = (NOW - 1_000, NOW + 1_000);
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    let params = leaf(&Settings::default());
    // Of the same names, by other keys.
    let forger = Parent::root("intermediate", wide);
    let forged = forger.sign(&params, &sigstore.signer);
    sigstore.replace_certificate(forged);
    let error = sigstore.verify().unwrap_err();
    assert!(
        matches!(error, VerifyError::Path(CertificateFault::NoPath { .. })),
        "{error}"
    );
    // With the forger's certificate beside it.
    sigstore.bundle.intermediates = vec![forger.der.into()];
    assert!(matches!(sigstore.verify(), Err(VerifyError::Path(_))));

    let self_signed = params.self_signed(&sigstore.signer).unwrap().der().to_vec();
    sigstore.bundle.intermediates = Vec::new();
    sigstore.replace_certificate(self_signed);
    assert!(matches!(sigstore.verify(), Err(VerifyError::Path(_))));
    sigstore.expected.signer = ExpectedSigner::AnyCertified;
    assert!(matches!(sigstore.verify(), Err(VerifyError::Path(_))));

    // The root's own signature, but without a certificate log.
    let unlogged = sigstore.root.sign(&params, &sigstore.signer);
    sigstore.replace_certificate(unlogged);
    let error = sigstore.verify().unwrap_err();
    assert!(matches!(error, VerifyError::Sct(SctFault::None)), "{error}");
    sigstore.expected.thresholds.scts = 0;
    let verified = sigstore.verify().unwrap();
    assert!(verified.not_checked.contains(&Unchecked::CertificateLogs));
}

#[test]
fn a_root_in_the_bundle_is_refused() {
    let sigstore = PrivateSigstore::new(&Settings::default());
    let json: Value = serde_json::from_str(&sigstore.bundle.to_json()).unwrap();
    let leaf = json["verificationMaterial"]["certificate"]["rawBytes"].clone();
    let with_chain_in = |version: &str, chain: Value| {
        let mut json = json.clone();
        json["mediaType"] =
            format!("application/vnd.dev.sigstore.bundle+json;version={version}").into();
        let material = json["verificationMaterial"].as_object_mut().unwrap();
        material.remove("certificate");
        material.insert(
            "x509CertificateChain".to_owned(),
            json!({"certificates": chain}),
        );
        Bundle::parse(json.to_string().as_bytes())
    };
    let with_chain = |chain| with_chain_in("0.2", chain);
    let root = STANDARD.encode(&sigstore.root.der);
    let error = with_chain(json!([{"rawBytes": leaf}, {"rawBytes": root}])).unwrap_err();
    assert!(matches!(error, BundleError::Root), "{error}");
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
    assert!(with_chain(json!([])).is_err());
    // From version 0.3 on there is one certificate, and no chain.
    let error = with_chain_in("0.3", json!([{"rawBytes": leaf}])).unwrap_err();
    assert!(matches!(error, BundleError::Chain), "{error}");
    // Others may come along, and are looked at on the way to an authority that is trusted.
    let mut sigstore = sigstore;
    sigstore.bundle = with_chain(json!([{"rawBytes": leaf}])).unwrap();
    sigstore.verify().unwrap();
}

#[test]
fn an_entry_tells_who_issued_its_certificate() {
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    let trust = sigstore.trusted_root.to_string();
    let trust = TrustedRoot::parse_at(trust.as_bytes(), NOW + 2_000_000).unwrap();
    let issued = issued_certificates(sigstore.bundle.entries[0].body(), &trust);
    assert_eq!(issued.len(), 1);
    assert_eq!(issued[0].names, [NAME]);
    assert!(
        issued[0]
            .authority
            .as_ref()
            .unwrap()
            .contains("fulcio.example")
    );

    let own = leaf(&Settings::default())
        .self_signed(&sigstore.signer)
        .unwrap();
    sigstore.replace_certificate(own.der().to_vec());
    let issued = issued_certificates(sigstore.bundle.entries[0].body(), &trust);
    assert_eq!(issued[0].names, [NAME]);
    assert_eq!(issued[0].authority, None);
    assert_eq!(issued_certificates(b"{}", &trust), []);
}

#[test]
fn somebody_has_to_be_expected() {
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    let exactly = ExpectedText::exactly;
    for signer in [
        ExpectedSigner::Nobody,
        ExpectedSigner::Certified(Identity::new()),
        ExpectedSigner::Certified(Identity::new().name(exactly(NAME))),
        ExpectedSigner::Certified(Identity::new().issuer(exactly(ISSUER))),
    ] {
        sigstore.expected.signer = signer;
        let error = sigstore.verify().unwrap_err();
        assert!(matches!(error, VerifyError::IdentityNeeded), "{error}");
        assert!(error.to_string().contains("--any-identity"));
    }
    sigstore.expected.signer = ExpectedSigner::AnyCertified;
    assert_eq!(
        sigstore.verify().unwrap().not_checked,
        [Unchecked::Identity]
    );
}

#[test]
fn other_identities_are_refused() {
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    let exactly = ExpectedText::exactly;
    let issuer = || Identity::new().issuer(exactly(ISSUER));
    let extension = |name| FulcioExtension::named(name).unwrap();
    for (identity, verifies) in [
        (
            issuer().name(ExpectedText::pattern("@example[.]com$").unwrap()),
            true,
        ),
        (
            issuer().name(ExpectedText::pattern("^example").unwrap()),
            false,
        ),
        (issuer().name(exactly("ada@example.co")), false),
        (issuer().name(exactly("Ada@example.com")), false),
        (
            Identity::new()
                .name(exactly(NAME))
                .issuer(exactly("https://other")),
            false,
        ),
        (
            issuer().extension(extension("issuer"), exactly(ISSUER)),
            true,
        ),
        (
            issuer().extension(extension("build-trigger"), exactly("push")),
            false,
        ),
        (issuer().github_repository("acme/app"), false),
    ] {
        sigstore.expected.signer = ExpectedSigner::Certified(identity.clone());
        let result = sigstore.verify();
        assert_eq!(result.is_ok(), verifies, "{identity:?}");
        let is_identity = |error| matches!(error, VerifyError::Identity(_));
        assert!(result.is_ok() || is_identity(result.unwrap_err()));
    }
}

#[test]
fn there_has_to_be_as_much_as_is_asked_for() {
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    type Ask = fn(&mut ledgerstone_client::Thresholds);
    let asks: [Ask; 3] = [
        |it| it.signed_timestamps = 2,
        |it| it.log_entries = 2,
        |it| it.scts = 2,
    ];
    for ask in asks {
        let mut thresholds = ledgerstone_client::Thresholds {
            signed_timestamps: 1,
            ..Default::default()
        };
        sigstore.expected.thresholds = thresholds;
        sigstore.verify().unwrap();
        ask(&mut thresholds);
        sigstore.expected.thresholds = thresholds;
        let error = sigstore.verify().unwrap_err();
        assert!(matches!(error, VerifyError::Shortage(_)), "{error}");
    }
    // The same log, and the same authority, twice.
    let again: BundleEntry = sigstore.bundle.entries[0].clone();
    sigstore.bundle.entries.push(again);
    sigstore.expected.thresholds = Default::default();
    sigstore.expected.thresholds.log_entries = 2;
    assert!(matches!(sigstore.verify(), Err(VerifyError::Shortage(_))));
    let again = sigstore.bundle.timestamps[0].clone();
    sigstore.bundle.timestamps.push(again);
    sigstore.expected.thresholds = Default::default();
    sigstore.expected.thresholds.signed_timestamps = 2;
    assert!(matches!(sigstore.verify(), Err(VerifyError::Shortage(_))));
}

#[test]
fn a_bundle_without_an_entry_verifies_where_none_is_asked_for() {
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    sigstore.bundle.entries.clear();
    assert!(matches!(sigstore.verify(), Err(VerifyError::Shortage(_))));
    sigstore.expected.thresholds.log_entries = 0;
    assert_eq!(sigstore.verify().unwrap().entries, []);
    // Then nothing says a time but the time stamp.
    sigstore.bundle.timestamps.clear();
    assert!(matches!(sigstore.verify(), Err(VerifyError::NoTime)));
}

#[test]
fn a_time_stamp_of_something_else_is_refused() {
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    let other = PrivateSigstore::new(&Settings::default());
    let own = sigstore.bundle.timestamps.clone();
    sigstore.bundle.timestamps = other.bundle.timestamps.clone();
    let reason = |error| match error {
        VerifyError::Timestamp { number, reason } => (number, reason),
        other => panic!("{other}"),
    };
    let error = sigstore.verify().unwrap_err();
    assert_eq!(reason(error), (1, TimestampFault::OtherImprint));
    // One that holds does not make up for one that does not.
    sigstore.bundle.timestamps = [own, other.bundle.timestamps].concat();
    let error = sigstore.verify().unwrap_err();
    assert_eq!(reason(error), (2, TimestampFault::OtherImprint));

    let mut sigstore = PrivateSigstore::new(&Settings::default());
    sigstore.trusted_root["timestampAuthorities"] =
        other.trusted_root["timestampAuthorities"].clone();
    let (_, fault) = reason(sigstore.verify().unwrap_err());
    assert!(matches!(
        fault,
        TimestampFault::UnknownAuthority | TimestampFault::Signature { .. }
    ));
}

#[test]
fn every_bit_of_a_time_stamp_counts() {
    let mut sigstore = PrivateSigstore::new(&Settings::default());
    let whole = sigstore.bundle.timestamps[0].clone();
    for position in 0..whole.len() {
        let mut changed = whole.to_vec();
        changed[position] ^= 1;
        sigstore.bundle.timestamps = vec![changed.into()];
        let result = sigstore.verify();
        // Versions and the list of digest algorithms are said twice, and not looked at here.
        if let Ok(verified) = result {
            assert_eq!(verified.times[0].milliseconds, NOW * 1_000);
        }
    }
}

#[test]
fn who_is_not_dated_is_not_trusted() {
    for place in [
        "/tlogs/0/publicKey",
        "/certificateAuthorities/0",
        "/ctlogs/0/publicKey",
        "/timestampAuthorities/0",
    ] {
        let mut sigstore = PrivateSigstore::new(&Settings::default());
        let key = sigstore.trusted_root.pointer_mut(place).unwrap();
        key["validFor"] = json!({"end": "2099-01-01T00:00:00Z"});
        assert!(sigstore.verify().is_err(), "{place}");
    }
}
