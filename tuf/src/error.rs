//! Which rule of TUF metadata breaks.

use std::fmt;

use crate::limits::MAX_DELEGATED_ROLES;

/// The four top-level roles.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Who may sign for which role.
    Root,
    /// Which snapshot is the newest.
    Timestamp,
    /// Which versions of the others belong together.
    Snapshot,
    /// What there is to fetch.
    Targets,
}

impl Role {
    /// What metadata calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which rule of TUF metadata breaks.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TufError {
    /// Not the JSON of a role's metadata.
    #[error("the {role} metadata cannot be read: {reason}")]
    Malformed {
        /// Whose it should be.
        role: Role,
        /// What is wrong with it.
        reason: String,
    },
    /// A number that has no canonical form.
    #[error("the metadata holds {0}, which is no whole number")]
    Number(String),
    /// Longer than its role may be, or than somebody else said.
    #[error("the {role} metadata has {length} bytes, and at most {limit} are possible")]
    Length {
        /// Whose it is.
        role: Role,
        /// Its length, in bytes.
        length: usize,
        /// What it may be at most.
        limit: u64,
    },
    /// Other bytes than somebody else said.
    #[error("the {0} metadata is not the one that was announced: its hash is another")]
    Hash(Role),
    /// Signed by too few of those who may.
    #[error("the {role} metadata is signed by {valid} of the {threshold} keys that are needed")]
    Threshold {
        /// Whose it is.
        role: Role,
        /// How many signatures by different keys are valid.
        valid: usize,
        /// How many are needed.
        threshold: usize,
    },
    /// A version that does not follow from what is known.
    #[error("the {role} metadata has version {version}, and {expected} is needed")]
    Version {
        /// Whose it is.
        role: Role,
        /// The version that it has.
        version: u64,
        /// The version that it should have, in words.
        expected: String,
    },
    /// Its time is over: somebody may be keeping newer metadata back.
    #[error("the {role} metadata ended at {expires}")]
    Expired {
        /// Whose it is.
        role: Role,
        /// RFC 3339.
        expires: String,
    },
    /// What has to come before has not come yet.
    #[error("the {0} metadata has to be read first")]
    Order(Role),
    /// The role lists no such file.
    #[error("{by} lists no {name:?}")]
    NotListed {
        /// Who should.
        by: Role,
        /// The name of the file.
        name: String,
    },
    /// A role has a name that no delegated role may have.
    #[error("no delegated role can be called {0:?}")]
    DelegatedName(String),
    /// The metadata of a delegated role does not hold.
    #[error("the role {name:?}: {reason}")]
    Delegated {
        /// Whose it is.
        name: String,
        /// What is wrong with it.
        #[source]
        reason: Box<Self>,
    },
    /// More roles look after a path than are asked.
    #[error("more than {MAX_DELEGATED_ROLES} delegated roles look after {0:?}")]
    TooManyRoles(String),
    /// A target other than the one that is listed.
    #[error("the target {0:?} is not the one that is listed: its length or hash is another")]
    OtherTarget(String),
}
