//! The exact bytes of replies.

use bytes::Bytes;
use ledgerstone_proto::json;
use ledgerstone_proto::json::RekorReply;
use ledgerstone_proto::log::v1 as log;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1::Checkpoint;
use ledgerstone_proto::sigstore::rekor::v1::InclusionPromise;
use ledgerstone_proto::sigstore::rekor::v1::InclusionProof;
use ledgerstone_proto::sigstore::rekor::v1::KindVersion;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;

pub(crate) fn entry() -> TransparencyLogEntry {
    TransparencyLogEntry {
        log_index: 123,
        log_id: Some(LogId {
            key_id: Bytes::from_static(&[0xfb; 4]),
        }),
        kind_version: Some(KindVersion {
            kind: "hashedrekord".into(),
            version: "0.0.2".into(),
        }),
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: 123,
            root_hash: Bytes::from_static(&[0xff; 2]),
            tree_size: 130,
            hashes: vec![Bytes::from_static(&[1]), Bytes::from_static(&[2, 3, 4])],
            checkpoint: Some(Checkpoint {
                envelope: "log.test\n130\n\n\u{2014} log.test AA==\n".into(),
            }),
        }),
        canonicalized_body: Bytes::from_static(b"{}"),
    }
}

fn written<T: serde::Serialize>(message: &T) -> String {
    String::from_utf8(json::to_vec(message).unwrap()).unwrap()
}

#[test]
fn rekor_reply_has_all_seven_fields() {
    let expected = concat!(
        r#"{"logIndex":"123","logId":{"keyId":"+/v7+w=="},"kindVersion":{"kind":"hashedrekord","#,
        r#""version":"0.0.2"},"integratedTime":"0","inclusionPromise":null,"#,
        r#""inclusionProof":{"logIndex":"123","rootHash":"//8=","treeSize":"130","#,
        r#""hashes":["AQ==","AgME"],"#,
        r#""checkpoint":{"envelope":"log.test\n130\n\n— log.test AA==\n"}},"#,
        r#""canonicalizedBody":"e30="}"#,
    );
    assert_eq!(written(&RekorReply(&entry())), expected);
}

#[test]
fn rekor_reply_for_the_first_entry_writes_zeros_and_empty_lists() {
    let mut entry = entry();
    entry.log_index = 0;
    let proof = entry.inclusion_proof.as_mut().unwrap();
    proof.log_index = 0;
    proof.tree_size = 1;
    proof.hashes.clear();
    let json = written(&RekorReply(&entry));
    assert!(json.starts_with(r#"{"logIndex":"0","logId":"#), "{json}");
    assert!(
        json.contains(
            r#""inclusionProof":{"logIndex":"0","rootHash":"//8=","treeSize":"1","hashes":[],"#
        ),
        "{json}"
    );
}

#[test]
fn rekor_reply_writes_what_is_unset() {
    let empty = TransparencyLogEntry::default();
    let expected = concat!(
        r#"{"logIndex":"0","logId":null,"kindVersion":null,"integratedTime":"0","#,
        r#""inclusionPromise":null,"inclusionProof":null,"canonicalizedBody":""}"#,
    );
    assert_eq!(written(&RekorReply(&empty)), expected);

    let empty_proof = TransparencyLogEntry {
        inclusion_proof: Some(InclusionProof::default()),
        ..empty
    };
    let json = written(&RekorReply(&empty_proof));
    assert!(
        json.contains(
            r#"{"logIndex":"0","rootHash":"","treeSize":"0","hashes":[],"checkpoint":null}"#
        ),
        "{json}"
    );
}

#[test]
fn rekor_reply_reads_back() {
    let mut entry = entry();
    entry.log_index = i64::MAX;
    entry.integrated_time = i64::MIN;
    entry.inclusion_promise = Some(InclusionPromise {
        signed_entry_timestamp: Bytes::from_static(b"promise"),
    });
    for entry in [entry, TransparencyLogEntry::default()] {
        let json = json::to_vec(&RekorReply(&entry)).unwrap();
        assert_eq!(json::from_slice(&json), Ok(entry));
    }
}

/// The form inside bundles: zeros are there, as clients with strict models ask; nulls are not.
#[test]
fn entry_itself_leaves_unset_messages_out() {
    let json = written(&entry());
    assert!(
        json.contains(r#""integratedTime":"0","inclusionProof":{"#),
        "{json}"
    );
    assert_eq!(
        written(&TransparencyLogEntry::default()),
        r#"{"logIndex":"0","integratedTime":"0","canonicalizedBody":""}"#
    );
}

#[test]
fn own_replies_write_every_field() {
    let head = log::TreeHead {
        origin: "log.test".into(),
        size: u64::MAX,
        ..log::TreeHead::default()
    };
    assert_eq!(
        written(&head),
        concat!(
            r#"{"origin":"log.test","size":"18446744073709551615","rootHash":"","checkpoint":"","#,
            r#""time":"0","treeId":"0"}"#,
        )
    );
    assert_eq!(
        written(&log::Entry::default()),
        concat!(
            r#"{"index":"0","leafHash":"","integratedTime":"0","kind":"","version":"","#,
            r#""body":"","treeId":"0"}"#,
        )
    );
    assert_eq!(
        written(&log::InclusionProofResponse {
            tree_size: 2,
            hashes: vec![Bytes::from_static(&[9])],
            ..log::InclusionProofResponse::default()
        }),
        concat!(
            r#"{"index":"0","treeSize":"2","rootHash":"","leafHash":"","hashes":["CQ=="],"#,
            r#""checkpoint":""}"#,
        )
    );
    assert_eq!(
        written(&log::ConsistencyProofResponse::default()),
        r#"{"oldSize":"0","newSize":"0","oldRoot":"","newRoot":"","hashes":[]}"#
    );
    assert_eq!(
        written(&log::AppendResponse::default()),
        r#"{"duplicate":false,"leafHash":""}"#
    );
    let refused = log::Status {
        code: 3,
        message: "wrong".into(),
    };
    assert_eq!(
        written(&log::AppendResult {
            position: 7,
            outcome: Some(log::append_result::Outcome::Status(refused)),
        }),
        r#"{"position":"7","status":{"code":3,"message":"wrong"}}"#
    );
}
