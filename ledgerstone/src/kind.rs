//! What a file is, told from how it begins: for those who gave it where another was needed.

use std::fmt;
use std::path::Path;

use serde_json::Value;

/// What a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FileKind {
    Pem(&'static str),
    SshPublicKey,
    Minisign,
    Gzip,
    Zstandard,
    Bundle,
    TrustedRoot,
    TrustConfig,
    SigningConfig,
    Envelope,
    Checkpoint,
    VerifierKey,
    Empty,
    Unknown,
}

/// PEM blocks by the words of their labels, the more special ones first.
const PEM: &[(&str, &str)] = &[
    (
        "ENCRYPTED SIGSTORE PRIVATE KEY",
        "an encrypted private key of cosign",
    ),
    (
        "ENCRYPTED COSIGN PRIVATE KEY",
        "an encrypted private key of cosign",
    ),
    ("ENCRYPTED PRIVATE KEY", "an encrypted private key"),
    ("OPENSSH PRIVATE KEY", "a private key of OpenSSH"),
    ("PGP PRIVATE KEY", "a private key of OpenPGP"),
    ("PRIVATE KEY", "a private key"),
    ("PGP PUBLIC KEY", "a public key of OpenPGP"),
    ("PUBLIC KEY", "a public key"),
    ("CERTIFICATE REQUEST", "a request for a certificate"),
    ("CERTIFICATE", "a certificate"),
    ("PGP SIGNATURE", "a signature of OpenPGP"),
    ("SSH SIGNATURE", "a signature of ssh-keygen"),
];

impl FileKind {
    /// What the file with this content is.
    pub(crate) fn of(content: &[u8]) -> Self {
        if content.starts_with(&[0x1f, 0x8b]) {
            return Self::Gzip;
        }
        if content.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Self::Zstandard;
        }
        let Ok(text) = std::str::from_utf8(content) else {
            return Self::Unknown;
        };
        match text.trim_start() {
            "" => Self::Empty,
            text if text.starts_with('{') => Self::of_json(text),
            text => Self::of_text(text),
        }
    }

    fn of_text(text: &str) -> Self {
        if let Some((_, rest)) = text.split_once("-----BEGIN ") {
            let label = rest.split("-----").next().unwrap_or_default();
            let known = PEM.iter().find(|(words, _)| label.contains(words));
            return known.map_or(Self::Unknown, |(_, kind)| Self::Pem(kind));
        }
        let first = text.lines().next().unwrap_or_default();
        if ["ssh-", "ecdsa-sha2-", "sk-"]
            .iter()
            .any(|it| first.starts_with(it))
        {
            return Self::SshPublicKey;
        }
        if first.starts_with("untrusted comment:") {
            return Self::Minisign;
        }
        if text.contains("\n\u{2014} ") {
            return Self::Checkpoint;
        }
        // C2SP signed-note: a name, eight hexadecimal digits, the key.
        let mut parts = first.split('+').skip(1);
        let hash = parts.next().filter(|_| parts.next().is_some());
        let is_hash = |it: &str| it.len() == 8 && it.bytes().all(|byte| byte.is_ascii_hexdigit());
        match hash.is_some_and(is_hash) {
            true => Self::VerifierKey,
            false => Self::Unknown,
        }
    }

    /// Whether the file is certainly no signature alone: one may be any bytes, and begin as the
    /// compressed files do.
    pub(crate) fn is_no_signature(self) -> bool {
        match self {
            Self::Gzip | Self::Zstandard | Self::VerifierKey | Self::Unknown => false,
            Self::Pem(_)
            | Self::SshPublicKey
            | Self::Minisign
            | Self::Bundle
            | Self::TrustedRoot
            | Self::TrustConfig
            | Self::SigningConfig
            | Self::Envelope
            | Self::Checkpoint
            | Self::Empty => true,
        }
    }

    fn of_json(text: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Value>(text) else {
            return Self::Unknown;
        };
        let has = |name: &str| json.get(name).is_some();
        if has("trustedRoot") {
            Self::TrustConfig
        } else if has("rekorTlogUrls") || has("caUrls") {
            Self::SigningConfig
        } else if has("tlogs") || has("certificateAuthorities") {
            Self::TrustedRoot
        } else if has("verificationMaterial") || has("base64Signature") {
            Self::Bundle
        } else if has("payloadType") && has("signatures") {
            Self::Envelope
        } else {
            Self::Unknown
        }
    }

    /// Says of the file `path` what it is, where `wanted` says what is needed.
    pub(crate) fn instead_of(self, path: &Path, wanted: &str) -> String {
        match self {
            Self::Unknown => format!("{} cannot be used; {wanted}", path.display()),
            kind => format!("{} is {kind}; {wanted}", path.display()),
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem(kind) => kind,
            Self::SshPublicKey => "a public key of OpenSSH",
            Self::Minisign => "a file of minisign",
            Self::Gzip => "compressed (gzip: unpack it first, with gzip -d)",
            Self::Zstandard => "compressed (zstd: unpack it first, with zstd -d)",
            Self::Bundle => "a Sigstore bundle",
            Self::TrustedRoot => "a trusted root",
            Self::TrustConfig => "a client trust config",
            Self::SigningConfig => "a signing config",
            Self::Envelope => "a DSSE envelope",
            Self::Checkpoint => "a checkpoint",
            Self::VerifierKey => "a verifier key of a log",
            Self::Empty => "empty",
            Self::Unknown => "of no kind that is known here",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_how_they_begin() {
        for (content, kind) in [
            (
                "-----BEGIN EC PRIVATE KEY-----\nAA==\n",
                FileKind::Pem("a private key"),
            ),
            (
                "text\n-----BEGIN PUBLIC KEY-----\nAA==\n",
                FileKind::Pem("a public key"),
            ),
            ("ssh-ed25519 AAAA me", FileKind::SshPublicKey),
            ("untrusted comment: x\nRW", FileKind::Minisign),
            ("{\"tlogs\": []}", FileKind::TrustedRoot),
            (
                "{\"mediaType\": \"\", \"trustedRoot\": {}}",
                FileKind::TrustConfig,
            ),
            ("{\"rekorTlogUrls\": []}", FileKind::SigningConfig),
            ("{\"verificationMaterial\": {}}", FileKind::Bundle),
            (
                "{\"payloadType\": \"\", \"signatures\": []}",
                FileKind::Envelope,
            ),
            ("log\n1\nAA==\n\n\u{2014} log AA==\n", FileKind::Checkpoint),
            ("log.example.com+00000000+AAAA\n", FileKind::VerifierKey),
            ("\n", FileKind::Empty),
            ("{", FileKind::Unknown),
            ("hello", FileKind::Unknown),
        ] {
            assert_eq!(FileKind::of(content.as_bytes()), kind, "{content}");
        }
        assert_eq!(FileKind::of(&[0x1f, 0x8b, 8]), FileKind::Gzip);
        assert_eq!(FileKind::of(&[0xff, 0xfe]), FileKind::Unknown);
    }
}
