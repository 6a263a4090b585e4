//! Who a log says it is: the keys of its own trees, and when each signed.

use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_proto::log::v1 as proto;

use crate::trust::error::TrustError;
use crate::trust::log::TrustedLog;
use crate::trust::logs::TrustedLogs;

/// What the log calls the protocol of its trees for Rekor v1.
const REKOR_V1: &str = "rekor-v1";

/// How long after a freeze clocks and caches elsewhere may lag, in seconds: until then the key of a
/// frozen tree is valid.
const SECONDS_AFTER_FREEZE: i64 = 3_600;

/// Who a log says it is. Each face of a log may be switched off: then there is no growing tree of
/// its protocol.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogDescription {
    /// The growing tree of Rekor v2 under its Ed25519 key. Its name is a bare host name of its own.
    pub v2: Option<KeyPeriod>,
    /// The log of Rekor v1 under its ECDSA P-256 key, which is that of all its trees for Rekor v1,
    /// old and new: valid from the first of them on, without end.
    pub v1: Option<KeyPeriod>,
    /// Keys of trees that take no more entries, oldest first.
    pub frozen: Vec<KeyPeriod>,
    /// The keys under which the trees of Rekor v1 are read by tiles, that of the growing tree last.
    /// No trusted root lists them.
    pub v1_tiles: Vec<TrustedLog>,
    /// The keys of earlier trees that were imported.
    pub imported: Vec<TrustedLog>,
}

/// A log under one of its keys, and when it signs with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyPeriod {
    /// The log under the key.
    pub log: TrustedLog,
    /// When it first signed, in Unix seconds.
    pub since: i64,
    /// When it last signed, in Unix seconds; `None` where it still signs.
    pub until: Option<i64>,
}

impl LogDescription {
    /// The log called `origin` whose private keys are in these two PKCS#8 PEM texts: one for Rekor
    /// v2, one for Rekor v1.
    ///
    /// # Errors
    /// [`TrustError::PrivateKey`] when a text holds no such key, or `origin` cannot be the name of
    /// one.
    pub fn from_private_keys(
        origin: &str,
        ed25519: &str,
        ecdsa_p256: &str,
        created: i64,
    ) -> Result<Self, TrustError> {
        let ed25519 =
            Ed25519Signer::from_pkcs8_pem(origin, ed25519).map_err(TrustError::PrivateKey)?;
        let ecdsa_p256 =
            EcdsaP256Signer::from_pkcs8_pem(origin, ecdsa_p256).map_err(TrustError::PrivateKey)?;
        let ed25519 = TrustedLog::new(ed25519.verifier().clone())?;
        let ecdsa_p256 = TrustedLog::new(ecdsa_p256.verifier().clone())?;
        Ok(Self {
            v2: Some(KeyPeriod::starting(ed25519, created)),
            v1: Some(KeyPeriod::starting(ecdsa_p256, created)),
            frozen: Vec::new(),
            v1_tiles: Vec::new(),
            imported: Vec::new(),
        })
    }

    /// The log with these trees, as it lists them: its own, oldest first. Copies of other logs are
    /// passed over.
    ///
    /// # Errors
    /// [`TrustError::NoLog`] when none of them grows or was frozen here; otherwise when a key is
    /// none that signs checkpoints.
    pub fn from_trees(trees: &[proto::Tree]) -> Result<Self, TrustError> {
        let mut keys = KeysOfTrees::default();
        for tree in trees {
            keys.add(tree)?;
        }
        keys.into_description()
    }

    /// What the log is called: by the name of its tree for Rekor v2, or else for Rekor v1.
    pub fn origin(&self) -> &str {
        let shown = self.v2.iter().chain(&self.v1).chain(&self.frozen).next();
        shown.map_or("", |period| period.log.origin())
    }

    /// The key under which a reader sees the log who names no tree: that of the tree for Rekor v2,
    /// or else the one under which the tree for Rekor v1 is read by tiles.
    pub fn shown_key(&self) -> Option<&TrustedLog> {
        let v2 = self.v2.as_ref().map(|period| &period.log);
        v2.or_else(|| self.v1_tiles.last())
    }

    /// The key under which the tree with this number is read by tiles, if that is one for Rekor v1.
    pub fn tiles_key_of(&self, tree_id: u64) -> Option<&TrustedLog> {
        let end = format!("/trees/{tree_id}");
        self.v1_tiles
            .iter()
            .find(|log| log.origin().ends_with(&end))
    }

    /// All of its keys, as trusted logs.
    ///
    /// # Errors
    /// [`TrustError::NoLog`] when there is none.
    pub fn trusted(&self) -> Result<TrustedLogs, TrustError> {
        let dated = self.v2.iter().chain(&self.v1).chain(&self.frozen);
        let dated = dated.map(|period| &period.log);
        let all = dated.chain(&self.v1_tiles).chain(&self.imported);
        TrustedLogs::new(all.cloned().collect())
    }
}

impl KeyPeriod {
    /// The log under a key that it signs with since then, in Unix seconds.
    pub fn starting(log: TrustedLog, since: i64) -> Self {
        Self {
            log,
            since,
            until: None,
        }
    }
}

/// The keys of the trees of a log, as they are read one by one.
#[derive(Default)]
struct KeysOfTrees {
    v2: Option<KeyPeriod>,
    /// Those of Rekor v1, each once, oldest first.
    v1: Vec<KeyPeriod>,
    frozen: Vec<KeyPeriod>,
    imported: Vec<TrustedLog>,
    frozen_v1_tiles: Vec<TrustedLog>,
    v1_tiles: Vec<TrustedLog>,
}

impl KeysOfTrees {
    fn add(&mut self, tree: &proto::Tree) -> Result<(), TrustError> {
        if tree.role == proto::TreeRole::Copy as i32 {
            return Ok(());
        }
        let key: TrustedLog = tree.key.parse()?;
        let has_v1_key = !tree.rekor_v1_key.is_empty();
        let v1_key = has_v1_key
            .then(|| TrustedLog::from_spki_der(&tree.log_name, &tree.rekor_v1_key))
            .transpose()?;
        if tree.protocol.is_empty() {
            for key in v1_key.into_iter().chain([key]) {
                if !self.imported.contains(&key) {
                    self.imported.push(key);
                }
            }
            return Ok(());
        }
        if let Some(v1_key) = v1_key {
            self.add_v1(v1_key, tree.created);
        }
        let frozen_at = (tree.frozen_at != 0).then_some(tree.frozen_at);
        match (tree.protocol.as_str(), frozen_at) {
            (REKOR_V1, None) => self.v1_tiles.push(key),
            (REKOR_V1, Some(_)) => self.frozen_v1_tiles.push(key),
            (_, None) => self.v2 = Some(KeyPeriod::starting(key, tree.created)),
            (_, Some(frozen_at)) => self.frozen.push(KeyPeriod {
                until: Some(frozen_at.saturating_add(SECONDS_AFTER_FREEZE)),
                ..KeyPeriod::starting(key, tree.created)
            }),
        }
        Ok(())
    }

    /// One key serves the trees for Rekor v1 one after the other.
    fn add_v1(&mut self, log: TrustedLog, created: i64) {
        match self.v1.iter_mut().find(|period| period.log == log) {
            Some(known) => known.since = known.since.min(created),
            None => self.v1.push(KeyPeriod::starting(log, created)),
        }
    }

    fn into_description(mut self) -> Result<LogDescription, TrustError> {
        let v1 = self.v1.pop();
        let (earlier, later) = (self.v1, self.frozen);
        let description = LogDescription {
            v2: self.v2,
            v1,
            frozen: earlier.into_iter().chain(later).collect(),
            v1_tiles: self
                .frozen_v1_tiles
                .into_iter()
                .chain(self.v1_tiles)
                .collect(),
            imported: self.imported,
        };
        match description.origin() {
            "" => Err(TrustError::NoLog),
            _ => Ok(description),
        }
    }
}
