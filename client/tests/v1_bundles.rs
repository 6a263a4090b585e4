//! Published bundles of Rekor v1 verify, and nothing that was changed in one does; and what they
//! have no example of, with a small log of the test's own.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleError;
use ledgerstone_client::CheckpointFault;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::LogEntryError;
use ledgerstone_client::LogEntryFault;
use ledgerstone_client::Logged;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_client::Unchecked;
use ledgerstone_client::VerifiedPromise;
use ledgerstone_client::VerifyError;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify_logged;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use proptest::prop_assert;
use proptest::proptest;
use proptest::sample::Index;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::fixtures;

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

const OLDEST: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// The key of the public instance.
const PUBLIC_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtk\
    s4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==";

const ALL: [&str; 4] = [
    "v1-hashedrekord",
    "v1-dsse",
    "v1-managed-key",
    "v1-intoto-custom-root",
];

/// A bundle with its trusted root, to be changed.
struct Case {
    bundle: Value,
    trusted_root: Value,
    artifact: Artifact,
    key: Option<PublicKey>,
}

impl Case {
    fn read(name: &str) -> Option<Self> {
        let bundles = fixtures()?.join("bundles");
        let path = |file: &str| bundles.join(name).join(file);
        let json = |file: &str| {
            let text = fs::read(path(file)).ok()?;
            Some(serde_json::from_slice(&text).unwrap())
        };
        let artifact = match path("artifact") {
            own if own.exists() => own,
            _ => bundles.join("a.txt"),
        };
        let key = fs::read_to_string(path("key.pub")).ok();
        Some(Self {
            bundle: json("bundle.sigstore.json").unwrap(),
            trusted_root: json("trusted_root.json").unwrap_or_else(public_root),
            artifact: Artifact::File(artifact),
            key: key.map(|pem| read_verifier_pem(&pem).unwrap().0),
        })
    }

    fn verify(&self) -> Result<Logged, Error> {
        let bundle = Bundle::parse(self.bundle.to_string().as_bytes())?;
        let logs = TrustedLogs::from_trusted_root(self.trusted_root.to_string().as_bytes())?;
        Ok(verify_logged(
            &bundle,
            &self.artifact,
            self.key.as_ref(),
            &logs,
        )?)
    }

    fn entry(&mut self, field: &str) -> &mut Value {
        self.bundle.pointer_mut(&format!("{ENTRY}{field}")).unwrap()
    }

    fn window(&mut self, window: Value) {
        self.trusted_root["tlogs"][0]["publicKey"]["validFor"] = window;
    }

    /// Takes a field out of the entry.
    fn without(mut self, field: &str) -> Self {
        let entry = self.entry("").as_object_mut().unwrap();
        assert!(entry.remove(field).is_some());
        self
    }

    /// The reason why the bundle does not verify. It must be one that scripts take for a failed
    /// verification.
    fn refusal(&self) -> Error {
        let error = self.verify().unwrap_err();
        assert_eq!(error.failure(), Failure::Untrue, "{error}");
        error
    }

    fn fault(&self) -> LogEntryFault {
        match self.refusal() {
            Error::Verify(VerifyError::LogEntry(fault)) => fault,
            other => panic!("{other}"),
        }
    }

    fn is_about_other(&self) -> bool {
        matches!(
            self.refusal(),
            Error::Verify(VerifyError::OtherBody { .. } | VerifyError::Body { .. })
        )
    }
}

fn public_root() -> Value {
    trusted_root("https://rekor.sigstore.dev", PUBLIC_KEY)
}

fn trusted_root(url: &str, key: &str) -> Value {
    let log_id = STANDARD.encode(Sha256::digest(STANDARD.decode(key).unwrap()));
    json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [{
            "baseUrl": url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": key,
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": "2021-01-12T11:53:27Z"},
            },
            "logId": {"keyId": log_id},
        }],
    })
}

/// Flips the lowest bit of the byte in the middle of a base64 value.
fn flip(value: &mut Value) {
    let mut bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *value = STANDARD.encode(bytes).into();
}

#[test]
fn published_bundles_verify() {
    for (name, kind, origin, index, size, promised, time) in [
        (
            "v1-hashedrekord",
            "hashedrekord 0.0.1",
            "rekor.sigstore.dev - 2605736670972794746",
            75_408_392,
            75_408_393,
            79_571_823,
            1_710_869_186,
        ),
        (
            "v1-dsse",
            "dsse 0.0.1",
            "rekor.sigstore.dev - 1193050959916656506",
            33_786_588,
            33_786_589,
            155_690_850,
            1_734_374_576,
        ),
        (
            "v1-managed-key",
            "hashedrekord 0.0.1",
            "rekor.sigstore.dev - 1193050959916656506",
            649_584_075,
            649_584_076,
            771_488_337,
            1_766_077_479,
        ),
        (
            "v1-intoto-custom-root",
            "intoto 0.0.2",
            "localhost:8000 - 124190645164477",
            0,
            1,
            4_288_993,
            1_675_209_600,
        ),
    ] {
        let Some(case) = Case::read(name) else { return };
        let verified = case.verify().unwrap();
        let [entry] = &verified.entries[..] else {
            panic!("{name}")
        };
        assert_eq!((entry.kind.as_str(), entry.origin.as_str()), (kind, origin));
        let inclusion = entry.inclusion.unwrap();
        let shown = (inclusion.index.get(), inclusion.size.get());
        assert_eq!(shown, (index, size), "{name}");
        let promise = VerifiedPromise {
            index: promised,
            time,
        };
        assert_eq!(entry.promise, Some(promise), "{name}");
        assert_eq!(verified.certified, name != "v1-managed-key");
        assert_eq!(
            verified.not_checked.contains(&Unchecked::Certificate),
            verified.certified
        );
        for claim in [
            Unchecked::Inclusion,
            Unchecked::LoggedSignature,
            Unchecked::Cosignatures,
            Unchecked::LogKeyEnded,
        ] {
            assert!(!verified.not_checked.contains(&claim), "{name}: {claim}");
        }
    }
}

#[test]
fn another_artifact_or_signer_is_refused() {
    for name in ALL {
        let Some(mut case) = Case::read(name) else {
            return;
        };
        case.artifact = Artifact::Bytes(b"another".to_vec());
        let refused = case.refusal();
        assert!(
            matches!(
                refused,
                Error::Verify(
                    VerifyError::OtherArtifact { .. } | VerifyError::NoSuchSubject { .. }
                )
            ),
            "{name}: {refused}"
        );
    }
    let mut case = Case::read("v1-managed-key").unwrap();
    let other = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
    let other = EcdsaP256Signer::from_pkcs8_pem("other", &other).unwrap();
    case.key = Some(PublicKey::from_spki_der(other.public_key_der()).unwrap());
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Signature(_))
    ));
    case.key = None;
    let error = case.verify().unwrap_err();
    assert!(matches!(
        error,
        Error::Verify(VerifyError::KeyNeeded { .. })
    ));
}

#[test]
fn a_changed_body_is_refused() {
    for name in ALL {
        let Some(mut case) = Case::read(name) else {
            return;
        };
        flip(case.entry("/canonicalizedBody"));
        assert!(case.is_about_other(), "{name}");
    }
}

/// A body that a log could hold, but about something else, each time in one thing only.
#[test]
fn a_body_about_something_else_is_refused() {
    for (name, replacements) in [
        (
            "v1-managed-key",
            &[
                ("\"value\":\"a0cf", "\"value\":\"a0ce"),
                ("\"content\":\"MEUCIQC", "\"content\":\"MEUCIQD"),
                (
                    "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0\
                     RRZ0FFeFJS",
                    "",
                ),
            ][..],
        ),
        (
            "v1-dsse",
            &[
                (
                    "\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\"d6",
                    "\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\"d7",
                ),
                ("\"signature\":\"MEYCIQDa", "\"signature\":\"MEYCIQDb"),
            ],
        ),
        (
            "v1-intoto-custom-root",
            &[
                (
                    "application/vnd.in-toto+json",
                    "application/vnd.in-toto+yaml",
                ),
                ("\"payload\":\"Z", "\"payload\":\"Y"),
            ],
        ),
    ] {
        let Some(case) = Case::read(name) else { return };
        let body = case.bundle.pointer(&format!("{ENTRY}/canonicalizedBody"));
        let body = STANDARD.decode(body.unwrap().as_str().unwrap()).unwrap();
        let body = String::from_utf8(body).unwrap();
        for (from, to) in replacements {
            assert_eq!(body.matches(from).count(), 1, "{name}: {from}");
            let mut case = Case::read(name).unwrap();
            let changed = body.replace(from, to);
            *case.entry("/canonicalizedBody") = STANDARD.encode(changed).into();
            assert!(case.is_about_other(), "{name}: {from}");
        }
    }
}

#[test]
fn the_entry_of_another_bundle_is_refused() {
    let Some(mut case) = Case::read("v1-hashedrekord") else {
        return;
    };
    let other = Case::read("v1-managed-key").unwrap();
    let entry = other.bundle.pointer(ENTRY).unwrap();
    *case.entry("") = entry.clone();
    assert!(case.is_about_other());

    // An entry is what its body says, whatever stands beside it.
    let mut case = Case::read("v1-hashedrekord").unwrap();
    for kind in ["dsse", "rekord"] {
        case.entry("/kindVersion")["kind"] = kind.into();
        assert!(case.is_about_other());
    }
    for (kind, version) in [("alpine", "0.0.1"), ("hashedrekord", "0.0.9")] {
        *case.entry("/kindVersion") = json!({"kind": kind, "version": version});
        assert!(matches!(
            case.refusal(),
            Error::Verify(VerifyError::Kind { .. })
        ));
    }
    // Taken for Rekor v2, it would be rebuilt.
    *case.entry("/kindVersion") = json!({"kind": "hashedrekord", "version": "0.0.2"});
    case.refusal();
    let mut dsse = Case::read("v1-dsse").unwrap();
    *case.entry("") = dsse.entry("").clone();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::MessageKind { .. })
    ));
}

#[test]
fn a_changed_promise_is_refused() {
    for name in ALL {
        for (field, value) in [("/integratedTime", "1710869187"), ("/logIndex", "79571824")] {
            let Some(mut case) = Case::read(name) else {
                return;
            };
            *case.entry(field) = value.into();
            assert_eq!(case.fault(), LogEntryFault::Promise, "{name} {field}");
        }
        let mut case = Case::read(name).unwrap();
        flip(case.entry("/inclusionPromise/signedEntryTimestamp"));
        assert_eq!(case.fault(), LogEntryFault::Promise, "{name}");
        *case.entry("/inclusionPromise") = json!({});
        assert_eq!(case.fault(), LogEntryFault::Promise, "{name}");
    }
}

#[test]
fn a_changed_proof_is_refused() {
    for name in &ALL[..3] {
        let Some(mut case) = Case::read(name) else {
            return;
        };
        flip(case.entry("/inclusionProof/hashes/2"));
        assert!(matches!(case.fault(), LogEntryFault::Inclusion(_)));

        let mut case = Case::read(name).unwrap();
        let hashes = case.entry("/inclusionProof/hashes");
        hashes.as_array_mut().unwrap().pop();
        assert!(matches!(case.fault(), LogEntryFault::Inclusion(_)));

        let mut case = Case::read(name).unwrap();
        *case.entry("/inclusionProof/logIndex") = "7".into();
        assert!(matches!(case.fault(), LogEntryFault::Inclusion(_)));

        let mut case = Case::read(name).unwrap();
        flip(case.entry("/inclusionProof/rootHash"));
        assert!(matches!(
            case.refusal(),
            Error::Bundle(BundleError::LogEntry(LogEntryError::TwoRoots { .. }))
        ));
    }
}

#[test]
fn a_changed_checkpoint_is_refused() {
    for name in ALL {
        let Some(mut case) = Case::read(name) else {
            return;
        };
        let note = case.entry("/inclusionProof/checkpoint/envelope");
        let text = note.as_str().unwrap().to_owned();
        // The number of the tree is signed, and so are extension lines.
        let (origin, rest) = text.split_once('\n').unwrap();
        for changed in [
            format!("{origin}1\n{rest}"),
            text.replacen("\n\n", "\nTimestamp: 1\n\n", 1),
        ] {
            let mut case = Case::read(name).unwrap();
            *case.entry("/inclusionProof/checkpoint/envelope") = changed.into();
            assert!(
                matches!(
                    case.fault(),
                    LogEntryFault::Checkpoint(CheckpointFault::Note(
                        NoteError::InvalidSignature { .. }
                    ))
                ),
                "{name}"
            );
        }
    }
}

#[test]
fn only_the_logs_of_the_trusted_root_count() {
    for name in ALL {
        let Some(mut case) = Case::read(name) else {
            return;
        };
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        let other = EcdsaP256Signer::from_pkcs8_pem("other", &pem).unwrap();
        // Another key under the id of the log.
        case.trusted_root["tlogs"][0]["publicKey"]["rawBytes"] =
            STANDARD.encode(other.public_key_der()).into();
        assert!(matches!(
            case.fault(),
            LogEntryFault::Checkpoint(CheckpointFault::Note(NoteError::NoKnownKey))
        ));
        flip(&mut case.trusted_root["tlogs"][0]["logId"]["keyId"]);
        assert!(matches!(case.fault(), LogEntryFault::UnknownLog { .. }));
    }
}

#[test]
fn the_promised_time_lies_in_that_of_the_key() {
    let Some(mut case) = Case::read("v1-hashedrekord") else {
        return;
    };
    // 2024-03-19T17:26:26Z, a second after it, and a second before it.
    for (window, is_in) in [
        (json!({"start": "2024-03-19T17:26:26Z"}), true),
        (json!({"start": "2024-03-19T17:26:27Z"}), false),
        (
            json!({"start": "2021-01-01T00:00:00Z", "end": "2024-03-19T17:26:26Z"}),
            true,
        ),
        (
            json!({"start": "2021-01-01T00:00:00Z", "end": "2024-03-19T17:26:25Z"}),
            false,
        ),
    ] {
        case.window(window);
        if is_in {
            // A key that has ended since is no reason for doubt.
            let verified = case.verify().unwrap();
            assert!(!verified.not_checked.contains(&Unchecked::LogKeyEnded));
        } else {
            let time = 1_710_869_186;
            assert_eq!(case.fault(), LogEntryFault::OutsideWindow { time });
        }
    }
    // Without the promise nothing says when it was logged.
    let verified = case.without("inclusionPromise").verify().unwrap();
    assert!(verified.not_checked.contains(&Unchecked::LogKeyEnded));
    assert_eq!(verified.entries[0].promise, None);
    assert!(verified.entries[0].inclusion.is_some());
}

#[test]
fn the_oldest_bundles_may_have_the_promise_alone() {
    for name in ALL {
        let Some(case) = Case::read(name) else { return };
        let mut case = case.without("inclusionProof");
        assert!(
            matches!(
                case.refusal(),
                Error::Bundle(BundleError::LogEntry(LogEntryError::Missing(
                    "inclusionProof"
                )))
            ),
            "{name}"
        );
        case.bundle["mediaType"] = OLDEST.into();
        let verified = case.verify().unwrap();
        assert!(verified.not_checked.contains(&Unchecked::Inclusion));
        assert_eq!(verified.entries[0].inclusion, None);
        assert!(verified.entries[0].promise.is_some());
        let written = Bundle::parse(case.bundle.to_string().as_bytes()).unwrap();
        let written: Value = serde_json::from_str(&written.to_json()).unwrap();
        assert_eq!(written.pointer(ENTRY), case.bundle.pointer(ENTRY));

        flip(case.entry("/canonicalizedBody"));
        assert!(case.is_about_other());
        let mut case = Case::read(name).unwrap().without("inclusionProof");
        case.bundle["mediaType"] = OLDEST.into();
        flip(case.entry("/inclusionPromise/signedEntryTimestamp"));
        assert_eq!(case.fault(), LogEntryFault::Promise);
        let case = case.without("inclusionPromise");
        assert!(matches!(
            case.refusal(),
            Error::Bundle(BundleError::LogEntry(LogEntryError::Missing(_)))
        ));
    }
}

#[test]
fn bundles_are_written_as_they_were_read() {
    for name in ALL {
        let Some(case) = Case::read(name) else { return };
        let bundle = Bundle::parse(case.bundle.to_string().as_bytes()).unwrap();
        let written: Value = serde_json::from_str(&bundle.to_json()).unwrap();
        assert_eq!(written.pointer(ENTRY), case.bundle.pointer(ENTRY), "{name}");
    }
}

proptest! {
    #[test]
    fn no_bit_of_a_bundle_can_be_flipped(name: Index, field: Index, bit: Index) {
        let name = name.get(&ALL);
        let Some(mut case) = Case::read(name) else { return Ok(()) };
        let mut fields: Vec<String> = [
            "/canonicalizedBody",
            "/logId/keyId",
            "/inclusionPromise/signedEntryTimestamp",
            "/inclusionProof/rootHash",
        ]
        .map(|field| format!("{ENTRY}{field}"))
        .to_vec();
        fields.extend(["/messageSignature/signature", "/dsseEnvelope/payload"].map(str::to_owned));
        let hashes = case.entry("/inclusionProof/hashes").as_array().unwrap().len();
        fields.extend((0..hashes).map(|one| format!("{ENTRY}/inclusionProof/hashes/{one}")));
        fields.retain(|field| case.bundle.pointer(field).is_some());
        let field = field.get(&fields);
        let value = case.bundle.pointer_mut(field).unwrap();
        let mut bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
        let bit = bit.index(8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        *value = STANDARD.encode(bytes).into();
        prop_assert!(case.verify().is_err(), "{name}: {field}, bit {bit}");
    }
}

/// A Rekor v1 of one entry.
struct SmallLog {
    signer: EcdsaP256Signer,
}

impl SmallLog {
    fn new() -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        let signer = EcdsaP256Signer::from_pkcs8_pem("log.example", &pem).unwrap();
        Self { signer }
    }

    fn key_id(&self) -> [u8; 32] {
        Sha256::digest(self.signer.public_key_der()).into()
    }

    fn checkpoint(&self, origin: &str, body: &[u8]) -> String {
        let checkpoint = Checkpoint::new(origin, TreeSize::new(1), leaf_hash(body)).unwrap();
        let note = SignedNote::sign(checkpoint.to_text(), &[&self.signer]);
        note.unwrap().to_string()
    }

    /// The entry with `body`, as the log answers.
    fn entry(&self, kind: &str, version: &str, body: &Value, origin: &str) -> Value {
        let body = body.to_string();
        let encoded = STANDARD.encode(&body);
        let log_id = hex::encode(self.key_id());
        let promised = format!(
            r#"{{"body":"{encoded}","integratedTime":1700000000,"logID":"{log_id}","logIndex":42}}"#
        );
        let promise = self.signer.sign_bytes(promised.as_bytes()).unwrap();
        json!({
            "logIndex": "42",
            "logId": {"keyId": STANDARD.encode(self.key_id())},
            "kindVersion": {"kind": kind, "version": version},
            "integratedTime": "1700000000",
            "inclusionPromise": {"signedEntryTimestamp": STANDARD.encode(promise)},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": STANDARD.encode(leaf_hash(body.as_bytes())),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": self.checkpoint(origin, body.as_bytes())},
            },
            "canonicalizedBody": encoded,
        })
    }

    /// A bundle with an envelope over a statement about `artifact`, logged as intoto 0.0.1 by
    /// `change`d content.
    fn intoto_v001(&self, origin: &str, change: impl FnOnce(&mut Value)) -> Case {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        let person = EcdsaP256Signer::from_pkcs8_pem("person", &pem).unwrap();
        let artifact = b"artifact".to_vec();
        let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        let payload = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "a", "digest": {"sha256": sha256(&artifact)}}],
        })
        .to_string();
        let payload_type = "application/vnd.in-toto+json";
        let signed = pre_authentication_encoding(payload_type, payload.as_bytes());
        let signature = person.sign_bytes(&signed).unwrap();
        let pem = ledgerstone_client::public_key_pem(person.public_key_der());
        let digest = |bytes: &[u8]| json!({"algorithm": "sha256", "value": sha256(bytes)});
        let mut content = json!({
            "content": {
                "hash": digest(b"the envelope as it was submitted"),
                "payloadHash": digest(payload.as_bytes()),
            },
            "publicKey": STANDARD.encode(&pem),
        });
        change(&mut content);
        let body = json!({"apiVersion": "0.0.1", "kind": "intoto", "spec": content});
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": {"hint": "a key"},
                "tlogEntries": [self.entry("intoto", "0.0.1", &body, origin)],
            },
            "dsseEnvelope": {
                "payload": STANDARD.encode(&payload),
                "payloadType": payload_type,
                "signatures": [{"sig": STANDARD.encode(signature)}],
            },
        });
        let key = STANDARD.encode(self.signer.public_key_der());
        Case {
            bundle,
            trusted_root: trusted_root("https://log.example", &key),
            artifact: Artifact::Bytes(artifact),
            key: Some(PublicKey::from_spki_der(person.public_key_der()).unwrap()),
        }
    }
}

#[test]
fn the_oldest_envelopes_verify_but_for_their_signature() {
    let log = SmallLog::new();
    let case = log.intoto_v001("log.example - 7", |_| ());
    let verified = case.verify().unwrap();
    assert_eq!(verified.not_checked, [Unchecked::LoggedSignature]);
    assert_eq!(verified.entries[0].kind, "intoto 0.0.1");
    for (pointer, value) in [
        ("/content/payloadHash/value", json!("00".repeat(32))),
        (
            "/publicKey",
            json!(STANDARD.encode(ledgerstone_client::public_key_pem(
                log.signer.public_key_der()
            ))),
        ),
    ] {
        let change = |content: &mut Value| *content.pointer_mut(pointer).unwrap() = value;
        let case = log.intoto_v001("log.example - 7", change);
        assert!(case.is_about_other(), "{pointer}");
    }
    let without = |content: &mut Value| {
        content["content"]
            .as_object_mut()
            .unwrap()
            .remove("payloadHash");
    };
    assert!(log.intoto_v001("log.example - 7", without).is_about_other());
}

#[test]
fn the_origin_is_the_name_and_a_tree() {
    let log = SmallLog::new();
    for origin in ["log.example - 7", "log.example"] {
        let case = log.intoto_v001(origin, |_| ());
        assert_eq!(case.verify().unwrap().entries[0].origin, origin);
    }
    for origin in [
        "log.example - x",
        "log.example -7",
        "other.example - 7",
        "log.example - ",
    ] {
        let case = log.intoto_v001(origin, |_| ());
        assert!(
            matches!(
                case.fault(),
                LogEntryFault::Checkpoint(CheckpointFault::Origin { .. })
            ),
            "{origin}"
        );
    }
}

/// Who names a log together with its key means that name. A trusted root names the host of a URL,
/// which may be another.
#[test]
fn the_name_counts_where_it_was_given() {
    let log = SmallLog::new();
    let mut case = log.intoto_v001("log.example - 7", |_| ());
    case.trusted_root["tlogs"][0]["baseUrl"] = "https://rekor.example:3000".into();
    case.verify().unwrap();

    let bundle = Bundle::parse(case.bundle.to_string().as_bytes()).unwrap();
    let verify_as = |name: &str| {
        let log = TrustedLog::from_spki_der(name, log.signer.public_key_der()).unwrap();
        let logs = TrustedLogs::new(vec![log]).unwrap();
        verify_logged(&bundle, &case.artifact, case.key.as_ref(), &logs)
    };
    verify_as("log.example").unwrap();
    assert!(matches!(
        verify_as("rekor.example"),
        Err(VerifyError::LogEntry(LogEntryFault::Checkpoint(
            CheckpointFault::Note(NoteError::NoKnownKey)
        )))
    ));
    let vkey: TrustedLog = log.signer.verifier().to_string().parse().unwrap();
    let logs = TrustedLogs::new(vec![vkey]).unwrap();
    verify_logged(&bundle, &case.artifact, case.key.as_ref(), &logs).unwrap();
}
