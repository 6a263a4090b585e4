//! The trusted root of a TUF repository: what it says now, or what was kept.

use std::path::Path;

use ledgerstone_tuf::DelegatedName;
use ledgerstone_tuf::Found;
use ledgerstone_tuf::MAX_ROOT_BYTES;
use ledgerstone_tuf::MAX_ROOT_STEPS;
use ledgerstone_tuf::MAX_SNAPSHOT_BYTES;
use ledgerstone_tuf::MAX_TARGETS_BYTES;
use ledgerstone_tuf::MAX_TIMESTAMP_BYTES;
use ledgerstone_tuf::TrustedMetadata;
use ledgerstone_tuf::TufError;
use sha2::Digest as _;
use sha2::Sha256;

use crate::transport::http::Transport;
use crate::trust::error::MAX_TRUSTED_ROOT_BYTES;
use crate::trust::trusted_root::TrustedRoot;
use crate::tuf::cache::Cache;
use crate::tuf::error::RepositoryError;

/// The target that Sigstore's clients read.
const TRUSTED_ROOT: &str = "trusted_root.json";

const ROOT: &str = "root.json";
const TIMESTAMP: &str = "timestamp.json";
const SNAPSHOT: &str = "snapshot.json";
const TARGETS: &str = "targets.json";

/// A TUF repository, as it was seen last.
#[derive(Clone, Debug)]
pub struct Repository {
    url: String,
    /// The root to begin with, where none was kept that is newer.
    root: Vec<u8>,
    cache: Cache,
}

impl Repository {
    /// The repository at `url`. It is believed by `root`, and what it says is kept below `folder`.
    pub fn new(url: &str, root: &[u8], folder: &Path) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            root: root.to_vec(),
            cache: Cache::new(folder, url),
        }
    }

    /// The trusted root that the repository vouches for at `now`, in Unix seconds. What it says is
    /// kept, and may not be undone later.
    ///
    /// # Errors
    /// When the repository cannot be reached, lacks something, or what it says does not hold.
    pub async fn refresh(
        &self,
        transport: &Transport,
        now: i64,
    ) -> Result<TrustedRoot, RepositoryError> {
        let mut metadata = self.begin()?;
        self.follow_roots(&mut metadata, transport).await?;
        self.holds(metadata.check_root_time(now))?;
        self.recall(&mut metadata)?;
        let timestamp = self
            .fetch(transport, TIMESTAMP, MAX_TIMESTAMP_BYTES)
            .await?;
        self.holds(metadata.update_timestamp(&timestamp, now))?;
        self.cache.store(TIMESTAMP, &timestamp)?;

        let version = self.holds(metadata.announced_snapshot())?.version;
        let path = versioned(&metadata, version, SNAPSHOT);
        let snapshot = self.fetch(transport, &path, MAX_SNAPSHOT_BYTES).await?;
        self.holds(metadata.update_snapshot(&snapshot, now))?;
        self.cache.store(SNAPSHOT, &snapshot)?;

        let version = self.holds(metadata.announced_targets())?.version;
        let path = versioned(&metadata, version, TARGETS);
        let targets = self.fetch(transport, &path, MAX_TARGETS_BYTES).await?;
        self.holds(metadata.update_targets(&targets, now))?;
        self.cache.store(TARGETS, &targets)?;

        let target = loop {
            let role = match self.holds(metadata.find(TRUSTED_ROOT))? {
                Found::Target(target) => break target.clone(),
                Found::Needs(role) => role,
            };
            let version = self.holds(metadata.announced_role(role.name()))?.version;
            let path = versioned(&metadata, version, &role_path(&role));
            let json = self.fetch(transport, &path, MAX_TARGETS_BYTES).await?;
            self.holds(metadata.update_role(&role, &json, now))?;
            self.cache.store(&role_file(&role), &json)?;
        };
        let kept = self.cache.load(TRUSTED_ROOT)?;
        let kept = kept.filter(|bytes| target.check(TRUSTED_ROOT, bytes).is_ok());
        let bytes = match kept {
            Some(bytes) => bytes,
            None => {
                let hashed = target.path(TRUSTED_ROOT);
                let hashed = hashed.filter(|_| metadata.has_consistent_snapshots());
                let path = hashed.unwrap_or_else(|| TRUSTED_ROOT.to_owned());
                let path = format!("targets/{path}");
                let bytes = self.fetch(transport, &path, MAX_TRUSTED_ROOT_BYTES).await?;
                self.holds(target.check(TRUSTED_ROOT, &bytes))?;
                self.cache.store(TRUSTED_ROOT, &bytes)?;
                bytes
            }
        };
        Ok(TrustedRoot::parse_at(&bytes, now)?)
    }

    /// The trusted root that was kept, without asking the repository: as old as it is, and verified
    /// like a new one but for its time. `None` where none was kept.
    ///
    /// # Errors
    /// When what was kept cannot be read, or does not hold.
    pub fn kept(&self, now: i64) -> Result<Option<TrustedRoot>, RepositoryError> {
        let mut metadata = self.begin()?;
        let load = |name: &str| self.cache.load(name);
        let (Some(timestamp), Some(snapshot), Some(targets), Some(bytes)) = (
            load(TIMESTAMP)?,
            load(SNAPSHOT)?,
            load(TARGETS)?,
            load(TRUSTED_ROOT)?,
        ) else {
            return Ok(None);
        };
        // Whether their time is over is what nobody can change offline.
        let ever = i64::MIN;
        self.holds(metadata.update_timestamp(&timestamp, ever))?;
        self.holds(metadata.update_snapshot(&snapshot, ever))?;
        self.holds(metadata.update_targets(&targets, ever))?;
        let target = loop {
            let role = match self.holds(metadata.find(TRUSTED_ROOT))? {
                Found::Target(target) => break target.clone(),
                Found::Needs(role) => role,
            };
            let Some(json) = load(&role_file(&role))? else {
                return Ok(None);
            };
            self.holds(metadata.update_role(&role, &json, ever))?;
        };
        self.holds(target.check(TRUSTED_ROOT, &bytes))?;
        Ok(Some(TrustedRoot::parse_at(&bytes, now)?))
    }

    /// Why nothing was kept.
    pub fn not_kept(&self) -> RepositoryError {
        RepositoryError::NotKept {
            url: self.url.clone(),
            path: self.cache.folder().to_owned(),
        }
    }

    /// The newer of the given root and the one that was kept.
    fn begin(&self) -> Result<TrustedMetadata, RepositoryError> {
        let given = self.holds(TrustedMetadata::new(&self.root))?;
        let Some(kept) = self.cache.load(ROOT)? else {
            return Ok(given);
        };
        let kept = self.holds(TrustedMetadata::new(&kept))?;
        Ok(match kept.root_version() > given.root_version() {
            true => kept,
            false => given,
        })
    }

    /// Takes one root after the other, until there is no next one.
    async fn follow_roots(
        &self,
        metadata: &mut TrustedMetadata,
        transport: &Transport,
    ) -> Result<(), RepositoryError> {
        for _ in 0..MAX_ROOT_STEPS {
            let path = format!("/{}.{ROOT}", metadata.root_version().saturating_add(1));
            let Some(root) = transport.fetch(&path, MAX_ROOT_BYTES).await? else {
                return Ok(());
            };
            self.holds(metadata.update_root(&root))?;
            self.cache.store(ROOT, &root)?;
        }
        Ok(())
    }

    /// What was said before may not be undone. What the keys of today did not sign binds nobody:
    /// keys are changed because they were lost.
    fn recall(&self, metadata: &mut TrustedMetadata) -> Result<(), RepositoryError> {
        if let Some(timestamp) = self.cache.load(TIMESTAMP)?
            && metadata.recall_timestamp(&timestamp).is_ok()
            && let Some(snapshot) = self.cache.load(SNAPSHOT)?
        {
            // It may be damaged, or signed by a key that was lost: then it binds nobody either.
            let _ = metadata.recall_snapshot(&snapshot);
        }
        Ok(())
    }

    async fn fetch(
        &self,
        transport: &Transport,
        path: &str,
        limit: usize,
    ) -> Result<Vec<u8>, RepositoryError> {
        let found = transport.fetch(&format!("/{path}"), limit).await?;
        let found = found.ok_or_else(|| RepositoryError::Missing {
            url: self.url.clone(),
            path: path.to_owned(),
        })?;
        Ok(found.to_vec())
    }

    fn holds<T>(&self, result: Result<T, TufError>) -> Result<T, RepositoryError> {
        result.map_err(|reason| RepositoryError::Metadata {
            url: self.url.clone(),
            reason,
        })
    }
}

/// The name of the file of a delegated role in the repository: what could mean something in a path
/// is encoded.
fn role_path(role: &DelegatedName) -> String {
    let mut path = String::new();
    for byte in role.name().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            b'.' if !path.is_empty() => path.push('.'),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("{path}.json")
}

/// The name under which the metadata of a delegated role is kept.
fn role_file(role: &DelegatedName) -> String {
    format!("role-{}.json", hex::encode(Sha256::digest(role.name())))
}

/// The name of a file of metadata, with its version where files have such names.
fn versioned(metadata: &TrustedMetadata, version: u64, name: &str) -> String {
    match metadata.has_consistent_snapshots() {
        true => format!("{version}.{name}"),
        false => name.to_owned(),
    }
}
