//! The write-ahead log of RocksDB, looked through before RocksDB reads it.
//!
//! RocksDB 11.8 skips a zeroed record without a word, and with it what was acknowledged; it takes a
//! record that says to be longer than it is for one that a crash cut off; and it never returns from
//! reading a record of some changed types. All of these are refused here.
//!
//! ```text
//! log     blocks of 32 KiB, the last one shorter
//! block   records, then fewer than 7 bytes of padding
//! record  masked CRC-32C of type and content u32 | length of content u16 | type u8 | content      (little-endian)
//! ```

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::directory::in_path;
use crate::error::Damage;
use crate::error::StorageError;

/// Refuses the store at `path` when one of its logs is anything but whole records, with at most one
/// behind them that was cut off.
///
/// Each log may end so: one that was closed may still lie beside its successor after a crash, and
/// RocksDB itself remembers how long those were that it still needs.
pub(super) fn must_be_sound(path: &Path) -> Result<(), StorageError> {
    for file in fs::read_dir(path).map_err(in_path("list", path))? {
        let file = file.map_err(in_path("list", path))?.path();
        if file.extension().is_some_and(|extension| extension == "log") {
            must_be_sound_log(&file)?;
        }
    }
    Ok(())
}

fn must_be_sound_log(path: &Path) -> Result<(), StorageError> {
    let mut log = File::open(path).map_err(in_path("open", path))?;
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    let mut read = 0;
    let mut ended = None;
    loop {
        block.clear();
        log.by_ref()
            .take(BLOCK_BYTES as u64)
            .read_to_end(&mut block)
            .map_err(in_path("read", path))?;
        if block.is_empty() {
            return Ok(());
        }
        let damage = |at: u64, what| Damage::WriteAheadLog {
            name: path.file_name().unwrap_or_default().to_owned(),
            at,
            what,
        };
        match ended {
            None => match check_block(&block) {
                Ok(Tail::Records) => {}
                Ok(Tail::Zeros(at)) => ended = Some(read + at as u64),
                Err((at, what)) => return Err(damage(read + at as u64, what).into()),
            },
            Some(_) if is_zero(&block) => {}
            Some(at) => return Err(damage(at, ZEROED).into()),
        }
        read += block.len() as u64;
    }
}

/// How a block ends, where it is sound.
#[derive(Debug, Eq, PartialEq)]
enum Tail {
    /// With a record, a part of one, or padding.
    Records,
    /// With zeros from this byte on, as where a power cut left a length without content.
    Zeros(usize),
}

/// Says where in a block the damage is, and which.
fn check_block(block: &[u8]) -> Result<Tail, (usize, &'static str)> {
    let mut at = 0;
    while at + HEADER_BYTES <= block.len() {
        let (header, content) = block[at..].split_at(HEADER_BYTES);
        if is_zero(header) {
            return if is_zero(content) {
                Ok(Tail::Zeros(at))
            } else {
                Err((at, ZEROED))
            };
        }
        let stored = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let length = usize::from(u16::from_le_bytes([header[4], header[5]]));
        let kind = header[6];
        if !KINDS.contains(&kind) {
            return Err((at, "a record of an unknown type"));
        }
        if at + HEADER_BYTES + length > BLOCK_BYTES {
            return Err((at, "a record that is longer than its block"));
        }
        match content.get(..length) {
            Some(content) if checksum(kind, content) == stored => {}
            Some(_) => return Err((at, "a record with another checksum")),
            None if has_whole_record(kind, content, stored) => {
                return Err((at, "a record that is shorter than it says"));
            }
            None => {}
        }
        at += HEADER_BYTES + length;
    }
    Ok(Tail::Records)
}

/// Whether some beginning of `content` is a whole record. What a crash cut off is none.
fn has_whole_record(kind: u8, content: &[u8], stored: u32) -> bool {
    let mut sum = crc32c::crc32c(&[kind]);
    content.iter().any(|byte| {
        let whole = masked(sum) == stored;
        sum = crc32c::crc32c_append(sum, &[*byte]);
        whole
    }) || masked(sum) == stored
}

fn checksum(kind: u8, content: &[u8]) -> u32 {
    masked(crc32c::crc32c_append(crc32c::crc32c(&[kind]), content))
}

/// As RocksDB stores checksums, so that one over data with checksums in it is no trivial one.
fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

const BLOCK_BYTES: usize = 32 << 10;

/// Checksum, length and type of a record.
pub(super) const HEADER_BYTES: usize = 7;

/// Whole, first, middle and last part. Those of reused logs are never written with these options.
const KINDS: std::ops::RangeInclusive<u8> = 1..=4;

const ZEROED: &str = "zeros where a record was";
