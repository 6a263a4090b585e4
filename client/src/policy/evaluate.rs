//! Whether the bundles of an artifact keep a policy.

use std::collections::BTreeMap;

use crate::artifact::Artifact;
use crate::policy::rules::Policy;
use crate::policy::rules::Rule;
use crate::trust::trusted_root::TrustedRoot;
use crate::verify::bundle::Bundle;
use crate::verify::check::Verified;
use crate::verify::check::verify;
use crate::verify::error::VerifyError;
use crate::verify::expected::expectation::Expectation;

/// What a policy says of an artifact.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the required rule holds.
    pub accepted: bool,
    /// Each bundle as it was compared with a rule, in the order in which that was done. Rules that
    /// made no difference any more were not asked.
    pub findings: Vec<Finding>,
}

/// What one bundle showed about one rule.
#[derive(Debug)]
pub struct Finding {
    /// The name of the rule.
    pub rule: String,
    /// Which of the bundles, from 0.
    pub bundle: usize,
    /// What was found.
    pub result: Result<Verified, VerifyError>,
}

impl Policy {
    /// Compares `bundles` with the required rule. A rule that expects something holds if one of
    /// them is as it says. No network is used.
    pub fn evaluate(
        &self,
        artifact: &Artifact,
        bundles: &[Bundle],
        trust: &TrustedRoot,
    ) -> Outcome {
        let mut evaluation = Evaluation {
            policy: self,
            artifact,
            bundles,
            trust,
            known: BTreeMap::new(),
            findings: Vec::new(),
        };
        let accepted = evaluation.holds(self.required());
        Outcome {
            accepted,
            findings: evaluation.findings,
        }
    }
}

struct Evaluation<'a> {
    policy: &'a Policy,
    artifact: &'a Artifact,
    bundles: &'a [Bundle],
    trust: &'a TrustedRoot,
    /// Rules may be named more than once.
    known: BTreeMap<&'a str, bool>,
    findings: Vec<Finding>,
}

impl<'a> Evaluation<'a> {
    /// Whether the rule holds. No rule leads back to itself: [`Policy`] sees to that.
    fn holds(&mut self, name: &'a str) -> bool {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let holds = match self.policy.rule(name) {
            None => false,
            Some(Rule::Any(names)) => names.iter().any(|name| self.holds(name)),
            Some(Rule::All(names)) => names.iter().all(|name| self.holds(name)),
            Some(Rule::Expect(expectation)) => self.is_met(name, expectation),
        };
        self.known.insert(name, holds);
        holds
    }

    /// Whether a bundle is as expected. All are looked at: each is reported.
    fn is_met(&mut self, name: &str, expectation: &Expectation) -> bool {
        let mut is_met = false;
        for (number, bundle) in self.bundles.iter().enumerate() {
            let result = verify(bundle, self.artifact, expectation, self.trust);
            is_met |= result.is_ok();
            self.findings.push(Finding {
                rule: name.to_owned(),
                bundle: number,
                result,
            });
        }
        is_met
    }
}
