//! What in-toto statements name, of all kinds of predicates.
//!
//! One walk over the document, which may be of any size, by what members are called rather than by
//! predicate types: predicates of versions to come, and those of nobody's list, name digests and
//! packages in the same ways.

use serde::Deserialize;

use crate::digest_text::digest_text;
use crate::facts::repository::commit_in;
use crate::facts::repository::is_repository;
use crate::facts::walk::DIGESTS;
use crate::facts::walk::Listener;
use crate::facts::walk::walk;
use crate::search_key::SearchKeyKind;

/// The most facts that are taken from one statement. One with more is read as far as that, and not
/// said to have been seen.
pub const MAX_STATEMENT_FACTS: usize = 262_144;

/// The fact of an entry whose statement was read to its end.
pub(crate) const SEEN: &str = "seen";

/// The fact of an entry whose statement the log's operator removed.
pub(crate) const REMOVED: &str = "removed";

/// Whether an envelope with this type of payload holds an in-toto statement. Since version 1.2 of
/// the specification the type may name the predicate.
pub(crate) fn is_statement_type(payload_type: &str) -> bool {
    let rest = payload_type.strip_prefix("application/vnd.in-toto");
    rest.is_some_and(|rest| rest == "+json" || (rest.starts_with('.') && rest.ends_with("+json")))
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

/// Tells `take` of each thing that the statement names. A document that is no JSON object names
/// nothing.
pub(crate) fn read(document: &[u8], take: &mut dyn FnMut(SearchKeyKind, &str)) {
    let is_object = document.trim_ascii_start().starts_with(b"{");
    let mut statement = Statement { take, facts: 0 };
    if is_object && walk(document, &[], &mut statement) {
        statement.add(SearchKeyKind::Statement, SEEN);
    }
}

struct Statement<'t> {
    take: &'t mut dyn FnMut(SearchKeyKind, &str),
    facts: usize,
}

impl Listener for Statement<'_> {
    fn text(&mut self, path: &[String], text: &str) -> bool {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        self.read(&names, text);
        self.facts <= MAX_STATEMENT_FACTS
    }

    fn digest(&mut self, _path: &[String], function: &str, digest: &str) -> bool {
        self.add_digest(function, digest);
        self.facts <= MAX_STATEMENT_FACTS
    }
}

impl Statement<'_> {
    fn read(&mut self, path: &[&str], text: &str) {
        if is_package(text) {
            self.add(SearchKeyKind::Package, text);
        }
        match path {
            ["predicateType"] => self.add(SearchKeyKind::PredicateType, text),
            // cosign 1 had the predicate in a text.
            ["predicate", "Data"] if text.trim_start().starts_with('{') => {
                walk(text.as_bytes(), &["predicate"], self);
            }
            [.., "digest" | "hashes", name] if !DIGESTS.contains(name) => {
                self.add_digest(name, text);
            }
            // Links of in-toto's first versions.
            ["predicate", "materials" | "products", file, name] if is_digest(name, text) => {
                if is_package(file) {
                    self.add(SearchKeyKind::Package, file);
                }
                self.add_uri(file);
                self.add_digest(name, text);
            }
            _ => self.read_name(path, text),
        }
    }

    fn read_name(&mut self, path: &[&str], text: &str) {
        match path {
            [.., "builder" | "verifier" | "producer", "id"] | [.., "builder.id"] => {
                self.add(SearchKeyKind::Builder, text);
            }
            [.., "buildType"] | [.., "recipe", "type"] => self.add(SearchKeyKind::BuildType, text),
            [.., "invocationId" | "buildInvocationId"] => self.add(SearchKeyKind::Run, text),
            [.., "workflow", "path"] => self.add(SearchKeyKind::Workflow, text),
            [.., "repository"] => self.add(SearchKeyKind::Repository, text),
            [.., "externalParameters", "source"] => self.add_uri(text),
            [.., "ref"] if path.contains(&"externalParameters") => self.add_ref(text),
            [
                ..,
                "uri" | "downloadLocation" | "resourceUri" | "software_downloadLocation",
            ] => {
                self.add_uri(text);
            }
            ["subject", "name"]
            | [
                ..,
                "resolvedDependencies" | "materials" | "byproducts",
                "name",
            ]
            | [
                ..,
                "components" | "component" | "packages" | "tools" | "@graph",
                "name",
            ]
            | [.., "cpe"]
            | [.., "vulnerability", "name" | "@id" | "aliases"]
            | [.., "vulnerabilities", "id"]
            | [.., "products" | "subcomponents", "@id"] => self.add(SearchKeyKind::Name, text),
            [.., "referenceLocator" | "software_packageUrl"] if !text.starts_with("pkg:") => {
                self.add(SearchKeyKind::Name, text);
            }
            _ => {}
        }
    }

    /// Adds the name of a resource, and the repository and the commit in it.
    fn add_uri(&mut self, uri: &str) {
        if !uri.starts_with("pkg:") {
            self.add(SearchKeyKind::Name, uri);
        }
        if is_repository(uri) {
            self.add(SearchKeyKind::Repository, uri);
        }
        if let Some(commit) = commit_in(uri) {
            self.add_digest("gitCommit", commit);
        }
    }

    /// Tekton writes `sha1:` and a commit where others have a branch.
    fn add_ref(&mut self, text: &str) {
        match text.split_once(':') {
            Some((name, digits)) if is_digest(name, digits) => self.add_digest(name, digits),
            _ => self.add(SearchKeyKind::Ref, text),
        }
    }

    fn add_digest(&mut self, function: &str, digest: &str) {
        if let Some(text) = digest_text(function, digest) {
            self.add(SearchKeyKind::ArtifactDigest, &text);
        }
    }

    fn add(&mut self, kind: SearchKeyKind, text: &str) {
        self.facts += 1;
        (self.take)(kind, text);
    }
}

fn is_package(text: &str) -> bool {
    let scheme = text.get(..4);
    text.len() > 4 && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("pkg:"))
}

fn is_digest(function: &str, digest: &str) -> bool {
    digest_text(function, digest).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::facts::fact::Fact;
    use crate::facts::fact::FactSource;

    fn facts(statement: &Value) -> Vec<String> {
        facts_of(statement.to_string().as_bytes())
    }

    fn facts_of(document: &[u8]) -> Vec<String> {
        let mut facts = Vec::new();
        read(document, &mut |kind, text| {
            let fact = Fact::found(kind, text, FactSource::Statement, 0);
            facts.extend(fact.map(|fact| format!("{} {}", kind.name(), fact.text)));
        });
        facts
    }

    fn has(found: &[String], expected: &[&str]) {
        for fact in expected {
            assert!(
                found.iter().any(|one| one == fact),
                "{fact} is not in {found:#?}"
            );
        }
    }

    #[test]
    fn subjects_are_named_by_every_digest_and_by_name() {
        let commit = "cd".repeat(20);
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "subject": [
                { "name": "pkg:npm/%40a/b@1", "digest": { "sha256": "AB".repeat(32) } },
                { "name": "_", "digest": { "gitCommit": commit, "dirHash": "0f" } },
            ],
            "predicate": {
                "builder": { "id": "https://builder.example/v1" },
                "buildType": "https://type.example",
                "invocation": { "configSource": {
                    "uri": format!("git+https://github.com/acme/app@{commit}"),
                    "digest": { "sha1": "ef".repeat(20) },
                }},
                "materials": [{ "uri": "pkg:npm/left@1", "digest": { "SHA512": "01".repeat(64) } }],
            },
        });
        has(
            &facts(&statement),
            &[
                &format!("digest sha256:{}", "ab".repeat(32)),
                "package pkg:npm/@a/b@1",
                &format!("digest sha1:{commit}"),
                "digest dirhash:0f",
                "predicate https://slsa.dev/provenance/v0.2",
                "builder https://builder.example/v1",
                "build-type https://type.example",
                "repository github.com/acme/app",
                &format!("digest sha1:{}", "ef".repeat(20)),
                "package pkg:npm/left@1",
                &format!("digest sha512:{}", "01".repeat(64)),
                "statement seen",
            ],
        );
    }

    #[test]
    fn provenance_of_version_1_names_its_dependencies() {
        let statement = json!({ "predicate": {
            "buildDefinition": {
                "buildType": "t",
                "externalParameters": { "workflow": {
                    "ref": "refs/tags/v1",
                    "repository": "https://github.com/acme/app",
                    "path": ".github/workflows/release.yml",
                }},
                "resolvedDependencies": [{
                    "uri": "git+https://h/o/r@refs/heads/main",
                    "digest": { "gitCommit": "ab".repeat(20) },
                }],
            },
            "runDetails": {
                "builder": { "id": "b" },
                "metadata": { "invocationId": "https://run" },
            },
        }});
        has(
            &facts(&statement),
            &[
                "build-type t",
                "ref refs/tags/v1",
                "repository github.com/acme/app",
                "workflow .github/workflows/release.yml",
                "repository h/o/r",
                &format!("digest sha1:{}", "ab".repeat(20)),
                "builder b",
                "run https://run",
            ],
        );
    }

    #[test]
    fn bills_of_materials_name_their_components_however_deep() {
        let digest = "ab".repeat(32);
        let cyclonedx = json!({ "predicate": { "components": [{
            "name": "outer",
            "components": [{
                "name": "inner",
                "purl": "pkg:pypi/Foo.Bar@2",
                "hashes": [{ "alg": "SHA-256", "content": digest }],
            }],
        }]}});
        let spdx = json!({ "predicate": { "packages": [{
            "name": "p",
            "checksums": [{ "algorithm": "SHA256", "checksumValue": digest }],
            "externalRefs": [{ "referenceType": "purl", "referenceLocator": "pkg:pypi/foo-bar@2" }],
        }]}});
        let spdx3 = json!({ "predicate": { "@graph": [{
            "software_packageUrl": "pkg:pypi/foo-bar@2",
            "verifiedUsing": [{ "algorithm": "sha256", "hashValue": digest }],
        }]}});
        let wrapped = json!({ "predicate": { "Data": spdx["predicate"].to_string() } });
        let expected = [
            "package pkg:pypi/foo-bar@2",
            &format!("digest sha256:{digest}"),
        ];
        for statement in [cyclonedx, spdx, spdx3, wrapped] {
            has(&facts(&statement), &expected);
        }
    }

    #[test]
    fn links_name_their_materials_and_products() {
        let material = json!({ "sha256": "ab".repeat(32) });
        let link = json!({ "predicate": { "materials": {
            "a.c": material,
            "pkg:npm/left@1": material,
        }}});
        let digest = format!("digest sha256:{}", "ab".repeat(32));
        has(
            &facts(&link),
            &["name a.c", "package pkg:npm/left@1", &digest],
        );
    }

    #[test]
    fn a_member_that_is_there_twice_is_read_both_ways() {
        let one = format!(r#"[{{"digest":{{"sha256":"{}"}}}}]"#, "ab".repeat(32));
        let other = format!(r#"[{{"digest":{{"sha256":"{}"}}}}]"#, "cd".repeat(32));
        let found = facts_of(format!(r#"{{"subject":{one},"subject":{other}}}"#).as_bytes());
        has(
            &found,
            &[
                &format!("digest sha256:{}", "ab".repeat(32)),
                &format!("digest sha256:{}", "cd".repeat(32)),
            ],
        );
    }

    #[test]
    fn what_was_not_read_to_its_end_was_not_seen() {
        for document in ["", "no JSON", "[]", "\"a\"", "{", "{} {}"] {
            assert_eq!(facts_of(document.as_bytes()), [""; 0], "{document}");
        }
        let one = r#"{"digest":{"x":"ab"}},"#;
        let many = format!(
            r#"{{"subject":[{}1]}}"#,
            one.repeat(MAX_STATEMENT_FACTS + 9)
        );
        let found = facts_of(many.as_bytes());
        assert!(!found.contains(&"statement seen".to_owned()));
        assert!(found.len() > MAX_STATEMENT_FACTS);
    }
}
