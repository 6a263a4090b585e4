//! Whether an authority of the trusted root made a time stamp over a signature.

use bytes::Bytes;
use der::Decode;
use der::Encode;
use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::trust::authority::TrustedAuthority;
use crate::verify::certificate::path::find_path;
use crate::verify::certificate::signing::SigningCertificate;
use crate::verify::certificate::signing::TIME_STAMPING;
use crate::verify::proven_time::ProvenTime;
use crate::verify::proven_time::TimeSource;
use crate::verify::proven_time::time_text;
use crate::verify::timestamp::fault::TimestampFault;
use crate::verify::timestamp::info::TimestampInfo;
use crate::verify::timestamp::reader::hash;
use crate::verify::timestamp::signed_data::SignedTimestamp;
use crate::verify::timestamp::signer_info::CertificateName;

/// The time at which one of `authorities` saw `signature`, by the time stamp `der`.
pub(crate) fn verify_timestamp(
    der: &[u8],
    signature: &[u8],
    authorities: &[TrustedAuthority],
) -> Result<ProvenTime, TimestampFault> {
    let signed = SignedTimestamp::read(der)?;
    let info = TimestampInfo::read(signed.info)?;
    if info.imprint != hash(info.imprint_hash, signature) {
        return Err(TimestampFault::OtherImprint);
    }
    signed.signer.check_content(signed.info)?;
    let mut fault = TimestampFault::UnknownAuthority;
    for authority in authorities {
        let Some(certificate) = certificate_of(&signed, authority) else {
            continue;
        };
        match check_authority(&signed, &info, authority, &certificate) {
            Ok(()) => {
                return Ok(ProvenTime {
                    milliseconds: info.time,
                    source: TimeSource::Authority {
                        name: authority.name().to_owned(),
                        policy: info.policy.to_string(),
                    },
                });
            }
            Err(found) => fault = found,
        }
    }
    Err(fault)
}

/// The certificate that the signer names: one that the trusted root lists for the authority. Where
/// it lists only those that issue such, one that the time stamp carries, which they must have
/// issued.
fn certificate_of(signed: &SignedTimestamp<'_>, authority: &TrustedAuthority) -> Option<Bytes> {
    let name = signed.signer.certificate;
    let listed = authority.below_root().iter().chain([authority.root()]);
    let listed: Vec<&Bytes> = listed.filter(|der| !is_issuer(der)).collect();
    if !listed.is_empty() {
        return listed.into_iter().find(|der| is_named(name, der)).cloned();
    }
    let embedded = signed.certificates.iter();
    let mut embedded = embedded.filter(|der| is_named(name, der));
    embedded.next().map(|der| Bytes::copy_from_slice(der))
}

fn check_authority(
    signed: &SignedTimestamp<'_>,
    info: &TimestampInfo<'_>,
    authority: &TrustedAuthority,
    certificate: &Bytes,
) -> Result<(), TimestampFault> {
    // A certificate of the same name that comes along has to be the same.
    let name = signed.signer.certificate;
    let mut embedded = signed.certificates.iter();
    if embedded.any(|der| is_named(name, der) && *der != certificate.as_ref()) {
        return Err(TimestampFault::UnknownAuthority);
    }
    let named = || authority.name().to_owned();
    let key = PublicKey::from_certificate_der(certificate)
        .map_err(|_| TimestampFault::Unusable("the key of its authority cannot be used"))?;
    let signer = &signed.signer;
    let verified = match key.key_type() {
        KeyType::Ed25519 => key.verify_message(&signer.signed, signer.signature),
        _ => {
            let digest = hash(signer.signature_hash, &signer.signed);
            key.verify_digest(signer.signature_hash, &digest, signer.signature)
        }
    };
    verified.map_err(|_| TimestampFault::Signature { authority: named() })?;
    signer.check_certificate(certificate)?;
    if !authority.window().contains(info.time) {
        return Err(TimestampFault::OutsideWindow {
            authority: named(),
            time: time_text(info.time),
        });
    }
    let leaf = SigningCertificate::read(certificate)?;
    let only = std::slice::from_ref(authority);
    find_path(&leaf, &[], only, &[info.time], TIME_STAMPING)?;
    Ok(())
}

/// Whether the signer of a time stamp means this certificate.
fn is_named(name: CertificateName<'_>, der: &[u8]) -> bool {
    let Ok(certificate) = Certificate::from_der(der) else {
        return false;
    };
    let signed = certificate.tbs_certificate();
    match name {
        CertificateName::Issuer { issuer, serial } => {
            signed.issuer().to_der().is_ok_and(|der| der == issuer)
                && signed
                    .serial_number()
                    .to_der()
                    .is_ok_and(|der| der == serial)
        }
        CertificateName::KeyIdentifier(identifier) => {
            let extension = signed.get_extension::<SubjectKeyIdentifier>();
            extension
                .is_ok_and(|found| found.is_some_and(|(_, key)| key.0.as_bytes() == identifier))
        }
    }
}

/// Whether the certificate is one that issues others.
fn is_issuer(der: &[u8]) -> bool {
    use x509_cert::ext::pkix::BasicConstraints;
    let Ok(certificate) = Certificate::from_der(der) else {
        return false;
    };
    let constraints = certificate
        .tbs_certificate()
        .get_extension::<BasicConstraints>();
    constraints.is_ok_and(|found| found.is_some_and(|(_, constraints)| constraints.ca))
}
