//! The data directory: its lock, and the files beside RocksDB.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;

use super::super::error::EngineError;
use super::super::interface::MAX_KEPT_BYTES;
use super::error::in_path;

/// A data directory that this process alone has open, or that nobody writes to while it is read.
///
/// The lock is held until this is dropped, so whatever uses the directory's files must be dropped
/// before.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    /// None where only reading was asked for and nobody ever wrote.
    _lock: Option<File>,
}

/// What is in a data directory.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Contents {
    /// No trace of a log.
    Nothing,
    /// A store.
    Store,
    /// A trace of a log, by this name, but no store.
    Trace(String),
}

impl DataDirectory {
    /// Locks the directory at `path`, and makes it when it is not there.
    pub(super) fn create(path: &Path) -> Result<Self, EngineError> {
        fs::create_dir_all(path).map_err(in_path("create", path))?;
        Self::lock(path)
    }

    /// Locks the existing directory at `path` against writers, without writing to it.
    ///
    /// A copy may come without a lock, and then there is nothing that a writer could hold.
    pub(super) fn lock_to_read(path: &Path) -> Result<Self, EngineError> {
        let lock_path = path.join(LOCK);
        match File::open(&lock_path) {
            Ok(lock) => Self::hold(path, lock, File::try_lock_shared),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Self {
                path: path.to_owned(),
                _lock: None,
            }),
            Err(source) => Err(in_path("open", &lock_path)(source)),
        }
    }

    /// Locks the existing directory at `path`.
    fn lock(path: &Path) -> Result<Self, EngineError> {
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(in_path("open", &lock_path))?;
        Self::hold(path, lock, File::try_lock)
    }

    fn hold(
        path: &Path,
        lock: File,
        try_lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, EngineError> {
        match try_lock(&lock) {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: Some(lock),
            }),
            Err(TryLockError::WouldBlock) => Err(EngineError::Locked {
                directory: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(in_path("lock", &path.join(LOCK))(source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store is.
    pub(super) fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    /// Where a store is until it is complete.
    pub(super) fn unfinished_store(&self) -> PathBuf {
        self.path.join(UNFINISHED_STORE)
    }

    /// Removes what a crash left of a store that was being made. Nothing was ever written to it but
    /// its schema.
    pub(super) fn remove_unfinished_store(&self) -> Result<(), EngineError> {
        let unfinished = self.unfinished_store();
        match fs::remove_dir_all(&unfinished) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(in_path("remove", &unfinished)(source))
            }
            _ => Ok(()),
        }
    }

    /// Gives a complete store its name. Durable when it returns.
    pub(super) fn finish_store(&self) -> Result<(), EngineError> {
        let unfinished = self.unfinished_store();
        sync_directory(&unfinished)?;
        // A crash before the rename leaves an unfinished store, which the next start removes.
        fs::rename(&unfinished, self.store()).map_err(in_path("rename", &unfinished))?;
        // A crash before the sync leaves either of both names.
        sync_directory(&self.path)?;
        match self.path.parent() {
            Some(parent) if parent == Path::new("") => sync_directory(Path::new(".")),
            Some(parent) => sync_directory(parent),
            None => Ok(()),
        }
    }

    /// Replaces the kept checkpoint of `tree` if it is `from`. A process that ends meanwhile leaves
    /// the old text or the new one; a power cut may bring back an old one, or leave none of its
    /// bytes, because nothing is synced.
    pub(super) fn advance(
        &self,
        tree: u32,
        from: Option<&[u8]>,
        to: &[u8],
    ) -> Result<(), EngineError> {
        if self.kept(tree)?.as_deref() != from {
            return Err(EngineError::KeptDiffers { tree });
        }
        let path = self.checkpoint(tree);
        if overwrite_sector(&path, to).map_err(in_path("write", &path))? {
            return Ok(());
        }
        let next = path.with_extension("new");
        fs::write(&next, to).map_err(in_path("write", &next))?;
        // A crash before the rename leaves the old text, which lags behind the store: the next
        // start signs again.
        fs::rename(&next, &path).map_err(in_path("replace", &path))
    }

    /// Makes the kept checkpoint of `tree` and its name durable.
    pub(super) fn sync_kept(&self, tree: u32) -> Result<(), EngineError> {
        let path = self.checkpoint(tree);
        match File::open(&path) {
            Ok(file) => file.sync_all().map_err(in_path("sync", &path))?,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(EngineError::NothingKept { tree });
            }
            Err(source) => return Err(in_path("open", &path)(source)),
        }
        sync_directory(&self.path)
    }

    /// The kept checkpoint of `tree`: of one longer than [`MAX_KEPT_BYTES`] one byte more than
    /// that.
    pub(super) fn kept(&self, tree: u32) -> Result<Option<Bytes>, EngineError> {
        let path = self.checkpoint(tree);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(in_path("open", &path)(source)),
        };
        let mut text = Vec::new();
        file.take(MAX_KEPT_BYTES as u64 + 1)
            .read_to_end(&mut text)
            .map_err(in_path("read", &path))?;
        Ok(Some(text.into()))
    }

    fn checkpoint(&self, tree: u32) -> PathBuf {
        self.path.join(format!("{CHECKPOINT_PREFIX}{tree}"))
    }
}

/// What is in the directory at `path`. Names that are not the store's own (keys, configuration) are
/// no trace of a store.
pub(super) fn contents(path: &Path) -> Result<Contents, EngineError> {
    let names = match fs::read_dir(path) {
        Ok(names) => names,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Contents::Nothing),
        Err(source) => return Err(in_path("list", path)(source)),
    };
    let mut contents = Contents::Nothing;
    for name in names {
        let name = name.map_err(in_path("list", path))?.file_name();
        let name = name.to_string_lossy();
        if name == STORE {
            return Ok(Contents::Store);
        }
        if name.starts_with(CHECKPOINT_PREFIX) {
            contents = Contents::Trace(name.into_owned());
        }
    }
    Ok(contents)
}

/// The bytes of the files in the directory at `path`, without directories in it.
pub(super) fn file_bytes(path: &Path) -> Result<u64, EngineError> {
    let mut bytes = 0;
    for file in fs::read_dir(path).map_err(in_path("list", path))? {
        let file = file.map_err(in_path("list", path))?;
        match file.metadata() {
            Ok(metadata) if metadata.is_file() => bytes += metadata.len(),
            Ok(_) => {}
            // Compactions remove files at any time.
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(in_path("look at", &file.path())(source)),
        }
    }
    Ok(bytes)
}

/// Writes `text` over a file of the same length that fits one sector, and says whether there was
/// one.
///
/// This is the case of nearly every round, and far cheaper than a rename, which makes some file
/// systems allocate and write out the new file at once and puts two more blocks into the journal
/// that the next sync waits for. It is as safe: neither the copy into the page nor the write of the
/// sector stops half-way, and nothing but these bytes changes.
fn overwrite_sector(path: &Path, text: &[u8]) -> io::Result<bool> {
    if text.len() > SECTOR_BYTES {
        return Ok(false);
    }
    let file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() != text.len() as u64 {
        return Ok(false);
    }
    file.write_all_at(text, 0)?;
    Ok(true)
}

/// Makes renames and new names in the directory at `path` durable.
fn sync_directory(path: &Path) -> Result<(), EngineError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(in_path("sync", path))
}

/// The least that any disk writes as a whole.
const SECTOR_BYTES: usize = 512;

const LOCK: &str = "LOCK";
const STORE: &str = "store";
const UNFINISHED_STORE: &str = "store.new";
const CHECKPOINT_PREFIX: &str = "checkpoint-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_is_open_once() {
        let directory = tempfile::tempdir().unwrap();
        let open = DataDirectory::create(directory.path()).unwrap();
        for _ in 0..2 {
            match DataDirectory::lock(directory.path()) {
                Err(EngineError::Locked { directory: locked }) => {
                    assert_eq!(locked, directory.path());
                }
                other => panic!("{other:?}"),
            }
        }
        drop(open);
        DataDirectory::lock(directory.path()).unwrap();
    }

    #[test]
    fn readers_keep_writers_out_and_not_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        drop(DataDirectory::create(path).unwrap());
        let readers = [0, 1].map(|_| DataDirectory::lock_to_read(path).unwrap());
        let refused = DataDirectory::lock(path);
        assert!(
            matches!(refused, Err(EngineError::Locked { .. })),
            "{refused:?}"
        );
        drop(readers);
        let writer = DataDirectory::lock(path).unwrap();
        let refused = DataDirectory::lock_to_read(path);
        assert!(
            matches!(refused, Err(EngineError::Locked { .. })),
            "{refused:?}"
        );
        drop(writer);
    }

    #[test]
    fn traces_of_a_log_are_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert_eq!(contents(&path.join("absent")).unwrap(), Contents::Nothing);
        assert_eq!(contents(path).unwrap(), Contents::Nothing);

        let open = DataDirectory::create(path).unwrap();
        fs::create_dir(open.unfinished_store()).unwrap();
        fs::write(path.join("ed25519.pem"), "").unwrap();
        assert_eq!(contents(path).unwrap(), Contents::Nothing);

        open.advance(3, None, b"text").unwrap();
        let trace = Contents::Trace("checkpoint-3".to_owned());
        assert_eq!(contents(path).unwrap(), trace);

        open.finish_store().unwrap();
        assert_eq!(contents(path).unwrap(), Contents::Store);
    }

    #[test]
    fn as_much_is_read_of_a_kept_checkpoint_as_shows_that_it_is_too_long() {
        let directory = tempfile::tempdir().unwrap();
        let open = DataDirectory::create(directory.path()).unwrap();
        let path = directory.path().join("checkpoint-0");
        for length in [0, MAX_KEPT_BYTES, MAX_KEPT_BYTES + 1, MAX_KEPT_BYTES + 10] {
            fs::write(&path, vec![0xff; length]).unwrap();
            let kept = open.kept(0).unwrap().unwrap();
            assert_eq!(kept.len(), length.min(MAX_KEPT_BYTES + 1));
            // However damaged it is, it can be replaced.
            open.advance(0, Some(&kept), b"text").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"text");
        }
    }

    #[test]
    fn a_kept_checkpoint_is_written_over_only_where_that_cannot_tear() {
        let directory = tempfile::tempdir().unwrap();
        let open = DataDirectory::create(directory.path()).unwrap();
        let path = directory.path().join("checkpoint-0");
        let sector = |byte: &str| byte.repeat(SECTOR_BYTES);
        let long = |byte: &str| byte.repeat(SECTOR_BYTES + 1);
        let mut held = None;
        for (text, in_place) in [
            (sector("a"), false),
            (sector("b"), true),
            (long("c"), false),
            (long("d"), false),
            ("short".to_owned(), false),
            ("other".to_owned(), true),
            ("longer".to_owned(), false),
        ] {
            let before = open.kept(0).unwrap();
            open.advance(0, before.as_deref(), text.as_bytes()).unwrap();
            assert_eq!(open.kept(0).unwrap(), Some(Bytes::from(text)));
            // Whoever holds the file open sees what is written over it, and not what replaces it.
            let mut seen = String::new();
            if let Some(file) = held.replace(File::open(&path).unwrap()) {
                io::BufReader::new(file).read_to_string(&mut seen).unwrap();
            }
            let now = fs::read_to_string(&path).unwrap();
            assert_eq!(seen == now, in_place, "{now}");
        }
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_file_in_the_way_is_an_io_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        for result in [DataDirectory::create(&file), DataDirectory::lock(&file)] {
            assert!(matches!(result, Err(EngineError::Io { .. })), "{result:?}");
        }
    }
}
