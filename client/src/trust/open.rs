//! Opening checkpoints: signed by a trusted log, under an origin of its own.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;

use crate::trust::checkpoint::CheckpointFault;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::log::TrustedLog;
use crate::trust::logs::TrustedLogs;
use crate::trust::origin::is_rekor_v1_origin;
use crate::trust::origin::tree_id_in;

impl TrustedLogs {
    /// The checkpoint in `note`, which must be signed by one of these logs under its own name.
    ///
    /// # Errors
    /// When it is not, or the note or the checkpoint is malformed.
    pub fn open_checkpoint(&self, note: &str) -> Result<SignedCheckpoint, CheckpointFault> {
        self.open(note, |origin, name| origin == name)
    }

    /// The checkpoint of a log that is read by its tiles: its own, or that of a tree of a Rekor v1,
    /// of any number. A caller that comes back must compare the whole origin with the one before.
    ///
    /// # Errors
    /// As for [`open_checkpoint`](Self::open_checkpoint).
    pub fn open_tiled_checkpoint(&self, note: &str) -> Result<SignedCheckpoint, CheckpointFault> {
        self.open(note, |origin, name| {
            origin == name || tree_id_in(origin, name).is_some()
        })
    }

    /// The checkpoint of the tree `tree_id` of a Rekor v1 in `note`. Its origin is the name of the
    /// log and the tree id, and it is signed under the name alone (rekor-v1, section 3).
    ///
    /// # Errors
    /// As for [`open_checkpoint`](Self::open_checkpoint).
    pub fn open_rekor_v1_checkpoint(
        &self,
        note: &str,
        tree_id: u64,
    ) -> Result<SignedCheckpoint, CheckpointFault> {
        self.open(note, |origin, name| origin == format!("{name} - {tree_id}"))
    }

    fn open(
        &self,
        note: &str,
        is_origin: impl Fn(&str, &str) -> bool,
    ) -> Result<SignedCheckpoint, CheckpointFault> {
        let signed = SignedNote::parse(note)?;
        let checkpoint = Checkpoint::parse(signed.text())?;
        let keys = self.keys_for(&signed);
        let signers = signed.verify(&keys)?;
        let Some(signer) = signers
            .iter()
            .find(|key| is_origin(&checkpoint.origin, key.name()))
        else {
            return Err(other_origin(checkpoint, &signers));
        };
        let known = |name: &str| self.iter().any(|log| log.is_called(name));
        let other_signatures = signed
            .signatures()
            .iter()
            .filter(|line| !known(line.name().as_str()))
            .count();
        Ok(SignedCheckpoint {
            key: (*signer).clone(),
            note: note.to_owned(),
            checkpoint,
            other_signatures,
        })
    }

    /// The keys under the names that the note is signed with, each once.
    fn keys_for(&self, note: &SignedNote) -> Vec<VerifierKey> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        for line in note.signatures() {
            let name = line.name().as_str();
            let called = self.iter().filter(|log| log.is_called(name));
            for key in called.filter_map(|log| log.key_as(name)) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }
}

impl TrustedLog {
    /// The checkpoint in `note`, signed by this log as Rekor v1 does: under a name of its own
    /// choice, with the origin `<name> - <tree id>` (rekor-v1, section 3). The name counts where
    /// the log was named together with its key; that of a trusted root is the host of a URL, which
    /// need not be it. Such a log is known by its key alone.
    ///
    /// # Errors
    /// When it is not, or the note or the checkpoint is malformed.
    pub fn open_rekor_v1_checkpoint(
        &self,
        note: &str,
    ) -> Result<SignedCheckpoint, CheckpointFault> {
        let signed = SignedNote::parse(note)?;
        let checkpoint = Checkpoint::parse(signed.text())?;
        let names = signed.signatures().iter().map(|line| line.name().as_str());
        let names = names.filter(|name| self.is_named_by_host() || self.is_called(name));
        let mut keys: Vec<VerifierKey> = Vec::new();
        for key in names.filter_map(|name| self.key_as(name)) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let signers = signed.verify(&keys)?;
        let signer = signers
            .iter()
            .find(|key| is_rekor_v1_origin(&checkpoint.origin, key.name()));
        let Some(signer) = signer else {
            return Err(other_origin(checkpoint, &signers));
        };
        let lines = signed.signatures().iter();
        let others = lines.filter(|line| line.name().as_str() != signer.name());
        Ok(SignedCheckpoint {
            key: (*signer).clone(),
            note: note.to_owned(),
            other_signatures: others.count(),
            checkpoint,
        })
    }
}

fn other_origin(checkpoint: Checkpoint, signers: &[&VerifierKey]) -> CheckpointFault {
    let names: Vec<_> = signers.iter().map(|key| key.name()).collect();
    CheckpointFault::Origin {
        origin: checkpoint.origin,
        signer: names.join(", "),
    }
}

#[cfg(test)]
mod tests {

    use ledgerstone_merkle::NoteError;
    use ledgerstone_merkle::NoteSigner;

    use super::*;
    use crate::trust::tests::checkpoint;
    use crate::trust::tests::signer;
    use crate::trust::tests::trust;

    #[test]
    fn a_checkpoint_must_be_signed_by_the_log_it_names() {
        let (ours, other) = (signer("log.example", 1), signer("other.example", 2));
        let logs = trust(&[&ours]);

        let opened = logs
            .open_checkpoint(&checkpoint("log.example", &[&ours, &other]))
            .unwrap();
        assert_eq!(
            (opened.key.clone(), opened.other_signatures),
            (ours.verifier().clone(), 1)
        );
        let unsigned = logs.open_checkpoint(&checkpoint("log.example", &[&other]));
        assert_eq!(unsigned, Err(CheckpointFault::Note(NoteError::NoKnownKey)));
        let impostor =
            logs.open_checkpoint(&checkpoint("log.example", &[&signer("log.example", 3)]));
        assert_eq!(impostor, Err(CheckpointFault::Note(NoteError::NoKnownKey)));
        let borrowed = logs.open_checkpoint(&checkpoint("other.example", &[&ours]));
        assert!(matches!(borrowed, Err(CheckpointFault::Origin { .. })));
        let crossed =
            trust(&[&ours, &other]).open_checkpoint(&checkpoint("third.example", &[&ours, &other]));
        assert!(matches!(crossed, Err(CheckpointFault::Origin { .. })));
    }

    #[test]
    fn a_tree_of_a_rekor_v1_is_read_by_tiles_under_the_name_of_its_log() {
        let key = signer("log.example", 1);
        let logs = trust(&[&key]);
        for (origin, is_a_tree) in [
            ("log.example - 12", true),
            ("log.example - 012", false),
            ("log.example - +12", false),
            ("log.example - ", false),
            ("log.example 12", false),
            ("log.example.com - 12", false),
        ] {
            let note = checkpoint(origin, &[&key]);
            assert_eq!(
                logs.open_tiled_checkpoint(&note).is_ok(),
                is_a_tree,
                "{origin}"
            );
            assert_eq!(tree_id_in(origin, "log.example"), is_a_tree.then_some(12));
            assert!(logs.open_checkpoint(&note).is_err(), "{origin}");
        }
        let note = checkpoint("log.example", &[&key]);
        assert!(logs.open_tiled_checkpoint(&note).is_ok());
    }
}
