//! What RocksDB says, in the words of an engine.

use std::io;
use std::path::Path;

use rocksdb::ErrorKind;

use super::super::error::EngineDamage;
use super::super::error::EngineError;

/// What went wrong in an open store. RocksDB has no kind of its own for files that are not there.
pub(super) fn engine_error(action: &'static str, error: &rocksdb::Error) -> EngineError {
    let missing = error.kind() == ErrorKind::IOError && error.to_string().contains(NO_SUCH_FILE);
    match error.kind() {
        _ if missing => damage(error).into(),
        ErrorKind::Corruption => damage(error).into(),
        _ => EngineError::Failed {
            action,
            reason: error.to_string(),
        },
    }
}

/// What went wrong while a store was opened.
pub(super) fn open_error(error: &rocksdb::Error) -> EngineError {
    match error.kind() {
        ErrorKind::InvalidArgument | ErrorKind::NotFound => damage(error).into(),
        _ => engine_error("open the store", error),
    }
}

/// What RocksDB says of a file, under the name of the file.
pub(super) fn damage(error: &rocksdb::Error) -> EngineDamage {
    let words = error.to_string();
    let part = match file_in(&words) {
        Some(name) => format!("the file {name}"),
        None => "the store".to_owned(),
    };
    let what = format!("cannot be read: {words}");
    EngineDamage { part, what }
}

/// Names `path` in an error of the operating system.
pub(super) fn in_path(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> EngineError + use<> {
    let path = path.to_owned();
    move |source| EngineError::Io {
        action,
        path,
        source,
    }
}

/// The name of the file that RocksDB speaks of.
fn file_in(words: &str) -> Option<&str> {
    let words = words.split(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '\'' | '"'));
    let names = words.filter_map(|word| word.rsplit('/').next());
    let is_file = |name: &&str| {
        let numbered = name.split_once('.').is_some_and(|(number, extension)| {
            !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && matches!(extension, "sst" | "log" | "blob")
        });
        numbered || *name == "CURRENT" || name.starts_with("MANIFEST-")
    };
    names.into_iter().find(is_file)
}

const NO_SUCH_FILE: &str = "No such file or directory";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_the_words_of_rocksdb() {
        for (words, name) in [
            (
                "Corruption: block checksum mismatch: stored = 1, computed = 2, type = 4  in \
                 /data/store/000012.sst offset 0",
                Some("000012.sst"),
            ),
            (
                "IO error: No such file or directory: While open a file for random read: \
                 /a b/store/000013.sst: No such file or directory",
                Some("000013.sst"),
            ),
            (
                "Corruption: CURRENT file does not end with newline",
                Some("CURRENT"),
            ),
            ("Corruption: 1.2 is no name of a file", None),
            ("", None),
        ] {
            assert_eq!(file_in(words), name, "{words}");
        }
    }
}
