//! Who has to have signed, as flags say it.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::Expectation;
use ledgerstone_client::MAX_KEY_BYTES;
use ledgerstone_client::RuleText;
use ledgerstone_client::SignerKey;
use ledgerstone_client::Thresholds;

use crate::files::read_limited;
use crate::kind::FileKind;

/// Who has to have signed, and what has to be true besides.
#[derive(Args, Debug)]
#[group(id = "expected", multiple = true)]
pub(crate) struct ExpectedArguments {
    /// The signer's public key: PEM of a key or certificate, or of OpenSSH, minisign, signify or
    /// OpenPGP. A bundle made with a key needs it.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// Whom the certificate has to name: an e-mail address, or the URI of a workflow.
    #[arg(long, value_name = "NAME")]
    pub(crate) certificate_identity: Option<String>,

    /// The same as a regular expression, which is found anywhere in the name unless ^ and $ bind
    /// it.
    #[arg(long, value_name = "REGEXP")]
    pub(crate) certificate_identity_regexp: Option<String>,

    /// Who has to have vouched for the name: the OpenID provider in the certificate.
    #[arg(long, value_name = "URL")]
    pub(crate) certificate_oidc_issuer: Option<String>,

    /// The same as a regular expression.
    #[arg(long, value_name = "REGEXP")]
    pub(crate) certificate_oidc_issuer_regexp: Option<String>,

    /// The repository of GitHub whose run signed, as GitHub Actions vouches for it.
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) github_repository: Option<String>,

    /// The workflow that the run began with: its file, in .github/workflows/ unless a path is
    /// given.
    #[arg(long, value_name = "FILE")]
    pub(crate) github_workflow: Option<String>,

    /// The ref that the run was at, such as refs/heads/main.
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) git_ref: Option<String>,

    /// The commit that the run was at.
    #[arg(long, value_name = "SHA")]
    pub(crate) commit: Option<String>,

    /// The event that set off the run, such as push.
    #[arg(long, value_name = "EVENT")]
    pub(crate) trigger: Option<String>,

    /// What the certificate has to say under one of Fulcio's extensions, such as
    /// runner-environment=github-hosted: docs/verify.md lists them.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) extension: Vec<(String, String)>,

    /// Take anybody's certificate, as long as an authority that is trusted issued it. It then says
    /// nothing about who signed.
    #[arg(long)]
    pub(crate) any_identity: bool,

    /// What the subject of the in-toto statement has to be called that is the file.
    #[arg(long, value_name = "NAME")]
    pub(crate) subject_name: Option<String>,

    /// The type of the statement's predicate, such as <https://slsa.dev/provenance/v1>.
    #[arg(long, value_name = "URI")]
    pub(crate) predicate_type: Option<String>,

    /// Who has to have built the file, by its SLSA provenance.
    #[arg(long, value_name = "URI")]
    pub(crate) builder_id: Option<String>,

    /// What repository the file has to be built from, by its SLSA provenance.
    #[arg(long, value_name = "URI")]
    pub(crate) source_repository: Option<String>,

    /// How many time stamp authorities have to have seen the signature [default: 0, though a
    /// certificate always needs one time].
    #[arg(long, value_name = "N")]
    pub(crate) signed_timestamps: Option<usize>,

    /// How many logs have to hold it [default: 1].
    #[arg(long, value_name = "N")]
    pub(crate) log_entries: Option<usize>,

    /// How many certificate logs have to hold the certificate [default: 1].
    #[arg(long, value_name = "N")]
    pub(crate) scts: Option<usize>,
}

impl ExpectedArguments {
    pub(crate) fn expectation(&self) -> anyhow::Result<Expectation> {
        let key = self.key.as_ref().map(|path| {
            let content = read_limited(path, MAX_KEY_BYTES)?;
            SignerKey::read(&content).with_context(|| {
                let wanted = "a public key or certificate is needed";
                FileKind::of(&content).instead_of(path, wanted)
            })?;
            anyhow::Ok(content)
        });
        let rule = self.rule();
        let expectation = rule.expectation(key.transpose()?.as_deref(), Thresholds::default());
        Ok(expectation.map_err(Error::from)?)
    }

    fn rule(&self) -> RuleText {
        RuleText {
            key: self.key.clone(),
            any_identity: self.any_identity,
            certificate_identity: self.certificate_identity.clone(),
            certificate_identity_regexp: self.certificate_identity_regexp.clone(),
            certificate_oidc_issuer: self.certificate_oidc_issuer.clone(),
            certificate_oidc_issuer_regexp: self.certificate_oidc_issuer_regexp.clone(),
            github_repository: self.github_repository.clone(),
            github_workflow: self.github_workflow.clone(),
            git_ref: self.git_ref.clone(),
            commit: self.commit.clone(),
            trigger: self.trigger.clone(),
            extensions: self.extension.iter().cloned().collect(),
            subject_name: self.subject_name.clone(),
            predicate_type: self.predicate_type.clone(),
            builder_id: self.builder_id.clone(),
            source_repository: self.source_repository.clone(),
            signed_timestamps: self.signed_timestamps,
            log_entries: self.log_entries,
            scts: self.scts,
            any: None,
            all: None,
        }
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, such as runner-environment=github-hosted")?;
    Ok((name.to_owned(), value.to_owned()))
}
