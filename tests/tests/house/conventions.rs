//! Conventions about files: their width, their first line, their place.

use std::fs;
use std::path::Path;

use super::circles::short;
use super::members::Member;
use super::source::Source;

/// The widest line, in characters.
const MAX_COLUMNS: usize = 100;

/// Something that every file of a crate keeps to.
pub(crate) struct Convention {
    /// What it is called where it is broken.
    pub(crate) name: &'static str,
    /// Where it is broken.
    pub(crate) check: fn(&Member) -> Vec<String>,
    /// Crates that break it today.
    pub(crate) exempt: &'static [&'static str],
}

/// All of them.
pub(crate) const ALL: &[Convention] = &[
    Convention {
        name: "a line of more than 100 columns",
        check: wide_lines,
        exempt: &[],
    },
    Convention {
        name: "a file that does not say what it is for",
        check: files_without_docs,
        exempt: &[],
    },
    Convention {
        name: "a module beside the folder of its children",
        check: modules_beside_folders,
        exempt: &[],
    },
    Convention {
        name: "#[non_exhaustive] inside of the workspace",
        check: non_exhaustive_types,
        exempt: &[],
    },
    Convention {
        name: "an environment variable that is no documented setting",
        check: environment_variables,
        exempt: &[],
    },
];

/// Crates that read documented variables, or are no part of what is shipped.
const READS_ENVIRONMENT: &[&str] = &["ledgerstone", "tests", "benches", "soak", "fuzz"];

fn wide_lines(member: &Member) -> Vec<String> {
    lines_where(member, |line| line.chars().count() > MAX_COLUMNS)
}

fn non_exhaustive_types(member: &Member) -> Vec<String> {
    lines_where(member, |line| {
        line.trim_start().starts_with("#[non_exhaustive]")
    })
}

fn environment_variables(member: &Member) -> Vec<String> {
    if READS_ENVIRONMENT.contains(&member.folder.as_str()) {
        return Vec::new();
    }
    let reads = |line: &str| line.contains("env::var") && !line.contains("NO_COLOR");
    let mut found = lines_where(member, reads);
    found.retain(|file| !file.contains("build.rs") && !file.contains("/tests/"));
    found
}

/// Every file of a crate with lines of which something is true, and the numbers of those.
fn lines_where(member: &Member, is_true: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in member.files() {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().enumerate().filter(|(_, line)| is_true(line));
        let numbers: Vec<usize> = lines.map(|(index, _)| index + 1).collect();
        if !numbers.is_empty() {
            found.push(format!("{} {numbers:?}", short(&file).display()));
        }
    }
    found
}

fn files_without_docs(member: &Member) -> Vec<String> {
    let files = member.sources().into_iter();
    files
        .filter(|file| !says_what_it_is_for(&fs::read_to_string(file).unwrap()))
        .map(|file| short(&file).display().to_string())
        .collect()
}

/// Whether a file begins with `//!`, or has one public type whose docs say it.
pub(crate) fn says_what_it_is_for(text: &str) -> bool {
    let is_one_type = || {
        let source = Source::parse(text).unwrap();
        let public: Vec<_> = source.types.iter().filter(|it| it.is_public).collect();
        matches!(public.as_slice(), [only] if only.has_docs)
    };
    text.starts_with("//!") || is_one_type()
}

fn modules_beside_folders(member: &Member) -> Vec<String> {
    let files = member.files().into_iter();
    files
        .filter(|file| is_rust(file) && file.with_extension("").is_dir())
        .map(|file| short(&file).display().to_string())
        .collect()
}

fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}
