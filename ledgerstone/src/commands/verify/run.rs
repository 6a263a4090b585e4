//! Verifies each file, and says what was shown.

use std::path::Path;

use anyhow::Context;
use ledgerstone_client::Bundle;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::Finding;
use ledgerstone_client::Outcome;
use ledgerstone_client::Policy;
use ledgerstone_client::Verified;
use ledgerstone_client::VerifyError;
use serde_json::json;

use crate::commands::verify::args::VerifyArguments;
use crate::commands::verify::inputs::Input;
use crate::commands::verify::inputs::NamedBundle;
use crate::commands::verify::inputs::inputs;
use crate::commands::verify::report::report;
use crate::commands::verify::report::text;
use crate::commands::verify::trust_source;
use crate::files::beside;
use crate::files::read_text;
use crate::output;
use crate::output::Report;
use crate::shell::quoted;

/// Some of several files do not verify. Each was reported.
#[derive(Debug, thiserror::Error)]
#[error("{refused} of {files} files do not verify")]
pub(crate) struct Refused {
    files: usize,
    refused: usize,
    /// Whether something is untrue, and not only missing.
    pub(crate) untrue: bool,
}

pub(crate) fn run(arguments: VerifyArguments, json: bool) -> anyhow::Result<()> {
    let policy = policy(&arguments)?;
    let (inputs, bundles) = inputs(&arguments)?;
    let trust = trust_source::load(&arguments.trust)?;
    let is_one = |input: &Input| {
        let is_only = input.bundles.len() == 1 && input.unusable.is_empty();
        inputs.len() == 1 && is_only && arguments.policy.is_none()
    };
    let rule = arguments
        .policy
        .is_some()
        .then(|| policy.required().to_owned());
    let (mut refused, mut untrue) = (0, false);
    let mut is_used = vec![false; bundles.len()];
    for input in &inputs {
        let mine: Vec<Bundle> = input
            .bundles
            .iter()
            .map(|number| bundles[*number].bundle.clone())
            .collect();
        let outcome = policy.evaluate(&input.artifact, &mine, &trust);
        for finding in outcome.findings.iter().filter(|it| it.result.is_ok()) {
            is_used[input.bundles[finding.bundle]] = true;
        }
        match shown(&outcome) {
            Some((number, verified)) => {
                let bundle = &bundles[input.bundles[number]];
                let with_statement = arguments.statement;
                let rule = rule.as_deref();
                report(input, rule, bundle, verified, with_statement).print(json)?;
            }
            None if is_one(input) => {
                return Err(with_key_beside(only_reason(outcome), &input.name));
            }
            None => {
                refused += 1;
                untrue |= is_untrue(&outcome) || !input.unusable.is_empty();
                refusal(input, rule.as_deref(), &bundles, outcome.findings).print(json)?;
            }
        }
    }
    // A bundle that was named and fits nothing was a mistake, or somebody else's. Of those that are
    // attached to an image one will do.
    let are_named = !arguments.bundle.is_empty() || arguments.signature.is_some();
    let is_unused = |used: &&bool| !**used;
    let unused = is_used.iter().filter(is_unused).count();
    if are_named && arguments.policy.is_none() && refused == 0 && unused > 0 {
        let mut names = bundles.iter().zip(&is_used).filter(|(_, used)| !**used);
        let name = names.next().map(|(bundle, _)| bundle.name.clone());
        output::note(&format!(
            "error: {} verifies for none of the files",
            name.unwrap_or_default()
        ));
        (refused, untrue) = (unused, true);
    }
    match refused {
        0 => Ok(()),
        refused => Err(Refused {
            files: inputs.len().max(refused),
            refused,
            untrue,
        }
        .into()),
    }
}

fn policy(arguments: &VerifyArguments) -> anyhow::Result<Policy> {
    let Some(path) = &arguments.policy else {
        return Ok(Policy::of(arguments.expected.expectation()?));
    };
    let directory = path.parent().unwrap_or(path);
    let policy = Policy::parse(&read_text(path)?, directory).map_err(Error::from);
    policy.with_context(|| format!("{} cannot be used", path.display()))
}

/// What showed that the artifact is as it has to be: the last of what did.
fn shown(outcome: &Outcome) -> Option<(usize, &Verified)> {
    if !outcome.accepted {
        return None;
    }
    let found = outcome.findings.iter().rev();
    let mut found = found.filter_map(|it| Some((it.bundle, it.result.as_ref().ok()?)));
    found.next()
}

/// Why the one bundle does not verify.
fn only_reason(outcome: Outcome) -> anyhow::Error {
    let mut reasons = outcome
        .findings
        .into_iter()
        .filter_map(|it| it.result.err());
    match reasons.next() {
        Some(reason) => Error::from(reason).into(),
        None => anyhow::anyhow!("there is no bundle to verify"),
    }
}

/// `error`, and where it asks for a key, the one that `sign` left beside the file.
fn with_key_beside(error: anyhow::Error, file: &str) -> anyhow::Error {
    let key = beside(Path::new(file), ".pub");
    let asked = matches!(
        error.downcast_ref(),
        Some(Error::Verify(VerifyError::KeyNeeded { .. }))
    );
    match asked && key.is_file() {
        true => error.context(format!(
            "if {0} is the key that you expect, add --key {0}",
            quoted(&key.display().to_string())
        )),
        false => error,
    }
}

fn is_untrue(outcome: &Outcome) -> bool {
    let reasons = outcome
        .findings
        .iter()
        .filter_map(|it| it.result.as_ref().err());
    let mut reasons = reasons.map(|reason| reason.failure());
    reasons.any(|failure| failure == Failure::Untrue)
}

/// Each reason for which the artifact was refused.
fn refusal(
    input: &Input,
    rule: Option<&str>,
    bundles: &[NamedBundle],
    findings: Vec<Finding>,
) -> Report {
    let unusable = input.unusable.iter();
    let mut reasons: Vec<_> = unusable
        .map(|(name, reason)| json!({"bundle": name, "reason": reason}))
        .collect();
    for finding in findings {
        let Err(reason) = finding.result else {
            continue;
        };
        reasons.push(json!({
            "bundle": bundles[input.bundles[finding.bundle]].name,
            "rule": rule.map(|_| finding.rule),
            "reason": reason.to_string(),
        }));
    }
    Report::new()
        .field("verified", "verified", false)
        .field("artifact", "artifact", input.name.clone())
        .optional("digest", "digest", input.digest.clone())
        .optional("rule", "rule", rule)
        .list("reason", "reasons", reasons, |reason| {
            format!("{}: {}", text(reason, "bundle"), text(reason, "reason"))
        })
}
