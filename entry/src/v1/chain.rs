//! Chains of certificates, as Rekor v1 takes them.

use der::Decode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::asn1::AnyRef;
use der::asn1::GeneralizedTime;
use der::asn1::ObjectIdentifier;
use der::asn1::UtcTime;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

use crate::certificate::Certificate;
use crate::certificate::Links;
use crate::certificate::read_validity;
use crate::key::public_key::PublicKey;

/// Whether the first of `certificates` leads to the last one, by issuers that are among those
/// between.
///
/// A step counts if the names match, the signature verifies, and the issuer is an authority that
/// was valid when the first certificate began to be. This is a check of form, as upstream: whether
/// the last one deserves trust is for verifiers to decide, and so are path lengths, name
/// constraints and usages.
pub(crate) fn leads_to_root(certificates: &[Vec<u8>]) -> bool {
    let parsed: Option<Vec<Certificate<'_>>> = certificates
        .iter()
        .map(|der| Certificate::from_der(der).ok())
        .collect();
    match parsed {
        Some(parsed) => walk(&parsed).is_some(),
        None => false,
    }
}

/// Follows issuers from the first certificate. Each is visited once, so that no loop is endless.
fn walk(certificates: &[Certificate<'_>]) -> Option<()> {
    let (leaf, issuers) = certificates.split_first()?;
    let root = issuers.len().checked_sub(1)?;
    let [time, _] = validity(leaf.links())?;
    let mut visited = vec![false; issuers.len()];
    let mut reached = vec![leaf];
    while let Some(subject) = reached.pop() {
        for (position, issuer) in issuers.iter().enumerate() {
            if visited[position] || !is_issued(subject, issuer, time) {
                continue;
            }
            if position == root {
                return Some(());
            }
            visited[position] = true;
            reached.push(issuer);
        }
    }
    None
}

fn is_issued(subject: &Certificate<'_>, issuer: &Certificate<'_>, time: u64) -> bool {
    subject.links().issuer == issuer.links().subject
        && is_authority(issuer.links())
        && validity(issuer.links()).is_some_and(|[from, to]| (from..=to).contains(&time))
        && is_signed(subject.links(), issuer).is_some()
}

/// Basic constraints (RFC 5280, section 4.2.1.9) that begin with a true `cA`.
fn is_authority(links: &Links<'_>) -> bool {
    let Some(Ok(mut reader)) = links.basic_constraints.map(SliceReader::new) else {
        return false;
    };
    let is_authority = reader.sequence(|constraints| {
        let authority = !constraints.is_finished()
            && Tag::peek(constraints)? == Tag::Boolean
            && constraints.decode::<bool>()?;
        // A path length may follow.
        while !constraints.is_finished() {
            constraints.tlv_bytes()?;
        }
        Ok::<_, der::Error>(authority)
    });
    is_authority.unwrap_or(false)
}

/// From when to when, in seconds since 1970.
fn validity(links: &Links<'_>) -> Option<[u64; 2]> {
    let mut reader = SliceReader::new(links.validity).ok()?;
    let times = reader.sequence(read_validity).ok()?;
    let [from, to] = times.map(|time| seconds(&time));
    Some([from?, to?])
}

fn seconds(time: &AnyRef<'_>) -> Option<u64> {
    let since = match der::Tagged::tag(time) {
        Tag::UtcTime => time.decode_as::<UtcTime>().ok()?.to_unix_duration(),
        _ => time.decode_as::<GeneralizedTime>().ok()?.to_unix_duration(),
    };
    Some(since.as_secs())
}

fn is_signed(links: &Links<'_>, issuer: &Certificate<'_>) -> Option<()> {
    let key = PublicKey::from_spki_der(issuer.spki()).ok()?;
    let algorithm = AnyRef::from_der(links.algorithm).ok()?;
    let mut reader = SliceReader::new(algorithm.value()).ok()?;
    let signed = links.signed;
    let hash_algorithm = match reader.decode::<ObjectIdentifier>().ok()? {
        ED25519 => return key.verify_message(signed, links.signature).ok(),
        ECDSA_WITH_SHA256 | RSA_WITH_SHA256 => HashAlgorithm::Sha2256,
        ECDSA_WITH_SHA384 | RSA_WITH_SHA384 => HashAlgorithm::Sha2384,
        ECDSA_WITH_SHA512 | RSA_WITH_SHA512 => HashAlgorithm::Sha2512,
        _ => return None,
    };
    let digest = match hash_algorithm {
        HashAlgorithm::Sha2384 => Sha384::digest(signed).to_vec(),
        HashAlgorithm::Sha2512 => Sha512::digest(signed).to_vec(),
        _ => Sha256::digest(signed).to_vec(),
    };
    key.verify_digest(hash_algorithm, &digest, links.signature)
        .ok()
}

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
