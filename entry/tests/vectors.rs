//! The vectors of sigstore/rekor-tiles (`pkg/types/hashedrekord/hashedrekord_test.go`).

use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::describe;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::base64;
use crate::support::certificate_verifier;
use crate::support::key_verifier;
use crate::support::submit;

#[test]
fn an_entry_with_a_p256_key() {
    let verifier = key_verifier(base64(P256_KEY), SigningAlgorithm::EcdsaP256Sha256);
    let entry = submit(request(P256_DIGEST, P256_SIGNATURE, verifier)).unwrap();

    assert_eq!(entry.kind, HashedRekordV002::KIND);
    assert_eq!(entry.api_version(), ApiVersion::V2);
    assert_eq!(entry.body.len(), 489);
    assert_eq!(
        hex::encode(Sha256::digest(&entry.body)),
        "43c278b6e6e5cd6fbbec173d33ebd96dcb3de883c2e4fa68be23b26ecb5c03ea"
    );
    assert_eq!(
        entry.leaf_hash.to_string(),
        "9f7de180887c06919d4a3e1487998bb04246d40db05589f4287e7a3ec794d250"
    );
    let text = std::str::from_utf8(&entry.body).unwrap();
    assert!(text.starts_with(concat!(
        r#"{"apiVersion":"0.0.2","kind":"hashedrekord","#,
        r#""spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","#,
        r#""digest":"WzUT9YDIOXIS/yyPRZwZnvwMkOQ1Sl81M63wo//zpTA="},"#,
        r#""signature":{"content":"MEYC"#,
    )));
    assert!(text.contains(
        r#","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MFkw"#
    ));
    assert!(entry.attestation.is_none());
}

#[test]
fn an_entry_with_a_certificate() {
    let certificate = base64(P256_CERTIFICATE);
    assert_eq!(
        hex::encode(Sha256::digest(&certificate)),
        "b7980db59e1564fa234efd2026e0f0c8873d4483f2615e3a54caa3ebfbc5321a"
    );
    let verifier = certificate_verifier(certificate, SigningAlgorithm::EcdsaP256Sha256);
    let entry = submit(request(P256_DIGEST, P256_SIGNATURE, verifier)).unwrap();

    assert_eq!(entry.body.len(), 1095);
    assert_eq!(
        entry.leaf_hash.to_string(),
        "00cce666ddd5d4ce8622603ae5092935cbe335e86598986c9ed9f5ae511b45e1"
    );
    assert_eq!(
        describe(&entry.body).unwrap().search_keys(),
        entry.search_keys
    );
}

#[test]
fn an_entry_with_a_p384_key() {
    let verifier = key_verifier(base64(P384_KEY), SigningAlgorithm::EcdsaP384Sha384);
    let entry = submit(request(P384_DIGEST, P384_SIGNATURE, verifier)).unwrap();
    let text = std::str::from_utf8(&entry.body).unwrap();
    assert!(text.contains(r#""algorithm":"SHA2_384""#));
    assert!(text.contains(r#""keyDetails":"PKIX_ECDSA_P384_SHA_384""#));
}

#[test]
fn a_verifier_rebuilds_the_same_bodies() {
    for (key, digest, signature, algorithm) in [
        (
            P256_KEY,
            P256_DIGEST,
            P256_SIGNATURE,
            SigningAlgorithm::EcdsaP256Sha256,
        ),
        (
            P384_KEY,
            P384_DIGEST,
            P384_SIGNATURE,
            SigningAlgorithm::EcdsaP384Sha384,
        ),
    ] {
        let der = base64(key);
        let verifier = key_verifier(der.clone(), algorithm);
        let logged = submit(request(digest, signature, verifier)).unwrap();
        let rebuilt = HashedRekordV002::rebuild(
            &PublicKey::from_spki_der(&der).unwrap(),
            VerifierMaterial::PublicKey(der.into()),
            hex::decode(digest).unwrap().into(),
            base64(signature).into(),
        );
        assert_eq!(rebuilt.to_body().unwrap(), logged.body);
    }
}

fn request(digest: &str, signature: &str, verifier: Verifier) -> HashedRekordRequestV002 {
    HashedRekordRequestV002 {
        digest: hex::decode(digest).unwrap().into(),
        signature: Some(Signature {
            content: base64(signature).into(),
            verifier: Some(verifier),
        }),
    }
}

const P256_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeLw7gX40qy1z7JUhGMAaaDITbV7p
    2D+C5G9xPEsy/PVAo9H0mgS4NYzpGirkXxBht+IvvL19WR1X9ANXha5ldQ==";

const P256_DIGEST: &str = "5b3513f580c8397212ff2c8f459c199efc0c90e4354a5f3533adf0a3fff3a530";

const P256_SIGNATURE: &str = "MEYCIQC59oLS3MsCqm0xCxPOy+8FdQK4RYCZE036s3q1ECfcagIhAJ4ATXlCSdFr
    klKAS8No0PsAE9uLi37TCbIfRXASJTTb";

const P256_CERTIFICATE: &str = "MIICGTCCAb+gAwIBAgIUbzTFcv75teYBpaXsDOoYUv5GgWgwCgYIKoZIzj0EAwIw
    YTELMAkGA1UEBhMCQVUxEzARBgNVBAgMClNvbWUtU3RhdGUxITAfBgNVBAoMGElu
    dGVybmV0IFdpZGdpdHMgUHR5IEx0ZDEaMBgGA1UEAwwRdGVzdC5zaWdzdG9yZS5k
    ZXYwIBcNMjUwMzI3MTc1MDQ2WhgPMjEyNTAzMDMxNzUwNDZaMGExCzAJBgNVBAYT
    AkFVMRMwEQYDVQQIDApTb21lLVN0YXRlMSEwHwYDVQQKDBhJbnRlcm5ldCBXaWRn
    aXRzIFB0eSBMdGQxGjAYBgNVBAMMEXRlc3Quc2lnc3RvcmUuZGV2MFkwEwYHKoZI
    zj0CAQYIKoZIzj0DAQcDQgAEeLw7gX40qy1z7JUhGMAaaDITbV7p2D+C5G9xPEsy
    /PVAo9H0mgS4NYzpGirkXxBht+IvvL19WR1X9ANXha5ldaNTMFEwHQYDVR0OBBYE
    FJvvzmcqq8f+AiXCgAlE4IgdwTq+MB8GA1UdIwQYMBaAFJvvzmcqq8f+AiXCgAlE
    4IgdwTq+MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgAqzN4Noq
    eH2jEARoIeXY0SRKnaNhVvullmremGvvd6QCIQDrL1WI3a7m8rlHN/7vvCCGtep1
    fRnK+CuN46tvzGu+9A==";

const P384_KEY: &str = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEhM6AR/E5+rwuiWx5YE07ZpSNlG9NCFLb
    m+gjNn0q5uByc7GmCwH3fUF3SFyTDCm6+lm9DMiSQHpFqt1IP6HpnAzMwseTOsS7
    cc1SxluRyLGYAJEFcNxc01Y/9cT79mf/";

const P384_DIGEST: &str = "fe23e15e1b7ee8f48a7f878fedbee8f72a57fdf7c6141ddb0b00d23056c9da30\
    e6c0c51588f0f888c830cfce8f29604c";

const P384_SIGNATURE: &str = "MGUCMAq2KPdc07xIaNXOX8xNZGn11HFb5OIL049K1I5loaIiogGUunGwFWh/Ae00
    YBybNwIxALXYkptfZCa+fUfwIW3rbXWAs7vo+DfMyGPcddXfpej1m4i3z+4vL8OJtnrV6kc7lg==";
