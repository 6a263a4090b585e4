//! X.509 certificates, as far as a log looks into them.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use der::Decode;
use der::Error;
use der::ErrorKind;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::TagNumber;
use der::Tagged;
use der::asn1::AnyRef;
use der::asn1::BitStringRef;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetStringRef;

use crate::key::error::PublicKeyError;
use crate::pem::is_pem;

/// The most subjects that a certificate may name. Each takes a row of the search index, and costs
/// few bytes to make.
pub const MAX_SUBJECTS: usize = 256;

/// What a log reads in a certificate (RFC 5280, section 4.1): its key and its subject alternative
/// names, and what ties it to the certificate of its issuer where a chain is submitted.
///
/// The rest must only be well formed. Trust, usages and a single certificate's signature are the
/// verifier's business: the log shows everything that a key signed, also what nobody should trust.
pub(crate) struct Certificate<'a> {
    spki: &'a [u8],
    subject_alternative_names: Option<&'a [u8]>,
    links: Links<'a>,
}

/// The members of a certificate that [`Certificate`] only finds, each with its DER header.
pub(crate) struct Links<'a> {
    /// What the issuer signed.
    pub(crate) signed: &'a [u8],
    /// How.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
    pub(crate) issuer: &'a [u8],
    pub(crate) validity: &'a [u8],
    pub(crate) subject: &'a [u8],
    /// The value of the extension, where there is one.
    pub(crate) basic_constraints: Option<&'a [u8]>,
}

impl<'a> Certificate<'a> {
    /// Reads `der` as exactly one certificate.
    pub(crate) fn from_der(der: &'a [u8]) -> Result<Self, PublicKeyError> {
        if is_pem(der) {
            return Err(PublicKeyError::PemInsteadOfDer);
        }
        let read = || {
            let mut reader = SliceReader::new(der)?;
            let certificate = reader.sequence(read_certificate)?;
            reader.finish()?;
            Ok(certificate)
        };
        read().map_err(PublicKeyError::Certificate)
    }

    /// The SubjectPublicKeyInfo, as it stands in the certificate.
    pub(crate) fn spki(&self) -> &'a [u8] {
        self.spki
    }

    pub(crate) fn links(&self) -> &Links<'a> {
        &self.links
    }

    /// Whom the certificate names: DNS names, e-mail addresses, IP addresses, URIs, then Fulcio's
    /// other names.
    pub(crate) fn subjects(&self) -> Result<Vec<String>, SubjectsError> {
        let Some(names) = self.subject_alternative_names else {
            return Ok(Vec::new());
        };
        let mut subjects = AnyRef::from_der(names)?.sequence(read_general_names)?;
        subjects.sort_by_key(|(order, _)| *order);
        Ok(subjects.into_iter().map(|(_, name)| name).collect())
    }
}

/// Why the subjects of a certificate are not known.
#[derive(Debug)]
pub(crate) enum SubjectsError {
    Malformed(Error),
    TooMany,
}

impl From<Error> for SubjectsError {
    fn from(error: Error) -> Self {
        Self::Malformed(error)
    }
}

fn read_certificate<'a>(reader: &mut SliceReader<'a>) -> Result<Certificate<'a>, Error> {
    let signed = read_sequence(reader)?;
    let mut certificate = SliceReader::new(signed)?.sequence(read_tbs_certificate)?;
    let algorithm = read_sequence(reader)?;
    // A difference is either damage or an attempt to lift the unsigned outer field (RFC 5280,
    // section 4.1.1.2).
    if certificate.links.algorithm != algorithm {
        return Err(reader.error(ErrorKind::Value { tag: Tag::Sequence }));
    }
    certificate.links.signed = signed;
    certificate.links.signature = reader.decode::<BitStringRef<'_>>()?.raw_bytes();
    Ok(certificate)
}

/// All but what stands outside of the signed part.
fn read_tbs_certificate<'a>(reader: &mut SliceReader<'a>) -> Result<Certificate<'a>, Error> {
    if peek_context_specific(reader) == Some(0) {
        reader.tlv_bytes()?;
    }
    read_tagged(reader, Tag::Integer)?;
    let algorithm = read_sequence(reader)?;
    let issuer = read_checked(reader, read_name)?;
    let validity = read_checked(reader, |reader| read_validity(reader).map(drop))?;
    let subject = read_checked(reader, read_name)?;
    let spki = read_sequence(reader)?;
    for unique_identifier in [1, 2] {
        if peek_context_specific(reader) == Some(unique_identifier) {
            reader.tlv_bytes()?;
        }
    }
    let extensions = match peek_context_specific(reader) {
        Some(3) => read_extensions(reader)?,
        _ => Extensions::default(),
    };
    Ok(Certificate {
        spki,
        subject_alternative_names: extensions.subject_alternative_names,
        links: Links {
            signed: &[],
            algorithm,
            signature: &[],
            issuer,
            validity,
            subject,
            basic_constraints: extensions.basic_constraints,
        },
    })
}

/// A sequence whose content `check` reads, with its header.
fn read_checked<'a>(
    reader: &mut SliceReader<'a>,
    check: impl FnOnce(&mut SliceReader<'a>) -> Result<(), Error>,
) -> Result<&'a [u8], Error> {
    let bytes = read_sequence(reader)?;
    SliceReader::new(bytes)?.sequence(check)?;
    Ok(bytes)
}

/// Name: a sequence of sets of (type, value).
fn read_name(reader: &mut SliceReader<'_>) -> Result<(), Error> {
    while !reader.is_finished() {
        let relative_name = reader.decode::<AnyRef<'_>>()?;
        relative_name.tag().assert_eq(Tag::Set)?;
        let mut attributes = SliceReader::new(relative_name.value())?;
        while !attributes.is_finished() {
            attributes.sequence(|attribute| {
                read_tagged(attribute, Tag::ObjectIdentifier)?;
                attribute.tlv_bytes().map(drop)
            })?;
        }
    }
    Ok(())
}

/// When a certificate begins and ends to be valid: two times of the kinds that RFC 5280, section
/// 4.1.2.5 allows.
pub(crate) fn read_validity<'a>(reader: &mut SliceReader<'a>) -> Result<[AnyRef<'a>; 2], Error> {
    let mut read = || {
        let time = reader.decode::<AnyRef<'a>>()?;
        if !matches!(time.tag(), Tag::UtcTime | Tag::GeneralizedTime) {
            return Err(Error::from(time.tag().unexpected_error(Some(Tag::UtcTime))));
        }
        Ok(time)
    };
    Ok([read()?, read()?])
}

/// The values of the extensions that are looked into.
#[derive(Default)]
struct Extensions<'a> {
    subject_alternative_names: Option<&'a [u8]>,
    basic_constraints: Option<&'a [u8]>,
}

fn read_extensions<'a>(reader: &mut SliceReader<'a>) -> Result<Extensions<'a>, Error> {
    let wrapped = reader.decode::<AnyRef<'a>>()?;
    let mut reader = SliceReader::new(wrapped.value())?;
    let found = reader.sequence(|extensions| {
        let mut found = Extensions::default();
        while !extensions.is_finished() {
            let (identifier, value) = extensions.sequence(read_extension)?;
            let slot = match identifier {
                SUBJECT_ALTERNATIVE_NAME_DER => &mut found.subject_alternative_names,
                BASIC_CONSTRAINTS_DER => &mut found.basic_constraints,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(extensions.error(ErrorKind::Value {
                    tag: Tag::ObjectIdentifier,
                }));
            }
        }
        Ok::<_, Error>(found)
    })?;
    reader.finish()?;
    Ok(found)
}

/// The identifier, in DER: a certificate has some thirty extensions, and only two are looked into.
fn read_extension<'a>(reader: &mut SliceReader<'a>) -> Result<(&'a [u8], &'a [u8]), Error> {
    let identifier = read_tagged(reader, Tag::ObjectIdentifier)?;
    if Tag::peek(reader)? == Tag::Boolean {
        reader.decode::<bool>()?;
    }
    Ok((identifier, reader.decode::<&OctetStringRef>()?.as_bytes()))
}

fn read_general_names(
    reader: &mut SliceReader<'_>,
) -> Result<Vec<(NameOrder, String)>, SubjectsError> {
    let mut names = Vec::new();
    while !reader.is_finished() {
        if names.len() == MAX_SUBJECTS {
            return Err(SubjectsError::TooMany);
        }
        names.extend(read_general_name(reader.decode()?)?);
    }
    Ok(names)
}

/// One GeneralName (RFC 5280, section 4.2.1.6), or `None` for a form that names nobody one could
/// search for.
fn read_general_name(name: AnyRef<'_>) -> Result<Option<(NameOrder, String)>, Error> {
    let Tag::ContextSpecific { number, .. } = name.tag() else {
        return Err(name.tag().unexpected_error(None).into());
    };
    let value = name.value();
    Ok(match number.value() {
        0 => read_other_name(value)?.map(|text| (NameOrder::Other, text)),
        1 => Some((NameOrder::Email, read_ia5(value)?)),
        2 => Some((NameOrder::Dns, read_ia5(value)?)),
        6 => Some((NameOrder::Uri, read_ia5(value)?)),
        7 => Some((NameOrder::Ip, read_ip_address(value)?)),
        _ => None,
    })
}

/// The order in which the field lists the subjects of a certificate.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum NameOrder {
    Dns,
    Email,
    Ip,
    Uri,
    Other,
}

fn read_ia5(value: &[u8]) -> Result<String, Error> {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(Tag::Ia5String.value_error().into()),
    }
}

fn read_ip_address(value: &[u8]) -> Result<String, Error> {
    let address = if let Ok(octets) = <[u8; 4]>::try_from(value) {
        IpAddr::V4(Ipv4Addr::from(octets))
    } else if let Ok(octets) = <[u8; 16]>::try_from(value) {
        IpAddr::V6(Ipv6Addr::from(octets))
    } else {
        return Err(Tag::OctetString.length_error().into());
    };
    Ok(address.to_canonical().to_string())
}

/// Fulcio's form of a name that is neither an address nor a URI: an OtherName that holds a
/// UTF8String.
fn read_other_name(value: &[u8]) -> Result<Option<String>, Error> {
    let mut reader = SliceReader::new(value)?;
    let identifier = reader.decode::<ObjectIdentifier>()?;
    let wrapped = reader.decode::<AnyRef<'_>>()?;
    reader.finish()?;
    if identifier != FULCIO_OTHER_NAME {
        return Ok(None);
    }
    wrapped.tag().assert_eq(Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    })?;
    Ok(Some(String::from_der(wrapped.value())?))
}

fn read_sequence<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], Error> {
    read_tagged(reader, Tag::Sequence)
}

/// One value with its header.
fn read_tagged<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Result<&'a [u8], Error> {
    Tag::peek(reader)?.assert_eq(tag)?;
    reader.tlv_bytes()
}

/// The number of the context-specific tag that comes next, if one does.
fn peek_context_specific(reader: &SliceReader<'_>) -> Option<u32> {
    match Tag::peek(reader) {
        Ok(Tag::ContextSpecific { number, .. }) => Some(number.value()),
        _ => None,
    }
}

/// 2.5.29.17
const SUBJECT_ALTERNATIVE_NAME_DER: &[u8] = &[6, 3, 0x55, 0x1d, 0x11];

/// 2.5.29.19
const BASIC_CONSTRAINTS_DER: &[u8] = &[6, 3, 0x55, 0x1d, 0x13];

const FULCIO_OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
