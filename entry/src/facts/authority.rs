//! Who issued a certificate, by its own word.

use der::Decode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::asn1::AnyRef;
use der::asn1::ObjectIdentifier;

use crate::certificate::Certificate;
use crate::fulcio::read_extensions;
use crate::search_key::SearchKeyKind;

/// The name of the issuer, and the identifier of its key.
pub(crate) fn names(certificate: &Certificate<'_>, der: &[u8]) -> Vec<(SearchKeyKind, String)> {
    let name = issuer_name(certificate);
    let texts = name.into_iter().chain(key_identifier(der));
    texts.map(|text| (SearchKeyKind::Authority, text)).collect()
}

/// The name of the issuer as text. `None` for one without parts.
pub(crate) fn issuer_name(certificate: &Certificate<'_>) -> Option<String> {
    let name = distinguished_name(certificate.links().issuer).ok();
    name.filter(|name| !name.is_empty())
}

/// A Name as text: `CN=sigstore-intermediate,O=sigstore.dev`, in the order of the certificate.
fn distinguished_name(name: &[u8]) -> Result<String, der::Error> {
    let name = AnyRef::from_der(name)?;
    let mut sets = SliceReader::new(name.value())?;
    let mut parts = Vec::new();
    while !sets.is_finished() {
        let set = sets.decode::<AnyRef<'_>>()?;
        let mut attributes = SliceReader::new(set.value())?;
        while !attributes.is_finished() {
            attributes.sequence(|attribute| {
                let kind = attribute.decode::<ObjectIdentifier>()?;
                let value = attribute.decode::<AnyRef<'_>>()?;
                let value = String::from_utf8_lossy(value.value()).into_owned();
                parts.push(format!("{}={value}", attribute_name(kind)));
                Ok::<_, der::Error>(())
            })?;
        }
    }
    Ok(parts.join(","))
}

fn attribute_name(kind: ObjectIdentifier) -> String {
    match kind.to_string().as_str() {
        "2.5.4.3" => "CN".to_owned(),
        "2.5.4.6" => "C".to_owned(),
        "2.5.4.7" => "L".to_owned(),
        "2.5.4.8" => "ST".to_owned(),
        "2.5.4.10" => "O".to_owned(),
        "2.5.4.11" => "OU".to_owned(),
        other => other.to_owned(),
    }
}

/// `keyid:` and the hexadecimal identifier of the authority's key (RFC 5280, section 4.2.1.1).
fn key_identifier(certificate: &[u8]) -> Option<String> {
    let extensions = read_extensions(certificate).ok()?;
    let found = extensions
        .iter()
        .find(|(identifier, _)| *identifier == AUTHORITY_KEY_IDENTIFIER);
    let members = AnyRef::from_der(found?.1).ok()?;
    let first = SliceReader::new(members.value())
        .ok()?
        .decode::<AnyRef<'_>>();
    let first = first.ok()?;
    let is_identifier = matches!(
        der::Tagged::tag(&first),
        Tag::ContextSpecific { number, .. } if number.value() == 0
    );
    is_identifier.then(|| format!("keyid:{}", hex::encode(first.value())))
}

const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
