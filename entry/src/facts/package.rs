//! Names of packages.

/// The text of a purl (ECMA-427) by which it is found: decoded, in lower case, with its version and
/// without qualifiers and subpath. `None` for what is no purl.
///
/// What is escaped in one tool's purl is not in another's, so that only the decoded forms can be
/// compared.
pub(crate) fn package_text(purl: &str) -> Option<String> {
    let rest = purl.get(..SCHEME.len())?;
    if !rest.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let path = purl[SCHEME.len()..].trim_start_matches('/');
    let path = path.split(['#', '?']).next().unwrap_or_default();
    let path = decode(path).to_lowercase();
    let path = path.trim_end_matches('/');
    if !path.contains('/') {
        return None;
    }
    Some(match path.strip_prefix("pypi/") {
        Some(named) => format!("{SCHEME}pypi/{}", of_pypi(named)),
        None => format!("{SCHEME}{path}"),
    })
}

/// Whether a text that [`package_text`] gave names a version. The `@` of an npm scope is none.
pub(crate) fn has_version(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or_default();
    name.char_indices().any(|(at, mark)| mark == '@' && at > 0)
}

/// PEP 503: runs of `-`, `_` and `.` in a name are one `-`.
fn of_pypi(named: &str) -> String {
    let (name, version) = match named.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (named, None),
    };
    let mut folded = String::with_capacity(named.len());
    for letter in name.chars() {
        let is_mark = matches!(letter, '-' | '_' | '.');
        if !(is_mark && folded.ends_with('-')) {
            folded.push(if is_mark { '-' } else { letter });
        }
    }
    match version {
        Some(version) => format!("{folded}@{version}"),
        None => folded,
    }
}

/// Undoes `%XX`. What is no such escape stays as it is.
fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let escaped = (first == b'%').then(|| behind.get(..2).and_then(byte));
        match escaped.flatten() {
            Some(byte) => {
                decoded.push(byte);
                rest = &behind[2..];
            }
            None => {
                decoded.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn byte(digits: &[u8]) -> Option<u8> {
    let mut byte = [0];
    hex::decode_to_slice(digits, &mut byte).ok()?;
    Some(byte[0])
}

const SCHEME: &str = "pkg:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_one_text_however_it_is_written() {
        for (purl, expected) in [
            ("pkg:npm/left-pad@1.3.0", "pkg:npm/left-pad@1.3.0"),
            (
                "PKG:NPM/left-pad@1.3.0?arch=x#lib",
                "pkg:npm/left-pad@1.3.0",
            ),
            ("pkg://npm/%40acme/app@1.0", "pkg:npm/@acme/app@1.0"),
            ("pkg:npm/@acme/app@1.0", "pkg:npm/@acme/app@1.0"),
            ("pkg:pypi/Foo__Bar.baz@1.0.0", "pkg:pypi/foo-bar-baz@1.0.0"),
            ("pkg:oci/app@sha256%3Aab", "pkg:oci/app@sha256:ab"),
            ("pkg:npm/left-pad@*", "pkg:npm/left-pad@*"),
            ("pkg:npm/%zz@1%", "pkg:npm/%zz@1%"),
        ] {
            assert_eq!(package_text(purl).as_deref(), Some(expected), "{purl}");
        }
        for text in [
            "",
            "pkg:",
            "pkg:npm",
            "npm/left-pad",
            "package:npm/a",
            "\u{e9}\u{e9}",
        ] {
            assert_eq!(package_text(text), None, "{text}");
        }
        assert!(has_version("pkg:npm/@acme/app@1.0") && !has_version("pkg:npm/@acme/app"));
        assert!(!has_version("pkg:npm/left-pad"));
    }
}
