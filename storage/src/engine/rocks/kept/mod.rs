//! The kept checkpoints: a small file for each tree, which every round replaces.

mod disk;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use parking_lot::Mutex;

use super::super::error::EngineError;
use super::super::interface::MAX_KEPT_BYTES;
use super::error::in_path;

pub(super) use self::disk::Directory;
use self::disk::Disk;

/// The kept checkpoints of all trees, whose files stay open.
#[derive(Debug)]
pub(super) struct KeptFiles<D: Disk = Directory> {
    disk: D,
    /// Locked while a text is replaced, and while one is read.
    files: Mutex<Files<D::File>>,
}

#[derive(Debug)]
struct Files<F> {
    /// By tree.
    open: BTreeMap<u32, F>,
    /// A file that is open for its descriptor alone, which the next new file takes: a process that
    /// has used up its descriptors meanwhile can still replace a file.
    reserve: Option<F>,
}

impl<D: Disk> KeptFiles<D> {
    /// The files on `disk`, which are opened when they are asked for.
    pub(super) fn new(disk: D) -> Self {
        let files = Files {
            open: BTreeMap::new(),
            reserve: None,
        };
        Self {
            disk,
            files: Mutex::new(files),
        }
    }

    /// Opens the files of `trees` and makes them durable: one that an earlier process replaced, or
    /// an earlier version, may not be.
    pub(super) fn hold(&self, trees: &[u32]) -> Result<(), EngineError> {
        let mut files = self.files.lock();
        for tree in trees {
            let name = name_of(*tree);
            if let Some(file) = self.current(&mut files, *tree)? {
                self.disk.sync(file).map_err(self.failed("sync", &name))?;
            }
            if files.reserve.is_none() {
                files.reserve = self.disk.open(&name).map_err(self.failed("open", &name))?;
            }
        }
        self.sync_names()
    }

    /// The kept checkpoint of `tree`: of one longer than [`MAX_KEPT_BYTES`] one byte more than
    /// that.
    pub(super) fn kept(&self, tree: u32) -> Result<Option<Bytes>, EngineError> {
        let kept = self.text(&mut self.files.lock(), tree)?;
        Ok(kept.map(Bytes::from))
    }

    /// Replaces the kept checkpoint of `tree` if it is `from`.
    ///
    /// A process that ends meanwhile, and a power cut, leave an old text or the new one, always a
    /// whole one. Only where the file is a new one is the new text durable when this returns.
    pub(super) fn advance(
        &self,
        tree: u32,
        from: Option<&[u8]>,
        to: &[u8],
    ) -> Result<(), EngineError> {
        let mut files = self.files.lock();
        let kept = self.text(&mut files, tree)?;
        if kept.as_deref() != from {
            return Err(EngineError::KeptDiffers { tree });
        }
        let is_as_long = kept.is_some_and(|kept| kept.len() == to.len());
        match files.open.get(&tree) {
            // The case of nearly every round. It takes no descriptor and no sync, and is as safe as
            // the other: neither the copy into the page nor the write of the sector stops
            // half-way, the sector is allocated, and nothing but these bytes changes.
            Some(file) if is_as_long && to.len() <= SECTOR_BYTES => {
                let name = name_of(tree);
                let written = self.disk.write(file, to);
                written.map_err(self.failed("write", &name))
            }
            _ => self.replace(&mut files, tree, to),
        }
    }

    /// Makes the kept checkpoint of `tree` and its name durable.
    pub(super) fn sync(&self, tree: u32) -> Result<(), EngineError> {
        let mut files = self.files.lock();
        let file = self.current(&mut files, tree)?;
        let file = file.ok_or(EngineError::NothingKept { tree })?;
        let synced = self.disk.sync(file);
        synced.map_err(self.failed("sync", &name_of(tree)))?;
        self.sync_names()
    }

    /// Puts a new file with the text `to` in the place of the one of `tree`. Durable when it
    /// returns.
    fn replace(&self, files: &mut Files<D::File>, tree: u32, to: &[u8]) -> Result<(), EngineError> {
        let name = name_of(tree);
        let next = format!("{name}.new");
        files.reserve = None;
        let file = self.disk.create(&next);
        let file = file.map_err(self.failed("write", &next))?;
        let written = self.disk.write(&file, to);
        written.map_err(self.failed("write", &next))?;
        // Without this a file system may keep the name that the file gets and lose what is in it,
        // so that a power cut leaves an empty file.
        self.disk.sync(&file).map_err(self.failed("sync", &next))?;
        // A crash before the rename leaves the old text, which lags behind the store: the next
        // start signs again.
        let renamed = self.disk.rename(&next, &name);
        renamed.map_err(self.failed("replace", &name))?;
        let old = files.open.insert(tree, file);
        // A crash before the sync leaves the old file or the new one.
        self.sync_names()?;
        // The first file of a log has no other one to take the descriptor of.
        files.reserve = old.or_else(|| self.disk.open(&name).ok().flatten());
        Ok(())
    }

    fn text(&self, files: &mut Files<D::File>, tree: u32) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(file) = self.current(files, tree)? else {
            return Ok(None);
        };
        let text = self.disk.read(file, MAX_KEPT_BYTES + 1);
        Ok(Some(text.map_err(self.failed("read", &name_of(tree)))?))
    }

    /// The file of `tree`: the one that is open, unless another one has its name by now.
    fn current<'f>(
        &self,
        files: &'f mut Files<D::File>,
        tree: u32,
    ) -> Result<Option<&'f D::File>, EngineError> {
        let name = name_of(tree);
        let is_current = match files.open.get(&tree) {
            Some(file) => self.disk.is_named(file, &name),
            None => Ok(false),
        };
        if !is_current.map_err(self.failed("look at", &name))? {
            files.open.remove(&tree);
            let file = self.disk.open(&name).map_err(self.failed("open", &name))?;
            files.open.extend(file.map(|file| (tree, file)));
        }
        Ok(files.open.get(&tree))
    }

    fn sync_names(&self) -> Result<(), EngineError> {
        let synced = self.disk.sync_names();
        synced.map_err(in_path("sync", self.disk.path()))
    }

    /// Names the file `name` in an error.
    fn failed(
        &self,
        action: &'static str,
        name: &str,
    ) -> impl FnOnce(io::Error) -> EngineError + use<D> {
        in_path(action, &self.disk.path().join(name))
    }
}

/// The name of the file of `tree`.
pub(super) fn name_of(tree: u32) -> String {
    format!("{PREFIX}{tree}")
}

/// The tree whose file has this name.
pub(super) fn tree_of(name: &str) -> Option<u32> {
    let tree = name.strip_prefix(PREFIX)?.parse().ok()?;
    (name_of(tree) == name).then_some(tree)
}

/// What the names of all files begin with, the unfinished ones too.
pub(super) const PREFIX: &str = "checkpoint-";

/// The least that any disk writes as a whole.
const SECTOR_BYTES: usize = 512;
