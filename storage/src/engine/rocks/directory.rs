//! The data directory: its lock, and the files beside RocksDB.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use super::super::error::EngineError;
use super::error::in_path;
use super::kept;
use super::kept::KeptFiles;

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

    /// The directory at `path`, of which nothing is asked but its marks.
    pub(super) fn unlocked(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            _lock: None,
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

    /// The kept checkpoints, with all of their files open and durable.
    pub(super) fn hold_kept(&self) -> Result<KeptFiles, EngineError> {
        let kept = KeptFiles::new(self.open_directory(true)?);
        let trees: Vec<u32> = names(&self.path)?
            .iter()
            .filter_map(|name| kept::tree_of(name))
            .collect();
        kept.hold(&trees)?;
        Ok(kept)
    }

    /// The kept checkpoints, to read only.
    pub(super) fn read_kept(&self) -> Result<KeptFiles, EngineError> {
        Ok(KeptFiles::new(self.open_directory(false)?))
    }

    /// Refuses to write where the end of the store was dropped and nobody proved since that nothing
    /// signed went with it.
    pub(super) fn must_be_proven(&self) -> Result<(), EngineError> {
        let mark = self.path.join(UNPROVEN);
        match mark.try_exists().map_err(in_path("look at", &mark))? {
            false => Ok(()),
            true => Err(EngineError::Unproven {
                directory: self.path.clone(),
            }),
        }
    }

    /// Refuses to write where work in the background found damage, which it would meet again.
    pub(super) fn must_not_be_marked(&self) -> Result<(), EngineError> {
        let mark = self.path.join(DAMAGED);
        let what = match fs::read(&mark) {
            Ok(what) => String::from_utf8_lossy(&what).trim().to_owned(),
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(in_path("read", &mark)(source)),
        };
        Err(EngineError::Marked {
            directory: self.path.clone(),
            what,
        })
    }

    /// Marks the store as one in which `what` was found. Durable when it returns.
    pub(super) fn set_damaged(&self, what: &str) -> Result<(), EngineError> {
        let mark = self.path.join(DAMAGED);
        let marked = File::create(&mark).and_then(|mut mark| {
            writeln!(mark, "{what}")?;
            mark.sync_all()
        });
        marked.map_err(in_path("write", &mark))?;
        sync_directory(&self.path)
    }

    /// Takes that mark away, and says whether it was there. Durable when it returns.
    pub(super) fn set_sound(&self) -> Result<bool, EngineError> {
        self.unmark(DAMAGED)
    }

    /// Marks the store as one whose end was dropped. Durable when it returns.
    pub(super) fn set_unproven(&self) -> Result<(), EngineError> {
        let mark = self.path.join(UNPROVEN);
        let marked = File::create(&mark).and_then(|mark| mark.sync_all());
        marked.map_err(in_path("write", &mark))?;
        sync_directory(&self.path)
    }

    /// Takes the mark away. Durable when it returns.
    pub(super) fn set_proven(&self) -> Result<(), EngineError> {
        self.unmark(UNPROVEN).map(drop)
    }

    fn unmark(&self, name: &str) -> Result<bool, EngineError> {
        let mark = self.path.join(name);
        match fs::remove_file(&mark) {
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(in_path("remove", &mark)(source)),
            Ok(()) => sync_directory(&self.path).map(|()| true),
        }
    }

    fn open_directory(&self, is_writable: bool) -> Result<kept::Directory, EngineError> {
        let directory = kept::Directory::open(&self.path, is_writable);
        directory.map_err(in_path("open", &self.path))
    }
}

/// What is in the directory at `path`. Names that are not the store's own (keys, configuration) are
/// no trace of a store.
pub(super) fn contents(path: &Path) -> Result<Contents, EngineError> {
    let mut contents = Contents::Nothing;
    for name in names(path)? {
        if name == STORE {
            return Ok(Contents::Store);
        }
        if name.starts_with(kept::PREFIX) {
            contents = Contents::Trace(name);
        }
    }
    Ok(contents)
}

/// The names in the directory at `path`; none where there is no directory.
fn names(path: &Path) -> Result<Vec<String>, EngineError> {
    let names = match fs::read_dir(path) {
        Ok(names) => names,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(in_path("list", path)(source)),
    };
    let names = names.map(|name| {
        let name = name.map_err(in_path("list", path))?.file_name();
        Ok(name.to_string_lossy().into_owned())
    });
    names.collect()
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

/// Makes renames and new names in the directory at `path` durable.
fn sync_directory(path: &Path) -> Result<(), EngineError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(in_path("sync", path))
}

const LOCK: &str = "LOCK";
const STORE: &str = "store";
const DAMAGED: &str = "damaged";
const UNPROVEN: &str = "unproven";
const UNFINISHED_STORE: &str = "store.new";

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

        open.hold_kept().unwrap().advance(3, None, b"text").unwrap();
        let trace = Contents::Trace("checkpoint-3".to_owned());
        assert_eq!(contents(path).unwrap(), trace);

        open.finish_store().unwrap();
        assert_eq!(contents(path).unwrap(), Contents::Store);
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
