//! What an operator can set: flags, environment, file, in this order.

use std::fs;
use std::process::Output;

use crate::server::Server;
use crate::server::Site;
use crate::server::command;

/// Runs `serve --print-config` with these arguments.
fn print_config(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = command();
    command.args(["serve", "--print-config"]).args(arguments);
    command.envs(environment.iter().copied()).output().unwrap()
}

fn printed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = print_config(arguments, environment);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_printed_gives_the_same_settings() {
    let site = Site::new();
    let file = site.path().join("ledgerstone.toml");
    let first = printed(
        &[
            "--origin",
            "log.example.com",
            "--on-duplicate",
            "conflict",
            "--queue-entries",
            "7",
            "--client-signing-algorithms",
            "ecdsa-sha2-256-nistp256,ed25519-ph",
            "--tls-certificate",
            "chain.pem",
            "--tls-key",
            "key.pem",
            "--log-level",
            "info,ledgerstone_log=debug",
        ],
        &[],
    );
    assert!(first.contains("on-duplicate = \"conflict\""), "{first}");
    fs::write(&file, &first).unwrap();
    assert_eq!(printed(&["--config", file.to_str().unwrap()], &[]), first);
    let defaults = printed(&[], &[]);
    fs::write(&file, &defaults).unwrap();
    assert_eq!(
        printed(&["--config", file.to_str().unwrap()], &[]),
        defaults
    );
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let site = Site::new();
    let file = site.path().join("ledgerstone.toml");
    fs::write(
        &file,
        "queue-entries = 3\nround-entries = 3\nmax-streams = 3\n",
    )
    .unwrap();
    let environment = [
        ("LEDGERSTONE_CONFIG", file.to_str().unwrap()),
        ("LEDGERSTONE_QUEUE_ENTRIES", "2"),
        ("LEDGERSTONE_ROUND_ENTRIES", "2"),
    ];
    let settings = printed(&["--queue-entries", "1"], &environment);
    for line in [
        "queue-entries = 1\n",
        "round-entries = 2\n",
        "max-streams = 3\n",
    ] {
        assert!(settings.contains(line), "{line} is not in {settings}");
    }
}

#[test]
fn a_file_with_an_unknown_key_is_refused() {
    let site = Site::new();
    let file = site.path().join("ledgerstone.toml");
    fs::write(&file, "data-dri = \"/srv/log\"\n").unwrap();
    let output = print_config(&["--config", file.to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("data-dri") && told.contains("ledgerstone.toml"),
        "{told}"
    );
}

#[test]
fn values_that_make_no_sense_are_refused() {
    for (flag, value, told) in [
        ("--queue-entries", "0", "queue-entries"),
        ("--queue-entries", "many", "queue-entries"),
        ("--origin", "https://log.example.com", "bare host name"),
        ("--origin", "log.example.com:3000", "bare host name"),
        ("--listen", "nowhere", "listen"),
        (
            "--client-signing-algorithms",
            "md5",
            "client-signing-algorithms",
        ),
        ("--on-duplicate", "panic", "on-duplicate"),
        ("--nonsense", "1", "nonsense"),
    ] {
        let output = print_config(&[flag, value], &[]);
        assert_eq!(output.status.code(), Some(1), "{flag} {value}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(told), "{flag} {value}: {stderr}");
    }
    let missing = print_config(&["--config", "/nonexistent.toml"], &[]);
    assert_eq!(missing.status.code(), Some(1));
}

#[tokio::test]
async fn the_environment_alone_runs_a_server() {
    let server = Site::new()
        .without("--origin")
        .with_variable("LEDGERSTONE_ORIGIN", "env.example.com")
        .with_variable("LEDGERSTONE_LOG_FORMAT", "json")
        .with_variable("LEDGERSTONE_LOG_LEVEL", "debug")
        .start();
    assert_eq!(server.ed25519.name(), "env.example.com");
    server.terminate();
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0));
    for line in stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string(), "{line}");
    }
}

#[test]
fn an_address_that_is_taken_is_told() {
    let server = Server::start();
    let refusal = Site::new()
        .with("--listen", server.address())
        .start_refused();
    refusal.assert(1, &["cannot listen on", server.address()]);
}
