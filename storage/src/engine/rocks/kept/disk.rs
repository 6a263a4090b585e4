//! What the kept checkpoints lie on: a directory of the operating system.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

/// A directory with files, where nothing is durable before it was synced: the content of a file by
/// [`sync`](Self::sync), names by [`sync_names`](Self::sync_names).
pub(crate) trait Disk {
    /// An open file.
    type File;

    /// Where it is, for messages.
    fn path(&self) -> &Path;

    /// Opens the file `name`, where there is one.
    fn open(&self, name: &str) -> io::Result<Option<Self::File>>;

    /// Makes an empty file `name`, or empties the one that is there.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Whether `file` is the one that has the name `name`. Takes no descriptor.
    fn is_named(&self, file: &Self::File, name: &str) -> io::Result<bool>;

    /// The content of `file`, of a longer one the first `limit` bytes.
    fn read(&self, file: &Self::File, limit: usize) -> io::Result<Vec<u8>>;

    /// Writes `bytes` over the beginning of `file`.
    fn write(&self, file: &Self::File, bytes: &[u8]) -> io::Result<()>;

    /// Makes the content of `file` durable.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    /// Gives the file `from` the name `to`, which another one may have had.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Makes all names durable.
    fn sync_names(&self) -> io::Result<()>;
}

/// A directory of the operating system. It stays open, so that syncing names takes no descriptor.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    handle: File,
    is_writable: bool,
}

impl Directory {
    /// Opens the directory at `path`.
    pub(crate) fn open(path: &Path, is_writable: bool) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            handle: File::open(path)?,
            is_writable,
        })
    }
}

impl Disk for Directory {
    type File = File;

    fn path(&self) -> &Path {
        &self.path
    }

    fn open(&self, name: &str) -> io::Result<Option<File>> {
        let mut options = OpenOptions::new();
        options.read(true).write(self.is_writable);
        present(options.open(self.path.join(name)))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        options.open(self.path.join(name))
    }

    fn is_named(&self, file: &File, name: &str) -> io::Result<bool> {
        let named = present(fs::metadata(self.path.join(name)))?;
        let own = file.metadata()?;
        Ok(named.is_some_and(|named| (named.dev(), named.ino()) == (own.dev(), own.ino())))
    }

    fn read(&self, file: &File, limit: usize) -> io::Result<Vec<u8>> {
        let length = file.metadata()?.len();
        let length = usize::try_from(length).unwrap_or(limit).min(limit);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<()> {
        file.write_all_at(bytes, 0)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}

fn present<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
