//! Private keys behind a password: cosign's, and PKCS#8's (RFC 5958, PBES2 of RFC 8018).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::SecretDocument;
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use salsa20::XSalsa20;
use salsa20::cipher::KeyIvInit;
use salsa20::cipher::StreamCipher;
use serde::Deserialize;
use zeroize::Zeroizing;

/// The labels of cosign's keys, of version 2 and later, and before.
const COSIGN: [&str; 2] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED COSIGN PRIVATE KEY",
];

/// The label of encrypted PKCS#8.
const PKCS8: &str = "ENCRYPTED PRIVATE KEY";

/// How much memory a key file may ask for, in bytes: scrypt takes 128 N r. Cosign writes 64 MiB.
const MAX_SCRYPT_BYTES: u64 = 1 << 30;

/// How often a key file may ask for that work over again. Cosign writes 1.
const MAX_SCRYPT_RUNS: u32 = 16;

const NONCE_BYTES: usize = 24;

const TAG_BYTES: usize = 16;

/// Why a private key that is behind a password was not had.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EncryptedKeyError {
    /// The password, or the file, is another one.
    #[error("the password is not that of this key")]
    Password,
    /// Encrypted in a way that nothing here reads.
    #[error(
        "it is encrypted in a way that is not read here; write it anew with `openssl pkcs8 -topk8`"
    )]
    Method,
    /// The file is not what its label says.
    #[error("it is damaged")]
    Damaged,
}

/// Whether a block with this label holds a private key behind a password.
pub(crate) fn is_encrypted(label: &str) -> bool {
    label == PKCS8 || COSIGN.contains(&label)
}

/// The PKCS#8 document that the block with this label holds.
pub(crate) fn decrypt(
    label: &str,
    block: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EncryptedKeyError> {
    if COSIGN.contains(&label) {
        return decrypt_cosign(block, password);
    }
    let info = EncryptedPrivateKeyInfoRef::try_from(block);
    let info = info.map_err(|_| EncryptedKeyError::Method)?;
    let document: SecretDocument = info.decrypt(password).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) => {
            EncryptedKeyError::Password
        }
        _ => EncryptedKeyError::Method,
    })?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

/// What cosign keeps in the block, as JSON (go-securesystemslib, `encrypted`).
#[derive(Deserialize)]
struct Sealed {
    kdf: KeyDerivation,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct KeyDerivation {
    name: String,
    params: ScryptParams,
    salt: String,
}

#[derive(Deserialize)]
struct ScryptParams {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

fn decrypt_cosign(block: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, EncryptedKeyError> {
    use EncryptedKeyError::Damaged;
    let sealed: Sealed = serde_json::from_slice(block).map_err(|_| Damaged)?;
    let bytes = |text: &str| STANDARD.decode(text).map_err(|_| Damaged);
    if (sealed.kdf.name.as_str(), sealed.cipher.name.as_str()) != ("scrypt", "nacl/secretbox") {
        return Err(EncryptedKeyError::Method);
    }
    let nonce = bytes(&sealed.cipher.nonce)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| Damaged)?;
    let mut key = Zeroizing::new([0; 32]);
    let params = sealed.kdf.params.checked()?;
    let salt = bytes(&sealed.kdf.salt)?;
    scrypt::scrypt(password, &salt, &params, key.as_mut_slice()).map_err(|_| Damaged)?;
    open_secretbox(&key, &nonce, &bytes(&sealed.ciphertext)?)
}

impl ScryptParams {
    /// The same for the library, if it is work that a key file may ask for.
    fn checked(&self) -> Result<scrypt::Params, EncryptedKeyError> {
        let memory = self.n.saturating_mul(self.r.into()).saturating_mul(128);
        if !self.n.is_power_of_two() || memory > MAX_SCRYPT_BYTES || self.p > MAX_SCRYPT_RUNS {
            return Err(EncryptedKeyError::Method);
        }
        let log_n = u8::try_from(self.n.trailing_zeros()).unwrap_or(u8::MAX);
        scrypt::Params::new(log_n, self.r, self.p).map_err(|_| EncryptedKeyError::Method)
    }
}

/// Opens a box of NaCl: XSalsa20 with Poly1305, whose key is the first 32 bytes of the stream.
fn open_secretbox(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EncryptedKeyError> {
    let (tag, text) = sealed
        .split_at_checked(TAG_BYTES)
        .ok_or(EncryptedKeyError::Damaged)?;
    let mut stream = XSalsa20::new(key.into(), nonce.into());
    let mut tag_key = Zeroizing::new([0; 32]);
    stream.apply_keystream(tag_key.as_mut_slice());
    let expected = Poly1305::new((&*tag_key).into()).compute_unpadded(text);
    // Whoever could measure this has the file and tries passwords against it at home.
    if expected.as_slice() != tag {
        return Err(EncryptedKeyError::Password);
    }
    let mut opened = Zeroizing::new(text.to_vec());
    stream.apply_keystream(&mut opened);
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use der::pem::LineEnding;
    use ledgerstone_entry::key::KeyType;

    use super::*;
    use crate::submit::signing_key::SigningKey;
    use crate::submit::signing_key::SigningKeyError;

    /// What `cosign generate-key-pair` of cosign 3.1.2 wrote, behind `correct horse`.
    const COSIGN_KEY: &str = "\
-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n\
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6\n\
OCwicCI6MX0sInNhbHQiOiJ0SnBuVHNxM25BcW9Sc1JvUE1jc0g0M1E0cmlpQVZa\n\
bXptL2pHdWdNSUlvPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94\n\
Iiwibm9uY2UiOiJxWitKWjlQaE1EZUpVejZGM2s0ODl5Z0Z0UWJFd2FGNyJ9LCJj\n\
aXBoZXJ0ZXh0IjoibGJmdmVIZ2lmbHRZM2hOS1NqV2VJTWJFdk5rR08wWWR6NEt1\n\
VkJVOXJVU0VGamh2cGQ3dlRsczBjOEdpSEZPVkZPNDYyeHBHYVUza1pnUWl1RzJH\n\
cG1UNXgvZkpwOFNKcU1tNEtGNDR4dm00WDQ3ZWg1enJlSko0Rko2U0RBZHhCMjNB\n\
N0dKUUhHbFF2RDkzNWtmQXJjd0dtd20rRmEvdkJrZnZRYUYvQjkyUWN5UEEzemVE\n\
RTVkQmZDQkJiVEVpT2d4cmZNS2lieTdNWFE9PSJ9\n\
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";

    /// Its other half.
    const COSIGN_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfNU14UI1Kd1HEVaohkUTY57UcuDP\n\
t/DSwyuNINpNqTurfOZMcBKpz7hGzvp4c0Mm2Qp3tiUkz+wssWgTrfSY0w==\n\
-----END PUBLIC KEY-----\n";

    /// What `openssl pkcs8 -topk8` of OpenSSL 3.0 wrote, behind `secret`.
    const ENCRYPTED_PKCS8: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhXsCsZMZz4/QICCAAw\n\
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECqH54CgUCsd+INysALI16MEQKpT\n\
0w/kqJtW1DRatWe42rDR599GigaBNqlzuAX7YbraN24LJMvQ7/XeC/kwAsHyH0Ax\n\
qJyyciqCJ8t5m2qQvDk=\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

    #[test]
    fn a_key_of_cosign_is_read_with_its_password() {
        let key = SigningKey::from_encrypted_pem(COSIGN_KEY, b"correct horse").unwrap();
        assert_eq!(key.public_pem(), COSIGN_PUBLIC);
        assert!(matches!(
            SigningKey::from_pem(COSIGN_KEY),
            Err(SigningKeyError::PasswordNeeded)
        ));
    }

    #[test]
    fn an_encrypted_pkcs8_key_is_read_with_its_password() {
        let key = SigningKey::from_encrypted_pem(ENCRYPTED_PKCS8, b"secret").unwrap();
        assert_eq!(key.public().key_type(), KeyType::Ed25519);
    }

    #[test]
    fn another_password_or_a_hostile_file_is_refused() {
        let refused =
            |pem: &str, password: &[u8]| match SigningKey::from_encrypted_pem(pem, password) {
                Err(SigningKeyError::Encrypted(reason)) => reason,
                other => panic!("{other:?}"),
            };
        assert_eq!(refused(COSIGN_KEY, b"other"), EncryptedKeyError::Password);
        assert_eq!(
            refused(ENCRYPTED_PKCS8, b"other"),
            EncryptedKeyError::Password
        );
        let sealed = |n: u64, cipher: &str, text: &str| {
            let json = format!(
                r#"{{"kdf":{{"name":"scrypt","params":{{"N":{n},"r":8,"p":1}},"salt":"AA=="}},
                    "cipher":{{"name":"{cipher}","nonce":"{}"}},"ciphertext":"{text}"}}"#,
                "A".repeat(32)
            );
            pem("ENCRYPTED SIGSTORE PRIVATE KEY", json.as_bytes())
        };
        let no_power = sealed(3, "nacl/secretbox", "AA==");
        let too_much = sealed(1 << 40, "nacl/secretbox", "AA==");
        let another = sealed(16, "rot13", "AA==");
        for pem in [no_power, too_much, another] {
            assert_eq!(refused(&pem, b""), EncryptedKeyError::Method);
        }
        let short = sealed(16, "nacl/secretbox", "AA==");
        assert_eq!(refused(&short, b""), EncryptedKeyError::Damaged);
        let no_json = pem("ENCRYPTED COSIGN PRIVATE KEY", b"{");
        assert_eq!(refused(&no_json, b""), EncryptedKeyError::Damaged);
    }

    fn pem(label: &str, content: &[u8]) -> String {
        der::pem::encode_string(label, LineEnding::LF, content).unwrap()
    }
}
