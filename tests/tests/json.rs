//! The JSON that commands print is what docs/json.md says: members may be added, none may go.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use ledgerstone_tests::description::Description;

use crate::server::Server;
use crate::terminal::Terminal;

/// The names in code marks in the row of the table for `command`.
fn documented(command: &str) -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json.md");
    let page = fs::read_to_string(page).unwrap();
    let mut rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let (_, members) = rows.find(|(name, _)| name.starts_with(command)).unwrap();
    let names = members.split('`').skip(1).step_by(2);
    names
        .filter(|name| name.chars().all(|it| it.is_ascii_alphanumeric()))
        .map(str::to_owned)
        .collect()
}

/// Checks that `told` has a version and no member that is not documented, and has all of
/// `always`.
fn check(command: &str, told: &Value, always: &[&str]) {
    assert_eq!(told["jsonVersion"], 1, "{command}: {told}");
    let documented = documented(command);
    let members = told.as_object().unwrap().keys();
    for member in members.filter(|member| *member != "jsonVersion") {
        assert!(
            documented.contains(member),
            "{command}: {member} is not documented"
        );
    }
    for member in always {
        assert!(!told[member].is_null(), "{command} has no {member}: {told}");
    }
}

/// Checks what was told against the published schema, in which no member may lack.
fn check_schema(name: &str, told: &Value) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json-1.schema.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(page).unwrap()).unwrap();
    close(&mut schema);
    Description::new(schema).check_as(&format!("/$defs/{name}"), told);
}

/// Readers pass over members that they do not know; the program prints none that is not written
/// down.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let is_open = members.contains_key("properties")
                && members.get("type").is_some_and(|kind| kind == "object");
            if is_open {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn a_first_session_prints_what_is_documented() {
    let (server, terminal) = (Server::start(), Terminal::new());
    let url = &server.url;
    terminal.write("a.txt", "what is signed\n");

    let signed = terminal.json(&format!("sign a.txt --url {url}"));
    let always = [
        "origin",
        "index",
        "leafHash",
        "kind",
        "treeSize",
        "duplicate",
        "url",
    ];
    check("`sign`", &signed, &always);
    check(
        "`sign`",
        &signed,
        &["digest", "bundle", "publicKey", "verifyCommand"],
    );
    let trusted = terminal.json(&format!("trust --out trust --url {url}"));
    check(
        "`trust`",
        &trusted,
        &["origin", "apiVersion", "logKey", "v1TileKey", "written"],
    );
    let verify = "verify a.txt --key a.txt.pub --trusted-root trust/trusted_root.json";
    let always = [
        "verified",
        "artifact",
        "signedBy",
        "bundle",
        "checked",
        "notChecked",
    ];
    check("`verify`", &terminal.json(verify), &always);
    let log = format!("--url {url} --log-key trust/log.vkey");
    let proof = terminal.json(&format!("proof inclusion --index 0 {log}"));
    check(
        "`proof inclusion`",
        &proof,
        &["verified", "hashes", "rootHash", "signedSize"],
    );
    check_schema("proofInclusion", &proof);
    let proof = terminal.json(&format!("proof consistency --old-size 1 {log}"));
    check(
        "`proof consistency`",
        &proof,
        &["oldRoot", "newRoot", "signedSize"],
    );
    check_schema("proofConsistency", &proof);
    let audit = terminal.json(&format!("audit --full {log}"));
    check(
        "`audit`",
        &audit,
        &["verified", "rootHash", "entriesRehashed", "state"],
    );
    let ready = terminal.json(&format!("ready --admin-url {}", server.admin_url));
    check("`ready`", &ready, &["ready"]);

    let entry = terminal.json(&format!("get --index 0 {log}"));
    assert_eq!(
        (&entry["jsonVersion"], &entry["treeSize"]),
        (&1.into(), &1.into())
    );
    check_schema("provenEntry", &entry);
    check_schema("entry", &terminal.json(&format!("get --range 0..1 {log}")));
    let hit = terminal.json(&format!("search --key a.txt.pub {log}"));
    assert_eq!(
        (&hit["jsonVersion"], &hit["proven"]),
        (&1.into(), &true.into())
    );
    check_schema("searchHit", &hit);
    terminal.write("watch.toml", "keys = ['a.txt.pub']\non-hit = ['true']");
    let tested = terminal.json("monitor test --config watch.toml");
    check_schema("monitorTest", &tested);
    let output = terminal.run(&format!("--json monitor --config watch.toml --once {log}"));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    check_schema("monitorHit", &lines[0]);
    check_schema("monitorEnd", &lines[1]);
    check(
        "`monitor`, at the end",
        &lines[1],
        &["notSeen", "notUnderstood"],
    );
    let made = terminal.json(&format!("recall --rules watch.toml --out report {log}"));
    check("`recall --out`", &made, &["hits", "reportHash"]);
    check_schema("recall", &made);
    let checked = "recall --check report --log-key trust/log.vkey";
    let checked = terminal.json(checked);
    check("`recall --check`", &checked, &["verified", "compared"]);
    check_schema("recallCheck", &checked);
}

#[test]
fn an_error_has_a_version_too() {
    let terminal = Terminal::new();
    let output = terminal.run("get --json");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    check("any, when it fails", &told, &["error"]);
    check_schema("error", &told);
}
