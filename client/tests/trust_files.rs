//! The files for other clients, compared with golden ones. `UPDATE_GOLDEN=1` writes those anew.

use std::fs;
use std::path::Path;

use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Authority;
use ledgerstone_client::KeyPeriod;
use ledgerstone_client::LogApi;
use ledgerstone_client::LogDescription;
use ledgerstone_client::RekorApiVersion;
use ledgerstone_client::TrustError;
use ledgerstone_client::TrustFiles;
use ledgerstone_client::TrustFilesError;
use ledgerstone_client::TrustOptions;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_proto::json;
use ledgerstone_proto::log::v1 as proto;
use serde_json::Value;
use serde_json::json;

use crate::support::Server;
use crate::support::transport;

/// The keys that rekor-tiles publishes as examples.
const ED25519: &str = "MCowBQYDK2VwAyEAREvJyNZGjX6B3DAIuD3BTg9rIwV00GY8Xg5FU+IFDUQ=";
const ECDSA: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeLw7gX40qy1z7JUhGMAaaDITbV7p2D+C5G9xPEsy/P\
    VAo9H0mgS4NYzpGirkXxBht+IvvL19WR1X9ANXha5ldQ==";

/// 2026-01-02T03:04:05Z.
const CREATED: i64 = 1_767_323_045;

fn spki(key: &str) -> Vec<u8> {
    STANDARD.decode(key).unwrap()
}

fn log_of(key: &str) -> TrustedLog {
    TrustedLog::from_spki_der("log.example", &spki(key)).unwrap()
}

/// A tree of the log that is read by tiles under a key made from `seed`.
fn tiles_of(origin: &str, seed: u8) -> TrustedLog {
    let signer = Ed25519Signer::from_seed(origin, &[seed; 32]).unwrap();
    TrustedLog::new(signer.verifier().clone()).unwrap()
}

fn log() -> LogDescription {
    LogDescription {
        v2: Some(KeyPeriod::starting(log_of(ED25519), CREATED)),
        v1: Some(KeyPeriod::starting(log_of(ECDSA), CREATED)),
        frozen: Vec::new(),
        v1_tiles: vec![tiles_of("log.example/trees/9", 9)],
        imported: Vec::new(),
    }
}

/// One of the log's own trees as it lists them, read by tiles under `key`.
fn tree(protocol: &str, key: &TrustedLog, created: i64) -> proto::Tree {
    let is_v2 = protocol == "rekor-v2";
    let v1_key = if is_v2 { Vec::new() } else { spki(ECDSA) };
    proto::Tree {
        role: proto::TreeRole::Active as i32,
        key: key.key().to_string(),
        rekor_v1_key: v1_key.into(),
        protocol: protocol.to_owned(),
        log_name: key.origin().split('/').next().unwrap().to_owned(),
        created,
        ..proto::Tree::default()
    }
}

fn options() -> TrustOptions {
    TrustOptions {
        url: "http://127.0.0.1:3000/".to_owned(),
        api_version: RekorApiVersion::V2,
        valid_from: None,
        predecessors: Vec::new(),
        certificate_authority: None,
        timestamp_authority: None,
        ct_key: None,
    }
}

/// An instance with every service. Certificates and keys as they were once generated, so that the
/// files stay the same.
fn whole_options() -> TrustOptions {
    let golden = |name: &str| fs::read_to_string(golden_path(name)).unwrap();
    let chain = golden("authority.pem");
    TrustOptions {
        api_version: RekorApiVersion::V1,
        valid_from: Some(1_704_067_200),
        certificate_authority: Some(Authority {
            url: "http://fulcio.example".to_owned(),
            chain: chain.clone(),
        }),
        timestamp_authority: Some(Authority {
            url: "http://tsa.example/api/v1/timestamp".to_owned(),
            chain,
        }),
        ct_key: Some(ledgerstone_client::public_key_pem(&spki(ECDSA))),
        ..options()
    }
}

fn golden_path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn compare(files: &TrustFiles, folder: &str) {
    for (name, content) in files.iter() {
        let path = golden_path(folder).join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(golden_path(folder)).unwrap();
            fs::write(&path, content).unwrap();
        }
        let expected = fs::read(&path).unwrap();
        assert_eq!(
            String::from_utf8_lossy(content),
            String::from_utf8_lossy(&expected),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_files_are_the_golden_ones() {
    compare(&TrustFiles::new(&log(), &options()).unwrap(), "keys-only");
    compare(
        &TrustFiles::new(&log(), &whole_options()).unwrap(),
        "all-services",
    );
}

#[test]
fn the_trusted_root_is_as_clients_demand() {
    let files = TrustFiles::new(&log(), &options()).unwrap();
    let root: Value = serde_json::from_slice(files.file("trusted_root.json").unwrap()).unwrap();
    assert_eq!(
        root["mediaType"],
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
    );
    let logs = root["tlogs"].as_array().unwrap();
    assert_eq!(logs.len(), 2);
    for log in logs {
        // sigstore-go takes the host for the origin; the start of the day is in no client's future.
        assert_eq!(log["baseUrl"], "http://log.example");
        assert_eq!(log["hashAlgorithm"], "SHA2_256");
        assert_eq!(
            log["publicKey"]["validFor"],
            json!({ "start": "2026-01-02T00:00:00Z" })
        );
    }
    let details: Vec<_> = logs
        .iter()
        .map(|log| &log["publicKey"]["keyDetails"])
        .collect();
    assert_eq!(details, ["PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519"]);
    // The published log id of the ECDSA key: SHA-256 of its SubjectPublicKeyInfo.
    let ecdsa_id = STANDARD.encode(
        hex::decode("8f92d720f56c219e34895a76a636a3353ddbf7813f9fa317e19982eafa945328").unwrap(),
    );
    assert_eq!(logs[0]["logId"]["keyId"], ecdsa_id);
    assert_ne!(logs[1]["logId"]["keyId"], logs[0]["logId"]["keyId"]);
    assert!(root.get("certificateAuthorities").is_none());

    let read = TrustedLogs::from_trusted_root(files.file("trusted_root.json").unwrap()).unwrap();
    assert!(read.left_out().is_empty());
    let expected = [log_of(ECDSA), log_of(ED25519)];
    assert!(
        read.iter()
            .map(|log| (log.key(), log.log_id()))
            .eq(expected.iter().map(|log| (log.key(), log.log_id())))
    );
    let vkey = String::from_utf8(files.file("log.vkey").unwrap().to_vec()).unwrap();
    assert_eq!(vkey.parse::<TrustedLog>().unwrap(), log_of(ED25519));
    let pem = String::from_utf8(files.file("log-ecdsa-p256.pub").unwrap().to_vec()).unwrap();
    assert_eq!(
        TrustedLog::from_pem("log.example", &pem).unwrap(),
        log_of(ECDSA)
    );
    let vkey = files.file("log-v1-tiles.vkey").unwrap().to_vec();
    let vkey: TrustedLog = String::from_utf8(vkey).unwrap().parse().unwrap();
    assert_eq!(vkey, log().v1_tiles[0]);
}

#[test]
fn the_signing_config_sends_clients_to_the_log() {
    let config = |options: &TrustOptions| -> Value {
        let files = TrustFiles::new(&log(), options).unwrap();
        serde_json::from_slice(files.file("signing_config.v0.2.json").unwrap()).unwrap()
    };
    let plain = config(&options());
    assert_eq!(
        plain,
        json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "rekorTlogUrls": [{
                "url": "http://127.0.0.1:3000",
                "majorApiVersion": 2,
                "validFor": { "start": "2026-01-02T00:00:00Z" },
                "operator": "log.example"
            }],
            "rekorTlogConfig": { "selector": "ANY" }
        })
    );
    let whole = config(&whole_options());
    assert_eq!(whole["rekorTlogUrls"][0]["majorApiVersion"], 1);
    assert_eq!(
        whole["tsaUrls"][0]["url"],
        "http://tsa.example/api/v1/timestamp"
    );
    assert_eq!(whole["tsaConfig"], json!({ "selector": "ANY" }));
    assert_eq!(whole["caUrls"][0]["majorApiVersion"], 1);
}

#[test]
fn earlier_trees_stand_behind_the_log_with_keys_of_their_own() {
    let older = TrustedLog::from_spki_der("older.example", &spki(ECDSA)).unwrap();
    let log_id = STANDARD.encode(older.log_id());
    let options = TrustOptions {
        predecessors: vec![KeyPeriod::starting(older, 1_600_000_000)],
        ..options()
    };
    let files = TrustFiles::new(&log(), &options).unwrap();
    let root: Value = serde_json::from_slice(files.file("trusted_root.json").unwrap()).unwrap();
    let logs = root["tlogs"].as_array().unwrap();
    assert_eq!(logs.len(), 3);
    assert_eq!(logs[2]["baseUrl"], "http://older.example");
    assert_eq!(logs[2]["logId"]["keyId"], log_id);
    let key = &logs[2]["publicKey"];
    assert_eq!(key["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
    assert_eq!(key["validFor"], json!({ "start": "2020-09-13T12:26:40Z" }));
}

/// sigstore-python refuses a subject that lacks either name, and an empty one is left out of the
/// JSON.
#[test]
fn an_authority_without_an_organization_gets_its_common_name_for_it() {
    let chain = fs::read_to_string(golden_path("authority-without-organization.pem")).unwrap();
    let url = "http://fulcio.example".to_owned();
    let options = TrustOptions {
        certificate_authority: Some(Authority { url, chain }),
        ..options()
    };
    let files = TrustFiles::new(&log(), &options).unwrap();
    let root: Value = serde_json::from_slice(files.file("trusted_root.json").unwrap()).unwrap();
    assert_eq!(
        root["certificateAuthorities"][0]["subject"],
        json!({ "organization": "Only a Name", "commonName": "Only a Name" })
    );
}

#[test]
fn authorities_are_read_from_their_certificates() {
    let files = TrustFiles::new(&log(), &whole_options()).unwrap();
    let root: Value = serde_json::from_slice(files.file("trusted_root.json").unwrap()).unwrap();
    for list in ["certificateAuthorities", "timestampAuthorities"] {
        let authority = &root[list][0];
        assert_eq!(
            authority["subject"],
            json!({ "organization": "Example", "commonName": "Example Root" }),
            "{list}"
        );
        assert_eq!(
            authority["certChain"]["certificates"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            authority["validFor"],
            json!({ "start": "2024-01-01T00:00:00Z" })
        );
    }
    assert_eq!(root["ctlogs"][0]["baseUrl"], "http://fulcio.example/ctlog");

    let broken = |chain: &str| {
        let authority = Some(Authority {
            url: String::new(),
            chain: chain.to_owned(),
        });
        TrustFiles::new(
            &log(),
            &TrustOptions {
                certificate_authority: authority,
                ..options()
            },
        )
        .unwrap_err()
    };
    assert!(matches!(broken(""), TrustFilesError::NoCertificate { .. }));
    assert!(matches!(
        broken("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
        TrustFilesError::Certificates { .. }
    ));
    let ct_key = Some("no key".to_owned());
    let refused = TrustFiles::new(
        &log(),
        &TrustOptions {
            ct_key,
            ..options()
        },
    );
    assert!(matches!(refused, Err(TrustFilesError::CtKey(_))));
}

#[tokio::test]
async fn the_keys_come_over_the_wire() {
    let trees = vec![
        tree("rekor-v2", &log_of(ED25519), CREATED),
        tree("rekor-v1", &log().v1_tiles[0], CREATED),
        proto::Tree {
            role: proto::TreeRole::Copy as i32,
            ..tree("", &tiles_of("copy.example", 3), CREATED)
        },
    ];
    let reply = json::to_vec(&proto::ListTreesResponse { trees }).unwrap();
    let server = Server::start(move |seen| {
        assert_eq!(seen.path, "/log/v1/trees");
        reply.clone().into_response()
    })
    .await;
    let api = LogApi::new(transport(server.address));
    assert_eq!(api.description().await.unwrap(), log());
}

/// As after an upgrade: a mixed tree that was frozen, then one tree for each protocol, under one
/// ECDSA key.
#[test]
fn one_key_of_rekor_v1_serves_all_its_trees_and_keys_of_frozen_trees_end() {
    let old = log_of(ED25519);
    let (upgraded, frozen_at) = (CREATED + 100 * 86_400, CREATED + 100 * 86_400 + 7);
    let new = tiles_of("v2.log.example", 5);
    let earlier = proto::Tree {
        role: proto::TreeRole::Predecessor as i32,
        frozen_at,
        ..tree("rekor-mixed", &old, CREATED)
    };
    let frozen_v1 = proto::Tree {
        role: proto::TreeRole::Predecessor as i32,
        frozen_at: frozen_at + 9,
        ..tree("rekor-v1", &tiles_of("log.example/trees/7", 7), upgraded)
    };
    let trees = [
        earlier,
        frozen_v1,
        tree("rekor-v2", &new, upgraded),
        tree(
            "rekor-v1",
            &tiles_of("log.example/trees/8", 8),
            upgraded + 9,
        ),
    ];
    let log = LogDescription::from_trees(&trees).unwrap();
    assert_eq!(log.origin(), "v2.log.example");
    assert_eq!(log.shown_key(), Some(&new));
    let trusted = log.trusted().unwrap();
    for key in [
        "log.example/trees/7",
        "log.example/trees/8",
        "v2.log.example",
    ] {
        assert!(trusted.iter().any(|log| log.origin() == key), "{key}");
    }

    let files = TrustFiles::new(&log, &options()).unwrap();
    let root: Value = serde_json::from_slice(files.file("trusted_root.json").unwrap()).unwrap();
    let told: Vec<_> = root["tlogs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| (log["baseUrl"].clone(), log["publicKey"]["validFor"].clone()))
        .collect();
    let day = "2026-01-02T00:00:00Z";
    let end = "2026-04-12T04:04:12Z";
    assert_eq!(
        told,
        [
            (json!("http://log.example"), json!({ "start": day })),
            (
                json!("http://v2.log.example"),
                json!({ "start": "2026-04-12T00:00:00Z" })
            ),
            (
                json!("http://log.example"),
                json!({ "start": day, "end": end })
            ),
        ]
    );
    let keys: Vec<_> = root["tlogs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["logId"]["keyId"].clone())
        .collect();
    let expected = [&log_of(ECDSA), &new, &old].map(|log| json!(STANDARD.encode(log.log_id())));
    assert_eq!(keys, expected);
    let config = files.file("signing_config.v0.2.json").unwrap();
    let config: Value = serde_json::from_slice(config).unwrap();
    assert_eq!(config["rekorTlogUrls"][0]["operator"], "v2.log.example");
}

#[test]
fn a_log_may_lack_either_face() {
    let tiles = tiles_of("log.example/trees/8", 8);
    let v1 = LogDescription::from_trees(&[tree("rekor-v1", &tiles, CREATED)]).unwrap();
    assert_eq!((v1.origin(), v1.shown_key()), ("log.example", Some(&tiles)));
    let refused = TrustFiles::new(&v1, &options());
    assert!(matches!(refused, Err(TrustFilesError::NoTree { .. })));
    let of_v1 = TrustOptions {
        api_version: RekorApiVersion::V1,
        ..options()
    };
    let files = TrustFiles::new(&v1, &of_v1).unwrap();
    assert!(files.file("log-ed25519.pub").is_none());
    assert_eq!(files.file("log.vkey"), files.file("log-v1-tiles.vkey"));

    let v2 = LogDescription::from_trees(&[tree("rekor-v2", &log_of(ED25519), CREATED)]).unwrap();
    assert!(matches!(
        TrustFiles::new(&v2, &of_v1),
        Err(TrustFilesError::NoTree { .. })
    ));
    let files = TrustFiles::new(&v2, &options()).unwrap();
    assert!(files.file("log-ecdsa-p256.pub").is_none());
    assert!(matches!(
        LogDescription::from_trees(&[]),
        Err(TrustError::NoLog)
    ));
}

#[test]
fn files_are_written_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("a/b");
    let files = TrustFiles::new(&log(), &options()).unwrap();
    files.write(&out).unwrap();
    let written = files.write(&out).unwrap();
    assert_eq!(written.len(), 7);
    for path in &written {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(fs::read(path).unwrap(), files.file(name).unwrap());
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 7);
}
