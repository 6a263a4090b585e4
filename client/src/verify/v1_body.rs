//! What the body of a Rekor v1 entry says about a bundle: the same artifact or payload, the same
//! signature, the same signer (rekor-v1, section 4). Bodies of Rekor v2 are rebuilt and compared
//! instead; these cannot be, since they hold the hash of an envelope byte for byte as it was
//! submitted, which no bundle has.

use aws_lc_rs::digest;
use ledgerstone_entry::EntryDescription;
use ledgerstone_entry::decode_base64_of_envelope;
use ledgerstone_entry::describe;
use ledgerstone_entry::v1::DsseV001;
use ledgerstone_entry::v1::HashedRekordV001;
use ledgerstone_entry::v1::IntotoV001;
use ledgerstone_entry::v1::IntotoV002;
use ledgerstone_entry::v1::LoggedDigest;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::RekordV001;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::artifact::Artifact;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::envelope::signature_of;
use crate::verify::envelope::signed_digest;
use crate::verify::error::VerifyError;
use crate::verify::log_entry::is_rekor_v1;
use crate::verify::message::Message;
use crate::verify::message::message_of;
use crate::verify::signed_as::SignedAs;

/// The body of an entry of one of the kinds of Rekor v1 that bundles have.
pub(crate) enum V1Body {
    HashedRekord(HashedRekordV001),
    Dsse(DsseV001),
    IntotoV001(IntotoV001),
    IntotoV002(IntotoV002),
    Rekord(RekordV001),
}

/// Who signed: whether the key or certificate in a PEM text is the signer's.
pub(crate) type IsSigner<'a> = &'a dyn Fn(&[u8]) -> bool;

impl V1Body {
    /// Reads the body of `entry`; `None` for an entry of Rekor v2.
    ///
    /// # Errors
    /// [`VerifyError::Body`] when it cannot be read, [`VerifyError::OtherBody`] when it is of
    /// another kind than the entry says, [`VerifyError::Kind`] when bundles have no such kind.
    pub(crate) fn read(entry: &BundleEntry) -> Result<Option<Self>, VerifyError> {
        let (kind, version, index) = (entry.kind(), entry.version(), entry.index());
        if !is_rekor_v1(kind, version) {
            return Ok(None);
        }
        let unknown = VerifyError::Kind {
            kind: kind.to_owned(),
            version: version.to_owned(),
        };
        if !KINDS.contains(&(kind, version)) {
            return Err(unknown);
        }
        let description =
            describe(entry.body()).map_err(|reason| VerifyError::Body { index, reason })?;
        if (description.kind(), description.version()) != (kind, version) {
            return Err(VerifyError::OtherBody { index });
        }
        Self::of(&description).map(Some).ok_or(unknown)
    }

    /// What `description` says, if it is of one of the kinds that bundles have.
    fn of(description: &EntryDescription) -> Option<Self> {
        if let Some(body) = description.content::<HashedRekordV001>() {
            return Some(Self::HashedRekord(body.clone()));
        }
        if let Some(body) = description.content::<DsseV001>() {
            return Some(Self::Dsse(body.clone()));
        }
        if let Some(body) = description.content::<IntotoV001>() {
            return Some(Self::IntotoV001(body.clone()));
        }
        if let Some(body) = description.content::<IntotoV002>() {
            return Some(Self::IntotoV002(body.clone()));
        }
        let body = description.content::<RekordV001>()?;
        Some(Self::Rekord(body.clone()))
    }

    /// What the signature was made over.
    pub(crate) fn signed_as(&self) -> SignedAs {
        match self {
            Self::HashedRekord(body) => SignedAs::Digest(body.digest.algorithm),
            // Of keys of all kinds (section 4.2).
            Self::Dsse(_) | Self::IntotoV001(_) | Self::IntotoV002(_) => {
                SignedAs::Digest(HashAlgorithm::Sha2256)
            }
            Self::Rekord(_) => SignedAs::Document,
        }
    }

    /// Whether the body has the signature itself, and not only what was signed, and by whom.
    pub(crate) fn holds_signature(&self) -> bool {
        !matches!(self, Self::IntotoV001(_))
    }

    /// Checks that the body is about this content.
    ///
    /// # Errors
    /// [`VerifyError::OtherBody`] when it is not, [`VerifyError::MessageKind`] when it is of a kind
    /// for other content.
    pub(crate) fn check(
        &self,
        entry: &BundleEntry,
        content: &BundleContent,
        artifact: Option<&Artifact>,
        is_signer: IsSigner<'_>,
    ) -> Result<(), VerifyError> {
        let same = match (self, content) {
            (Self::HashedRekord(body), BundleContent::Dsse(envelope)) => {
                let digest = signed_digest(envelope, body.digest.algorithm);
                is_hashedrekord(body, &digest, signature_of(envelope), is_signer)
            }
            (Self::HashedRekord(body), _) => {
                let Message { signature, signed } = message_of(content, artifact)?;
                let digest = signed.digest(body.digest.algorithm)?;
                is_hashedrekord(body, digest.bytes(), signature, is_signer)
            }
            (Self::Rekord(_), BundleContent::Dsse(_)) => false,
            (Self::Rekord(body), _) => {
                let Message { signature, signed } = message_of(content, artifact)?;
                let digest = signed.digest(HashAlgorithm::Sha2256)?;
                is_rekord(body, digest.bytes(), signature, is_signer)
            }
            (Self::Dsse(body), BundleContent::Dsse(envelope)) => is_dsse(body, envelope, is_signer),
            (Self::IntotoV001(body), BundleContent::Dsse(envelope)) => {
                let payload_hash = body.payload_hash.as_ref();
                payload_hash.is_some_and(|hash| is_sha256(hash, &envelope.payload))
                    && is_signer(&body.public_key)
            }
            (Self::IntotoV002(body), BundleContent::Dsse(envelope)) => {
                is_intoto(body, envelope, is_signer)
            }
            (_, BundleContent::Message { .. } | BundleContent::SimpleSigning { .. }) => {
                return Err(VerifyError::MessageKind {
                    kind: entry.kind().to_owned(),
                    version: entry.version().to_owned(),
                });
            }
        };
        if !same {
            return Err(VerifyError::OtherBody {
                index: entry.index(),
            });
        }
        Ok(())
    }
}

/// The kinds that bundles have.
const KINDS: [(&str, &str); 5] = [
    ("hashedrekord", "0.0.1"),
    ("dsse", "0.0.1"),
    ("intoto", "0.0.1"),
    ("intoto", "0.0.2"),
    ("rekord", "0.0.1"),
];

/// Of bare signatures. Those of other formats are compared where they are verified.
fn is_rekord(body: &RekordV001, digest: &[u8], signature: &[u8], is_signer: IsSigner<'_>) -> bool {
    body.format == PublicKeyFormat::X509
        && is_digest(&body.hash, digest)
        && body.signature == signature
        && is_signer(&body.public_key)
}

fn is_hashedrekord(
    body: &HashedRekordV001,
    digest: &[u8],
    signature: &[u8],
    is_signer: IsSigner<'_>,
) -> bool {
    is_digest(&body.digest, digest) && body.signature == signature && is_signer(&body.public_key)
}

fn is_dsse(body: &DsseV001, envelope: &Envelope, is_signer: IsSigner<'_>) -> bool {
    let logged = body.signatures.iter().map(|one| {
        let signature = decode_base64_of_envelope(&one.signature);
        (signature, one.verifier.as_ref())
    });
    is_sha256(&body.payload_hash, &envelope.payload)
        && are_signatures_of(envelope, logged, is_signer)
}

/// Whether an entry has the signature that counts, by the signer, and none that the envelope has
/// not: as many as that at most.
fn are_signatures_of<'a>(
    envelope: &Envelope,
    logged: impl Iterator<Item = (Option<Vec<u8>>, &'a [u8])>,
    is_signer: IsSigner<'_>,
) -> bool {
    let (mut count, mut is_signed) = (0, false);
    for (signature, verifier) in logged {
        let mut signatures = envelope.signatures.iter();
        if !signatures.any(|one| Some(one.sig.as_ref()) == signature.as_deref()) {
            return false;
        }
        count += 1;
        is_signed |= signature.as_deref() == Some(signature_of(envelope)) && is_signer(verifier);
    }
    is_signed && count <= envelope.signatures.len()
}

fn is_intoto(body: &IntotoV002, envelope: &Envelope, is_signer: IsSigner<'_>) -> bool {
    let text = |bytes| {
        std::str::from_utf8(bytes)
            .ok()
            .and_then(decode_base64_of_envelope)
    };
    let logged = body.signatures.iter();
    let logged = logged.map(|one| (text(&one.sig), one.public_key.as_ref()));
    // Some logs hold the payload as well.
    let payload = &body.payload;
    body.payload_type == envelope.payload_type
        && is_sha256(&body.payload_hash, &envelope.payload)
        && (payload.is_empty() || text(payload).as_deref() == Some(&envelope.payload))
        && are_signatures_of(envelope, logged, is_signer)
}

fn is_sha256(logged: &LoggedDigest, bytes: &[u8]) -> bool {
    logged.algorithm == HashAlgorithm::Sha2256
        && is_digest(logged, digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Logs keep the case in which a digest was submitted.
fn is_digest(logged: &LoggedDigest, digest: &[u8]) -> bool {
    logged.value.eq_ignore_ascii_case(&hex::encode(digest))
}
