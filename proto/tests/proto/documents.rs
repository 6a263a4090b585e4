//! The exact form of files: bundles and client configuration.

use bytes::Bytes;
use ledgerstone_proto::google::protobuf::Timestamp;
use ledgerstone_proto::intoto;
use ledgerstone_proto::json;
use ledgerstone_proto::json::JsonError;
use ledgerstone_proto::sigstore::bundle::v1 as bundle;
use ledgerstone_proto::sigstore::common::v1 as common;
use ledgerstone_proto::sigstore::trustroot::v1 as trustroot;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::reply;

/// Asserts both ways.
#[track_caller]
fn check<T: DeserializeOwned + PartialEq + Serialize + std::fmt::Debug>(message: &T, text: &str) {
    let written = String::from_utf8(json::to_vec(message).unwrap()).unwrap();
    assert_eq!(written, text);
    assert_eq!(&json::from_slice::<T>(text.as_bytes()).unwrap(), message);

    let pretty = json::to_vec_pretty(message).unwrap();
    assert!(pretty.starts_with(b"{\n  \""));
    assert_eq!(&json::from_slice::<T>(&pretty).unwrap(), message);
}

fn since_2024() -> Option<common::TimeRange> {
    Some(common::TimeRange {
        start: Some(Timestamp::from_unix_seconds(1_704_067_200)),
        end: None,
    })
}

fn trusted_root() -> trustroot::TrustedRoot {
    trustroot::TrustedRoot {
        media_type: "application/vnd.dev.sigstore.trustedroot+json;version=0.1".into(),
        tlogs: vec![trustroot::TransparencyLogInstance {
            base_url: "http://localhost:18082".into(),
            hash_algorithm: common::HashAlgorithm::Sha2256.into(),
            public_key: Some(common::PublicKey {
                raw_bytes: Some(Bytes::from_static(b"spki")),
                key_details: common::PublicKeyDetails::PkixEd25519.into(),
                valid_for: since_2024(),
            }),
            log_id: Some(common::LogId {
                key_id: Bytes::from_static(b"id"),
            }),
            ..trustroot::TransparencyLogInstance::default()
        }],
        ..trustroot::TrustedRoot::default()
    }
}

const TRUSTED_ROOT: &str = concat!(
    r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","#,
    r#""tlogs":[{"baseUrl":"http://localhost:18082","hashAlgorithm":"SHA2_256","#,
    r#""publicKey":{"rawBytes":"c3BraQ==","keyDetails":"PKIX_ED25519","#,
    r#""validFor":{"start":"2024-01-01T00:00:00Z"}},"logId":{"keyId":"aWQ="}}]}"#,
);

fn signing_config() -> trustroot::SigningConfig {
    let service = |url: &str, major_api_version| trustroot::Service {
        url: url.into(),
        major_api_version,
        valid_for: since_2024(),
        operator: "private.test".into(),
    };
    let any = trustroot::ServiceConfiguration {
        selector: trustroot::ServiceSelector::Any.into(),
        count: 0,
    };
    trustroot::SigningConfig {
        media_type: "application/vnd.dev.sigstore.signingconfig.v0.2+json".into(),
        rekor_tlog_urls: vec![service("http://localhost:18082", 2)],
        rekor_tlog_config: Some(any),
        tsa_urls: vec![service("http://localhost:18080/api/v1/timestamp", 1)],
        tsa_config: Some(trustroot::ServiceConfiguration {
            selector: trustroot::ServiceSelector::Exact.into(),
            count: 1,
        }),
        ..trustroot::SigningConfig::default()
    }
}

const SIGNING_CONFIG: &str = concat!(
    r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","#,
    r#""rekorTlogUrls":[{"url":"http://localhost:18082","majorApiVersion":2,"#,
    r#""validFor":{"start":"2024-01-01T00:00:00Z"},"operator":"private.test"}],"#,
    r#""rekorTlogConfig":{"selector":"ANY"},"#,
    r#""tsaUrls":[{"url":"http://localhost:18080/api/v1/timestamp","majorApiVersion":1,"#,
    r#""validFor":{"start":"2024-01-01T00:00:00Z"},"operator":"private.test"}],"#,
    r#""tsaConfig":{"selector":"EXACT","count":1}}"#,
);

#[test]
fn trusted_root_has_no_unset_fields() {
    check(&trusted_root(), TRUSTED_ROOT);
}

#[test]
fn trusted_root_with_authorities() {
    let authority = trustroot::CertificateAuthority {
        subject: Some(common::DistinguishedName {
            organization: "o".into(),
            common_name: "ca".into(),
        }),
        uri: "http://localhost:18080".into(),
        cert_chain: Some(common::X509CertificateChain {
            certificates: vec![common::X509Certificate {
                raw_bytes: Bytes::from_static(b"der"),
            }],
        }),
        valid_for: Some(common::TimeRange {
            start: Some(Timestamp::from_unix_seconds(0)),
            end: Some(Timestamp {
                seconds: 1,
                nanos: 500_000_000,
            }),
        }),
        operator: String::new(),
    };
    let root = trustroot::TrustedRoot {
        certificate_authorities: vec![authority],
        ..trustroot::TrustedRoot::default()
    };
    check(
        &root,
        concat!(
            r#"{"certificateAuthorities":[{"subject":{"organization":"o","commonName":"ca"},"#,
            r#""uri":"http://localhost:18080","#,
            r#""certChain":{"certificates":[{"rawBytes":"ZGVy"}]},"#,
            r#""validFor":{"start":"1970-01-01T00:00:00Z","end":"1970-01-01T00:00:01.500Z"}}]}"#,
        ),
    );
}

#[test]
fn signing_config_has_no_unset_fields() {
    check(&signing_config(), SIGNING_CONFIG);
}

#[test]
fn client_trust_config_holds_both() {
    let config = trustroot::ClientTrustConfig {
        media_type: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json".into(),
        trusted_root: Some(trusted_root()),
        signing_config: Some(signing_config()),
    };
    let text = format!(
        "{{\"mediaType\":\"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json\",\
         \"trustedRoot\":{TRUSTED_ROOT},\"signingConfig\":{SIGNING_CONFIG}}}"
    );
    check(&config, &text);
}

#[test]
fn bundle_of_a_message_signature() {
    let bundle = bundle::Bundle {
        media_type: "application/vnd.dev.sigstore.bundle.v0.3+json".into(),
        verification_material: Some(bundle::VerificationMaterial {
            tlog_entries: vec![reply::entry()],
            timestamp_verification_data: Some(bundle::TimestampVerificationData {
                rfc3161_timestamps: vec![common::Rfc3161SignedTimestamp {
                    signed_timestamp: Bytes::from_static(b"time"),
                }],
            }),
            content: Some(bundle::verification_material::Content::PublicKey(
                common::PublicKeyIdentifier { hint: "key".into() },
            )),
        }),
        content: Some(bundle::bundle::Content::MessageSignature(
            common::MessageSignature {
                message_digest: Some(common::HashOutput {
                    algorithm: common::HashAlgorithm::Sha2512.into(),
                    digest: Bytes::from_static(b"digest"),
                }),
                signature: Bytes::from_static(b"signature"),
            },
        )),
    };
    check(
        &bundle,
        concat!(
            r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","#,
            r#""verificationMaterial":{"tlogEntries":[{"logIndex":"123","#,
            r#""logId":{"keyId":"+/v7+w=="},"kindVersion":{"kind":"hashedrekord","#,
            r#""version":"0.0.2"},"integratedTime":"0","inclusionProof":{"logIndex":"123","#,
            r#""rootHash":"//8=","treeSize":"130","hashes":["AQ==","AgME"],"#,
            r#""checkpoint":{"envelope":"log.test\n130\n\n— log.test AA==\n"}},"#,
            r#""canonicalizedBody":"e30="}],"#,
            r#""timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"dGltZQ=="}]}"#,
            r#","publicKey":{"hint":"key"}},"#,
            r#""messageSignature":{"messageDigest":{"algorithm":"SHA2_512","digest":"ZGlnZXN0"},"#,
            r#""signature":"c2lnbmF0dXJl"}}"#,
        ),
    );
}

#[test]
fn bundle_of_an_envelope() {
    let bundle = bundle::Bundle {
        verification_material: Some(bundle::VerificationMaterial {
            content: Some(bundle::verification_material::Content::Certificate(
                common::X509Certificate {
                    raw_bytes: Bytes::from_static(b"leaf"),
                },
            )),
            ..bundle::VerificationMaterial::default()
        }),
        content: Some(bundle::bundle::Content::DsseEnvelope(intoto::Envelope {
            payload: Bytes::from_static(b"{}"),
            payload_type: "application/vnd.in-toto+json".into(),
            signatures: vec![intoto::Signature {
                sig: Bytes::from_static(b"sig"),
                keyid: String::new(),
            }],
        })),
        ..bundle::Bundle::default()
    };
    check(
        &bundle,
        concat!(
            r#"{"verificationMaterial":{"certificate":{"rawBytes":"bGVhZg=="}},"#,
            r#""dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","#,
            r#""signatures":[{"sig":"c2ln"}]}}"#,
        ),
    );
}

#[test]
fn every_key_kind_has_its_name() {
    for number in 0..=23 {
        let details = common::PublicKeyDetails::try_from(number).unwrap();
        let text = format!("\"{}\"", details.as_str_name());
        assert_eq!(json::to_vec(&details).unwrap(), text.as_bytes());
        assert_eq!(json::from_slice(text.as_bytes()), Ok(details));
    }
}

#[test]
fn refuses_to_write_a_number_without_a_name() {
    let digest = common::HashOutput {
        algorithm: 99,
        digest: Bytes::new(),
    };
    let error = json::to_vec(&digest).unwrap_err();
    assert!(
        matches!(&error, JsonError::Unwritable { reason } if reason.contains("99")),
        "{error}"
    );
}

#[test]
fn refuses_to_write_a_time_without_a_form() {
    let range = common::TimeRange {
        start: Some(Timestamp::from_unix_seconds(i64::MAX)),
        end: None,
    };
    assert!(matches!(
        json::to_vec(&range),
        Err(JsonError::Unwritable { .. })
    ));
}
