//! Which of Rekor's APIs an entry is of.

use ledgerstone_entry::EntryContent;
use ledgerstone_entry::describe;

/// Whether only clients of Rekor v2 can read this body. Of a body that this version cannot read nobody knows.
pub(crate) fn is_of_rekor_v2(body: &[u8]) -> bool {
    describe(body).is_ok_and(|description| {
        matches!(
            description.content(),
            EntryContent::HashedRekordV002(_) | EntryContent::DsseV002(_)
        )
    })
}
