//! The command line, as in a first session: sign, verify, get, prove, audit, trust, fsck; and what
//! its exit codes tell.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use crate::client::fill;
use crate::server::ORIGIN;
use crate::server::Server;
use crate::server::command;
use crate::terminal::Terminal;

fn log_key(server: &Server) -> String {
    server.ed25519.to_string()
}

#[tokio::test]
async fn a_first_session() {
    let server = Server::start();
    let (terminal, url, key) = (Terminal::new(), &server.url, log_key(&server));
    terminal.write("artifact.txt", "what is signed\n");

    let signed = terminal.json(&format!("sign artifact.txt --url {url}"));
    assert_eq!(
        (&signed["index"], &signed["duplicate"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(signed["origin"], ORIGIN);
    let bundle: Value = serde_json::from_str(&terminal.read("artifact.txt.sigstore.json")).unwrap();
    assert_eq!(
        bundle["mediaType"],
        "application/vnd.dev.sigstore.bundle.v0.3+json"
    );
    assert!(
        terminal
            .read("artifact.txt.pub")
            .starts_with("-----BEGIN PUBLIC KEY-----")
    );

    let verify = format!("verify artifact.txt --key artifact.txt.pub --log-key {key}");
    let verified = terminal.json(&verify);
    assert_eq!(
        (&verified["verified"], &verified["index"]),
        (&json!(true), &json!(0))
    );
    assert!(terminal.text(&verify).contains("verified"));

    let entry = terminal.json(&format!("get --index 0 --url {url} --log-key {key}"));
    let leaf = signed["leafHash"].as_str().unwrap();
    assert_eq!(entry["leafHash"], format!("sha256:{leaf}"));
    let same = terminal.json(&format!(
        "get --leaf-hash {leaf} --url {url} --log-key {key}"
    ));
    assert_eq!(same, entry);
    let body = terminal
        .run(&format!("get --index 0 --body --url {url} --log-key {key}"))
        .stdout;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, entry["body"]);
    server.stop().await;
}

#[tokio::test]
async fn proofs_are_fetched_and_verified() {
    let server = Server::start();
    fill(&server, 20).await;
    let (terminal, url, key) = (Terminal::new(), &server.url, log_key(&server));
    let log = format!("--url {url} --log-key {key}");
    let proof = terminal.json(&format!("proof inclusion --index 7 {log}"));
    assert_eq!(
        (&proof["verified"], &proof["treeSize"]),
        (&json!(true), &json!(20))
    );
    let old = terminal.json(&format!("proof inclusion --index 7 --tree-size 9 {log}"));
    assert_eq!(
        (&old["treeSize"], &old["signedSize"]),
        (&json!(9), &json!(20))
    );
    let proof = terminal.json(&format!("proof consistency --old-size 7 {log}"));
    assert_eq!(
        (&proof["verified"], &proof["newSize"]),
        (&json!(true), &json!(20))
    );
    terminal.json(&format!(
        "proof consistency --old-size 7 --new-size 13 {log}"
    ));
    terminal.json(&format!(
        "proof inclusion --index 7 --tlog-proof 7.tlog-proof {log}"
    ));
    let kept = terminal.read("7.tlog-proof");
    let kept: ledgerstone_merkle::TlogProof = kept.parse().unwrap();
    assert_eq!(kept.index.get(), 7);
}

#[tokio::test]
async fn ranges_are_printed_one_entry_a_line() {
    let server = Server::start();
    fill(&server, 300).await;
    let terminal = Terminal::new();
    let lines = terminal.text(&format!("get --range 5..280 --json --url {}", server.url));
    let indexes = lines.lines().map(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        entry["index"].as_u64().unwrap()
    });
    assert_eq!(indexes.collect::<Vec<_>>(), (5..280).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_audit_remembers_and_rebuilds() {
    let server = Server::start();
    fill(&server, 10).await;
    let (terminal, key) = (Terminal::new(), log_key(&server));
    let audit = format!(
        "audit --state state.json --url {} --log-key {key}",
        server.url
    );
    let first = terminal.json(&audit);
    assert_eq!(
        (&first["verified"], &first["treeSize"]),
        (&json!(true), &json!(10))
    );
    fill(&server, 300).await;
    let second = terminal.json(&audit);
    assert_eq!(
        (&second["treeSize"], &second["extends"]),
        (&json!(310), &json!("size 10"))
    );
    let full = terminal.json(&format!("{audit} --full"));
    assert_eq!(full["entriesRehashed"], 310);
    assert!(terminal.text(&format!("{audit} --full")).contains("310"));
}

#[tokio::test]
async fn an_audit_finds_a_log_that_was_exchanged() {
    let first = Server::start();
    fill(&first, 10).await;
    let (terminal, key) = (Terminal::new(), log_key(&first));
    terminal.json(&format!(
        "audit --state state.json --url {} --log-key {key}",
        first.url
    ));
    // The same keys, and another tree: what an operator who cheats would show.
    let site = crate::server::Site::new();
    let keys = first.site.data_dir().join("keys");
    let site = site.with("--key-dir", keys.to_str().unwrap());
    let second = site.with_switch("--new-log").start();
    fill(&second, 12).await;
    let audit = format!(
        "audit --state state.json --url {} --log-key {key}",
        second.url
    );
    terminal.fails(2, &audit);
    let shorter = Server::start();
    let audit = format!(
        "audit --state state.json --url {} --log-key {}",
        shorter.url,
        log_key(&shorter)
    );
    assert_ne!(
        terminal.run(&audit).status.code(),
        Some(0),
        "another log is not that one"
    );
}

#[test]
fn trust_files_let_others_verify() {
    let server = Server::start();
    let (terminal, url) = (Terminal::new(), &server.url);
    terminal.write("artifact.txt", "what is signed\n");
    terminal.json(&format!("trust --out trust --url {url}"));
    terminal.json(&format!(
        "sign artifact.txt --url {url} --trusted-root trust/trusted_root.json"
    ));
    let verify =
        "verify artifact.txt --key artifact.txt.pub --trusted-root trust/trusted_root.json";
    assert_eq!(terminal.json(verify)["verified"], true);
    let keys = server.site.data_dir().join("keys");
    let offline = format!(
        "trust --out offline --key-dir {} --origin {ORIGIN} --url {url}",
        keys.display()
    );
    terminal.json(&offline);
    let keys_of = |directory: &str| -> Value {
        let root = terminal.read(&format!("{directory}/trusted_root.json"));
        let root: Value = serde_json::from_str(&root).unwrap();
        root["tlogs"][0]["publicKey"]["rawBytes"].clone()
    };
    assert_eq!(keys_of("offline"), keys_of("trust"));
}

#[test]
fn signing_again_with_a_key_is_a_new_signature_and_submitting_again_is_not() {
    let server = Server::start();
    let (terminal, url) = (Terminal::new(), &server.url);
    let signer = crate::requests::Signer::new();
    terminal.write("artifact.txt", "what is signed\n");
    fs::write(
        terminal.path("artifact.sig"),
        signer.sign(b"what is signed\n"),
    )
    .unwrap();
    terminal.write("signer.pub", &pem(&signer.spki()));
    let submit = format!(
        "submit --signature artifact.sig --key signer.pub --artifact artifact.txt --bundle \
         bundle.json --url {url}"
    );
    let first = terminal.json(&submit);
    assert_eq!(first["duplicate"], false);
    let again = terminal.json(&submit);
    assert_eq!(
        (&again["duplicate"], &again["index"]),
        (&json!(true), &first["index"])
    );
    // The same signature in base64, with line breaks as `base64` writes it.
    let text = STANDARD.encode(fs::read(terminal.path("artifact.sig")).unwrap());
    let (one, two) = text.split_at(76);
    terminal.write("artifact.sig", &format!("{one}\n{two}\n"));
    let again = terminal.json(&submit);
    assert_eq!(
        (&again["duplicate"], &again["index"]),
        (&json!(true), &first["index"])
    );
    let key = log_key(&server);
    terminal.json(&format!(
        "verify artifact.txt --bundle bundle.json --key signer.pub --log-key {key}"
    ));
}

#[test]
fn an_envelope_is_verified_again_with_what_it_is_about() {
    let server = Server::start();
    let (terminal, url) = (Terminal::new(), &server.url);
    let signer = ledgerstone_tests::proposals::Signer::new();
    let statement = ledgerstone_tests::proposals::statement(b"artifact");
    terminal.write("artifact", "artifact");
    terminal.write("other", "another");
    terminal.write("envelope.json", &signer.envelope(&statement).to_string());
    terminal.write("signer.pub", &signer.public_key_pem());
    let submit = format!("submit --dsse envelope.json --key signer.pub --url {url}");
    // What is about something else is not even logged.
    let told = terminal.fails(2, &format!("{submit} --artifact other"));
    assert!(told.contains("none of the 1 subjects"), "{told}");
    let first = terminal.json(&format!(
        "{submit} --artifact artifact --bundle bundle.json"
    ));
    assert_eq!(
        (&first["index"], &first["duplicate"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(first.get("notChecked"), None);
    let again = terminal.json(&submit);
    assert_eq!(again["duplicate"], true);
    let not_checked = again["notChecked"].to_string();
    assert!(
        not_checked.contains("what the envelope is about"),
        "{not_checked}"
    );
    let key = log_key(&server);
    terminal.json(&format!(
        "verify artifact --bundle bundle.json --key signer.pub --log-key {key}"
    ));
}

fn pem(spki: &[u8]) -> String {
    let base64 = STANDARD.encode(spki);
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}

#[test]
fn what_does_not_verify_ends_with_2() {
    let server = Server::start();
    let (terminal, key) = (Terminal::new(), log_key(&server));
    terminal.write("artifact.txt", "what is signed\n");
    terminal.json(&format!("sign artifact.txt --url {}", server.url));
    let verify = format!("verify artifact.txt --key artifact.txt.pub --log-key {key}");
    terminal.json(&verify);

    terminal.write("artifact.txt", "what is not signed\n");
    terminal.fails(2, &verify);
    terminal.write("artifact.txt", "what is signed\n");

    let other = Server::start();
    let verify_other = format!(
        "verify artifact.txt --key artifact.txt.pub --log-key {}",
        log_key(&other)
    );
    terminal.fails(2, &verify_other);

    terminal.write("other.pub", &pem(&crate::requests::Signer::new().spki()));
    terminal.fails(
        2,
        &format!("verify artifact.txt --key other.pub --log-key {key}"),
    );

    let bundle = terminal.read("artifact.txt.sigstore.json");
    let mut tampered: Value = serde_json::from_str(&bundle).unwrap();
    let entry = &mut tampered["verificationMaterial"]["tlogEntries"][0];
    entry["logIndex"] = "1".into();
    terminal.write("artifact.txt.sigstore.json", &tampered.to_string());
    terminal.fails(2, &verify);
    terminal.write("artifact.txt.sigstore.json", "{}");
    terminal.fails(2, &verify);
}

#[test]
fn what_cannot_be_reached_ends_with_3() {
    let terminal = Terminal::new();
    terminal.write("artifact.txt", "what is signed\n");
    let key = ledgerstone_merkle::VerifierKey::ed25519(ORIGIN, [1; 32]).unwrap();
    // Port 1 is nobody's.
    let log = format!("--url http://127.0.0.1:1 --log-key {key} --timeout 1");
    for line in ["sign artifact.txt", "audit"] {
        terminal.fails(3, &format!("{line} {log}"));
    }
    assert!(
        !terminal.path("artifact.txt.sigstore.json").exists(),
        "no bundle without an entry"
    );
}

#[test]
fn what_makes_no_sense_ends_with_1() {
    let server = Server::start();
    let (terminal, url, key) = (Terminal::new(), &server.url, log_key(&server));
    terminal.write("artifact.txt", "what is signed\n");
    for line in [
        "nonsense".to_owned(),
        "sign".to_owned(),
        "verify artifact.txt".to_owned(),
        format!("verify absent.txt --key absent.pub --log-key {key}"),
        format!("sign absent.txt --url {url} --log-key {key}"),
        format!("sign artifact.txt --key artifact.txt --url {url} --log-key {key}"),
        format!("get --index 7 --url {url} --log-key {key}"),
        format!("proof inclusion --index 7 --url {url} --log-key {key}"),
        "get --index 0 --url nonsense".to_owned(),
    ] {
        terminal.fails(1, &line);
    }
}

#[test]
fn help_and_version_end_with_0() {
    let terminal = Terminal::new();
    assert!(terminal.text("--help").contains("Exit codes"));
    assert!(terminal.text("serve --help").contains("--data-dir"));
    assert!(terminal.text("--version").starts_with("ledgerstone "));
}

#[test]
fn signing_again_logs_nothing_new() {
    let server = Server::start();
    let (terminal, url, key) = (Terminal::new(), &server.url, log_key(&server));
    terminal.write("artifact.txt", "what is signed\n");
    let sign = format!("sign artifact.txt --url {url} --log-key {key}");
    let first = terminal.json(&sign);
    let public_key = terminal.read("artifact.txt.pub");
    let again = terminal.json(&sign);
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["leafHash"], first["leafHash"]);
    assert_eq!(terminal.read("artifact.txt.pub"), public_key);
    assert!(!terminal.path("artifact.txt.sigstore.json.pending").exists());

    // Another bundle of the same file: both verify.
    let second = terminal.json(&format!("{sign} --bundle second.json"));
    assert_eq!(second["index"], 1);
    terminal.json(&format!(
        "verify artifact.txt --key artifact.txt.pub --log-key {key}"
    ));
    terminal.json(&format!(
        "verify artifact.txt --bundle second.json --key second.json.pub --log-key {key}"
    ));

    // A key of somebody's own is not replaced, and nothing is logged.
    terminal.write("id", "what is signed\n");
    terminal.write("id.pub", "ssh-ed25519 AAAA me@example.com\n");
    let sign_id = format!("sign id --url {url} --log-key {key}");
    assert!(terminal.fails(1, &sign_id).contains("id.pub exists"));
    assert_eq!(terminal.read("id.pub"), "ssh-ed25519 AAAA me@example.com\n");
    let text = terminal.text(&format!("get --index 1 --url {url} --log-key {key}"));
    assert!(text.contains("(the log's word)"), "{text}");
    terminal.fails(1, &format!("get --index 2 --url {url} --log-key {key}"));
}

#[test]
fn an_audit_goes_on_with_the_key_of_its_first_use() {
    let (server, other) = (Server::start(), Server::start());
    let terminal = Terminal::new();
    let audit = |server: &Server| format!("audit --state state.json --url {}", server.url);
    terminal.json(&audit(&server));
    terminal.json(&audit(&server));
    // It calls itself the same, and has another key.
    let told = terminal.fails(2, &audit(&other));
    assert!(told.contains("contradicts what it showed"), "{told}");
    assert!(terminal.path("state.json.conflict").exists());
    terminal.json(&audit(&server));
}

#[test]
fn machines_get_one_object_whatever_happens() {
    let terminal = Terminal::new();
    for line in ["nonsense --json", "--json sign", "get --json --index x"] {
        let output = terminal.run(line);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["error"]["exitCode"], 1);
        assert!(!told["error"]["message"].as_str().unwrap().is_empty());
    }
    let settings = terminal.json("serve --print-config --origin log.example.com");
    assert_eq!(settings["origin"], "log.example.com");
}

#[test]
fn closed_and_full_output_is_no_panic() {
    let terminal = Terminal::new();
    let run = |output: std::process::Stdio| {
        let mut command = command();
        command.args(["serve", "--print-config"]).stdout(output);
        command
            .stderr(std::process::Stdio::piped())
            .current_dir(&terminal.directory);
        command.spawn().unwrap().wait_with_output().unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = run(writer.into());
    assert_eq!(closed.status.code(), Some(0), "{closed:?}");
    assert!(closed.stderr.is_empty(), "{closed:?}");
    let full = run(fs::File::create("/dev/full").unwrap().into());
    assert_eq!(full.status.code(), Some(1), "{full:?}");
    let told = String::from_utf8(full.stderr).unwrap();
    assert!(told.contains("standard output cannot be written"), "{told}");
}
