//! A hash as bodies of Rekor v2 hold it.

use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::HashOutput;

use crate::body_error::BodyError;
use crate::hash_function::digest_length;

/// The hash function and the hash, which is as long as that makes it.
pub(crate) fn read(hash: Option<HashOutput>) -> Result<(HashAlgorithm, Bytes), BodyError> {
    let hash = hash.ok_or(BodyError::Missing("digest"))?;
    let algorithm = HashAlgorithm::try_from(hash.algorithm)
        .map_err(|_| BodyError::Undefined("hash function"))?;
    let expected = digest_length(algorithm).ok_or(BodyError::Undefined("hash function"))?;
    let actual = hash.digest.len();
    if actual != expected {
        return Err(BodyError::DigestLength { expected, actual });
    }
    Ok((algorithm, hash.digest))
}
