//! What Fulcio writes into the certificates that it issues.

use der::Decode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::TagNumber;
use der::Tagged;
use der::asn1::AnyRef;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetStringRef;

/// The OpenID provider that vouched for the subject, as Fulcio notes it: as a UTF8String, or in old
/// certificates bare.
pub(crate) fn fulcio_issuer(certificate: &[u8]) -> Option<String> {
    let extensions = read_extensions(certificate).unwrap_or_default();
    let find = |wanted| {
        let found = extensions
            .iter()
            .find(|(identifier, _)| *identifier == wanted);
        found.map(|(_, value)| *value)
    };
    if let Some(value) = find(FULCIO_ISSUER) {
        return String::from_der(value).ok();
    }
    let bare = find(FULCIO_ISSUER_BARE)?;
    String::from_utf8(bare.to_vec()).ok()
}

/// Fulcio's extensions, each with the last number of its identifier. Up to 6 their values are bare
/// text, and later ones are UTF8Strings. What is neither is left out.
pub(crate) fn fulcio_extensions(certificate: &[u8]) -> Vec<(u32, String)> {
    let extensions = read_extensions(certificate).unwrap_or_default();
    let extensions = extensions.into_iter().filter_map(|(identifier, value)| {
        let number = identifier.arcs().last()?;
        let parent = identifier.parent().filter(|parent| *parent == FULCIO);
        let text = match number {
            0..=6 => String::from_utf8(value.to_vec()).ok(),
            _ => String::from_der(value).ok(),
        };
        parent.and(text).map(|text| (number, text))
    });
    extensions.collect()
}

/// The extensions of a certificate that is well formed (RFC 5280, section 4.1).
pub(crate) fn read_extensions(
    certificate: &[u8],
) -> Result<Vec<(ObjectIdentifier, &[u8])>, der::Error> {
    let certificate = AnyRef::from_der(certificate)?;
    let signed = SliceReader::new(certificate.value())?.decode::<AnyRef<'_>>()?;
    let mut members = SliceReader::new(signed.value())?;
    while !members.is_finished() {
        let member = members.decode::<AnyRef<'_>>()?;
        if member.tag() == EXTENSIONS {
            let list = AnyRef::from_der(member.value())?;
            return read_extension_list(list.value());
        }
    }
    Ok(Vec::new())
}

fn read_extension_list(list: &[u8]) -> Result<Vec<(ObjectIdentifier, &[u8])>, der::Error> {
    let mut list = SliceReader::new(list)?;
    let mut extensions = Vec::new();
    while !list.is_finished() {
        extensions.push(list.sequence(|extension| {
            let identifier = extension.decode()?;
            if Tag::peek(extension)? == Tag::Boolean {
                extension.decode::<bool>()?;
            }
            let value = extension.decode::<&OctetStringRef>()?.as_bytes();
            Ok::<_, der::Error>((identifier, value))
        })?);
    }
    Ok(extensions)
}

const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(3),
};

const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");

const FULCIO_ISSUER_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");

const FULCIO_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
