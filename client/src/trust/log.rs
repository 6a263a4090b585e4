//! A log that is trusted, under one of its keys.

use std::str::FromStr;

use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_merkle::KeyAlgorithm;
use ledgerstone_merkle::VerifierKey;

use crate::trust::error::TrustError;

/// A log that is trusted to keep its promise, under one of its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedLog {
    key: VerifierKey,
    log_id: Vec<u8>,
    /// Whether the name is the host of a URL. Hosts are the same in any case, and logs sign under
    /// theirs as they write it.
    named_by_host: bool,
    validity: Validity,
}

/// When a trusted root says that a key is valid.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Validity {
    /// The first Unix second of it, if it has a beginning.
    pub(crate) start: Option<i64>,
    /// The last Unix second of it, if it has an end.
    pub(crate) end: Option<i64>,
    /// Whether it was over when the trusted root was read.
    pub(crate) ended: bool,
}

impl TrustedLog {
    /// The log that signs its checkpoints with `key`. The name of the key is the origin of the log.
    ///
    /// # Errors
    /// [`TrustError::CosignerKey`] when the key is a witness's.
    pub fn new(key: VerifierKey) -> Result<Self, TrustError> {
        if key.algorithm() == KeyAlgorithm::CosignatureV1 {
            return Err(TrustError::CosignerKey(key.name().to_string()));
        }
        Ok(Self {
            log_id: key.log_id().to_vec(),
            key,
            named_by_host: false,
            validity: Validity::default(),
        })
    }

    /// The log called `origin` whose public key is in `pem`: a `PUBLIC KEY` of Ed25519 or ECDSA
    /// P-256.
    ///
    /// # Errors
    /// When the PEM holds no such key, or `origin` cannot be the name of one.
    pub fn from_pem(origin: &str, pem: &str) -> Result<Self, TrustError> {
        let key = PublicKey::from_pem(pem)?;
        Self::new(verifier_key(origin, &key)?)
    }

    /// The log called `origin` whose public key is the SubjectPublicKeyInfo `der`.
    ///
    /// # Errors
    /// As for [`from_pem`](Self::from_pem).
    pub fn from_spki_der(origin: &str, der: &[u8]) -> Result<Self, TrustError> {
        Self::new(verifier_key(origin, &PublicKey::from_spki_der(der)?)?)
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    /// The key that it signs checkpoints with.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// What entries name the log by: `logId.keyId`.
    pub fn log_id(&self) -> &[u8] {
        &self.log_id
    }

    /// Whether the trusted root says that the log no longer signed with this key when it was read.
    /// What the log signed in its time stays true; an entry without a time of its own does not say
    /// whether it is from then.
    pub fn ended(&self) -> bool {
        self.validity.ended
    }

    /// Whether the key was valid at `time`, in Unix seconds, as far as the trusted root says.
    pub fn was_valid_at(&self, time: i64) -> bool {
        let Validity { start, end, .. } = self.validity;
        start.is_none_or(|start| start <= time) && end.is_none_or(|end| time <= end)
    }

    /// A log of a trusted root, which calls it by the host of a URL.
    pub(crate) fn named_by_host(key: VerifierKey, validity: Validity) -> Result<Self, TrustError> {
        Ok(Self {
            named_by_host: true,
            validity,
            ..Self::new(key)?
        })
    }

    /// The same log, which entries name as `log_id`.
    pub(crate) fn with_log_id(self, log_id: Vec<u8>) -> Self {
        Self { log_id, ..self }
    }

    /// Whether the log signs under `name`.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        match self.named_by_host {
            true => self.origin().eq_ignore_ascii_case(name),
            false => self.origin() == name,
        }
    }

    /// Whether the name of the log is the host of a URL, which need not be the name that it signs
    /// under.
    pub(crate) fn is_named_by_host(&self) -> bool {
        self.named_by_host
    }

    /// The key under `name`, which this log is called: ids of keys are made from names as they are
    /// written.
    pub(crate) fn key_as(&self, name: &str) -> Option<VerifierKey> {
        if self.origin() == name {
            return Some(self.key.clone());
        }
        let key = PublicKey::from_spki_der(&self.key.public_key_der()).ok()?;
        verifier_key(name, &key).ok()
    }
}

/// A C2SP verifier key: `<name>+<id>+<base64>`.
impl FromStr for TrustedLog {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        Self::new(
            text.trim()
                .parse::<VerifierKey>()
                .map_err(TrustError::VerifierKey)?,
        )
    }
}

/// The key of the log `origin` in the form in which checkpoints are verified.
pub(crate) fn verifier_key(origin: &str, key: &PublicKey) -> Result<VerifierKey, TrustError> {
    let verifier = match key.key_type() {
        KeyType::Ed25519 => {
            // The SubjectPublicKeyInfo of Ed25519 has one form, which ends with the key (RFC 8410,
            // section 4).
            let raw = key
                .spki_der()
                .last_chunk::<32>()
                .copied()
                .unwrap_or_default();
            VerifierKey::ed25519(origin, raw)
        }
        KeyType::EcdsaP256 => VerifierKey::ecdsa_p256(origin, key.spki_der()),
        other => return Err(TrustError::KeyType(other)),
    };
    verifier.map_err(TrustError::VerifierKey)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ledgerstone_merkle::EcdsaP256Signer;
    use ledgerstone_merkle::NoteSigner;

    use super::*;

    #[test]
    fn vkeys_and_pem_name_the_same_log() {
        // The e2e key of rekor-tiles, as published.
        let vkey = "rekor-local+d80b4420+AURLycjWRo1+gdwwCLg9wU4PayMFdNBmPF4ORVPiBQ1E";
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAREvJyNZGjX6B3DAIuD3BTg9rIwV00GY8Xg5F\
            U+IFDUQ=\n-----END PUBLIC KEY-----\n";
        let log: TrustedLog = vkey.parse().unwrap();
        assert_eq!(log, TrustedLog::from_pem("rekor-local", pem).unwrap());
        // All base64 of a longer key in one line, as some tools write it.
        let ecdsa = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        let ecdsa = EcdsaP256Signer::from_pkcs8_pem("rekor-local", &ecdsa).unwrap();
        let digits = STANDARD.encode(ecdsa.verifier().public_key_der());
        let line = format!("-----BEGIN PUBLIC KEY-----\n{digits}\n-----END PUBLIC KEY-----\n");
        let log_of_line = TrustedLog::from_pem("rekor-local", &line).unwrap();
        assert_eq!(log_of_line.key(), ecdsa.verifier());
        assert_eq!(log.origin(), "rekor-local");
        assert!(matches!(
            TrustedLog::from_pem("rekor local", pem),
            Err(TrustError::VerifierKey(_))
        ));
        assert!(matches!(
            "rekor-local+d80b4421+AURLycjWRo1+gdwwCLg9wU4PayMFdNBmPF4ORVPiBQ1E"
                .parse::<TrustedLog>(),
            Err(TrustError::VerifierKey(_))
        ));
        assert!(matches!(
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
                .parse::<TrustedLog>(),
            Err(TrustError::CosignerKey(_))
        ));
    }
}
