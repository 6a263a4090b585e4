//! Files that commands read and write, with errors that name them.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_client::read_file;

/// The longest file that a command reads whole, in bytes, unless there is a lower limit for what it
/// holds. Files that were signed are not among them.
const MAX_FILE_BYTES: usize = 64 << 20;

pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    read_limited(path, MAX_FILE_BYTES)
}

/// The content of a file that has at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: usize) -> anyhow::Result<Vec<u8>> {
    read_file(path, limit).with_context(|| format!("{} cannot be read", path.display()))
}

pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let text = String::from_utf8(read(path)?);
    text.with_context(|| format!("{} is not a text", path.display()))
}

pub(crate) fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| format!("{} cannot be written", path.display()))
}

/// `path` with `.suffix` after its whole name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Replaces the file `path`, at once or not at all.
pub(crate) fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let beside = beside(path, ".new");
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(content)?;
        // The rename must not become durable before the content is.
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        // A part of a file helps nobody; that it cannot be removed either is no news.
        let _ = fs::remove_file(&beside);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}
