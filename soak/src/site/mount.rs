//! A file system in a file.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::site::tool::run;

/// A mounted image, unmounted when it is dropped. The loop device goes with the mount.
pub(crate) struct Mount {
    path: PathBuf,
}

/// How often an unmount is tried: a process that was just killed may still hold files.
const UNMOUNT_TRIES: usize = 40;
const UNMOUNT_PAUSE: Duration = Duration::from_millis(50);

impl Mount {
    /// Mounts `image` at `path`, which is made.
    pub(crate) fn new(image: &Path, path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path)?;
        let (image, at) = (image.display().to_string(), path.display().to_string());
        run("mount", &["-o", "loop", &image, &at])?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Err(error) = unmount(&self.path) {
            eprintln!("note: {error:#}");
        }
    }
}

/// Unmounts what is mounted at `path`, at the latest once nobody uses it.
pub(crate) fn unmount(path: &Path) -> anyhow::Result<()> {
    let path = path.display().to_string();
    for _ in 0..UNMOUNT_TRIES {
        if run("umount", &[&path]).is_ok() {
            return Ok(());
        }
        thread::sleep(UNMOUNT_PAUSE);
    }
    run("umount", &["--lazy", &path])
}
