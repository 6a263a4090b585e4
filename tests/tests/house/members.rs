//! The members of the workspace and their files.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// A crate of this workspace.
pub(crate) struct Member {
    /// Its folder, which is its name without `ledgerstone-`.
    pub(crate) folder: String,
    /// Where the folder is.
    pub(crate) path: PathBuf,
}

impl Member {
    /// The files that its modules begin from.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        ["src/lib.rs", "src/main.rs"]
            .map(|root| self.path.join(root))
            .into_iter()
            .filter(|root| root.exists())
            .collect()
    }

    /// Every Rust file below `src/`.
    pub(crate) fn sources(&self) -> Vec<PathBuf> {
        files_below(&self.path.join("src"), &["rs"])
    }

    /// Every Rust and `.proto` file that this crate has.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_below(&self.path, &["rs", "proto"])
    }

    /// `Cargo.toml`.
    pub(crate) fn manifest(&self) -> toml::Table {
        read_manifest(&self.path.join("Cargo.toml"))
    }
}

/// All members, as the workspace's own `Cargo.toml` lists them.
pub(crate) fn all() -> Vec<Member> {
    let (root, manifest) = (workspace(), manifest());
    let members = manifest["workspace"]["members"].as_array().unwrap().iter();
    members
        .map(|folder| folder.as_str().unwrap().to_owned())
        .map(|folder| Member {
            path: root.join(&folder),
            folder,
        })
        .collect()
}

/// The workspace's own `Cargo.toml`.
pub(crate) fn manifest() -> toml::Table {
    read_manifest(&workspace().join("Cargo.toml"))
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn read_manifest(path: &Path) -> toml::Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn files_below(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let extension = path.extension().and_then(|it| it.to_str());
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if extension.is_some_and(|it| extensions.contains(&it)) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
