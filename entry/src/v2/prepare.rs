//! Verifies requests of Rekor v2: finds the kind in the table, and leaves the rest to it.

use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;

use crate::prepared::PreparedEntry;
use crate::v2::kind::V2_KINDS;
use crate::v2::policy::Policy;
use crate::v2::reject::Reject;

/// Verifies `request` and brings it into the form in which it is logged.
///
/// This is the expensive part of a write: one signature verification for a hashedrekord entry, at
/// most 55 for a dsse entry with [`MAX_SIGNATURES`](crate::MAX_SIGNATURES) and
/// [`MAX_VERIFIERS`](crate::MAX_VERIFIERS).
///
/// # Errors
/// [`Reject`] with the rule that the request breaks.
pub fn prepare(request: &CreateEntryRequest, policy: &Policy) -> Result<PreparedEntry, Reject> {
    let not_taken = |submitted| Reject::Type {
        submitted,
        taken: policy.kinds,
    };
    let spec = request.spec.as_ref().ok_or_else(|| not_taken(None))?;
    let rows = V2_KINDS.iter();
    let mut submissions = rows.filter_map(|row| Some((row.kind, (row.submission)(spec)?)));
    let (kind, submission) = submissions.next().ok_or_else(|| not_taken(None))?;
    if !policy.kinds.contains(kind) {
        return Err(not_taken(Some(kind)));
    }
    submission(policy.limits()).map_err(|rule| Reject::Invalid { kind, rule })
}
