//! What is left of a damaged write-ahead log, written as a sound one.
//!
//! A record that is damaged is left out, with all others of its batch; the batches behind it are
//! kept. So the rows of a round may be missing while later ones are there: whoever reads them looks
//! for gaps.

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::Path;

use super::super::error::EngineError;
use super::error::in_path;
use super::wal;
use super::wal::BLOCK_BYTES;
use super::wal::Damaged;
use super::wal::HEADER_BYTES;
use super::wal::Header;

/// Writes what can be read of the logs in the directory `from` into the directory `to`: of the log
/// that `end` is in, what is before that.
pub(super) fn logs(from: &Path, to: &Path, end: Option<&Damaged>) -> Result<(), EngineError> {
    for log in wal::files(from)? {
        let salvaged = to.join(log.file_name().unwrap_or_default());
        let end = end.filter(|end| end.log == log);
        salvage(&log, &salvaged, end.map_or(u64::MAX, |end| end.at))?;
    }
    Ok(())
}

/// Makes up for a log in the directory `logs` that RocksDB misses, or finds shorter than when it
/// was closed, as `words` say: with zeros, which are the end of a log. Says whether they did.
pub(super) fn fill_up(words: &str, logs: &Path) -> Result<bool, EngineError> {
    let number_behind = |text: &str| -> Option<u64> {
        let (_, behind) = words.split_once(text)?;
        let digits = behind.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    let (number, length) = if let Some(number) = number_behind(MISSING) {
        (number, 0)
    } else if let Some(number) = number_behind(SHORTER) {
        (number, number_behind(LENGTH).unwrap_or_default())
    } else {
        return Ok(false);
    };
    let path = logs.join(format!("{number:06}.log"));
    let log = File::options().create(true).append(true).open(&path);
    let log = log.map_err(in_path("open", &path))?;
    log.set_len(length).map_err(in_path("write", &path))?;
    Ok(true)
}

fn salvage(from: &Path, to: &Path, end: u64) -> Result<(), EngineError> {
    let file = File::create(to).map_err(in_path("create", to))?;
    let mut log = Log {
        file: BufWriter::new(file),
        written: 0,
    };
    let mut batch = Joined::default();
    let mut left = end;
    wal::visit_blocks(from, |block| {
        let length = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
        left -= length as u64;
        for part in parts(&block[..length]) {
            if let Some(batch) = batch.add(part) {
                log.append(batch).map_err(in_path("write", to))?;
            }
        }
        Ok(left > 0)
    })?;
    log.file.flush().map_err(in_path("write", to))
}

/// A record of a log with its type, or a place where one was lost.
type Part<'a> = Option<(u8, &'a [u8])>;

/// The records of a block. Where the content of one is damaged, the length that it says may still
/// lead to the next one; where it does not, the rest of the block is lost.
fn parts(block: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some((header, content)) = Header::read(block, at) {
        let sound = header.sound(content);
        parts.push(sound.map(|content| (header.kind, content)));
        at = header.end(at);
        let goes_on = sound.is_some() || is_sound(block, at);
        if !goes_on {
            break;
        }
    }
    parts
}

fn is_sound(block: &[u8], at: usize) -> bool {
    Header::read(block, at).is_some_and(|(header, content)| header.sound(content).is_some())
}

/// A batch that is put together from its records.
#[derive(Default)]
struct Joined {
    batch: Vec<u8>,
    /// Whether its first record was there, and all since.
    is_whole: bool,
}

impl Joined {
    /// Takes the next record, and yields the batch that it completes.
    fn add(&mut self, part: Part<'_>) -> Option<&[u8]> {
        let Some((kind, content)) = part else {
            self.is_whole = false;
            return None;
        };
        if matches!(kind, FULL | FIRST) {
            self.batch.clear();
            self.is_whole = true;
        }
        self.batch.extend_from_slice(content);
        let ends = matches!(kind, FULL | LAST);
        let is_whole = self.is_whole && ends;
        self.is_whole &= !ends;
        is_whole.then_some(&self.batch)
    }
}

/// A log that is written as RocksDB does.
struct Log {
    file: BufWriter<File>,
    written: usize,
}

impl Log {
    fn append(&mut self, batch: &[u8]) -> io::Result<()> {
        let mut rest = batch;
        let mut is_first = true;
        loop {
            let mut room = BLOCK_BYTES - self.written % BLOCK_BYTES;
            if room < HEADER_BYTES {
                self.write(&[0; HEADER_BYTES][..room])?;
                room = BLOCK_BYTES;
            }
            let (content, behind) = rest.split_at(rest.len().min(room - HEADER_BYTES));
            let kind = match (is_first, behind.is_empty()) {
                (true, true) => FULL,
                (true, false) => FIRST,
                (false, false) => MIDDLE,
                (false, true) => LAST,
            };
            self.write(&Header::of(kind, content).to_bytes())?;
            self.write(content)?;
            if behind.is_empty() {
                return Ok(());
            }
            (rest, is_first) = (behind, false);
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len();
        self.file.write_all(bytes)
    }
}

/// What RocksDB says of a log that is not there, and of one that is cut off.
const MISSING: &str = "Missing WAL with log number: ";
const SHORTER: &str = "Size mismatch: WAL (log number: ";
const LENGTH: &str = ") in MANIFEST is ";

const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batches_of(path: &Path) -> Vec<Vec<u8>> {
        let (mut joined, mut batches) = (Joined::default(), Vec::new());
        wal::visit_blocks(path, |block| {
            for part in parts(block) {
                batches.extend(joined.add(part).map(<[u8]>::to_vec));
            }
            Ok(true)
        })
        .unwrap();
        batches
    }

    fn write(path: &Path, batches: &[Vec<u8>]) {
        let file = BufWriter::new(File::create(path).unwrap());
        let mut log = Log { file, written: 0 };
        for batch in batches {
            log.append(batch).unwrap();
        }
        log.file.flush().unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_changed_byte_loses_one_batch_or_those_of_its_block(
            lengths in proptest::collection::vec(0..70_000_usize, 1..8),
            at in 0.0..1.0,
            bit in 0..8_u8,
        ) {
            let directory = tempfile::tempdir().unwrap();
            let from = directory.path().join("000001.log");
            let batches: Vec<Vec<u8>> = (1_u8..)
                .zip(lengths)
                .map(|(byte, length)| vec![byte; length])
                .collect();
            write(&from, &batches);
            prop_assert_eq!(&batches_of(&from), &batches);
            prop_assert_eq!(wal::damage(directory.path()).unwrap(), []);

            let mut bytes = std::fs::read(&from).unwrap();
            let at = ((bytes.len() - 1) as f64 * at) as usize;
            bytes[at] ^= 1 << bit;
            std::fs::write(&from, &bytes).unwrap();
            let to = tempfile::tempdir().unwrap();
            logs(directory.path(), to.path(), None).unwrap();
            prop_assert_eq!(wal::damage(to.path()).unwrap(), []);
            let left = batches_of(&to.path().join("000001.log"));
            // In order, and none that was not written.
            let mut written = batches.iter();
            for batch in &left {
                prop_assert!(written.any(|other| other == batch));
            }
            // Whatever ends before the block of the damage, or begins behind it, is there.
            let block = at - at % BLOCK_BYTES..at - at % BLOCK_BYTES + BLOCK_BYTES;
            let mut end = 0;
            for batch in &batches {
                let start = end;
                let file = BufWriter::new(tempfile::tempfile().unwrap());
                let mut probe = Log { file, written: start };
                probe.append(batch).unwrap();
                end = probe.written;
                if end <= block.start || start >= block.end {
                    prop_assert!(left.contains(batch));
                }
            }
        }
    }
}
