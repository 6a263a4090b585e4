//! Proposals as clients make them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::EcdsaP256Signer;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

/// A signer with a P-256 key of its own.
pub(crate) struct Signer {
    key: EcdsaP256Signer,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        Self {
            key: EcdsaP256Signer::from_pkcs8_pem("signer", &pem).unwrap(),
        }
    }

    pub(crate) fn public_key_pem(&self) -> String {
        let encoded = STANDARD.encode(self.key.public_key_der());
        let (first, second) = encoded.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
    }

    pub(crate) fn public_key_base64(&self) -> String {
        STANDARD.encode(self.public_key_pem())
    }

    fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.key.sign_bytes(message).unwrap())
    }

    pub(crate) fn hashedrekord(&self, artifact: &[u8]) -> Value {
        json!({
            "kind": "hashedrekord",
            "apiVersion": "0.0.1",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": sha256(artifact)}},
                "signature": {
                    "content": self.sign(artifact),
                    "publicKey": {"content": self.public_key_base64()},
                },
            },
        })
    }

    pub(crate) fn dsse(&self, payload: &[u8]) -> Value {
        let envelope = json!({
            "payloadType": PAYLOAD_TYPE,
            "payload": STANDARD.encode(payload),
            "signatures": [{"sig": self.sign(&signed_payload(payload))}],
        });
        json!({
            "kind": "dsse",
            "apiVersion": "0.0.1",
            "spec": {"proposedContent": {
                "envelope": envelope.to_string(),
                "verifiers": [self.public_key_base64()],
            }},
        })
    }

    /// With payload and signature in base64 twice over, as this kind has them.
    pub(crate) fn intoto_v002(&self, payload: &[u8]) -> Value {
        let signature = self.sign(&signed_payload(payload));
        json!({
            "kind": "intoto",
            "apiVersion": "0.0.2",
            "spec": {"content": {
                "envelope": {
                    "payloadType": PAYLOAD_TYPE,
                    "payload": STANDARD.encode(STANDARD.encode(payload)),
                    "signatures": [{
                        "publicKey": self.public_key_base64(),
                        "sig": STANDARD.encode(signature),
                    }],
                },
                "hash": {"algorithm": "sha256", "value": sha256(b"the envelope")},
            }},
        })
    }

    pub(crate) fn rekord(&self, artifact: &[u8]) -> Value {
        json!({
            "kind": "rekord",
            "apiVersion": "0.0.1",
            "spec": {
                "data": {"content": STANDARD.encode(artifact)},
                "signature": {
                    "format": "x509",
                    "content": self.sign(artifact),
                    "publicKey": {"content": self.public_key_base64()},
                },
            },
        })
    }

    /// The same artifact as Rekor v2 takes it.
    pub(crate) fn hashedrekord_v2(&self, artifact: &[u8]) -> Value {
        json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(Sha256::digest(artifact)),
            "signature": {
                "content": self.sign(artifact),
                "verifier": {
                    "publicKey": {"rawBytes": STANDARD.encode(self.key.public_key_der())},
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                },
            },
        }})
    }
}

pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// An in-toto statement about an artifact.
pub(crate) fn statement(artifact: &[u8]) -> Vec<u8> {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": sha256(artifact)}}],
        "predicateType": "https://example.com/predicate",
        "predicate": {},
    });
    statement.to_string().into_bytes()
}

/// What a DSSE signature covers.
fn signed_payload(payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}
