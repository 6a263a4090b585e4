//! The directory of a run: where the log under test lives, with copies of it and what is known.

mod disks;
mod fill;
mod leftovers;
mod mount;
mod tool;

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;

use crate::site::disks::Disks;
use crate::site::mount::Mount;
use crate::site::tool::run;

/// The directory of a run.
pub(crate) struct Site {
    directory: PathBuf,
    /// The disks that the log lies on; without, it lies in the directory itself.
    disks: Option<Disks>,
    /// Why there are no disks.
    why_no_disks: Option<String>,
    /// Held, so that no other run works here.
    _lock: File,
}

/// A copy of the data directory, as it was at one moment.
pub(crate) enum Backup {
    Image(PathBuf),
    Directory(PathBuf),
}

/// A copy to try things with, gone when it is dropped.
pub(crate) struct Scratch {
    data: PathBuf,
    mount: Option<Mount>,
    remains: PathBuf,
}

impl Site {
    /// Opens or makes the directory, after what an earlier run left mounted or running in it is
    /// cleaned away. Without `wants_disks` the log lies in the directory itself.
    pub(crate) fn open(directory: &Path, wants_disks: bool) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let directory = directory.canonicalize()?;
        let lock = File::create(directory.join("lock"))?;
        lock.try_lock()
            .with_context(|| format!("another run works in {}", directory.display()))?;
        leftovers::clean(&directory)?;
        let disks = match wants_disks {
            true => Disks::open(&directory).map_err(|error| format!("{error:#}")),
            false => Err("--no-disks was given".to_owned()),
        };
        let (disks, why_no_disks) = match disks {
            Ok(disks) => (Some(disks), None),
            Err(reason) => (None, Some(reason)),
        };
        Ok(Self {
            directory,
            disks,
            why_no_disks,
            _lock: lock,
        })
    }

    /// A file of the run, beside the log.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A text for results, which do not say where the run was.
    pub(crate) fn without_place(&self, text: &str) -> String {
        text.replace(&*self.directory.to_string_lossy(), "DIR")
    }

    /// The data directory of the log.
    pub(crate) fn data(&self) -> PathBuf {
        match &self.disks {
            Some(disks) => disks.mounted_at().join(DATA),
            None => self.directory.join(DATA),
        }
    }

    /// Why disks cannot be cut off or filled here; `None` where they can.
    pub(crate) fn why_no_disks(&self) -> Option<&str> {
        self.why_no_disks.as_deref()
    }

    /// What the disk holds at this moment, while the log is being written.
    pub(crate) fn snapshot(&self) -> anyhow::Result<Backup> {
        let disks = self.disks.as_ref().context("there are no disks")?;
        Ok(Backup::Image(disks.snapshot(COPY)?))
    }

    /// A copy of the data directory of a log that does not run.
    pub(crate) fn copy(&self) -> anyhow::Result<Backup> {
        self.copy_as(COPY)
    }

    /// Puts a backup in the place of the log, which does not run.
    pub(crate) fn restore(&mut self, backup: Backup) -> anyhow::Result<()> {
        match (backup, &mut self.disks) {
            (Backup::Image(image), Some(disks)) => disks.replace(&image),
            (Backup::Directory(copy), _) => {
                let data = self.data();
                fs::remove_dir_all(&data)?;
                Ok(fs::rename(copy, data)?)
            }
            (Backup::Image(_), None) => anyhow::bail!("there are no disks"),
        }
    }

    /// A copy of the log, which does not run, to try things with.
    pub(crate) fn scratch(&self) -> anyhow::Result<Scratch> {
        match self.copy_as(SCRATCH)? {
            Backup::Directory(data) => Ok(Scratch {
                remains: data.clone(),
                mount: None,
                data,
            }),
            Backup::Image(image) => {
                let mount = Mount::new(&image, &self.directory.join("scratch-disk"))?;
                Ok(Scratch {
                    data: mount.path().join(DATA),
                    mount: Some(mount),
                    remains: image,
                })
            }
        }
    }

    /// Fills the disk up.
    pub(crate) fn fill_up(&self) -> anyhow::Result<()> {
        let disks = self.disks.as_ref().context("there are no disks")?;
        fill::fill_up(disks.mounted_at())
    }

    /// Frees what [`fill_up`](Self::fill_up) took.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        let disks = self.disks.as_ref().context("there are no disks")?;
        fill::free(disks.mounted_at())
    }

    /// Keeps the data directory as it is, for whoever looks into what went wrong.
    pub(crate) fn keep_evidence(&self, name: &str) -> anyhow::Result<PathBuf> {
        let kept = self.directory.join(name);
        copy_directory(&self.data(), &kept)?;
        Ok(kept)
    }

    fn copy_as(&self, name: &str) -> anyhow::Result<Backup> {
        if let Some(disks) = &self.disks {
            disks.settle()?;
            return Ok(Backup::Image(disks.snapshot(name)?));
        }
        let copy = self.directory.join(name);
        copy_directory(&self.data(), &copy)?;
        Ok(Backup::Directory(copy))
    }
}

impl Scratch {
    /// The data directory of the copy.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.mount.take());
        // What cannot be removed is replaced by the next copy.
        let _ = match self.remains.is_dir() {
            true => fs::remove_dir_all(&self.remains),
            false => fs::remove_file(&self.remains),
        };
    }
}

const DATA: &str = "data";
const COPY: &str = "copy";
const SCRATCH: &str = "scratch";

fn copy_directory(from: &Path, to: &Path) -> anyhow::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let (from, to) = (from.display().to_string(), to.display().to_string());
    run("cp", &["-a", "--reflink=auto", &from, &to])
}
