//! Writes a first input or more for each target that needs one in good order: whatever is signed,
//! or has a form that no fuzzer finds by itself. Run it when targets are added, and minimise the
//! corpora after a long run: `cargo run -p ledgerstone-fuzz --example seeds`.

#![allow(
    clippy::unwrap_used,
    reason = "a seed that cannot be made stops the run"
)]

mod server;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::KeyPeriod;
use ledgerstone_client::LogDescription;
use ledgerstone_client::RekorApiVersion;
use ledgerstone_client::TrustFiles;
use ledgerstone_client::TrustOptions;
use ledgerstone_client::TrustedLog;
use ledgerstone_entry::Policy;
use ledgerstone_entry::prepare;
use ledgerstone_entry::v1::ProposedEntry;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_fuzz::parts::SEPARATOR;
use ledgerstone_fuzz::signer;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TlogProof;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::statement;
use prost::Message as _;
use serde_json::Value;
use serde_json::json;

const ARTIFACT: &[u8] = b"artifact";

fn main() {
    merkle();
    v1();
    v2();
    certificates();
    client();
    server::settings();
    server::requests();
}

fn write(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

/// A body, and the note over the tree that has it alone.
fn note(origin: &str, body: &[u8], signer: &dyn NoteSigner) -> String {
    let checkpoint = Checkpoint::new(origin, TreeSize::new(1), leaf_hash(body)).unwrap();
    SignedNote::sign(checkpoint.to_text(), &[signer])
        .unwrap()
        .to_string()
}

fn merkle() {
    let tiled = note(signer::NAME, b"body", &*signer::ED25519);
    let rekor = note(&format!("{} - 7", signer::NAME), b"body", &*signer::P256);
    for target in ["note", "signed_checkpoint"] {
        write(target, "ed25519", &tiled);
        write(target, "p256", &rekor);
    }
    write(
        "checkpoint",
        "tiled",
        SignedNote::parse(&tiled).unwrap().text(),
    );
    write(
        "checkpoint",
        "rekor",
        SignedNote::parse(&rekor).unwrap().text(),
    );
    write("vkey", "ed25519", signer::ED25519.verifier().to_string());
    write("vkey", "p256", signer::P256.verifier().to_string());
    write("cosignature", "line", tiled.lines().last().unwrap());
    write("cosignature", "bytes", [0; 72]);
    write("tile", "two", [7; 64]);
    for (name, path) in [
        ("full", "tile/0/x001/x234/067"),
        ("partial", "tile/63/000.p/255"),
        ("entries", "tile/entries/x123/456.p/1"),
    ] {
        write("tile_path", name, path);
    }
    write(
        "entry_bundle",
        "two",
        EntryBundle::encode(&[&b"one"[..], b"two"]).unwrap(),
    );
    let proof = TlogProof {
        extra: Some(b"extra".to_vec()),
        index: LeafIndex::new(0),
        hashes: vec![Hash::new([1; 32])],
        checkpoint: tiled,
    };
    write("tlog_proof", "one", proof.to_string());
    let numbers = [5_u64, 8, 9].map(u64::to_be_bytes).concat();
    write("proofs", "three", [&numbers[..], &[1; 96]].concat());
    for target in ["signer_pem", "signing_key"] {
        write(target, "p256", signer::P256_PEM);
    }
    write("signing_key", "public", signer::public_pem());
    write("timestamp", "now", "2026-11-27T21:00:00.5Z");
}

fn v1() {
    let signer = Signer::new();
    let statement = statement(ARTIFACT);
    for (name, proposal) in [
        ("hashedrekord", signer.hashedrekord(ARTIFACT)),
        ("dsse", signer.dsse(&statement)),
        ("intoto-1", signer.intoto_v001(&statement)),
        ("intoto-2", signer.intoto_v002(&statement)),
        ("rekord", signer.rekord(ARTIFACT)),
    ] {
        let text = proposal.to_string();
        write("v1_proposal", name, &text);
        let proposed = ProposedEntry::parse(text.as_bytes()).unwrap();
        let entry = ledgerstone_entry::v1::prepare(&proposed, &V1Policy::default()).unwrap();
        write("body", name, entry.body);
    }
    write(
        "v1_envelope",
        "statement",
        signer.envelope(&statement).to_string(),
    );
    write("statement", "v1", &statement);
    let media_type = b"application/vnd.in-toto+json";
    let payload = [&media_type[..], &statement].join(SEPARATOR);
    write("v1_signed_payload", "statement", &payload);
    write("v2_signed_payload", "statement", &payload);
    let x509 = signer.rekord(ARTIFACT);
    let field = |pointer| {
        STANDARD
            .decode(x509.pointer(pointer).unwrap().as_str().unwrap())
            .unwrap()
    };
    let key = field("/spec/signature/publicKey/content");
    let signature = field("/spec/signature/content");
    write(
        "rekord_x509",
        "p256",
        [&key[..], &signature, ARTIFACT].join(SEPARATOR),
    );
    write("public_key", "pem", &key);
}

fn v2() {
    let request = Signer::new().hashedrekord_v2(ARTIFACT).to_string();
    write("v2_json", "hashedrekord", &request);
    write("json", "request", ["\0", &request].concat());
    let request: CreateEntryRequest = json::from_slice(request.as_bytes()).unwrap();
    write("v2_request", "hashedrekord", request.encode_to_vec());
    write(
        "protobuf",
        "request",
        [&[0], &request.encode_to_vec()[..]].concat(),
    );
    let entry = prepare(&request, &Policy::default()).unwrap();
    write("body", "hashedrekord-2", entry.body);
    write("public_key", "der", signer::P256.public_key_der());
    write(
        "search_terms",
        "digest",
        format!("sha256:{}", "5a".repeat(32)),
    );
    write("search_terms", "subject", "*@example.com");
    let rules = "kinds = [\"hashedrekord 0.0.2\"]\n[[identities]]\nsubject = \"*@example.com\"\n";
    write("watch_rules", "identity", rules);
    write(
        "monitor_config",
        "identity",
        format!("on-hit = [\"true\"]\n{rules}"),
    );
}

fn certificates() {
    let key = rcgen::KeyPair::from_pem(signer::P256_PEM).unwrap();
    let names = ["example.com", "192.0.2.7"].map(str::to_owned);
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.custom_extensions = [1, 8]
        .map(|number| {
            let oid = [1, 3, 6, 1, 4, 1, 57264, 1, number];
            rcgen::CustomExtension::from_oid_content(&oid, b"\x0c\x13https://example.com".to_vec())
        })
        .into();
    let certificate = params.self_signed(&key).unwrap();
    write("v2_certificate", "names", certificate.der());
    write("public_key", "certificate", certificate.der());
    write("v1_certificates", "names", certificate.pem());

    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let leaf = params.signed_by(&key, &issuer).unwrap();
    write(
        "v1_certificates",
        "chain",
        [leaf.pem(), root.pem()].concat(),
    );
}

fn client() {
    let starting = |key: &VerifierKey| KeyPeriod {
        log: TrustedLog::new(key.clone()).unwrap(),
        since: 1_700_000_000,
        until: None,
    };
    let log = LogDescription {
        v2: Some(starting(signer::ED25519.verifier())),
        v1: Some(starting(signer::P256.verifier())),
        frozen: Vec::new(),
        v1_tiles: Vec::new(),
        imported: Vec::new(),
    };
    let options = TrustOptions {
        url: format!("https://{}", signer::NAME),
        api_version: RekorApiVersion::V2,
        valid_from: None,
        predecessors: Vec::new(),
        certificate_authority: None,
        timestamp_authority: None,
        ct_key: None,
    };
    let files = TrustFiles::new(&log, &options).unwrap();
    let root = files.file("trusted_root.json").unwrap();
    write("trusted_root", "own", root);
    write("json", "trusted-root", [&[4], root].concat());
    let (entry, bundle) = bundle();
    write("log_entry", "own", entry.to_string());
    write("sigstore_bundle", "own", bundle.to_string());
    let state = json!({"version": 1, "checkpoint": note(signer::NAME, b"a", &*signer::ED25519)});
    write("state_files", "audit", state.to_string());
    write("client_texts", "url", "http://127.0.0.1:3000/log");
    write(
        "client_texts",
        "digest",
        format!("sha256:{}", "5a".repeat(32)),
    );
    answers();
}

/// A log entry over [`ARTIFACT`], and the bundle with it, as the target's own log gives them.
fn bundle() -> (Value, Value) {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(ARTIFACT);
    let signature = STANDARD.encode(signer::sign(ARTIFACT));
    let request = json!({"hashedRekordRequestV002": {
        "digest": STANDARD.encode(digest),
        "signature": {"content": signature, "verifier": {
            "publicKey": {"rawBytes": STANDARD.encode(signer::P256.public_key_der())},
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        }},
    }});
    let request = json::from_slice(request.to_string().as_bytes()).unwrap();
    let body = prepare(&request, &Policy::default()).unwrap().body;
    let log_id = TrustedLog::new(signer::ED25519.verifier().clone()).unwrap();
    let entry = json!({
        "logIndex": "0",
        "logId": {"keyId": STANDARD.encode(log_id.log_id())},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "integratedTime": "0",
        "inclusionProof": {
            "logIndex": "0", "rootHash": STANDARD.encode(leaf_hash(&body).as_bytes()),
            "treeSize": "1", "hashes": [],
            "checkpoint": {"envelope": note(signer::NAME, &body, &*signer::ED25519)},
        },
        "canonicalizedBody": STANDARD.encode(&body),
    });
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": ledgerstone_client::key_hint(signer::P256.public_key_der())},
            "tlogEntries": [&entry],
        },
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)},
            "signature": signature,
        },
    });
    (entry, bundle)
}

fn answers() {
    let body = b"body";
    let tiled = note(signer::NAME, body, &*signer::ED25519);
    let bundle = EntryBundle::encode(&[body]).unwrap();
    write(
        "answers_tiles",
        "one",
        [tiled.as_bytes(), &bundle].join(SEPARATOR),
    );
    let rekor = note(&format!("{} - 7", signer::NAME), body, &*signer::P256);
    let tree = json!({
        "treeSize": 1, "treeID": "7", "rootHash": leaf_hash(body).to_string(),
        "signedTreeHead": rekor, "inactiveShards": [],
    });
    let entry = json!([{format!("{:016x}{}", 7, leaf_hash(body)): {
        "body": STANDARD.encode(body), "integratedTime": 1_700_000_000,
        "logID": Hash::new(signer::P256.verifier().log_id()).to_string(), "logIndex": 0,
        "verification": {"signedEntryTimestamp": STANDARD.encode(signer::sign(body))},
        "attestation": {"data": "e30="},
    }}]);
    let answers = [
        tree.to_string().into_bytes(),
        entry.to_string().into_bytes(),
    ];
    write("answers_rekor_v1", "one", answers.join(SEPARATOR));
    let key = STANDARD.encode(signer::P256.public_key_der());
    let keys = json!({
        "origin": signer::NAME, "created": "1700000000",
        "ed25519": {"spki": STANDARD.encode(signer::ED25519.public_key_der()), "vkey": ""},
        "ecdsaP256": {"spki": key, "vkey": ""},
    });
    let head = json!({"treeId": "7", "origin": signer::NAME, "size": "1", "checkpoint": tiled});
    let leaf = STANDARD.encode(leaf_hash(body).as_bytes());
    let log_entry = json!({"index": "0", "body": STANDARD.encode(body), "leafHash": leaf});
    let proof = json!({
        "index": "0", "leafHash": leaf, "treeSize": "1", "hashes": [], "checkpoint": tiled,
    });
    let trees = json!({"trees": [{"head": head, "role": "TREE_ROLE_PREDECESSOR"}]});
    let entries = json!({"entries": [log_entry]});
    let hits = json!({"hits": [{"index": "0", "entry": log_entry}], "complete": true});
    for (choice, answers) in [
        (0, vec![&keys]),
        (2, vec![&trees, &log_entry]),
        (3, vec![&head]),
        (4, vec![&entries]),
        (5, vec![&log_entry, &proof]),
        (6, vec![&head, &proof]),
        (7, vec![&hits, &head, &proof]),
        (8, vec![&head]),
    ] {
        let answers: Vec<_> = answers
            .iter()
            .map(|it| it.to_string().into_bytes())
            .collect();
        let answers = [&[choice], &answers.join(SEPARATOR)[..]].concat();
        write("answers_log_api", &format!("{choice}"), answers);
    }
}
