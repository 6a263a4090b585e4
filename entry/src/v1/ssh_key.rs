//! OpenSSH's encoding of keys (RFC 4253, section 6.6; RFC 5656; RFC 8709).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use der::Decode;
use der::Reader as _;
use der::asn1::AnyRef;
use der::asn1::UintRef;
use sha2::Digest as _;
use sha2::Sha256;

use crate::key::error::PublicKeyError;
use crate::key::key_type::KeyType;
use crate::key::public_key::PublicKey;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::raw_key;
use crate::v1::reject::V1Reject;
use crate::v1::wire::WireReader;
use crate::v1::wire::push_string;

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
    let key = read_key(&mut reader)
        .ok_or_else(|| malformed("it is cut short, or of a type that is not supported"))?;
    if !reader.is_finished() {
        return Err(malformed("it has bytes to spare"));
    }
    Ok(key?)
}

/// The name that OpenSSH gives a key, and that signers of DSSE envelopes may put beside a
/// signature.
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

fn read_key(reader: &mut WireReader<'_>) -> Option<Result<PublicKey, PublicKeyError>> {
    let name = reader.string()?;
    let key_type = match name {
        b"ssh-rsa" => {
            let exponent = reader.positive()?;
            return Some(raw_key::rsa(reader.positive()?, exponent));
        }
        b"ssh-ed25519" => return Some(raw_key::ed25519(reader.string()?)),
        b"ecdsa-sha2-nistp256" => KeyType::EcdsaP256,
        b"ecdsa-sha2-nistp384" => KeyType::EcdsaP384,
        b"ecdsa-sha2-nistp521" => KeyType::EcdsaP521,
        _ => return None,
    };
    let curve = reader.string()?;
    name.ends_with(curve)
        .then(|| Some(raw_key::ecdsa(key_type, reader.string()?)))?
}

fn malformed(reason: &str) -> V1Reject {
    V1Reject::MalformedKey {
        format: PublicKeyFormat::Ssh,
        reason: reason.to_owned(),
    }
}
