//! What was signed: a file, bytes, or only a digest of it.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use aws_lc_rs::digest;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

/// What a signature is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Artifact {
    /// A file, of any size: it is hashed in pieces.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// A digest, where the artifact itself is not at hand.
    Digest(ArtifactDigest),
}

impl Artifact {
    /// The digest by `algorithm`.
    ///
    /// # Errors
    /// When the file cannot be read, or only a digest by another hash function is known.
    pub fn digest(&self, algorithm: HashAlgorithm) -> Result<ArtifactDigest, ArtifactError> {
        match self {
            Self::File(path) => {
                let read = |path: &Path| hash_reader(algorithm, File::open(path)?);
                let bytes = read(path).map_err(|source| ArtifactError::Io {
                    path: path.clone(),
                    source,
                })?;
                ArtifactDigest::new(algorithm, bytes)
            }
            Self::Bytes(bytes) => {
                let function = hash_function(algorithm).ok_or(ArtifactError::Unsupported)?;
                ArtifactDigest::new(algorithm, digest::digest(function, bytes).as_ref().to_vec())
            }
            Self::Digest(digest) if digest.algorithm == algorithm => Ok(digest.clone()),
            Self::Digest(digest) => Err(ArtifactError::OtherAlgorithm {
                needed: name(algorithm),
                given: name(digest.algorithm),
            }),
        }
    }
}

/// The digest of an artifact, as long as its hash function makes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ArtifactDigest {
    algorithm: HashAlgorithm,
    bytes: Vec<u8>,
}

impl ArtifactDigest {
    /// The digest `bytes` by `algorithm`.
    ///
    /// # Errors
    /// When the hash function is not one of SHA-2, or makes digests of another length.
    pub fn new(algorithm: HashAlgorithm, bytes: Vec<u8>) -> Result<Self, ArtifactError> {
        let function = hash_function(algorithm).ok_or(ArtifactError::Unsupported)?;
        let expected = function.output_len();
        if bytes.len() != expected {
            return Err(ArtifactError::Length {
                expected,
                actual: bytes.len(),
            });
        }
        Ok(Self { algorithm, bytes })
    }

    /// The digest in `text`: `sha256:`, `sha384:` or `sha512:` and hexadecimal digits.
    ///
    /// # Errors
    /// When the text is not of that form.
    pub fn parse(text: &str) -> Result<Self, ArtifactError> {
        let (name, digits) = text.split_once(':').ok_or(ArtifactError::Form)?;
        let algorithm = match name {
            "sha256" => HashAlgorithm::Sha2256,
            "sha384" => HashAlgorithm::Sha2384,
            "sha512" => HashAlgorithm::Sha2512,
            _ => return Err(ArtifactError::Unsupported),
        };
        Self::new(
            algorithm,
            hex::decode(digits).map_err(|_| ArtifactError::Form)?,
        )
    }

    /// The hash function.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The digest.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `sha256:` and hexadecimal digits, or the same by another hash function.
impl std::fmt::Display for ArtifactDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", name(self.algorithm), hex::encode(&self.bytes))
    }
}

/// Why an artifact has no digest of the kind that is needed.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Not `sha256:<hex>` or the like.
    #[error("a digest is written sha256:<hex>, sha384:<hex> or sha512:<hex>")]
    Form,
    /// The hash function is not one of SHA-2.
    #[error("only sha256, sha384 and sha512 digests can be used")]
    Unsupported,
    /// The digest has another length than the hash function gives.
    #[error("the digest has {actual} bytes instead of {expected}")]
    Length {
        /// What the hash function gives.
        expected: usize,
        /// What was given.
        actual: usize,
    },
    /// There is none.
    #[error("the file that was signed is needed")]
    Missing,
    /// Only a digest is known, and the signature is over the artifact itself.
    #[error("the signature is over the file itself: give the file, not its digest")]
    DigestOnly,
    /// Only a digest is known, and it is by another hash function.
    #[error(
        "a {needed} digest of the artifact is needed, but a {given} one was given; give the \
         artifact itself"
    )]
    OtherAlgorithm {
        /// The hash function that the key goes with.
        needed: &'static str,
        /// The one of the given digest.
        given: &'static str,
    },
}

const READ_BYTES: usize = 64 << 10;

fn hash_reader(algorithm: HashAlgorithm, mut reader: impl Read) -> io::Result<Vec<u8>> {
    let function = hash_function(algorithm).ok_or(io::ErrorKind::Unsupported)?;
    let mut context = digest::Context::new(function);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(context.finish().as_ref().to_vec()),
            length => context.update(&buffer[..length]),
        }
    }
}

pub(crate) fn hash_function(algorithm: HashAlgorithm) -> Option<&'static digest::Algorithm> {
    match algorithm {
        HashAlgorithm::Sha2256 => Some(&digest::SHA256),
        HashAlgorithm::Sha2384 => Some(&digest::SHA384),
        HashAlgorithm::Sha2512 => Some(&digest::SHA512),
        _ => None,
    }
}

fn name(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Sha2256 => "sha256",
        HashAlgorithm::Sha2384 => "sha384",
        HashAlgorithm::Sha2512 => "sha512",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_bytes_and_digests_agree() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("artifact");
        let bytes = vec![7; 3 * READ_BYTES + 1];
        std::fs::write(&path, &bytes).unwrap();
        for algorithm in [
            HashAlgorithm::Sha2256,
            HashAlgorithm::Sha2384,
            HashAlgorithm::Sha2512,
        ] {
            let digest = Artifact::Bytes(bytes.clone()).digest(algorithm).unwrap();
            assert_eq!(
                Artifact::File(path.clone()).digest(algorithm).unwrap(),
                digest
            );
            assert_eq!(ArtifactDigest::parse(&digest.to_string()).unwrap(), digest);
            assert_eq!(
                Artifact::Digest(digest.clone()).digest(algorithm).unwrap(),
                digest
            );
        }
        let empty = Artifact::Bytes(Vec::new())
            .digest(HashAlgorithm::Sha2256)
            .unwrap();
        assert_eq!(
            empty.to_string(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn unusable_digests_are_refused() {
        assert!(matches!(
            ArtifactDigest::parse("abc"),
            Err(ArtifactError::Form)
        ));
        assert!(matches!(
            ArtifactDigest::parse("sha256:xyz"),
            Err(ArtifactError::Form)
        ));
        assert!(matches!(
            ArtifactDigest::parse("md5:00"),
            Err(ArtifactError::Unsupported)
        ));
        assert!(matches!(
            ArtifactDigest::parse("sha256:00"),
            Err(ArtifactError::Length {
                expected: 32,
                actual: 1
            })
        ));
        let digest = ArtifactDigest::new(HashAlgorithm::Sha2256, vec![0; 32]).unwrap();
        let other = Artifact::Digest(digest).digest(HashAlgorithm::Sha2512);
        assert!(matches!(other, Err(ArtifactError::OtherAlgorithm { .. })));
        let missing = Artifact::File("/nonexistent/artifact".into()).digest(HashAlgorithm::Sha2256);
        assert!(matches!(missing, Err(ArtifactError::Io { .. })));
    }
}
