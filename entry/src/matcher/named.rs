//! What a logged body names: the identities and keys of its signers, and the digests of what was
//! signed.
//!
//! Reads the bodies of all kinds alike, by the names that members have in the formats of Rekor v1
//! and v2, and takes what it finds. Unlike [`describe`](crate::describe()) it does not ask for a
//! canonical form: a monitor has to see also what another log took and this one would have refused.

use ledgerstone_merkle::Hash;
use ledgerstone_proto::json::decode_base64;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::certificate::Certificate;
use crate::fulcio::fulcio_issuer;
use crate::pem;

/// What a body names, each thing as often as it is found.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) identities: Vec<Identity>,
    /// SHA-256 of each key's SubjectPublicKeyInfo, and of the text in which Rekor v1 logs the key
    /// or its certificate.
    pub(crate) key_hashes: Vec<Hash>,
    /// With the name of the hash function, lower case.
    pub(crate) digests: Vec<String>,
    /// Whether a key was found, and everything in which names were to be expected could be read.
    pub(crate) complete: bool,
}

/// Whom a certificate names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    pub(crate) subject: String,
    pub(crate) issuer: Option<String>,
}

impl Named {
    /// `None` when `body` is not the JSON of an entry.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let body: Body = serde_json::from_slice(body).ok()?;
        let mut named = Self {
            kind: body.kind,
            version: body.api_version,
            complete: true,
            ..Self::default()
        };
        named.walk(&body.spec);
        named.complete &= !named.key_hashes.is_empty();
        named.key_hashes.sort_unstable();
        named.key_hashes.dedup();
        Some(named)
    }

    /// Takes what is in `value`. No deeper than serde_json reads.
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(members) => {
                self.digests.extend(read_digest(members));
                for (name, member) in members {
                    self.take_member(name, member);
                }
            }
            _ => {}
        }
    }

    fn take_member(&mut self, name: &str, member: &Value) {
        let text_in = |name| member.get(name).and_then(Value::as_str);
        match (name, member) {
            ("publicKey" | "verifier", Value::String(text)) => self.take_text(text),
            ("payload", Value::String(payload)) => self.digests.extend(read_statement(payload)),
            ("publicKey", _) if text_in("content").is_some() => {
                self.take_text(text_in("content").unwrap_or_default());
            }
            ("publicKey" | "x509Certificate", _) if text_in("rawBytes").is_some() => {
                match decode_base64(text_in("rawBytes").unwrap_or_default()) {
                    Some(der) if name == "publicKey" => self.take_key(&der),
                    Some(der) => self.take_certificate(&der),
                    None => self.complete = false,
                }
            }
            _ => self.walk(member),
        }
    }

    /// A key as Rekor v1 logs it: PEM, perhaps of several certificates, or the text form of PGP,
    /// SSH or minisign.
    fn take_text(&mut self, base64: &str) {
        let text = decode_base64(base64).and_then(|text| String::from_utf8(text).ok());
        let Some(text) = text else {
            self.complete = false;
            return;
        };
        self.key_hashes.push(hash(text.as_bytes()));
        for (label, der) in pem_blocks(&text) {
            match (label, der) {
                ("CERTIFICATE", Some(der)) => self.take_certificate(&der),
                ("PUBLIC KEY", Some(der)) => self.take_key(&der),
                ("PGP PUBLIC KEY BLOCK", _) => {}
                _ => self.complete = false,
            }
        }
    }

    fn take_key(&mut self, spki_der: &[u8]) {
        self.key_hashes.push(hash(spki_der));
        self.key_hashes.push(hash_of_pem(pem::PUBLIC_KEY, spki_der));
    }

    fn take_certificate(&mut self, der: &[u8]) {
        self.key_hashes.push(hash_of_pem(pem::CERTIFICATE, der));
        let Ok(certificate) = Certificate::from_der(der) else {
            self.complete = false;
            return;
        };
        self.key_hashes.push(hash(certificate.spki()));
        let Ok(subjects) = certificate.subjects() else {
            self.complete = false;
            return;
        };
        let issuer = fulcio_issuer(der);
        self.identities
            .extend(subjects.into_iter().map(|subject| Identity {
                subject,
                issuer: issuer.clone(),
            }));
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    api_version: String,
    kind: String,
    spec: Value,
}

/// Name and version of the kind of an entry, if `body` is the JSON of one.
pub(crate) fn read_kind(body: &[u8]) -> Option<(String, String)> {
    let body: Body = serde_json::from_slice(body).ok()?;
    Some((body.kind, body.api_version))
}

/// A hash function and a digest: `value` in hexadecimal (Rekor v1), or `digest` in base64 (Rekor
/// v2).
fn read_digest(members: &Map<String, Value>) -> Option<String> {
    let text = |name| members.get(name).and_then(Value::as_str);
    let algorithm = text("algorithm")?;
    let name = match algorithm {
        "SHA2_256" => "sha256",
        "SHA2_384" => "sha384",
        "SHA2_512" => "sha512",
        "SHA3_256" => "sha3-256",
        "SHA3_384" => "sha3-384",
        other => other,
    };
    let digits = match (text("value"), text("digest")) {
        (Some(digits), _) => digits.to_owned(),
        (None, digest) => hex::encode(decode_base64(digest?)?),
    };
    Some(format!("{name}:{digits}").to_ascii_lowercase())
}

/// The digests of the subjects of an in-toto statement. Rekor v1 logs some in base64 of base64.
fn read_statement(payload: &str) -> Vec<String> {
    let mut payload = payload.as_bytes().to_vec();
    for _ in 0..2 {
        let decoded = std::str::from_utf8(&payload).ok().and_then(decode_base64);
        if let Some(decoded) = decoded {
            payload = decoded;
        }
    }
    let statement = serde_json::from_slice(&payload).unwrap_or(Value::Null);
    let subjects = statement.get("subject").and_then(Value::as_array);
    let digests = subjects
        .into_iter()
        .flatten()
        .filter_map(|subject| subject.get("digest")?.as_object());
    digests
        .flatten()
        .filter_map(|(name, digits)| {
            Some(format!("{name}:{}", digits.as_str()?).to_ascii_lowercase())
        })
        .collect()
}

/// The labels of the PEM blocks in a text, and what they hold. Lines may be of any length: other
/// logs' are.
fn pem_blocks(text: &str) -> impl Iterator<Item = (&str, Option<Vec<u8>>)> {
    text.split("-----BEGIN ").skip(1).map(|block| {
        let (label, rest) = block.split_once("-----").unwrap_or_default();
        let content = rest.split_once("-----END ").map(|(content, _)| content);
        let der = content.and_then(|content| {
            let base64: String = content.split_ascii_whitespace().collect();
            decode_base64(&base64)
        });
        (label, der)
    })
}

fn hash_of_pem(label: &'static str, der: &[u8]) -> Hash {
    hash(pem::encode(label, der).as_bytes())
}

fn hash(bytes: &[u8]) -> Hash {
    Hash::new(Sha256::digest(bytes).into())
}
