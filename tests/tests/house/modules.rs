//! The modules of a crate, and where a path in one of them leads.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::source::Source;
use super::tokens::NamedPath;

/// How many `use` lines are followed from one path: more are a circle of re-exports.
const MAX_FOLLOWED: usize = 16;

/// Reads a file of a crate, or says that there is none.
type ReadFile<'a> = dyn Fn(&Path) -> Option<String> + 'a;

/// The modules of one crate. The first is its root.
#[derive(Default)]
pub(crate) struct Crate {
    modules: Vec<Module>,
    files: Vec<PathBuf>,
}

struct Module {
    /// The module that it stands in; the root stands in itself.
    parent: usize,
    children: BTreeMap<String, usize>,
    /// Its file, by number.
    file: usize,
    source: Source,
}

/// One file knows another.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Arrow {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
    pub(crate) line: usize,
    /// The path that leads there, as it is written.
    pub(crate) path: String,
}

/// Where a path leads.
enum Place {
    Module(usize),
    /// An item in a file.
    Item(usize),
}

/// Whether nothing but tests is in this file.
pub(crate) fn is_for_tests(file: &Path) -> bool {
    let inside = file.iter().skip_while(|part| *part != "src");
    inside
        .into_iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

/// The file of a module that `mod name;` declares.
fn file_of_module(folder: &Path, name: &str, read_file: &ReadFile<'_>) -> PathBuf {
    let alone = folder.join(format!("{name}.rs"));
    match read_file(&alone) {
        Some(_) => alone,
        None => folder.join(name).join("mod.rs"),
    }
}

impl Crate {
    /// Reads the crate whose modules begin at `root`.
    pub(crate) fn load(root: &Path) -> Self {
        Self::read(root, &|path| fs::read_to_string(path).ok())
    }

    /// Reads a crate from files that need not be on a disk.
    pub(crate) fn read(root: &Path, read_file: &ReadFile<'_>) -> Self {
        let mut read = Self::default();
        read.read_module(0, root, root.parent().unwrap(), read_file);
        read
    }

    /// All files that its modules are in.
    pub(crate) fn into_files(self) -> Vec<PathBuf> {
        self.files
    }

    /// Reads the module in `file`, whose children are in `folder`.
    fn read_module(
        &mut self,
        parent: usize,
        file: &Path,
        folder: &Path,
        read_file: &ReadFile<'_>,
    ) -> usize {
        let text = read_file(file).unwrap_or_else(|| panic!("there is no {}", file.display()));
        let source = Source::parse(&text).unwrap_or_else(|_| panic!("no Rust: {}", file.display()));
        self.files.push(file.to_owned());
        self.add_module(parent, self.files.len() - 1, source, folder, read_file)
    }

    fn add_module(
        &mut self,
        parent: usize,
        file: usize,
        mut source: Source,
        folder: &Path,
        read_file: &ReadFile<'_>,
    ) -> usize {
        let id = self.modules.len();
        let declared = std::mem::take(&mut source.children);
        self.modules.push(Module {
            parent,
            children: BTreeMap::new(),
            file,
            source,
        });
        for (name, body) in declared {
            let below = folder.join(&name);
            let child = match body {
                Some(body) => self.add_module(id, file, body, &below, read_file),
                None => {
                    let path = file_of_module(folder, &name, read_file);
                    if is_for_tests(&path) {
                        continue;
                    }
                    self.read_module(id, &path, &below, read_file)
                }
            };
            self.modules[id].children.insert(name, child);
        }
        id
    }

    /// Every arrow between two files, each pair once.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows: BTreeMap<(usize, usize), &NamedPath> = BTreeMap::new();
        for (id, module) in self.modules.iter().enumerate() {
            let imports = module.source.imports.iter().map(|import| &import.path);
            for path in imports.chain(&module.source.paths) {
                let Some(to) = self.file_of(id, &path.segments) else {
                    continue;
                };
                if to != module.file {
                    arrows.entry((module.file, to)).or_insert(path);
                }
            }
        }
        let arrow = |((from, to), path): ((usize, usize), &NamedPath)| Arrow {
            from: self.files[from].clone(),
            to: self.files[to].clone(),
            line: path.line,
            path: path.segments.join("::"),
        };
        arrows.into_iter().map(arrow).collect()
    }

    /// The file that a path in module `from` leads to; `None` if that is in another crate.
    fn file_of(&self, from: usize, segments: &[String]) -> Option<usize> {
        match self.resolve(from, segments, 0)? {
            Place::Module(module) => Some(self.modules[module].file),
            Place::Item(file) => Some(file),
        }
    }

    fn resolve(&self, from: usize, segments: &[String], followed: usize) -> Option<Place> {
        let mut module = from;
        let mut is_inside = false;
        for segment in segments {
            match segment.as_str() {
                "crate" => module = 0,
                "self" => {}
                "super" => module = self.modules[module].parent,
                name => match self.look_up(module, name, followed) {
                    Some(Place::Module(child)) => module = child,
                    Some(item) => return Some(item),
                    // An item that cannot be followed, or at the beginning another crate.
                    None if is_inside => return Some(Place::Item(self.modules[module].file)),
                    None => return None,
                },
            }
            is_inside = true;
        }
        Some(Place::Module(module))
    }

    /// What `name` means in a module.
    fn look_up(&self, id: usize, name: &str, followed: usize) -> Option<Place> {
        let module = &self.modules[id];
        if let Some(child) = module.children.get(name) {
            return Some(Place::Module(*child));
        }
        if module.source.items.contains(name) {
            return Some(Place::Item(module.file));
        }
        if followed == MAX_FOLLOWED {
            return None;
        }
        self.imported(id, name, followed)
            .or_else(|| self.exported_macro(id, name))
    }

    /// What a `use` line of a module brings in as `name`.
    fn imported(&self, id: usize, name: &str, followed: usize) -> Option<Place> {
        let imports = &self.modules[id].source.imports;
        let named = imports
            .iter()
            .filter(|import| import.name.as_deref() == Some(name));
        // `use name::...` of another crate would lead back to itself.
        let mut paths = named
            .map(|import| &import.path.segments)
            .filter(|segments| segments.first().is_some_and(|it| it != name));
        if let Some(place) = paths.find_map(|it| self.resolve(id, it, followed + 1)) {
            return Some(place);
        }
        let globs = imports.iter().filter(|import| import.name.is_none());
        globs
            .filter_map(|import| self.resolve(id, &import.path.segments, followed + 1))
            .find_map(|place| match place {
                Place::Module(other) if other != id => self.look_up(other, name, followed + 1),
                _ => None,
            })
    }

    fn exported_macro(&self, id: usize, name: &str) -> Option<Place> {
        let mut modules = self.modules.iter().filter(|_| id == 0);
        let owner = modules.find(|module| module.source.exported_macros.contains(name))?;
        Some(Place::Item(owner.file))
    }
}
