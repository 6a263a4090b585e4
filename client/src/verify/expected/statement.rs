//! What an in-toto statement has to say.

use ledgerstone_proto::intoto::Envelope;
use serde::Deserialize;
use serde_json::Value;

use crate::verify::expected::text::ExpectedText;

/// The payload type of in-toto statements.
pub(crate) const IN_TOTO_PAYLOAD: &str = "application/vnd.in-toto+json";

/// What an in-toto statement has to say beside being about the artifact. What is left out may be
/// anything.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExpectedStatement {
    /// The name of the subject that is the artifact.
    pub subject_name: Option<ExpectedText>,
    /// The type of the predicate.
    pub predicate_type: Option<ExpectedText>,
    /// Who built the artifact, by its SLSA provenance.
    pub builder_id: Option<ExpectedText>,
    /// The repository that the artifact was built from, by its SLSA provenance.
    pub source_repository: Option<ExpectedText>,
}

impl ExpectedStatement {
    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the statement in `envelope`, of which the subjects called `names` are the artifact.
    /// Returns what was found, for the report.
    pub(crate) fn check(
        &self,
        envelope: Option<&Envelope>,
        names: &[String],
    ) -> Result<Vec<String>, StatementFault> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let statement = envelope.filter(|envelope| envelope.payload_type == IN_TOTO_PAYLOAD);
        let statement = statement.ok_or(StatementFault::None)?;
        let statement: Statement = serde_json::from_slice(&statement.payload)
            .map_err(|error| StatementFault::Malformed(error.to_string()))?;
        let predicate = &statement.predicate;
        let expected = [
            ("subject name", &self.subject_name, names.to_vec()),
            (
                "predicate type",
                &self.predicate_type,
                vec![statement.predicate_type],
            ),
            ("builder id", &self.builder_id, builder_ids(predicate)),
            (
                "source repository",
                &self.source_repository,
                source_repositories(predicate),
            ),
        ];
        let mut found = Vec::new();
        for (what, expected, said) in expected {
            if let Some(expected) = expected {
                found.push(one_of(what, expected, said)?);
            }
        }
        Ok(found)
    }
}

fn one_of(
    what: &'static str,
    expected: &ExpectedText,
    said: Vec<String>,
) -> Result<String, StatementFault> {
    match said.iter().find(|text| expected.is(text)) {
        Some(text) => Ok(format!("{what} {text}")),
        None => Err(StatementFault::Other {
            what,
            expected: expected.to_string(),
            actual: said.join(", "),
        }),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

/// Who built it: `runDetails.builder.id` of SLSA 1, `builder.id` before.
fn builder_ids(predicate: &Value) -> Vec<String> {
    texts(predicate, &["/runDetails/builder/id", "/builder/id"])
}

/// Where it was built from, each without what marks a ref: SLSA 1 by the conventions of GitHub,
/// Google and Tekton, then earlier versions.
fn source_repositories(predicate: &Value) -> Vec<String> {
    const PLACES: [&str; 7] = [
        "/buildDefinition/externalParameters/workflow/repository",
        "/buildDefinition/externalParameters/source",
        "/buildDefinition/externalParameters/source/uri",
        "/buildDefinition/externalParameters/sourceToBuild/repository",
        "/buildDefinition/externalParameters/buildConfigSource/repository",
        "/invocation/configSource/uri",
        "/recipe/definedInMaterial/uri",
    ];
    let found = texts(predicate, &PLACES);
    found.iter().map(|uri| repository(uri).to_owned()).collect()
}

/// `git+https://host/owner/name@ref` without `git+`, the ref and `.git`.
fn repository(uri: &str) -> &str {
    let uri = uri.strip_prefix("git+").unwrap_or(uri);
    let uri = uri.split_once("@refs/").map_or(uri, |(before, _)| before);
    // Another `@` marks a ref only behind the path: before it stands whose account it is.
    let uri = match uri.rsplit_once('@') {
        Some((before, _)) if before.matches('/').count() > 2 => before,
        _ => uri,
    };
    uri.trim_end_matches('/').trim_end_matches(".git")
}

fn texts(value: &Value, pointers: &[&str]) -> Vec<String> {
    let found = pointers
        .iter()
        .filter_map(|place| value.pointer(place)?.as_str());
    found.map(str::to_owned).collect()
}

/// A statement that does not say what was expected.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StatementFault {
    /// The bundle has none.
    #[error("something is expected of an in-toto statement, and the bundle has none")]
    None,
    /// It cannot be read.
    #[error("the in-toto statement cannot be read: {0}")]
    Malformed(String),
    /// It says something else.
    #[error("the {what} of the statement is {actual:?}, expected is {expected}")]
    Other {
        /// What was looked at.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What it says; empty where it says nothing.
        actual: String,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn builders_and_repositories_are_found_in_each_version() {
        let v1 = json!({
            "buildDefinition": {"externalParameters": {
                "workflow": {"repository": "https://github.com/acme/app", "ref": "refs/heads/main"},
            }},
            "runDetails": {"builder": {"id": "https://github.com/actions/runner"}},
        });
        assert_eq!(builder_ids(&v1), ["https://github.com/actions/runner"]);
        assert_eq!(source_repositories(&v1), ["https://github.com/acme/app"]);
        let v02 = json!({
            "builder": {"id": "b"},
            "invocation": {
                "configSource": {"uri": "git+https://github.com/acme/app@refs/tags/a@1"},
            },
        });
        assert_eq!(builder_ids(&v02), ["b"]);
        assert_eq!(source_repositories(&v02), ["https://github.com/acme/app"]);
        for (uri, expected) in [
            (
                "git+https://github.com/acme/app.git",
                "https://github.com/acme/app",
            ),
            (
                "https://git@github.com/acme/app@v1",
                "https://git@github.com/acme/app",
            ),
            (
                "https://git@github.com/acme/app",
                "https://git@github.com/acme/app",
            ),
        ] {
            assert_eq!(repository(uri), expected);
        }
    }
}
