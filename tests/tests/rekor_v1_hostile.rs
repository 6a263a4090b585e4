//! Requests that are made to do harm through Rekor v1: to send the server elsewhere, to end it.
//! What cost others a vulnerability has its test here, in `rekor_v1_memory` or in
//! `rekor_v1_members` (rekor-v1, section 8: GHSA-4c4x-jm2x-pf9j).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::DEADLINE;
use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::INDEX;
use crate::rekor_v1::RETRIEVE;
use crate::rekor_v1::V1;

const POSTS: [&str; 3] = [ENTRIES, RETRIEVE, INDEX];

#[tokio::test]
async fn deep_documents_are_refused_or_skipped() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    for depth in [129, 10_000, 1_000_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let objects = format!("{}0{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        for deep in [format!("{open}{close}"), open, objects] {
            for path in POSTS {
                let reply = v1.post(path, deep.clone()).await;
                assert!([200, 400, 422].contains(&reply.status), "{path}: {reply:?}");
                for name in ["spec", "entries", "unknown", "publicKey", "entryUUIDs"] {
                    let body = format!(r#"{{"kind":"dsse","apiVersion":"0.0.1","{name}":{deep}}}"#);
                    let reply = v1.post(path, body).await;
                    assert!([200, 400, 422].contains(&reply.status), "{path}: {reply:?}");
                }
            }
            let envelope = signer.dsse_of(&format!(r#"{{"signatures":{deep}}}"#));
            v1.submit(&envelope)
                .await
                .must_fail(400, 400, "error processing entry: ");
        }
    }
    // A payload is the client's own: what is no statement is logged, and found by its hash alone.
    let deep = format!(r#"{{"subject":{}}}"#, "[".repeat(100_000));
    v1.create(&signer.dsse(deep.as_bytes())).await;
    assert_eq!(v1.size().await, 1);
}

#[tokio::test]
async fn signatures_and_verifiers_are_bounded() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let envelope = signer.envelope(b"payload");
    let with_signatures = |count: usize| {
        let mut many = envelope.clone();
        many["signatures"] = json!(vec![envelope["signatures"][0].clone(); count]);
        signer.dsse_of(&many.to_string())
    };
    let mut verifiers = signer.dsse(b"payload");
    verifiers["spec"]["proposedContent"]["verifiers"] = json!(vec![signer.public_key_base64(); 11]);
    for (proposal, reason) in [
        (with_signatures(11), "11 signatures are too many"),
        (with_signatures(20_000), "20000 signatures are too many"),
        (verifiers, "11 verifiers are too many"),
    ] {
        let reason = format!("error processing entry: {reason}");
        v1.submit(&proposal).await.must_fail(400, 400, &reason);
    }
    // A body that no log could hold: tiles have 16 bits for its length.
    let mut intoto = signer.intoto_v002(b"payload");
    intoto["spec"]["content"]["envelope"]["signatures"][0]["keyid"] = json!("k".repeat(70_000));
    v1.submit(&intoto)
        .await
        .must_fail(400, 400, "error processing entry: ");
    // A long payload is no part of the body.
    let long = statement(&vec![7; 1 << 20]);
    v1.create(&signer.dsse(&[&long[..], &vec![b' '; 5 << 20]].concat()))
        .await;
    assert_eq!(v1.size().await, 1);
    // Nor are the subjects of a statement: however many, none is refused for them.
    let subject = |number: usize| json!({"digest": {"sha256": format!("{number:064x}")}});
    let subjects: Vec<Value> = (0..20_000).map(subject).collect();
    v1.create(&signer.dsse(json!({"subject": subjects}).to_string().as_bytes()))
        .await;
    assert_eq!(v1.size().await, 2);
}

/// Upstream once fetched keys and artifacts by their addresses, for whoever asked, from wherever
/// they said.
#[tokio::test]
async fn addresses_are_never_called() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/key.pem", listener.local_addr().unwrap());
    let v1 = V1::start().await;
    let signer = Signer::new();
    let by_url = |proposal: &Value, pointer: &str| {
        let mut proposal = proposal.clone();
        *proposal.pointer_mut(pointer).unwrap() = json!({"url": url});
        proposal
    };
    let at = json!({"url": url});
    let told = "error processing entry: a public key cannot be given by its URL; send its content";
    let hashedrekord = signer.hashedrekord(b"artifact");
    let rekord = signer.rekord(b"artifact");
    for proposal in [&hashedrekord, &rekord] {
        let proposal = by_url(proposal, "/spec/signature/publicKey");
        v1.submit(&proposal).await.must_fail(400, 400, told);
        let reply = v1.retrieve(&json!({"entries": [proposal]})).await;
        reply.must_fail(
            400,
            400,
            "a public key cannot be given by its URL; send its content",
        );
    }
    let told = "error processing entry: missing data content";
    v1.submit(&by_url(&rekord, "/spec/data"))
        .await
        .must_fail(400, 400, told);
    let elsewhere = [
        json!({"archive": at}),
        json!({"package": at, "publicKey": at}),
        json!({"chart": {"provenance": at}, "publicKey": at}),
        json!({"metadata": at, "root": at}),
        json!({"message": url, "publicKey": url, "data": at}),
        json!({"tsr": at}),
        json!({"proposedContent": {"envelope": url, "verifiers": [url]}}),
        json!({
            "content": {
                "envelope": {"payload": url, "signatures": [{"publicKey": url, "sig": url}]},
                "url": url,
            },
            "publicKey": url,
        }),
        json!({"content": {"url": url}, "publicKey": {"url": url}}),
    ];
    for spec in elsewhere {
        for kind in [
            "alpine", "cose", "dsse", "helm", "intoto", "jar", "rekord", "rfc3161", "rpm", "tuf",
        ] {
            let proposal = json!({"kind": kind, "apiVersion": "0.0.1", "spec": spec});
            v1.submit(&proposal)
                .await
                .must_fail(400, 400, "error processing entry: ");
            let reply = v1.retrieve(&json!({"entries": [proposal]})).await;
            assert_eq!(reply.status, 400, "{proposal}");
        }
    }
    for key in [
        json!({"url": url}),
        json!({"url": url, "format": "x509"}),
        json!({"url": url, "format": "x509", "content": signer.public_key_base64()}),
    ] {
        let reply = v1.search(&json!({"publicKey": key})).await;
        reply.must_fail(
            400,
            400,
            "a public key has to be given as content; the log fetches nothing",
        );
    }
    // An address beside what is there is a member like any that is not known.
    let mut both = hashedrekord.clone();
    both["spec"]["signature"]["publicKey"]["url"] = json!(url);
    both["spec"]["data"]["url"] = json!(url);
    v1.create(&both).await;
    v1.server.stop().await;
    let connection = listener.accept();
    assert_eq!(
        connection.unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
}

/// Heads of requests with which servers have been led to disagree about where a body ends.
#[tokio::test]
async fn ambiguous_lengths_are_refused_and_end_the_connection() {
    let v1 = V1::start().await;
    for headers in [
        "content-length: 2\r\ncontent-length: 3",
        "content-length: 2\r\ntransfer-encoding: identity",
        "content-length: -1",
        "content-length: 99999999999999999999999",
        "transfer-encoding: chunked, chunked, gzip",
    ] {
        let request = format!(
            "POST {INDEX} HTTP/1.1\r\nhost: log\r\ncontent-type: \
             application/json\r\n{headers}\r\n\r\n{{}}GET /ping HTTP/1.1\r\nhost: log\r\n\r\n"
        );
        let mut stream = TcpStream::connect(v1.server.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = timeout(DEADLINE, stream.read_to_end(&mut answer))
            .await
            .unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
            "{headers}: {answer}"
        );
        assert_eq!(
            answer.matches("HTTP/1.1").count(),
            usize::from(!answer.is_empty()),
            "{answer}"
        );
    }
    // A length beyond any memory is refused by its announcement.
    let request = format!(
        "POST {ENTRIES} HTTP/1.1\r\nhost: log\r\ncontent-type: application/json\r\ncontent-length: \
         9223372036854775807\r\n\r\n{{"
    );
    let mut stream = TcpStream::connect(v1.server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    timeout(DEADLINE, stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
    assert_eq!(v1.size().await, 0);
}

/// What callers send does not come back as it is, at any length.
#[tokio::test]
async fn messages_stay_short() {
    let v1 = V1::start().await;
    let long = "\u{1f600}\u{7f}".repeat(50_000);
    for body in [
        json!({"kind": long}),
        json!({
            "kind": "rekord",
            "apiVersion": "0.0.1",
            "spec": {"data": {"content": "AAAA"}, "signature": {"format": long}},
        }),
        json!({"kind": "dsse", "apiVersion": format!("1.0.0-{}", "a".repeat(50_000)), "spec": {}}),
    ] {
        let reply = v1.submit(&body).await;
        assert!([400, 422].contains(&reply.status));
        assert!(reply.body.len() < 4096, "{} bytes", reply.body.len());
    }
    let reply = v1.search(&json!({"email": long})).await;
    reply.must_fail(422, 601, "email in body must be of type email: \"");
    assert!(reply.body.len() < 4096, "{} bytes", reply.body.len());
    let key = STANDARD.encode(format!(
        "-----BEGIN {}-----\nAAAA\n-----END {0}-----\n",
        "L".repeat(50_000)
    ));
    let mut labelled = Signer::new().hashedrekord(b"artifact");
    labelled["spec"]["signature"]["publicKey"]["content"] = json!(key);
    let reply = v1.submit(&labelled).await;
    reply.must_fail(400, 400, "error processing entry: invalid public key: ");
    assert!(reply.body.len() < 4096, "{} bytes", reply.body.len());
}
