//! Whose certificate is expected.

use crate::verify::certificate::extension::FulcioExtension;
use crate::verify::certificate::signing::SigningCertificate;
use crate::verify::expected::text::ExpectedText;

/// The OpenID provider of GitHub Actions.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Whose certificate is expected: what it has to say of its holder, all of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    conditions: Vec<Condition>,
}

/// Something that a certificate has to say.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Condition {
    /// One of the names that it was issued to.
    Name(ExpectedText),
    /// Who vouched for the name.
    Issuer(ExpectedText),
    /// What one of these extensions says: the first that the certificate has. Certificates from
    /// before 2023 have only the later ones of a list.
    Extension(Vec<(FulcioExtension, ExpectedText)>),
    /// The file of the workflow that a run began with, at any ref.
    Workflow {
        repository: Option<String>,
        path: String,
    },
}

impl Identity {
    /// Nothing is expected yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Issued to this name: an e-mail address, a URI, or another name of Fulcio's.
    #[must_use]
    pub fn name(self, name: ExpectedText) -> Self {
        self.and(Condition::Name(name))
    }

    /// Vouched for by this OpenID provider.
    #[must_use]
    pub fn issuer(self, issuer: ExpectedText) -> Self {
        self.and(Condition::Issuer(issuer))
    }

    /// With this value of an extension.
    #[must_use]
    pub fn extension(self, extension: FulcioExtension, value: ExpectedText) -> Self {
        self.and(Condition::Extension(vec![(extension, value)]))
    }

    /// From a run in this repository of GitHub, `owner/name`: whoever wrote the workflow.
    #[must_use]
    pub fn github_repository(self, repository: &str) -> Self {
        let uri = format!("https://github.com/{repository}");
        self.either(
            ("source-repository-uri", &uri),
            ("github-workflow-repository", repository),
        )
    }

    /// From a run that began with this workflow: its file, in `.github/workflows/` unless there is
    /// a path, of `repository` where that is known.
    #[must_use]
    pub fn github_workflow(self, repository: Option<&str>, file: &str) -> Self {
        let path = match file.contains('/') {
            true => file.trim_start_matches('/').to_owned(),
            false => format!(".github/workflows/{file}"),
        };
        self.and(Condition::Workflow {
            repository: repository.map(str::to_owned),
            path,
        })
    }

    /// From a run at this ref, such as `refs/heads/main`.
    #[must_use]
    pub fn git_ref(self, name: &str) -> Self {
        self.either(
            ("source-repository-ref", name),
            ("github-workflow-ref", name),
        )
    }

    /// From a run at this commit.
    #[must_use]
    pub fn commit(self, digest: &str) -> Self {
        self.either(
            ("source-repository-digest", digest),
            ("github-workflow-sha", digest),
        )
    }

    /// From a run that this event set off, such as `push`.
    #[must_use]
    pub fn trigger(self, event: &str) -> Self {
        self.either(("build-trigger", event), ("github-workflow-trigger", event))
    }

    /// Whether this says who: by whom a name was vouched for, and the name or something else about
    /// its holder.
    pub fn says_who(&self) -> bool {
        let is_issuer = |condition: &&Condition| matches!(condition, Condition::Issuer(_));
        let issuers = self.conditions.iter().filter(is_issuer).count();
        issuers > 0 && issuers < self.conditions.len()
    }

    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether an OpenID provider is among what is expected.
    pub fn has_issuer(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|condition| matches!(condition, Condition::Issuer(_)))
    }

    /// Checks that `certificate` says all of it. Returns what was found, for the report.
    pub(crate) fn check(
        &self,
        certificate: &SigningCertificate,
    ) -> Result<Vec<String>, IdentityFault> {
        let checked = self.conditions.iter();
        checked
            .map(|condition| condition.check(certificate))
            .collect()
    }

    fn and(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    fn either(self, new: (&str, &str), old: (&str, &str)) -> Self {
        let known = [new, old].into_iter().filter_map(|(name, value)| {
            let extension = FulcioExtension::named(name)?;
            Some((extension, ExpectedText::exactly(value)))
        });
        self.and(Condition::Extension(known.collect()))
    }
}

impl Condition {
    fn check(&self, certificate: &SigningCertificate) -> Result<String, IdentityFault> {
        match self {
            Self::Name(expected) => {
                let names = certificate.names();
                let found = names.iter().find(|name| expected.is(name));
                let shown = || names.join(", ");
                found
                    .map(|name| format!("name {name}"))
                    .ok_or_else(|| fault("name", expected, Some(shown())))
            }
            Self::Issuer(expected) => {
                let issuer = certificate.issuer();
                compare("issuer", expected, issuer)
            }
            Self::Extension(either) => {
                let said = either.iter().find_map(|(extension, expected)| {
                    Some((extension, expected, certificate.fulcio(*extension)?))
                });
                match (said, either.first()) {
                    (Some((extension, expected, value)), _) => {
                        compare(extension.name(), expected, Some(value))
                    }
                    (None, Some((extension, expected))) => {
                        compare(extension.name(), expected, None)
                    }
                    (None, None) => Ok(String::new()),
                }
            }
            Self::Workflow { repository, path } => {
                let name = "build-config-uri";
                let uri = FulcioExtension::named(name).and_then(|it| certificate.fulcio(it));
                let file = uri
                    .as_deref()
                    .and_then(|uri| workflow_in(uri, repository.as_deref()));
                match file == Some(path) {
                    true => Ok(format!("{name} {}", uri.unwrap_or_default())),
                    false => Err(fault(name, &ExpectedText::exactly(path), uri)),
                }
            }
        }
    }
}

fn compare(
    what: &'static str,
    expected: &ExpectedText,
    actual: Option<String>,
) -> Result<String, IdentityFault> {
    match actual {
        Some(actual) if expected.is(&actual) => Ok(format!("{what} {actual}")),
        other => Err(fault(what, expected, other)),
    }
}

/// The path of the workflow in the URI of one on GitHub: `<repository>/<path>@<ref>`.
fn workflow_in<'u>(uri: &'u str, repository: Option<&str>) -> Option<&'u str> {
    let rest = uri.strip_prefix("https://github.com/")?;
    // A ref may hold any of these signs, and it comes last.
    let (file, _) = rest.split_once("@refs/").or_else(|| rest.split_once('@'))?;
    let mut parts = file.splitn(3, '/');
    let (owner, name, path) = (parts.next()?, parts.next()?, parts.next()?);
    let is_there = repository.is_none_or(|it| it == format!("{owner}/{name}"));
    is_there.then_some(path)
}

fn fault(what: &'static str, expected: &ExpectedText, actual: Option<String>) -> IdentityFault {
    IdentityFault {
        what,
        expected: expected.to_string(),
        actual,
    }
}

/// A certificate of somebody else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityFault {
    /// What of the certificate is not as expected.
    pub what: &'static str,
    /// What was expected.
    pub expected: String,
    /// What the certificate says, if it says anything.
    pub actual: Option<String>,
}

impl std::error::Error for IdentityFault {}

impl std::fmt::Display for IdentityFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, expected, .. } = self;
        match &self.actual {
            Some(actual) => write!(
                f,
                "the certificate is somebody else's: its {what} is {actual:?}, expected is \
                 {expected}"
            ),
            None => write!(f, "the certificate has no {what}, expected is {expected}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_needs_an_issuer_and_a_name() {
        let name = || ExpectedText::exactly("a");
        assert!(!Identity::new().says_who());
        assert!(!Identity::new().name(name()).says_who());
        assert!(!Identity::new().issuer(name()).says_who());
        assert!(Identity::new().issuer(name()).name(name()).says_who());
        let repository = Identity::new().github_repository("acme/app");
        assert!(!repository.has_issuer() && repository.issuer(name()).says_who());
    }

    #[test]
    fn a_workflow_is_found_in_its_uri() {
        let uri = "https://github.com/acme/app/.github/workflows/ci.yml@refs/tags/@scope/a@1.0";
        let path = ".github/workflows/ci.yml";
        assert_eq!(workflow_in(uri, None), Some(path));
        assert_eq!(workflow_in(uri, Some("acme/app")), Some(path));
        assert_eq!(workflow_in(uri, Some("acme/ap")), None);
        assert_eq!(
            workflow_in("https://gitlab.com/a/b/c.yml@refs/heads/x", None),
            None
        );
    }
}
