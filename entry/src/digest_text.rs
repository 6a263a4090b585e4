//! The one text of a digest, from all the forms in which people hold one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The functions that are known, as texts name them here, and the lengths of their digests in
/// bytes.
const FUNCTIONS: &[(&str, usize)] = &[
    ("md5", 16),
    ("ripemd160", 20),
    ("sha1", 20),
    ("sha224", 28),
    ("sha256", 32),
    ("sha384", 48),
    ("sha512", 64),
    ("sha512_224", 28),
    ("sha512_256", 32),
    ("sha3-224", 28),
    ("sha3-256", 32),
    ("sha3-384", 48),
    ("sha3-512", 64),
];

/// What objects of git are called in statements. Their digests are those of a function, which the
/// length tells.
const GIT_OBJECTS: &[&str] = &["gitcommit", "gittree", "gitblob", "gittag"];

/// The longest digest of a function that is not known, in bytes.
const MAX_DIGEST_BYTES: usize = 128;

/// The text of the digest with this value by the function with this name, as a statement or an SBOM
/// writes them: `sha256:` and lower-case hexadecimal digits. `None` for a value that is no digest.
pub(crate) fn digest_text(name: &str, value: &str) -> Option<String> {
    // Witness writes gitoid:blob:sha1:<digits> under gitoid:sha1.
    let (name, value) = match value.rsplit_once(':') {
        Some((before, digits)) => (before.rsplit(':').next().unwrap_or(name), digits),
        None => (name.rsplit(':').next().unwrap_or(name), value),
    };
    let digits = value.to_ascii_lowercase();
    is_hex(&digits).then_some(())?;
    let bytes = digits.len() / 2;
    let name = function(name, bytes)?;
    Some(format!("{name}:{digits}"))
}

/// The text of a digest that somebody asks for: hexadecimal digits in any case, with the name of
/// the function before them, or with none where the length tells which it is; `sha512-` and base64,
/// as lock files have it; or an image with `@sha256:` in its reference.
pub(crate) fn asked_digest(text: &str) -> Option<String> {
    let text = match text.rsplit_once('@') {
        Some((_, digest)) if digest.contains(':') => digest,
        _ => text,
    };
    if let Some((name, digits)) = text.split_once(':') {
        return digest_text_of_length(name, digits);
    }
    if let Some((name, base64)) = text.split_once('-') {
        let digest = STANDARD.decode(base64).ok()?;
        return digest_text_of_length(name, &hex::encode(digest));
    }
    let implied = match text.len() {
        40 => "sha1",
        64 => "sha256",
        96 => "sha384",
        128 => "sha512",
        _ => return None,
    };
    digest_text(implied, text)
}

/// Refuses digits of another length than the function gives.
fn digest_text_of_length(name: &str, digits: &str) -> Option<String> {
    if digits.contains(':') {
        return None;
    }
    digest_text(name, digits)
}

/// What the function is called here, if it gives digests of `bytes` bytes. Formats write the names
/// of the same function with other cases and marks: SHA256, SHA-256, `SHA2_256`.
fn function(name: &str, bytes: usize) -> Option<String> {
    let folded = fold(name);
    if GIT_OBJECTS.contains(&folded.as_str()) {
        return match bytes {
            20 => Some("sha1".to_owned()),
            32 => Some("sha256".to_owned()),
            _ => None,
        };
    }
    let folded = match folded.as_str() {
        "sha2224" | "sha2256" | "sha2384" | "sha2512" => folded.replacen("sha2", "sha", 1),
        _ => folded,
    };
    let known = FUNCTIONS.iter().find(|(known, _)| fold(known) == folded);
    match known {
        Some((known, length)) => (*length == bytes).then(|| (*known).to_owned()),
        None => (!folded.is_empty() && bytes <= MAX_DIGEST_BYTES).then_some(folded),
    }
}

fn fold(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

fn is_hex(digits: &str) -> bool {
    !digits.is_empty()
        && digits.len().is_multiple_of(2)
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_has_one_text_however_it_is_written() {
        let expected = Some(format!("sha256:{EMPTY}"));
        for name in [
            "sha256",
            "SHA256",
            "SHA-256",
            "sha-256",
            "SHA2_256",
            "gitCommit",
        ] {
            assert_eq!(digest_text(name, EMPTY), expected, "{name}");
            assert_eq!(digest_text(name, &EMPTY.to_uppercase()), expected);
        }
        let base64 = STANDARD.encode(hex::decode(EMPTY).unwrap());
        for asked in [
            EMPTY.to_owned(),
            EMPTY.to_uppercase(),
            format!("SHA256:{EMPTY}"),
            format!("sha256-{base64}"),
            format!("registry.example/app:v1@sha256:{EMPTY}"),
            format!("gitCommit:{EMPTY}"),
        ] {
            assert_eq!(asked_digest(&asked), expected, "{asked}");
        }
        let commit = "ab".repeat(20);
        for name in ["sha1", "gitCommit", "gitTree"] {
            assert_eq!(digest_text(name, &commit), Some(format!("sha1:{commit}")));
        }
        let blob = format!("gitoid:blob:sha1:{commit}");
        assert_eq!(
            digest_text("gitoid:sha1", &blob),
            Some(format!("sha1:{commit}"))
        );
        assert_eq!(
            digest_text("sha3_256", EMPTY),
            Some(format!("sha3-256:{EMPTY}"))
        );
        assert_eq!(
            digest_text("blake2b", EMPTY),
            Some(format!("blake2b:{EMPTY}"))
        );
    }

    #[test]
    fn what_is_no_digest_has_no_text() {
        for (name, value) in [
            ("sha256", "ab"),
            ("", "ab"),
            ("x", "xyz"),
            ("x", ""),
            ("x", "abc"),
        ] {
            assert_eq!(digest_text(name, value), None, "{name} {value}");
        }
        for asked in [
            "",
            "sha256:",
            "abc",
            &format!("sha256:sha256:{EMPTY}"),
            &format!("md5:{EMPTY}"),
            "sha512-!",
        ] {
            assert_eq!(asked_digest(asked), None, "{asked}");
        }
    }
}
