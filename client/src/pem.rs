//! PEM as people have it: some tools write all of the base64 into one line, and readers of RFC 7468
//! take 64 characters a line.

use std::borrow::Cow;

use der::pem::LineEnding;

const COLUMNS: usize = 64;

/// `pem` with its base64 in lines of 64 characters, where a line is longer. What is not PEM comes
/// back as it is.
pub(crate) fn wrapped(pem: &str) -> Cow<'_, str> {
    if pem.lines().all(|line| line.trim_end().len() <= COLUMNS) {
        return Cow::Borrowed(pem);
    }
    let mut text = String::with_capacity(pem.len() + pem.len() / COLUMNS + 1);
    let (mut in_block, mut column) = (false, 0);
    for line in pem.lines().map(str::trim_end) {
        let is_bound = line.starts_with("-----");
        if is_bound || !in_block {
            if column > 0 {
                text.push('\n');
            }
            column = 0;
            in_block = is_bound && line.starts_with("-----BEGIN ");
            text.push_str(line);
            text.push('\n');
            continue;
        }
        for character in line.chars() {
            text.push(character);
            column += 1;
            if column == COLUMNS {
                text.push('\n');
                column = 0;
            }
        }
    }
    Cow::Owned(text)
}

/// A SubjectPublicKeyInfo as PEM.
pub fn public_key_pem(spki_der: &[u8]) -> String {
    der::pem::encode_string("PUBLIC KEY", LineEnding::LF, spki_der)
        .expect("a short label and a bounded key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken() {
        let digits = "A".repeat(150);
        let short = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
        assert_eq!(wrapped(short), short);
        for end in ["\n", "\r\n"] {
            let long = ["-----BEGIN X-----", &digits, "-----END X-----", ""].join(end);
            let expected = format!(
                "-----BEGIN X-----\n{0}\n{0}\n{1}\n-----END X-----\n",
                "A".repeat(64),
                "A".repeat(22)
            );
            assert_eq!(wrapped(&long), expected);
            assert_eq!(wrapped(&format!("{long}{long}")), expected.repeat(2));
        }
        let exact = format!("-----BEGIN X-----\n{}\n-----END X-----\n", "A".repeat(128));
        assert_eq!(wrapped(&exact).lines().count(), 4);
    }
}
