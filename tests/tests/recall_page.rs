//! The commands of `docs/recall.md`, run as they stand there.

use std::fs;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::client::log_client;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::Server;
use crate::terminal::Terminal;

/// The contents of the code blocks of a page in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    let blocks = blocks.filter_map(|rest| rest.split_once("```"));
    blocks.map(|(block, _)| block.to_owned()).collect()
}

/// What happened before: who signed with the leaked key, as alice, and about the bad package.
async fn incident(server: &Server, terminal: &Terminal) {
    let mut client = log_client(server).await;
    let (leaked, alice, builder) = (Signer::new(), Signer::new(), Signer::new());
    terminal.write("leaked.pub", &crate::search::pem(&leaked.spki()));
    let certificate = alice.issued_to("alice@acme.example", "https://accounts.acme.example");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "app.tar.gz", "digest": {"sha256": "ab".repeat(32)}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "resolvedDependencies": [{"uri": "pkg:npm/left-pad@1.3.0"}],
            },
            "runDetails": {"builder": {"id": "https://ci.acme.example/runner/7"}},
        },
    });
    for entry in [
        leaked.hashedrekord(b"one"),
        alice.hashedrekord_with(b"two", certificate),
        builder.dsse(statement.to_string()),
    ] {
        client.append(append_request(entry)).await.unwrap();
    }
}

#[tokio::test]
async fn the_morning_after_goes_as_it_is_written() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/recall.md");
    let page = fs::read_to_string(page).unwrap();
    let (server, terminal) = (Server::start(), Terminal::new());
    incident(&server, &terminal).await;
    let [rules] = &blocks(&page, "toml")[..] else {
        panic!("one file of rules");
    };
    terminal.write("watch.toml", rules);
    let lines = blocks(&page, "sh").concat();
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines.len() >= 11, "{lines:?}");
    for line in lines {
        let typed = line.replace("https://log.example", &server.url);
        let typed = typed.strip_prefix("ledgerstone ").unwrap();
        let output = terminal.run(typed);
        assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
    }
    let told: Value = serde_json::from_str(&terminal.read("report/recall.json")).unwrap();
    assert_eq!((&told["hits"], &told["newHits"]), (&3.into(), &0.into()));
    let samples = terminal.read("told.jsonl");
    assert_eq!(samples.lines().count(), 3, "{samples}");
}
