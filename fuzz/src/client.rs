//! What signers, verifiers, auditors and monitors read: files, and the answers of logs.

use std::fs;
use std::path::Path;
use std::str;

use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::AuditState;
use ledgerstone_client::Bundle;
use ledgerstone_client::EntryLookup;
use ledgerstone_client::LogApi;
use ledgerstone_client::LogEntry;
use ledgerstone_client::LogSource;
use ledgerstone_client::MonitorConfig;
use ledgerstone_client::MonitorState;
use ledgerstone_client::SearchTerms;
use ledgerstone_client::SigningKey;
use ledgerstone_client::TiledLog;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify_logged;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner as _;
use ledgerstone_merkle::TreeSize;
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;

use crate::Target;
use crate::answers::Server;
use crate::signer;

/// How many entries of a log that is copied are asked for.
const COPIED: u64 = 20;

/// The target of this crate with this name.
pub fn target(name: &str) -> Option<Target> {
    Some(match name {
        "trusted_root" => fuzz_trusted_root,
        "sigstore_bundle" => fuzz_sigstore_bundle,
        "log_entry" => fuzz_log_entry,
        "signed_checkpoint" => fuzz_signed_checkpoint,
        "monitor_config" => fuzz_monitor_config,
        "state_files" => fuzz_state_files,
        "signing_key" => fuzz_signing_key,
        "client_texts" => fuzz_client_texts,
        "answers_tiles" => fuzz_answers_tiles,
        "answers_rekor_v1" => fuzz_answers_rekor_v1,
        "answers_log_api" => fuzz_answers_log_api,
        _ => return None,
    })
}

/// The logs whose keys the targets sign with.
fn logs() -> TrustedLogs {
    let keys = [signer::ED25519.verifier(), signer::P256.verifier()];
    let logs = keys.map(|key| TrustedLog::new(key.clone()).expect("the key is in order"));
    TrustedLogs::new(logs.into()).expect("there are two")
}

fn fuzz_trusted_root(data: &[u8]) {
    let _ = TrustedRoot::parse_at(data, 1_700_000_000);
    if let Ok(logs) = TrustedLogs::from_trusted_root_at(data, 1_700_000_000) {
        for log in logs.iter() {
            assert!(logs.find(log.log_id()).is_some());
        }
    }
}

/// A bundle is read as it was written, and verified for an artifact.
fn fuzz_sigstore_bundle(data: &[u8]) {
    let Ok(bundle) = Bundle::parse(data) else {
        return;
    };
    let artifact = Artifact::Bytes(b"artifact".to_vec());
    let key = PublicKey::from_spki_der(signer::P256.public_key_der()).ok();
    let _ = verify_logged(&bundle, &artifact, key.as_ref(), &logs());
    let _ = verify_logged(&bundle, &artifact, None, &logs());
    let again = Bundle::parse(bundle.to_json().as_bytes());
    // A bundle with a promise alone is of a version that is not written.
    if let Ok(again) = again {
        assert_eq!(again.to_json(), bundle.to_json());
    }
}

/// An entry as a log returns it.
fn fuzz_log_entry(data: &[u8]) {
    let Ok(message) = json::from_slice::<TransparencyLogEntry>(data) else {
        return;
    };
    if let Ok(entry) = LogEntry::new(message) {
        let _ = entry.verify_inclusion();
        let _ = entry.verify(&logs());
    }
}

/// A checkpoint under the rules of each kind of log.
fn fuzz_signed_checkpoint(data: &[u8]) {
    let Ok(note) = str::from_utf8(data) else {
        return;
    };
    let logs = logs();
    let _ = logs.open_checkpoint(note);
    let _ = logs.open_tiled_checkpoint(note);
    let _ = logs.open_rekor_v1_checkpoint(note, 7);
    for log in logs.iter() {
        let _ = log.open_rekor_v1_checkpoint(note);
    }
}

/// TOML of a monitor. Inputs with keys are left out, since those may name any file of the machine.
fn fuzz_monitor_config(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data)
        && !text.contains("keys")
        && !text.contains('\\')
    {
        let _ = MonitorConfig::parse(text, Path::new("/nonexistent"));
    }
}

/// The files in which auditors and monitors remember what they saw.
fn fuzz_state_files(data: &[u8]) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let path = folder.path().join("state.json");
    fs::write(&path, data).expect("it can be written to");
    if let Ok(Some(state)) = AuditState::load(&path) {
        state.save(&path).expect("it can be written to");
        let again = AuditState::load(&path).expect("what was saved can be loaded");
        assert_eq!(again, Some(state));
    }
    fs::write(&path, data).expect("it can be written to");
    if let Ok(Some(state)) = MonitorState::load(&path) {
        state.save(&path).expect("it can be written to");
        let again = MonitorState::load(&path).expect("what was saved can be loaded");
        assert_eq!(again, Some(state));
    }
}

/// Private and public keys that a signer names.
fn fuzz_signing_key(data: &[u8]) {
    let Ok(pem) = str::from_utf8(data) else {
        return;
    };
    let _ = read_verifier_pem(pem);
    if let Ok(key) = SigningKey::from_pem(pem) {
        let artifact = Artifact::Bytes(data.to_vec());
        let digest = artifact
            .digest(key.hash_algorithm())
            .expect("bytes have a digest");
        assert!(key.sign(&digest).is_ok());
        assert!(read_verifier_pem(&key.public_pem()).is_ok());
    }
}

/// What is typed at a command line.
fn fuzz_client_texts(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let _ = ArtifactDigest::parse(text);
    let _ = SearchTerms::default().hash(text);
    let _ = SearchTerms::default().public_key(text);
    let _ = TrustedLog::from_pem(signer::NAME, text);
    if !text.starts_with("https") {
        let _ = Transport::new(text, TransportOptions::default());
    }
}

thread_local! {
    static SERVER: Server = Server::start();
}

/// Copies a log by its tiles, of which the answers are checkpoint, bundles and tiles.
fn fuzz_answers_tiles(data: &[u8]) {
    SERVER.with(|server| {
        server.answer(data, async |transport| {
            copy(LogSource::tiles(TiledLog::new(transport))).await;
        });
    });
}

/// Copies a Rekor v1, of which the answers are its trees, entries and a proof.
fn fuzz_answers_rekor_v1(data: &[u8]) {
    SERVER.with(|server| {
        server.answer(data, async |transport| {
            copy(LogSource::rekor_v1(transport)).await;
        });
    });
}

async fn copy(source: LogSource) {
    let Ok(head) = source.head(&logs(), None).await else {
        return;
    };
    let end = head.size().get().min(COPIED);
    if end > 0 {
        let _ = source.round(&head, 0..end, 1).await;
    }
}

/// Asks everything that a log of our own answers; the first byte says what.
fn fuzz_answers_log_api(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    SERVER.with(|server| {
        server.answer(data, async |transport| {
            ask(transport, *choice).await;
        });
    });
}

async fn ask(transport: Transport, choice: u8) {
    let (api, logs) = (LogApi::new(transport.clone()), logs());
    let first = EntryLookup::Index(LeafIndex::new(0));
    match choice % 9 {
        0 => drop(api.description().await),
        1 => drop(api.trees().await),
        2 => drop(api.predecessors().await),
        3 => drop(api.head(&logs).await),
        4 => drop(api.entries(LeafIndex::new(0), 2).await),
        5 => drop(api.proven_entry(first, &logs).await),
        6 => drop(api.consistency(TreeSize::new(1), None, &logs).await),
        7 => drop(
            api.search(&SearchTerms::default().email("a@example.com"), "", 9, &logs)
                .await,
        ),
        _ => drop(LogSource::detect(transport).await),
    }
}
