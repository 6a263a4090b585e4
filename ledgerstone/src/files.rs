//! Files that commands read and write, with errors that name them.

use std::fs;
use std::fs::File;
use std::io;
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
    let read = read_file(path, limit).map_err(|error| with_neighbours(path, error));
    read.with_context(|| format!("{} cannot be read", path.display()))
}

pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let text = String::from_utf8(read(path)?);
    text.with_context(|| format!("{} is not a text", path.display()))
}

/// Refuses what is no file that can be read, before anything is done with it.
pub(crate) fn check_file(path: &Path) -> anyhow::Result<()> {
    let opened = File::open(path).and_then(|file| file.metadata());
    let metadata = opened.map_err(|error| with_neighbours(path, error));
    let metadata = metadata.with_context(|| format!("{} cannot be read", path.display()))?;
    anyhow::ensure!(
        !metadata.is_dir(),
        "{} is a directory: give a file in it",
        path.display()
    );
    Ok(())
}

/// How many files of a folder are looked at, for those that may be meant.
const MAX_NEIGHBOURS: usize = 1000;

/// `error`, and where there is no file `path`, those beside it that may be meant.
fn with_neighbours(path: &Path, error: io::Error) -> io::Error {
    let neighbours = match error.kind() {
        io::ErrorKind::NotFound => neighbours(path),
        _ => Vec::new(),
    };
    match neighbours.is_empty() {
        true => error,
        false => io::Error::new(
            error.kind(),
            format!("{error}; beside it lies {}", neighbours.join(", ")),
        ),
    }
}

/// The files beside `path` whose names begin as its name does, up to half of what stands before the
/// first dot.
fn neighbours(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default().to_lowercase();
    let begin: String = stem
        .chars()
        .take(stem.chars().count().div_ceil(2))
        .collect();
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or_else(|| Path::new(".")));
    let names = entries.into_iter().flatten().take(MAX_NEIGHBOURS).flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> = names
        .filter(|it| begin.len() > 1 && it.to_lowercase().starts_with(&begin))
        .collect();
    found.sort();
    found.truncate(3);
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_a_file_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["app.tar.gz.bundle", "App.tar.gz", "other"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let told = |name: &str| format!("{:#}", read(&folder.path().join(name)).unwrap_err());
        let missing = told("app.tar.gz.sigstore.json");
        assert!(
            missing.ends_with("; beside it lies App.tar.gz, app.tar.gz.bundle"),
            "{missing}"
        );
        assert!(told("appp.tar.gz").contains("App.tar.gz"));
        assert!(!told("nothing").contains("beside"));
        assert!(!told("no folder/app").contains("beside"));
    }
}
