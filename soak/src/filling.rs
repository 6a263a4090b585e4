//! The first entries of a log: long ones, so that its first bundle is as long as bundles get.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use futures::stream;
use ledgerstone_tests::proposals::sha256;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::KeyPair;
use rcgen::SigningKey;
use serde_json::json;

use crate::caller::Caller;
use crate::clients::diary::Diary;
use crate::clients::talk::Talk;
use crate::clients::v2::Submission;
use crate::scene::Scene;
use crate::told::Told;

/// How many entries are logged: those of one bundle.
const ENTRIES: u64 = 256;

/// What makes a certificate long, in bytes, so that the body of its entry just fits.
const PADDING: usize = 47_000;

/// A private extension, in an arc for examples (RFC 5612).
const PADDING_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 1];

const AT_A_TIME: usize = 8;
const PATIENCE: Duration = Duration::from_secs(60);

/// Logs the long entries. Yields what the log said.
pub(crate) async fn fill(scene: &Scene) -> anyhow::Result<Vec<Told>> {
    let (server, diary) = (scene.server()?, Arc::new(Diary::default()));
    let talk = Talk {
        http: Caller::honest(false).http(PATIENCE, AT_A_TIME)?,
        url: Arc::clone(&server.url),
        keys: Arc::new(server.keys.clone()),
        diary: Arc::clone(&diary),
        is_timed: false,
    };
    let key = KeyPair::generate()?;
    let certificate = certificate(&key)?;
    let submit = async |number: u64| {
        let submission = long_entry(&key, &certificate, number)?;
        let logged = submission.send(&talk).await;
        logged.map_err(|trouble| anyhow::anyhow!("a long entry is not logged: {trouble:?}"))
    };
    let logged = stream::iter(0..ENTRIES).map(submit);
    let mut logged = logged.buffer_unordered(AT_A_TIME);
    while let Some(entry) = logged.next().await {
        entry?;
    }
    Ok(diary.take().told)
}

fn certificate(key: &KeyPair) -> anyhow::Result<Vec<u8>> {
    let mut params = CertificateParams::new(vec!["signer.example.com".to_owned()])?;
    let padding = CustomExtension::from_oid_content(PADDING_OID, vec![0; PADDING]);
    params.custom_extensions = vec![padding];
    Ok(params.self_signed(key)?.der().to_vec())
}

fn long_entry(key: &KeyPair, certificate: &[u8], number: u64) -> anyhow::Result<Submission> {
    let artifact = format!("long entry {number}");
    let digest = hex::decode(sha256(artifact.as_bytes()))?;
    let request = json!({"hashedRekordRequestV002": {
        "digest": STANDARD.encode(digest),
        "signature": {
            "content": STANDARD.encode(key.sign(artifact.as_bytes())?),
            "verifier": {
                "x509Certificate": {"rawBytes": STANDARD.encode(certificate)},
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            },
        },
    }});
    Submission::new(request.to_string().into())
}
