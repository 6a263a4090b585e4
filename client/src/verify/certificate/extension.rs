//! What Fulcio says about a signer beside the name, each under a number of its own (Fulcio,
//! `docs/oid-info.md`).

use der::Decode;
use der::asn1::ObjectIdentifier;

/// Something that Fulcio says about a signer.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FulcioExtension(&'static Row);

#[derive(Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Row {
    number: u32,
    name: &'static str,
    /// The values of the first six stand bare in the extension; those that came later are DER.
    bare: bool,
}

impl FulcioExtension {
    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = ROWS.iter().find(|row| row.name == name);
        found.map(Self)
    }

    /// What it is called, as in Fulcio's configuration.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self)
    }

    /// Its object identifier.
    pub(crate) fn identifier(self) -> ObjectIdentifier {
        FULCIO.push_arc(self.0.number).unwrap_or(FULCIO)
    }

    /// Its value in an extension. `None` when that is malformed.
    pub(crate) fn read(self, value: &[u8]) -> Option<String> {
        match self.0.bare {
            true => String::from_utf8(value.to_vec()).ok(),
            false => String::from_der(value).ok(),
        }
    }
}

const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");

const ROWS: &[Row] = &[
    bare(1, "issuer-v1"),
    bare(2, "github-workflow-trigger"),
    bare(3, "github-workflow-sha"),
    bare(4, "github-workflow-name"),
    bare(5, "github-workflow-repository"),
    bare(6, "github-workflow-ref"),
    utf8(8, "issuer"),
    utf8(9, "build-signer-uri"),
    utf8(10, "build-signer-digest"),
    utf8(11, "runner-environment"),
    utf8(12, "source-repository-uri"),
    utf8(13, "source-repository-digest"),
    utf8(14, "source-repository-ref"),
    utf8(15, "source-repository-identifier"),
    utf8(16, "source-repository-owner-uri"),
    utf8(17, "source-repository-owner-identifier"),
    utf8(18, "build-config-uri"),
    utf8(19, "build-config-digest"),
    utf8(20, "build-trigger"),
    utf8(21, "run-invocation-uri"),
    utf8(22, "source-repository-visibility-at-signing"),
    utf8(23, "deployment-environment"),
    utf8(24, "token-subject"),
];

const fn bare(number: u32, name: &'static str) -> Row {
    Row {
        number,
        name,
        bare: true,
    }
}

const fn utf8(number: u32, name: &'static str) -> Row {
    Row {
        number,
        name,
        bare: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        let trigger = FulcioExtension::named("github-workflow-trigger").unwrap();
        assert_eq!(trigger.read(b"push").as_deref(), Some("push"));
        let build_trigger = FulcioExtension::named("build-trigger").unwrap();
        assert_eq!(build_trigger.read(b"\x0c\x04push").as_deref(), Some("push"));
        assert_eq!(build_trigger.read(b"push"), None);
        assert_eq!(
            build_trigger.identifier().to_string(),
            "1.3.6.1.4.1.57264.1.20"
        );
        assert_eq!(FulcioExtension::named("build"), None);
        assert_eq!(FulcioExtension::all().count(), 23);
    }
}
