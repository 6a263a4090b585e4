//! One bit of one file.

use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_tests::random::Random;

/// A bit, and the file that it is in.
pub(crate) struct Bit {
    path: PathBuf,
    inode: u64,
    offset: u64,
    /// The byte as it was.
    sound: u8,
    mask: u8,
    /// All of a file that is written over in place.
    damaged_text: Option<Vec<u8>>,
}

/// Files that are written over in place, and so may hold another text by now.
const WRITTEN_OVER: &str = "checkpoint-";

/// Every kind of file that a data directory has, by what its name begins and ends with.
const KINDS: [(&str, &str, &str); 8] = [
    ("store", "", ".sst"),
    ("store", "", ".log"),
    ("store", "MANIFEST-", ""),
    ("store", "CURRENT", ""),
    ("store", "OPTIONS-", ""),
    ("store", "IDENTITY", ""),
    ("", "checkpoint-", ""),
    ("keys", "", ".pem"),
];

impl Bit {
    /// A bit of a file in the data directory `data`, each kind of file as likely as any other.
    pub(crate) fn choose(data: &Path, random: &mut Random) -> anyhow::Result<Self> {
        let kinds = KINDS.map(|(folder, begin, end)| files(&data.join(folder), begin, end));
        let kinds: Vec<_> = kinds.iter().filter(|files| !files.is_empty()).collect();
        anyhow::ensure!(!kinds.is_empty(), "the log has no files");
        let files = random.one_of(&kinds);
        let path = random.one_of(files).clone();
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        let offset = random.below(length);
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset)?;
        Ok(Self {
            inode: file.metadata()?.ino(),
            path,
            offset,
            sound: byte[0],
            mask: 1 << random.below(8),
            damaged_text: None,
        })
    }

    /// Turns the bit over.
    pub(crate) fn flip(&mut self) -> anyhow::Result<()> {
        self.write(self.sound ^ self.mask)?;
        if self.file_name().starts_with(WRITTEN_OVER) {
            self.damaged_text = Some(fs::read(&self.path)?);
        }
        Ok(())
    }

    /// Restores the bit, where the file is still the one that was damaged. Says whether it was.
    pub(crate) fn restore(&self) -> anyhow::Result<bool> {
        let Ok(file) = File::open(&self.path) else {
            return Ok(false);
        };
        let mut byte = [0];
        let is_same = file.metadata()?.ino() == self.inode
            && file.read_exact_at(&mut byte, self.offset).is_ok()
            && byte[0] == self.sound ^ self.mask
            && match &self.damaged_text {
                Some(text) => fs::read(&self.path)? == *text,
                None => true,
            };
        if is_same {
            self.write(self.sound)?;
        }
        Ok(is_same)
    }

    /// The file, within the data directory.
    pub(crate) fn file_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn write(&self, byte: u8) -> anyhow::Result<()> {
        let file = fs::OpenOptions::new().write(true).open(&self.path);
        let file = file.with_context(|| format!("cannot open {}", self.path.display()))?;
        file.write_all_at(&[byte], self.offset)?;
        // A repair that a later power cut takes back would be damage again.
        Ok(file.sync_all()?)
    }
}

impl std::fmt::Display for Bit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, offset, mask) = (self.file_name(), self.offset, self.mask);
        write!(f, "{name} byte {offset} mask {mask:#04x}")
    }
}

/// The files of a kind that hold something, in the order of their names.
fn files(folder: &Path, begin: &str, end: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let holds = entry
                .metadata()
                .is_ok_and(|it| it.is_file() && it.len() > 0);
            name.starts_with(begin) && name.ends_with(end) && holds
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_flipped_and_restored_where_the_file_is_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let (path, mut random) = (directory.path().join("checkpoint-0"), Random::new(1));
        fs::write(&path, "checkpoint").unwrap();
        let mut bit = Bit::choose(directory.path(), &mut random).unwrap();
        bit.flip().unwrap();
        let damaged = fs::read(&path).unwrap();
        let ones = |bytes: &[u8]| bytes.iter().map(|byte| byte.count_ones()).sum::<u32>();
        assert_eq!(damaged.len(), 10);
        assert_eq!(ones(&damaged).abs_diff(ones(b"checkpoint")), 1);
        assert!(bit.restore().unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"checkpoint");

        bit.flip().unwrap();
        let newer = directory.path().join("newer");
        fs::write(&newer, &damaged).unwrap();
        fs::rename(newer, &path).unwrap();
        assert!(!bit.restore().unwrap());
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}
