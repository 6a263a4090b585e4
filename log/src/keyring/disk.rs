//! Files that only their owner may read, written whole or not at all.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::KeyError;

/// Writes `text` to `file` in `directory`, for its owner only: whole or not at all, and durable
/// when it returns.
pub(crate) fn replace(directory: &Path, file: &Path, text: &str) -> Result<(), KeyError> {
    fs::create_dir_all(directory).map_err(|source| KeyError::Io {
        path: directory.to_owned(),
        source,
    })?;
    let path = directory.join(file);
    let temporary = path.with_extension("new");
    write_for_owner(&temporary, text)?;
    fs::rename(&temporary, &path).map_err(|source| KeyError::Io { path, source })?;
    sync_directory(directory)
}

/// The PEM text of a private key, which nobody but its owner may read.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let io_error = |source: io::Error| KeyError::Io {
        path: path.to_owned(),
        source,
    };
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyError::Missing(path.to_owned()));
        }
        Err(error) => return Err(io_error(error)),
    };
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(io_error)
}

pub(crate) fn write_for_owner(path: &Path, text: &str) -> Result<(), KeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    // A file that is there already would keep its mode, and might let others read the key.
    let removed = match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    let written = removed.and_then(|()| options.open(path));
    let written = written.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| KeyError::Io {
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn sync_directory(directory: &Path) -> Result<(), KeyError> {
    let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|source| KeyError::Io {
        path: directory.to_owned(),
        source,
    })
}
