//! `verify` of signatures in the formats of OpenSSH, minisign and OpenPGP, and of images as cosign
//! signed them before version 3: with the entries that this log gave them over Rekor v1.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_tests::documents::MINISIGN_DOCUMENT;
use ledgerstone_tests::documents::MINISIGN_HASHED_KEY;
use ledgerstone_tests::documents::MINISIGN_HASHED_SIGNATURE;
use ledgerstone_tests::documents::MINISIGN_KEY;
use ledgerstone_tests::documents::MINISIGN_SIGNATURE;
use ledgerstone_tests::documents::PGP_DOCUMENT;
use ledgerstone_tests::documents::PGP_KEY;
use ledgerstone_tests::documents::PGP_SIGNATURE;
use ledgerstone_tests::documents::SIGNIFY_KEY;
use ledgerstone_tests::documents::SIGNIFY_SIGNATURE;
use ledgerstone_tests::documents::SSH_DOCUMENT;
use ledgerstone_tests::documents::SSH_KEY;
use ledgerstone_tests::documents::SSH_SIGNATURE;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::sha256;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::rekor_v1::V1;
use crate::server::command;

/// Files, and the command over them.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    log_key: String,
}

impl Desk {
    pub(crate) fn new(v1: &V1) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            log_key: v1.server.ecdsa.to_string(),
        }
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The exit code, and what machines are told.
    fn verify(&self, arguments: &str) -> (i32, Value) {
        let mut command = command();
        command.current_dir(self.folder.path());
        command.args(["--json", "verify", "--log-key", &self.log_key]);
        let output = command.args(arguments.split_whitespace()).output().unwrap();
        // What was found of each file is a line of its own, before the error of all.
        let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        let mut told: Vec<Value> = lines.map(Result::unwrap).collect();
        (output.status.code().unwrap(), told.remove(0))
    }

    fn fails(&self, code: i32, arguments: &str) -> String {
        let (actual, told) = self.verify(arguments);
        assert_eq!(actual, code, "{arguments}: {told}");
        told.to_string()
    }
}

fn rekord(format: &str, document: &[u8], signature: &str, key: &str) -> Value {
    json!({"kind": "rekord", "apiVersion": "0.0.1", "spec": {
        "data": {"content": STANDARD.encode(document)},
        "signature": {
            "format": format,
            "content": STANDARD.encode(signature),
            "publicKey": {"content": STANDARD.encode(key)},
        },
    }})
}

#[tokio::test]
async fn signatures_of_other_formats_verify_with_their_entries() {
    let v1 = V1::start().await;
    let desk = Desk::new(&v1);
    let ssh_key: String = SSH_KEY.split_whitespace().collect();
    let ssh_key = format!("ssh-rsa {ssh_key} somebody@example.com\n");
    let hashed = MINISIGN_HASHED_SIGNATURE;
    for (format, document, signature, key, called) in [
        (
            "ssh",
            SSH_DOCUMENT,
            SSH_SIGNATURE,
            ssh_key.as_str(),
            "RSA 3072 key of SSH",
        ),
        (
            "minisign",
            MINISIGN_DOCUMENT,
            MINISIGN_SIGNATURE,
            MINISIGN_KEY,
            "minisign key",
        ),
        (
            "minisign",
            MINISIGN_DOCUMENT,
            hashed,
            MINISIGN_HASHED_KEY,
            "minisign key",
        ),
        (
            "minisign",
            MINISIGN_DOCUMENT,
            SIGNIFY_SIGNATURE,
            SIGNIFY_KEY,
            "minisign key",
        ),
        ("pgp", PGP_DOCUMENT, PGP_SIGNATURE, PGP_KEY, "OpenPGP key"),
    ] {
        let (id, entry) = v1.create(&rekord(format, document, signature, key)).await;
        desk.write("file", document);
        desk.write("other", b"another");
        desk.write("sig", signature);
        desk.write("key", key);
        desk.write("entry.json", json!({id.as_str(): entry}).to_string());
        let line = "--signature sig --key key --entry entry.json";
        let (code, told) = desk.verify(&format!("file {line}"));
        assert_eq!(code, 0, "{format}: {told}");
        assert_eq!(told["signedBy"], format!("{called} that was given"));
        assert_eq!(told["kind"], "rekord 0.0.1");
        assert_eq!(told["inclusion"], "proven");
        // What else the signature says is its signer's word.
        assert_eq!(
            told["notChecked"].as_array().unwrap().is_empty(),
            format == "ssh"
        );

        // Without its entry it verifies where nobody asks for one.
        desk.fails(2, "file --signature sig --key key");
        let (code, _) = desk.verify("file --signature sig --key key --log-entries 0");
        assert_eq!(code, 0);
        // Another file, and only a digest of the right one.
        desk.fails(2, &format!("other {line}"));
        let told = desk.fails(1, &format!("--digest sha256:{} {line}", sha256(document)));
        assert!(told.contains("give the file"), "{told}");
        // Another key of the same format, and of none at all.
        let other = match format {
            "ssh" => {
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
            }
            "pgp" => MINISIGN_KEY,
            _ if key == MINISIGN_KEY => SIGNIFY_KEY,
            _ => MINISIGN_KEY,
        };
        desk.write("key", other);
        let (code, told) = desk.verify(&format!("file {line}"));
        assert_ne!(code, 0, "{format}: {told}");
        desk.write("key", key);
        // The entry of something else.
        let (id, entry) = v1.create(&Signer::new().rekord(document)).await;
        desk.write("entry.json", json!({id.as_str(): entry}).to_string());
        let told = desk.fails(2, &format!("file {line}"));
        assert!(told.contains("is not about this signature"), "{told}");
    }
    for (key, reason) in [
        ("hello", "a public key or certificate is needed"),
        (
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n*\n",
            "a public key or certificate is needed",
        ),
        (
            "ssh-ed25519 AAAA\n",
            "a public key or certificate is needed",
        ),
    ] {
        desk.write("key", key);
        let told = desk.fails(1, "file --signature sig --key key --log-entries 0");
        assert!(told.contains(reason), "{key}: {told}");
    }
}

#[tokio::test]
async fn bare_signatures_verify_with_their_entries() {
    let v1 = V1::start().await;
    let desk = Desk::new(&v1);
    let signer = Signer::new();
    desk.write("file", b"artifact");
    desk.write("other", b"another");
    for proposal in [signer.rekord(b"artifact"), signer.hashedrekord(b"artifact")] {
        let (id, entry) = v1.create(&proposal).await;
        let signature = &proposal["spec"]["signature"];
        let decode = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        desk.write("sig", decode(&signature["content"]));
        desk.write("key", signer.public_key_pem());
        desk.write("entry.json", json!({id: entry}).to_string());
        let line = "--signature sig --key key --entry entry.json";
        let (code, told) = desk.verify(&format!("file {line}"));
        assert_eq!((code, &told["verified"]), (0, &json!(true)), "{told}");
        desk.fails(2, &format!("other {line}"));
    }
}

/// A layout with one image, to which these layers are attached under a tag with this end.
pub(crate) fn layout(desk: &Desk, image: &[u8], end: &str, layers: &[(&[u8], &str, Value)]) {
    let blob = |bytes: &[u8]| {
        let hex = sha256(bytes);
        desk.write(&format!("images/blobs/sha256/{hex}"), bytes);
        json!({"digest": format!("sha256:{hex}"), "size": bytes.len()})
    };
    let mut described = Vec::new();
    for (bytes, media_type, annotations) in layers {
        let mut layer = blob(bytes);
        layer["mediaType"] = (*media_type).into();
        layer["annotations"] = annotations.clone();
        described.push(layer);
    }
    let attached = json!({"schemaVersion": 2, "layers": described}).to_string();
    let named = |bytes: &[u8], name: &str| {
        let mut descriptor = blob(bytes);
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        descriptor
    };
    let tag = format!("sha256-{}{end}", sha256(image));
    let manifests = [named(image, "1.2"), named(attached.as_bytes(), &tag)];
    let index = json!({"schemaVersion": 2, "manifests": manifests}).to_string();
    desk.write("images/index.json", index);
    desk.write("images/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
}

/// The entry as cosign keeps it beside a signature.
fn annotation(entry: &Value) -> String {
    json!({
        "SignedEntryTimestamp": entry["verification"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["body"],
            "integratedTime": entry["integratedTime"],
            "logIndex": entry["logIndex"],
            "logID": entry["logID"],
        },
    })
    .to_string()
}

#[tokio::test]
async fn images_verify_by_what_cosign_attached() {
    let v1 = V1::start().await;
    let desk = Desk::new(&v1);
    let signer = Signer::new();
    let image = br#"{"schemaVersion":2,"layers":[]}"#;
    let digest = format!("sha256:{}", sha256(image));
    let payload = json!({"critical": {
        "identity": {"docker-reference": "r.example/acme/app"},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }, "optional": null})
    .to_string();
    let proposal = signer.hashedrekord(payload.as_bytes());
    let (_, entry) = v1.create(&proposal).await;
    let signature = &proposal["spec"]["signature"];
    desk.write("key", signer.public_key_pem());
    let annotations = json!({
        "dev.cosignproject.cosign/signature": signature["content"],
        "dev.sigstore.cosign/bundle": annotation(&entry),
    });
    let simple = "application/vnd.dev.cosign.simplesigning.v1+json";
    let layer = (payload.as_bytes(), simple, annotations.clone());
    layout(&desk, image, ".sig", &[layer]);
    let line = "oci-layout:images:1.2 --key key";
    let (code, told) = desk.verify(line);
    assert_eq!(code, 0, "{told}");
    assert_eq!(told["digest"], digest);
    assert_eq!(told["inclusion"], "promised");
    let (code, told) = desk.verify(&format!("{line} --statement"));
    assert_eq!(code, 0, "{told}");
    assert_eq!(
        told["statement"]["critical"]["image"]["docker-manifest-digest"],
        digest
    );
    // Nothing says of what kind it is.
    desk.fails(
        2,
        &format!("{line} --predicate-type https://example.com/predicate"),
    );
    desk.write("other", Signer::new().public_key_pem());
    desk.fails(2, "oci-layout:images:1.2 --key other");

    // The same signature at another image, one of another payload, and none at all.
    let other = br#"{"schemaVersion":2,"layers":[ ]}"#;
    layout(
        &desk,
        other,
        ".sig",
        &[(payload.as_bytes(), simple, annotations.clone())],
    );
    let told = desk.fails(2, line);
    assert!(told.contains("another artifact"), "{told}");
    let changed = payload.replace("r.example", "s.example");
    layout(
        &desk,
        image,
        ".sig",
        &[(changed.as_bytes(), simple, annotations)],
    );
    desk.fails(2, line);
    layout(&desk, image, ".other", &[]);
    let told = desk.fails(2, line);
    assert!(told.contains("no signature is attached"), "{told}");
    desk.fails(1, "oci-layout:images:2 --key key");
    desk.fails(1, "oci-layout:nowhere --key key");
    desk.fails(1, "oci://r.example/app:1 --offline --key key");
    desk.fails(1, "oci://R.example//app --key key");
    desk.fails(3, "oci://127.0.0.1:1/app:1 --key key");

    // An attestation, logged as intoto 0.0.2.
    let statement = statement(image);
    let proposal = signer.intoto_v002(&statement);
    let (_, entry) = v1.create(&proposal).await;
    let sent = &proposal["spec"]["content"]["envelope"];
    let twice = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let once = |value: &Value| String::from_utf8(twice(value)).unwrap();
    let envelope = json!({
        "payloadType": sent["payloadType"],
        "payload": once(&sent["payload"]),
        "signatures": [{"sig": once(&sent["signatures"][0]["sig"])}],
    })
    .to_string();
    let annotations = json!({
        "dev.cosignproject.cosign/signature": "",
        "dev.sigstore.cosign/bundle": annotation(&entry),
    });
    let kind = "application/vnd.dsse.envelope.v1+json";
    layout(
        &desk,
        image,
        ".att",
        &[(envelope.as_bytes(), kind, annotations)],
    );
    let (code, told) = desk.verify(&format!(
        "{line} --predicate-type https://example.com/predicate"
    ));
    assert_eq!(code, 0, "{told}");
    assert_eq!(told["kind"], "intoto 0.0.2");
}
