//! Signers, trust and checkpoints for the tests of this folder.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;

use crate::trust::log::TrustedLog;
use crate::trust::logs::TrustedLogs;

pub(crate) fn signer(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
}

pub(crate) fn trust(signers: &[&Ed25519Signer]) -> TrustedLogs {
    let logs = signers
        .iter()
        .map(|signer| TrustedLog::new(signer.verifier().clone()).unwrap());
    TrustedLogs::new(logs.collect()).unwrap()
}

pub(crate) fn checkpoint(origin: &str, signers: &[&dyn NoteSigner]) -> String {
    let text = Checkpoint::new(origin, TreeSize::EMPTY, EMPTY_ROOT)
        .unwrap()
        .to_text();
    SignedNote::sign(text, signers).unwrap().to_string()
}
