//! Filling a disk to its last byte.

use std::fs;
use std::fs::File;
use std::path::Path;

use rustix::fs::FallocateFlags;
use rustix::fs::fallocate;
use rustix::io::Errno;

/// The file that takes all room.
const FILLER: &str = "filler";

/// The smallest room that is looked for, in bytes: a block of ext4.
const BLOCK: u64 = 4_096;

/// Takes all room of the file system at `path`.
pub(crate) fn fill_up(path: &Path) -> anyhow::Result<()> {
    let filler = File::create(path.join(FILLER))?;
    let (mut length, mut step) = (0, 1 << 40);
    while step >= BLOCK {
        match fallocate(&filler, FallocateFlags::empty(), length, step) {
            Ok(()) => length += step,
            Err(Errno::NOSPC | Errno::FBIG) => step /= 2,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Gives the room back.
pub(crate) fn free(path: &Path) -> anyhow::Result<()> {
    Ok(fs::remove_file(path.join(FILLER))?)
}
