//! Packets of OpenPGP (RFC 9580, section 4), of version 4: keys and signatures.

use aws_lc_rs::digest;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY as RSA_SHA1;
use aws_lc_rs::signature::UnparsedPublicKey;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::key::key_type::KeyType;
use crate::key::public_key::PublicKey;
use crate::v1::raw_key;
use crate::v1::wire::WireReader;

/// The numbers of the packets that are read.
pub(super) const SIGNATURE: u8 = 2;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const USER_ID: u8 = 13;
pub(super) const PUBLIC_SUBKEY: u8 = 14;

/// The most packets of one key ring or signature: empty ones have two bytes, and must not take many
/// times that.
const MAX_PACKETS: usize = 16_384;

/// What is wrong with packets. Texts for the caller.
pub(super) type Malformed = &'static str;

/// A packet as it was found.
pub(super) struct Packet<'a> {
    pub(super) number: u8,
    pub(super) body: &'a [u8],
}

/// Splits `bytes` into packets. Neither keys nor signatures come in pieces or without a length.
pub(super) fn split(bytes: &[u8]) -> Result<Vec<Packet<'_>>, Malformed> {
    let mut reader = WireReader(bytes);
    let mut packets = Vec::new();
    while let Some(head) = byte(&mut reader) {
        if head & 0x80 == 0 {
            return Err("a packet does not begin with its mark");
        }
        if packets.len() == MAX_PACKETS {
            return Err("there are too many packets");
        }
        let is_new = head & 0x40 != 0;
        let length = if is_new {
            read_length(&mut reader)
        } else {
            read_old_length(&mut reader, head)
        };
        packets.push(Packet {
            number: if is_new {
                head & 0x3f
            } else {
                head >> 2 & 0x0f
            },
            body: length
                .and_then(|length| reader.bytes(length))
                .ok_or("a packet is cut short or comes in pieces")?,
        });
    }
    Ok(packets)
}

/// Adds a packet with the head that upstream gives it.
pub(super) fn push(out: &mut Vec<u8>, number: u8, body: &[u8]) {
    out.push(0xc0 | number);
    match body.len() {
        length @ 0..192 => out.push(low_byte(length)),
        length @ 192..8384 => {
            out.extend([192 + low_byte((length - 192) >> 8), low_byte(length - 192)]);
        }
        length => {
            out.push(255);
            out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    out.extend(body);
}

/// A key of version 4 that can sign, or a subkey.
pub(super) struct KeyPacket<'a> {
    pub(super) body: &'a [u8],
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) fingerprint: [u8; 20],
    algorithm: u8,
    /// None for a key that the log cannot verify with. A subkey to encrypt for is such a one.
    key: Option<PublicKey>,
}

impl<'a> KeyPacket<'a> {
    /// `None` for a key of another version, or of an algorithm that is not known: upstream passes
    /// over it.
    pub(super) fn read(body: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let mut reader = WireReader(body);
        let cut_short = "a key is cut short";
        if byte(&mut reader).ok_or(cut_short)? != 4 {
            return Ok(None);
        }
        let created = reader.number().ok_or(cut_short)?;
        let algorithm = byte(&mut reader).ok_or(cut_short)?;
        let key = match algorithm {
            RSA | RSA_ENCRYPT | RSA_SIGN => {
                let modulus = multiprecision(&mut reader).ok_or(cut_short)?;
                let exponent = multiprecision(&mut reader).ok_or(cut_short)?;
                raw_key::rsa(modulus, exponent).ok()
            }
            ECDSA => read_point(&mut reader).ok_or(cut_short)?,
            EDDSA => read_eddsa(&mut reader).ok_or(cut_short)?,
            ED25519 => raw_key::ed25519(reader.bytes(32).ok_or(cut_short)?).ok(),
            ELGAMAL | DSA | ECDH | X25519 | X448 | ED448 => None,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            body,
            created: created.into(),
            fingerprint: fingerprint(body),
            algorithm,
            key,
        }))
    }

    /// Whether the algorithm is one for signatures, whether or not the log knows it.
    pub(super) fn is_for_signatures(&self) -> bool {
        matches!(
            self.algorithm,
            RSA | RSA_SIGN | DSA | ECDSA | EDDSA | ED25519 | ED448
        )
    }

    /// Whether the log can verify with it.
    pub(super) fn is_supported(&self) -> bool {
        self.key.is_some()
    }

    pub(super) fn id(&self) -> &[u8] {
        &self.fingerprint[12..]
    }

    /// The form in which the key is signed: with a head of its own, whatever head it came with.
    pub(super) fn signed_form(&self) -> Vec<u8> {
        key_form(self.body)
    }

    /// Whether `signature` is one by this key over what gave `digest`.
    pub(super) fn verifies(
        &self,
        signature: &SignaturePacket<'_>,
        digest: &digest::Digest,
    ) -> bool {
        let Some(key) = &self.key else {
            return false;
        };
        let plain = |algorithm: u8| {
            if algorithm == RSA_SIGN {
                RSA
            } else {
                algorithm
            }
        };
        plain(signature.algorithm) == plain(self.algorithm)
            && self.is_for_signatures()
            && digest.as_ref().starts_with(&signature.digest_start)
            && verify(key, signature, digest).is_some()
    }
}

/// A signature of version 4.
pub(super) struct SignaturePacket<'a> {
    pub(super) body: &'a [u8],
    pub(super) signature_type: u8,
    algorithm: u8,
    hash: &'static digest::Algorithm,
    /// What of the packet is signed itself.
    signed: &'a [u8],
    digest_start: [u8; 2],
    numbers: &'a [u8],
    pub(super) details: Details<'a>,
}

/// What the subpackets of a signature say.
#[derive(Default)]
pub(super) struct Details<'a> {
    /// Seconds since 1970.
    pub(super) created: u64,
    /// Seconds, if not for ever.
    pub(super) lifetime: Option<u64>,
    /// The same for the key that the signature is about.
    pub(super) key_lifetime: Option<u64>,
    pub(super) issuer: Option<&'a [u8]>,
    pub(super) issuer_fingerprint: Option<&'a [u8]>,
    pub(super) key_flags: Option<u8>,
    pub(super) is_primary: bool,
    pub(super) is_compromised: bool,
    /// Something that whoever does not understand it must not pass over.
    pub(super) has_critical_notation: bool,
    pub(super) embedded: Option<&'a [u8]>,
    is_local: bool,
}

impl<'a> SignaturePacket<'a> {
    /// `None` for a signature of another version or of an algorithm that is not known, and for one
    /// that its maker does not want exported: upstream passes over them.
    pub(super) fn read(body: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let mut reader = WireReader(body);
        let cut_short = "a signature is cut short";
        let head = reader.bytes(4).unwrap_or(body);
        let &[4, signature_type, algorithm, hash] = head else {
            return if head.is_empty() || head[0] == 4 {
                Err(cut_short)
            } else {
                Ok(None)
            };
        };
        let known = [RSA, RSA_SIGN, DSA, ECDSA, EDDSA, ED25519, ED448];
        let (Some(hash), true) = (hash_function(hash), known.contains(&algorithm)) else {
            return Ok(None);
        };
        let mut details = Details::default();
        let hashed = read_area(&mut reader).ok_or(cut_short)?;
        details.read(hashed, true)?;
        let signed = &body[..6 + hashed.len()];
        details.read(read_area(&mut reader).ok_or(cut_short)?, false)?;
        if details.is_local {
            return Ok(None);
        }
        let digest_start = reader.bytes(2).ok_or(cut_short)?;
        Ok(Some(Self {
            body,
            signature_type,
            algorithm,
            hash,
            signed,
            digest_start: [digest_start[0], digest_start[1]],
            numbers: reader.0,
            details,
        }))
    }

    /// Whether the signature says that `key` made it.
    pub(super) fn is_by(&self, key: &KeyPacket<'_>) -> bool {
        match self.details.issuer_fingerprint {
            Some(fingerprint) => fingerprint == key.fingerprint,
            None => self.details.issuer == Some(key.id()),
        }
    }

    /// The id of the key that made it.
    pub(super) fn issuer_id(&self) -> Option<&'a [u8]> {
        let fingerprint = self.details.issuer_fingerprint;
        fingerprint
            .map(|bytes| &bytes[12..])
            .or(self.details.issuer)
    }

    /// Begins to hash what is signed.
    pub(super) fn begin(&self) -> digest::Context {
        digest::Context::new(self.hash)
    }

    /// Ends it with what the signature says about itself.
    pub(super) fn finish(&self, mut context: digest::Context) -> digest::Digest {
        context.update(self.signed);
        context.update(&[4, 0xff]);
        let length = u32::try_from(self.signed.len()).unwrap_or(u32::MAX);
        context.update(&length.to_be_bytes());
        context.finish()
    }

    /// Whether documents may be signed over its hash function: SHA-1 is left to keys that were made
    /// with it.
    pub(super) fn is_fit_for_documents(&self) -> bool {
        [&digest::SHA256, &digest::SHA384, &digest::SHA512].contains(&self.hash)
    }
}

impl<'a> Details<'a> {
    /// Reads an area of subpackets. Those that are not signed themselves may only name who signed.
    fn read(&mut self, area: &'a [u8], is_signed: bool) -> Result<(), Malformed> {
        let malformed = "a subpacket of a signature is malformed";
        let mut reader = WireReader(area);
        let mut is_dated = !is_signed;
        while !reader.is_finished() {
            let length = read_length(&mut reader).ok_or(malformed)?;
            let subpacket = reader.bytes(length).ok_or(malformed)?;
            let (head, content) = subpacket.split_first().ok_or(malformed)?;
            let (number, is_critical) = (head & 0x7f, head & 0x80 != 0);
            let seconds = || {
                content
                    .try_into()
                    .ok()
                    .map(u32::from_be_bytes)
                    .map(u64::from)
            };
            match number {
                16 if content.len() == 8 => self.issuer = Some(content),
                33 if content.len() == 21 && content[0] == 4 => {
                    self.issuer_fingerprint = Some(&content[1..]);
                }
                32 if self.embedded.is_none() => self.embedded = Some(content),
                16 | 32 => return Err(malformed),
                _ if !is_signed => {}
                2 => {
                    self.created = seconds().ok_or(malformed)?;
                    is_dated = true;
                }
                3 => self.lifetime = Some(seconds().ok_or(malformed)?),
                4 => self.is_local = content.first().ok_or(malformed)? == &0,
                9 => self.key_lifetime = Some(seconds().ok_or(malformed)?),
                20 => self.has_critical_notation |= is_critical,
                25 => self.is_primary = content.first().is_some_and(|value| *value != 0),
                27 => self.key_flags = Some(content.first().copied().unwrap_or_default()),
                29 => self.is_compromised = content.first() == Some(&2),
                _ => {}
            }
        }
        if is_dated {
            Ok(())
        } else {
            Err("a signature has no time of creation")
        }
    }

    /// Whether the key that the signature is about may sign documents.
    pub(super) fn may_sign(&self) -> bool {
        self.key_flags.is_some_and(|flags| flags & 2 != 0)
    }

    /// Whether the signature is not valid yet, or not any more.
    pub(super) fn is_expired(&self, time: u64) -> bool {
        self.created > time || is_over(self.created, self.lifetime, time)
    }
}

/// Whether something from `start` on has ended. A lifetime of zero does not end.
pub(super) fn is_over(start: u64, lifetime: Option<u64>, time: u64) -> bool {
    lifetime.is_some_and(|lifetime| lifetime != 0 && time > start + lifetime)
}

fn verify(key: &PublicKey, signature: &SignaturePacket<'_>, digest: &digest::Digest) -> Option<()> {
    let mut reader = WireReader(signature.numbers);
    let digest = digest.as_ref();
    let padded = |number: &[u8], length: usize| {
        let zeros = length.checked_sub(number.len())?;
        Some([&vec![0; zeros][..], number].concat())
    };
    match key.key_type() {
        KeyType::Ed25519 if signature.algorithm == ED25519 => {
            key.verify_message(digest, reader.bytes(64)?).ok()
        }
        KeyType::Ed25519 => {
            let r = padded(multiprecision(&mut reader)?, 32)?;
            let s = padded(multiprecision(&mut reader)?, 32)?;
            key.verify_message(digest, &[r, s].concat()).ok()
        }
        KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521 => {
            let (r, s) = (multiprecision(&mut reader)?, multiprecision(&mut reader)?);
            let der = raw_key::sequence_of(r, s).ok()?;
            key.verify_digest(hash_algorithm(signature)?, digest, &der)
                .ok()
        }
        rsa => {
            let length = match rsa {
                KeyType::Rsa4096 => 512,
                KeyType::Rsa3072 => 384,
                _ => 256,
            };
            let number = padded(multiprecision(&mut reader)?, length)?;
            match hash_algorithm(signature) {
                Some(hash) => key.verify_digest(hash, digest, &number).ok(),
                None => verify_sha1(key, digest, &number),
            }
        }
    }
}

/// Older keys were bound to their owners over SHA-1, and nobody can bind them again.
fn verify_sha1(key: &PublicKey, digest: &[u8], signature: &[u8]) -> Option<()> {
    let function = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    let digest = digest::Digest::import_less_safe(digest, function).ok()?;
    let key = UnparsedPublicKey::new(&RSA_SHA1, key.subject_public_key());
    key.verify_digest(&digest, signature).ok()
}

fn hash_algorithm(signature: &SignaturePacket<'_>) -> Option<HashAlgorithm> {
    let functions = [
        (&digest::SHA256, HashAlgorithm::Sha2256),
        (&digest::SHA384, HashAlgorithm::Sha2384),
        (&digest::SHA512, HashAlgorithm::Sha2512),
    ];
    functions
        .into_iter()
        .find_map(|(function, name)| (function == signature.hash).then_some(name))
}

fn hash_function(number: u8) -> Option<&'static digest::Algorithm> {
    match number {
        2 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        8 => Some(&digest::SHA256),
        9 => Some(&digest::SHA384),
        10 => Some(&digest::SHA512),
        11 => Some(&digest::SHA224),
        12 => Some(&digest::SHA3_256),
        14 => Some(&digest::SHA3_512),
        _ => None,
    }
}

fn fingerprint(body: &[u8]) -> [u8; 20] {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &key_form(body));
    let mut fingerprint = [0; 20];
    fingerprint.copy_from_slice(digest.as_ref());
    fingerprint
}

fn key_form(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[0x99][..], &length, body].concat()
}

/// A key of ECDSA: the curve, then the point. The inner `None` is a curve that the log does not
/// know.
fn read_point(reader: &mut WireReader<'_>) -> Option<Option<PublicKey>> {
    let curve = read_curve(reader)?;
    let point = multiprecision(reader)?;
    let key_type = match curve {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => KeyType::EcdsaP256,
        [0x2b, 0x81, 4, 0, 0x22] => KeyType::EcdsaP384,
        [0x2b, 0x81, 4, 0, 0x23] => KeyType::EcdsaP521,
        _ => return Some(None),
    };
    Some(raw_key::ecdsa(key_type, point).ok())
}

/// A key of what the standard once called EdDSA: the curve, then the 32 bytes after a mark.
fn read_eddsa(reader: &mut WireReader<'_>) -> Option<Option<PublicKey>> {
    let curve = read_curve(reader)?;
    let point = multiprecision(reader)?;
    let is_ed25519 = curve == [0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1];
    let key = point.strip_prefix(&[0x40]).filter(|_| is_ed25519);
    Some(key.and_then(|key| raw_key::ed25519(key).ok()))
}

fn read_curve<'a>(reader: &mut WireReader<'a>) -> Option<&'a [u8]> {
    let length = byte(reader)?;
    reader.bytes(length.into())
}

/// A number after the count of its bits.
fn multiprecision<'a>(reader: &mut WireReader<'a>) -> Option<&'a [u8]> {
    let bits = reader.bytes(2)?;
    let bits = usize::from(u16::from_be_bytes([bits[0], bits[1]]));
    reader.bytes(bits.div_ceil(8))
}

fn read_area<'a>(reader: &mut WireReader<'a>) -> Option<&'a [u8]> {
    let length = reader.bytes(2)?;
    reader.bytes(u16::from_be_bytes([length[0], length[1]]).into())
}

/// The lengths of packets of the new form, and of subpackets.
fn read_length(reader: &mut WireReader<'_>) -> Option<usize> {
    match byte(reader)? {
        short @ 0..192 => Some(short.into()),
        long @ 192..224 => Some((usize::from(long - 192) << 8) + usize::from(byte(reader)?) + 192),
        255 => reader.number()?.try_into().ok(),
        _ => None,
    }
}

fn read_old_length(reader: &mut WireReader<'_>, head: u8) -> Option<usize> {
    let bytes = match head & 3 {
        0 => reader.bytes(1)?,
        1 => reader.bytes(2)?,
        2 => reader.bytes(4)?,
        _ => return None,
    };
    Some(
        bytes
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte)),
    )
}

fn byte(reader: &mut WireReader<'_>) -> Option<u8> {
    reader.bytes(1).map(|byte| byte[0])
}

fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

/// The numbers of algorithms (RFC 9580, section 9.1).
const RSA: u8 = 1;
const RSA_ENCRYPT: u8 = 2;
const RSA_SIGN: u8 = 3;
const ELGAMAL: u8 = 16;
const DSA: u8 = 17;
const ECDH: u8 = 18;
const ECDSA: u8 = 19;
const EDDSA: u8 = 22;
const X25519: u8 = 25;
const X448: u8 = 26;
const ED25519: u8 = 27;
const ED448: u8 = 28;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_counted_before_they_take_memory() {
        let empty = |count: usize| [0xc0 | SIGNATURE, 0].repeat(count);
        assert_eq!(split(&empty(MAX_PACKETS)).unwrap().len(), MAX_PACKETS);
        assert!(split(&empty(MAX_PACKETS + 1)).is_err());
    }
}
