//! A disk whose power can be cut, for tests: what was not synced may be lost.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use super::super::disk::Disk;

/// A disk that works until its power is cut. Clones are the same disk.
#[derive(Clone, Default)]
pub(super) struct PoweredDisk {
    state: Rc<RefCell<State>>,
}

struct State {
    /// By number.
    contents: Vec<Content>,
    /// As they are while there is power.
    names: BTreeMap<String, usize>,
    /// As they are on the disk.
    synced_names: BTreeMap<String, usize>,
    /// The changes that are still made before the power is cut.
    changes: usize,
    /// The descriptors that the process may have.
    descriptors: usize,
    /// One for each open file.
    open: Rc<()>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            contents: Vec::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            changes: usize::MAX,
            descriptors: usize::MAX,
            open: Rc::new(()),
        }
    }
}

#[derive(Clone, Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
}

/// An open file, by its number.
pub(super) struct PoweredFile {
    number: usize,
    _descriptor: Rc<()>,
}

/// What a power cut takes of what was never synced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Lost {
    pub(super) contents: bool,
    pub(super) names: bool,
}

impl Lost {
    /// File systems order the two in any way, or in none.
    pub(super) const ALL: [Self; 4] = {
        const fn lost(contents: bool, names: bool) -> Lost {
            Lost { contents, names }
        }
        [
            lost(false, false),
            lost(true, false),
            lost(false, true),
            lost(true, true),
        ]
    };
}

impl PoweredDisk {
    /// Cuts the power after so many more changes.
    pub(super) fn cut_after(&self, changes: usize) {
        self.state.borrow_mut().changes = changes;
    }

    /// Lets the process have `more` descriptors than it has now, and no others.
    pub(super) fn limit_descriptors(&self, more: usize) {
        let mut state = self.state.borrow_mut();
        state.descriptors = Rc::strong_count(&state.open) - 1 + more;
    }

    /// The disk as the next start finds it after a power cut now.
    pub(super) fn after_power_cut(&self, lost: Lost) -> Self {
        let state = self.state.borrow();
        let names = match lost.names {
            true => &state.synced_names,
            false => &state.names,
        };
        let contents = state.contents.iter().map(|content| {
            let left = match lost.contents {
                true => &content.synced,
                false => &content.written,
            };
            Content {
                written: left.clone(),
                synced: left.clone(),
            }
        });
        let state = State {
            contents: contents.collect(),
            names: names.clone(),
            synced_names: names.clone(),
            ..State::default()
        };
        Self {
            state: Rc::new(RefCell::new(state)),
        }
    }

    fn file(&self, number: usize) -> io::Result<PoweredFile> {
        let state = self.state.borrow();
        if Rc::strong_count(&state.open) > state.descriptors {
            return Err(io::Error::other("too many open files"));
        }
        Ok(PoweredFile {
            number,
            _descriptor: Rc::clone(&state.open),
        })
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        state.changes = match state.changes.checked_sub(1) {
            Some(changes) => changes,
            None => return Err(io::Error::other("no power")),
        };
        change(&mut state);
        Ok(())
    }
}

impl Disk for PoweredDisk {
    type File = PoweredFile;

    fn path(&self) -> &Path {
        Path::new("disk")
    }

    fn open(&self, name: &str) -> io::Result<Option<PoweredFile>> {
        let number = self.state.borrow().names.get(name).copied();
        number.map(|number| self.file(number)).transpose()
    }

    fn create(&self, name: &str) -> io::Result<PoweredFile> {
        let number = self.state.borrow().contents.len();
        let file = self.file(number)?;
        self.change(|state| {
            state.contents.push(Content::default());
            state.names.insert(name.to_owned(), number);
        })?;
        Ok(file)
    }

    fn is_named(&self, file: &PoweredFile, name: &str) -> io::Result<bool> {
        Ok(self.state.borrow().names.get(name) == Some(&file.number))
    }

    fn read(&self, file: &PoweredFile, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = self.state.borrow().contents[file.number].written.clone();
        bytes.truncate(limit);
        Ok(bytes)
    }

    fn write(&self, file: &PoweredFile, bytes: &[u8]) -> io::Result<()> {
        self.change(|state| {
            let written = &mut state.contents[file.number].written;
            written.resize(written.len().max(bytes.len()), 0);
            written[..bytes.len()].copy_from_slice(bytes);
        })
    }

    fn sync(&self, file: &PoweredFile) -> io::Result<()> {
        self.change(|state| {
            let content = &mut state.contents[file.number];
            content.synced.clone_from(&content.written);
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(|state| {
            let number = state.names.remove(from);
            state
                .names
                .extend(number.map(|number| (to.to_owned(), number)));
        })
    }

    fn sync_names(&self) -> io::Result<()> {
        self.change(|state| state.synced_names.clone_from(&state.names))
    }
}
