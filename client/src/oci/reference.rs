//! Names of images: a registry, a repository in it, and a tag or a digest (distribution-spec).

use std::fmt;

use crate::artifact::ArtifactDigest;
use crate::oci::error::OciError;

/// The longest name of a repository, in bytes.
const MAX_REPOSITORY_BYTES: usize = 255;

/// The longest tag, in bytes.
const MAX_TAG_BYTES: usize = 128;

/// Docker's own registry, by the name that people use, and where it is.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// The name of an image in a registry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImageReference {
    registry: String,
    repository: String,
    name: ManifestName,
    tag: Option<String>,
}

/// What a manifest is asked for by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ManifestName {
    /// A name that may come to mean another manifest.
    Tag(String),
    /// The digest of the manifest.
    Digest(ArtifactDigest),
}

impl ImageReference {
    /// Reads `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`. As with other tools, the registry is Docker's
    /// where none is named, and the tag `latest`.
    ///
    /// # Errors
    /// [`OciError::Reference`] when it is not of that form.
    pub fn parse(text: &str) -> Result<Self, OciError> {
        Self::read(text).map_err(|reason| OciError::Reference {
            text: text.to_owned(),
            reason,
        })
    }

    /// Whether a file would hardly be called so: with a registry, and a tag or a digest.
    pub fn is_likely(text: &str) -> bool {
        let named = text.split_once('/').filter(|(host, _)| is_host(host));
        let rest = named.map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.contains(':')) && Self::parse(text).is_ok()
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(read_digest(digest)?)),
            None => (text, None),
        };
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path),
            _ => (DOCKER_HUB.0, rest),
        };
        let (path, tag) = match path.rsplit_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (path, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err("a tag has letters, digits, points and lines, at most 128");
        }
        let path = match host == DOCKER_HUB.0 && !path.contains('/') {
            true => format!("library/{path}"),
            false => path.to_owned(),
        };
        if path.len() > MAX_REPOSITORY_BYTES || !path.split('/').all(is_component) {
            return Err("a repository has small letters, digits and single points and lines");
        }
        if !is_authority(host) {
            return Err("a registry is a host, and perhaps a port");
        }
        let tag = tag.map(str::to_owned);
        Ok(Self {
            registry: host.to_owned(),
            repository: path,
            name: match (digest, &tag) {
                (Some(digest), _) => ManifestName::Digest(digest),
                (None, Some(tag)) => ManifestName::Tag(tag.clone()),
                (None, None) => ManifestName::Tag("latest".to_owned()),
            },
            tag,
        })
    }

    /// The registry, as it is called: a host, and perhaps a port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository in the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// What the manifest is asked for by: the digest where there is one.
    pub fn name(&self) -> &ManifestName {
        &self.name
    }

    /// Where the registry is. On this machine it is asked in the clear.
    pub(crate) fn url(&self) -> String {
        let host = match self.registry.as_str() {
            name if name == DOCKER_HUB.0 => DOCKER_HUB.1,
            other => other,
        };
        let scheme = if is_loopback(host) { "http" } else { "https" };
        format!("{scheme}://{host}")
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.name {
            ManifestName::Digest(digest) => write!(f, "@{digest}"),
            ManifestName::Tag(tag) if self.tag.is_none() => write!(f, ":{tag}"),
            ManifestName::Tag(_) => Ok(()),
        }
    }
}

impl fmt::Display for ManifestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// Whether the first part of a name is a registry, and not a part of a repository.
fn is_host(text: &str) -> bool {
    let is_folder = text.starts_with('.');
    !is_folder && (text.contains(['.', ':']) || text == "localhost")
}

fn is_authority(text: &str) -> bool {
    let is_in_host = |letter: char| letter.is_ascii_alphanumeric() || "-.:[]".contains(letter);
    !text.is_empty() && text.chars().all(is_in_host)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

pub(crate) fn is_tag(text: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.len() <= MAX_TAG_BYTES
        && text.starts_with(is_word)
        && text
            .chars()
            .all(|letter| is_word(letter) || ".-".contains(letter))
}

/// Words of small letters and digits, with a point, one or two low lines, or lines between them.
fn is_component(text: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let mut separators = text.split(is_word).filter(|between| !between.is_empty());
    text.starts_with(is_word)
        && text.ends_with(is_word)
        && separators.all(|between| {
            matches!(between, "." | "_" | "__") || between.chars().all(|letter| letter == '-')
        })
}

/// A digest as manifests name them: in small letters.
pub(crate) fn read_digest(text: &str) -> Result<ArtifactDigest, &'static str> {
    let digest = ArtifactDigest::parse(text).map_err(|_| WRONG_DIGEST)?;
    match digest.to_string() == text {
        true => Ok(digest),
        false => Err(WRONG_DIGEST),
    }
}

const WRONG_DIGEST: &str = "a digest is sha256: or sha512: and its digits in small letters";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_other_tools_read_them() {
        let hex = "ab".repeat(32);
        for (text, registry, repository, name, url) in [
            (
                "alpine",
                "docker.io",
                "library/alpine",
                "latest",
                "https://registry-1.docker.io",
            ),
            (
                "acme/app:1",
                "docker.io",
                "acme/app",
                "1",
                "https://registry-1.docker.io",
            ),
            (
                "ghcr.io/acme/app:v1.2",
                "ghcr.io",
                "acme/app",
                "v1.2",
                "https://ghcr.io",
            ),
            (
                "localhost:5000/app",
                "localhost:5000",
                "app",
                "latest",
                "http://localhost:5000",
            ),
            (
                "127.0.0.1:5000/a/b-c:x",
                "127.0.0.1:5000",
                "a/b-c",
                "x",
                "http://127.0.0.1:5000",
            ),
            (
                "r.example:443/a__b:x",
                "r.example:443",
                "a__b",
                "x",
                "https://r.example:443",
            ),
        ] {
            let read = ImageReference::parse(text).unwrap();
            assert_eq!(read.registry(), registry, "{text}");
            assert_eq!(read.repository(), repository, "{text}");
            assert_eq!(read.name().to_string(), name, "{text}");
            assert_eq!(read.url(), url, "{text}");
        }
        let text = format!("ghcr.io/acme/app:1@sha256:{hex}");
        let read = ImageReference::parse(&text).unwrap();
        assert_eq!(read.name().to_string(), format!("sha256:{hex}"));
        assert_eq!(read.to_string(), text);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let upper = "AB".repeat(32);
        for text in [
            "",
            "/",
            "a//b",
            "Acme/app",
            "ghcr.io/../x",
            "ghcr.io/a..b",
            "ghcr.io/a/b:",
            "ghcr.io/a/b:x/y",
            "ghcr.io/a/b?x=1",
            "ghcr.io/a/b@sha256:00",
            "user@host.example/a",
            "ho st.example/a",
            &format!("ghcr.io/a@sha256:{upper}"),
            &format!("ghcr.io/{}", "a".repeat(256)),
            &format!("ghcr.io/a:{}", "a".repeat(129)),
        ] {
            assert!(ImageReference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_not_taken_for_images() {
        for (text, is_likely) in [
            ("ghcr.io/acme/app:1", true),
            ("localhost:5000/app:1", true),
            ("ghcr.io/acme/app", false),
            ("dist/app.tar.gz", false),
            ("app:1", false),
            ("./a/b:c", false),
            ("../a/b:c", false),
        ] {
            assert_eq!(ImageReference::is_likely(text), is_likely, "{text}");
        }
    }
}
