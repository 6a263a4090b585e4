//! Large requests to Rekor v1 take no more memory than their length: upstream once unpacked what
//! took gigabytes (CVE-2023-30551).

use ledgerstone_tests::proposals::Signer;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::INDEX;
use crate::rekor_v1::RETRIEVE;
use crate::rekor_v1::V1;
use crate::server::Site;

/// How long the large bodies are, in bytes: within the limit, and far over what a proposal takes.
const LARGE: usize = 16 << 20;

/// What one large request may add to the memory of the server, in bytes. A body is in memory once,
/// a text of it may be there once more as it is decoded, and again as what was meant to be in it is
/// read; a list or an object of it would take many times its length.
const MAX_GROWTH: usize = 5 * LARGE;

/// Lets the allocator map what is 128 KiB and longer, and give it back once it is freed. What it
/// keeps of earlier requests would else count as growth, or hide it (`mallopt(3)`).
const RETURN_MEMORY: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "131072");

/// One long text.
const TEXT: &str = "A";

/// A text that is shorter once it is decoded, and longer once it is told.
const ESCAPES: &str = "\\u0001";

/// [`LARGE`] bytes: one long text, or as often the same value as there is room for, separated by
/// commas.
fn large(unit: &str) -> String {
    match unit {
        TEXT | ESCAPES => unit.repeat(LARGE / unit.len()),
        _ => {
            let separated = format!("{unit},");
            let mut values = separated.repeat(LARGE / separated.len());
            values.pop();
            values
        }
    }
}

fn proposal(kind: &str, version: &str, spec: &str) -> String {
    format!(r#"{{"kind":"{kind}","apiVersion":"{version}","spec":{spec}}}"#)
}

/// Where a body goes, the body with `@` in the place of what is large, and what that is made of.
fn bodies(key: &str) -> Vec<(&'static str, String, &'static str)> {
    let member = r#""":0"#;
    let retrieve = [
        (r#"{"entries":[@]}"#, "0"),
        (r#"{"entries":[@]}"#, "{}"),
        (r#"{"entryUUIDs":[@]}"#, r#""""#),
        (r#"{"entryUUIDs":[@]}"#, "null"),
        (r#"{"entryUUIDs":["@"]}"#, TEXT),
        (r#"{"logIndexes":[@]}"#, "0"),
        (
            r#"{"entries":[{"kind":"dsse","apiVersion":"0.0.1","spec":{@}}]}"#,
            member,
        ),
        ("{@}", member),
    ];
    let index = [
        ("{@}", member),
        (r#"{"publicKey":{@}}"#, member),
        (r#"{"email":"@"}"#, ESCAPES),
        (r#"{"subject":"@"}"#, TEXT),
        (r#"{"hash":"@"}"#, TEXT),
        (r#"{"operator":"@"}"#, TEXT),
        (r#"{"publicKey":{"format":"x509","content":"@"}}"#, TEXT),
        (r#"{"publicKey":{"format":"pgp","content":"@"}}"#, TEXT),
        (r#"{"publicKey":{"format":"@"}}"#, TEXT),
    ];
    let whole = [
        ("{@}", member),
        (r#"{"kind":"@"}"#, TEXT),
        (r#"{"kind":"dsse","apiVersion":"@"}"#, TEXT),
    ];
    let specs = [
        ("dsse", "0.0.1", "{@}", member),
        ("dsse", "0.0.1", r#"{"signatures":[@]}"#, "{}"),
        (
            "dsse",
            "0.0.1",
            r#"{"proposedContent":{"envelope":"@","verifiers":["KEY"]}}"#,
            TEXT,
        ),
        (
            "dsse",
            "0.0.1",
            r#"{"proposedContent":{"envelope":"[@]","verifiers":["KEY"]}}"#,
            "0",
        ),
        (
            "dsse",
            "0.0.1",
            r#"{"proposedContent":{"envelope":"{}","verifiers":[@]}}"#,
            r#""""#,
        ),
        (
            "dsse",
            "0.0.1",
            r#"{"proposedContent":{"envelope":"{}","verifiers":["@"]}}"#,
            TEXT,
        ),
        (
            "intoto",
            "0.0.1",
            r#"{"content":{"envelope":"@"},"publicKey":"KEY"}"#,
            TEXT,
        ),
        (
            "intoto",
            "0.0.1",
            r#"{"content":{"envelope":"{}"},"publicKey":"@"}"#,
            TEXT,
        ),
        (
            "intoto",
            "0.0.2",
            r#"{"content":{"envelope":{"signatures":[@]}}}"#,
            "null",
        ),
        (
            "intoto",
            "0.0.2",
            r#"{"content":{"envelope":{"payload":"@"}}}"#,
            TEXT,
        ),
        (
            "hashedrekord",
            "0.0.1",
            r#"{"signature":{"content":"@","publicKey":{"content":"KEY"}}}"#,
            TEXT,
        ),
        (
            "hashedrekord",
            "0.0.1",
            r#"{"data":{"hash":{"algorithm":"sha256","value":"@"}},
                "signature":{"content":"AAAA","publicKey":{"content":"KEY"}}}"#,
            TEXT,
        ),
        (
            "rekord",
            "0.0.1",
            r#"{"data":{"content":"@"},
                "signature":{"format":"x509","content":"AAAA","publicKey":{"content":"KEY"}}}"#,
            TEXT,
        ),
        (
            "rekord",
            "0.0.1",
            r#"{"data":{"content":"AAAA"},
                "signature":{"format":"@","content":"AAAA","publicKey":{"content":"KEY"}}}"#,
            TEXT,
        ),
        ("jar", "0.0.1", r#"{"archive":{"content":"@"}}"#, TEXT),
    ];
    let at = |path: &'static str| {
        move |(body, unit): (&str, &'static str)| (path, body.to_owned(), unit)
    };
    let specs = specs.map(|(kind, version, spec, unit)| {
        (
            ENTRIES,
            proposal(kind, version, spec).replace("KEY", key),
            unit,
        )
    });
    let mut bodies = retrieve.map(at(RETRIEVE)).to_vec();
    bodies.extend(index.map(at(INDEX)));
    bodies.extend(whole.map(at(ENTRIES)));
    bodies.extend(specs);
    bodies
}

#[tokio::test]
async fn large_documents_take_no_more_memory_than_their_length() {
    let v1 = V1::serving(&Site::new().with_variable(RETURN_MEMORY.0, RETURN_MEMORY.1)).await;
    let signer = Signer::new();
    for (path, body, unit) in bodies(&signer.public_key_base64()) {
        let before = v1.server.forget_peak_memory();
        let reply = v1.post(path, body.replace('@', &large(unit))).await;
        assert!([200, 400, 422].contains(&reply.status), "{body}: {reply:?}");
        assert!(
            reply.body.len() < 4096,
            "{body}: {} bytes were sent back",
            reply.body.len()
        );
        let growth = v1.server.peak_memory().saturating_sub(before);
        assert!(growth < MAX_GROWTH, "{body}: {growth} bytes");
    }
    v1.create(&signer.hashedrekord(b"after all that")).await;
    assert_eq!(v1.size().await, 1);
}
