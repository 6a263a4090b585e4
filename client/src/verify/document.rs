//! Signatures over an artifact in the formats of OpenPGP, SSH and minisign, and the entries of
//! Rekor v1 that hold them (rekor-v1, section 4.5). They are made over the artifact itself, which
//! has to be at hand.

use ledgerstone_entry::v1::PublicKeyFormat;

use crate::artifact::Artifact;
use crate::signer_key::SignerKey;
use crate::trust::logs::TrustedLogs;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::claimed_digest::check_digest;
use crate::verify::document_signature::verify_signature;
use crate::verify::error::VerifyError;
use crate::verify::logged::CheckedLog;
use crate::verify::logged::check_entries;
use crate::verify::logged::read_bodies;
use crate::verify::v1_body::V1Body;

/// The format in which the signature of `content` was made with `key`, if it is one of its own.
pub(crate) fn format_of_signature(
    content: &BundleContent,
    key: &SignerKey,
) -> Option<PublicKeyFormat> {
    let format = key.format();
    let signature = match content {
        BundleContent::Message { signature, .. } => signature.as_ref(),
        BundleContent::SimpleSigning { signature, .. } => signature.as_ref(),
        BundleContent::Dsse(_) => b"",
    };
    let begins = match format {
        PublicKeyFormat::Pgp => true,
        PublicKeyFormat::Ssh => signature.starts_with(b"-----BEGIN SSH SIGNATURE"),
        PublicKeyFormat::Minisign => signature.starts_with(b"untrusted comment:"),
        PublicKeyFormat::X509 | PublicKeyFormat::Tuf => false,
    };
    begins.then_some(format)
}

/// Checks the signature in `bundle` by `key`, which is in a format of its own, and every entry.
/// There need not be one.
pub(crate) fn check_document(
    bundle: &Bundle,
    artifact: &Artifact,
    key: &SignerKey,
    logs: Option<&TrustedLogs>,
) -> Result<CheckedLog, VerifyError> {
    let format = key.format();
    let BundleContent::Message { digest, signature } = &bundle.content else {
        return Err(VerifyError::EnvelopeFormat(format));
    };
    if let Some(claimed) = digest {
        check_digest(artifact, claimed)?;
    }
    let bodies = read_bodies(bundle)?;
    let signed = verify_signature(format, key.content(), signature, artifact)?;
    let digest = hex::encode(signed.digest);
    let is_about = |body: Option<&V1Body>| match body {
        Some(V1Body::Rekord(body)) => {
            body.format == format
                && body.hash.value.eq_ignore_ascii_case(&digest)
                && body.signature == signed.signature
                && body.public_key == signed.public_key
        }
        _ => false,
    };
    check_entries(bundle, bodies, logs, |entry, body| match is_about(body) {
        true => Ok(()),
        false => Err(VerifyError::OtherBody {
            index: entry.index(),
        }),
    })
}
