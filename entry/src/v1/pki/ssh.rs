//! Signatures of `ssh-keygen -Y sign` (OpenSSH, PROTOCOL.sshsig), in the namespace `file`.
//!
//! ```text
//! signature  "SSHSIG" | version u32 = 1 | key | namespace | reserved | hash function
//!            | (format | signature)
//! signed     "SSHSIG" | namespace | reserved | hash function | hash of the document
//! ```
//! All but the magic and the version are strings with their lengths. Only SHA-512, which
//! `ssh-keygen` uses unless told otherwise, is taken: upstream logs every signature as one over
//! SHA-512, and so refuses those over SHA-256 itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha512;

use crate::encoding::ArtifactReader;
use crate::encoding::decode_base64;
use crate::key::key_type::KeyType;
use crate::key::public_key::PublicKey;
use crate::pem;
use crate::pem::PemBlock;
use crate::v1::pki::artifact::CanonicalKey;
use crate::v1::pki::artifact::VerifiedArtifact;
use crate::v1::pki::artifact::read_all;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::raw_key;
use crate::v1::reject::V1Reject;
use crate::v1::ssh_key;
use crate::v1::wire::WireReader;
use crate::v1::wire::push_string;

/// The longest text of a key that is looked into, in bytes.
const MAX_KEY_BYTES: usize = 64 << 10;

pub(super) fn canonical_key(content: &[u8]) -> Result<CanonicalKey, V1Reject> {
    Ok(AuthorizedKey::read(content)?.canonical())
}

pub(super) fn bare_key(content: &[u8]) -> Result<PublicKey, V1Reject> {
    Ok(AuthorizedKey::read(content)?.public_key)
}

pub(super) fn verify(
    key: &[u8],
    signature: &[u8],
    mut artifact: ArtifactReader<'_>,
) -> Result<VerifiedArtifact, V1Reject> {
    let key = AuthorizedKey::read(key)?;
    let signature = read_armor(signature)?;
    let signature = Signature::read(&signature)?;
    if signature.key != key.wire {
        return Err(malformed("it names another key"));
    }
    let mut hasher = Sha512::new();
    read_all(&mut artifact, |piece| hasher.update(piece))?;
    let mut signed = MAGIC.to_vec();
    for string in [NAMESPACE, b"", HASH_FUNCTION, &hasher.finalize()[..]] {
        push_string(&mut signed, string);
    }
    if !signature.is_over(&signed, &key.public_key) {
        return Err(V1Reject::Mismatch(PublicKeyFormat::Ssh));
    }
    Ok(VerifiedArtifact {
        key: key.canonical(),
        signature: signature.to_armor().into(),
        artifact_digest: artifact.finish(),
    })
}

/// A line of OpenSSH's authorized keys: options, type, base64, comment, of which the second and the
/// third are logged.
struct AuthorizedKey {
    wire: Vec<u8>,
    public_key: PublicKey,
}

impl AuthorizedKey {
    fn read(content: &[u8]) -> Result<Self, V1Reject> {
        let malformed = |reason: &str| V1Reject::MalformedKey {
            format: PublicKeyFormat::Ssh,
            reason: reason.to_owned(),
        };
        if content.len() > MAX_KEY_BYTES {
            return Err(malformed("it is longer than 65536 bytes"));
        }
        let text = std::str::from_utf8(content).map_err(|_| malformed("it is not text"))?;
        let lines = text.lines().map(str::trim);
        let wire = lines
            .filter(|line| !line.starts_with('#'))
            .find_map(find_wire)
            .ok_or_else(|| malformed("there is no line with a type and a key in base64"))?;
        Ok(Self {
            public_key: ssh_key::decode_key(&wire)?,
            wire,
        })
    }

    fn canonical(&self) -> CanonicalKey {
        let name = ssh_key::type_name(self.public_key.key_type());
        CanonicalKey::new(format!("{name} {}\n", STANDARD.encode(&self.wire)))
    }
}

/// The key in a line: the base64 that begins with the name of the type that stands before it.
fn find_wire(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_ascii_whitespace().peekable();
    while let Some(name) = words.next() {
        let wire = words.peek().and_then(|word| decode_base64(word));
        if let Some(wire) = wire
            && WireReader(&wire).string() == Some(name.as_bytes())
        {
            return Some(wire);
        }
    }
    None
}

/// The parts of a signature that are logged.
struct Signature<'a> {
    key: &'a [u8],
    format: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signature<'a> {
    fn read(wire: &'a [u8]) -> Result<Self, V1Reject> {
        let mut reader = WireReader(wire);
        let cut_short = || malformed("it is cut short");
        if reader.bytes(MAGIC.len()).ok_or_else(cut_short)? != MAGIC {
            return Err(malformed("it does not begin with SSHSIG"));
        }
        if reader.number().ok_or_else(cut_short)? != 1 {
            return Err(malformed("its version is not 1"));
        }
        let mut strings = [&[][..]; 5];
        for string in &mut strings {
            *string = reader.string().ok_or_else(cut_short)?;
        }
        let [key, namespace, _reserved, hash_function, signature] = strings;
        if namespace != NAMESPACE {
            return Err(malformed("its namespace is not file"));
        }
        if hash_function != HASH_FUNCTION {
            return Err(malformed("its hash function is not sha512"));
        }
        let mut inner = WireReader(signature);
        let format = inner.string().ok_or_else(cut_short)?;
        let signature = inner.string().ok_or_else(cut_short)?;
        if !inner.is_finished() || !reader.is_finished() {
            return Err(malformed("it has bytes to spare"));
        }
        Ok(Self {
            key,
            format,
            signature,
        })
    }

    fn to_armor(&self) -> String {
        let mut inner = Vec::new();
        push_string(&mut inner, self.format);
        push_string(&mut inner, self.signature);
        let mut wire = MAGIC.to_vec();
        wire.extend(1_u32.to_be_bytes());
        for string in [self.key, NAMESPACE, b"", HASH_FUNCTION, &inner[..]] {
            push_string(&mut wire, string);
        }
        pem::encode(ARMOR, &wire)
    }

    fn is_over(&self, message: &[u8], key: &PublicKey) -> bool {
        let name = ssh_key::type_name(key.key_type());
        let verified = match key.key_type() {
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => match self.format {
                b"rsa-sha2-256" => {
                    let digest = Sha256::digest(message);
                    key.verify_digest(HashAlgorithm::Sha2256, &digest, self.signature)
                }
                b"rsa-sha2-512" => {
                    let digest = Sha512::digest(message);
                    key.verify_digest(HashAlgorithm::Sha2512, &digest, self.signature)
                }
                _ => return false,
            },
            _ if self.format != name.as_bytes() => return false,
            KeyType::Ed25519 => key.verify_message(message, self.signature),
            _ => match ecdsa_signature(self.signature) {
                Some(der) => key.verify_message(message, &der),
                None => return false,
            },
        };
        verified.is_ok()
    }
}

/// In DER, from r and s one after the other (RFC 5656, section 3.1.2).
fn ecdsa_signature(wire: &[u8]) -> Option<Vec<u8>> {
    let mut reader = WireReader(wire);
    let (r, s) = (reader.positive()?, reader.positive()?);
    reader
        .is_finished()
        .then(|| raw_key::sequence_of(r, s).ok())?
}

fn read_armor(content: &[u8]) -> Result<Vec<u8>, V1Reject> {
    let block = std::str::from_utf8(content).ok().and_then(PemBlock::first);
    match block {
        Some((block, _)) if block.label == ARMOR => Ok(block.bytes),
        _ => Err(malformed("there is no SSH SIGNATURE block")),
    }
}

fn malformed(reason: &str) -> V1Reject {
    V1Reject::MalformedSignature {
        format: PublicKeyFormat::Ssh,
        reason: reason.to_owned(),
    }
}

const ARMOR: &str = "SSH SIGNATURE";
const MAGIC: &[u8] = b"SSHSIG";
const NAMESPACE: &[u8] = b"file";
const HASH_FUNCTION: &[u8] = b"sha512";
