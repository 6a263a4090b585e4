//! One rule as people write it, in a policy or as flags of the command.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::policy::error::RuleError;
use crate::signer_key::SignerKey;
use crate::verify::certificate::extension::FulcioExtension;
use crate::verify::expected::expectation::Expectation;
use crate::verify::expected::expectation::ExpectedSigner;
use crate::verify::expected::identity::GITHUB_ISSUER;
use crate::verify::expected::identity::Identity;
use crate::verify::expected::statement::ExpectedStatement;
use crate::verify::expected::text::ExpectedText;
use crate::verify::expected::text::PatternError;
use crate::verify::expected::thresholds::Thresholds;

/// One rule as people write it. What is left out may be anything, but somebody has to be named.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleText {
    /// The file with the signer's public key: PEM, or of OpenSSH, minisign or OpenPGP.
    pub key: Option<PathBuf>,
    /// Whether anybody's certificate will do.
    pub any_identity: bool,
    /// A name in the certificate.
    pub certificate_identity: Option<String>,
    /// A regular expression that is found in a name of the certificate.
    pub certificate_identity_regexp: Option<String>,
    /// The OpenID provider that vouched for the name.
    pub certificate_oidc_issuer: Option<String>,
    /// A regular expression that is found in the OpenID provider.
    pub certificate_oidc_issuer_regexp: Option<String>,
    /// The repository of GitHub whose run signed, `owner/name`.
    pub github_repository: Option<String>,
    /// The workflow that the run began with, as a file.
    pub github_workflow: Option<String>,
    /// The ref that the run was at.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// The commit that the run was at.
    pub commit: Option<String>,
    /// The event that set off the run.
    pub trigger: Option<String>,
    /// Extensions of Fulcio by their names.
    pub extensions: BTreeMap<String, String>,
    /// The name of the subject of the statement that is the artifact.
    pub subject_name: Option<String>,
    /// The type of the predicate of the statement.
    pub predicate_type: Option<String>,
    /// The id of the builder in the SLSA provenance.
    pub builder_id: Option<String>,
    /// The repository in the SLSA provenance.
    pub source_repository: Option<String>,
    /// Time stamp authorities that must have seen the signature.
    pub signed_timestamps: Option<usize>,
    /// Logs that must hold it.
    pub log_entries: Option<usize>,
    /// Certificate logs that must hold the certificate.
    pub scts: Option<usize>,
    /// Rules of which one has to hold.
    pub any: Option<Vec<String>>,
    /// Rules that have to hold, each.
    pub all: Option<Vec<String>>,
}

impl RuleText {
    /// Whether the rule combines others.
    pub(crate) fn is_combined(&self) -> bool {
        self.any.is_some() || self.all.is_some()
    }

    /// Whether the rule says nothing.
    pub(crate) fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// What the rule expects, with the content of its file `key` where it names one. A rule that
    /// names nobody expects [`ExpectedSigner::Nobody`].
    ///
    /// # Errors
    /// [`RuleError`] for what cannot be expected.
    pub fn expectation(
        &self,
        key: Option<&[u8]>,
        thresholds: Thresholds,
    ) -> Result<Expectation, RuleError> {
        Ok(Expectation {
            signer: self.signer(key)?,
            statement: self.statement(),
            thresholds: Thresholds {
                signed_timestamps: self
                    .signed_timestamps
                    .unwrap_or(thresholds.signed_timestamps),
                log_entries: self.log_entries.unwrap_or(thresholds.log_entries),
                scts: self.scts.unwrap_or(thresholds.scts),
            },
        })
    }

    fn signer(&self, key: Option<&[u8]>) -> Result<ExpectedSigner, RuleError> {
        let identity = self.identity()?;
        let key = key.map(SignerKey::read).transpose()?;
        let ways = [key.is_some(), self.any_identity, !identity.is_empty()];
        if ways.into_iter().filter(|is_given| *is_given).count() > 1 {
            return Err(RuleError::TwoSigners);
        }
        match key {
            Some(key) => Ok(ExpectedSigner::Key(Box::new(key))),
            None if self.any_identity => Ok(ExpectedSigner::AnyCertified),
            None if identity.is_empty() => Ok(ExpectedSigner::Nobody),
            None if !identity.has_issuer() => Err(RuleError::NoIssuer),
            None if !identity.says_who() => Err(RuleError::Nobody),
            None => Ok(ExpectedSigner::Certified(identity)),
        }
    }

    fn identity(&self) -> Result<Identity, RuleError> {
        let mut identity = Identity::new();
        let name = text_or_pattern(
            "certificate-identity",
            self.certificate_identity.as_ref(),
            self.certificate_identity_regexp.as_ref(),
        )?;
        if let Some(name) = name {
            identity = identity.name(name);
        }
        let issuer = text_or_pattern(
            "certificate-oidc-issuer",
            self.certificate_oidc_issuer.as_ref(),
            self.certificate_oidc_issuer_regexp.as_ref(),
        )?;
        // Nobody else vouches for repositories of GitHub.
        let github = self.github_repository.as_ref();
        let github = github.map(|_| ExpectedText::exactly(GITHUB_ISSUER));
        if let Some(issuer) = issuer.or(github) {
            identity = identity.issuer(issuer);
        }
        let repository = self.github_repository.as_deref();
        if let Some(repository) = repository {
            identity = identity.github_repository(repository);
        }
        if let Some(workflow) = &self.github_workflow {
            identity = identity.github_workflow(repository, workflow);
        }
        if let Some(name) = &self.git_ref {
            identity = identity.git_ref(name);
        }
        if let Some(commit) = &self.commit {
            identity = identity.commit(commit);
        }
        if let Some(event) = &self.trigger {
            identity = identity.trigger(event);
        }
        for (name, value) in &self.extensions {
            let extension = FulcioExtension::named(name);
            let extension = extension.ok_or_else(|| RuleError::Extension(name.clone()))?;
            identity = identity.extension(extension, ExpectedText::exactly(value));
        }
        Ok(identity)
    }

    fn statement(&self) -> ExpectedStatement {
        let text = |text: &Option<String>| text.as_ref().map(ExpectedText::exactly);
        ExpectedStatement {
            subject_name: text(&self.subject_name),
            predicate_type: text(&self.predicate_type),
            builder_id: text(&self.builder_id),
            source_repository: text(&self.source_repository),
        }
    }
}

fn text_or_pattern(
    what: &'static str,
    text: Option<&String>,
    pattern: Option<&String>,
) -> Result<Option<ExpectedText>, RuleError> {
    match (text, pattern) {
        (Some(_), Some(_)) => Err(RuleError::TextAndPattern(what)),
        (Some(text), None) => Ok(Some(ExpectedText::exactly(text))),
        (None, Some(pattern)) => {
            let pattern: Result<_, PatternError> = ExpectedText::pattern(pattern);
            Ok(Some(pattern?))
        }
        (None, None) => Ok(None),
    }
}
