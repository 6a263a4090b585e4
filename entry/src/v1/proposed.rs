//! Proposed entries: what a client of Rekor v1 sends.

use bytes::Bytes;

use crate::v1::json::Json;
use crate::v1::reject::V1Reject;

/// An entry as a Rekor v1 client proposes it: kind and version, and a spec in the form of that
/// kind.
#[derive(Clone, Debug)]
pub struct ProposedEntry {
    /// The name of the kind, one of those that Rekor v1 defines.
    pub kind: String,
    /// The version of the kind.
    pub api_version: String,
    /// The whole proposal. It is read again for the spec, whose texts are then borrowed from here.
    json: Bytes,
}

impl ProposedEntry {
    /// Reads the first JSON value in `json`, and ignores what comes after it. Names match in any
    /// case, members that are not known are ignored, and of equal names the last counts
    /// (specification of Rekor v1, section 1.2).
    ///
    /// # Errors
    /// [`V1Reject`] when this is no proposal of a kind that Rekor v1 defines.
    pub fn parse(json: &[u8]) -> Result<Self, V1Reject> {
        Self::parse_bytes(Bytes::copy_from_slice(json))
    }

    /// [`Self::parse`] without a copy of what can be large.
    ///
    /// # Errors
    /// As there.
    pub fn parse_bytes(json: Bytes) -> Result<Self, V1Reject> {
        let proposal = Json::first(&json).map_err(|error| V1Reject::Json(error.to_string()))?;
        if !matches!(proposal, Json::Object(_)) {
            return Err(V1Reject::Json(
                "the proposed entry is not an object".to_owned(),
            ));
        }
        let kind = read_text(&proposal, "kind")?;
        if !KINDS.contains(&kind) {
            return Err(V1Reject::UnknownKind(kind.to_owned()));
        }
        let api_version = read_text(&proposal, "apiVersion")?;
        if !is_semantic_version(api_version) {
            return Err(V1Reject::ApiVersion);
        }
        match proposal.member("spec") {
            Some(Json::Object(_)) => {}
            Some(Json::Text(_) | Json::List(_)) => {
                return Err(V1Reject::Json("spec is not an object".to_owned()));
            }
            // Null counts as absent.
            None | Some(Json::Other) => return Err(V1Reject::Required("spec")),
        }
        Ok(Self {
            kind: kind.to_owned(),
            api_version: api_version.to_owned(),
            json,
        })
    }

    /// Gives the spec to `read`.
    pub(super) fn with_spec<T>(
        &self,
        read: impl FnOnce(&Json<'_>) -> Result<T, V1Reject>,
    ) -> Result<T, V1Reject> {
        let proposal =
            Json::first(&self.json).map_err(|error| V1Reject::Json(error.to_string()))?;
        read(proposal.object("spec").ok_or(V1Reject::Required("spec"))?)
    }
}

fn read_text<'j>(proposal: &'j Json<'_>, name: &'static str) -> Result<&'j str, V1Reject> {
    match proposal.member(name) {
        Some(Json::Text(text)) if !text.is_empty() => Ok(text),
        Some(Json::List(_) | Json::Object(_)) => {
            Err(V1Reject::Json(format!("{name} is not a text")))
        }
        _ => Err(V1Reject::Required(name)),
    }
}

/// Three numbers without leading zeros, then perhaps a pre-release after `-` and a build after `+`
/// (semver.org).
fn is_semantic_version(version: &str) -> bool {
    let (version, build) = match version.split_once('+') {
        Some((version, build)) => (version, Some(build)),
        None => (version, None),
    };
    let (core, release) = match version.split_once('-') {
        Some((core, release)) => (core, Some(release)),
        None => (version, None),
    };
    let identifiers = |text: &str, accept: fn(&str) -> bool| text.split('.').all(accept);
    core.split('.').count() == 3
        && identifiers(core, is_number)
        && release.is_none_or(|release| identifiers(release, is_release))
        && build.is_none_or(|build| identifiers(build, is_word))
}

fn is_number(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

fn is_release(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(text) || (!digits && is_word(text))
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The kinds that Rekor v1 defines, also those that this version cannot verify: they are refused
/// with another answer than what is no kind at all.
const KINDS: [&str; 11] = [
    "alpine",
    "cose",
    "dsse",
    "hashedrekord",
    "helm",
    "intoto",
    "jar",
    "rekord",
    "rfc3161",
    "rpm",
    "tuf",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry_kind::ApiVersion;
    use crate::kinds::kinds_of;

    #[test]
    fn every_kind_of_the_table_is_one_that_rekor_v1_defines() {
        for kind in kinds_of(ApiVersion::V1) {
            assert!(KINDS.contains(&kind.name()), "{kind}");
            assert!(is_semantic_version(kind.version()), "{kind}");
        }
    }

    #[test]
    fn versions_are_semantic() {
        for version in [
            "0.0.1",
            "10.20.30",
            "1.0.0-alpha.1",
            "1.0.0+build.01",
            "1.0.0--.x-+a-",
        ] {
            assert!(is_semantic_version(version), "{version}");
        }
        for version in [
            "",
            "1",
            "0.0",
            "0.0.1.2",
            "v0.0.1",
            "0.0.01",
            "0.0.1-",
            "0.0.1-01",
            "0.0.1+",
            "0.0.1-a..b",
            "0.0.1 ",
            "0.0.1-é",
        ] {
            assert!(!is_semantic_version(version), "{version}");
        }
    }
}
