//! The text that is kept for a tree outside the store: its last checkpoint, and, for a tree that
//! Rekor v1 clients read, the signature of theirs over the same head.
//!
//! ```text
//! <checkpoint, a signed note>
//! <an empty line>
//! <base64 of key id and signature, padded with spaces>
//! ```
//!
//! Both are of one head since one write replaces both. The text of the second checkpoint is that of
//! the first but for its origin, so that its signature is all there is to keep. The signature has
//! the length of the longest one of its key: a text of another length costs a sync.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;

/// The base64 digits of a key id and the longest ECDSA P-256 signature in DER, 4 and 72 bytes.
const SIGNATURE_DIGITS: usize = 104;

/// What every signature line of a note begins with (C2SP signed-note).
const SIGNATURE_LINE: &str = "\u{2014} ";

/// The text to keep for the checkpoint `note` and the one of Rekor v1 over the same head.
pub(crate) fn join(note: &str, v1_note: Option<&str>) -> String {
    match v1_note.and_then(last_word) {
        Some(signature) => format!("{note}\n{signature:<SIGNATURE_DIGITS$}\n"),
        None => note.to_owned(),
    }
}

/// The checkpoint in a kept text.
pub(crate) fn note_of(kept: &str) -> &str {
    split(kept).map_or(kept, |(note, _)| note)
}

/// The checkpoint of Rekor v1 in a kept text whose checkpoint is `checkpoint`: under `origin`, and
/// signed by `key`. `None` where there is none, as a power cut or an earlier version may leave it.
pub(crate) fn v1_note_of(
    kept: &str,
    checkpoint: &Checkpoint,
    origin: &str,
    key: &VerifierKey,
) -> Option<String> {
    let (_, signature) = split(kept)?;
    let text = Checkpoint {
        origin: origin.to_owned(),
        extensions: Vec::new(),
        ..checkpoint.clone()
    }
    .to_text();
    let note = format!("{text}\n{SIGNATURE_LINE}{} {signature}\n", key.name());
    let signed = SignedNote::parse(&note).ok()?;
    let verified = signed.verify(std::slice::from_ref(key)).ok()?;
    (!verified.is_empty()).then_some(note)
}

/// The checkpoint, and what stands behind it.
fn split(kept: &str) -> Option<(&str, &str)> {
    let (note, behind) = kept.rsplit_once("\n\n")?;
    let signature = behind.trim_end();
    // In a note alone, its signatures stand behind the last empty line.
    if behind.starts_with(SIGNATURE_LINE) || !note.contains("\n\n") {
        return None;
    }
    Some((&kept[..=note.len()], signature))
}

fn last_word(note: &str) -> Option<&str> {
    note.trim_end().rsplit(' ').next()
}

#[cfg(test)]
mod tests {
    use ledgerstone_merkle::EcdsaP256Signer;
    use ledgerstone_merkle::Ed25519Signer;
    use ledgerstone_merkle::Hash;
    use ledgerstone_merkle::NoteSigner as _;
    use ledgerstone_merkle::TreeSize;

    use super::*;

    fn checkpoint(origin: &str, size: u64) -> Checkpoint {
        Checkpoint {
            origin: origin.to_owned(),
            size: TreeSize::new(size),
            root: Hash::new([7; 32]),
            extensions: Vec::new(),
        }
    }

    #[test]
    fn both_checkpoints_come_back_and_the_length_does_not_change() {
        let name = "log.example.com";
        let ed25519 = Ed25519Signer::generate_pkcs8_pem().unwrap();
        let ed25519 = Ed25519Signer::from_pkcs8_pem(name, &ed25519).unwrap();
        let ecdsa = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        let ecdsa = EcdsaP256Signer::from_pkcs8_pem(name, &ecdsa).unwrap();
        let origin = "log.example.com - 7";
        let note = |signer, origin, size| {
            let text = checkpoint(origin, size).to_text();
            SignedNote::sign(text, &[signer]).unwrap().to_string()
        };
        let mut lengths = Vec::new();
        for size in 100..164 {
            let first = note(&ed25519, "log.example.com/trees/7", size);
            let second = note(&ecdsa, origin, size);
            let kept = join(&first, Some(&second));
            lengths.push(kept.len());
            assert_eq!(note_of(&kept), first);
            assert_eq!(note_of(&first), first);
            let own = checkpoint("log.example.com/trees/7", size);
            let read = |kept: &str| v1_note_of(kept, &own, origin, ecdsa.verifier());
            assert_eq!(read(&kept), Some(second));
            assert_eq!(read(&first), None);
            // Torn, or of another head: no checkpoint at all.
            assert_eq!(read(&kept.replace("\n\n", "\n\nA")), None);
            let other = checkpoint("log.example.com/trees/7", size + 1);
            assert_eq!(v1_note_of(&kept, &other, origin, ecdsa.verifier()), None);
        }
        lengths.dedup();
        assert_eq!(lengths.len(), 1, "{lengths:?}");
    }

    #[test]
    fn what_is_no_checkpoint_stays_what_it_is() {
        for text in ["", "nonsense", "a\n\nb\n", "\n\n", "a\n\n\u{2014} k AAAA\n"] {
            assert_eq!(note_of(text), text);
        }
    }
}
