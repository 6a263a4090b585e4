//! The signer's private key: read from PEM or made on the spot, used over digests.

use std::fmt;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use zeroize::Zeroizing;

use crate::artifact::ArtifactDigest;
use crate::artifact::hash_function;
use crate::submit::encrypted_key::EncryptedKeyError;
use crate::submit::encrypted_key::decrypt;
use crate::submit::encrypted_key::is_encrypted;
use crate::submit::key_pair::FinishedSha512;
use crate::submit::key_pair::Pair;
use crate::submit::key_pair::ecdsa_pair;
use crate::submit::key_pair::pkcs8_pair;
use crate::verifier_pem::public_key_pem;
use ledgerstone_entry::pem::wrapped;

/// A private key that makes signatures which a log accepts: ECDSA on P-256, P-384 or P-521, RSA of
/// 2048, 3072 or 4096 bits, or Ed25519 (as Ed25519ph).
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

impl SigningKey {
    /// A new ECDSA P-256 key, which exists nowhere but here.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn generate() -> Result<Self, SigningKeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map_err(|_| SigningKeyError::Generate)?;
        Self::new(Pair::Ecdsa(pair))
    }

    /// The first private key in `pem`: PKCS#8 (`PRIVATE KEY`), SEC 1 (`EC PRIVATE KEY`) or PKCS#1
    /// (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// When there is none, or one that is encrypted or of a type that no log accepts.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let pem = wrapped(pem);
        let block = first_private_key(&pem).ok_or(SigningKeyError::NoKey)?;
        if block.contains("\nProc-Type: 4,ENCRYPTED") {
            return Err(SigningKeyError::OldEncryption);
        }
        let (label, document) = read_block(block)?;
        let der = document.as_slice();
        let pair = match label {
            "PRIVATE KEY" => pkcs8_pair(der),
            "EC PRIVATE KEY" => {
                ecdsa_pair(|algorithm| EcdsaKeyPair::from_private_key_der(algorithm, der).ok())
            }
            "RSA PRIVATE KEY" => rsa::KeyPair::from_der(der).ok().map(Pair::Rsa),
            label if is_encrypted(label) => return Err(SigningKeyError::PasswordNeeded),
            "OPENSSH PRIVATE KEY" => return Err(SigningKeyError::OpenSsh),
            _ => return Err(SigningKeyError::Label(label.to_owned())),
        };
        Self::new(pair.ok_or(SigningKeyError::Type)?)
    }

    /// The first private key in `pem`, which is behind a password: cosign's, or PKCS#8
    /// (`ENCRYPTED PRIVATE KEY`).
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem), and when the password is another one.
    pub fn from_encrypted_pem(pem: &str, password: &[u8]) -> Result<Self, SigningKeyError> {
        let pem = wrapped(pem);
        let block = first_private_key(&pem).ok_or(SigningKeyError::NoKey)?;
        let (label, document) = read_block(block)?;
        if !is_encrypted(label) {
            return Self::from_pem(block);
        }
        let der = decrypt(label, &document, password).map_err(SigningKeyError::Encrypted)?;
        Self::new(pkcs8_pair(&der).ok_or(SigningKeyError::Type)?)
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The public half as it is submitted.
    pub fn material(&self) -> VerifierMaterial {
        VerifierMaterial::PublicKey(self.public.spki_der().to_vec().into())
    }

    /// The public half as PEM, for verifiers.
    pub fn public_pem(&self) -> String {
        public_key_pem(self.public.spki_der())
    }

    /// The hash function that goes before the key's signature.
    pub fn hash_algorithm(&self) -> HashAlgorithm {
        self.public
            .default_algorithm()
            .hash_algorithm()
            .unwrap_or(HashAlgorithm::Sha2256)
    }

    /// Signs `digest`, which must be by [`hash_algorithm`](Self::hash_algorithm).
    ///
    /// # Errors
    /// When it is by another hash function, or signing fails.
    pub fn sign(&self, digest: &ArtifactDigest) -> Result<Vec<u8>, SigningKeyError> {
        let function = hash_function(self.hash_algorithm()).ok_or(SigningKeyError::Sign)?;
        if digest.algorithm() != self.hash_algorithm() {
            return Err(SigningKeyError::Digest);
        }
        let imported = || Digest::import_less_safe(digest.bytes(), function);
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = imported().and_then(|digest| pair.sign_digest(&digest));
                signature
                    .map(|signature| signature.as_ref().to_vec())
                    .map_err(|_| SigningKeyError::Sign)
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                imported()
                    .and_then(|digest| pair.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature))
                    .map_err(|_| SigningKeyError::Sign)?;
                Ok(signature)
            }
            Pair::Ed25519(key) => {
                let finished = FinishedSha512(
                    digest
                        .bytes()
                        .try_into()
                        .map_err(|_| SigningKeyError::Digest)?,
                );
                let signature = key
                    .sign_prehashed(finished, None)
                    .map_err(|_| SigningKeyError::Sign)?;
                Ok(signature.to_bytes().to_vec())
            }
        }
    }

    fn new(pair: Pair) -> Result<Self, SigningKeyError> {
        let spki = pair.public_key_der().ok_or(SigningKeyError::Type)?;
        Ok(Self {
            pair,
            public: PublicKey::from_spki_der(&spki).map_err(SigningKeyError::Public)?,
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("type", &self.public.key_type())
            .finish_non_exhaustive()
    }
}

/// Why there is no private key, or no signature by it.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// No block with a private key.
    #[error("there is no PEM block with a private key")]
    NoKey,
    /// The block is damaged.
    #[error("the private key is not PEM: {0}")]
    Pem(#[source] der::Error),
    /// The block holds something that is not read.
    #[error("{0:?} blocks cannot be read; give a PKCS#8 key (PRIVATE KEY)")]
    Label(String),
    /// The key is behind a password.
    #[error("the private key is encrypted, and its password is needed")]
    PasswordNeeded,
    /// The key is behind a password, and did not come out.
    #[error("the private key is encrypted: {0}")]
    Encrypted(#[source] EncryptedKeyError),
    /// The key is encrypted as OpenSSL did before PKCS#8, over a hash that is easily guessed.
    #[error(
        "the private key is encrypted in OpenSSL's old way; write it anew with \
         `openssl pkcs8 -topk8 -in KEY -out KEY.pkcs8.pem`"
    )]
    OldEncryption,
    /// The key is in the form of OpenSSH.
    #[error(
        "the private key is one of OpenSSH; write a copy of it as PKCS#8 with \
         `ssh-keygen -p -m PKCS8 -f COPY`"
    )]
    OpenSsh,
    /// The key is of another type, or damaged, or too short.
    #[error(
        "the private key cannot be used; give ECDSA P-256, P-384 or P-521, RSA of 2048, 3072 or \
         4096 bits, or Ed25519"
    )]
    Type,
    /// The public half is none that a log accepts, such as RSA of another size.
    #[error("no log accepts this key: {0}")]
    Public(#[source] PublicKeyError),
    /// No key could be made.
    #[error("a new key could not be made")]
    Generate,
    /// The digest does not go with the key.
    #[error("the digest is by another hash function than the key signs")]
    Digest,
    /// The signature could not be made.
    #[error("the signature could not be made")]
    Sign,
}

/// The label of a block, and what is in it.
fn read_block(block: &str) -> Result<(&str, Zeroizing<Vec<u8>>), SigningKeyError> {
    // Not read as DER: cosign keeps JSON in it.
    let (label, bytes) = der::pem::decode_vec(block.as_bytes())
        .map_err(|error| SigningKeyError::Pem(error.into()))?;
    Ok((label, Zeroizing::new(bytes)))
}

/// Tools write parameters or certificates into the same file.
fn first_private_key(pem: &str) -> Option<&str> {
    const BEGIN: &str = "-----BEGIN ";
    pem.match_indices(BEGIN)
        .map(|(start, _)| &pem[start..])
        .find_map(|block| {
            let label = block[BEGIN.len()..].split("-----").next()?;
            let end = format!("-----END {label}-----");
            let length = block.find(&end)? + end.len();
            label.ends_with("PRIVATE KEY").then(|| &block[..length])
        })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1_SIGNING;
    use aws_lc_rs::signature::ECDSA_P521_SHA512_ASN1_SIGNING;
    use aws_lc_rs::signature::EcdsaSigningAlgorithm;
    use der::pem::LineEnding;
    use ed25519_dalek::pkcs8::EncodePrivateKey;
    use ledgerstone_entry::key::KeyType;

    use super::*;
    use crate::artifact::Artifact;

    fn pem(label: &str, der: &[u8]) -> String {
        der::pem::encode_string(label, LineEnding::LF, der).unwrap()
    }

    fn ecdsa_pkcs8(algorithm: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
        EcdsaKeyPair::generate(algorithm)
            .unwrap()
            .to_pkcs8v1()
            .unwrap()
            .as_ref()
            .to_vec()
    }

    fn rsa_pkcs8(size: rsa::KeySize) -> Vec<u8> {
        use aws_lc_rs::encoding::Pkcs8V1Der;
        let pair = rsa::KeyPair::generate(size).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        der.as_ref().to_vec()
    }

    fn check(pem: &str, expected: KeyType) {
        let key = SigningKey::from_pem(pem).unwrap();
        assert_eq!(key.public().key_type(), expected);
        let digest = Artifact::Bytes(b"artifact".to_vec())
            .digest(key.hash_algorithm())
            .unwrap();
        let signature = key.sign(&digest).unwrap();
        let public = PublicKey::from_pem(&key.public_pem()).unwrap();
        public.verify_prehashed(digest.bytes(), &signature).unwrap();
        let other = Artifact::Bytes(b"another".to_vec())
            .digest(key.hash_algorithm())
            .unwrap();
        assert!(public.verify_prehashed(other.bytes(), &signature).is_err());
    }

    #[test]
    fn every_type_of_key_signs_what_verifies() {
        check(
            &pem("PRIVATE KEY", &ecdsa_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING)),
            KeyType::EcdsaP256,
        );
        check(
            &pem("PRIVATE KEY", &ecdsa_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING)),
            KeyType::EcdsaP384,
        );
        check(
            &pem("PRIVATE KEY", &ecdsa_pkcs8(&ECDSA_P521_SHA512_ASN1_SIGNING)),
            KeyType::EcdsaP521,
        );
        check(
            &pem("PRIVATE KEY", &rsa_pkcs8(rsa::KeySize::Rsa2048)),
            KeyType::Rsa2048,
        );
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[7; 32])
            .to_pkcs8_der()
            .unwrap();
        check(&pem("PRIVATE KEY", ed25519.as_bytes()), KeyType::Ed25519);
    }

    #[test]
    fn the_older_forms_of_keys_are_read() {
        use aws_lc_rs::encoding::EcPrivateKeyRfc5915Der;
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
        let sec1 = pem("EC PRIVATE KEY", sec1.as_ref());
        check(&sec1, KeyType::EcdsaP384);
        let parameters = pem("EC PARAMETERS", &[6, 5, 43, 129, 4, 0, 34]);
        check(&format!("{parameters}{sec1}"), KeyType::EcdsaP384);
    }

    #[test]
    fn a_key_in_one_long_line_is_read() {
        let pem = pem("PRIVATE KEY", &ecdsa_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING));
        let lines: Vec<_> = pem.lines().collect();
        let [begin, digits @ .., end] = &lines[..] else {
            panic!("{pem}")
        };
        let line = format!("{begin}\n{}\n{end}\n", digits.concat());
        check(&line, KeyType::EcdsaP256);
    }

    #[test]
    fn a_generated_key_is_p256() {
        assert_eq!(
            SigningKey::generate().unwrap().public().key_type(),
            KeyType::EcdsaP256
        );
    }

    #[test]
    fn unusable_keys_are_refused() {
        let read = |pem: &str| SigningKey::from_pem(pem).unwrap_err();
        assert!(matches!(read("hello"), SigningKeyError::NoKey));
        assert!(matches!(
            read(&pem("PUBLIC KEY", &[48, 0])),
            SigningKeyError::NoKey
        ));
        assert!(matches!(
            read(&pem("ENCRYPTED PRIVATE KEY", &[48, 0])),
            SigningKeyError::PasswordNeeded
        ));
        assert!(matches!(
            read(&pem("DSA PRIVATE KEY", &[48, 0])),
            SigningKeyError::Label(_)
        ));
        assert!(matches!(
            read(&pem("OPENSSH PRIVATE KEY", &[48, 0])),
            SigningKeyError::OpenSsh
        ));
        assert!(matches!(
            read(
                "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                 DEK-Info: AES-256-CBC,00\n\nMAA=\n-----END EC PRIVATE KEY-----\n"
            ),
            SigningKeyError::OldEncryption
        ));
        assert!(matches!(
            read(&pem("PRIVATE KEY", &[48, 0])),
            SigningKeyError::Type
        ));
        assert!(matches!(
            read("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----\n"),
            SigningKeyError::Pem(_)
        ));
    }

    #[test]
    fn a_digest_by_another_hash_function_is_not_signed() {
        let digest = Artifact::Bytes(Vec::new())
            .digest(HashAlgorithm::Sha2512)
            .unwrap();
        let key = SigningKey::generate().unwrap();
        assert!(matches!(key.sign(&digest), Err(SigningKeyError::Digest)));
    }
}
