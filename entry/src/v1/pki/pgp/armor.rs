//! ASCII armor around the packets of OpenPGP (RFC 9580, section 6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::encoding::decode_base64;

/// One block of ASCII armor (RFC 9580, section 6): its type, and the bytes in it.
pub(super) struct ArmorBlock {
    pub(super) label: String,
    pub(super) bytes: Vec<u8>,
}

impl ArmorBlock {
    /// The first block in `text`, and what comes after it. The checksum is not looked at: what is
    /// in the block is signed, and the standard has given it up.
    pub(super) fn first(text: &str) -> Option<(Self, &str)> {
        let mut lines = text.split_inclusive('\n');
        let label = lines.by_ref().find_map(|line| {
            let label = line.trim().strip_prefix(BEGIN)?;
            label.strip_suffix(DASHES)
        })?;
        // Headers, up to an empty line.
        for line in lines.by_ref() {
            match line.trim() {
                "" => break,
                header if header.contains(':') => {}
                _ => return None,
            }
        }
        let mut digits = String::new();
        let mut is_open = true;
        for line in lines.by_ref() {
            let line = line.trim();
            if line.starts_with(END) {
                let bytes = decode_base64(&digits)?;
                let rest = lines.map(str::len).sum::<usize>();
                let label = label.to_owned();
                return Some((Self { label, bytes }, &text[text.len() - rest..]));
            }
            let is_checksum = line.len() == 5 && line.starts_with('=');
            if is_open && !is_checksum {
                digits.push_str(line);
            }
            is_open &= !is_checksum;
        }
        None
    }
}

/// Armors `bytes` as upstream does: 64 columns, a checksum, and no line break at the end.
pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let digits = STANDARD.encode(bytes);
    let mut armor = format!("{BEGIN}{label}{DASHES}\n\n");
    let mut left = digits.as_str();
    while !left.is_empty() {
        let (line, rest) = left.split_at(left.len().min(COLUMNS));
        armor.push_str(line);
        armor.push('\n');
        left = rest;
    }
    let [_, checksum @ ..] = crc24(bytes).to_be_bytes();
    let checksum = STANDARD.encode(checksum);
    armor.push_str(&format!("={checksum}\n{END}{label}{DASHES}"));
    armor
}

/// RFC 9580, section 6.1.1.
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc: u32 = 0x00b7_04ce;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    crc & 0x00ff_ffff
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const COLUMNS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // The check value of CRC-24/OPENPGP.
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
        assert_eq!(crc24(b""), 0x00b7_04ce);
    }

    #[test]
    fn malformed_blocks_are_none() {
        for text in [
            "",
            "-----BEGIN X-----",
            "-----BEGIN X-----\n\nAAAA\n",
            "-----BEGIN X-----\nAAAA\n-----END X-----",
            "-----BEGIN X-----\n\nAAA\n-----END X-----",
            "-----BEGIN X-----\n\n-----BEGIN X-----\n\nAAAA\n",
        ] {
            assert!(ArmorBlock::first(text).is_none(), "{text}");
        }
        let text = "note\n-----BEGIN X-----\r\nVersion: 1\r\nComment: \r\n \r\n\
            AAAA\r\n=njUN\r\n-----END X-----\r\nrest";
        let (block, rest) = ArmorBlock::first(text).unwrap();
        assert_eq!(
            (&block.label[..], &block.bytes[..], rest),
            ("X", &[0, 0, 0][..], "rest")
        );
    }

    proptest! {
        #[test]
        fn a_block_is_read_as_it_was_written(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let armor = encode("PGP SIGNATURE", &bytes);
            let (block, rest) = ArmorBlock::first(&armor).unwrap();
            prop_assert_eq!((block.bytes, rest), (bytes, ""));
        }
    }
}
