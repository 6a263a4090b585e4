//! When a signature existed, as far as somebody who is trusted says so.

use crate::trust::trusted_root::TrustedRoot;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_entry::Shown;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::envelope::signature_of;
use crate::verify::error::VerifyError;
use crate::verify::log_entry_error::LogEntryFault;
use crate::verify::proven_time::ProvenTime;
use crate::verify::proven_time::TimeSource;
use crate::verify::timestamp::check::verify_timestamp;

/// The times that the time stamps of `bundle` prove. Each of them has to: a bundle with one that
/// does not is not as its signer made it.
pub(crate) fn stamped_times(
    bundle: &Bundle,
    trust: &TrustedRoot,
) -> Result<Vec<ProvenTime>, VerifyError> {
    let signature = match (&bundle.stamped, &bundle.content) {
        (Some(stamped), _) => stamped.as_ref(),
        (
            None,
            BundleContent::Message { signature, .. }
            | BundleContent::SimpleSigning { signature, .. },
        ) => signature.as_ref(),
        (None, BundleContent::Dsse(envelope)) => signature_of(envelope),
    };
    let authorities = trust.timestamp_authorities();
    let each = bundle.timestamps.iter().enumerate();
    each.map(|(position, der)| {
        let number = position + 1;
        verify_timestamp(der, signature, authorities)
            .map_err(|reason| VerifyError::Timestamp { number, reason })
    })
    .collect()
}

/// The times at which logs promised to hold the signature.
pub(crate) fn promised_times(shown: &[Shown]) -> Vec<ProvenTime> {
    let promised = shown.iter().filter_map(|shown| {
        let promise = shown.promise?;
        Some(ProvenTime {
            milliseconds: promise.time.saturating_mul(1_000),
            source: TimeSource::Log {
                origin: shown.log.origin().to_owned(),
            },
        })
    });
    promised.collect()
}

/// How many authorities made time stamps: each counts once.
pub(crate) fn count_authorities(times: &[ProvenTime]) -> usize {
    let mut names: Vec<&str> = Vec::new();
    for time in times {
        if let TimeSource::Authority { name, .. } = &time.source
            && !names.contains(&name.as_str())
        {
            names.push(name);
        }
    }
    names.len()
}

/// Checks that each log was trusted when the signature existed, where the log itself says no time.
pub(crate) fn check_log_windows(shown: &[Shown], times: &[ProvenTime]) -> Result<(), VerifyError> {
    for shown in shown.iter().filter(|shown| shown.promise.is_none()) {
        for time in times {
            let seconds = time.milliseconds.div_euclid(1_000);
            if !shown.log.was_valid_at(seconds) {
                return Err(LogEntryFault::OutsideWindow { time: seconds }.into());
            }
        }
    }
    Ok(())
}
