//! Who signed a time stamp, and what exactly (RFC 5652, section 5.3).

use aws_lc_rs::digest;
use der::Decode;
use der::Encode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::Tagged;
use der::asn1::AnyRef;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetStringRef;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::verify::timestamp::fault::TimestampFault;
use crate::verify::timestamp::reader::algorithm;
use crate::verify::timestamp::reader::context;
use crate::verify::timestamp::reader::hash;
use crate::verify::timestamp::reader::hash_algorithm;
use crate::verify::timestamp::reader::optional;

/// The signer of a time stamp.
pub(crate) struct SignerInfo<'a> {
    /// The certificate that it signed with.
    pub(crate) certificate: CertificateName<'a>,
    /// The hash function of the signature.
    pub(crate) signature_hash: HashAlgorithm,
    pub(crate) signature: &'a [u8],
    /// What is signed: DER of the set of attributes.
    pub(crate) signed: Vec<u8>,
    content_hash: HashAlgorithm,
    attributes: Attributes<'a>,
}

/// How a signer names its certificate.
#[derive(Clone, Copy)]
pub(crate) enum CertificateName<'a> {
    /// By issuer and serial number, both DER.
    Issuer { issuer: &'a [u8], serial: &'a [u8] },
    /// By its subject key identifier.
    KeyIdentifier(&'a [u8]),
}

/// The attributes that are looked into.
#[derive(Default)]
struct Attributes<'a> {
    content_type: Option<&'a [u8]>,
    message_digest: Option<&'a [u8]>,
    signing_certificate: Option<&'a [u8]>,
    signing_certificate_v2: Option<&'a [u8]>,
}

impl<'a> SignerInfo<'a> {
    pub(crate) fn read(reader: &mut SliceReader<'a>) -> Result<Self, TimestampFault> {
        let whole = reader.decode::<AnyRef<'a>>()?;
        whole.tag().assert_eq(Tag::Sequence)?;
        let mut reader = SliceReader::new(whole.value())?;
        // The version follows from how the certificate is named.
        reader.tlv_bytes()?;
        let certificate = read_name(&mut reader)?;
        let content_hash = hash_algorithm(algorithm(&mut reader)?)?;
        let attributes = optional(&mut reader, context(0))?;
        let attributes = attributes.ok_or(TimestampFault::Unusable("nothing in it is signed"))?;
        let signature_hash = match algorithm(&mut reader)? {
            ECDSA_SHA256 | RSA_SHA256 => HashAlgorithm::Sha2256,
            ECDSA_SHA384 | RSA_SHA384 => HashAlgorithm::Sha2384,
            ECDSA_SHA512 | RSA_SHA512 | ED25519 => HashAlgorithm::Sha2512,
            // Only the kind of key, as CMS allows.
            RSA_ENCRYPTION | EC_PUBLIC_KEY => content_hash,
            _ => {
                return Err(TimestampFault::Unusable(
                    "its signature is neither ECDSA nor RSA (PKCS#1 v1.5) over SHA-2",
                ));
            }
        };
        let signature = reader.decode::<&OctetStringRef>()?.as_bytes();
        // Unsigned attributes.
        optional(&mut reader, context(1))?;
        reader.finish()?;
        let (signed, attributes) = read_attributes(attributes)?;
        Ok(Self {
            certificate,
            signature_hash,
            signature,
            signed,
            content_hash,
            attributes,
        })
    }

    /// Checks that what is signed is about `info`.
    pub(crate) fn check_content(&self, info: &[u8]) -> Result<(), TimestampFault> {
        let is_about = self.attributes.content_type == Some(TIMESTAMP_INFO_DER)
            && self.attributes.message_digest.map(octets)
                == Some(Some(&hash(self.content_hash, info)[..]));
        match is_about {
            true => Ok(()),
            false => Err(TimestampFault::Unusable(
                "its signature is over something else",
            )),
        }
    }

    /// Checks that the signer says that it used `certificate` (RFC 3161, section 2.4.2; RFC 5816).
    pub(crate) fn check_certificate(&self, certificate: &[u8]) -> Result<(), TimestampFault> {
        let other = TimestampFault::Unusable("it says that another certificate signed it");
        if let Some(value) = self.attributes.signing_certificate_v2 {
            let (function, hashed) = read_certificate_hash_v2(value)?;
            return match hashed == hash(function, certificate) {
                true => Ok(()),
                false => Err(other),
            };
        }
        let value = self.attributes.signing_certificate;
        let value = value.ok_or(TimestampFault::Unusable(
            "it does not say which certificate signed it",
        ))?;
        // The first version of the attribute knows no other hash function. It only repeats what
        // the signature shows.
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
        match first_certificate_id(value)?
            .decode::<&OctetStringRef>()?
            .as_bytes()
        {
            hashed if hashed == sha1.as_ref() => Ok(()),
            _ => Err(other),
        }
    }
}

/// SignerIdentifier.
fn read_name<'a>(reader: &mut SliceReader<'a>) -> Result<CertificateName<'a>, TimestampFault> {
    let name = reader.decode::<AnyRef<'a>>()?;
    if name.tag() != Tag::Sequence {
        return Ok(CertificateName::KeyIdentifier(name.value()));
    }
    let mut members = SliceReader::new(name.value())?;
    let (issuer, serial) = (members.tlv_bytes()?, members.tlv_bytes()?);
    members.finish()?;
    Ok(CertificateName::Issuer { issuer, serial })
}

/// The attributes, and the DER of their set: sorted, whatever their order here (X.690, section
/// 11.6).
fn read_attributes(tagged: &[u8]) -> Result<(Vec<u8>, Attributes<'_>), TimestampFault> {
    let mut reader = SliceReader::new(AnyRef::from_der(tagged)?.value())?;
    let (mut items, mut attributes) = (Vec::new(), Attributes::default());
    while !reader.is_finished() {
        let item = reader.tlv_bytes()?;
        items.push(item);
        let mut members = SliceReader::new(AnyRef::from_der(item)?.value())?;
        let slot = match members.decode::<ObjectIdentifier>()? {
            CONTENT_TYPE => &mut attributes.content_type,
            MESSAGE_DIGEST => &mut attributes.message_digest,
            SIGNING_CERTIFICATE => &mut attributes.signing_certificate,
            SIGNING_CERTIFICATE_V2 => &mut attributes.signing_certificate_v2,
            _ => continue,
        };
        let values = members.decode::<AnyRef<'_>>()?;
        values.tag().assert_eq(Tag::Set)?;
        let mut values = SliceReader::new(values.value())?;
        let value = values.tlv_bytes()?;
        if !values.is_finished() || slot.replace(value).is_some() {
            return Err(TimestampFault::Unusable("it says something twice"));
        }
    }
    items.sort_unstable();
    let set = AnyRef::new(Tag::Set, &items.concat())?.to_der()?;
    Ok((set, attributes))
}

/// The content of an OCTET STRING.
fn octets(der: &[u8]) -> Option<&[u8]> {
    Some(<&OctetStringRef>::from_der(der).ok()?.as_bytes())
}

/// The members of the first ESSCertID in a SigningCertificate or SigningCertificateV2.
fn first_certificate_id(value: &[u8]) -> Result<SliceReader<'_>, der::Error> {
    let attribute = AnyRef::from_der(value)?;
    let list = SliceReader::new(attribute.value())?.decode::<AnyRef<'_>>()?;
    let first = SliceReader::new(list.value())?.decode::<AnyRef<'_>>()?;
    SliceReader::new(first.value())
}

/// The hash function, which may be left out, and the hash (RFC 5035, section 4).
fn read_certificate_hash_v2(value: &[u8]) -> Result<(HashAlgorithm, &[u8]), TimestampFault> {
    let mut members = first_certificate_id(value)?;
    let function = match Tag::peek(&members)? {
        Tag::Sequence => hash_algorithm(algorithm(&mut members)?)?,
        _ => HashAlgorithm::Sha2256,
    };
    Ok((function, members.decode::<&OctetStringRef>()?.as_bytes()))
}

/// The object identifier of TSTInfo, in DER.
const TIMESTAMP_INFO_DER: &[u8] = &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 1, 4];

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
