//! Statements of all predicates that name dependencies, each in its own way.

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

/// What a statement names, whatever its predicate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    /// The artifact.
    pub(crate) subject: u64,
    /// The purl of what it was made of.
    pub(crate) package: &'static str,
    /// The SHA-256 digest of that, in hexadecimal.
    pub(crate) package_digest: &'static str,
    /// Who built it, where the predicate says so.
    pub(crate) builder: &'static str,
}

/// The forms of statements.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    Slsa02,
    Slsa1,
    Spdx2,
    Spdx3,
    CycloneDx,
    CycloneDxInText,
    OldLink,
    Link,
    OpenVex,
    Scai,
    Unknown,
}

impl Form {
    pub(crate) const ALL: [Self; 11] = [
        Self::Slsa02,
        Self::Slsa1,
        Self::Spdx2,
        Self::Spdx3,
        Self::CycloneDx,
        Self::CycloneDxInText,
        Self::OldLink,
        Self::Link,
        Self::OpenVex,
        Self::Scai,
        Self::Unknown,
    ];

    /// Whether such statements say who built the artifact.
    pub(crate) fn names_builder(self) -> bool {
        matches!(self, Self::Slsa02 | Self::Slsa1)
    }

    pub(crate) fn predicate_type(self) -> &'static str {
        match self {
            Self::Slsa02 => "https://slsa.dev/provenance/v0.2",
            Self::Slsa1 => "https://slsa.dev/provenance/v1",
            Self::Spdx2 => "https://spdx.dev/Document",
            Self::Spdx3 => "https://spdx.dev/Document/v3",
            Self::CycloneDx | Self::CycloneDxInText => "https://cyclonedx.org/bom",
            Self::OldLink => "https://in-toto.io/Link/v0.2",
            Self::Link => "https://in-toto.io/attestation/link/v0.3",
            Self::OpenVex => "https://openvex.dev/ns/v0.2.0",
            Self::Scai => "https://in-toto.io/attestation/scai/v0.3",
            Self::Unknown => "https://acme.example/audit/v9",
        }
    }

    /// The statement of this form that names all this.
    pub(crate) fn statement(self, named: &Named) -> Vec<u8> {
        let subject = json!([{
            "name": format!("artifact {}", named.subject),
            "digest": { "sha256": subject_digest(named.subject) },
        }]);
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subject,
            "predicateType": self.predicate_type(),
            "predicate": self.predicate(named),
        });
        statement.to_string().into_bytes()
    }

    fn predicate(self, named: &Named) -> Value {
        let Named {
            package,
            package_digest: digest,
            builder,
            ..
        } = named;
        let resource = json!({ "uri": package, "digest": { "sha256": digest } });
        match self {
            Self::Slsa02 => json!({
                "builder": { "id": builder },
                "buildType": "https://acme.example/build/v1",
                "materials": [resource],
            }),
            Self::Slsa1 => json!({
                "buildDefinition": {
                    "buildType": "https://acme.example/build/v1",
                    "externalParameters": {},
                    "resolvedDependencies": [resource],
                },
                "runDetails": { "builder": { "id": builder } },
            }),
            Self::Spdx2 => json!({ "packages": [{
                "name": "dependency",
                "checksums": [{ "algorithm": "SHA256", "checksumValue": digest }],
                "externalRefs": [{ "referenceType": "purl", "referenceLocator": package }],
            }]}),
            Self::Spdx3 => json!({ "@graph": [{
                "software_packageUrl": package,
                "verifiedUsing": [{ "algorithm": "sha256", "hashValue": digest }],
            }]}),
            Self::CycloneDx => cyclonedx(package, digest),
            Self::CycloneDxInText => {
                json!({ "Data": cyclonedx(package, digest).to_string() })
            }
            Self::OldLink => json!({ "materials": { *package: { "sha256": digest } } }),
            Self::Link => json!({ "materials": [resource] }),
            Self::OpenVex => json!({ "statements": [{ "products": [{
                "identifiers": { "purl": package },
                "hashes": { "sha-256": digest },
            }]}]}),
            Self::Scai => json!({ "attributes": [{ "target": resource }] }),
            Self::Unknown => json!({ "looked": [{ "at": resource }] }),
        }
    }
}

/// A component within a component.
fn cyclonedx(package: &str, digest: &str) -> Value {
    json!({ "components": [{ "name": "outer", "components": [{
        "purl": package,
        "hashes": [{ "alg": "SHA-256", "content": digest.to_uppercase() }],
    }]}]})
}

/// The digest of an artifact.
pub(crate) fn subject_digest(number: u64) -> String {
    hex::encode(Sha256::digest(format!("artifact {number}")))
}
