//! What an auditor remembers between two runs.

use std::path::Path;

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use serde::Deserialize;
use serde::Serialize;

use crate::audit::state_file::AuditStateError;
use crate::audit::state_file::read_key;
use crate::audit::state_file::read_state;
use crate::audit::state_file::write_state;

/// The version of the state file's form.
const VERSION: u32 = 1;

/// The last checkpoint that was verified, and how far an unfinished full audit came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditState {
    /// The signed note.
    pub checkpoint: String,
    /// The key that the note was verified with: the log is held to it. `None` in files from before
    /// it was kept.
    pub key: Option<VerifierKey>,
    /// The tree that a full audit has rebuilt so far, a whole number of bundles; `None` when none
    /// is under way.
    pub rebuilt: Option<(TreeSize, Hash)>,
}

impl AuditState {
    /// The state in the file `path`, or `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn load(path: &Path) -> Result<Option<Self>, AuditStateError> {
        let Some(json) = read_state(path)? else {
            return Ok(None);
        };
        let form = |reason: String| AuditStateError::Form {
            path: path.to_owned(),
            reason,
        };
        let file: StateFile =
            serde_json::from_slice(&json).map_err(|error| form(error.to_string()))?;
        if file.version != VERSION {
            return Err(form(format!(
                "it has version {} instead of {VERSION}",
                file.version
            )));
        }
        let key = read_key(path, file.key.as_deref())?;
        let rebuilt = file.rebuilt.map(|tree| {
            let root = hex::decode(&tree.root)
                .ok()
                .and_then(|root| Hash::from_slice(&root))?;
            Some((TreeSize::new(tree.size), root))
        });
        match rebuilt {
            Some(None) => Err(form("its root is not 64 hexadecimal digits".to_owned())),
            rebuilt => Ok(Some(Self {
                checkpoint: file.checkpoint,
                key,
                rebuilt: rebuilt.flatten(),
            })),
        }
    }

    /// Replaces the file `path` by this state, at once or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), AuditStateError> {
        let file = StateFile {
            version: VERSION,
            checkpoint: self.checkpoint.clone(),
            key: self.key.as_ref().map(ToString::to_string),
            rebuilt: self.rebuilt.map(|(size, root)| Rebuilt {
                size: size.get(),
                root: root.to_string(),
            }),
        };
        write_state(path, &file)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    version: u32,
    checkpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rebuilt: Option<Rebuilt>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Rebuilt {
    size: u64,
    root: String,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The key of RFC 8032, section 7.1, test 1.
    const KEY: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
        0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07,
        0x51, 0x1a,
    ];

    #[test]
    fn a_state_comes_back_as_it_was_saved() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        assert_eq!(AuditState::load(&path).unwrap(), None);
        let rebuilt = Some((TreeSize::new(512), Hash::new([7; 32])));
        for rebuilt in [rebuilt, None] {
            let state = AuditState {
                checkpoint: "a\nb\n".to_owned(),
                key: Some(VerifierKey::ed25519("log.example", KEY).unwrap()),
                rebuilt,
            };
            state.save(&path).unwrap();
            assert_eq!(AuditState::load(&path).unwrap(), Some(state));
        }
        let names: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["state.json"]);
    }

    #[test]
    fn another_file_is_not_taken_for_a_state() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        for text in [
            "",
            "{}",
            r#"{"version":2,"checkpoint":""}"#,
            r#"{"version":1,"checkpoint":"","more":1}"#,
            r#"{"version":1,"checkpoint":"","key":"log.example"}"#,
            r#"{"version":1,"checkpoint":"","rebuilt":{"size":1,"root":"00"}}"#,
        ] {
            fs::write(&path, text).unwrap();
            assert!(
                matches!(AuditState::load(&path), Err(AuditStateError::Form { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            AuditState::load(directory.path()),
            Err(AuditStateError::Io { .. } | AuditStateError::Form { .. })
        ));
    }
}
