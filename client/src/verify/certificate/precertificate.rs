//! What a certificate log signs: the certificate as it was before its time stamps were put in (RFC
//! 6962, section 3.2).

use der::Decode;
use der::Encode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::TagNumber;
use der::Tagged;
use der::asn1::AnyRef;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetStringRef;

/// The signed part of a certificate without its list of time stamps, and that list.
pub(crate) struct Precertificate<'a> {
    /// DER.
    pub(crate) signed_part: Vec<u8>,
    /// The list, as TLS encodes it. `None` where the certificate has none.
    pub(crate) timestamps: Option<&'a [u8]>,
}

impl<'a> Precertificate<'a> {
    /// Takes the list out of `certificate`, DER. All other bytes stay as they are.
    pub(crate) fn of(certificate: &'a [u8]) -> Result<Self, der::Error> {
        let whole = AnyRef::from_der(certificate)?;
        let signed = SliceReader::new(whole.value())?.decode::<AnyRef<'a>>()?;
        let mut members = SliceReader::new(signed.value())?;
        let (mut content, mut timestamps) = (Vec::new(), None);
        while !members.is_finished() {
            let member = members.tlv_bytes()?;
            if AnyRef::from_der(member)?.tag() == EXTENSIONS {
                let (extensions, found) = without_timestamps(member)?;
                timestamps = found;
                content.extend(extensions);
            } else {
                content.extend_from_slice(member);
            }
        }
        Ok(Self {
            signed_part: AnyRef::new(Tag::Sequence, &content)?.to_der()?,
            timestamps,
        })
    }
}

/// The extensions without the list, with their tag, and the list.
fn without_timestamps(member: &[u8]) -> Result<(Vec<u8>, Option<&[u8]>), der::Error> {
    let wrapped = AnyRef::from_der(member)?;
    let list = AnyRef::from_der(wrapped.value())?;
    list.tag().assert_eq(Tag::Sequence)?;
    let mut extensions = SliceReader::new(list.value())?;
    let (mut kept, mut found) = (Vec::new(), None);
    while !extensions.is_finished() {
        let extension = extensions.tlv_bytes()?;
        let mut parts = SliceReader::new(AnyRef::from_der(extension)?.value())?;
        if parts.decode::<ObjectIdentifier>()? != TIMESTAMP_LIST {
            kept.extend_from_slice(extension);
            continue;
        }
        if Tag::peek(&parts)? == Tag::Boolean {
            parts.decode::<bool>()?;
        }
        let value = parts.decode::<&'_ OctetStringRef>()?.as_bytes();
        let list = <&OctetStringRef>::from_der(value)?.as_bytes();
        if found.replace(list).is_some() {
            return Err(Tag::ObjectIdentifier.value_error().into());
        }
    }
    let list = AnyRef::new(Tag::Sequence, &kept)?.to_der()?;
    Ok((AnyRef::new(EXTENSIONS, &list)?.to_der()?, found))
}

const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(3),
};

const TIMESTAMP_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
