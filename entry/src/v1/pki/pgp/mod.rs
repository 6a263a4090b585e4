//! Detached signatures of OpenPGP (RFC 9580), by keys of version 4: RSA, ECDSA and Ed25519.
//!
//! Departures from upstream, all towards refusing: DSA, Ed448 and keys of version 6 are not
//! verified with; documents are signed over SHA-256, SHA-384 or SHA-512, as bytes and not as text;
//! a private key is refused, and so never logged.

mod armor;
mod keyring;
mod packet;

use armor::ArmorBlock;
use keyring::Entity;
use packet::Malformed;
use packet::SIGNATURE;
use packet::SignaturePacket;

use crate::encoding::ArtifactReader;
use crate::v1::pki::artifact::CanonicalKey;
use crate::v1::pki::artifact::VerifiedArtifact;
use crate::v1::pki::artifact::read_all;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::reject::V1Reject;

/// The largest key ring that is looked into, in bytes. What is logged of it must be smaller still.
const MAX_KEY_RING_BYTES: usize = 256 << 10;

pub(super) fn canonical_key(content: &[u8]) -> Result<CanonicalKey, V1Reject> {
    with_key_ring(content, |entities| Ok(canonicalise(entities)))
}

pub(super) fn verify(
    key: &[u8],
    signature: &[u8],
    artifact: ArtifactReader<'_>,
) -> Result<VerifiedArtifact, V1Reject> {
    let (packets, canonical) = read_signature(signature)?;
    let malformed = |reason: Malformed| V1Reject::MalformedSignature {
        format: PublicKeyFormat::Pgp,
        reason: reason.to_owned(),
    };
    let packets = packet::split(&packets).map_err(malformed)?;
    let mut signatures = Vec::new();
    for packet in &packets {
        if packet.number != SIGNATURE {
            return Err(malformed("there is something else in it"));
        }
        signatures.extend(SignaturePacket::read(packet.body).map_err(malformed)?);
    }
    with_key_ring(key, |entities| {
        let artifact_digest = check(entities, &signatures, artifact)?;
        Ok(VerifiedArtifact {
            key: canonicalise(entities),
            signature: canonical,
            artifact_digest,
        })
    })
}

/// Verifies the first of `signatures` that is by a key of the ring, as upstream.
fn check(
    entities: &[Entity<'_>],
    signatures: &[SignaturePacket<'_>],
    mut artifact: ArtifactReader<'_>,
) -> Result<[u8; 32], V1Reject> {
    let mismatch = V1Reject::Mismatch(PublicKeyFormat::Pgp);
    let mut candidates = signatures.iter().filter_map(|signature| {
        let id = signature.issuer_id()?;
        let mut keys = entities.iter().filter_map(move |one| one.signing_key(id));
        Some((signature, keys.next()?))
    });
    let Some((signature, key)) = candidates.next() else {
        return Err(mismatch);
    };
    if signature.signature_type != OF_BYTES || !signature.is_fit_for_documents() {
        return Err(V1Reject::MalformedSignature {
            format: PublicKeyFormat::Pgp,
            reason: "it is not made over bytes with SHA-256, SHA-384 or SHA-512".to_owned(),
        });
    }
    let mut context = signature.begin();
    read_all(&mut artifact, |piece| context.update(piece))?;
    if !key.key.verifies(signature, &signature.finish(context)) || !key.held_at(signature) {
        return Err(mismatch);
    }
    Ok(artifact.finish())
}

fn canonicalise(entities: &[Entity<'_>]) -> CanonicalKey {
    let mut bytes = Vec::new();
    let mut subjects = Vec::new();
    for entity in entities {
        entity.write(&mut bytes);
        subjects.extend(entity.addresses().map(str::to_owned));
    }
    CanonicalKey {
        subjects,
        ..CanonicalKey::new(armor::encode(PUBLIC_KEY_BLOCK, &bytes))
    }
}

/// Gives the keys in `content`, which is binary or armored in one or more blocks, to `read`.
fn with_key_ring<T>(
    content: &[u8],
    read: impl FnOnce(&[Entity<'_>]) -> Result<T, V1Reject>,
) -> Result<T, V1Reject> {
    let malformed = |reason: &str| V1Reject::MalformedKey {
        format: PublicKeyFormat::Pgp,
        reason: reason.to_owned(),
    };
    if content.len() > MAX_KEY_RING_BYTES {
        return Err(malformed("it is longer than 262144 bytes"));
    }
    let mut bytes = Vec::new();
    if content.starts_with(b"-----BEGIN PGP") {
        let text = String::from_utf8_lossy(content);
        let mut left = text.as_ref();
        while left.contains("-----BEGIN PGP") {
            let (block, rest) =
                ArmorBlock::first(left).ok_or_else(|| malformed("its armor is malformed"))?;
            if block.label != PUBLIC_KEY_BLOCK {
                return Err(malformed("its armor is not that of a public key"));
            }
            bytes.extend(block.bytes);
            left = rest;
        }
    } else {
        bytes.extend(content);
    }
    let packets = packet::split(&bytes).map_err(malformed)?;
    read(&keyring::read(&packets).map_err(malformed)?)
}

/// The packets of a signature, and what is logged of it: armor as it came, or armor around what
/// came without.
fn read_signature(content: &[u8]) -> Result<(Vec<u8>, Vec<u8>), V1Reject> {
    let text = String::from_utf8_lossy(content);
    if !text.contains("-----BEGIN PGP") {
        let armored = armor::encode(SIGNATURE_BLOCK, content);
        return Ok((content.to_vec(), armored.into()));
    }
    match ArmorBlock::first(&text) {
        Some((block, _)) if block.label == SIGNATURE_BLOCK => Ok((block.bytes, content.to_vec())),
        _ => Err(V1Reject::MalformedSignature {
            format: PublicKeyFormat::Pgp,
            reason: "its armor is not that of a signature".to_owned(),
        }),
    }
}

const PUBLIC_KEY_BLOCK: &str = "PGP PUBLIC KEY BLOCK";
const SIGNATURE_BLOCK: &str = "PGP SIGNATURE";

/// The type of signatures over documents (RFC 9580, section 5.2.1.1).
const OF_BYTES: u8 = 0;
