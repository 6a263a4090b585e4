//! Base64 as it comes from clients, and documents that come in it.

use std::borrow::Cow;
use std::io;
use std::io::Read;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use sha2::Digest as _;
use sha2::Sha256;

/// Padded standard base64 as Rekor v1 takes it: line breaks inside are ignored, and so are the
/// spare bits at the end.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(without_line_breaks(text).as_ref()).ok()
}

/// Base64 as DSSE has it: of the standard alphabet, or of the one for URLs. Line breaks in it and
/// the spare bits at the end mean nothing. `None` for anything else.
pub fn decode_base64_of_envelope(text: &str) -> Option<Vec<u8>> {
    let text = without_line_breaks(text);
    let standard = STANDARD.decode(text.as_ref());
    standard.or_else(|_| URL_SAFE.decode(text.as_ref())).ok()
}

/// The document of a rekord entry, decoded and hashed as it is read: it can be large, and is never
/// held decoded.
pub(crate) struct ArtifactReader<'a> {
    source: Source<'a>,
    decoded: Vec<u8>,
    taken: usize,
    ended: bool,
    hasher: Sha256,
}

/// Where a document comes from.
enum Source<'a> {
    /// What is left of its base64.
    Base64(&'a [u8]),
    /// The document as it is.
    Plain(&'a mut dyn Read),
}

impl<'a> ArtifactReader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self::of(Source::Base64(text.as_bytes()))
    }

    /// A document as it is, and not in base64.
    pub(crate) fn plain(reader: &'a mut dyn Read) -> Self {
        Self::of(Source::Plain(reader))
    }

    fn of(source: Source<'a>) -> Self {
        Self {
            source,
            decoded: Vec::new(),
            taken: 0,
            ended: false,
            hasher: Sha256::new(),
        }
    }

    /// Reads to the end, and gives each piece to `each`.
    pub(crate) fn for_each(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let piece = self.fill()?;
            if piece.is_empty() {
                return Ok(());
            }
            each(piece);
            self.taken = self.decoded.len();
        }
    }

    /// The SHA-256 hash of what was read.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.hasher.finalize().into()
    }

    /// What is decoded and not taken yet. Nothing at the end.
    fn fill(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.decoded.len() && self.next_piece()? {}
        Ok(&self.decoded[self.taken..])
    }

    /// Whether there was another piece; perhaps one of nothing but line breaks.
    fn next_piece(&mut self) -> io::Result<bool> {
        match &mut self.source {
            Source::Base64([]) => Ok(false),
            Source::Base64(encoded) => {
                let digits = take_digits(encoded);
                self.decode_piece(&digits)?;
                Ok(true)
            }
            Source::Plain(reader) => {
                self.taken = 0;
                self.decoded.clear();
                reader
                    .by_ref()
                    .take(PIECE_BYTES)
                    .read_to_end(&mut self.decoded)?;
                self.hasher.update(&self.decoded);
                Ok(!self.decoded.is_empty())
            }
        }
    }

    fn decode_piece(&mut self, digits: &[u8]) -> io::Result<()> {
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "malformed base64");
        self.taken = 0;
        self.decoded.clear();
        // Padding ends a document: after it only line breaks may come.
        if self.ended && !digits.is_empty() {
            return Err(malformed());
        }
        STANDARD
            .decode_vec(digits, &mut self.decoded)
            .map_err(|_| malformed())?;
        self.ended = digits.ends_with(b"=");
        self.hasher.update(&self.decoded);
        Ok(())
    }
}

impl Read for ArtifactReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill()?;
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        self.taken += length;
        Ok(length)
    }
}

/// The digits that come next, without line breaks.
fn take_digits(encoded: &mut &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(PIECE_DIGITS);
    let mut read = 0;
    for byte in *encoded {
        if digits.len() == PIECE_DIGITS {
            break;
        }
        read += 1;
        if !is_line_break(*byte) {
            digits.push(*byte);
        }
    }
    *encoded = &encoded[read..];
    digits
}

fn without_line_breaks(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| is_line_break(*byte)) {
        return Cow::Borrowed(bytes);
    }
    let digits = bytes.iter().copied().filter(|byte| !is_line_break(*byte));
    Cow::Owned(digits.collect())
}

fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// How many digits of base64 are decoded at a time: a multiple of four.
const PIECE_DIGITS: usize = 1 << 16;

/// How many bytes of a document that is not encoded are read at a time.
const PIECE_BYTES: u64 = 1 << 16;

const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_breaks_and_spare_bits_are_ignored() {
        assert_eq!(decode_base64("aGVs\r\nbG8="), Some(b"hello".to_vec()));
        assert_eq!(decode_base64("aGVsbG9="), Some(b"hello".to_vec()));
        for malformed in ["aGVsbG8", "aGVs bG8=", "aGVsbG8==", "____", "aGVsbG8=aGVs"] {
            assert_eq!(decode_base64(malformed), None, "{malformed}");
        }
        assert_eq!(decode_base64_of_envelope("__-_"), decode_base64("//+/"));
        assert_eq!(decode_base64_of_envelope("_/8="), None);
    }

    fn read(text: &str) -> io::Result<(Vec<u8>, [u8; 32])> {
        let mut reader = ArtifactReader::new(text);
        let mut bytes = Vec::new();
        reader.for_each(|piece| bytes.extend_from_slice(piece))?;
        Ok((bytes, reader.finish()))
    }

    #[test]
    fn a_document_ends_at_its_padding() {
        let piece = format!("{}==", "A".repeat(PIECE_DIGITS - 2));
        assert!(read(&piece).is_ok());
        assert!(read(&format!("{piece}\n\n")).is_ok());
        assert!(read(&format!("{piece}AAAA")).is_err());
        assert!(read(&format!("{piece}\n\nAAAA")).is_err());
        assert!(read("AAA").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn documents_are_read_in_pieces(
            bytes in prop::collection::vec(any::<u8>(), 0..200_000),
            line in 1_usize..5_000,
            buffer in 1_usize..100_000,
        ) {
            let encoded = STANDARD.encode(&bytes);
            let lines: Vec<&[u8]> = encoded.as_bytes().chunks(line).collect();
            let text = String::from_utf8(lines.join(&b"\r\n"[..])).unwrap();
            let expected: [u8; 32] = Sha256::digest(&bytes).into();
            let (whole, hash) = read(&text).unwrap();
            prop_assert!(whole == bytes);
            prop_assert_eq!(hash, expected);

            let mut reader = ArtifactReader::new(&text);
            let mut pieces = Vec::new();
            let mut buffer = vec![0; buffer];
            loop {
                let length = reader.read(&mut buffer).unwrap();
                if length == 0 {
                    break;
                }
                pieces.extend_from_slice(&buffer[..length]);
            }
            prop_assert!(pieces == bytes);
            prop_assert_eq!(reader.finish(), expected);
        }
    }
}
