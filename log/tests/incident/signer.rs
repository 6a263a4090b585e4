//! Signers, and the entries that they make.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::Policy;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::prepare;
use ledgerstone_entry::v1;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::incident::certificate::Holder;
use crate::incident::certificate::certificate;

/// The type of envelopes with statements.
pub(crate) const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

/// A key, bare or certified.
pub(crate) struct Signer {
    key: EcdsaP256Signer,
    certificate: Option<Vec<u8>>,
}

/// In which kind of entry something is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    HashedRekordV1,
    RekordV1,
    DsseV1,
    IntotoV1,
    IntotoV2,
    HashedRekordV2,
    DsseV2,
}

impl Signer {
    pub(crate) fn new(holder: Option<Holder>) -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        let key = EcdsaP256Signer::from_pkcs8_pem("signer", &pem).unwrap();
        Self {
            certificate: holder.map(|holder| certificate(holder, key.public_key_der())),
            key,
        }
    }

    /// `sha256:` of the DER of the key.
    pub(crate) fn fingerprint(&self) -> String {
        format!(
            "sha256:{}",
            hex::encode(Sha256::digest(self.key.public_key_der()))
        )
    }

    /// An entry over a document.
    pub(crate) fn signs(&self, kind: Kind, document: &[u8]) -> PreparedEntry {
        let signature = STANDARD.encode(self.key.sign_bytes(document).unwrap());
        let digest = Sha256::digest(document);
        let key = json!({ "content": self.pem() });
        match kind {
            Kind::HashedRekordV2 => submit(&json!({ "hashedRekordRequestV002": {
                "digest": STANDARD.encode(digest),
                "signature": { "content": signature, "verifier": self.verifier() },
            }})),
            Kind::RekordV1 => propose(
                "rekord",
                "0.0.1",
                json!({
                    "data": { "content": STANDARD.encode(document) },
                    "signature": { "format": "x509", "content": signature, "publicKey": key },
                }),
            ),
            _ => propose(
                "hashedrekord",
                "0.0.1",
                json!({
                    "data": { "hash": { "algorithm": "sha256", "value": hex::encode(digest) } },
                    "signature": { "content": signature, "publicKey": key },
                }),
            ),
        }
    }

    /// An entry over a statement, and the envelope with it.
    pub(crate) fn attests(&self, kind: Kind, payload: &[u8]) -> (PreparedEntry, AttachedStatement) {
        let signed = pre_authentication_encoding(STATEMENT_TYPE, payload);
        let signature = self.key.sign_bytes(&signed).unwrap();
        let sig = STANDARD.encode(&signature);
        let envelope = json!({
            "payloadType": STATEMENT_TYPE,
            "payload": STANDARD.encode(payload),
            "signatures": [{ "sig": sig }],
        });
        let statement = AttachedStatement::envelope(
            STATEMENT_TYPE,
            Bytes::copy_from_slice(payload),
            vec![signature.into()],
        );
        (self.logs(kind, &signed, payload, &envelope), statement)
    }

    fn logs(&self, kind: Kind, signed: &[u8], payload: &[u8], envelope: &Value) -> PreparedEntry {
        let (text, sig) = (envelope.to_string(), &envelope["signatures"][0]["sig"]);
        let twice = |text: &str| STANDARD.encode(text);
        match kind {
            Kind::DsseV1 => {
                let content = json!({ "envelope": text, "verifiers": [self.pem()] });
                propose("dsse", "0.0.1", json!({ "proposedContent": content }))
            }
            Kind::IntotoV1 => {
                let content = json!({ "envelope": text });
                let spec = json!({ "content": content, "publicKey": self.pem() });
                propose("intoto", "0.0.1", spec)
            }
            Kind::IntotoV2 => {
                let hash = hex::encode(Sha256::digest(&text));
                let signature =
                    json!({ "sig": twice(sig.as_str().unwrap()), "publicKey": self.pem() });
                let envelope = json!({
                    "payloadType": STATEMENT_TYPE,
                    "payload": twice(&STANDARD.encode(payload)),
                    "signatures": [signature],
                });
                let hash = json!({ "algorithm": "sha256", "value": hash });
                let content = json!({ "envelope": envelope, "hash": hash });
                propose("intoto", "0.0.2", json!({ "content": content }))
            }
            Kind::DsseV2 => submit(&json!({ "dsseRequestV002": {
                "envelope": envelope,
                "verifiers": [self.verifier()],
            }})),
            other => self.signs(other, signed),
        }
    }

    /// Base64 of the key or the certificate as PEM.
    fn pem(&self) -> String {
        let (label, der) = match &self.certificate {
            Some(certificate) => ("CERTIFICATE", certificate.as_slice()),
            None => ("PUBLIC KEY", self.key.public_key_der()),
        };
        let base64 = STANDARD.encode(der);
        let lines: Vec<_> = base64.as_bytes().chunks(64).collect();
        let base64 = String::from_utf8(lines.join(&b'\n')).unwrap();
        STANDARD.encode(format!(
            "-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n"
        ))
    }

    fn verifier(&self) -> Value {
        let (name, der) = match &self.certificate {
            Some(certificate) => ("x509Certificate", certificate.as_slice()),
            None => ("publicKey", self.key.public_key_der()),
        };
        json!({
            name: { "rawBytes": STANDARD.encode(der) },
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        })
    }
}

fn submit(request: &Value) -> PreparedEntry {
    let request: CreateEntryRequest = json::from_slice(request.to_string().as_bytes()).unwrap();
    prepare(&request, &Policy::default()).unwrap()
}

fn propose(kind: &str, version: &str, spec: Value) -> PreparedEntry {
    let proposal = json!({ "apiVersion": version, "kind": kind, "spec": spec }).to_string();
    let proposed = v1::ProposedEntry::parse(proposal.as_bytes()).unwrap();
    v1::prepare(&proposed, &V1Policy::default()).unwrap()
}
