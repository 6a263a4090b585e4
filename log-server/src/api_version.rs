//! Which of Rekor's APIs an entry is of.

use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::EntryDescription;
use ledgerstone_entry::EntryKind;
use ledgerstone_entry::describe;

/// Whether only clients of Rekor v2 can read this body. Of a body that this version cannot read
/// nobody knows.
pub(crate) fn is_of_rekor_v2(body: &[u8]) -> bool {
    let described = describe(body).ok();
    let kind = described.as_ref().and_then(EntryDescription::entry_kind);
    kind.map(EntryKind::api_version) == Some(ApiVersion::V2)
}
