//! The kinds of entries of both API versions: the rows of both tables.

use crate::body_error::BodyError;
use crate::content::Content;
use crate::entry_kind::ApiVersion;
use crate::entry_kind::EntryKind;
use crate::v1::kind::V1_KINDS;
use crate::v2::kind::V2_KINDS;

/// Reads a body of one kind, which has to be canonical.
pub(crate) type ReadBody = fn(&[u8]) -> Result<Box<dyn Content>, BodyError>;

/// The kinds of entries that this version can verify, those of Rekor v2 first.
pub fn kinds() -> impl Iterator<Item = EntryKind> {
    rows().map(|(kind, _)| kind)
}

/// The kinds of one API version, in the order of their table.
pub fn kinds_of(api_version: ApiVersion) -> impl Iterator<Item = EntryKind> {
    kinds().filter(move |kind| kind.api_version() == api_version)
}

/// The kind that a body calls `name`, version `version`, or `None` for one that is not known.
pub fn find_kind(name: &str, version: &str) -> Option<EntryKind> {
    find_row(name, version).map(|(kind, _)| kind)
}

/// The kind with this name and version, and what reads its bodies.
pub(crate) fn find_row(name: &str, version: &str) -> Option<(EntryKind, ReadBody)> {
    rows().find(|(kind, _)| kind.name() == name && kind.version() == version)
}

fn rows() -> impl Iterator<Item = (EntryKind, ReadBody)> {
    let v2 = V2_KINDS.iter().map(|row| (row.kind, row.read));
    v2.chain(V1_KINDS.iter().map(|row| (row.kind, row.read)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_kind_has_a_name_and_version_of_its_own() {
        let named: HashSet<_> = kinds().map(|kind| (kind.name(), kind.version())).collect();
        assert_eq!(named.len(), kinds().count());
        for kind in kinds() {
            assert_eq!(find_kind(kind.name(), kind.version()), Some(kind));
        }
        assert_eq!(find_kind("jar", "0.0.1"), None);
        assert_eq!(find_kind("hashedrekord", "0.0.3"), None);
    }
}
