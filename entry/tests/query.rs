//! Queries: how they are read, and what they hold of.

use ledgerstone_entry::Known;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::facts::FactSource;
use ledgerstone_entry::matcher::WatchRule;
use ledgerstone_entry::query::Expression;
use ledgerstone_entry::query::QueryError;
use ledgerstone_entry::query::Verdict;
use ledgerstone_entry::query::parse;
use proptest::prelude::*;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::SanType;
use serde_json::json;

use crate::support::Signer;
use crate::support::certificate_verifier;
use crate::support::submit;
use crate::v1_support::create;
use crate::v1_support::signed_dsse;
use crate::v1_support::signed_intoto_v002;

const NOW: i64 = 1_800_000_000;

fn ask(query: &str) -> Expression {
    parse(query, NOW).unwrap()
}

/// What is known of an entry from its body, its attestation and its parts.
fn known(entry: &PreparedEntry) -> Known {
    let mut known = Known::of_body(&entry.body).at(7).taken_at(NOW - 60);
    if let Some(attestation) = &entry.attestation {
        known = known.with_kept(&attestation.data);
    }
    if known.wants_parts() {
        known = known.with_parts(&entry.stated);
    }
    known
}

fn verdict(query: &str, known: &Known) -> Verdict {
    ask(query).verdict(known, &|_| false)
}

#[track_caller]
fn holds(query: &str, known: &Known, source: FactSource) {
    assert_eq!(verdict(query, known), Verdict::Yes(source), "{query}");
}

/// An entry with a certificate of a GitHub workflow.
fn workflow_entry() -> PreparedEntry {
    let signer = Signer::p256();
    let utf8 = |text: &str| {
        let length = text.len() as u8;
        match length {
            0..128 => [&[0x0c, length], text.as_bytes()].concat(),
            _ => [&[0x0c, 0x81, length], text.as_bytes()].concat(),
        }
    };
    let commit = "ab".repeat(20);
    let claims = [
        (8, "https://token.actions.githubusercontent.com"),
        (9, WORKFLOW),
        (11, "self-hosted"),
        (12, "https://github.com/Acme/app"),
        (13, commit.as_str()),
        (14, "refs/tags/v1"),
        (15, "810002373"),
        (16, "https://github.com/acme"),
        (20, "push"),
        (21, "https://github.com/acme/app/actions/runs/5/attempts/1"),
        (23, "production"),
    ];
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(WORKFLOW.try_into().unwrap())];
    params.custom_extensions = claims
        .iter()
        .map(|(number, text)| {
            let id = [1, 3, 6, 1, 4, 1, 57264, 1, *number];
            CustomExtension::from_oid_content(&id, utf8(text))
        })
        .collect();
    let pair = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let mut request = signer.request(b"artifact");
    let signature = request.signature.as_mut().unwrap();
    signature.verifier = Some(certificate_verifier(
        certificate.der().to_vec(),
        signer.algorithm,
    ));
    submit(request).unwrap()
}

const WORKFLOW: &str = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";

#[test]
fn an_entry_is_found_by_all_that_its_certificate_claims() {
    let known = known(&workflow_entry());
    for query in [
        "issuer:https://token.actions.githubusercontent.com/",
        "repository:https://github.com/acme/app",
        "repository:git@github.com:ACME/app.git",
        "repository:github.com/acme/*",
        "owner:https://github.com/acme",
        "ref:refs/tags/*",
        "workflow:https://github.com/acme/app/.github/workflows/release.yml@*",
        "subject:https://github.com/acme/*",
        "runner:self-hosted trigger:push environment:production",
        "run:https://github.com/acme/app/actions/runs/5/attempts/1",
        "claim:15=810002373",
        "authority:*rcgen*",
        "kind:hashedrekord",
        "kind:\"hashedrekord 0.0.2\"",
        "kind:hashed*",
        "index:7 since:5m until:2030-01-01 not until:2020-01-01",
        "index:5..9 not index:8..",
        "signer(repository:github.com/acme/app issuer:*githubusercontent*)",
        "any(kind:dsse kind:hashedrekord)",
        "kind:dsse or ref:refs/tags/v1",
        "kind:dsse or(ref:refs/tags/v1) not(kind:dsse)",
        "any(kind:dsse (ref:refs/tags/v1))",
        "https://github.com/acme/app",
    ] {
        holds(query, &known, FactSource::Body);
    }
    let commit = "ab".repeat(20);
    for query in [
        format!("commit:{commit}"),
        commit.to_uppercase(),
        format!("gitCommit:{commit}"),
    ] {
        let query = query.replace("gitCommit:", "digest:gitCommit:");
        holds(&query, &known, FactSource::Body);
    }
    for query in [
        "issuer:https://accounts.google.com",
        "repository:github.com/acme/other",
        "not repository:github.com/acme/app",
        "kind:dsse",
        "index:8",
        "since:30s",
        "signer(subject:nobody repository:github.com/acme/app)",
    ] {
        assert_eq!(verdict(query, &known), Verdict::No, "{query}");
    }
    // Its digest may be that of an envelope, whose statement nobody saw.
    for query in [
        "package:pkg:npm/left-pad",
        "predicate:*",
        &format!("digest:{}", "cd".repeat(32)),
    ] {
        assert_eq!(verdict(query, &known), Verdict::Unknown, "{query}");
    }
}

#[test]
fn who_else_signs_for_a_repository_is_one_question() {
    let known = known(&workflow_entry());
    let others = |expected: &str| format!("repository:github.com/acme/app not workflow:{expected}");
    assert_eq!(
        verdict(&others("https://github.com/acme/app/*"), &known),
        Verdict::No
    );
    holds(
        &others("https://github.com/other/*"),
        &known,
        FactSource::Body,
    );
}

fn rule(expected: &[&str], authorities: &[&str]) -> Expression {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let rule = WatchRule {
        name: "others".to_owned(),
        query: "repository:github.com/acme/app".to_owned(),
        expected: owned(expected),
        authorities: owned(authorities),
    };
    let expression = rule.expression().unwrap();
    // What goes over the wire and into reports is the same question.
    assert_eq!(ask(&expression.to_string()), expression);
    expression
}

#[test]
fn a_rule_may_say_who_is_expected_and_whose_certificates_count() {
    let known = known(&workflow_entry());
    let trusted = known.clone().with_trust(&[Some(true)]);
    let forged = known.clone().with_trust(&[Some(false)]);
    let mine = "workflow:https://github.com/acme/app/*";
    let other = "workflow:https://github.com/other/*";
    let yes = Verdict::Yes(FactSource::Body);
    for (expected, authorities, known, verdict) in [
        (&[mine][..], &[][..], &known, Verdict::No),
        (&[other], &[], &known, yes),
        (&[other, mine], &[], &known, Verdict::No),
        // A certificate that says so is not enough.
        (&[mine], &["trusted"], &trusted, Verdict::No),
        (&[mine], &["trusted"], &forged, yes),
        (&[mine], &["trusted"], &known, Verdict::Unknown),
        (&[], &["trusted"], &trusted, yes),
        (&[], &["trusted"], &forged, Verdict::No),
        (&[], &["untrusted"], &forged, yes),
        (&[], &["*rcgen*"], &known, yes),
        (&[], &["*other*"], &known, Verdict::No),
    ] {
        let found = rule(expected, authorities).verdict(known, &|_| false);
        assert_eq!(found, verdict, "{expected:?} {authorities:?}");
    }
}

#[test]
fn nobody_becomes_expected_by_what_a_statement_says() {
    let signer = Signer::p256();
    let statement = provenance().replace("https://builder.example/v1", WORKFLOW);
    let entry = create(&signed_dsse(statement.as_bytes(), &[&signer])).unwrap();
    let known = known(&entry);
    holds(
        &format!("builder:\"{WORKFLOW}\""),
        &known,
        FactSource::Statement,
    );
    let signed_by = format!("signed-by(builder:\"{WORKFLOW}\")");
    assert_eq!(verdict(&signed_by, &known), Verdict::No);
}

#[test]
fn who_does_not_know_what_is_trusted_asks_for_no_less() {
    let entry = known(&workflow_entry());
    for query in [
        "authority:trusted",
        "not authority:trusted kind:hashedrekord",
        "repository:github.com/acme/app authority:untrusted",
        "kind:dsse or authority:trusted",
        "signer(issuer:* not signed-by(authority:trusted))",
        "any(all(kind:dsse authority:trusted) kind:hashedrekord)",
    ] {
        let asked = ask(query);
        assert!(asked.asks_trust());
        let relaxed = asked.without_trust();
        assert!(
            !relaxed.as_ref().is_some_and(Expression::asks_trust),
            "{query}"
        );
        for trust in [true, false] {
            let known = entry.clone().with_trust(&[Some(trust)]);
            if let (Verdict::Yes(_), Some(relaxed)) = (asked.verdict(&known, &|_| false), &relaxed)
            {
                let found = relaxed.verdict(&entry, &|_| false);
                assert!(matches!(found, Verdict::Yes(_)), "{query}");
            }
        }
    }
}

fn provenance() -> String {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{ "name": "pkg:npm/%40acme/app@2", "digest": { "sha512": "ab".repeat(64) } }],
        "predicate": {
            "buildDefinition": {
                "buildType": "https://type.example/v1",
                "resolvedDependencies": [
                    { "uri": "pkg:npm/left-pad@1.3.0", "digest": { "sha256": "cd".repeat(32) } },
                ],
            },
            "runDetails": { "builder": { "id": "https://builder.example/v1" } },
        },
    })
    .to_string()
}

#[test]
fn an_entry_is_found_by_all_that_its_statement_names() {
    let signer = Signer::p256();
    for proposal in [
        signed_dsse(provenance().as_bytes(), &[&signer]),
        signed_intoto_v002(provenance().as_bytes(), &[&signer]),
    ] {
        let entry = create(&proposal).unwrap();
        let known = known(&entry);
        for query in [
            "package:pkg:npm/left-pad@1.3.0",
            "package:pkg:npm/left-pad",
            "package:pkg:npm/left-pad@*",
            "pkg:npm/@acme/app@2",
            "predicate:https://slsa.dev/provenance/*",
            "builder:https://builder.example/v1",
            "build-type:https://type.example/v1",
            &format!("digest:sha256:{}", "cd".repeat(32)),
            &format!("registry.example/app@sha256:{}", "CD".repeat(32)),
        ] {
            holds(query, &known, FactSource::Statement);
        }
        assert_eq!(
            verdict("package:pkg:npm/left-pad@1.3.1", &known),
            Verdict::No
        );
        // The body alone does not tell.
        let body = Known::of_body(&entry.body);
        assert_eq!(verdict("package:pkg:npm/left-pad", &body), Verdict::Unknown);
        assert_eq!(
            verdict("not package:pkg:npm/left-pad", &body),
            Verdict::Unknown
        );
        assert_eq!(
            verdict("kind:rekord package:pkg:npm/left-pad", &body),
            Verdict::No
        );
    }
}

#[test]
fn what_is_no_query_is_refused_with_a_reason() {
    let error = |query: &str| parse(query, NOW).unwrap_err();
    for query in ["", "  ", "()", "any()", "subject:a or"] {
        assert_eq!(error(query), QueryError::Empty, "{query}");
    }
    assert_eq!(error("(subject:a"), QueryError::Unbalanced('('));
    assert_eq!(error("subject:a)"), QueryError::Unbalanced(')'));
    assert_eq!(error("subject:\"a"), QueryError::Unbalanced('"'));
    assert_eq!(
        error("subject:"),
        QueryError::Missing("subject:".to_owned())
    );
    assert_eq!(error("not"), QueryError::Missing("not".to_owned()));
    assert_eq!(error("left-pad"), QueryError::Word("left-pad".to_owned()));
    assert_eq!(
        error("colour:red"),
        QueryError::Word("colour:red".to_owned())
    );
    assert_eq!(error(&"(".repeat(40)), QueryError::Depth);
    assert_eq!(error(&"kind:a ".repeat(300)), QueryError::Terms);
    assert_eq!(error(&"a".repeat(20_000)), QueryError::Length);
    for query in [
        "digest:xyz",
        "since:soon",
        "index:a",
        "index:..",
        "package:npm",
        "key:ab",
        "leaf:1",
    ] {
        assert!(matches!(error(query), QueryError::Value { .. }), "{query}");
    }
}

#[test]
fn times_are_dates_times_and_spans() {
    let of = |query: &str| ask(query).to_string();
    assert_eq!(of("since:2026-11-01"), "since:2026-11-01T00:00:00Z");
    assert_eq!(
        of("until:2026-11-01T12:00:00+01:00"),
        "until:2026-11-01T11:00:00Z"
    );
    assert_eq!(of("since:7d"), ask("since:168h").to_string());
    assert_eq!(of("since:1w"), of("since:7d"));
    assert_eq!(of("since:90m"), ask("since:5400s").to_string());
}

/// Queries of every form.
fn queries() -> impl Strategy<Value = String> {
    let term = prop_oneof![
        Just("subject:*@acme.example".to_owned()),
        Just("package:pkg:npm/left-pad".to_owned()),
        Just(format!("digest:sha256:{}", "ab".repeat(32))),
        Just("kind:dsse".to_owned()),
        Just("since:2026-11-01".to_owned()),
        Just("index:3..9".to_owned()),
        "[a-z \"\\\\()]{1,12}".prop_map(|text| {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("name:\"x{text}x\"")
        }),
    ];
    term.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("any({})", parts.join(" "))),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("({})", parts.join(" or "))),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("({})", parts.join(" and "))),
            inner.clone().prop_map(|part| format!("not {part}")),
            inner.clone().prop_map(|part| format!("signer({part})")),
            inner.prop_map(|part| format!("signed-by({part})")),
        ]
    })
}

proptest! {
    #[test]
    fn a_query_reads_back_as_the_same(query in queries()) {
        let expression = parse(&query, NOW).unwrap();
        let again = parse(&expression.to_string(), NOW + 5).unwrap();
        prop_assert_eq!(again.to_string(), expression.to_string());
    }

    #[test]
    fn any_text_is_a_query_or_a_refusal(query in ".{0,80}") {
        let _ = parse(&query, NOW);
    }
}
