//! Single steps of a verification, for those who have the parts of a bundle and no bundle.

use crate::trust::trusted_root::TrustedRoot;
use crate::verify::certificate::fault::SctFault;
use crate::verify::certificate::sct::verify_scts;
use crate::verify::proven_time::ProvenTime;
use crate::verify::timestamp::check::verify_timestamp;
use crate::verify::timestamp::fault::TimestampFault;

/// When a time stamp authority of `trust` saw `signature`, by the time stamp `der` (RFC 3161).
///
/// # Errors
/// [`TimestampFault`] with the first check that fails.
pub fn timestamp_time(
    der: &[u8],
    signature: &[u8],
    trust: &TrustedRoot,
) -> Result<ProvenTime, TimestampFault> {
    verify_timestamp(der, signature, trust.timestamp_authorities())
}

/// The URLs of the certificate logs of `trust` that signed `certificate`, DER, which the holder of
/// the key `issuer_spki` issued.
///
/// # Errors
/// [`SctFault`] when there is none, or one of them is said to have signed and did not.
pub fn certificate_logs(
    certificate: &[u8],
    issuer_spki: &[u8],
    trust: &TrustedRoot,
) -> Result<Vec<String>, SctFault> {
    let verified = verify_scts(certificate, issuer_spki, trust.ct_logs())?;
    Ok(verified.into_iter().map(|sct| sct.log).collect())
}
