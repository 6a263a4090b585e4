//! Which crate may know which.

use toml::Table;
use toml::Value;

use super::members::Member;

/// The house from the ground up: a crate may know those that stand before it, but for some that it
/// must not.
pub(crate) const HOUSE: &[Floor] = &[
    floor("proto", &[]),
    floor("merkle", &["proto"]),
    floor("entry", &[]),
    floor("tuf", &[]),
    floor("storage", &[]),
    floor("log", &[]),
    floor("instance", &[]),
    floor("client", &["storage", "log", "instance"]),
    floor("log-server", &["client"]),
    floor("ledgerstone", &[]),
    // Beside the house: nothing depends on these, but tests and soak on what tests share.
    floor("benches", &["log-server", "ledgerstone"]),
    floor("fuzz", &["instance", "ledgerstone", "benches"]),
    floor("tests", &["benches", "fuzz"]),
    // Talks to the program alone, and so must not need what the program is made of.
    floor("soak", NOT_OF_SOAK),
];

/// What only those have who build RocksDB, or what is built on it.
const NOT_OF_SOAK: &[&str] = &[
    "storage",
    "log",
    "instance",
    "log-server",
    "ledgerstone",
    "benches",
    "fuzz",
];

/// What the tests of every crate may use besides: helpers that know nothing above `merkle`.
const SHARED_BY_TESTS: &str = "tests";

/// A crate and its place.
pub(crate) struct Floor {
    folder: &'static str,
    must_not_know: &'static [&'static str],
}

const fn floor(folder: &'static str, must_not_know: &'static [&'static str]) -> Floor {
    Floor {
        folder,
        must_not_know,
    }
}

/// The dependencies of a crate that point upward, or to the side.
pub(crate) fn upward(member: &Member) -> Vec<String> {
    let manifest = member.manifest();
    let mut upward = Vec::new();
    for (section, dependency) in dependencies(&manifest) {
        let is_for_tests = section == "dev-dependencies";
        let is_exempt = is_for_tests && (member.folder == "tests" || dependency == SHARED_BY_TESTS);
        if !is_exempt && !may_know(&member.folder, &dependency) {
            let manifest = format!("{}/Cargo.toml", member.folder);
            upward.push(format!(
                "{manifest}, [{section}]: must not know {dependency}"
            ));
        }
    }
    upward
}

/// Whether `folder` may depend on `other`.
pub(crate) fn may_know(folder: &str, other: &str) -> bool {
    let place = |folder: &str| {
        let place = HOUSE.iter().position(|floor| floor.folder == folder);
        place.unwrap_or_else(|| panic!("give {folder} a place in the house"))
    };
    let (own, others) = (place(folder), place(other));
    others < own && !HOUSE[own].must_not_know.contains(&other)
}

/// The sections of a manifest and the crates of the house that each names.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    const SECTIONS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table);
    let by_target = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let tables: Vec<&Table> = std::iter::once(manifest).chain(by_target).collect();
    let mut found = Vec::new();
    for section in SECTIONS {
        for table in tables.iter().filter_map(|it| it.get(section)?.as_table()) {
            let of_the_house = table
                .iter()
                .filter_map(|(name, value)| folder_of(name, value));
            found.extend(of_the_house.map(|folder| (section, folder)));
        }
    }
    found
}

/// The folder of a dependency, if it is of this workspace.
fn folder_of(name: &str, value: &Value) -> Option<String> {
    let renamed = value.get("package").and_then(Value::as_str);
    match renamed.unwrap_or(name) {
        "ledgerstone" => Some("ledgerstone".to_owned()),
        package => package.strip_prefix("ledgerstone-").map(str::to_owned),
    }
}
