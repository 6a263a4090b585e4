//! The message that a time stamp is in: a reply of RFC 3161, section 2.4.2, or the token alone,
//! which is SignedData (RFC 5652, section 5.1).

use der::Decode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::Tagged;
use der::asn1::AnyRef;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetStringRef;

use crate::verify::timestamp::fault::MAX_TIMESTAMP_BYTES;
use crate::verify::timestamp::fault::TimestampFault;
use crate::verify::timestamp::reader::context;
use crate::verify::timestamp::reader::optional;
use crate::verify::timestamp::signer_info::SignerInfo;

/// The most certificates that a time stamp may carry.
const MAX_EMBEDDED: usize = 8;

/// A time stamp, as it was signed.
pub(crate) struct SignedTimestamp<'a> {
    /// TSTInfo, DER.
    pub(crate) info: &'a [u8],
    /// Certificates that it carries, DER. Nobody vouches for them.
    pub(crate) certificates: Vec<&'a [u8]>,
    pub(crate) signer: SignerInfo<'a>,
}

impl<'a> SignedTimestamp<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, TimestampFault> {
        if der.len() > MAX_TIMESTAMP_BYTES {
            return Err(TimestampFault::TooLong);
        }
        let whole = AnyRef::from_der(der)?;
        whole.tag().assert_eq(Tag::Sequence)?;
        let mut reader = SliceReader::new(whole.value())?;
        if Tag::peek(&reader)? == Tag::ObjectIdentifier {
            return read_token(reader);
        }
        let status = reader.decode::<AnyRef<'a>>()?;
        let status = SliceReader::new(status.value())?.decode::<u8>()?;
        if !matches!(status, GRANTED | GRANTED_WITH_MODS) {
            return Err(TimestampFault::Refused(status));
        }
        let token = reader.decode::<AnyRef<'a>>()?;
        reader.finish()?;
        read_token(SliceReader::new(token.value())?)
    }
}

/// The members of a ContentInfo.
fn read_token<'a>(mut reader: SliceReader<'a>) -> Result<SignedTimestamp<'a>, TimestampFault> {
    if reader.decode::<ObjectIdentifier>()? != SIGNED_DATA {
        return Err(TimestampFault::Unusable("it is not signed data"));
    }
    let content = explicit(&mut reader)?;
    reader.finish()?;
    content.tag().assert_eq(Tag::Sequence)?;
    let mut reader = SliceReader::new(content.value())?;
    // Version and digest algorithms: the signer has its own.
    reader.tlv_bytes()?;
    reader.tlv_bytes()?;
    let info = read_content(&mut reader)?;
    let certificates = match optional(&mut reader, context(0))? {
        Some(list) => read_certificates(list)?,
        None => Vec::new(),
    };
    // Revocation lists.
    optional(&mut reader, context(1))?;
    let signers = reader.decode::<AnyRef<'a>>()?;
    signers.tag().assert_eq(Tag::Set)?;
    reader.finish()?;
    let mut signers = SliceReader::new(signers.value())?;
    let signer = SignerInfo::read(&mut signers)?;
    if !signers.is_finished() {
        return Err(TimestampFault::Unusable("it has more than one signer"));
    }
    Ok(SignedTimestamp {
        info,
        certificates,
        signer,
    })
}

/// EncapsulatedContentInfo: the bytes of the TSTInfo.
fn read_content<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], TimestampFault> {
    let content = reader.decode::<AnyRef<'a>>()?;
    let mut content = SliceReader::new(content.value())?;
    if content.decode::<ObjectIdentifier>()? != TIMESTAMP_INFO {
        return Err(TimestampFault::Unusable("what is signed is not a time"));
    }
    let wrapped = explicit(&mut content)?;
    content.finish()?;
    Ok(wrapped.decode_as::<&OctetStringRef>()?.as_bytes())
}

/// The value in `[0] EXPLICIT`.
fn explicit<'a>(reader: &mut SliceReader<'a>) -> Result<AnyRef<'a>, der::Error> {
    let wrapped = reader.decode::<AnyRef<'a>>()?;
    wrapped.tag().assert_eq(context(0))?;
    AnyRef::from_der(wrapped.value())
}

/// CertificateSet. Other forms than X.509 certificates are passed over.
fn read_certificates(list: &[u8]) -> Result<Vec<&[u8]>, TimestampFault> {
    let list = AnyRef::from_der(list)?;
    let mut reader = SliceReader::new(list.value())?;
    let mut certificates = Vec::new();
    while !reader.is_finished() {
        if certificates.len() == MAX_EMBEDDED {
            return Err(TimestampFault::Unusable("it carries too many certificates"));
        }
        let is_certificate = Tag::peek(&reader)? == Tag::Sequence;
        let bytes = reader.tlv_bytes()?;
        if is_certificate {
            certificates.push(bytes);
        }
    }
    Ok(certificates)
}

const GRANTED: u8 = 0;
const GRANTED_WITH_MODS: u8 = 1;
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TIMESTAMP_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
