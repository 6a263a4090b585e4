//! From the certificate of a signer to an authority that was trusted at the time of the signature
//! (RFC 5280, section 6).

use bytes::Bytes;
use der::Decode;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::UnixTime;
use std::time::Duration;
use webpki::EndEntityCert;
use webpki::KeyUsage;
use webpki::anchor_from_trusted_cert;
use x509_cert::Certificate;

use crate::trust::authority::TrustedAuthority;
use crate::verify::certificate::fault::CertificateFault;
use crate::verify::certificate::signing::Purpose;
use crate::verify::certificate::signing::SigningCertificate;
use crate::verify::proven_time::time_text;

/// The authority that issued a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// What the trusted root calls it.
    pub(crate) authority: String,
    /// The SubjectPublicKeyInfo of the certificate's issuer, DER.
    pub(crate) issuer_spki: Vec<u8>,
}

/// A path from `leaf` to one of `authorities` that holds at each of `times`, in milliseconds since
/// 1970. Of several, the first.
///
/// `bundled` are certificates that came with it: they may be on the path, and are trusted in
/// nothing.
pub(crate) fn find_path(
    leaf: &SigningCertificate,
    bundled: &[Bytes],
    authorities: &[TrustedAuthority],
    times: &[i64],
    purpose: Purpose,
) -> Result<Path, CertificateFault> {
    leaf.check_usage(purpose)?;
    let first = times.first().copied().unwrap_or_default();
    let mut fault = CertificateFault::NoAuthority {
        time: time_text(first),
        authorities: authorities.len(),
    };
    for authority in authorities {
        if !times.iter().all(|time| authority.window().contains(*time)) {
            continue;
        }
        match path_to(leaf, bundled, authority, times, purpose) {
            Ok(issuer_spki) => {
                return Ok(Path {
                    authority: authority.name().to_owned(),
                    issuer_spki,
                });
            }
            Err((time, reason)) => {
                let found = CertificateFault::NoPath {
                    authority: authority.name().to_owned(),
                    time: time_text(time),
                    reason: explained(&reason),
                };
                // Another authority than the one that issued it knows nothing about the times.
                if !matches!(fault, CertificateFault::NoPath { .. })
                    || !matches!(reason, webpki::Error::UnknownIssuer)
                {
                    fault = found;
                }
            }
        }
    }
    Err(fault)
}

/// The key of the issuer, if a path leads to `authority` at each of `times`. Otherwise the first
/// at which none does, with the reason.
fn path_to(
    leaf: &SigningCertificate,
    bundled: &[Bytes],
    authority: &TrustedAuthority,
    times: &[i64],
    purpose: Purpose,
) -> Result<Vec<u8>, (i64, webpki::Error)> {
    let first = times.first().copied().unwrap_or_default();
    let at_first = |reason| (first, reason);
    let leaf_der = CertificateDer::from(&leaf.der[..]);
    let leaf = EndEntityCert::try_from(&leaf_der).map_err(at_first)?;
    let root = CertificateDer::from(&authority.root()[..]);
    let anchors = [anchor_from_trusted_cert(&root).map_err(at_first)?];
    let others = authority.below_root().iter().chain(bundled);
    let intermediates: Vec<CertificateDer<'_>> = others
        .filter(|der| **der != leaf_der.as_ref())
        .map(|der| CertificateDer::from(&der[..]))
        .collect();
    let mut issuer = Vec::new();
    for milliseconds in times {
        for seconds in seconds_around(*milliseconds) {
            let failed = |reason| (*milliseconds, reason);
            check_root(authority.root(), seconds).map_err(failed)?;
            let path = leaf
                .verify_for_usage(
                    webpki::ALL_VERIFICATION_ALGS,
                    &anchors,
                    &intermediates,
                    UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
                    KeyUsage::required_if_present(purpose.usage_content),
                    None,
                    None,
                )
                .map_err(failed)?;
            issuer = path.issuer_spki().as_ref().to_vec();
        }
    }
    Ok(issuer)
}

/// The seconds between which an instant lies: certificates know no shorter times.
fn seconds_around(milliseconds: i64) -> impl Iterator<Item = u64> {
    let first = milliseconds.div_euclid(1_000);
    let last = if milliseconds.rem_euclid(1_000) == 0 {
        first
    } else {
        first + 1
    };
    (first..=last).map(|seconds| u64::try_from(seconds).unwrap_or_default())
}

/// The library takes the root as given, whatever its validity.
fn check_root(der: &[u8], seconds: u64) -> Result<(), webpki::Error> {
    let root = Certificate::from_der(der).map_err(|_| webpki::Error::BadDer)?;
    let validity = root.tbs_certificate().validity();
    let unix = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let (time, from, to) = (
        unix(seconds),
        unix(validity.not_before.to_unix_duration().as_secs()),
        unix(validity.not_after.to_unix_duration().as_secs()),
    );
    if time < from {
        let not_before = from;
        return Err(webpki::Error::CertNotValidYet { time, not_before });
    }
    if time > to {
        let not_after = to;
        return Err(webpki::Error::CertExpired { time, not_after });
    }
    Ok(())
}

/// What the library's errors mean to people.
fn explained(error: &webpki::Error) -> String {
    use webpki::Error;
    let second = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        time_text(seconds.saturating_mul(1_000))
    };
    match error {
        Error::CertExpired { not_after, .. } => {
            format!("a certificate on the path ended at {}", second(not_after))
        }
        Error::CertNotValidYet { not_before, .. } => {
            format!("a certificate on the path begins at {}", second(not_before))
        }
        Error::UnknownIssuer => "nobody that is trusted issued it".to_owned(),
        Error::CaUsedAsEndEntity => "it is the certificate of an authority".to_owned(),
        Error::RequiredEkuNotFoundContext(_) => {
            "a certificate on the path is not for this usage".to_owned()
        }
        other => other.to_string(),
    }
}
