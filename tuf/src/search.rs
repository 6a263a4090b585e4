//! Where a target is: in the top-level targets, or in a role that these leave it to (specification,
//! section 5.6.7).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::error::Role;
use crate::error::TufError;
use crate::limits::MAX_DELEGATED_ROLES;
use crate::metadata::Targets;
use crate::signed::Signed;
use crate::target::Target;

/// A delegated role, and how the targets lead to it: who delegates to it says whose signatures
/// count, and two may say so differently of the same name.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct DelegatedName {
    /// The names from below the targets down to its own.
    chain: Vec<String>,
}

impl DelegatedName {
    /// The name of the role itself.
    pub fn name(&self) -> &str {
        match self.chain.last() {
            Some(name) => name,
            None => Role::Targets.name(),
        }
    }

    /// The role that delegates to it; `None` for the top-level targets.
    pub(crate) fn delegator(&self) -> Option<Self> {
        let (_, chain) = self.chain.split_last()?;
        (!chain.is_empty()).then(|| Self {
            chain: chain.to_vec(),
        })
    }

    fn is_top(&self) -> bool {
        self.chain.is_empty()
    }

    fn below(&self, name: &str) -> Self {
        let mut chain = self.chain.clone();
        chain.push(name.to_owned());
        Self { chain }
    }
}

/// Where a target is, as far as that is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Found<'a> {
    /// The target.
    Target(&'a Target),
    /// The metadata of this role is needed first.
    Needs(DelegatedName),
}

/// Roles that were read.
pub(crate) type ReadRoles = BTreeMap<DelegatedName, Signed<Targets>>;

/// Looks for `path`, first in `targets`, then in the roles that they delegate it to, the first one
/// with all of its own before the second.
pub(crate) fn find<'t>(
    targets: &'t Targets,
    read: &'t ReadRoles,
    path: &str,
) -> Result<Found<'t>, TufError> {
    let mut visited = BTreeSet::new();
    // The next one is at the end.
    let mut waiting = vec![DelegatedName::default()];
    while let Some(role) = waiting.pop() {
        if visited.contains(role.name()) {
            continue;
        }
        if visited.len() > MAX_DELEGATED_ROLES {
            return Err(TufError::TooManyRoles(path.to_owned()));
        }
        let content = match read.get(&role) {
            _ if role.is_top() => targets,
            Some(read) => read.content(),
            None => return Ok(Found::Needs(role)),
        };
        if let Some(target) = content.targets.get(path) {
            return Ok(Found::Target(target));
        }
        let (next, is_last) = delegated(content, &role, path)?;
        if is_last {
            waiting.clear();
        }
        waiting.extend(next.into_iter().rev());
        visited.insert(role.name().to_owned());
    }
    Err(TufError::NotListed {
        by: Role::Targets,
        name: path.to_owned(),
    })
}

/// The roles that `content`, which is of the role `by`, leaves `path` to, and whether nobody else
/// is to be asked.
fn delegated(
    content: &Targets,
    by: &DelegatedName,
    path: &str,
) -> Result<(Vec<DelegatedName>, bool), TufError> {
    let mut next = Vec::new();
    let roles = content.delegations.iter().flat_map(|it| &it.roles);
    for role in roles.filter(|role| role.is_for(path)) {
        role.check_name()?;
        next.push(by.below(&role.name));
        if role.terminating {
            return Ok((next, true));
        }
    }
    Ok((next, false))
}
