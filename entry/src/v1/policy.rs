use crate::algorithm::AlgorithmSet;

/// What a log accepts through Rekor v1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct V1Policy {
    /// The algorithms that hashedrekord entries may be signed with. The other kinds are not bound by it, as upstream.
    pub algorithms: AlgorithmSet,
    /// The kinds that are taken.
    pub kinds: V1KindSet,
    /// The largest attestation that is kept beside its entry, in bytes, or `None` to keep none. A larger one is not
    /// kept; its entry is logged all the same.
    pub max_attestation_bytes: Option<usize>,
    /// The largest document of a rekord entry, in bytes.
    pub max_artifact_bytes: usize,
}

impl Default for V1Policy {
    fn default() -> Self {
        Self {
            algorithms: AlgorithmSet::default(),
            kinds: V1KindSet::default(),
            max_attestation_bytes: Some(DEFAULT_MAX_ATTESTATION_BYTES),
            max_artifact_bytes: DEFAULT_MAX_ARTIFACT_BYTES,
        }
    }
}

/// How large an attestation may be to be kept, in bytes, unless the policy says otherwise: the limit of upstream.
pub const DEFAULT_MAX_ATTESTATION_BYTES: usize = 102_400;

/// How large the document of a rekord entry may be, in bytes, unless the policy says otherwise.
pub const DEFAULT_MAX_ARTIFACT_BYTES: usize = 32 << 20;

/// A kind of Rekor v1 that this version can verify, in all its versions.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum V1Kind {
    /// A signature over the hash of an artifact.
    HashedRekord,
    /// A signed DSSE envelope, of which hashes are logged.
    Dsse,
    /// A signed in-toto attestation.
    Intoto,
    /// A signature over a document, which is sent along.
    Rekord,
}

impl V1Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HashedRekord, Self::Dsse, Self::Intoto, Self::Rekord];

    /// The name in a body.
    pub fn name(self) -> &'static str {
        match self {
            Self::HashedRekord => "hashedrekord",
            Self::Dsse => "dsse",
            Self::Intoto => "intoto",
            Self::Rekord => "rekord",
        }
    }

    /// The kind called `name`, or `None` for one that this version cannot verify.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which kinds a log takes through Rekor v1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct V1KindSet(u8);

impl V1KindSet {
    /// The set of `kinds`.
    pub fn new(kinds: impl IntoIterator<Item = V1Kind>) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | bit(kind)))
    }

    /// The set of the kinds called `names`.
    ///
    /// # Errors
    /// The first name that is not one of a kind that this version can verify.
    pub fn from_names<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, UnsupportedKindName> {
        let mut set = Self(0);
        for name in names {
            let name = name.as_ref();
            let kind =
                V1Kind::from_name(name).ok_or_else(|| UnsupportedKindName(name.to_owned()))?;
            set.0 |= bit(kind);
        }
        Ok(set)
    }

    /// Whether `kind` is taken.
    pub fn contains(self, kind: V1Kind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// The kinds in the set.
    pub fn iter(self) -> impl Iterator<Item = V1Kind> {
        V1Kind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }
}

impl Default for V1KindSet {
    fn default() -> Self {
        Self::new(V1Kind::ALL)
    }
}

/// A name that is not one of a kind that this version can verify.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown kind of entry {0:?}; use hashedrekord, dsse, intoto or rekord")]
pub struct UnsupportedKindName(pub String);

fn bit(kind: V1Kind) -> u8 {
    1 << kind as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_a_set_and_unknown_ones_do_not() {
        let set = V1KindSet::from_names(["dsse", "rekord"]).unwrap();
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [V1Kind::Dsse, V1Kind::Rekord]
        );
        assert!(!set.contains(V1Kind::Intoto));
        for name in ["jar", "Dsse", ""] {
            assert_eq!(
                V1KindSet::from_names([name]),
                Err(UnsupportedKindName(name.to_owned()))
            );
        }
        assert_eq!(V1KindSet::default().iter().count(), V1Kind::ALL.len());
    }
}
