//! The set of kinds that a log takes.

use crate::entry_kind::ApiVersion;
use crate::entry_kind::EntryKind;
use crate::kinds::kinds;
use crate::kinds::kinds_of;

/// The most kinds that there can be, over both API versions: a set has a bit for each.
const MAX_KINDS: u32 = u64::BITS;

/// Which kinds of entries a log takes. Kinds with one name are taken together, in all their
/// versions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KindSet(u64);

impl KindSet {
    /// All kinds of an API version.
    pub fn all(api_version: ApiVersion) -> Self {
        Self::of(kinds_of(api_version))
    }

    /// The kinds of an API version that are called `names`.
    ///
    /// # Errors
    /// The first name that is not one of a kind that this version can verify.
    pub fn from_names<N: AsRef<str>>(
        api_version: ApiVersion,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, UnsupportedKindName> {
        let mut set = Self(0);
        for name in names {
            let name = name.as_ref();
            let named = Self::of(kinds_of(api_version).filter(|kind| kind.name() == name));
            if named.0 == 0 {
                return Err(UnsupportedKindName {
                    name: name.to_owned(),
                    known: Self::all(api_version).names(),
                });
            }
            set.0 |= named.0;
        }
        Ok(set)
    }

    /// The set without the kinds called `name`.
    pub fn without(self, name: &str) -> Self {
        Self::of(self.iter().filter(|kind| kind.name() != name))
    }

    /// Whether `kind` is taken.
    pub fn contains(self, kind: EntryKind) -> bool {
        self.iter().any(|one| one == kind)
    }

    /// The names of the kinds in the set, each once, in the order of their table.
    pub fn names(self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for kind in self.iter() {
            if !names.contains(&kind.name()) {
                names.push(kind.name());
            }
        }
        names
    }

    /// The kinds in the set.
    pub fn iter(self) -> impl Iterator<Item = EntryKind> {
        let bits = (0..MAX_KINDS).map(move |position| self.0 >> position & 1 == 1);
        kinds()
            .zip(bits)
            .filter_map(|(kind, is_in)| is_in.then_some(kind))
    }

    fn of(members: impl Iterator<Item = EntryKind>) -> Self {
        Self(members.fold(0, |bits, member| {
            let position = kinds().zip(0..MAX_KINDS).find(|(kind, _)| *kind == member);
            position.map_or(bits, |(_, position)| bits | 1 << position)
        }))
    }
}

/// A name that is not one of a kind that this version can verify.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown kind of entry {name:?}; use {}", alternatives(.known))]
pub struct UnsupportedKindName {
    /// The name.
    pub name: String,
    /// The names that would do.
    pub known: Vec<&'static str>,
}

/// `a, b or c`
pub(crate) fn alternatives(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_a_set_and_unknown_ones_do_not() {
        let set = KindSet::from_names(ApiVersion::V1, ["dsse", "intoto"]).unwrap();
        assert_eq!(set.names(), ["dsse", "intoto"]);
        assert_eq!(set.iter().count(), 3, "both versions of intoto");
        assert!(set.iter().all(|kind| kind.api_version() == ApiVersion::V1));
        assert_eq!(set.without("intoto").names(), ["dsse"]);
        for name in ["jar", "Dsse", ""] {
            let refused = KindSet::from_names(ApiVersion::V1, [name]).unwrap_err();
            assert_eq!(refused.name, name);
        }
        let refused = KindSet::from_names(ApiVersion::V2, ["rekord"]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "unknown kind of entry \"rekord\"; use hashedrekord or dsse"
        );
    }

    #[test]
    fn a_set_has_room_for_every_kind() {
        assert!(kinds().count() <= MAX_KINDS as usize);
        let sets = [ApiVersion::V1, ApiVersion::V2].map(KindSet::all);
        let members: usize = sets.iter().map(|set| set.iter().count()).sum();
        assert_eq!(members, kinds().count());
        for set in sets {
            assert!(set.iter().all(|kind| set.contains(kind)));
        }
    }
}
