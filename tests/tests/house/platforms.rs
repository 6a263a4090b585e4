//! What the client is built of: nothing that needs a C++ compiler, and nothing that only Unix has.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::circles::short;
use super::members;
use super::members::Member;
use super::modules::is_for_tests;

/// The crates of the client, which is built for Windows and macOS too.
const CLIENT: &[&str] = &["proto", "merkle", "entry", "tuf", "client", "ledgerstone"];

/// What only Unix has, or only Linux, as code says it.
const ELSEWHERE_UNKNOWN: &[&str] = &[
    "os::unix",
    "os::linux",
    "os::fd",
    "signal::unix",
    "rustix::",
    "libc::",
    "\"/proc/",
    "\"/dev/",
    "\"/etc/",
    "\"/tmp",
];

/// What compiles C++ or needs libclang, by the beginnings of its names.
const OF_ROCKSDB: &[&str] = &[
    "rocksdb",
    "librocksdb-sys",
    "bindgen",
    "clang-sys",
    "zstd-sys",
    "lz4-sys",
    "cxx",
];

/// Every place in the client's crates where something stands that only some systems have, and no
/// `cfg` says so.
pub(crate) fn unix_only() -> Vec<String> {
    let members = members::all().into_iter();
    let client = members.filter(|member| CLIENT.contains(&member.folder.as_str()));
    client.flat_map(|member| in_crate(&member)).collect()
}

fn in_crate(member: &Member) -> Vec<String> {
    let sources = member.sources();
    let of_server: Vec<_> = sources
        .iter()
        .flat_map(|file| modules_of_server(file))
        .collect();
    let is_client = |file: &&PathBuf| {
        let in_src = file.iter().any(|part| part == "src");
        in_src && !is_for_tests(file) && !of_server.iter().any(|module| file.starts_with(module))
    };
    let files = sources.iter().filter(is_client);
    let found = files.flat_map(|file| {
        let lines = lines_without_cfg(&fs::read_to_string(file).unwrap());
        let place = move |line| format!("{}:{line}", short(file).display());
        lines.into_iter().map(place)
    });
    found.collect()
}

/// The files and folders of the modules that only the server has.
fn modules_of_server(file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2);
    let names = pairs.filter(|pair| pair[0].trim() == "#[cfg(feature = \"server\")]");
    let names = names.filter_map(|pair| pair[1].trim().strip_suffix(';')?.rsplit_once("mod "));
    let folder = file.parent().unwrap();
    names
        .flat_map(|(_, name)| [folder.join(format!("{name}.rs")), folder.join(name)])
        .collect()
}

/// The numbers of the lines that name such a thing, outside of tests and of items with a `cfg`.
pub(crate) fn lines_without_cfg(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut exempt: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        if let Some(outer) = &exempt {
            let ends = code.starts_with('}') || (code.ends_with(';') && !code.contains('}'));
            if ends && indent == outer {
                exempt = None;
            }
            continue;
        }
        if code.starts_with("#[cfg(test)]") {
            break;
        }
        if code.starts_with("#[cfg(unix)]") || code.starts_with("#[cfg(target_os") {
            exempt = Some(indent.to_owned());
            continue;
        }
        let names = ELSEWHERE_UNKNOWN.iter().any(|name| code.contains(name));
        if names && !code.starts_with("//") {
            found.push(index + 1);
        }
    }
    found
}

/// The crates that the client is built of, and that need what only RocksDB should.
pub(crate) fn of_rocksdb_in_client() -> Vec<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--package", "ledgerstone", "--no-default-features"])
        .args(["--features", "client", "--edges", "normal,build"])
        .args(["--locked", "--prefix", "none"])
        .current_dir(members::workspace());
    let output = tree.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("ledgerstone-client"), "{tree}");
    let crates = tree.lines().filter(|line| {
        let name = line.split(' ').next().unwrap_or_default();
        OF_ROCKSDB.contains(&name)
    });
    crates.map(str::to_owned).collect()
}
