//! Policies in files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::files::read_file;
use crate::policy::error::MAX_POLICY_BYTES;
use crate::policy::error::MAX_POLICY_RULES;
use crate::policy::error::PolicyError;
use crate::policy::error::RuleError;
use crate::policy::rule_text::RuleText;
use crate::policy::rules::Policy;
use crate::policy::rules::Rule;
use crate::signer_key::MAX_KEY_BYTES;
use crate::verify::expected::expectation::ExpectedSigner;
use crate::verify::expected::thresholds::Thresholds;

impl Policy {
    /// Reads a policy, TOML. Files that it names lie beside it, in `directory`.
    ///
    /// ```toml
    /// require = "release"
    ///
    /// [rule.release]
    /// any = ["ci", "maintainer"]
    ///
    /// [rule.ci]
    /// github-repository = "acme/app"
    /// ref = "refs/heads/main"
    ///
    /// [rule.maintainer]
    /// key = "maintainer.pub"
    /// ```
    ///
    /// # Errors
    /// [`PolicyError`] with the first thing that is wrong with it. Names that no policy has are
    /// refused: a condition that is spelt wrongly must not be passed over.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, PolicyError> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLong);
        }
        let file: PolicyFile = toml::from_str(text)?;
        if file.rule.len() > MAX_POLICY_RULES {
            return Err(PolicyError::TooManyRules(file.rule.len()));
        }
        let thresholds = file.thresholds.over(Thresholds::default());
        let mut rules = BTreeMap::new();
        for (name, text) in file.rule {
            let rule = read_rule(&name, &text, directory, thresholds)?;
            rules.insert(name, rule);
        }
        Self::new(file.require, rules)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    require: String,
    #[serde(default)]
    thresholds: ThresholdsText,
    rule: BTreeMap<String, RuleText>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ThresholdsText {
    signed_timestamps: Option<usize>,
    log_entries: Option<usize>,
    scts: Option<usize>,
}

impl ThresholdsText {
    fn over(&self, default: Thresholds) -> Thresholds {
        Thresholds {
            signed_timestamps: self.signed_timestamps.unwrap_or(default.signed_timestamps),
            log_entries: self.log_entries.unwrap_or(default.log_entries),
            scts: self.scts.unwrap_or(default.scts),
        }
    }
}

fn read_rule(
    name: &str,
    text: &RuleText,
    directory: &Path,
    thresholds: Thresholds,
) -> Result<Rule, PolicyError> {
    let wrong = |reason| PolicyError::Rule {
        name: name.to_owned(),
        reason,
    };
    if text.is_combined() {
        return read_combination(text).map_err(wrong);
    }
    let key = text.key.as_ref().map(|path| {
        let path = directory.join(path);
        read_file(&path, MAX_KEY_BYTES).map_err(|source| PolicyError::Io { path, source })
    });
    let key = key.transpose()?;
    let expectation = text
        .expectation(key.as_deref(), thresholds)
        .map_err(wrong)?;
    match expectation.signer {
        ExpectedSigner::Nobody => Err(wrong(RuleError::Nobody)),
        _ => Ok(Rule::Expect(Box::new(expectation))),
    }
}

fn read_combination(text: &RuleText) -> Result<Rule, RuleError> {
    let RuleText { any, all, .. } = text;
    let alone = RuleText {
        any: None,
        all: None,
        ..text.clone()
    };
    if !alone.is_blank() {
        return Err(RuleError::Mixed);
    }
    match (any, all) {
        (Some(_), Some(_)) => Err(RuleError::Mixed),
        (Some(names), None) | (None, Some(names)) if names.is_empty() => Err(RuleError::Empty),
        (Some(names), None) => Ok(Rule::Any(names.clone())),
        (None, names) => Ok(Rule::All(names.clone().unwrap_or_default())),
    }
}
