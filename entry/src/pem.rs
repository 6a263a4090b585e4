//! PEM (RFC 7468), read as the field's tools read it and written as they write it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::encoding::decode_base64;

/// One block of PEM (RFC 7468): its label, and the bytes in it.
pub(crate) struct PemBlock<'a> {
    pub(crate) label: &'a str,
    pub(crate) bytes: Vec<u8>,
}

impl<'a> PemBlock<'a> {
    /// The first block in `text`, and what comes after it. As in the field, text before a block and
    /// headers in it are passed over.
    pub(crate) fn first(text: &'a str) -> Option<(Self, &'a str)> {
        let start = line_start(text, BEGIN)?;
        let (label, rest) = text[start + BEGIN.len()..].split_once(DASHES)?;
        let (_, content) = rest.split_once('\n')?;
        if label.contains('\n') {
            return None;
        }
        // An empty block has its END line right after BEGIN.
        let end = line_start(content, END)?;
        let (content, rest) = content.split_at(end);
        let rest = rest[END.len()..].strip_prefix(label)?;
        let rest = rest.strip_prefix(DASHES)?;
        let digits: String = without_headers(content).split_whitespace().collect();
        let bytes = decode_base64(&digits)?;
        Some((Self { label, bytes }, rest))
    }
}

/// What is in the blocks of `text` that are labelled `label`, in their order. Other blocks are
/// passed over, and so is what cannot be read.
pub fn blocks(text: &str, label: &str) -> Vec<Vec<u8>> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((block, behind)) = PemBlock::first(rest) {
        if block.label == label {
            found.push(block.bytes);
        }
        rest = behind;
    }
    found
}

/// Writes `bytes` as the block that everybody's tools write: 64 columns, and a line break at the
/// end.
pub fn encode(label: &str, bytes: &[u8]) -> String {
    let digits = STANDARD.encode(bytes);
    let lines = digits.len().div_ceil(COLUMNS);
    let mut pem = String::with_capacity(digits.len() + lines + 2 * label.len() + 40);
    for part in [BEGIN, label, DASHES, "\n"] {
        pem.push_str(part);
    }
    let mut left = digits.as_str();
    while !left.is_empty() {
        let (line, rest) = left.split_at(left.len().min(COLUMNS));
        pem.push_str(line);
        pem.push('\n');
        left = rest;
    }
    for part in [END, label, DASHES, "\n"] {
        pem.push_str(part);
    }
    pem
}

/// `pem` with its base64 in lines of 64 characters, where a line is longer: some tools write all of
/// it into one line, and strict readers take no more than 64. What is not PEM comes back as it is.
pub fn wrapped(pem: &str) -> Cow<'_, str> {
    if pem.lines().all(|line| line.trim_end().len() <= COLUMNS) {
        return Cow::Borrowed(pem);
    }
    let mut text = String::with_capacity(pem.len() + pem.len() / COLUMNS + 1);
    let (mut in_block, mut column) = (false, 0);
    for line in pem.lines().map(str::trim_end) {
        let is_bound = line.starts_with(DASHES);
        if is_bound || !in_block {
            if column > 0 {
                text.push('\n');
            }
            column = 0;
            in_block = is_bound && line.starts_with(BEGIN);
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

/// Whether `bytes` begin like PEM: the commonest mistake where DER is asked for.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes
        .trim_ascii_start()
        .starts_with(BEGIN.trim_ascii_end().as_bytes())
}

/// Where in `text` a line starts with `mark`.
fn line_start(text: &str, mark: &str) -> Option<usize> {
    let mut found = text.match_indices(mark).map(|(position, _)| position);
    found.find(|position| *position == 0 || text.as_bytes()[position - 1] == b'\n')
}

/// RFC 1421 headers stand before an empty line.
fn without_headers(content: &str) -> &str {
    let first_line = content.lines().next().unwrap_or_default();
    if !first_line.contains(':') {
        return content;
    }
    let mut end = 0;
    for line in content.split_inclusive('\n') {
        end += line.len();
        if line.trim().is_empty() {
            break;
        }
    }
    &content[end..]
}

/// The label of a SubjectPublicKeyInfo.
pub const PUBLIC_KEY: &str = "PUBLIC KEY";

/// The label of an X.509 certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const COLUMNS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_before_a_block_and_headers_are_passed_over() {
        let text = "subject=CN\n-----BEGIN X Y-----\nProc-Type: 4\nNote: 1\n\n\
            aGVs\r\nbG8=\n-----END X Y-----\nrest";
        let (block, rest) = PemBlock::first(text).unwrap();
        assert_eq!((block.label, &block.bytes[..]), ("X Y", &b"hello"[..]));
        assert_eq!(rest, "\nrest");
    }

    #[test]
    fn malformed_blocks_are_none() {
        for text in [
            "",
            "-----BEGIN X-----",
            "-----BEGIN X-----\naGVsbG8=\n",
            "-----BEGIN X-----\naGVsbG8=\n-----END Y-----",
            "-----BEGIN X-----\naGVsbG8\n-----END X-----",
            "no start -----BEGIN X-----\naGVsbG8=\n-----END X-----",
            "-----BEGIN X-----\naGVsbG8=-----END X-----",
            "-----BEGIN X\naGVsbG8=\n-----END X-----",
        ] {
            assert!(PemBlock::first(text).is_none(), "{text}");
        }
    }

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

    proptest! {
        #[test]
        fn a_block_is_read_as_it_was_written(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let pem = encode("PUBLIC KEY", &bytes);
            prop_assert!(pem.lines().all(|line| line.len() <= COLUMNS));
            let (block, rest) = PemBlock::first(&pem).unwrap();
            prop_assert_eq!((block.label, block.bytes, rest), ("PUBLIC KEY", bytes, "\n"));
        }
    }
}
