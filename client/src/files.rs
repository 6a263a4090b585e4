//! Files that a crash leaves whole, and files that are never written over.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// How many files of one kind are kept beside a state file.
const MAX_KEPT_FILES: u32 = 10_000;

/// The content of the file at `path`, if it is not longer than `limit` bytes. No more than that is
/// held in memory.
///
/// # Errors
/// When it cannot be read, or is longer.
pub fn read_file(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let at_most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(at_most).read_to_end(&mut content)?;
    if content.len() > limit {
        let message = format!("it is longer than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(content)
}

/// Writes `bytes` into a new file beside `path`: `path` with `suffix`, or `suffix` and a number
/// where that name is taken. A file that holds the same already is left as it is. Returns where the
/// bytes are.
pub(crate) fn keep_beside(path: &Path, suffix: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    for number in 0..MAX_KEPT_FILES {
        let mut name = path
            .file_name()
            .ok_or(io::ErrorKind::InvalidInput)?
            .to_owned();
        name.push(suffix);
        if number > 0 {
            name.push(format!(".{number}"));
        }
        let beside = path.with_file_name(name);
        match File::create_new(&beside) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                file.sync_all()?;
                return Ok(beside);
            }
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) if fs::read(&beside).is_ok_and(|kept| kept == bytes) => return Ok(beside),
            Err(_) => {}
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Writes `bytes` beside `path` and renames: a crash leaves the old file or the new one, never a
/// part.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    // The rename must not become durable before the content is.
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let directory = path.parent();
    let directory = directory.filter(|directory| !directory.as_os_str().is_empty());
    sync_directory(directory.unwrap_or_else(|| Path::new(".")))
}

/// Makes what was renamed in `directory` durable.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Only Unix opens directories as files; elsewhere the system sees to it.
#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}
