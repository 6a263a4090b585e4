//! The end of the write-ahead log after a power cut, told from damage.
//!
//! A round that was being written may be torn: of the sectors that its record takes, some reached
//! the disk, and the others read as zeros. Nobody was told of such a round, so it is dropped. It is
//! taken for one only where
//!
//! - the record that does not read has such a sector, and
//! - no sound record follows, in this log or a later one: each was written when all before it was
//!   durable.
//!
//! A round that was acknowledged and zeroed since looks the same. The kept checkpoint then tells:
//! where it is ahead of what is left, a start is refused. What is dropped is set aside beside the
//! store, so that nothing is lost by the guess.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use super::super::error::EngineDamage;
use super::super::error::EngineError;
use super::error::in_path;
use super::wal;
use super::wal::BLOCK_BYTES;
use super::wal::Damaged;
use super::wal::HEADER_BYTES;
use super::wal::Header;

/// The logs of a store, as far as they are not sound.
#[derive(Debug, Default)]
pub(super) struct Unsound {
    /// What is damaged.
    pub(super) damaged: Vec<Damaged>,
    /// The end that a power cut tore.
    pub(super) torn: Option<Damaged>,
}

impl Unsound {
    /// What of the logs of the store at `path` is not sound.
    pub(super) fn of(path: &Path) -> Result<Self, EngineError> {
        let mut unsound = Self {
            damaged: wal::damage(path)?,
            torn: None,
        };
        if let Some(last) = unsound.damaged.last()
            && is_torn(last)?
            && !is_followed(path, &last.log)?
        {
            unsound.torn = unsound.damaged.pop();
        }
        Ok(unsound)
    }

    /// In the words of an engine.
    pub(super) fn damage(&self) -> Vec<EngineDamage> {
        self.damaged.iter().map(Damaged::to_damage).collect()
    }
}

/// Refuses the store at `path` when one of its logs is damaged, and drops the end that a power cut
/// tore, which is set aside in the directory `aside`.
pub(super) fn must_be_sound(path: &Path, aside: &Path) -> Result<(), EngineError> {
    let unsound = Unsound::of(path)?;
    if let Some(damage) = unsound.damage().into_iter().next() {
        return Err(damage.into());
    }
    match unsound.torn {
        Some(torn) => {
            cut(&torn.log, torn.at, aside)?;
            tracing::warn!(
                damage = %torn.to_damage(),
                kept = %aside.join(aside_name(&torn.log, torn.at)).display(),
                "dropped the end of the write-ahead log, a round that a power cut tore before it \
                 was acknowledged"
            );
            Ok(())
        }
        None => Ok(()),
    }
}

/// The damaged end of the logs at `path` that a start does not drop by itself.
///
/// # Errors
/// The damage itself, when it is not an end: a later log holds records.
pub(super) fn damaged_end(path: &Path) -> Result<Option<Damaged>, EngineError> {
    let mut damaged = Unsound::of(path)?.damaged.into_iter();
    match damaged.next() {
        None => Ok(None),
        Some(end) if is_followed(path, &end.log)? => Err(end.to_damage().into()),
        Some(end) => Ok(Some(end)),
    }
}

/// Cuts off the log `log` at byte `at`. What was behind is in a file in `aside` before.
pub(super) fn cut(log: &Path, at: u64, aside: &Path) -> Result<(), EngineError> {
    let kept = aside.join(aside_name(log, at));
    let mut from = File::open(log).map_err(in_path("open", log))?;
    let mut to = File::create(&kept).map_err(in_path("create", &kept))?;
    let copied = from
        .seek(SeekFrom::Start(at))
        .and_then(|_| io::copy(&mut from, &mut to))
        .and_then(|_| to.sync_all())
        .and_then(|()| File::open(aside)?.sync_all());
    copied.map_err(in_path("write", &kept))?;
    // A crash before this leaves the log as it is, and the next start does all of it again.
    let log_file = OpenOptions::new().write(true).open(log);
    let cut = log_file.and_then(|file| {
        file.set_len(at)?;
        file.sync_all()
    });
    cut.map_err(in_path("cut off", log))
}

fn aside_name(log: &Path, at: u64) -> PathBuf {
    let name = log.file_stem().unwrap_or_default().display();
    PathBuf::from(format!("torn-{name}-at-{at}"))
}

/// Whether the log from the damage on has the form of bytes of which some never reached the disk,
/// and holds no sound record.
fn is_torn(damaged: &Damaged) -> Result<bool, EngineError> {
    let length = damaged.log.metadata().map(|metadata| metadata.len());
    let length = length.map_err(in_path("look at", &damaged.log))?;
    let mut start = 0;
    let mut zeros = 0;
    let mut is_torn = false;
    let mut has_record = false;
    wal::visit_blocks(&damaged.log, |block| {
        let end = start + block.len() as u64;
        if end > damaged.at {
            let from = damaged.at.saturating_sub(start) as usize;
            is_torn |= lacks_sector(block, from);
            has_record |= (from..block.len()).any(|at| is_record(block, at));
            zeros = trailing_zeros(&block[from..]);
        }
        start = end;
        Ok(!has_record)
    })?;
    // The last sector of the file, of which the file has only a part.
    let part = (length % SECTOR_BYTES as u64) as usize;
    is_torn |= zeros >= part.max(HEADER_BYTES);
    Ok(is_torn && !has_record)
}

/// Whether a sector of `block` behind `from` is zero, or the header at `from`: then the sector that
/// it is in is an older one, which ended there.
fn lacks_sector(block: &[u8], from: usize) -> bool {
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let header = block.get(from..from + HEADER_BYTES);
    let first = from.next_multiple_of(SECTOR_BYTES);
    let sectors = block.get(first..).unwrap_or_default();
    header.is_some_and(is_zero) || sectors.chunks_exact(SECTOR_BYTES).any(is_zero)
}

fn trailing_zeros(bytes: &[u8]) -> usize {
    bytes.iter().rev().take_while(|byte| **byte == 0).count()
}

/// Whether a log behind `log` holds a record.
fn is_followed(path: &Path, log: &Path) -> Result<bool, EngineError> {
    let mut has_record = false;
    for later in wal::files(path)?.iter().filter(|later| **later > *log) {
        wal::visit_blocks(later, |block| {
            has_record |= (0..block.len()).any(|at| is_record(block, at));
            Ok(!has_record)
        })?;
    }
    Ok(has_record)
}

fn is_record(block: &[u8], at: usize) -> bool {
    Header::read(block, at).is_some_and(|(header, content)| header.sound(content).is_some())
}

/// The least that any disk writes as a whole.
const SECTOR_BYTES: usize = 512;

const _: () = assert!(BLOCK_BYTES.is_multiple_of(SECTOR_BYTES));
