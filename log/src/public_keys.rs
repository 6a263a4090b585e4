//! The public keys of trees in the store, for those who read it without the private ones.

use std::fs;
use std::io;
use std::path::Path;

use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::OLD_SCHEMA_VERSION;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::error::KeyError;
use crate::keyring::directory::retired_file;
use crate::keyring::foreign::public_key_file;
use crate::tree::Tree;

/// Keeps the public keys of `trees` in the store, where others are kept or none. A store of an
/// earlier schema has no place for them.
pub(crate) fn keep<'a>(
    store: &Store,
    trees: impl Iterator<Item = &'a Tree>,
) -> Result<(), StorageError> {
    if store.schema_version()? == OLD_SCHEMA_VERSION {
        return Ok(());
    }
    for tree in trees {
        let vkeys: Vec<String> = tree.public_keys().map(VerifierKey::to_string).collect();
        let vkeys = vkeys.join("\n");
        if store.public_keys(tree.shard())?.as_ref() != Some(&vkeys) {
            store.keep_public_keys(tree.shard(), &vkeys)?;
        }
    }
    Ok(())
}

/// The public keys of the tree in `shard`, those that its identity names and in that order: from
/// the store, or else from the files that hold no private key.
///
/// # Errors
/// [`KeyError::NotKept`] when there are none, or they are not those of the tree.
pub(crate) fn load(
    store: &Store,
    key_dir: &Path,
    shard: ShardId,
    identity: &ShardIdentity,
) -> Result<Vec<VerifierKey>, KeyError> {
    // Where the row cannot be read, a file may still say.
    let kept = store.public_keys(shard).unwrap_or_default();
    let files = [retired_file(identity.tree_id), public_key_file(shard)];
    let texts = kept.into_iter().map(Ok);
    let texts = texts.chain(files.iter().filter_map(|file| read(&key_dir.join(file))));
    for text in texts {
        let keys: Result<Vec<VerifierKey>, _> = text?.lines().map(str::parse).collect();
        let is_of_tree = |keys: &[VerifierKey]| {
            keys.iter()
                .map(VerifierKey::log_id)
                .eq(identity.keys.iter().copied())
        };
        if let Ok(keys) = keys
            && is_of_tree(&keys)
        {
            return Ok(keys);
        }
    }
    Err(KeyError::NotKept(identity.origin.clone()))
}

/// The text of a file; `None` where there is no such file.
fn read(path: &Path) -> Option<Result<String, KeyError>> {
    match fs::read_to_string(path) {
        Ok(text) => Some(Ok(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => Some(Err(KeyError::Io {
            path: path.to_owned(),
            source,
        })),
    }
}
