//! The rekord kind of Rekor v1: a signature over a document, which is sent along.

use bytes::Bytes;

use crate::body;
use crate::body::BodyTooLarge;
use crate::body::Canonical;
use crate::body::Sink;
use crate::content::Content;
use crate::encoding::ArtifactReader;
use crate::entry_kind::EntryKind;
use crate::facts::collected::Facts;
use crate::named_parts::Digested;
use crate::named_parts::EntryDigest;
use crate::named_parts::EntrySigner;
use crate::prepared::PreparedEntry;
use crate::v1::digest::LoggedDigest;
use crate::v1::digest::SHA256_ONLY;
use crate::v1::json::Json;
use crate::v1::kind::definition::V1Kind;
use crate::v1::limits::V1Limits;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::pki::formats;
use crate::v1::purpose::Purpose;
use crate::v1::read::read_base64;
use crate::v1::read::read_key_content;
use crate::v1::reject::V1Reject;
use crate::v1::x509_key;

/// What a rekord 0.0.1 body says: the hash of a document, and a signature over the document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RekordV001 {
    /// The SHA-256 hash of the document, which is not logged.
    pub hash: LoggedDigest,
    /// The format of signature and key.
    pub format: PublicKeyFormat,
    /// The signature in the canonical form of its format.
    pub signature: Bytes,
    /// The key in the canonical form of its format.
    pub public_key: Bytes,
}

impl RekordV001 {
    /// The kind.
    pub const KIND: EntryKind = EntryKind::v1("rekord", "0.0.1");

    /// The canonical body.
    ///
    /// # Errors
    /// [`BodyTooLarge`] when no log could hold it.
    pub fn to_body(&self) -> Result<Bytes, BodyTooLarge> {
        body::format(self)
    }

    /// `spec` with another hash than it may hold. Format, signature and key have the same members
    /// in both forms.
    fn read_with(spec: &Json<'_>, hash: Option<LoggedDigest>) -> Result<Self, V1Reject> {
        let signature = spec
            .object("signature")
            .ok_or(V1Reject::Missing("signature"))?;
        let format = signature
            .text("format")
            .ok_or(V1Reject::Missing("signature format"))?;
        let format = PublicKeyFormat::from_name(format)
            .filter(|format| *format != PublicKeyFormat::Tuf)
            .ok_or_else(|| V1Reject::Format(format.to_owned()))?;
        Ok(Self {
            hash: hash.ok_or(V1Reject::Missing("hash"))?,
            format,
            signature: read_base64(signature, "content", "signature content")?.into(),
            public_key: read_key_content(signature)?.into(),
        })
    }
}

impl Canonical for RekordV001 {
    fn write(&self, sink: &mut impl Sink) {
        sink.text(r#"{"apiVersion":"0.0.1","kind":"rekord","spec":{"data":{"hash":"#);
        self.hash.write(sink);
        sink.text(r#"},"signature":{"content":""#);
        sink.base64(&self.signature);
        sink.text(r#"","format":""#);
        sink.text(self.format.name());
        sink.text(r#"","publicKey":{"content":""#);
        sink.base64(&self.public_key);
        sink.text(r#""}}}}"#);
    }
}

impl Content for RekordV001 {
    fn add_facts(&self, facts: &mut Facts) {
        self.hash.add_fact(facts);
        facts.add_signature(&self.signature);
        facts.of_signer(|facts| {
            match formats::canonical_key(self.format, &self.public_key) {
                Ok(key) => key.add_facts(facts),
                // Another log took a key that this one cannot read: it is found by what is logged
                // of it.
                Err(_) => facts.add_unread_key(&self.public_key),
            }
        });
    }

    fn digests(&self) -> Vec<EntryDigest> {
        vec![self.hash.named(Digested::Artifact)]
    }

    fn signers(&self) -> Vec<EntrySigner> {
        let signer = match self.format {
            PublicKeyFormat::X509 => x509_key::logged_signer(&self.public_key),
            format => EntrySigner {
                subjects: formats::canonical_key(format, &self.public_key)
                    .map(|key| key.subjects)
                    .unwrap_or_default(),
                ..EntrySigner::of_key(&self.public_key)
            },
        };
        vec![signer]
    }
}

impl V1Kind for RekordV001 {
    const KIND: EntryKind = Self::KIND;

    /// Checks `spec` by the rules of the specification of Rekor v1, section 4.5. To look an entry
    /// up, its document is needed as well: the signature is made over that.
    fn prepare(
        spec: &Json<'_>,
        limits: &V1Limits,
        _purpose: Purpose,
    ) -> Result<PreparedEntry, V1Reject> {
        let data = spec.object("data").ok_or(V1Reject::Missing("data"))?;
        let claimed = read_hash(data)?;
        let content = data.text("content").unwrap_or_default();
        if content.is_empty() && claimed.is_none() {
            return Err(V1Reject::Missing("data content"));
        }
        let limit = limits.max_artifact_bytes;
        if content.len() / 4 > limit.div_ceil(3) {
            return Err(V1Reject::ArtifactTooLarge { limit });
        }
        // Known once the document has been read: that is done once, with the signature.
        let unknown = LoggedDigest::sha256(&[]);
        let submitted = Self::read_with(spec, Some(unknown))?;
        let verified = formats::verify(
            submitted.format,
            &submitted.public_key,
            &submitted.signature,
            ArtifactReader::new(content),
        )?;
        let computed = LoggedDigest::sha256(&verified.artifact_digest);
        if let Some(claimed) = claimed.filter(|claimed| claimed.value != computed.value) {
            return Err(V1Reject::HashMismatch {
                computed: computed.value,
                claimed: claimed.value,
            });
        }
        let mut facts = Facts::default();
        computed.add_fact(&mut facts);
        facts.add_signature(&verified.signature);
        facts.of_signer(|facts| verified.key.add_facts(facts));
        let entry = Self {
            hash: computed,
            format: submitted.format,
            signature: verified.signature.into(),
            public_key: verified.key.text.into(),
        };
        Ok(PreparedEntry::new(Self::KIND, entry.to_body()?, facts))
    }

    fn read(spec: &Json<'_>) -> Result<Self, V1Reject> {
        let data = spec.object("data").ok_or(V1Reject::Missing("data"))?;
        Self::read_with(spec, read_hash(data)?)
    }
}

fn read_hash(data: &Json<'_>) -> Result<Option<LoggedDigest>, V1Reject> {
    let hash = LoggedDigest::read(data, "hash", SHA256_ONLY)?;
    if let Some(hash) = &hash {
        hash.to_bytes()?;
    }
    Ok(hash)
}
