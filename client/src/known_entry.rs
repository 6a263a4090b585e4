//! What is known of an entry by its body, its place, and the authorities that are trusted.

use ledgerstone_entry::Known;

use crate::trust::trusted_root::TrustedRoot;
use crate::verify::issued::issued_by_trusted;

/// What is known of the entry at `index`, which the log took at `time`, in Unix seconds (0 where
/// that is not known): with the authorities of `trust`, which of them issued its certificates.
pub fn known_entry(body: &[u8], index: u64, time: i64, trust: Option<&TrustedRoot>) -> Known {
    let known = Known::of_body(body).at(index).taken_at(time);
    match trust {
        Some(trust) => known.with_trust(&issued_by_trusted(body, trust)),
        None => known,
    }
}
