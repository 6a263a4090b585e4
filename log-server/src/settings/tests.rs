//! Names, defaults and ranges of settings, as users and operators rely on them.

use clap::Command;
use clap::ValueEnum;

use super::*;
use crate::rekor_v1::settings::V1Endpoint;

fn parse(text: &str) -> Result<Overrides, SettingsError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledgerstone.toml");
    fs::write(&path, text).unwrap();
    Overrides::from_file(&path)
}

fn resolved(text: &str) -> Settings {
    parse(text).unwrap().resolve().unwrap()
}

/// What users write in their files, units and scripts: each name, and what holds without it.
const NAMES: &[(&str, &str, Option<&str>)] = &[
    ("data-dir", "LEDGERSTONE_DATA_DIR", Some("\"./data\"")),
    ("key-dir", "LEDGERSTONE_KEY_DIR", Some("\"./data/keys\"")),
    (
        "store-memory",
        "LEDGERSTONE_STORE_MEMORY",
        Some("268435456"),
    ),
    (
        "min-free-space",
        "LEDGERSTONE_MIN_FREE_SPACE",
        Some("536870912"),
    ),
    ("scrub-rate", "LEDGERSTONE_SCRUB_RATE", Some("1048576")),
    ("listen", "LEDGERSTONE_LISTEN", Some("\"127.0.0.1:3000\"")),
    ("tls-certificate", "LEDGERSTONE_TLS_CERTIFICATE", None),
    ("tls-key", "LEDGERSTONE_TLS_KEY", None),
    (
        "max-request-bytes",
        "LEDGERSTONE_MAX_REQUEST_BYTES",
        Some("4194304"),
    ),
    (
        "max-request-memory",
        "LEDGERSTONE_MAX_REQUEST_MEMORY",
        Some("402653184"),
    ),
    ("max-caller-rate", "LEDGERSTONE_MAX_CALLER_RATE", Some("0")),
    ("max-wait", "LEDGERSTONE_MAX_WAIT", Some("500")),
    (
        "max-connections",
        "LEDGERSTONE_MAX_CONNECTIONS",
        Some("4096"),
    ),
    (
        "max-caller-connections",
        "LEDGERSTONE_MAX_CALLER_CONNECTIONS",
        Some("1024"),
    ),
    ("max-streams", "LEDGERSTONE_MAX_STREAMS", Some("256")),
    (
        "max-caller-streams",
        "LEDGERSTONE_MAX_CALLER_STREAMS",
        Some("64"),
    ),
    (
        "trusted-proxies",
        "LEDGERSTONE_TRUSTED_PROXIES",
        Some("[...]"),
    ),
    ("request-timeout", "LEDGERSTONE_REQUEST_TIMEOUT", Some("30")),
    (
        "shutdown-timeout",
        "LEDGERSTONE_SHUTDOWN_TIMEOUT",
        Some("30"),
    ),
    (
        "admin-listen",
        "LEDGERSTONE_ADMIN_LISTEN",
        Some("\"127.0.0.1:2112\""),
    ),
    ("origin", "LEDGERSTONE_ORIGIN", None),
    (
        "on-duplicate",
        "LEDGERSTONE_ON_DUPLICATE",
        Some("\"return\""),
    ),
    (
        "client-signing-algorithms",
        "LEDGERSTONE_CLIENT_SIGNING_ALGORITHMS",
        Some("[...]"),
    ),
    ("read-only", "LEDGERSTONE_READ_ONLY", Some("false")),
    ("queue-entries", "LEDGERSTONE_QUEUE_ENTRIES", Some("16384")),
    ("round-entries", "LEDGERSTONE_ROUND_ENTRIES", Some("4096")),
    ("rekor-v2", "LEDGERSTONE_REKOR_V2", Some("true")),
    ("accept-dsse", "LEDGERSTONE_ACCEPT_DSSE", Some("true")),
    ("rekor-v1", "LEDGERSTONE_REKOR_V1", Some("true")),
    (
        "enabled-api-endpoints",
        "LEDGERSTONE_ENABLED_API_ENDPOINTS",
        Some("[...]"),
    ),
    (
        "enabled-entry-types",
        "LEDGERSTONE_ENABLED_ENTRY_TYPES",
        Some("[...]"),
    ),
    (
        "keep-attestations",
        "LEDGERSTONE_KEEP_ATTESTATIONS",
        Some("true"),
    ),
    (
        "max-attestation-bytes",
        "LEDGERSTONE_MAX_ATTESTATION_BYTES",
        Some("102400"),
    ),
    (
        "max-artifact-bytes",
        "LEDGERSTONE_MAX_ARTIFACT_BYTES",
        Some("16777216"),
    ),
    (
        "keep-statements",
        "LEDGERSTONE_KEEP_STATEMENTS",
        Some("true"),
    ),
    (
        "max-statement-bytes",
        "LEDGERSTONE_MAX_STATEMENT_BYTES",
        Some("12582912"),
    ),
    (
        "max-statements-bytes",
        "LEDGERSTONE_MAX_STATEMENTS_BYTES",
        Some("17179869184"),
    ),
    (
        "statement-retention",
        "LEDGERSTONE_STATEMENT_RETENTION",
        Some("0"),
    ),
    ("page", "LEDGERSTONE_PAGE", Some("true")),
    ("webhook-urls", "LEDGERSTONE_WEBHOOK_URLS", Some("[...]")),
    (
        "webhook-secret-file",
        "LEDGERSTONE_WEBHOOK_SECRET_FILE",
        None,
    ),
    (
        "webhook-filter-file",
        "LEDGERSTONE_WEBHOOK_FILTER_FILE",
        None,
    ),
    ("log-format", "LEDGERSTONE_LOG_FORMAT", Some("\"text\"")),
    ("log-level", "LEDGERSTONE_LOG_LEVEL", Some("\"info\"")),
];

#[test]
fn names_and_defaults_are_those_that_users_have_written_down() {
    let command = Overrides::augment_args(Command::new("serve"));
    let flags: Vec<(&str, &str)> = command
        .get_arguments()
        .map(|arg| {
            let variable = arg.get_env().unwrap().to_str().unwrap();
            (arg.get_long().unwrap(), variable)
        })
        .collect();
    let expected: Vec<(&str, &str)> = NAMES.iter().map(|(key, name, _)| (*key, *name)).collect();
    assert_eq!(flags, expected);

    let printed: toml::Table = resolved("").to_toml().parse().unwrap();
    for (key, _, default) in NAMES.iter().copied() {
        let given = printed.get(key).map(|value| match value {
            toml::Value::Array(_) => "[...]".to_owned(),
            value => value.to_string(),
        });
        assert_eq!(given.as_deref(), default, "{key}");
    }
    let all = NAMES.iter().filter(|(_, _, default)| default.is_some());
    assert_eq!(printed.len(), all.count());
}

#[test]
fn a_file_may_have_every_key_and_flags_have_the_same_values() {
    let text = resolved("tls-certificate = \"c\"\ntls-key = \"k\"\norigin = \"o\"").to_toml();
    let table: toml::Table = text.parse().unwrap();
    let flags = table.iter().map(|(key, value)| {
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(list) => {
                let list: Vec<&str> = list.iter().filter_map(toml::Value::as_str).collect();
                list.join(",")
            }
            value => value.to_string(),
        };
        format!("--{key}={value}")
    });
    // An empty list has no flag.
    let flags = flags.filter(|flag| !flag.ends_with('='));
    let command = Overrides::augment_args(Command::new("serve"));
    let matches = command.get_matches_from(["serve".to_owned()].into_iter().chain(flags));
    let by_flags = <Overrides as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
    assert_eq!(by_flags.resolve().unwrap().to_toml(), text);
    assert_eq!(resolved(&text).to_toml(), text);
}

#[test]
fn the_table_in_the_readme_is_that_of_the_definitions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(path).unwrap();
    let rows: Vec<String> = Overrides::definitions()
        .map(|setting| {
            let default = setting.default.as_deref().unwrap_or("none");
            format!(
                "| `{}` | `{}` | {default} | {} |\n",
                setting.key, setting.variable, setting.meaning
            )
        })
        .collect();
    let table = rows.concat();
    assert!(readme.contains(&table), "the table should be\n{table}");
}

#[test]
fn the_packaged_file_sets_only_where_things_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/ledgerstone.toml");
    let text = fs::read_to_string(path).unwrap();
    let packaged = resolved(&text).to_toml();
    assert_eq!(
        packaged,
        resolved("data-dir = \"/var/lib/ledgerstone/data\"").to_toml()
    );
    // What it shows behind a `#` can be taken as it is.
    let shown: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# ").or(Some(line)))
        .filter(|line| line.contains(" = "))
        .collect();
    assert_eq!(shown.len(), 6);
    resolved(&shown.join("\n"));
}

#[test]
fn what_is_printed_is_read_back_as_the_same() {
    let text = "origin = \"log.example.com\"\non-duplicate = \"conflict\"\nqueue-entries = 5\n";
    let settings = resolved(text);
    let again = resolved(&settings.to_toml());
    assert_eq!(settings.to_toml(), again.to_toml());
    assert_eq!(again.log.on_duplicate, OnDuplicate::Conflict);
    assert_eq!(again.log.queue_entries, 5);
}

#[test]
fn a_slip_in_a_file_is_told_with_its_place() {
    let error = |text| parse(text).unwrap_err().to_string();
    let unknown = error("listen = \"127.0.0.1:0\"\norign = \"log.example.com\"\n");
    assert!(
        unknown.contains("orign") && unknown.contains("line 2"),
        "{unknown}"
    );
    let wrong = error("# first\nqueue-entries = \"many\"\n");
    assert!(
        wrong.contains("queue-entries") && wrong.contains("line 2"),
        "{wrong}"
    );
}

#[test]
fn a_name_to_listen_on_is_answered_with_an_address() {
    let refused = parse("listen = \"localhost:8080\"\n")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("write 127.0.0.1:8080"), "{refused}");
}

#[test]
fn operations_have_the_names_of_upstream() {
    let settings = resolved("enabled-api-endpoints = [\"searchIndex\", \"getLogEntryByUUID\"]\n");
    let expected = [V1Endpoint::SearchIndex, V1Endpoint::GetLogEntryByUuid];
    assert_eq!(settings.rekor_v1.enabled_api_endpoints, expected);
    assert!(parse("enabled-api-endpoints = [\"timestamp\"]\n").is_err());
    for endpoint in V1Endpoint::value_variants() {
        let flag = endpoint.to_possible_value().unwrap();
        let file = serde_json::to_value(endpoint).unwrap();
        assert_eq!(file, flag.get_name());
    }
    let all = resolved("");
    assert_eq!(all.rekor_v1.enabled_api_endpoints.len(), 8);
}

#[test]
fn the_first_source_wins() {
    let flags = parse("queue-entries = 1\n").unwrap();
    let file = parse("queue-entries = 2\nround-entries = 3\n").unwrap();
    let log = flags.or(file).resolve().unwrap().log;
    assert_eq!((log.queue_entries, log.round_entries), (1, 3));
}

#[test]
fn values_outside_their_range_are_refused_by_the_name_of_the_setting() {
    for (text, expected) in [
        (
            "queue-entries = 0",
            "queue-entries: has to be from 1 to 10000000",
        ),
        (
            "max-request-bytes = 1",
            "max-request-bytes: has to be from 65536 to 1073741824",
        ),
        (
            "store-memory = 1",
            "store-memory: has to be at least 33554432",
        ),
        (
            "request-timeout = 0",
            "request-timeout: has to be from 1 to 3600",
        ),
        (
            "shutdown-timeout = 3601",
            "shutdown-timeout: has to be at most 3600",
        ),
        (
            "tls-key = \"key.pem\"",
            "tls-certificate: needs tls-key too",
        ),
        ("enabled-entry-types = [\"jar\"]", "enabled-entry-types: "),
        (
            "max-artifact-bytes = 1073741825",
            "max-artifact-bytes: has to be at most 1073741824",
        ),
        (
            "max-attestation-bytes = 16777217",
            "max-attestation-bytes: has to be at most",
        ),
        (
            "client-signing-algorithms = [\"md5\"]",
            "client-signing-algorithms: ",
        ),
        ("origin = \"https://log.example\"", "origin: "),
        ("rekor-v1 = false\nrekor-v2 = false", "rekor-v1: "),
    ] {
        let refused = parse(text).unwrap().resolve().unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{text}: {refused}");
    }
}
