//! Proposals as clients make them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::EcdsaP256Signer;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

/// A signer with a P-256 key of its own.
pub struct Signer {
    key: EcdsaP256Signer,
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl Signer {
    /// A new key.
    pub fn new() -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        Self {
            key: EcdsaP256Signer::from_pkcs8_pem("signer", &pem).unwrap(),
        }
    }

    /// PEM of the public key.
    pub fn public_key_pem(&self) -> String {
        let encoded = STANDARD.encode(self.key.public_key_der());
        let (first, second) = encoded.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
    }

    /// Base64 of the PEM, as proposals hold it.
    pub fn public_key_base64(&self) -> String {
        STANDARD.encode(self.public_key_pem())
    }

    /// Base64 of a signature in DER over the SHA-256 hash of `message`.
    pub fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.key.sign_bytes(message).unwrap())
    }

    /// A hashedrekord 0.0.1 proposal.
    pub fn hashedrekord(&self, artifact: &[u8]) -> Value {
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

    /// A DSSE envelope.
    pub fn envelope(&self, payload: &[u8]) -> Value {
        json!({
            "payloadType": PAYLOAD_TYPE,
            "payload": STANDARD.encode(payload),
            "signatures": [{"sig": self.sign(&signed_payload(payload))}],
        })
    }

    /// A dsse 0.0.1 proposal.
    pub fn dsse(&self, payload: &[u8]) -> Value {
        self.dsse_of(&self.envelope(payload).to_string())
    }

    /// A dsse 0.0.1 proposal of an envelope as it stands.
    pub fn dsse_of(&self, envelope: &str) -> Value {
        json!({
            "kind": "dsse",
            "apiVersion": "0.0.1",
            "spec": {"proposedContent": {
                "envelope": envelope,
                "verifiers": [self.public_key_base64()],
            }},
        })
    }

    /// An intoto 0.0.1 proposal.
    pub fn intoto_v001(&self, payload: &[u8]) -> Value {
        json!({
            "kind": "intoto",
            "apiVersion": "0.0.1",
            "spec": {
                "content": {"envelope": self.envelope(payload).to_string()},
                "publicKey": self.public_key_base64(),
            },
        })
    }

    /// An intoto 0.0.2 proposal, with payload and signature in base64 twice over, as this kind has
    /// them.
    pub fn intoto_v002(&self, payload: &[u8]) -> Value {
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

    /// A rekord 0.0.1 proposal.
    pub fn rekord(&self, artifact: &[u8]) -> Value {
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
    pub fn hashedrekord_v2(&self, artifact: &[u8]) -> Value {
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

/// The type of payloads.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The SHA-256 hash in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// An in-toto statement about an artifact.
pub fn statement(artifact: &[u8]) -> Vec<u8> {
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
