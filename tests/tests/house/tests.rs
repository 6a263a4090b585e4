//! The rules, tried on crates made up for it.

use std::path::Path;

use super::arrows::may_know;
use super::circles;
use super::conventions::says_what_it_is_for;
use super::dependencies::repeated_features;
use super::dependencies::unused;
use super::modules::Arrow;
use super::modules::Crate;
use super::platforms::lines_without_cfg;

/// The circles of a crate that consists of `files`, each as the arrows `from:line -> to`.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let read_file = |path: &Path| {
        let file = files
            .iter()
            .find(|(name, _)| Path::new("src").join(name) == path);
        file.map(|(_, text)| (*text).to_owned())
    };
    let read = Crate::read(Path::new("src/lib.rs"), &read_file);
    let name = |path: &Path| path.strip_prefix("src").unwrap().display().to_string();
    let mut circles = Vec::new();
    for circle in circles::find(&read) {
        let arrows = circle.arrows.iter();
        let written = |it: &Arrow| format!("{}:{} -> {}", name(&it.from), it.line, name(&it.to));
        circles.push(arrows.map(written).collect());
    }
    circles
}

#[test]
fn a_path_in_an_expression_closes_a_circle() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::B;\npub struct A(B);\n"),
        (
            "b.rs",
            "pub struct B;\nfn f() {\n    let _ = Some(crate::a::A::new());\n}\n",
        ),
    ]);
    assert_eq!(circles, [["a.rs:1 -> b.rs", "b.rs:3 -> a.rs"]]);
}

#[test]
fn super_closes_a_circle() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\n"),
        ("a/mod.rs", "mod b;\n\npub struct Item;\n\npub use b::B;\n"),
        ("a/b.rs", "\npub struct B(super::Item);\n"),
    ]);
    assert_eq!(circles, [["a/mod.rs:5 -> a/b.rs", "a/b.rs:2 -> a/mod.rs"]]);
}

#[test]
fn the_argument_of_a_macro_closes_a_circle() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "pub fn a() { println!(\"{}\", crate::b::b()); }\n"),
        (
            "b.rs",
            "pub fn b() -> u8 { 1 }\nmacro_rules! m { () => { $crate::a::a() } }\n",
        ),
    ]);
    assert_eq!(circles, [["a.rs:1 -> b.rs", "b.rs:2 -> a.rs"]]);
}

#[test]
fn nested_groups_renames_and_modules_brought_in_are_followed() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
        (
            "a.rs",
            "use crate::{b::{self as other, B}, c};\nfn f() { c::c(); }\npub struct A;\n",
        ),
        (
            "b.rs",
            "use super::c as third;\nfn f() { third::c() }\npub struct B;\n",
        ),
        ("c.rs", "use crate::a::*;\npub fn c() {}\n"),
    ]);
    let all = [
        "a.rs:1 -> b.rs",
        "a.rs:1 -> c.rs",
        "b.rs:1 -> c.rs",
        "c.rs:1 -> a.rs",
    ];
    assert_eq!(circles, [all]);
}

#[test]
fn a_call_into_a_child_is_an_arrow_and_its_declaration_is_not() {
    let child = "use super::Item;\npub fn read(_: Item) {}\n";
    let calls = "mod b;\npub struct Item;\nfn f() { b::read(Item) }\n";
    let circles = circles_of(&[("lib.rs", calls), ("b.rs", child)]);
    assert_eq!(circles, [["lib.rs:3 -> b.rs", "b.rs:1 -> lib.rs"]]);

    let declares = "pub mod b;\npub struct Item;\n";
    assert!(circles_of(&[("lib.rs", declares), ("b.rs", child)]).is_empty());
}

#[test]
fn a_re_export_leads_to_the_file_that_defines_the_item() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod c;\npub use a::*;\n"),
        (
            "a/mod.rs",
            "mod b;\npub use self::b::Item;\npub use crate::c::C;\n",
        ),
        ("a/b.rs", "pub struct Item;\n"),
        (
            "c.rs",
            "use crate::a::Item;\nuse crate::Item as Same;\npub struct C(Item, Same);\n",
        ),
    ]);
    assert!(circles.is_empty(), "{circles:?}");
}

#[test]
fn a_name_that_cannot_be_followed_leads_to_the_module() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "pub use bytes::Bytes;\nuse crate::b::B;\n"),
        ("b.rs", "use crate::a::Bytes;\npub struct B(Bytes);\n"),
    ]);
    assert_eq!(circles, [["a.rs:2 -> b.rs", "b.rs:1 -> a.rs"]]);
}

#[test]
fn two_circles_of_a_crate_are_told_apart() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\nuse a::A;\n"),
        (
            "a.rs",
            "use crate::b::B;\nuse crate::c::C;\npub struct A(B, C);\n",
        ),
        ("b.rs", "use crate::a::A;\npub struct B(A);\n"),
        ("c.rs", "use crate::d::D;\npub struct C(D);\n"),
        ("d.rs", "use crate::c::C;\npub struct D(C);\n"),
    ]);
    let first = ["a.rs:1 -> b.rs", "b.rs:1 -> a.rs"];
    let second = ["c.rs:1 -> d.rs", "d.rs:1 -> c.rs"];
    assert_eq!(circles, [first, second]);
}

#[test]
fn what_is_compiled_for_tests_is_exempt() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        (
            "a.rs",
            "use crate::b::B;\npub struct A(B);\n#[cfg(test)]\nmod tests;\n",
        ),
        ("b.rs", B_WITH_TESTS),
    ]);
    assert!(circles.is_empty(), "{circles:?}");
}

const B_WITH_TESTS: &str = "
pub struct B;
#[cfg(test)]
pub(crate) fn example() -> crate::a::A { crate::a::A::new() }
impl B {
    #[cfg(test)]
    fn new() -> Self { crate::a::A::new().0 }
}
#[cfg(test)]
mod tests {
    use crate::a::A;
}
";

#[test]
fn words_in_texts_and_comments_are_no_paths() {
    let circles = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::B;\npub struct A(B);\n"),
        (
            "b.rs",
            "/// [`A`](crate::a::A)\npub struct B; // crate::a\nconst X: &str = \"crate::a\";\n",
        ),
    ]);
    assert!(circles.is_empty(), "{circles:?}");
}

#[test]
fn arrows_between_crates_point_downward() {
    assert!(may_know("entry", "proto"));
    assert!(may_know("ledgerstone", "client"));
    assert!(!may_know("merkle", "proto"));
    assert!(!may_know("proto", "merkle"));
    assert!(!may_know("client", "storage"));
    assert!(!may_know("client", "log-server"));
    assert!(!may_know("log-server", "client"));
    assert!(!may_know("storage", "log"));
    assert!(!may_know("soak", "storage"));
}

#[test]
fn dependencies_without_need_are_found() {
    let workspace = "[workspace.dependencies]\na = \"1\"\nb = { features = [\"x\"] }\nc = \"1\"\n";
    let member = "[dependencies]\na.workspace = true\nc = \"2\"\n\
        [dev-dependencies]\nb = { workspace = true, features = [\"x\", \"y\"] }\n";
    let (workspace, member) = (workspace.parse().unwrap(), member.parse().unwrap());
    assert_eq!(repeated_features(&workspace, &member), ["b/x"]);
    assert_eq!(unused(&workspace, &[member]), ["c"]);
}

#[test]
fn a_file_says_what_it_is_for() {
    assert!(says_what_it_is_for("//! Tiles.\nfn f() {}\n"));
    assert!(says_what_it_is_for(
        "use a::B;\n/// A tile.\npub struct Tile(B);\nstruct Part;\n"
    ));
    assert!(!says_what_it_is_for("use a::B;\npub struct Tile(B);\n"));
    assert!(!says_what_it_is_for(
        "/// One.\npub struct One;\n/// Two.\npub struct Two;\n"
    ));
    assert!(!says_what_it_is_for("/// A function.\npub fn f() {}\n"));
}

#[test]
fn what_only_unix_has_needs_a_cfg() {
    let text = "use std::os::unix::fs::symlink;\n\
                // std::os::unix in a comment\n\
                #[cfg(unix)]\n\
                use std::os::unix::fs::symlink;\n\
                #[cfg(unix)]\n\
                fn one() {\n    std::os::unix::x();\n}\n\
                fn two() {\n    read(\"/proc/self\");\n}\n\
                #[cfg(test)]\n\
                mod tests {\n    use std::os::unix::fs::symlink;\n}\n";
    assert_eq!(lines_without_cfg(text), [1, 10]);
}
