//! OpenSSH's encoding of keys and signatures (RFC 4251, section 5; RFC 4253, section 6.6; RFC 5656; RFC 8709).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use der::Decode;
use der::Encode;
use der::Reader as _;
use der::Tag;
use der::asn1::AnyRef;
use der::asn1::BitStringRef;
use der::asn1::UintRef;
use sha2::Digest as _;
use sha2::Sha256;

use super::PublicKeyFormat;
use super::reject::V1Reject;
use crate::key::KeyType;
use crate::key::PublicKey;

/// Reads values one after the other.
pub(crate) struct WireReader<'a>(pub(crate) &'a [u8]);

impl<'a> WireReader<'a> {
    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn number(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?.try_into().ok()?;
        self.bytes(length)
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_empty()
    }
}

/// Adds a string with its length.
pub(crate) fn push_string(wire: &mut Vec<u8>, string: &[u8]) {
    // Nothing that is written here is anywhere near 4 GiB.
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    wire.extend(length.to_be_bytes());
    wire.extend(string);
}

/// The name of the type of a key, which its encoding begins with.
pub(crate) fn type_name(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::EcdsaP256 => "ecdsa-sha2-nistp256",
        KeyType::EcdsaP384 => "ecdsa-sha2-nistp384",
        KeyType::EcdsaP521 => "ecdsa-sha2-nistp521",
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => "ssh-rsa",
        KeyType::Ed25519 => "ssh-ed25519",
    }
}

/// Reads an encoded key.
pub(crate) fn decode_key(wire: &[u8]) -> Result<PublicKey, V1Reject> {
    let mut reader = WireReader(wire);
    let (algorithm, key) = read_key(&mut reader).ok_or_else(|| malformed("it is cut short"))?;
    let Some(algorithm) = algorithm else {
        return Err(malformed("keys of its type are not supported"));
    };
    if !reader.is_finished() {
        return Err(malformed("it has bytes to spare"));
    }
    public_key(algorithm, &key)
}

/// An Ed25519 key from its 32 bytes.
pub(crate) fn ed25519(key: &[u8]) -> Result<PublicKey, V1Reject> {
    public_key(ED25519, key)
}

/// The name that OpenSSH gives a key, and that signers of DSSE envelopes may put beside a signature.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    let digest = Sha256::digest(encode_key(key));
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest))
}

fn encode_key(key: &PublicKey) -> Vec<u8> {
    let name = type_name(key.key_type());
    let mut wire = Vec::new();
    push_string(&mut wire, name.as_bytes());
    let bytes = key.subject_public_key();
    match name.strip_prefix("ecdsa-sha2-") {
        Some(curve) => {
            push_string(&mut wire, curve.as_bytes());
            push_string(&mut wire, bytes);
        }
        None if key.key_type() == KeyType::Ed25519 => push_string(&mut wire, bytes),
        None => {
            let numbers = AnyRef::from_der(bytes).and_then(|key| {
                key.sequence(|reader| {
                    let modulus = reader.decode::<UintRef<'_>>()?;
                    Ok::<_, der::Error>([reader.decode::<UintRef<'_>>()?, modulus])
                })
            });
            for number in numbers.iter().flatten() {
                push_number(&mut wire, number.as_bytes());
            }
        }
    }
    wire
}

/// Adds a positive number: a zero byte keeps it apart from a negative one.
fn push_number(wire: &mut Vec<u8>, digits: &[u8]) {
    if digits.first().is_some_and(|first| first & 0x80 != 0) {
        push_string(wire, &[&[0], digits].concat());
    } else {
        push_string(wire, digits);
    }
}

/// The algorithm of a key, if it is supported, and the key as a SubjectPublicKeyInfo has it.
fn read_key<'a>(reader: &mut WireReader<'a>) -> Option<(Option<&'static [u8]>, Vec<u8>)> {
    let name = reader.string()?;
    let curve = match name {
        b"ssh-rsa" => {
            let exponent = reader.string()?;
            let modulus = reader.string()?;
            return Some((Some(RSA), rsa_public_key(modulus, exponent)?));
        }
        b"ssh-ed25519" => return Some((Some(ED25519), reader.string()?.to_vec())),
        b"ecdsa-sha2-nistp256" => (&b"nistp256"[..], P256),
        b"ecdsa-sha2-nistp384" => (&b"nistp384"[..], P384),
        b"ecdsa-sha2-nistp521" => (&b"nistp521"[..], P521),
        _ => return Some((None, Vec::new())),
    };
    let (curve, algorithm) = curve;
    let named: &'a [u8] = reader.string()?;
    let point = reader.string()?.to_vec();
    Some(((named == curve).then_some(algorithm), point))
}

fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let mut numbers = number(modulus)?.to_der().ok()?;
    number(exponent)?.encode_to_vec(&mut numbers).ok()?;
    sequence(&numbers)
}

/// A positive number as it is encoded. The leading zero is none of its digits.
pub(crate) fn number(digits: &[u8]) -> Option<UintRef<'_>> {
    if digits.first().is_some_and(|first| first & 0x80 != 0) {
        return None;
    }
    UintRef::new(digits).ok()
}

/// A DER sequence of what is encoded already.
pub(crate) fn sequence(content: &[u8]) -> Option<Vec<u8>> {
    AnyRef::new(Tag::Sequence, content).ok()?.to_der().ok()
}

fn public_key(algorithm: &[u8], key: &[u8]) -> Result<PublicKey, V1Reject> {
    let spki = || {
        let mut content = algorithm.to_vec();
        BitStringRef::from_bytes(key)
            .ok()?
            .encode_to_vec(&mut content)
            .ok()?;
        sequence(&content)
    };
    let spki = spki().ok_or_else(|| malformed("it is too long"))?;
    Ok(PublicKey::from_spki_der(&spki)?)
}

fn malformed(reason: &str) -> V1Reject {
    V1Reject::MalformedKey {
        format: PublicKeyFormat::Ssh,
        reason: reason.to_owned(),
    }
}

/// The AlgorithmIdentifiers of the supported types of keys, in DER (RFC 3279, RFC 5480, RFC 8410).
const RSA: &[u8] = &[
    0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
];
const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
const P256: &[u8] = &[
    0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1,
    7,
];
const P384: &[u8] = &[
    0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22,
];
const P521: &[u8] = &[
    0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x23,
];
