//! What several parts of a time stamp are read with.

use aws_lc_rs::digest;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::TagNumber;
use der::asn1::AnyRef;
use der::asn1::ObjectIdentifier;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::artifact::hash_function;
use crate::verify::timestamp::fault::TimestampFault;

/// The constructed tag `[number]`.
pub(crate) fn context(number: u32) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    }
}

/// The next value with its header, if its tag is `tag`.
pub(crate) fn optional<'a>(
    reader: &mut SliceReader<'a>,
    tag: Tag,
) -> Result<Option<&'a [u8]>, der::Error> {
    if reader.is_finished() || Tag::peek(reader)? != tag {
        return Ok(None);
    }
    reader.tlv_bytes().map(Some)
}

/// AlgorithmIdentifier: its name. Parameters have to be absent or NULL.
pub(crate) fn algorithm(reader: &mut SliceReader<'_>) -> Result<ObjectIdentifier, der::Error> {
    reader.sequence(|algorithm| {
        let identifier = algorithm.decode()?;
        if !algorithm.is_finished() {
            algorithm
                .decode::<AnyRef<'_>>()?
                .decode_as::<der::asn1::Null>()?;
        }
        Ok::<_, der::Error>(identifier)
    })
}

/// The hash function with this name.
pub(crate) fn hash_algorithm(
    identifier: ObjectIdentifier,
) -> Result<HashAlgorithm, TimestampFault> {
    match identifier {
        SHA256 => Ok(HashAlgorithm::Sha2256),
        SHA384 => Ok(HashAlgorithm::Sha2384),
        SHA512 => Ok(HashAlgorithm::Sha2512),
        _ => Err(TimestampFault::Unusable(
            "its hash function is not SHA-256, SHA-384 or SHA-512",
        )),
    }
}

/// The hash of `bytes`.
pub(crate) fn hash(algorithm: HashAlgorithm, bytes: &[u8]) -> Vec<u8> {
    let function = hash_function(algorithm).unwrap_or(&digest::SHA256);
    digest::digest(function, bytes).as_ref().to_vec()
}

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
