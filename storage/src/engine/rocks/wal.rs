//! The write-ahead log of RocksDB, looked through before RocksDB reads it.
//!
//! RocksDB 11.8 skips a zeroed record without a word, and with it what was acknowledged; it takes a
//! record that says to be longer than it is for one that a crash cut off; and it never returns from
//! reading a record of some changed types. All of these are
//! found here.
//!
//! ```text
//! log     blocks of 32 KiB, the last one shorter
//! block   records, then fewer than 7 bytes of padding
//! record  masked CRC-32C of type and content u32 | length of content u16 | type u8 | content
//!         (numbers are little-endian)
//! ```

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use super::super::error::EngineDamage;
use super::super::error::EngineError;
use super::error::in_path;

/// A log that is anything but whole records, with at most one behind them that was cut off, or
/// zeros.
///
/// Each log may end so: one that was closed may still lie beside its successor after a crash, and
/// RocksDB itself remembers how long those were that it still needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Damaged {
    pub(super) log: PathBuf,
    /// The first byte of what is not sound.
    pub(super) at: u64,
    what: &'static str,
}

impl Damaged {
    /// In the words of an engine.
    pub(super) fn to_damage(&self) -> EngineDamage {
        let name = self.log.file_name().unwrap_or_default().display();
        EngineDamage {
            part: format!("the file {name}"),
            what: format!("has {} at byte {}", self.what, self.at),
        }
    }
}

/// Where the logs of the store at `path` are damaged, the first place in each, the oldest log
/// first.
pub(super) fn damage(path: &Path) -> Result<Vec<Damaged>, EngineError> {
    let mut found = Vec::new();
    for log in files(path)? {
        found.extend(damage_in(&log)?);
    }
    Ok(found)
}

/// Where the log at `path`, or a manifest, which has the same form, is damaged first.
pub(super) fn damage_in(path: &Path) -> Result<Option<Damaged>, EngineError> {
    let damage = damage_of(path)?;
    Ok(damage.map(|(at, what)| Damaged {
        log: path.to_owned(),
        at,
        what,
    }))
}

/// The logs of the store at `path`, oldest first.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let mut logs = Vec::new();
    for file in fs::read_dir(path).map_err(in_path("list", path))? {
        let file = file.map_err(in_path("list", path))?.path();
        if file.extension().is_some_and(|extension| extension == "log") {
            logs.push(file);
        }
    }
    logs.sort();
    Ok(logs)
}

/// Calls `visit` with each block of the log at `path`, until it says that it has seen enough.
pub(super) fn visit_blocks(
    path: &Path,
    mut visit: impl FnMut(&[u8]) -> Result<bool, EngineError>,
) -> Result<(), EngineError> {
    let mut log = File::open(path).map_err(in_path("open", path))?;
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    loop {
        block.clear();
        log.by_ref()
            .take(BLOCK_BYTES as u64)
            .read_to_end(&mut block)
            .map_err(in_path("read", path))?;
        if block.is_empty() || !visit(&block)? {
            return Ok(());
        }
    }
}

fn damage_of(path: &Path) -> Result<Option<(u64, &'static str)>, EngineError> {
    let mut read = 0;
    let mut ended = None;
    let mut damage = None;
    visit_blocks(path, |block| {
        match ended {
            None => match check_block(block) {
                Ok(Tail::Records) => {}
                Ok(Tail::Zeros(at)) => ended = Some(read + at as u64),
                Err((at, what)) => damage = Some((read + at as u64, what)),
            },
            Some(_) if is_zero(block) => {}
            Some(at) => damage = Some((at, ZEROED)),
        }
        read += block.len() as u64;
        Ok(damage.is_none())
    })?;
    Ok(damage)
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
    while let Some((header, content)) = Header::read(block, at) {
        if header.is_zero() {
            return if is_zero(content) {
                Ok(Tail::Zeros(at))
            } else {
                Err((at, ZEROED))
            };
        }
        if !KINDS.contains(&header.kind) {
            return Err((at, "a record of an unknown type"));
        }
        if header.end(at) > BLOCK_BYTES {
            return Err((at, "a record that is longer than its block"));
        }
        match content.get(..header.length) {
            Some(content) if header.is_of(content) => {}
            Some(_) => return Err((at, "a record with another checksum")),
            None if has_whole_record(header.kind, content, header.checksum) => {
                return Err((at, "a record that is shorter than it says"));
            }
            None => {}
        }
        at = header.end(at);
    }
    Ok(Tail::Records)
}

/// The header of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    checksum: u32,
    length: usize,
    pub(super) kind: u8,
}

impl Header {
    /// The header of a record with `content`.
    pub(super) fn of(kind: u8, content: &[u8]) -> Self {
        Self {
            checksum: checksum(kind, content),
            length: content.len(),
            kind,
        }
    }

    /// The header at `at` in `block` and everything behind it; `None` where only padding is left.
    pub(super) fn read(block: &[u8], at: usize) -> Option<(Self, &[u8])> {
        let (header, content) = block.get(at..)?.split_first_chunk::<HEADER_BYTES>()?;
        let header = Self {
            checksum: u32::from_le_bytes([header[0], header[1], header[2], header[3]]),
            length: usize::from(u16::from_le_bytes([header[4], header[5]])),
            kind: header[6],
        };
        Some((header, content))
    }

    /// Its stored form. The content is shorter than a block.
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = self.checksum.to_le_bytes();
        let [low, high] = (self.length as u16).to_le_bytes();
        [a, b, c, d, low, high, self.kind]
    }

    /// The content of a sound record whose header this is, if `content` begins with it.
    pub(super) fn sound(self, content: &[u8]) -> Option<&[u8]> {
        let content = content.get(..self.length)?;
        (KINDS.contains(&self.kind) && self.is_of(content)).then_some(content)
    }

    /// Where a record ends whose header is at `at`.
    pub(super) fn end(self, at: usize) -> usize {
        at + HEADER_BYTES + self.length
    }

    fn is_zero(self) -> bool {
        (self.checksum, self.length, self.kind) == (0, 0, 0)
    }

    fn is_of(self, content: &[u8]) -> bool {
        checksum(self.kind, content) == self.checksum
    }
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

pub(super) const BLOCK_BYTES: usize = 32 << 10;

/// Checksum, length and type of a record.
pub(super) const HEADER_BYTES: usize = 7;

/// Whole, first, middle and last part. Those of reused logs are never written with these options.
const KINDS: std::ops::RangeInclusive<u8> = 1..=4;

const ZEROED: &str = "zeros where a record was";
