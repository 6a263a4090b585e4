//! From a root that is known to what it vouches for, step by step (specification, section 5).

use std::collections::BTreeMap;

use crate::delegation::DelegatedRole;
use crate::error::Role;
use crate::error::TufError;
use crate::key::Key;
use crate::limits::MAX_ROOT_BYTES;
use crate::limits::MAX_SNAPSHOT_BYTES;
use crate::limits::MAX_TARGETS_BYTES;
use crate::limits::MAX_TIMESTAMP_BYTES;
use crate::metadata::FileMeta;
use crate::metadata::Root;
use crate::metadata::Snapshot;
use crate::metadata::Targets;
use crate::metadata::Timestamp;
use crate::search::DelegatedName;
use crate::search::Found;
use crate::search::ReadRoles;
use crate::search::find;
use crate::signed::Signed;
use crate::target::Target;
use crate::target::have_hashes;

/// Metadata that is believed so far. It is given more in the order root, timestamp, snapshot,
/// targets; each may be given again, newer.
#[derive(Clone, Debug)]
pub struct TrustedMetadata {
    root: Signed<Root>,
    timestamp: Option<Signed<Timestamp>>,
    snapshot: Option<Signed<Snapshot>>,
    targets: Option<Signed<Targets>>,
    delegated: ReadRoles,
}

impl TrustedMetadata {
    /// Begins with `root`, which is believed as it is. It has to be signed as it says itself.
    ///
    /// # Errors
    /// When it is no root, or not signed by enough of its keys.
    pub fn new(root: &[u8]) -> Result<Self, TufError> {
        check_length(Role::Root, root, MAX_ROOT_BYTES)?;
        let root = Signed::<Root>::parse(root)?;
        root.check_signatures(root.content())?;
        Ok(Self {
            root,
            timestamp: None,
            snapshot: None,
            targets: None,
            delegated: ReadRoles::new(),
        })
    }

    /// The version of the root that is believed.
    pub fn root_version(&self) -> u64 {
        self.root.version()
    }

    /// Whether files have their versions, and targets their hashes, in their names.
    pub fn has_consistent_snapshots(&self) -> bool {
        self.root.content().consistent_snapshot
    }

    /// Takes the root that follows: signed by enough keys of the one before and of its own, with
    /// the next version. That one of them has ended in between does no harm.
    ///
    /// # Errors
    /// When it does not follow.
    pub fn update_root(&mut self, root: &[u8]) -> Result<(), TufError> {
        check_length(Role::Root, root, MAX_ROOT_BYTES)?;
        let next = Signed::<Root>::parse(root)?;
        next.check_signatures(self.root.content())?;
        next.check_signatures(next.content())?;
        let expected = self.root.version().saturating_add(1);
        check_version(Role::Root, next.version(), expected)?;
        self.root = next;
        Ok(())
    }

    /// Checks that the root that is believed holds at `now`, in Unix seconds: after the last one
    /// was taken.
    ///
    /// # Errors
    /// When its time is over.
    pub fn check_root_time(&self, now: i64) -> Result<(), TufError> {
        self.root.check_time(now)
    }

    /// Takes a timestamp that was kept from an earlier time: only to know what may not be undone.
    ///
    /// # Errors
    /// When it is not signed by enough keys.
    pub fn recall_timestamp(&mut self, timestamp: &[u8]) -> Result<(), TufError> {
        self.timestamp = Some(self.read_timestamp(timestamp)?);
        Ok(())
    }

    /// Takes a timestamp that holds at `now`, in Unix seconds, and undoes nothing.
    ///
    /// # Errors
    /// When it does not follow.
    pub fn update_timestamp(&mut self, timestamp: &[u8], now: i64) -> Result<(), TufError> {
        let next = self.read_timestamp(timestamp)?;
        if let Some(known) = &self.timestamp {
            check_not_older(Role::Timestamp, next.version(), known.version())?;
            let of_snapshot = |one: &Signed<Timestamp>| {
                meta(&one.content().meta, Role::Timestamp, Role::Snapshot).map(|it| it.version)
            };
            check_not_older(Role::Snapshot, of_snapshot(&next)?, of_snapshot(known)?)?;
        }
        next.check_time(now)?;
        self.timestamp = Some(next);
        Ok(())
    }

    /// The snapshot that the timestamp announces.
    ///
    /// # Errors
    /// When there is no timestamp yet, or it announces none.
    pub fn announced_snapshot(&self) -> Result<&FileMeta, TufError> {
        let timestamp = self.timestamp.as_ref();
        let timestamp = timestamp.ok_or(TufError::Order(Role::Timestamp))?;
        meta(&timestamp.content().meta, Role::Timestamp, Role::Snapshot)
    }

    /// Takes a snapshot that was kept from an earlier time: only to know what may not be undone.
    ///
    /// # Errors
    /// When it is not signed by enough keys.
    pub fn recall_snapshot(&mut self, snapshot: &[u8]) -> Result<(), TufError> {
        self.snapshot = Some(self.read_snapshot(snapshot)?);
        Ok(())
    }

    /// Takes the snapshot that the timestamp announces, which has to hold at `now`, in Unix
    /// seconds, and to undo nothing.
    ///
    /// # Errors
    /// When it does not follow.
    pub fn update_snapshot(&mut self, snapshot: &[u8], now: i64) -> Result<(), TufError> {
        let announced = self.announced_snapshot()?;
        check_announced(Role::Snapshot, snapshot, announced)?;
        let next = self.read_snapshot(snapshot)?;
        check_version(Role::Snapshot, next.version(), announced.version)?;
        if let Some(known) = &self.snapshot {
            for (name, before) in &known.content().meta {
                let after = next.content().meta.get(name);
                let after = after.ok_or_else(|| TufError::NotListed {
                    by: Role::Snapshot,
                    name: name.clone(),
                })?;
                check_not_older(Role::Targets, after.version, before.version)?;
            }
        }
        next.check_time(now)?;
        self.snapshot = Some(next);
        Ok(())
    }

    /// The targets that the snapshot announces.
    ///
    /// # Errors
    /// When there is no snapshot yet, or it announces none.
    pub fn announced_targets(&self) -> Result<&FileMeta, TufError> {
        let snapshot = self.snapshot.as_ref();
        let snapshot = snapshot.ok_or(TufError::Order(Role::Snapshot))?;
        meta(&snapshot.content().meta, Role::Snapshot, Role::Targets)
    }

    /// Takes the targets that the snapshot announces, which have to hold at `now`, in Unix seconds.
    ///
    /// # Errors
    /// When they do not follow.
    pub fn update_targets(&mut self, targets: &[u8], now: i64) -> Result<(), TufError> {
        check_length(Role::Targets, targets, MAX_TARGETS_BYTES)?;
        let announced = self.announced_targets()?;
        check_announced(Role::Targets, targets, announced)?;
        let next = Signed::<Targets>::parse(targets)?;
        next.check_signatures(self.root.content())?;
        check_version(Role::Targets, next.version(), announced.version)?;
        next.check_time(now)?;
        self.targets = Some(next);
        self.delegated.clear();
        Ok(())
    }

    /// The metadata of the delegated role `name` that the snapshot announces.
    ///
    /// # Errors
    /// When there is no snapshot yet, or it announces none.
    pub fn announced_role(&self, name: &str) -> Result<&FileMeta, TufError> {
        let snapshot = self.snapshot.as_ref();
        let snapshot = snapshot.ok_or(TufError::Order(Role::Snapshot))?;
        let name = format!("{name}.json");
        let found = snapshot.content().meta.get(&name);
        found.ok_or(TufError::NotListed {
            by: Role::Snapshot,
            name,
        })
    }

    /// Takes the metadata of a delegated role that the snapshot announces. It has to be signed as
    /// who delegates says, and to hold at `now`, in Unix seconds.
    ///
    /// # Errors
    /// When it does not follow.
    pub fn update_role(
        &mut self,
        role: &DelegatedName,
        json: &[u8],
        now: i64,
    ) -> Result<(), TufError> {
        let read = self.read_role(role, json, now);
        let read = read.map_err(|reason| TufError::Delegated {
            name: role.name().to_owned(),
            reason: Box::new(reason),
        })?;
        self.delegated.insert(role.clone(), read);
        Ok(())
    }

    fn read_role(
        &self,
        role: &DelegatedName,
        json: &[u8],
        now: i64,
    ) -> Result<Signed<Targets>, TufError> {
        check_length(Role::Targets, json, MAX_TARGETS_BYTES)?;
        let announced = self.announced_role(role.name())?;
        check_announced(Role::Targets, json, announced)?;
        let read = Signed::<Targets>::parse(json)?;
        let (keys, delegated) = self.delegation(role)?;
        read.check_signatures_by(keys, &delegated.keyids, delegated.threshold)?;
        check_version(Role::Targets, read.version(), announced.version)?;
        read.check_time(now)?;
        Ok(read)
    }

    /// What who delegates to the role says of it.
    fn delegation(
        &self,
        role: &DelegatedName,
    ) -> Result<(&BTreeMap<String, Key>, &DelegatedRole), TufError> {
        let delegator = match role.delegator() {
            None => self.targets.as_ref(),
            Some(delegator) => self.delegated.get(&delegator),
        };
        let delegator = delegator.ok_or(TufError::Order(Role::Targets))?;
        let delegations = delegator.content().delegations.as_ref();
        let found = delegations.and_then(|it| {
            let mut roles = it.roles.iter();
            Some((&it.keys, roles.find(|one| one.name == role.name())?))
        });
        found.ok_or_else(|| TufError::NotListed {
            by: Role::Targets,
            name: role.name().to_owned(),
        })
    }

    /// Looks for the target called `path`: in the targets, and in the roles that these delegate it
    /// to, as far as they were read.
    ///
    /// # Errors
    /// When there are no targets yet, or none of that name, or too many roles look after it.
    pub fn find(&self, path: &str) -> Result<Found<'_>, TufError> {
        let targets = self.targets.as_ref();
        let targets = targets.ok_or(TufError::Order(Role::Targets))?;
        find(targets.content(), &self.delegated, path)
    }

    /// The target called `name`.
    ///
    /// # Errors
    /// When there are no targets yet, or none of that name.
    pub fn target(&self, name: &str) -> Result<&Target, TufError> {
        let targets = self.targets.as_ref();
        let targets = targets.ok_or(TufError::Order(Role::Targets))?;
        let found = targets.content().targets.get(name);
        found.ok_or_else(|| TufError::NotListed {
            by: Role::Targets,
            name: name.to_owned(),
        })
    }

    fn read_timestamp(&self, json: &[u8]) -> Result<Signed<Timestamp>, TufError> {
        check_length(Role::Timestamp, json, MAX_TIMESTAMP_BYTES)?;
        let read = Signed::<Timestamp>::parse(json)?;
        read.check_signatures(self.root.content())?;
        Ok(read)
    }

    fn read_snapshot(&self, json: &[u8]) -> Result<Signed<Snapshot>, TufError> {
        check_length(Role::Snapshot, json, MAX_SNAPSHOT_BYTES)?;
        let read = Signed::<Snapshot>::parse(json)?;
        read.check_signatures(self.root.content())?;
        Ok(read)
    }
}

fn meta(files: &BTreeMap<String, FileMeta>, by: Role, of: Role) -> Result<&FileMeta, TufError> {
    let name = format!("{of}.json");
    files.get(&name).ok_or(TufError::NotListed { by, name })
}

fn check_length(role: Role, bytes: &[u8], limit: usize) -> Result<(), TufError> {
    if bytes.len() <= limit {
        return Ok(());
    }
    Err(TufError::Length {
        role,
        length: bytes.len(),
        limit: u64::try_from(limit).unwrap_or(u64::MAX),
    })
}

fn check_announced(role: Role, bytes: &[u8], announced: &FileMeta) -> Result<(), TufError> {
    if let Some(limit) = announced.length
        && u64::try_from(bytes.len()).is_ok_and(|length| length > limit)
    {
        return Err(TufError::Length {
            role,
            length: bytes.len(),
            limit,
        });
    }
    match announced.hashes.is_empty() || have_hashes(bytes, &announced.hashes) {
        true => Ok(()),
        false => Err(TufError::Hash(role)),
    }
}

fn check_version(role: Role, version: u64, expected: u64) -> Result<(), TufError> {
    match version == expected {
        true => Ok(()),
        false => Err(TufError::Version {
            role,
            version,
            expected: expected.to_string(),
        }),
    }
}

fn check_not_older(role: Role, version: u64, known: u64) -> Result<(), TufError> {
    match version >= known {
        true => Ok(()),
        false => Err(TufError::Version {
            role,
            version,
            expected: format!("at least {known}"),
        }),
    }
}
