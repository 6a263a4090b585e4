//! The trees of the log under test, and the keys that sign for them.

use anyhow::Context;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_merkle::VerifierKey;
use serde_json::Value;

/// A tree that takes entries.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) id: u64,
    /// The key of its tiles and proofs.
    pub(crate) key: VerifierKey,
}

/// Both trees of a log.
#[derive(Clone, Debug)]
pub(crate) struct LogKeys {
    pub(crate) v2: Tree,
    pub(crate) v1: Tree,
    /// The key that Rekor v1 answers with.
    pub(crate) v1_key: VerifierKey,
    pub(crate) logs: TrustedLogs,
}

impl LogKeys {
    /// Reads what a server announces.
    pub(crate) fn read(announced: &Value) -> anyhow::Result<Self> {
        let v1_key: VerifierKey = text(announced, "ecdsaP256")?.parse()?;
        let (v2, v1) = (tree(announced, "rekor-v2")?, tree(announced, "rekor-v1")?);
        let keys = [&v2.key, &v1.key, &v1_key];
        let logs = keys.map(|key| TrustedLog::new(key.clone()));
        let logs = logs.into_iter().collect::<Result<_, _>>()?;
        Ok(Self {
            v2,
            v1,
            v1_key,
            logs: TrustedLogs::new(logs)?,
        })
    }

    /// Both trees.
    pub(crate) fn trees(&self) -> [&Tree; 2] {
        [&self.v2, &self.v1]
    }
}

fn tree(announced: &Value, protocol: &str) -> anyhow::Result<Tree> {
    let trees = announced["trees"].as_array().context("no trees")?;
    let tree = trees
        .iter()
        .find(|tree| tree["protocol"] == protocol && tree["role"] == "growing")
        .with_context(|| format!("no tree of {protocol}"))?;
    Ok(Tree {
        id: text(tree, "treeId")?.parse()?,
        key: text(tree, "key")?.parse()?,
    })
}

fn text<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("the server does not say its {name}"))
}
