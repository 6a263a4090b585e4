//! The promise of a Rekor v1 to hold an entry: its signed entry timestamp.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;

use crate::trust::log::TrustedLog;
use crate::verify::log_entry_error::LogEntryFault;

/// What a log promised under its key, when it took an entry (rekor-v1, section 2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerifiedPromise {
    /// The index of the entry, counted over all trees of the log. Its inclusion proof counts in one
    /// of them.
    pub index: u64,
    /// When the log took the entry, in Unix seconds. The key of the log was valid then.
    pub time: i64,
}

/// Verifies the promise in `entry`, if there is one, as one of `log`.
pub(crate) fn verify_promise(
    entry: &TransparencyLogEntry,
    log: &TrustedLog,
) -> Result<Option<VerifiedPromise>, LogEntryFault> {
    let Some(promise) = &entry.inclusion_promise else {
        return Ok(None);
    };
    let index = u64::try_from(entry.log_index).map_err(|_| LogEntryFault::Promise)?;
    let log_id = entry.log_id.as_ref().map(|id| hex::encode(&id.key_id));
    // Canonical JSON as it stands: the members are in order, and none of the values needs an
    // escape.
    let signed = format!(
        r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{index}}}"#,
        STANDARD.encode(&entry.canonicalized_body),
        entry.integrated_time,
        log_id.unwrap_or_default(),
    );
    log.key()
        .verify(&signed, &promise.signed_entry_timestamp)
        .map_err(|_| LogEntryFault::Promise)?;
    let time = entry.integrated_time;
    if !log.was_valid_at(time) {
        return Err(LogEntryFault::OutsideWindow { time });
    }
    Ok(Some(VerifiedPromise { index, time }))
}
