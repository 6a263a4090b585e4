//! Signatures over documents in the formats of Rekor v1, for who has the document and no entry.

use std::io;
use std::io::Read;

use bytes::Bytes;

use crate::encoding::ArtifactReader;
use crate::key::public_key::PublicKey;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::pki::formats;
use crate::v1::reject::V1Reject;

/// A verified signature over a document, as a rekord entry holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedDocument {
    /// SHA-256 of the document.
    pub digest: [u8; 32],
    /// The signature in the canonical form of its format.
    pub signature: Bytes,
    /// The key in the canonical form of its format.
    pub public_key: Bytes,
}

/// Why there is no verified signature.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The document cannot be read.
    #[error("the document cannot be read")]
    Io(#[source] io::Error),
    /// Key or signature cannot be read, or do not go with the document.
    #[error(transparent)]
    Reject(#[from] V1Reject),
}

/// Verifies `signature` by `key`, both of `format`, over `document`, which is read once.
///
/// # Errors
/// [`DocumentError`] when it does not hold, or the document cannot be read.
pub fn verify_document(
    format: PublicKeyFormat,
    key: &[u8],
    signature: &[u8],
    document: &mut dyn Read,
) -> Result<SignedDocument, DocumentError> {
    let mut document = Remembering {
        reader: document,
        error: None,
    };
    let reader = ArtifactReader::plain(&mut document);
    let verified = formats::verify(format, key, signature, reader);
    if let Some(error) = document.error {
        return Err(DocumentError::Io(error));
    }
    let verified = verified?;
    Ok(SignedDocument {
        digest: verified.artifact_digest,
        signature: verified.signature.into(),
        public_key: verified.key.text.into(),
    })
}

/// The format that a file with a public key is in, by what it looks like.
pub fn format_of_key(content: &[u8]) -> PublicKeyFormat {
    let text = String::from_utf8_lossy(content);
    let has = |word: &str| text.contains(word);
    // The first byte of an OpenPGP packet has its highest bit set; a text and DER have not.
    let is_packet = content.first().is_some_and(|first| first & 0x80 != 0);
    if has("-----BEGIN PGP ") || is_packet {
        PublicKeyFormat::Pgp
    } else if has("-----BEGIN ") {
        PublicKeyFormat::X509
    } else if text.lines().any(names_ssh_key) {
        PublicKeyFormat::Ssh
    } else if formats::canonical_key(PublicKeyFormat::Minisign, content).is_ok() {
        PublicKeyFormat::Minisign
    } else {
        PublicKeyFormat::X509
    }
}

/// The key in `content`, of `format`: as a rekord entry holds it, and by itself where there is one
/// that signs outside of its format too.
///
/// # Errors
/// [`V1Reject`] when it cannot be read.
pub fn read_key_of(
    format: PublicKeyFormat,
    content: &[u8],
) -> Result<(Bytes, Option<PublicKey>), V1Reject> {
    let canonical = formats::canonical_key(format, content)?;
    let bare = formats::bare_key(format, content)?;
    Ok((canonical.text.into(), bare))
}

/// Whether a line has the name of a type of SSH keys in it.
fn names_ssh_key(line: &str) -> bool {
    let is_type = |word: &str| {
        ["ssh-", "ecdsa-sha2-", "sk-"]
            .iter()
            .any(|beginning| word.starts_with(beginning))
    };
    !line.trim_start().starts_with('#') && line.split_ascii_whitespace().any(is_type)
}

/// A reader that keeps its first error: what reads it says only that something was wrong.
struct Remembering<'a> {
    reader: &'a mut dyn Read,
    error: Option<io::Error>,
}

impl Read for Remembering<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(|error| {
            let kind = error.kind();
            // Whoever reads asks again.
            if kind != io::ErrorKind::Interrupted {
                self.error.get_or_insert(error);
            }
            kind.into()
        })
    }
}
