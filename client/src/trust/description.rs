//! Who a log says it is.

use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;

use crate::trust::error::TrustError;
use crate::trust::log::TrustedLog;
use crate::trust::logs::TrustedLogs;

/// Who a log says it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogDescription {
    /// The log under its Ed25519 key, for Rekor v2 and C2SP.
    pub ed25519: TrustedLog,
    /// The log under its ECDSA P-256 key, for Rekor v1.
    pub ecdsa_p256: TrustedLog,
    /// When the log began, in Unix seconds.
    pub created: i64,
}

impl LogDescription {
    /// The log called `origin` whose private keys are in these two PKCS#8 PEM texts.
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
        Ok(Self {
            ed25519: TrustedLog::new(ed25519.verifier().clone())?,
            ecdsa_p256: TrustedLog::new(ecdsa_p256.verifier().clone())?,
            created,
        })
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        self.ed25519.origin()
    }

    /// Both as trusted logs.
    pub fn trusted(&self) -> TrustedLogs {
        TrustedLogs::new(vec![self.ed25519.clone(), self.ecdsa_p256.clone()]).expect("two logs")
    }
}

/// An earlier tree of a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Predecessor {
    /// Its log, under the key that Rekor v1 clients verify with.
    pub log: TrustedLog,
    /// When that took its first entry, in Unix seconds.
    pub since: i64,
}
