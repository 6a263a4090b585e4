//! Which logs are trusted: their names and public keys, from a verifier key, a PEM file or a Sigstore trusted root.

use std::str::FromStr;

use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::CheckpointError;
use ledgerstone_merkle::KeyAlgorithm;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_proto::json::JsonError;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::sigstore::trustroot::v1::TransparencyLogInstance;
use ledgerstone_proto::sigstore::trustroot::v1::TrustedRoot;

/// The longest trusted root that is read, in bytes.
pub const MAX_TRUSTED_ROOT_BYTES: usize = 4 << 20;

/// A log that is trusted to keep its promise, under one of its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedLog {
    key: VerifierKey,
    log_id: Vec<u8>,
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
        })
    }

    /// The log called `origin` whose public key is in `pem`: a `PUBLIC KEY` of Ed25519 or ECDSA P-256.
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

    fn from_instance(instance: &TransparencyLogInstance) -> Result<Self, TrustError> {
        let missing = |what| {
            move || TrustError::Incomplete {
                base_url: instance.base_url.clone(),
                what,
            }
        };
        let key = instance
            .public_key
            .as_ref()
            .and_then(|key| key.raw_bytes.as_ref());
        let mut log = Self::from_spki_der(
            host_of(&instance.base_url).ok_or_else(missing("baseUrl with a host"))?,
            key.ok_or_else(missing("publicKey.rawBytes"))?,
        )?;
        // The field names the log in entries, even where it is not derived from the key as it should be.
        let id = instance
            .checkpoint_key_id
            .as_ref()
            .or(instance.log_id.as_ref());
        if let Some(id) = id.filter(|id| !id.key_id.is_empty()) {
            log.log_id = id.key_id.to_vec();
        }
        Ok(log)
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

/// The logs that are trusted; at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedLogs {
    logs: Vec<TrustedLog>,
    keys: Vec<VerifierKey>,
}

impl TrustedLogs {
    /// These logs.
    ///
    /// # Errors
    /// [`TrustError::NoLog`] when there is none.
    pub fn new(logs: Vec<TrustedLog>) -> Result<Self, TrustError> {
        if logs.is_empty() {
            return Err(TrustError::NoLog);
        }
        let mut keys: Vec<VerifierKey> = Vec::new();
        for log in &logs {
            if !keys.contains(&log.key) {
                keys.push(log.key.clone());
            }
        }
        Ok(Self { logs, keys })
    }

    /// The logs of a Sigstore `trusted_root.json`: each is called as the host of its `baseUrl`. Logs with keys of other
    /// types than Ed25519 and ECDSA P-256 are left out.
    ///
    /// # Errors
    /// When the document is no trusted root, or no log of it can be used.
    pub fn from_trusted_root(json: &[u8]) -> Result<Self, TrustError> {
        if json.len() > MAX_TRUSTED_ROOT_BYTES {
            return Err(TrustError::TooLong);
        }
        let root: TrustedRoot = from_slice(json).map_err(TrustError::Json)?;
        let mut logs = Vec::new();
        for instance in &root.tlogs {
            match TrustedLog::from_instance(instance) {
                Ok(log) => logs.push(log),
                Err(TrustError::KeyType(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Self::new(logs)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedLog> {
        self.logs.iter()
    }

    /// The log that entries name as `log_id`.
    pub fn find(&self, log_id: &[u8]) -> Option<&TrustedLog> {
        self.logs.iter().find(|log| log.log_id == log_id)
    }

    /// The checkpoint in `note`, which must be signed by one of these logs under its own name.
    ///
    /// # Errors
    /// When it is not, or the note or the checkpoint is malformed.
    pub fn open_checkpoint(&self, note: &str) -> Result<SignedCheckpoint, CheckpointFault> {
        self.open(note, |origin, name| origin == name)
    }

    /// The checkpoint of the tree `tree_id` of a Rekor v1 in `note`. Its origin is the name of the log and the tree id, and it
    /// is signed under the name alone (rekor-v1, section 3).
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
        let signers = signed.verify(&self.keys)?;
        let Some(signer) = signers
            .iter()
            .find(|key| is_origin(&checkpoint.origin, key.name()))
        else {
            return Err(CheckpointFault::Origin {
                origin: checkpoint.origin,
                signer: signers
                    .iter()
                    .map(|key| key.name().to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        };
        let known = |name: &str| self.logs.iter().any(|log| log.origin() == name);
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
}

/// A checkpoint whose log signature has been verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCheckpoint {
    /// What the log says.
    pub checkpoint: Checkpoint,
    /// The key that it says it with.
    pub key: VerifierKey,
    /// The whole note, as it was read.
    pub note: String,
    /// How many signatures by others (witnesses) the note carries; they were not verified.
    pub other_signatures: usize,
}

/// Why a note is not a checkpoint of a trusted log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointFault {
    /// Not a note, or not signed by a trusted log, or wrongly.
    #[error("the checkpoint is not signed by a trusted log: {0}")]
    Note(#[from] NoteError),
    /// The text is not a checkpoint.
    #[error("the signed text is not a checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A log signed a checkpoint of another origin (C2SP tlog-checkpoint: the key is named as the origin is).
    #[error("the checkpoint has the origin {origin:?} but the signature is by {signer}")]
    Origin {
        /// The first line of the checkpoint.
        origin: String,
        /// The names of the keys that signed.
        signer: String,
    },
}

/// Why something does not say which log to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// No log that can be used.
    #[error("there is no log with an Ed25519 or ECDSA P-256 key")]
    NoLog,
    /// More than [`MAX_TRUSTED_ROOT_BYTES`].
    #[error("the trusted root is longer than {MAX_TRUSTED_ROOT_BYTES} bytes")]
    TooLong,
    /// Not the JSON of a trusted root.
    #[error("the trusted root cannot be read: {0}")]
    Json(#[source] JsonError),
    /// A log of the trusted root lacks something.
    #[error("the log {base_url:?} of the trusted root has no {what}")]
    Incomplete {
        /// Its `baseUrl`.
        base_url: String,
        /// What is missing.
        what: &'static str,
    },
    /// The key cannot be read.
    #[error("the log key cannot be read: {0}")]
    Key(#[from] ledgerstone_entry::key::KeyError),
    /// The key, or its name, is none of a checkpoint's.
    #[error("the log key cannot be used: {0}")]
    VerifierKey(#[source] ledgerstone_merkle::KeyError),
    /// Only Ed25519 and ECDSA P-256 keys sign checkpoints here.
    #[error("the log key is {0}; checkpoints are verified with Ed25519 or ECDSA P-256 keys")]
    KeyType(KeyType),
    /// A log's private key cannot be read.
    #[error("the private key of the log cannot be read: {0}")]
    PrivateKey(#[source] ledgerstone_merkle::SigningKeyError),
    /// A witness's key was given as the log's.
    #[error("the key of {0} is a witness's; give the log's own key")]
    CosignerKey(String),
}

fn verifier_key(origin: &str, key: &PublicKey) -> Result<VerifierKey, TrustError> {
    let verifier = match key.key_type() {
        KeyType::Ed25519 => {
            // The SubjectPublicKeyInfo of Ed25519 has one form, which ends with the key (RFC 8410, section 4).
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

/// The host in `scheme://[user@]host[:port][/path]`.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use ledgerstone_merkle::EMPTY_ROOT;
    use ledgerstone_merkle::Ed25519Signer;
    use ledgerstone_merkle::NoteSigner;
    use ledgerstone_merkle::TreeSize;

    use super::*;

    fn signer(name: &str, seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
    }

    fn trust(signers: &[&Ed25519Signer]) -> TrustedLogs {
        let logs = signers
            .iter()
            .map(|signer| TrustedLog::new(signer.verifier().clone()).unwrap());
        TrustedLogs::new(logs.collect()).unwrap()
    }

    fn checkpoint(origin: &str, signers: &[&dyn NoteSigner]) -> String {
        let text = Checkpoint::new(origin, TreeSize::EMPTY, EMPTY_ROOT)
            .unwrap()
            .to_text();
        SignedNote::sign(text, signers).unwrap().to_string()
    }

    #[test]
    fn vkeys_and_pem_name_the_same_log() {
        // The e2e key of rekor-tiles, as published.
        let vkey = "rekor-local+d80b4420+AURLycjWRo1+gdwwCLg9wU4PayMFdNBmPF4ORVPiBQ1E";
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAREvJyNZGjX6B3DAIuD3BTg9rIwV00GY8Xg5FU+IFDUQ=\n-----END PUBLIC KEY-----\n";
        let log: TrustedLog = vkey.parse().unwrap();
        assert_eq!(log, TrustedLog::from_pem("rekor-local", pem).unwrap());
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
    fn a_broken_trusted_root_is_refused() {
        let read = |json: &str| TrustedLogs::from_trusted_root(json.as_bytes());
        assert!(matches!(read("{"), Err(TrustError::Json(_))));
        assert!(matches!(read(r#"{"tlogs":[]}"#), Err(TrustError::NoLog)));
        assert!(matches!(
            read(r#"{"tlogs":[{"baseUrl":"https://a"}]}"#),
            Err(TrustError::Incomplete { .. })
        ));
        assert!(matches!(
            read(r#"{"tlogs":[{"baseUrl":"https:///x","publicKey":{"rawBytes":"AAAA"}}]}"#),
            Err(TrustError::Incomplete { .. })
        ));
        assert!(matches!(
            read(r#"{"tlogs":[{"baseUrl":"https://a","publicKey":{"rawBytes":"AAAA"}}]}"#),
            Err(TrustError::Key(_))
        ));
    }

    #[test]
    fn the_host_is_cut_out_of_a_url() {
        for (url, host) in [
            ("https://log.example", Some("log.example")),
            ("http://localhost:3000/x", Some("localhost")),
            ("https://user@log.example:1/", Some("log.example")),
            ("https://", None),
            ("log.example", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
