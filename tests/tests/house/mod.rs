//! Keeps the house in order: the rules of ARCHITECTURE.md that a compiler does not check.
//!
//! **No circle of files.** Inside a crate, one file knows another when a path in it leads there.
//! Every path counts that begins with `crate`, `super`, `self`, a child module, or a module that a
//! `use` brought in, wherever it stands: in `use` lines with their nested groups, in expressions,
//! types and patterns, in the arguments of macros. A path leads
//!
//! - to the file that defines the item that it names. `use` lines on the way are followed:
//!   `crate::a::Item` leads to `a/b.rs` when `a/mod.rs` says `pub use b::Item`, and not to
//!   `a/mod.rs`;
//! - to the file of the module itself, when it names a module, or an item that cannot be followed
//!   further since another crate or a macro defines it.
//!
//! `mod b;` alone is no arrow: a parent need not know what its children do. `pub use b::Item` is
//! one, and so is a call of `b::function()`. Where a child uses what stands in its parent's file
//! while the parent calls the child, what they share belongs into a file of its own.
//!
//! What is compiled for tests alone is exempt: items behind `#[cfg(test)]`, files named `tests.rs`,
//! folders named `tests`.
//!
//! **No arrow upward between crates.** [`arrows::HOUSE`] lists the crates from the ground up; the
//! dependencies in each `Cargo.toml` may only name crates that stand before it.
//!
//! **No dependency without need.** [`dependencies`] finds those of the workspace that no crate asks
//! for, and features that a crate asks for although all get them.
//!
//! **A client for everybody.** [`platforms`] finds in the client's crates what only Unix has and no
//! `cfg` says so, and in its dependencies what needs a C++ compiler.
//!
//! **Conventions** that are cheap to check are in [`conventions`].
//!
//! Crates that break a rule today are listed beside it. A list may only shrink: a crate on it that
//! keeps the rule makes the test fail too.

mod arrows;
mod circles;
mod conventions;
mod dependencies;
mod members;
mod modules;
mod platforms;
mod source;
mod tests;
mod tokens;

/// Crates whose files have a circle today.
const KNOWN_CIRCLES: &[&str] = &[];

#[test]
fn no_circle_of_files_inside_a_crate() {
    let mut found = Vec::new();
    for member in members::all() {
        for root in member.roots() {
            let circles = circles::find(&modules::Crate::load(&root));
            let faults = circles.iter().map(ToString::to_string);
            found.extend(faults.map(|fault| (member.folder.clone(), fault)));
        }
    }
    compare_with_exemptions("a circle of files", &found, KNOWN_CIRCLES);
}

#[test]
fn no_arrow_upward_between_crates() {
    let upward: Vec<String> = members::all().iter().flat_map(arrows::upward).collect();
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn no_dependency_without_need() {
    let (workspace, members) = (members::manifest(), members::all());
    let manifests: Vec<_> = members.iter().map(members::Member::manifest).collect();
    let unused = dependencies::unused(&workspace, &manifests);
    assert!(unused.is_empty(), "no crate asks for {unused:?}");
    for (member, manifest) in members.iter().zip(&manifests) {
        let repeated = dependencies::repeated_features(&workspace, manifest);
        assert!(repeated.is_empty(), "{}: {repeated:?}", member.folder);
    }
}

#[test]
fn nothing_in_the_client_is_for_unix_alone() {
    let found = platforms::unix_only();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_client_is_built_without_rocksdb() {
    let found = platforms::of_rocksdb_in_client();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_belongs_to_a_module() {
    for member in members::all() {
        let reached: Vec<_> = member
            .roots()
            .iter()
            .flat_map(|root| modules::Crate::load(root).into_files())
            .collect();
        for file in member.sources() {
            let is_known = reached.contains(&file) || modules::is_for_tests(&file);
            assert!(is_known, "no `mod` leads to {}", file.display());
        }
    }
}

#[test]
fn conventions_are_kept() {
    for convention in conventions::ALL {
        let mut found = Vec::new();
        for member in members::all() {
            let faults = (convention.check)(&member).into_iter();
            found.extend(faults.map(|fault| (member.folder.clone(), fault)));
        }
        compare_with_exemptions(convention.name, &found, convention.exempt);
    }
}

/// Fails with what was `found` in crates that are not exempt, and with each exempt crate in which
/// nothing was.
fn compare_with_exemptions(what: &str, found: &[(String, String)], exempt: &[&str]) {
    let mut faults = Vec::new();
    for (folder, fault) in found {
        if !exempt.contains(&folder.as_str()) {
            faults.push(format!("{folder}: {what}: {fault}"));
        }
    }
    for folder in exempt {
        if !found.iter().any(|(it, _)| it == folder) {
            faults.push(format!(
                "{folder}: {what} is no longer found: strike it off the list"
            ));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
