//! What Fulcio's extensions say about who signed.

use std::collections::BTreeMap;

use crate::digest_text::digest_text;
use crate::fulcio::fulcio_extensions;
use crate::search_key::SearchKeyKind;

/// What the certificate claims, by the numbers of Fulcio's extensions (1.3.6.1.4.1.57264.1.*).
pub(crate) fn claims(certificate: &[u8]) -> Vec<(SearchKeyKind, String)> {
    let extensions = fulcio_extensions(certificate);
    let issuer = extensions
        .iter()
        .find(|(number, _)| matches!(number, 1 | 8));
    let is_github = issuer.is_some_and(|(_, issuer)| issuer.starts_with(GITHUB_ISSUER));
    let mut claims = Vec::with_capacity(extensions.len());
    for (number, value) in extensions {
        let text = match number {
            // The older form of the name has no host.
            5 if is_github => format!("github.com/{value}"),
            3 | 10 | 13 | 19 => commit(&value),
            number if kind_of(number) == SearchKeyKind::Claim => format!("{number}={value}"),
            _ => value,
        };
        claims.push((kind_of(number), text));
    }
    claims
}

fn kind_of(number: u32) -> SearchKeyKind {
    match number {
        1 | 8 => SearchKeyKind::Issuer,
        2 | 20 => SearchKeyKind::Trigger,
        3 | 10 | 13 | 19 => SearchKeyKind::ArtifactDigest,
        5 | 12 => SearchKeyKind::Repository,
        6 | 14 => SearchKeyKind::Ref,
        9 | 18 => SearchKeyKind::Workflow,
        11 => SearchKeyKind::Runner,
        16 => SearchKeyKind::Owner,
        21 => SearchKeyKind::Run,
        23 => SearchKeyKind::Environment,
        _ => SearchKeyKind::Claim,
    }
}

/// The claims but for the issuer as they stand in the certificate, by what they are called here. Of
/// two forms of one claim it is the later one.
pub(crate) fn told(certificate: &[u8]) -> BTreeMap<String, String> {
    let mut extensions = fulcio_extensions(certificate);
    extensions.retain(|(number, _)| !matches!(number, 1 | 8));
    extensions.sort_by_key(|(number, _)| *number);
    let named = extensions.into_iter().map(|(number, value)| {
        let name = CLAIMS.iter().find(|(known, _)| *known == number);
        let name = name.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned());
        (name, value)
    });
    named.collect()
}

/// What claims are called.
const CLAIMS: &[(u32, &str)] = &[
    (2, "trigger"),
    (3, "commit"),
    (4, "workflowName"),
    (5, "repository"),
    (6, "ref"),
    (9, "workflow"),
    (10, "workflowCommit"),
    (11, "runner"),
    (12, "repository"),
    (13, "commit"),
    (14, "ref"),
    (15, "repositoryId"),
    (16, "owner"),
    (17, "ownerId"),
    (18, "buildConfig"),
    (19, "buildConfigCommit"),
    (20, "trigger"),
    (21, "run"),
    (22, "visibility"),
    (23, "environment"),
    (24, "tokenSubject"),
];

/// The text of the digest that a commit is.
fn commit(value: &str) -> String {
    digest_text("gitCommit", value).unwrap_or_default()
}

const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
