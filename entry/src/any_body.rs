//! What a body names that is not canonical, or of a kind that is not known.
//!
//! Reads the bodies of all kinds alike, by the names that members have in the formats of Rekor v1
//! and v2, and takes what it finds. Unlike [`describe`](crate::describe()) it does not ask for a
//! canonical form: a monitor has to see also what another log took and this one would have refused.

use ledgerstone_proto::json::decode_base64;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

use crate::certificate::Certificate;
use crate::digest_text::digest_text;
use crate::facts::collected::Facts;
use crate::facts::fact::Fact;
use crate::search_key::SearchKeyKind;

/// What a body names.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) facts: Facts,
    /// Whether a key was found, and everything in which names were to be expected could be read.
    pub(crate) complete: bool,
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
        let kind = format!("{} {}", named.kind, named.version);
        named.facts.add(SearchKeyKind::EntryKind, &kind);
        named.walk(&body.spec);
        let is_key = |fact: &Fact| fact.kind == SearchKeyKind::PublicKey;
        named.complete &= named.facts.iter().any(is_key);
        Some(named)
    }

    /// Takes what is in `value`. No deeper than serde_json reads.
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(members) => {
                if let Some(digest) = read_digest(members) {
                    self.facts.add_digest_text(&digest);
                }
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
            ("payload", Value::String(payload)) => self.take_payload(payload),
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
        self.facts.add_key_text(text.as_bytes());
        for (label, der) in pem_blocks(&text) {
            match (label, der) {
                ("CERTIFICATE", Some(der)) => self.take_certificate(&der),
                ("PUBLIC KEY", Some(der)) => self.take_key(&der),
                ("PGP PUBLIC KEY BLOCK", _) => {}
                _ => self.complete = false,
            }
        }
    }

    /// A statement in the body. Rekor v1 logs some in base64 of base64.
    fn take_payload(&mut self, payload: &str) {
        let mut payload = payload.as_bytes().to_vec();
        for _ in 0..2 {
            let decoded = std::str::from_utf8(&payload).ok().and_then(decode_base64);
            if let Some(decoded) = decoded {
                payload = decoded;
            }
        }
        self.facts.add_statement(&payload);
    }

    fn take_key(&mut self, spki_der: &[u8]) {
        self.facts.of_signer(|facts| facts.add_spki(spki_der));
    }

    fn take_certificate(&mut self, der: &[u8]) {
        self.facts.of_signer(|facts| facts.add_certificate(der));
        let certificate = Certificate::from_der(der);
        self.complete &= certificate.is_ok_and(|certificate| certificate.subjects().is_ok());
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
    let name = text("algorithm")?;
    match (text("value"), text("digest")) {
        (Some(digits), _) => digest_text(name, digits),
        (None, digest) => digest_text(name, &hex::encode(decode_base64(digest?)?)),
    }
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
