//! The certificate of a signer: whom it names, and whether it is one for signing.

use bytes::Bytes;
use der::Decode;
use der::Tag;
use der::TagNumber;
use der::Tagged;
use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::name::OtherName;

use crate::verify::certificate::extension::FulcioExtension;
use crate::verify::certificate::fault::CertificateFault;

/// The certificate of a signer.
#[derive(Clone, Debug)]
pub(crate) struct SigningCertificate {
    pub(crate) der: Bytes,
    parsed: Certificate,
}

impl SigningCertificate {
    pub(crate) fn read(der: &Bytes) -> Result<Self, CertificateFault> {
        let parsed = Certificate::from_der(der).map_err(CertificateFault::Malformed)?;
        Ok(Self {
            der: der.clone(),
            parsed,
        })
    }

    /// Whom the certificate names: e-mail addresses, URIs, and Fulcio's other names.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.extension::<SubjectAltName>();
        let names = names.map(|SubjectAltName(names)| names).unwrap_or_default();
        names.iter().filter_map(name).collect()
    }

    /// The OpenID provider that vouched for the name.
    pub(crate) fn issuer(&self) -> Option<String> {
        let value = |name| self.fulcio(FulcioExtension::named(name)?);
        value("issuer").or_else(|| value("issuer-v1"))
    }

    /// What Fulcio says under `extension`.
    pub(crate) fn fulcio(&self, extension: FulcioExtension) -> Option<String> {
        let identifier = extension.identifier();
        let extensions = self.parsed.tbs_certificate().extensions()?;
        let found = extensions.iter().find(|one| one.extn_id == identifier)?;
        extension.read(found.extn_value.as_bytes())
    }

    /// The first and the last second of its validity, in Unix seconds.
    pub(crate) fn validity(&self) -> (i64, i64) {
        let validity = self.parsed.tbs_certificate().validity();
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        (seconds(validity.not_before), seconds(validity.not_after))
    }

    /// Checks that the certificate is one for `purpose`: no authority's, for signatures, and with
    /// the extended usage that is named (RFC 5280, sections 4.2.1.3, 4.2.1.9 and 4.2.1.12).
    pub(crate) fn check_usage(&self, purpose: Purpose) -> Result<(), CertificateFault> {
        let lacks = |reason| CertificateFault::Usage {
            purpose: purpose.text,
            reason,
        };
        if self.extension::<BasicConstraints>().is_some_and(|it| it.ca) {
            return Err(lacks("it is an authority's"));
        }
        let usage = self.extension::<KeyUsage>();
        if !usage.is_some_and(|usage| usage.digital_signature()) {
            return Err(lacks("its key usage is not digital signatures"));
        }
        let extended = self.extension::<ExtendedKeyUsage>();
        let ExtendedKeyUsage(usages) =
            extended.ok_or_else(|| lacks("it has no extended key usage"))?;
        if !usages.contains(&purpose.usage) {
            return Err(lacks("its extended key usage is another"));
        }
        let is_critical = || self.is_critical(ExtendedKeyUsage::OID);
        if purpose.alone && (usages.len() != 1 || !is_critical()) {
            return Err(lacks(
                "its extended key usage is not critical, or not the only one",
            ));
        }
        Ok(())
    }

    /// An extension, unless there is none, or more than one, or it is malformed.
    fn extension<T>(&self) -> Option<T>
    where
        T: AssociatedOid + for<'a> Decode<'a>,
    {
        let extensions = self.parsed.tbs_certificate().extensions()?;
        let mut found = extensions.iter().filter(|one| one.extn_id == T::OID);
        let first = found.next()?;
        if found.next().is_some() {
            return None;
        }
        T::from_der(first.extn_value.as_bytes()).ok()
    }

    fn is_critical(&self, identifier: ObjectIdentifier) -> bool {
        let extensions = self.parsed.tbs_certificate().extensions();
        let mut extensions = extensions.into_iter().flatten();
        extensions.any(|one| one.extn_id == identifier && one.critical)
    }
}

/// What a certificate may be used for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    text: &'static str,
    /// The extended key usage that the certificate must have.
    usage: ObjectIdentifier,
    /// Whether that has to be the only one, and critical.
    alone: bool,
    /// The usage as the content of its DER encoding.
    pub(crate) usage_content: &'static [u8],
}

/// Signing of code, as Fulcio's certificates are for.
pub(crate) const CODE_SIGNING: Purpose = Purpose {
    text: "code signing",
    usage: ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3"),
    alone: false,
    usage_content: &[0x2b, 6, 1, 5, 5, 7, 3, 3],
};

/// Time stamps (RFC 3161, section 2.3).
pub(crate) const TIME_STAMPING: Purpose = Purpose {
    text: "time stamps",
    usage: ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8"),
    alone: true,
    usage_content: &[0x2b, 6, 1, 5, 5, 7, 3, 8],
};

/// A name that one could expect.
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Rfc822Name(text)
        | GeneralName::DnsName(text)
        | GeneralName::UniformResourceIdentifier(text) => Some(text.to_string()),
        GeneralName::OtherName(other) => other_name(other),
        _ => None,
    }
}

/// Fulcio's form of a name that is neither an address nor a URI: a UTF8String.
fn other_name(other: &OtherName) -> Option<String> {
    if other.type_id != FULCIO_OTHER_NAME {
        return None;
    }
    // The value is kept with or without its explicit tag.
    let explicit = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };
    match other.value.tag() {
        Tag::Utf8String => other.value.decode_as::<String>().ok(),
        tag if tag == explicit => String::from_der(other.value.value()).ok(),
        _ => None,
    }
}

const FULCIO_OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
