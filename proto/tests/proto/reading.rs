//! What is read, and what is refused with which reason.

use bytes::Bytes;
use ledgerstone_proto::json;
use ledgerstone_proto::json::JsonError;
use ledgerstone_proto::json::REASON_BYTES_MAX;
use ledgerstone_proto::log::v1 as log;
use ledgerstone_proto::sigstore::bundle::v1::Bundle;
use ledgerstone_proto::sigstore::common::v1 as common;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_proto::sigstore::rekor::v2 as rekor;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use serde::de::DeserializeOwned;

fn request() -> CreateEntryRequest {
    let verifier = rekor::verifier::Verifier::PublicKey(rekor::PublicKey {
        raw_bytes: Bytes::from_static(b"key"),
    });
    let signature = rekor::Signature {
        content: Bytes::from_static(&[0xfb, 0xff]),
        verifier: Some(rekor::Verifier {
            key_details: PublicKeyDetails::PkixEcdsaP256Sha256.into(),
            verifier: Some(verifier),
        }),
    };
    let spec = rekor::HashedRekordRequestV002 {
        digest: Bytes::from_static(b"digest"),
        signature: Some(signature),
    };
    CreateEntryRequest {
        spec: Some(rekor::create_entry_request::Spec::HashedRekordRequestV002(
            spec,
        )),
    }
}

const REQUEST: &str = concat!(
    r#"{"hashedRekordRequestV002":{"digest":"ZGlnZXN0","signature":{"content":"+/8=","#,
    r#""verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"a2V5"}}}}}"#,
);

#[track_caller]
fn accept(text: &str) {
    assert_eq!(json::from_slice_first(text.as_bytes()), Ok(request()));
}

#[track_caller]
fn reason<T: Default + DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    match json::from_slice_first::<T>(text.as_bytes()) {
        Err(JsonError::Message { reason }) => reason,
        other => panic!("{text}: {other:?}"),
    }
}

/// Asserts that the request is refused, and that the reason starts at the right place.
#[track_caller]
fn refuse(text: &str, expected: &str) {
    let reason = reason::<CreateEntryRequest>(text);
    assert!(reason.starts_with(expected), "{reason}");
}

#[track_caller]
fn refuse_syntax(text: &[u8]) {
    let result = json::from_slice_first::<CreateEntryRequest>(text);
    assert!(
        matches!(result, Err(JsonError::Syntax { .. })),
        "{result:?}"
    );
}

#[test]
fn writes_the_request_that_it_reads() {
    accept(REQUEST);
    assert_eq!(json::to_vec(&request()).unwrap(), REQUEST.as_bytes());
}

#[test]
fn reads_original_names() {
    accept(concat!(
        r#"{"hashed_rekord_request_v002":{"digest":"ZGlnZXN0","signature":{"content":"+/8=","#,
        r#""verifier":{"key_details":"PKIX_ECDSA_P256_SHA_256","#,
        r#""public_key":{"raw_bytes":"a2V5"}}}}}"#,
    ));
}

#[test]
fn reads_every_form_of_base64() {
    for content in ["+/8=", "+/8", "-_8=", "-_8", r"\u002b\/8="] {
        accept(&REQUEST.replace("+/8=", content));
    }
}

#[test]
fn reads_base64_in_lines() {
    for content in [
        r"+/8=\n",
        r"+/\r\n8=\r\n",
        r"\n-\n_\n8",
        r"+/8\u000a",
        r"+\n/8\n=",
    ] {
        accept(&REQUEST.replace("+/8=", content));
    }
    let lines = REQUEST.replace("ZGlnZXN0", r"ZGln\nZXN0\n");
    accept(&lines.replace("a2V5", r"a2V5\r\n"));
    for content in ["+/ 8=", r"+/\t8=", "+/8==", "+_8=", r"+\u000b/8="] {
        let text = REQUEST.replace("+/8=", content);
        refuse(&text, "hashedRekordRequestV002.signature.content: ");
    }
    // Of the other kinds of texts they are a part.
    let time = r#"{"start":"2026-01-31T12:00:00Z\n"}"#;
    let reason = reason::<common::TimeRange>(time);
    assert!(reason.starts_with("start: "), "{reason}");
}

#[test]
fn decodes_what_the_reader_takes() {
    for text in ["+/8=", "+/8", "-_8=", "-_8", "+/\r\n8=\n", "\n-_\n8"] {
        assert_eq!(json::decode_base64(text), Some(vec![0xfb, 0xff]), "{text}");
    }
    assert_eq!(json::decode_base64(""), Some(Vec::new()));
    for text in ["+/ 8=", "+/8==", "+_8=", "+/8=+/8=", "é"] {
        assert_eq!(json::decode_base64(text), None, "{text}");
    }
}

#[test]
fn reads_bundles_in_lines() {
    let bundle = concat!(
        r#"{"dsseEnvelope":{"payload":"aGVs\nbG8=\n","payloadType":"t","#,
        r#""signatures":[{"sig":"+/\r\n8="}]}}"#,
    );
    let plain = bundle.replace(r"\r", "").replace(r"\n", "");
    let read = |text: &str| json::from_slice::<Bundle>(text.as_bytes()).unwrap();
    assert_eq!(read(bundle), read(&plain));
}

#[test]
fn reads_enums_by_number() {
    accept(&REQUEST.replace("\"PKIX_ECDSA_P256_SHA_256\"", "5"));
}

#[test]
fn reads_space_and_any_order() {
    accept(
        "\n {\t\"hashedRekordRequestV002\" : {\r\n \
         \"signature\": {\"verifier\": {\"publicKey\":{\"rawBytes\":\"a2V5\"}, \"keyDetails\":5}, \
         \"content\":\"+/8=\"}, \"digest\":\"ZGlnZXN0\"}}",
    );
}

#[test]
fn reads_only_the_first_value() {
    for rest in ["\n", " {}", REQUEST, "}", " nonsense", "\u{0}"] {
        accept(&format!("{REQUEST}{rest}"));
    }
    let result = json::from_slice_first::<CreateEntryRequest>(b"{} \xff");
    assert_eq!(result, Ok(CreateEntryRequest::default()));
}

#[test]
fn a_file_ends_with_its_value() {
    let with_space = format!(" {REQUEST}\n");
    assert_eq!(json::from_slice(with_space.as_bytes()), Ok(request()));
    for text in [
        format!("{REQUEST} {{}}"),
        format!("{REQUEST}}}"),
        String::new(),
    ] {
        let result = json::from_slice::<CreateEntryRequest>(text.as_bytes());
        assert!(
            matches!(result, Err(JsonError::Syntax { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn nothing_is_an_empty_request() {
    for text in ["", " ", "\r\n\t ", "{}", " { } "] {
        let result = json::from_slice_first(text.as_bytes());
        assert_eq!(result, Ok(CreateEntryRequest::default()), "{text:?}");
    }
}

#[test]
fn null_members_are_unset() {
    for text in [
        r#"{"hashedRekordRequestV002":null}"#,
        r#"{"hashedRekordRequestV002":null,"dsseRequestV002":null}"#,
    ] {
        let result = json::from_slice_first(text.as_bytes());
        assert_eq!(result, Ok(CreateEntryRequest::default()), "{text}");
    }
    accept(&REQUEST.replace("{\"hashed", "{\"dsseRequestV002\":null,\"hashed"));

    let nulls = concat!(
        r#"{"logIndex":null,"logId":null,"kindVersion":{"kind":null},"integratedTime":null,"#,
        r#""inclusionPromise":null,"inclusionProof":{"hashes":null,"rootHash":null},"#,
        r#""canonicalizedBody":null}"#,
    );
    let zeros = r#"{"kindVersion":{},"inclusionProof":{}}"#;
    let read = |text: &str| json::from_slice::<TransparencyLogEntry>(text.as_bytes());
    assert!(read(nulls).is_ok());
    assert_eq!(read(nulls), read(zeros));

    let verifier: rekor::Verifier =
        json::from_slice_first(br#"{"keyDetails":null,"publicKey":null}"#).unwrap();
    assert_eq!(verifier, rekor::Verifier::default());
    let response: log::AppendResponse = json::from_slice_first(br#"{"duplicate":null}"#).unwrap();
    assert_eq!(response, log::AppendResponse::default());
    let range: common::TimeRange = json::from_slice_first(br#"{"start":null,"end":null}"#).unwrap();
    assert_eq!(range, common::TimeRange::default());
}

/// Clients that write every member of a message write null for those of a choice that was not made,
/// before or after the one that was.
#[test]
fn null_is_no_choice() {
    let end = REQUEST.len() - 1;
    accept(&format!("{},\"dsseRequestV002\":null}}", &REQUEST[..end]));
    accept(&format!(
        "{},\"dsse_request_v002\":null,\"dsseRequestV002\":null}}",
        &REQUEST[..end]
    ));
    accept(&REQUEST.replace("\"publicKey\":", "\"x509Certificate\":null,\"publicKey\":"));
    accept(&REQUEST.replace("\"a2V5\"}", "\"a2V5\"},\"x509Certificate\":null"));

    let lookup = |text: &str| json::from_slice::<log::GetEntryRequest>(text.as_bytes());
    let index = lookup(r#"{"index":"7"}"#);
    assert!(index.as_ref().is_ok_and(|request| request.lookup.is_some()));
    assert_eq!(lookup(r#"{"index":"7","leafHash":null}"#), index);
    assert_eq!(lookup(r#"{"leafHash":null,"index":"7"}"#), index);
    // A number and bytes are choices also when they are zero and empty.
    let zero = reason::<log::GetEntryRequest>(r#"{"index":"0","leafHash":null,"leaf_hash":""}"#);
    assert!(zero.starts_with("duplicate field `leafHash`"), "{zero}");
}

#[test]
fn refuses_null_elsewhere() {
    refuse(
        "null",
        "invalid type: null, expected an object: dev.sigstore.rekor.v2.CreateEntryRequest",
    );
    let at = |text| reason::<TransparencyLogEntry>(text);
    assert!(
        at(r#"{"inclusionProof":{"hashes":["AA==",null]}}"#)
            .starts_with("inclusionProof.hashes[1]: ")
    );
    assert!(
        reason::<Bundle>(r#"{"verificationMaterial":{"tlogEntries":[null]}}"#)
            .starts_with("verificationMaterial.tlogEntries[0]: ")
    );
    assert!(reason::<common::ObjectIdentifier>(r#"{"id":[null]}"#).starts_with("id[0]: "));
}

#[test]
fn refuses_unknown_fields() {
    refuse(
        r#"{"hashedRekordRequestV003":{}}"#,
        "unknown field `hashedRekordRequestV003`, expected",
    );
    refuse(
        r#"{"HashedRekordRequestV002":{}}"#,
        "unknown field `HashedRekordRequestV002`",
    );
    refuse(r#"{"x":null}"#, "unknown field `x`");
    refuse(
        &REQUEST.replace("\"rawBytes\"", "\"rawbytes\""),
        "hashedRekordRequestV002.signature.verifier.publicKey: \
         unknown field `rawbytes`, expected `raw_bytes` or `rawBytes` at line 1 column ",
    );
}

#[test]
fn refuses_bad_base64() {
    let path = "hashedRekordRequestV002.signature.content: ";
    for content in [
        "+_8=", "+/8!", "+", "+/9=", "+/8==", "+/8=AA==", " +/8=", "é",
    ] {
        refuse(&REQUEST.replace("+/8=", content), path);
    }
}

#[test]
fn refuses_wrong_types() {
    for text in ["[]", "\"\"", "1", "true"] {
        refuse(text, "invalid type: ");
    }
    for content in ["1", "true", "[]", "{}", "1.5"] {
        refuse(
            &REQUEST.replace("\"+/8=\"", content),
            "hashedRekordRequestV002.signature.content: invalid type: ",
        );
    }
    refuse(
        r#"{"hashedRekordRequestV002":[]}"#,
        "hashedRekordRequestV002: invalid type: ",
    );
    let entry = |text| reason::<TransparencyLogEntry>(text);
    assert!(
        entry(r#"{"inclusionProof":{"hashes":"AA=="}}"#).starts_with("inclusionProof.hashes: ")
    );
    assert!(entry(r#"{"kindVersion":{"kind":1}}"#).starts_with("kindVersion.kind: invalid type: "));
    assert!(reason::<log::AppendResponse>(r#"{"duplicate":"true"}"#).starts_with("duplicate: "));
}

#[test]
fn refuses_unknown_enum_values() {
    let path = "hashedRekordRequestV002.signature.verifier.keyDetails: ";
    for details in [
        "\"PKIX_ECDSA_P256\"",
        "\"pkix_ed25519\"",
        "\"5\"",
        "24",
        "-1",
        "5.5",
        "4294967301",
        "{}",
    ] {
        refuse(
            &REQUEST.replace("\"PKIX_ECDSA_P256_SHA_256\"", details),
            path,
        );
    }
}

#[test]
fn reads_integers_as_numbers_and_strings() {
    for index in ["\"9223372036854775807\"", "9223372036854775807"] {
        let entry: TransparencyLogEntry =
            json::from_slice(format!("{{\"logIndex\":{index}}}").as_bytes()).unwrap();
        assert_eq!(entry.log_index, i64::MAX);
    }
    for size in ["\"18446744073709551615\"", "18446744073709551615"] {
        let head: log::TreeHead =
            json::from_slice(format!("{{\"size\":{size}}}").as_bytes()).unwrap();
        assert_eq!(head.size, u64::MAX);
    }
}

#[test]
fn refuses_integers_out_of_range() {
    for index in [
        "\"9223372036854775808\"",
        "9223372036854775808",
        "\"1.5\"",
        "1.5",
        "\"\"",
        "\"x\"",
        "true",
        "[]",
        "{}",
        "1e40",
    ] {
        let reason = reason::<TransparencyLogEntry>(&format!("{{\"log_index\":{index}}}"));
        assert!(reason.starts_with("log_index: "), "{reason}");
        assert!(!reason.contains("Content"), "{reason}");
    }
    for size in [
        "-1",
        "\"-1\"",
        "18446744073709551616",
        "\"18446744073709551616\"",
    ] {
        let reason = reason::<log::TreeHead>(&format!("{{\"size\":{size}}}"));
        assert!(reason.starts_with("size: "), "{reason}");
    }
    let arcs = reason::<common::ObjectIdentifier>(r#"{"id":[1,2147483648]}"#);
    assert_eq!(
        arcs,
        "id[1]: expected an integer that fits the field at line 1 column 20"
    );
}

#[test]
fn refuses_two_members_of_one_choice() {
    refuse(
        r#"{"hashedRekordRequestV002":{},"dsseRequestV002":{}}"#,
        "duplicate field `dsseRequestV002`",
    );
    for request in [
        r#"{"hashedRekordRequestV002":{},"hashedRekordRequestV002":{}}"#,
        r#"{"hashedRekordRequestV002":{},"dsseRequestV002":null,"hashed_rekord_request_v002":{}}"#,
    ] {
        refuse(request, "duplicate field `hashedRekordRequestV002`");
    }
    let keys = reason::<rekor::Verifier>(r#"{"publicKey":{},"x509Certificate":{}}"#);
    assert!(
        keys.starts_with("duplicate field `x509Certificate`"),
        "{keys}"
    );
    let lookup = reason::<log::GetEntryRequest>(r#"{"index":"0","leafHash":"AA=="}"#);
    assert!(lookup.starts_with("duplicate field `leafHash`"), "{lookup}");
}

#[test]
fn refuses_repeated_names() {
    for digest in [
        "\"digest\":\"\"",
        "\"digest\":\"ZGlnZXN0\"",
        r#""d\u0069gest":"""#,
    ] {
        refuse(
            &REQUEST.replace("\"signature\":", &format!("{digest},\"signature\":")),
            "hashedRekordRequestV002: duplicate field `digest`",
        );
    }
    let entry = reason::<TransparencyLogEntry>(r#"{"logIndex":"1","log_index":"1"}"#);
    assert!(entry.starts_with("duplicate field `logIndex`"), "{entry}");
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        "{",
        "}",
        "{\"dsseRequestV002\"",
        "{]",
        "nul",
        "{'digest':''}",
        "{\"dsseRequestV002\":}",
        "{,}",
        "\u{feff}{}",
        "{\"hashedRekordRequestV002\":{},}",
        "{\"hashedRekordRequestV002\":{\"digest\":\"\\ud800\"}}",
        "{\"hashedRekordRequestV002\":{\"digest\":\"\n\"}}",
        "# comment",
    ] {
        refuse_syntax(text.as_bytes());
    }
    refuse_syntax(b"{\"hashedRekordRequestV002\":{\"digest\":\"\xff\"}}");
    refuse_syntax(&REQUEST.as_bytes()[..REQUEST.len() - 1]);
}

#[test]
fn refuses_deep_nesting() {
    let depth = 100_000;
    let arrays = format!("{{\"logIndex\":{}", "[".repeat(depth));
    let objects = format!("{{\"logIndex\":{}", "{\"a\":".repeat(depth));
    for text in [arrays, objects] {
        let result = json::from_slice_first::<TransparencyLogEntry>(text.as_bytes());
        let Err(JsonError::Syntax { reason }) = result else {
            panic!("{result:?}");
        };
        assert!(reason.contains("recursion limit exceeded"), "{reason}");
    }
    refuse(&"[".repeat(depth), "invalid type: sequence");
}

#[test]
fn reasons_are_bounded() {
    let name = "é".repeat(1 << 20);
    let reason = reason::<CreateEntryRequest>(&format!("{{\"a{name}\":1}}"));
    assert!(reason.len() <= REASON_BYTES_MAX && reason.len() > REASON_BYTES_MAX - 8);
    assert!(reason.starts_with("unknown field `aé") && reason.ends_with("é ..."));
}

#[test]
fn refuses_more_values_than_a_message_has_use_for() {
    let with = |count: usize| {
        let verifiers = vec!["{}"; count].join(",");
        let json = format!("{{\"dsseRequestV002\":{{\"verifiers\":[{verifiers}]}}}}");
        json::from_slice_first::<CreateEntryRequest>(json.as_bytes())
    };
    assert!(with(60_000).is_ok());
    let Err(error) = with(70_000) else {
        panic!("it is taken");
    };
    assert!(
        error.to_string().contains("more than 65536 values"),
        "{error}"
    );
}
