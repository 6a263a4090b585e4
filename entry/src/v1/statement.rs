//! In-toto statements: the artifacts that they name.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;
use crate::v1::reject::V1Reject;

/// The type of the payloads in which artifacts are looked for.
pub(crate) const IN_TOTO_PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The most digests that an in-toto statement may name. Each takes a row of the search index.
pub const MAX_STATEMENT_DIGESTS: usize = 4096;

/// What an entry is found by because of what its in-toto statement says: the digests of the
/// subjects, and of the materials of a SLSA provenance predicate up to version 0.2.
///
/// The log holds no statement, but only its hash, so that these search keys come with a submission
/// and cannot be made again from the log. Where the statement is kept as an attestation, they can
/// be made from that.
///
/// # Errors
/// [`V1Reject`] when there are more than [`MAX_STATEMENT_DIGESTS`]. A payload that is no statement
/// has none.
pub fn search_keys_of_statement(payload: &[u8]) -> Result<Vec<SearchKey>, V1Reject> {
    let mut digests = Digests::default();
    if let Ok(statement) = serde_json::from_slice::<Statement>(payload) {
        digests.append(statement.subject.unwrap_or_default());
        // Read apart from the subjects: a predicate of another type has what it likes under these
        // names.
        let provenance = serde_json::from_slice::<Provenance>(payload).unwrap_or_default();
        let predicate = provenance.predicate.unwrap_or_default();
        digests.append(predicate.materials.unwrap_or_default());
    }
    if digests.left_out {
        return Err(V1Reject::TooManyDigests {
            limit: MAX_STATEMENT_DIGESTS,
        });
    }
    let texts = digests.texts.iter();
    Ok(texts
        .map(|text| SearchKey::of(SearchKeyKind::ArtifactDigest, &text.to_lowercase()))
        .collect())
}

/// Whether `document` says of itself that it is an in-toto statement, of any version.
pub(crate) fn is_statement(document: &[u8]) -> bool {
    let typed = serde_json::from_slice::<Typed>(document);
    typed.is_ok_and(|typed| typed.kind.starts_with(STATEMENT_TYPE))
}

/// What the types of statements begin with.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/";

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "_type")]
    kind: String,
}

#[derive(Deserialize)]
struct Statement {
    subject: Option<Digests>,
}

#[derive(Default, Deserialize)]
struct Provenance {
    predicate: Option<Predicate>,
}

#[derive(Default, Deserialize)]
struct Predicate {
    materials: Option<Digests>,
}

#[derive(Deserialize)]
struct Resource {
    digest: Option<DigestMap>,
}

/// The digests in a list of resources, as texts with the names of their functions. Beyond the limit
/// they are counted out, but not kept: a list of a few megabytes must not take hundreds in memory.
#[derive(Default)]
struct Digests {
    texts: Vec<String>,
    left_out: bool,
}

impl Digests {
    fn append(&mut self, other: Self) {
        self.left_out |= other.left_out;
        for text in other.texts {
            self.push(text);
        }
    }

    fn push(&mut self, text: String) {
        if self.texts.len() == MAX_STATEMENT_DIGESTS {
            self.left_out = true;
        } else {
            self.texts.push(text);
        }
    }
}

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ResourcesVisitor)
    }
}

struct ResourcesVisitor;

impl<'de> Visitor<'de> for ResourcesVisitor {
    type Value = Digests;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of resources")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut resources: A) -> Result<Digests, A::Error> {
        let mut digests = Digests::default();
        while let Some(resource) = resources.next_element::<Resource>()? {
            if let Some(DigestMap(of_resource)) = resource.digest {
                digests.append(of_resource);
            }
        }
        Ok(digests)
    }
}

struct DigestMap(Digests);

impl<'de> Deserialize<'de> for DigestMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DigestMapVisitor).map(Self)
    }
}

struct DigestMapVisitor;

impl<'de> Visitor<'de> for DigestMapVisitor {
    type Value = Digests;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("digests by the names of their functions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Digests, A::Error> {
        let mut digests = Digests::default();
        while !digests.left_out {
            let Some((algorithm, value)) = members.next_entry::<String, String>()? else {
                return Ok(digests);
            };
            digests.push(format!("{algorithm}:{value}"));
        }
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(digests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(payload: &str) -> Vec<SearchKey> {
        search_keys_of_statement(payload.as_bytes()).unwrap()
    }

    #[test]
    fn subjects_and_materials_are_found() {
        let statement = r#"{
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": [
                {"name": "a", "digest": {"sha256": "AB", "gitCommit": "cd"}},
                {"name": "no digest"}
            ],
            "predicate": {"materials": [{"uri": "u", "digest": {"sha1": "ef"}}], "other": [1]}
        }"#;
        let expected = ["sha256:ab", "gitcommit:cd", "sha1:ef"]
            .map(|text| SearchKey::of(SearchKeyKind::ArtifactDigest, text));
        assert_eq!(keys(statement), expected);
    }

    #[test]
    fn other_predicates_do_not_hide_the_subjects() {
        let statement =
            r#"{"subject":[{"digest":{"sha256":"ab"}}],"predicate":{"materials":"wood"}}"#;
        assert_eq!(keys(statement).len(), 1);
    }

    #[test]
    fn what_is_no_statement_has_none() {
        for payload in [
            "",
            "no JSON",
            "[]",
            "{}",
            r#"{"subject":{}}"#,
            r#"{"subject":[{"digest":{"sha256":1}}]}"#,
        ] {
            assert_eq!(keys(payload), [], "{payload}");
        }
    }

    #[test]
    fn there_are_not_too_many() {
        let statement = |count: usize| {
            let subjects = vec![r#"{"digest":{"sha256":"ab"}}"#; count].join(",");
            format!(r#"{{"subject":[{subjects}]}}"#)
        };
        assert_eq!(
            keys(&statement(MAX_STATEMENT_DIGESTS)).len(),
            MAX_STATEMENT_DIGESTS
        );
        let refused = search_keys_of_statement(statement(MAX_STATEMENT_DIGESTS + 1).as_bytes());
        let limit = MAX_STATEMENT_DIGESTS;
        assert_eq!(refused, Err(V1Reject::TooManyDigests { limit }));

        let one_map = vec![r#""a":"b""#; MAX_STATEMENT_DIGESTS + 9].join(",");
        let statement = format!(r#"{{"subject":[{{"digest":{{{one_map}}}}}]}}"#);
        let refused = search_keys_of_statement(statement.as_bytes());
        assert_eq!(refused, Err(V1Reject::TooManyDigests { limit }));
    }
}
