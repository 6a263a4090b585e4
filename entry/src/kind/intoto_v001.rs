use bytes::Bytes;
use sha2::Digest as _;
use sha2::Sha256;

use crate::PreparedEntry;
use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::kind::EntryKind;
use crate::search::SearchKeys;
use crate::v1::LoggedDigest;
use crate::v1::Purpose;
use crate::v1::V1Policy;
use crate::v1::V1Reject;
use crate::v1::digest::SHA256_ONLY;
use crate::v1::envelope::Envelope;
use crate::v1::json::Json;
use crate::v1::read_base64;
use crate::v1::ssh_wire;
use crate::v1::statement::IN_TOTO_PAYLOAD_TYPE;
use crate::v1::statement::search_keys_of_statement;
use crate::v1::x509::X509Key;

/// What an intoto 0.0.1 body says: the hashes of an envelope and of its payload, and who signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntotoV001 {
    /// The SHA-256 hash of the envelope, byte for byte as it was submitted.
    pub hash: LoggedDigest,
    /// The SHA-256 hash of the payload. The oldest entries of other logs have none.
    pub payload_hash: Option<LoggedDigest>,
    /// PEM of the key, of the certificate, or of a chain of certificates, leaf first.
    pub public_key: Bytes,
}

impl IntotoV001 {
    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }

    /// Reads the form that is logged.
    pub(crate) fn read(spec: &Json<'_>) -> Result<Self, V1Reject> {
        let content = spec.object("content").ok_or(V1Reject::Missing("content"))?;
        Ok(Self {
            hash: LoggedDigest::read(content, "hash", SHA256_ONLY)?
                .ok_or(V1Reject::Missing("hash value for envelope"))?,
            payload_hash: LoggedDigest::read(content, "payloadHash", SHA256_ONLY)?,
            public_key: read_base64(spec, "publicKey", "public key")?.into(),
        })
    }

    pub(crate) fn add_search_keys(&self, keys: &mut SearchKeys) {
        keys.add([self.hash.search_key()]);
        keys.add(self.payload_hash.as_ref().map(LoggedDigest::search_key));
        keys.add_logged_x509(&self.public_key);
    }
}

impl Canonical for IntotoV001 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.1","kind":"intoto","spec":{"content":{"hash":"#);
        self.hash.write(sink);
        if let Some(payload_hash) = &self.payload_hash {
            sink.text(r#","payloadHash":"#);
            payload_hash.write(sink);
        }
        sink.text(r#"},"publicKey":""#);
        sink.base64(&self.public_key);
        sink.text(r#""}}"#);
    }
}

/// Checks `spec` by the rules of the specification of Rekor v1, section 4.4.
pub(crate) fn prepare(
    spec: &Json<'_>,
    policy: &V1Policy,
    purpose: Purpose,
) -> Result<PreparedEntry, V1Reject> {
    let public_key = read_base64(spec, "publicKey", "public key")?;
    let key = X509Key::from_pem(&public_key)?;
    let content = spec.object("content").ok_or(V1Reject::Missing("content"))?;
    let text = content.text("envelope").unwrap_or_default();
    if !text.is_empty() {
        return prepare_envelope(text, &key, policy);
    }
    let entry = IntotoV001 {
        public_key: key.canonical().to_owned().into(),
        ..IntotoV001::read(spec)?
    };
    if purpose == Purpose::Create {
        return Err(V1Reject::NotInsertable("missing envelope content"));
    }
    // The form that is logged has nothing in it to verify: it serves to look an entry up.
    let mut search_keys = SearchKeys::default();
    entry.add_search_keys(&mut search_keys);
    Ok(PreparedEntry::new(
        EntryKind::IntotoV001,
        entry.to_body()?,
        search_keys.finish(),
    ))
}

fn prepare_envelope(
    text: &str,
    key: &X509Key,
    policy: &V1Policy,
) -> Result<PreparedEntry, V1Reject> {
    let envelope = Envelope::parse(text)?;
    let verifying_key = key.verifying_key()?;
    if !envelope.is_signed(&verifying_key, &ssh_wire::fingerprint(&verifying_key)) {
        return Err(V1Reject::UnverifiedEnvelope);
    }
    let payload_hash = Sha256::digest(&envelope.payload);
    let entry = IntotoV001 {
        hash: LoggedDigest::sha256(&Sha256::digest(text)),
        payload_hash: Some(LoggedDigest::sha256(&payload_hash)),
        public_key: key.canonical().to_owned().into(),
    };
    let mut search_keys = SearchKeys::default();
    search_keys.add([entry.hash.search_key()]);
    search_keys.add(entry.payload_hash.as_ref().map(LoggedDigest::search_key));
    search_keys.add_x509(key);
    if envelope.payload_type == IN_TOTO_PAYLOAD_TYPE {
        search_keys.add(search_keys_of_statement(&envelope.payload)?);
    }
    let prepared = PreparedEntry::new(
        EntryKind::IntotoV001,
        entry.to_body()?,
        search_keys.finish(),
    );
    Ok(prepared.with_attestation(envelope.payload, payload_hash.into(), policy))
}
