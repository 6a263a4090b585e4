//! Signatures over bytes that are no envelope, and what these bytes are.

use std::borrow::Cow;

use crate::artifact::Artifact;
use crate::artifact::ArtifactError;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::envelope::signature_of;
use crate::verify::error::VerifyError;

/// A signature, and what it is over.
pub(crate) struct Message<'a> {
    pub(crate) signature: &'a [u8],
    pub(crate) signed: Cow<'a, Artifact>,
}

/// What the signature of `content` is over: the artifact, or the payload that names an image. Of an
/// envelope, its payload, though that is not all that its signature is over.
pub(crate) fn message_of<'a>(
    content: &'a BundleContent,
    artifact: Option<&'a Artifact>,
) -> Result<Message<'a>, VerifyError> {
    let bytes = |bytes: &[u8]| Cow::Owned(Artifact::Bytes(bytes.to_vec()));
    Ok(match content {
        BundleContent::Message { signature, .. } => Message {
            signature,
            signed: Cow::Borrowed(artifact.ok_or(ArtifactError::Missing)?),
        },
        BundleContent::SimpleSigning { payload, signature } => Message {
            signature,
            signed: bytes(payload),
        },
        BundleContent::Dsse(envelope) => Message {
            signature: signature_of(envelope),
            signed: bytes(&envelope.payload),
        },
    })
}
