//! Which files there are, and what goes with them.

use std::fs;
use std::path::Path;

use super::file::FILES;
use crate::rekor_v1::tests::Site;

#[test]
fn every_file_of_the_folder_is_served_under_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page/assets");
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut served: Vec<&str> = FILES.iter().map(|file| file.name).collect();
    names.sort();
    served.sort_unstable();
    assert_eq!(served, names);
}

#[test]
fn no_script_makes_markup_from_text() {
    for file in FILES.iter() {
        let text = std::str::from_utf8(file.content).unwrap();
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "createContextualFragment",
            "DOMParser",
            "style=",
        ] {
            assert!(!text.contains(way), "{} has {way}", file.name);
        }
    }
}

#[tokio::test]
async fn each_file_comes_with_the_rules_for_browsers() {
    let site = Site::new().await;
    let paths = FILES.iter().map(|file| format!("/page/{}", file.name));
    for path in paths.chain(["/".to_owned()]) {
        let answer = site.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert!(answer.header("etag").starts_with("W/\""));
        let kind = answer.header("content-type");
        assert!(!kind.contains("octet-stream"), "{path}: {kind}");
    }
    for path in [
        "/page/",
        "/page/none.js",
        "/page/..%2Fmod.rs",
        "/index.html",
    ] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}
