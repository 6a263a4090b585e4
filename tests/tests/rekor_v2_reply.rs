//! What every Rekor v2 client demands of an answer: one test for each rule that breaks some client
//! when it is broken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledgerstone_merkle::leaf_hash;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::client::ENTRIES;
use crate::client::Proven;
use crate::client::Reply;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::post;
use crate::client::submit;
use crate::client::submit_proven;
use crate::client::verified_checkpoint;
use crate::requests::Signer;
use crate::requests::to_json;
use crate::server::ORIGIN;
use crate::server::Server;

/// A request as a client would write it by hand.
fn request(signer: &Signer, artifact: &[u8]) -> Value {
    json!({"hashedRekordRequestV002": {
        "digest": STANDARD.encode(Sha256::digest(artifact)),
        "signature": {
            "content": STANDARD.encode(signer.sign(artifact)),
            "verifier": {
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "publicKey": {"rawBytes": STANDARD.encode(signer.spki())},
            },
        },
    }})
}

async fn post_json(server: &Server, request: &Value) -> Reply {
    post(server, request.to_string()).await
}

/// The reply to a first entry, as a generic JSON value.
async fn first_reply(server: &Server) -> Value {
    let reply = post_json(server, &request(&Signer::new(), b"artifact")).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

fn names(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn is_201_and_has_the_golden_shape() {
    let server = Server::start();
    let signer = Signer::new();
    let request = request(&signer, b"artifact");
    let reply = post_json(&server, &request).await;
    assert_eq!(
        reply.status, 201,
        "exactly 201: Go and Java take nothing else"
    );
    let submitted = &request["hashedRekordRequestV002"];
    let body = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {"hashedRekordV002": {
            "data": {"algorithm": "SHA2_256", "digest": submitted["digest"]},
            "signature": submitted["signature"],
        }},
    })
    .to_string();
    let checkpoint = reply.json()["inclusionProof"]["checkpoint"]["envelope"].clone();
    // The tree of one leaf: its root is the leaf's hash.
    let golden = json!({
        "logIndex": "0",
        "logId": {"keyId": STANDARD.encode(server.ed25519.log_id())},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "integratedTime": "0",
        "inclusionPromise": null,
        "inclusionProof": {
            "logIndex": "0",
            "rootHash": STANDARD.encode(leaf_hash(body.as_bytes())),
            "treeSize": "1",
            "hashes": [],
            "checkpoint": {"envelope": checkpoint},
        },
        "canonicalizedBody": STANDARD.encode(&body),
    });
    assert_eq!(reply.json(), golden);
}

#[tokio::test]
async fn has_exactly_the_seven_fields() {
    let server = Server::start();
    let reply = first_reply(&server).await;
    let mut fields = names(&reply);
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "canonicalizedBody",
            "inclusionPromise",
            "inclusionProof",
            "integratedTime",
            "kindVersion",
            "logId",
            "logIndex"
        ]
    );
    assert_eq!(names(&reply["logId"]), ["keyId"]);
    let mut fields = names(&reply["inclusionProof"]);
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["checkpoint", "hashes", "logIndex", "rootHash", "treeSize"]
    );
    assert_eq!(names(&reply["inclusionProof"]["checkpoint"]), ["envelope"]);
}

#[tokio::test]
async fn writes_64_bit_integers_as_strings() {
    let server = Server::start();
    let reply = first_reply(&server).await;
    for number in [
        &reply["logIndex"],
        &reply["integratedTime"],
        &reply["inclusionProof"]["logIndex"],
        &reply["inclusionProof"]["treeSize"],
    ] {
        assert!(number.is_string(), "{number}");
    }
}

#[tokio::test]
async fn has_an_empty_list_and_not_null_in_a_tree_of_one_leaf() {
    let server = Server::start();
    let reply = first_reply(&server).await;
    assert_eq!(reply["inclusionProof"]["hashes"], json!([]));
}

#[tokio::test]
async fn promises_nothing_and_dates_nothing() {
    let server = Server::start();
    let reply = first_reply(&server).await;
    assert_eq!(reply["inclusionPromise"], Value::Null);
    assert_eq!(reply["integratedTime"], "0");
}

#[tokio::test]
async fn names_the_log_by_the_id_of_its_checkpoint_key() {
    let server = Server::start();
    let reply = first_reply(&server).await;
    // C2SP signed-note: SHA-256(name || 0x0A || 0x01 || key), not the hash of the
    // SubjectPublicKeyInfo.
    let expected = Sha256::new()
        .chain_update(ORIGIN)
        .chain_update([0x0a, 0x01])
        .chain_update(server.ed25519.public_key())
        .finalize();
    assert_eq!(reply["logId"]["keyId"], STANDARD.encode(expected));
    let spki = STANDARD.encode(Sha256::digest(server.ed25519.public_key_der()));
    assert_ne!(reply["logId"]["keyId"], spki);
}

#[tokio::test]
async fn has_a_note_with_a_bare_host_name_and_one_blank_line() {
    let server = Server::start();
    let reply = first_reply(&server).await;
    let note = reply["inclusionProof"]["checkpoint"]["envelope"]
        .as_str()
        .unwrap();
    assert_eq!(note.lines().next(), Some("log.example.com"));
    assert_eq!(note.matches("\n\n").count(), 1);
    assert_eq!(note.lines().filter(|line| line.is_empty()).count(), 1);
    assert!(
        note.ends_with('\n'),
        "the whole note, with its last line feed"
    );
    let (text, signatures) = note.split_once("\n\n").unwrap();
    assert_eq!(text.lines().count(), 3, "no extension lines");
    // The log's own signature comes first, under the log's name, and its hint is the start of the
    // log's id.
    let signature = signatures.lines().next().unwrap();
    let signature = signature.strip_prefix("\u{2014} log.example.com ").unwrap();
    let signature = STANDARD.decode(signature).unwrap();
    assert_eq!(signature.len(), 4 + 64, "Ed25519");
    assert_eq!(signature[..4], server.ed25519.log_id()[..4]);
}

#[tokio::test]
async fn proves_each_entry_against_the_checkpoint_that_it_carries() {
    let server = Server::start();
    let signer = Signer::new();
    for number in 0..9_u64 {
        let artifact = format!("artifact {number}");
        // Checks the signature, that root and size are those of the checkpoint, and the proof
        // itself.
        let proven = submit_proven(&server, &signer.hashedrekord(artifact.as_bytes())).await;
        assert_eq!(proven.index.get(), number);
        assert!(proven.index.is_in(proven.size));
    }
}

#[tokio::test]
async fn has_a_head_that_every_later_head_extends() {
    let server = Server::start();
    let first = submit_proven(&server, &Signer::new().hashedrekord(b"first")).await;
    fill(&server, 20).await;
    let path = format!("/log/v1/proofs/consistency?oldSize={}", first.size);
    let proof = get(&server, &path).await.json();
    assert_eq!(proof["oldRoot"], STANDARD.encode(first.root));
    assert_eq!(proof["newSize"], "21");
}

#[tokio::test]
async fn answers_a_dsse_entry_alike() {
    let server = Server::start();
    let reply = submit(&server, &Signer::new().dsse("{}")).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(
        reply.json()["kindVersion"],
        json!({"kind": "dsse", "version": "0.0.2"})
    );
    let entry = ledgerstone_proto::json::from_slice(&reply.body).unwrap();
    let proven = Proven::check(&server.ed25519, &entry);
    let body: Value = serde_json::from_slice(&proven.body).unwrap();
    let hash = STANDARD.encode(Sha256::digest("{}"));
    assert_eq!(body["spec"]["dsseV002"]["payloadHash"]["digest"], hash);
}

#[tokio::test]
async fn is_the_same_for_both_spellings_of_names() {
    let server = Server::start();
    let camel = request(&Signer::new(), b"artifact");
    let snake = camel
        .to_string()
        .replace("hashedRekordRequestV002", "hashed_rekord_request_v002")
        .replace("keyDetails", "key_details")
        .replace("publicKey", "public_key")
        .replace("rawBytes", "raw_bytes");
    assert_ne!(snake, camel.to_string());
    let first = post_json(&server, &camel).await;
    assert_eq!(first.status, 201, "{first:?}");
    let second = post(&server, snake).await;
    assert_eq!(second.status, 201, "{second:?}");
    assert_eq!(second.header("x-log-index"), "0", "the same entry again");
    assert_eq!(second.json(), first.json());
}

#[tokio::test]
async fn is_the_same_for_all_forms_of_base64_and_enums() {
    let server = Server::start();
    let mut request = request(&Signer::new(), b"artifact");
    let first = post_json(&server, &request).await;
    let submitted = &mut request["hashedRekordRequestV002"];
    let digest = STANDARD
        .decode(submitted["digest"].as_str().unwrap())
        .unwrap();
    submitted["digest"] = URL_SAFE_NO_PAD.encode(digest).into();
    submitted["signature"]["verifier"]["keyDetails"] = 5.into();
    let second = post_json(&server, &request).await;
    assert_eq!(second.status, 201, "{second:?}");
    assert_eq!(second.json(), first.json());
}

#[tokio::test]
async fn does_not_depend_on_the_content_type() {
    let server = Server::start();
    let request = to_json(&Signer::new().hashedrekord(b"artifact"));
    for content_type in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "nonsense",
    ] {
        let sent = http_client()
            .post(server.at(ENTRIES))
            .header("content-type", content_type)
            .body(request.clone());
        let reply = Reply::read(sent.send().await.unwrap()).await;
        assert_eq!(reply.status, 201, "{content_type}: {reply:?}");
    }
    let sent = http_client().post(server.at(ENTRIES)).body(request);
    let reply = Reply::read(sent.send().await.unwrap()).await;
    assert_eq!(reply.status, 201, "no content type: {reply:?}");
}

#[tokio::test]
async fn is_to_the_first_json_value_alone() {
    let server = Server::start();
    let request = to_json(&Signer::new().hashedrekord(b"artifact"));
    let reply = post(
        &server,
        format!("\n {request}\n{{\"unknown\": 1}} and more"),
    )
    .await;
    assert_eq!(reply.status, 201, "{reply:?}");
}

#[tokio::test]
async fn to_a_duplicate_is_the_first_entry_with_a_fresh_proof() {
    let server = Server::start();
    let request = Signer::new().hashedrekord(b"artifact");
    let first = submit_proven(&server, &request).await;
    fill(&server, 5).await;
    let reply = submit(&server, &request).await;
    assert_eq!(
        reply.status, 201,
        "a retry after a time-out must succeed: {reply:?}"
    );
    assert_eq!(reply.header("x-log-index"), "0");
    let entry = ledgerstone_proto::json::from_slice(&reply.body).unwrap();
    let again = Proven::check(&server.ed25519, &entry);
    assert_eq!((again.index, again.leaf), (first.index, first.leaf));
    assert_eq!(
        again.size.get(),
        6,
        "nothing was logged again, and the proof is against the latest head"
    );
}

#[tokio::test]
async fn to_a_new_entry_has_no_header_of_duplicates() {
    let server = Server::start();
    let reply = submit(&server, &Signer::new().hashedrekord(b"artifact")).await;
    assert!(!reply.headers.contains_key("x-log-index"));
}

#[tokio::test]
async fn covers_what_can_be_read_at_once() {
    let server = Server::start();
    let proven = submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
    let entry = get(&server, &format!("/log/v1/entries/{}", proven.index))
        .await
        .json();
    let body: Value = serde_json::from_slice(&proven.body).unwrap();
    assert_eq!(entry["body"], body);
    let latest = get(&server, "/api/v2/checkpoint").await;
    let latest = verified_checkpoint(&server.ed25519, latest.text());
    assert_eq!((latest.size, latest.root), (proven.size, proven.root));
}
