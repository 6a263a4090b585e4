//! What is kept of a repository between runs, in a folder of its own.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::files::replace_file;
use crate::tuf::error::RepositoryError;

/// What is kept of one repository.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache of the repository at `url`, below `folder`.
    pub(crate) fn new(folder: &Path, url: &str) -> Self {
        Self {
            folder: folder.join(folder_name(url)),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file `name`, if it was kept.
    pub(crate) fn load(&self, name: &str) -> Result<Option<Vec<u8>>, RepositoryError> {
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RepositoryError::Cache { path, source }),
        }
    }

    /// Keeps `bytes` as the file `name`, in place of what was kept before.
    pub(crate) fn store(&self, name: &str, bytes: &[u8]) -> Result<(), RepositoryError> {
        let path = self.folder.join(name);
        let stored = fs::create_dir_all(&self.folder).and_then(|()| replace_file(&path, bytes));
        stored.map_err(|source| RepositoryError::Cache { path, source })
    }
}

/// A URL without its scheme, as the name of a folder: what is no letter, digit or point becomes a
/// line.
fn folder_name(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let name = rest.trim_end_matches('/').to_ascii_lowercase();
    let letters = name.chars().map(|letter| match letter {
        'a'..='z' | '0'..='9' | '.' => letter,
        _ => '-',
    });
    let name: String = letters.collect();
    name.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_a_folder_of_its_own() {
        for (url, name) in [
            (
                "https://tuf-repo-cdn.sigstore.dev",
                "tuf-repo-cdn.sigstore.dev",
            ),
            ("http://127.0.0.1:8080/Tuf/", "127.0.0.1-8080-tuf"),
            ("https://../../x", "-..-x"),
        ] {
            assert_eq!(folder_name(url), name);
        }
    }
}
