//! Signatures of minisign and signify: an Ed25519 signature over a document, or over its
//! BLAKE2b-512 hash.
//!
//! ```text
//! key        algorithm 2 | key id 8 | Ed25519 key 32
//! signature  algorithm 2 | key id 8 | Ed25519 signature 64
//! ```
//! Each is in base64, on the line after a comment. Minisign adds a signed comment, which is
//! dropped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::Blake2b512;
use blake2::Digest as _;

use crate::encoding::ArtifactReader;
use crate::encoding::decode_base64;
use crate::key::public_key::PublicKey;
use crate::v1::pki::artifact::CanonicalKey;
use crate::v1::pki::artifact::VerifiedArtifact;
use crate::v1::pki::artifact::read_all;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::raw_key;
use crate::v1::reject::V1Reject;

pub(super) fn canonical_key(content: &[u8]) -> Result<CanonicalKey, V1Reject> {
    Ok(read_key(content)?.canonical())
}

pub(super) fn bare_key(content: &[u8]) -> Result<PublicKey, V1Reject> {
    read_key(content)?.verifying_key()
}

pub(super) fn verify(
    key: &[u8],
    signature: &[u8],
    mut artifact: ArtifactReader<'_>,
) -> Result<VerifiedArtifact, V1Reject> {
    let key = read_key(key)?;
    let verifying_key = key.verifying_key()?;
    let signature = read_signature(signature)?;
    let signed: &[u8] = &signature[HEAD_LENGTH..];
    let verified = if signature[1] == PREHASHED {
        let mut hasher = Blake2b512::new();
        read_all(&mut artifact, |piece| hasher.update(piece))?;
        Some(
            verifying_key
                .verify_message(&hasher.finalize(), signed)
                .map_err(V1Reject::from),
        )
    } else {
        verifying_key.verify_streamed(signed, |piece| read_all(&mut artifact, piece))
    };
    match verified {
        Some(Ok(())) => {}
        Some(Err(error @ V1Reject::Base64(_))) => return Err(error),
        _ => return Err(V1Reject::Mismatch(PublicKeyFormat::Minisign)),
    }
    Ok(VerifiedArtifact {
        key: key.canonical(),
        signature: format!("untrusted comment:\n{}", STANDARD.encode(signature)).into(),
        artifact_digest: artifact.finish(),
    })
}

/// A key with what stands before it.
struct Key([u8; KEY_LENGTH]);

impl Key {
    fn canonical(&self) -> CanonicalKey {
        CanonicalKey::new(STANDARD.encode(self.0))
    }

    fn verifying_key(&self) -> Result<PublicKey, V1Reject> {
        Ok(raw_key::ed25519(&self.0[HEAD_LENGTH..])?)
    }
}

/// Reads a key as it is in a file, or the base64 alone, or only its 32 bytes, as old entries have
/// it.
fn read_key(content: &[u8]) -> Result<Key, V1Reject> {
    let text = std::str::from_utf8(content).ok();
    let after_comment = text
        .and_then(|text| text.split_once('\n'))
        .map(|(_, key)| key);
    for encoded in [after_comment, text].into_iter().flatten() {
        if let Some(Ok(key)) = decode_base64(encoded).map(TryInto::try_into) {
            return Ok(Key(key));
        }
    }
    if content.len() == KEY_LENGTH - HEAD_LENGTH {
        let mut key = [0; KEY_LENGTH];
        key[..2].copy_from_slice(b"Ed");
        key[HEAD_LENGTH..].copy_from_slice(content);
        return Ok(Key(key));
    }
    Err(V1Reject::MalformedKey {
        format: PublicKeyFormat::Minisign,
        reason: "it is not the content of a minisign or signify key file".to_owned(),
    })
}

/// Reads the second line of a file. What minisign adds in two more lines covers the comment, and is
/// not logged.
fn read_signature(content: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], V1Reject> {
    let malformed = |reason: &str| V1Reject::MalformedSignature {
        format: PublicKeyFormat::Minisign,
        reason: reason.to_owned(),
    };
    let text = std::str::from_utf8(content).map_err(|_| malformed("it is not text"))?;
    let lines: Vec<&str> = text
        .trim_end_matches(['\r', '\n'])
        .splitn(5, '\n')
        .collect();
    if !matches!(lines.len(), 2 | 4) {
        return Err(malformed("it has neither two lines nor four"));
    }
    if lines.len() == 4 && decode_base64(lines[3]).is_none_or(|global| global.len() != 64) {
        return Err(malformed("its fourth line does not hold 64 bytes"));
    }
    let bytes =
        decode_base64(lines[1]).ok_or_else(|| malformed("its second line is not base64"))?;
    bytes
        .try_into()
        .map_err(|_| malformed("its second line does not hold 74 bytes"))
}

/// Algorithm and key id.
const HEAD_LENGTH: usize = 10;
const KEY_LENGTH: usize = HEAD_LENGTH + 32;
const SIGNATURE_LENGTH: usize = HEAD_LENGTH + 64;

/// The second byte of the algorithm `ED`. Of `Ed`, the document itself is signed.
const PREHASHED: u8 = b'D';
