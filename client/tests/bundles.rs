//! Published Rekor v2 bundles verify, and nothing that was changed in one does.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleError;
use ledgerstone_client::CheckpointFault;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::LogEntryError;
use ledgerstone_client::LogEntryFault;
use ledgerstone_client::Logged;
use ledgerstone_client::SigningKey;
use ledgerstone_client::TrustedLogs;
use ledgerstone_client::Unchecked;
use ledgerstone_client::VerifyError;
use ledgerstone_client::verify_logged;
use ledgerstone_merkle::NoteError;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::prop_assume;
use proptest::proptest;
use proptest::sample::Index;
use serde_json::Value;
use serde_json::json;

use crate::support::fixtures;

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

/// A published bundle with its trusted root, to be changed.
struct Case {
    bundle: Value,
    trusted_root: Value,
    artifact: Artifact,
}

impl Case {
    fn read(name: &str) -> Option<Self> {
        let bundles = fixtures()?.join("bundles");
        let json = |file: &str| {
            serde_json::from_slice(&fs::read(bundles.join(name).join(file)).unwrap()).unwrap()
        };
        Some(Self {
            bundle: json("bundle.sigstore.json"),
            trusted_root: json("trusted_root.json"),
            artifact: Artifact::File(bundles.join("a.txt")),
        })
    }

    fn verify(&self) -> Result<Logged, Error> {
        let bundle = Bundle::parse(self.bundle.to_string().as_bytes())?;
        let logs = TrustedLogs::from_trusted_root(self.trusted_root.to_string().as_bytes())?;
        Ok(verify_logged(&bundle, &self.artifact, None, &logs)?)
    }

    fn entry(&mut self, field: &str) -> &mut Value {
        self.bundle.pointer_mut(&format!("{ENTRY}{field}")).unwrap()
    }

    /// The reason why the bundle no longer verifies. It must be one that scripts take for a failed
    /// verification.
    fn refusal(&self) -> Error {
        let error = self.verify().unwrap_err();
        assert_eq!(error.failure(), Failure::Untrue, "{error}");
        error
    }
}

/// Flips the lowest bit of the byte in the middle of a base64 value.
fn flip(value: &mut Value) {
    let mut bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *value = STANDARD.encode(bytes).into();
}

fn replace(value: &mut Value, from: &str, to: &str) {
    let text = value.as_str().unwrap();
    assert!(text.contains(from));
    *value = text.replacen(from, to, 1).into();
}

#[test]
fn published_bundles_verify() {
    for (name, index, size) in [
        ("v2-hashedrekord", 735, 736),
        ("v2-cosigned", 735, 736),
        ("v2-dsse", 4_026_478, 4_026_479),
    ] {
        let Some(case) = Case::read(name) else { return };
        let verified = case.verify().unwrap();
        assert!(verified.certified);
        let [entry] = &verified.entries[..] else {
            panic!("{name}")
        };
        let inclusion = entry.inclusion.unwrap();
        assert_eq!(
            (inclusion.index.get(), inclusion.size.get()),
            (index, size),
            "{name}"
        );
        assert_eq!(entry.promise, None);
        assert!(verified.not_checked.contains(&Unchecked::Certificate));
        assert!(verified.not_checked.contains(&Unchecked::Timestamps));
        assert_eq!(
            verified.not_checked.contains(&Unchecked::Cosignatures),
            name != "v2-hashedrekord",
            "{name}"
        );
    }
}

#[test]
fn a_bundle_is_written_as_it_was_read() {
    for name in ["v2-hashedrekord", "v2-cosigned", "v2-dsse"] {
        let Some(case) = Case::read(name) else { return };
        let bundle = Bundle::parse(case.bundle.to_string().as_bytes()).unwrap();
        let written = bundle.to_json();
        assert_eq!(
            serde_json::from_str::<Value>(&written).unwrap(),
            case.bundle,
            "{name}"
        );
        assert_eq!(Bundle::parse(written.as_bytes()).unwrap(), bundle);
    }
}

#[test]
fn the_digest_stands_for_the_artifact() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    let digest = "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
    case.artifact = Artifact::Digest(ArtifactDigest::parse(digest).unwrap());
    case.verify().unwrap();
    case.artifact = Artifact::Digest(ArtifactDigest::parse(&digest.replace("a0c", "a0d")).unwrap());
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::OtherArtifact { .. })
    ));
}

#[test]
fn another_artifact_is_refused() {
    let other = Artifact::Bytes(b"another".to_vec());
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    case.artifact = other.clone();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::OtherArtifact { .. })
    ));

    // The digest in the bundle is only a hint: the signature is what counts.
    let digest = other
        .digest(ledgerstone_proto::sigstore::common::v1::HashAlgorithm::Sha2256)
        .unwrap();
    case.bundle["messageSignature"]["messageDigest"]["digest"] =
        STANDARD.encode(digest.bytes()).into();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Signature(_))
    ));
    case.bundle["messageSignature"]
        .as_object_mut()
        .unwrap()
        .remove("messageDigest");
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Signature(_))
    ));

    let mut case = Case::read("v2-dsse").unwrap();
    case.artifact = other;
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::NoSuchSubject { .. })
    ));
}

#[test]
fn a_changed_signature_is_refused() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    flip(&mut case.bundle["messageSignature"]["signature"]);
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Signature(_))
    ));

    let mut case = Case::read("v2-dsse").unwrap();
    flip(&mut case.bundle["dsseEnvelope"]["signatures"][0]["sig"]);
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Signature(_))
    ));
}

#[test]
fn a_changed_envelope_is_refused() {
    let Some(mut case) = Case::read("v2-dsse") else {
        return;
    };
    flip(&mut case.bundle["dsseEnvelope"]["payload"]);
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Signature(_))
    ));

    let mut case = Case::read("v2-dsse").unwrap();
    case.bundle["dsseEnvelope"]["payloadType"] = "text/plain".into();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Signature(_))
    ));

    let mut case = Case::read("v2-dsse").unwrap();
    case.bundle["dsseEnvelope"]["signatures"] = json!([]);
    assert!(matches!(
        case.refusal(),
        Error::Bundle(BundleError::SignatureCount(0))
    ));
}

#[test]
fn a_changed_body_is_refused() {
    for name in ["v2-hashedrekord", "v2-dsse"] {
        let Some(mut case) = Case::read(name) else {
            return;
        };
        flip(case.entry("/canonicalizedBody"));
        assert!(matches!(
            case.refusal(),
            Error::Verify(VerifyError::OtherBody { .. })
        ));
        *case.entry("/canonicalizedBody") = "".into();
        assert!(matches!(
            case.refusal(),
            Error::Bundle(BundleError::LogEntry(LogEntryError::Missing(_)))
        ));
    }
}

#[test]
fn the_log_entry_of_another_signature_is_refused() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    let other = Case::read("v2-dsse").unwrap();
    *case.entry("") = other.bundle.pointer(ENTRY).unwrap().clone();
    case.trusted_root = other.trusted_root;
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::OtherBody { .. })
    ));
}

#[test]
fn a_changed_proof_is_refused() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    flip(case.entry("/inclusionProof/hashes/3"));
    let inclusion = |error| {
        matches!(
            error,
            Error::Verify(VerifyError::LogEntry(LogEntryFault::Inclusion(_)))
        )
    };
    assert!(inclusion(case.refusal()));

    let mut case = Case::read("v2-hashedrekord").unwrap();
    case.entry("/inclusionProof/hashes")
        .as_array_mut()
        .unwrap()
        .pop();
    assert!(inclusion(case.refusal()));

    let mut case = Case::read("v2-hashedrekord").unwrap();
    for field in ["/logIndex", "/inclusionProof/logIndex"] {
        *case.entry(field) = "734".into();
    }
    assert!(inclusion(case.refusal()));
}

#[test]
fn an_entry_that_contradicts_itself_is_refused() {
    let entry_error = |case: &Case| match case.refusal() {
        Error::Bundle(BundleError::LogEntry(error)) => error,
        other => panic!("{other}"),
    };
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    *case.entry("/logIndex") = "734".into();
    assert_eq!(
        entry_error(&case),
        LogEntryError::TwoIndexes {
            entry: 734,
            proof: 735
        }
    );

    let mut case = Case::read("v2-hashedrekord").unwrap();
    flip(case.entry("/inclusionProof/rootHash"));
    let error = entry_error(&case);
    assert!(matches!(error, LogEntryError::TwoRoots { .. }));
    assert!(error.to_string().contains("names the root"), "{error}");

    let mut case = Case::read("v2-hashedrekord").unwrap();
    *case.entry("/inclusionProof/treeSize") = "737".into();
    assert!(matches!(entry_error(&case), LogEntryError::TwoTrees { .. }));

    let mut case = Case::read("v2-hashedrekord").unwrap();
    for field in ["/logIndex", "/inclusionProof/logIndex"] {
        *case.entry(field) = "-1".into();
    }
    assert_eq!(
        entry_error(&case),
        LogEntryError::Negative {
            field: "inclusionProof.logIndex",
            value: -1
        }
    );

    let mut case = Case::read("v2-hashedrekord").unwrap();
    case.entry("")
        .as_object_mut()
        .unwrap()
        .remove("inclusionProof");
    assert_eq!(entry_error(&case), LogEntryError::Missing("inclusionProof"));
}

#[test]
fn a_changed_checkpoint_is_refused() {
    let note_error = |case: &Case| match case.refusal() {
        Error::Verify(VerifyError::LogEntry(LogEntryFault::Checkpoint(CheckpointFault::Note(
            error,
        )))) => error,
        other => panic!("{other}"),
    };
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    // A bit of the signature.
    replace(
        case.entry("/inclusionProof/checkpoint/envelope"),
        "9A8=",
        "9A4=",
    );
    assert!(matches!(
        note_error(&case),
        NoteError::InvalidSignature { .. }
    ));

    // A bit of the key id: nobody known has signed.
    let mut case = Case::read("v2-hashedrekord").unwrap();
    replace(
        case.entry("/inclusionProof/checkpoint/envelope"),
        " 8w1a",
        " 8w1b",
    );
    assert_eq!(note_error(&case), NoteError::NoKnownKey);

    // The origin is signed.
    let mut case = Case::read("v2-hashedrekord").unwrap();
    replace(
        case.entry("/inclusionProof/checkpoint/envelope"),
        "log2025-alpha1.rekor.sigstage.dev\n736",
        "log.example\n736",
    );
    assert!(matches!(
        note_error(&case),
        NoteError::InvalidSignature { .. }
    ));
}

#[test]
fn a_log_key_that_has_ended_is_told() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    assert!(
        !case
            .verify()
            .unwrap()
            .not_checked
            .contains(&Unchecked::LogKeyEnded)
    );
    case.trusted_root["tlogs"][1]["publicKey"]["validFor"]["end"] = "2025-12-31T00:00:00Z".into();
    assert!(
        case.verify()
            .unwrap()
            .not_checked
            .contains(&Unchecked::LogKeyEnded)
    );
    case.trusted_root["tlogs"][1]["publicKey"]["validFor"] =
        json!({"start": "9999-01-01T00:00:00Z"});
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::LogEntry(LogEntryFault::UnknownLog { .. }))
    ));
}

#[test]
fn another_log_is_not_trusted() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    case.trusted_root["tlogs"][1]["baseUrl"] = "https://other.example".into();
    let refused = case.refusal();
    assert!(matches!(
        refused,
        Error::Verify(VerifyError::LogEntry(LogEntryFault::Checkpoint(
            CheckpointFault::Note(NoteError::NoKnownKey)
        )))
    ));

    case.trusted_root["tlogs"].as_array_mut().unwrap().remove(1);
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::LogEntry(LogEntryFault::UnknownLog { .. }))
    ));
}

#[test]
fn another_key_of_the_log_is_not_trusted() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    let other = Case::read("v2-dsse").unwrap();
    // The key of another shard, under the name and the id of this one.
    case.trusted_root["tlogs"][1]["publicKey"] =
        other.trusted_root["tlogs"][3]["publicKey"].clone();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::LogEntry(LogEntryFault::Checkpoint(
            CheckpointFault::Note(NoteError::NoKnownKey)
        )))
    ));
}

#[test]
fn a_given_key_must_be_the_certified_one() {
    let Some(case) = Case::read("v2-hashedrekord") else {
        return;
    };
    let bundle = Bundle::parse(case.bundle.to_string().as_bytes()).unwrap();
    let logs = TrustedLogs::from_trusted_root(case.trusted_root.to_string().as_bytes()).unwrap();
    let key = verify_logged(&bundle, &case.artifact, None, &logs)
        .unwrap()
        .key;
    verify_logged(&bundle, &case.artifact, Some(&key), &logs).unwrap();
    let other = SigningKey::generate().unwrap();
    let refused = verify_logged(&bundle, &case.artifact, Some(other.public()), &logs);
    assert!(matches!(refused, Err(VerifyError::OtherKey)));
}

/// Everything in a bundle that is base64 and that verification depends on, with its length in bits.
fn fields_that_count(bundle: &Value) -> Vec<(String, usize)> {
    let mut pointers = vec![
        "/messageSignature/signature".to_owned(),
        "/messageSignature/messageDigest/digest".to_owned(),
        "/verificationMaterial/certificate/rawBytes".to_owned(),
        format!("{ENTRY}/canonicalizedBody"),
        format!("{ENTRY}/logId/keyId"),
        format!("{ENTRY}/inclusionProof/rootHash"),
    ];
    let hashes = bundle
        .pointer(&format!("{ENTRY}/inclusionProof/hashes"))
        .unwrap()
        .as_array()
        .unwrap();
    pointers.extend(
        (0..hashes.len()).map(|position| format!("{ENTRY}/inclusionProof/hashes/{position}")),
    );
    let bits = |pointer: &String| {
        STANDARD
            .decode(bundle.pointer(pointer).unwrap().as_str().unwrap())
            .unwrap()
            .len()
            * 8
    };
    pointers
        .into_iter()
        .map(|pointer| (pointer.clone(), bits(&pointer)))
        .collect()
}

proptest! {
    #[test]
    fn no_bit_of_a_bundle_can_be_flipped(field: Index, bit: Index) {
        let Some(mut case) = Case::read("v2-hashedrekord") else { return Ok(()) };
        let fields = fields_that_count(&case.bundle);
        let (pointer, bits) = field.get(&fields);
        let value = case.bundle.pointer_mut(pointer).unwrap();
        let mut bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
        let bit = bit.index(*bits);
        bytes[bit / 8] ^= 1 << (bit % 8);
        *value = STANDARD.encode(bytes).into();
        prop_assert!(case.verify().is_err(), "{pointer}, bit {bit}");
    }

    #[test]
    fn no_byte_of_a_checkpoint_can_be_changed(position: Index, byte in 32_u8..127) {
        let Some(mut case) = Case::read("v2-hashedrekord") else { return Ok(()) };
        let envelope = case.entry("/inclusionProof/checkpoint/envelope");
        let mut text = envelope.as_str().unwrap().to_owned().into_bytes();
        let position = position.index(text.len());
        prop_assume!(text[position] != byte);
        text[position] = byte;
        let Ok(changed) = String::from_utf8(text) else { return Ok(()) };
        *envelope = changed.into();
        prop_assert!(case.verify().is_err(), "position {position}");
    }

    #[test]
    fn nothing_that_is_read_as_a_bundle_makes_it_stop(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(Bundle::parse(&bytes).is_err());
    }
}

#[test]
fn a_bundle_without_a_part_is_refused() {
    for field in ["/messageSignature", "/verificationMaterial"] {
        let Some(mut case) = Case::read("v2-hashedrekord") else {
            return;
        };
        case.bundle.as_object_mut().unwrap().remove(&field[1..]);
        assert!(
            matches!(case.refusal(), Error::Bundle(BundleError::Missing(_))),
            "{field}"
        );
    }
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    case.bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::NoEntry)
    ));
    case.bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.4".into();
    assert!(matches!(
        case.refusal(),
        Error::Bundle(BundleError::MediaType(_))
    ));
    case.bundle["more"] = true.into();
    assert!(matches!(
        case.refusal(),
        Error::Bundle(BundleError::Json(_))
    ));
}

#[test]
fn other_kinds_are_named_and_not_believed() {
    let Some(mut case) = Case::read("v2-hashedrekord") else {
        return;
    };
    case.entry("/kindVersion")["version"] = "0.0.3".into();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::Kind { .. })
    ));
    // A kind of Rekor v1, which the body is not.
    case.entry("/kindVersion")["version"] = "0.0.1".into();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::OtherBody { .. })
    ));
    case.entry("/kindVersion")["kind"] = "dsse".into();
    case.entry("/kindVersion")["version"] = "0.0.2".into();
    assert!(matches!(
        case.refusal(),
        Error::Verify(VerifyError::MessageKind { .. })
    ));
}
