//! Verifies entries of Rekor v1: finds the kind in the table, and leaves the rest to it.

use crate::prepared::PreparedEntry;
use crate::v1::kind::V1_KINDS;
use crate::v1::policy::V1Policy;
use crate::v1::proposed::ProposedEntry;
use crate::v1::purpose::Purpose;
use crate::v1::reject::V1Reject;

/// Verifies a proposed entry and brings it into the form in which it is logged.
///
/// The search keys of the result hold those of an in-toto statement too, which the body does not.
///
/// # Errors
/// [`V1Reject`] with the rule that the proposal breaks.
pub fn prepare(proposed: &ProposedEntry, policy: &V1Policy) -> Result<PreparedEntry, V1Reject> {
    dispatch(proposed, policy, Purpose::Create)
}

/// What a proposed entry would be in the log, to look it up there.
///
/// The forms of dsse and intoto entries that are logged, without the envelope, are taken as well.
/// Which kinds and algorithms the log accepts today does not matter: it may have accepted others
/// before.
///
/// # Errors
/// [`V1Reject`] with the rule that the proposal breaks. Signatures are verified, as upstream.
pub fn canonical(proposed: &ProposedEntry, policy: &V1Policy) -> Result<PreparedEntry, V1Reject> {
    dispatch(proposed, policy, Purpose::LookUp)
}

fn dispatch(
    proposed: &ProposedEntry,
    policy: &V1Policy,
    purpose: Purpose,
) -> Result<PreparedEntry, V1Reject> {
    let named: Vec<_> = V1_KINDS
        .iter()
        .filter(|row| row.kind.name() == proposed.kind)
        .collect();
    let Some(first) = named.first() else {
        return Err(V1Reject::UnsupportedKind(proposed.kind.clone()));
    };
    // Either all versions of a kind are taken, or none.
    let kind = first.kind;
    if purpose == Purpose::Create && !policy.kinds.contains(kind) {
        return Err(V1Reject::KindNotEnabled(kind.name()));
    }
    let mut versions = named.iter();
    let row = versions
        .find(|row| row.kind.version() == proposed.api_version)
        .ok_or_else(|| V1Reject::UnsupportedVersion {
            kind: kind.name(),
            version: proposed.api_version.clone(),
        })?;
    proposed.with_spec(|spec| (row.prepare)(spec, &policy.limits(), purpose))
}
