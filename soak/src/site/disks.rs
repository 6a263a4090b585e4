//! The disk of the log: an ext4 in a file, which lies in an XFS that copies files at once.
//!
//! A copy of the file while the log writes is the disk as a power cut at that moment leaves it:
//! with everything that was synced, and with whatever else had reached it.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;

use crate::site::mount::Mount;
use crate::site::tool::run;

/// Two disks, one in the other. Fields are dropped in their order: the inner one first.
pub(crate) struct Disks {
    inner: Option<Mount>,
    outer: Mount,
    /// Where the inner one is mounted.
    mounted_at: PathBuf,
}

/// Sizes in bytes. The files are sparse: they take what the log takes.
const OUTER_BYTES: u64 = 32 << 30;
const INNER_BYTES: u64 = 12 << 30;

/// The image of the log's disk.
const LOG: &str = "log.img";

impl Disks {
    /// Opens or makes the disks in a directory.
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        let image = directory.join("disks.img");
        if !image.exists() {
            make(
                &image,
                OUTER_BYTES,
                "mkfs.xfs",
                &["-q", "-f", "-m", "reflink=1"],
            )?;
        }
        let outer = Mount::new(&image, &directory.join("disks"))?;
        let inner = outer.path().join(LOG);
        if !inner.exists() {
            // Without blocks reserved for root, for whom a disk would never be full.
            make(&inner, INNER_BYTES, "mkfs.ext4", &["-q", "-F", "-m", "0"])?;
        }
        let mounted_at = directory.join("disk");
        Ok(Self {
            inner: Some(Mount::new(&inner, &mounted_at)?),
            outer,
            mounted_at,
        })
    }

    pub(crate) fn mounted_at(&self) -> &Path {
        &self.mounted_at
    }

    /// Writes to the image what the file system still has in memory.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        let disk = File::open(&self.mounted_at)?;
        Ok(rustix::fs::syncfs(&disk)?)
    }

    /// Copies the image at once, whatever is being written.
    pub(crate) fn snapshot(&self, name: &str) -> anyhow::Result<PathBuf> {
        let from = self.outer.path().join(LOG).display().to_string();
        let to = self.outer.path().join(name).with_extension("img");
        let copy = to.display().to_string();
        run("cp", &["--reflink=always", &from, &copy]).context("the disk cannot be copied")?;
        Ok(to)
    }

    /// Puts an image in the place of the log's disk.
    pub(crate) fn replace(&mut self, image: &Path) -> anyhow::Result<()> {
        drop(self.inner.take());
        let log = self.outer.path().join(LOG);
        fs::rename(image, &log)?;
        self.inner = Some(Mount::new(&log, &self.mounted_at)?);
        Ok(())
    }
}

/// Makes a file system in a new file, which has its name once it is whole.
fn make(image: &Path, bytes: u64, mkfs: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let unfinished = image.with_extension("new");
    File::create(&unfinished)?.set_len(bytes)?;
    let path = unfinished.display().to_string();
    run(mkfs, &[arguments, &[path.as_str()]].concat())?;
    Ok(fs::rename(unfinished, image)?)
}
