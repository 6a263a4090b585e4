//! Which logs are trusted: their names and public keys, from a verifier key, a PEM file or a Sigstore trusted root.

use std::str::FromStr;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

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
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::common::v1::TimeRange;
use ledgerstone_proto::sigstore::trustroot::v1::TransparencyLogInstance;
use serde::Deserialize;
use serde_json::Value;

use crate::log_entry::LogEntryFault;
use crate::trust_files::TRUSTED_ROOT_MEDIA_TYPE;

/// The longest trusted root that is read, in bytes.
pub const MAX_TRUSTED_ROOT_BYTES: usize = 4 << 20;

/// The media types of trusted roots, in both ways in which they are written.
const TRUSTED_ROOT_MEDIA_TYPES: [&str; 4] = [
    TRUSTED_ROOT_MEDIA_TYPE,
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// A log that is trusted to keep its promise, under one of its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedLog {
    key: VerifierKey,
    log_id: Vec<u8>,
    /// Whether the name is the host of a URL. Hosts are the same in any case, and logs sign under theirs as they write it.
    named_by_host: bool,
    /// When the key was valid, in Unix seconds; both ends belong to it.
    window: (Option<i64>, Option<i64>),
    /// Whether that time was over when the trusted root was read.
    ended: bool,
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
            window: (None, None),
            ended: false,
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

    /// Whether the trusted root says that the log no longer signed with this key when it was read. What the log signed in
    /// its time stays true; an entry without a time of its own does not say whether it is from then.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the key was valid at `time`, in Unix seconds, as far as the trusted root says.
    pub fn was_valid_at(&self, time: i64) -> bool {
        let (start, end) = self.window;
        start.is_none_or(|start| start <= time) && end.is_none_or(|end| time <= end)
    }

    /// The checkpoint in `note`, signed by this log as Rekor v1 does: under a name of its own choice, with the origin
    /// `<name> - <tree id>` (rekor-v1, section 3). The name counts where the log was named together with its key; that of a
    /// trusted root is the host of a URL, which need not be it. Such a log is known by its key alone.
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
        let names = names.filter(|name| self.named_by_host || self.is_called(name));
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

    fn from_instance(instance: &TransparencyLogInstance, now: i64) -> Result<Self, TrustError> {
        let missing = |what| {
            move || TrustError::Incomplete {
                base_url: instance.base_url.clone(),
                what,
            }
        };
        if instance.hash_algorithm() != HashAlgorithm::Sha2256 {
            return Err(TrustError::HashAlgorithm(instance.hash_algorithm()));
        }
        let origin = host_of(&instance.base_url).ok_or_else(missing("baseUrl with a host"))?;
        let public_key = instance.public_key.as_ref();
        let public_key = public_key.ok_or_else(missing("publicKey"))?;
        let bytes = public_key.raw_bytes.as_ref();
        let key = PublicKey::from_spki_der(bytes.ok_or_else(missing("publicKey.rawBytes"))?)?;
        let mut log = Self::new(verifier_key(origin, &key)?)?;
        check_details(&key, public_key.key_details())?;
        if let Some(window) = &public_key.valid_for {
            log.ended = check_window(window, now)?;
            log.window = bounds(window);
        }
        log.named_by_host = true;
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

    fn is_called(&self, name: &str) -> bool {
        match self.named_by_host {
            true => self.origin().eq_ignore_ascii_case(name),
            false => self.origin() == name,
        }
    }

    /// The key under `name`, which this log is called: ids of keys are made from names as they are written.
    fn key_as(&self, name: &str) -> Option<VerifierKey> {
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

/// The logs that are trusted; at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedLogs {
    logs: Vec<TrustedLog>,
    left_out: Vec<String>,
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
        Ok(Self {
            logs,
            left_out: Vec::new(),
        })
    }

    /// The logs of a Sigstore `trusted_root.json`: each is called as the host of its `baseUrl`, in any case.
    ///
    /// A log is left out, see [`left_out`](Self::left_out), when it cannot be read, when its key is of another type than
    /// Ed25519 and ECDSA P-256 or than its `keyDetails` say, when its tree is not made with SHA-256, and when its window
    /// `validFor` is empty or has not begun. One whose window has ended is trusted: sigstore-go compares the window with
    /// the signed time of an entry, and Rekor v2's entries have none. [`TrustedLog::ended`] tells it.
    ///
    /// # Errors
    /// When the document is no trusted root, or no log of it can be used.
    pub fn from_trusted_root(json: &[u8]) -> Result<Self, TrustError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map(|age| age.as_secs()).unwrap_or_default();
        Self::from_trusted_root_at(json, i64::try_from(now).unwrap_or(i64::MAX))
    }

    /// As [`from_trusted_root`](Self::from_trusted_root), at `now` in Unix seconds.
    ///
    /// # Errors
    /// As there.
    pub fn from_trusted_root_at(json: &[u8], now: i64) -> Result<Self, TrustError> {
        if json.len() > MAX_TRUSTED_ROOT_BYTES {
            return Err(TrustError::TooLong);
        }
        let root: TrustedRootFile = serde_json::from_slice(json).map_err(TrustError::Json)?;
        if !TRUSTED_ROOT_MEDIA_TYPES.contains(&root.media_type.as_str()) {
            return Err(TrustError::MediaType(root.media_type));
        }
        let (mut logs, mut left_out) = (Vec::new(), Vec::new());
        for instance in &root.tlogs {
            match read_instance(instance, now) {
                Ok(log) => logs.push(log),
                Err(reason) => left_out.push(format!("{}: {reason}", log_name(instance))),
            }
        }
        if logs.is_empty() && !left_out.is_empty() {
            return Err(TrustError::NoUsableLog(left_out.join("; ")));
        }
        Ok(Self {
            left_out,
            ..Self::new(logs)?
        })
    }

    /// The logs of the trusted root that are not trusted, each with the reason.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedLog> {
        self.logs.iter()
    }

    /// The log that entries name as `log_id`.
    pub fn find(&self, log_id: &[u8]) -> Option<&TrustedLog> {
        self.logs.iter().find(|log| log.log_id == log_id)
    }

    /// The same for an entry that has to be of one of these logs.
    pub(crate) fn find_for(&self, log_id: &[u8]) -> Result<&TrustedLog, LogEntryFault> {
        self.find(log_id).ok_or_else(|| LogEntryFault::UnknownLog {
            log_id: hex::encode(log_id),
        })
    }

    /// The checkpoint in `note`, which must be signed by one of these logs under its own name.
    ///
    /// # Errors
    /// When it is not, or the note or the checkpoint is malformed.
    pub fn open_checkpoint(&self, note: &str) -> Result<SignedCheckpoint, CheckpointFault> {
        self.open(note, |origin, name| origin == name)
    }

    /// The checkpoint of a log that is read by its tiles: its own, or that of a tree of a Rekor v1, whatever its number. Who
    /// comes back has to remember the whole origin.
    ///
    /// # Errors
    /// As for [`open_checkpoint`](Self::open_checkpoint).
    pub fn open_tiled_checkpoint(&self, note: &str) -> Result<SignedCheckpoint, CheckpointFault> {
        self.open(note, |origin, name| {
            origin == name || tree_id_in(origin, name).is_some()
        })
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
        let keys = self.keys_for(&signed);
        let signers = signed.verify(&keys)?;
        let Some(signer) = signers
            .iter()
            .find(|key| is_origin(&checkpoint.origin, key.name()))
        else {
            return Err(other_origin(checkpoint, &signers));
        };
        let known = |name: &str| self.logs.iter().any(|log| log.is_called(name));
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
            let called = self.logs.iter().filter(|log| log.is_called(name));
            for key in called.filter_map(|log| log.key_as(name)) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }
}

/// The number of the tree in an origin of a Rekor v1 called `name`: `<name> - <number>`, in its only form (rekor-v1, section 3).
pub(crate) fn tree_id_in(origin: &str, name: &str) -> Option<u64> {
    let digits = origin.strip_prefix(name)?.strip_prefix(" - ")?;
    let tree_id: u64 = digits.parse().ok()?;
    (tree_id.to_string() == digits).then_some(tree_id)
}

/// As much of a trusted root as says which logs are trusted. Logs are read one by one: a new kind of log must not take the
/// others away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrustedRootFile {
    #[serde(default, alias = "media_type")]
    media_type: String,
    #[serde(default)]
    tlogs: Vec<Value>,
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
    Json(#[source] serde_json::Error),
    /// Another document, or a trusted root of a later version.
    #[error("the file is no trusted root of version 0.1 or 0.2: its mediaType is {0:?}")]
    MediaType(String),
    /// The trusted root has logs, but none that can be used.
    #[error("no log of the trusted root can be used: {0}")]
    NoUsableLog(String),
    /// A log of the trusted root cannot be read.
    #[error("the entry is not one of a log: {0}")]
    Instance(#[source] JsonError),
    /// Trees are made with SHA-256 (RFC 6962).
    #[error("hashAlgorithm is {}, and only SHA2_256 is known", .0.as_str_name())]
    HashAlgorithm(HashAlgorithm),
    /// `keyDetails` are of another key.
    #[error("keyDetails are {}, but the key is {key}", details.as_str_name())]
    KeyDetails {
        /// What the trusted root says.
        details: PublicKeyDetails,
        /// What the key is.
        key: KeyType,
    },
    /// The key is valid at no time.
    #[error("the window validFor ends before it starts")]
    EmptyWindow,
    /// The key is not valid yet.
    #[error("the key is not valid before {start} (Unix seconds)")]
    NotYetValid {
        /// The start of its window, in Unix seconds.
        start: i64,
    },
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
    Key(#[from] ledgerstone_entry::key::PublicKeyError),
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

fn read_instance(instance: &Value, now: i64) -> Result<TrustedLog, TrustError> {
    let json = instance.to_string();
    let instance: TransparencyLogInstance =
        from_slice(json.as_bytes()).map_err(TrustError::Instance)?;
    TrustedLog::from_instance(&instance, now)
}

/// Whether `origin` is that of a checkpoint of Rekor v1 which is signed under `name`: the name and a tree id, or the name alone.
fn is_rekor_v1_origin(origin: &str, name: &str) -> bool {
    let Some(rest) = origin.strip_prefix(name) else {
        return false;
    };
    rest.is_empty()
        || rest.strip_prefix(" - ").is_some_and(|tree_id| {
            let is_number = tree_id.bytes().all(|byte| byte.is_ascii_digit());
            is_number && tree_id.parse::<u64>().is_ok()
        })
}

fn other_origin(checkpoint: Checkpoint, signers: &[&VerifierKey]) -> CheckpointFault {
    let names: Vec<_> = signers.iter().map(|key| key.name()).collect();
    CheckpointFault::Origin {
        origin: checkpoint.origin,
        signer: names.join(", "),
    }
}

fn log_name(instance: &Value) -> String {
    let url = instance.get("baseUrl").or_else(|| instance.get("base_url"));
    let url = url.and_then(Value::as_str);
    url.map_or_else(
        || "a log without a baseUrl".to_owned(),
        |url| format!("{url:?}"),
    )
}

fn check_details(key: &PublicKey, details: PublicKeyDetails) -> Result<(), TrustError> {
    let expected = match key.key_type() {
        KeyType::Ed25519 => PublicKeyDetails::PkixEd25519,
        _ => PublicKeyDetails::PkixEcdsaP256Sha256,
    };
    if details == expected {
        return Ok(());
    }
    Err(TrustError::KeyDetails {
        details,
        key: key.key_type(),
    })
}

/// Where the window begins and ends, in Unix seconds.
fn bounds(window: &TimeRange) -> (Option<i64>, Option<i64>) {
    let start = window.start.map(|start| start.seconds);
    let end = window.end.map(|end| end.seconds);
    (start, end)
}

/// Whether `window` has ended at `now`. It must have begun. Both its ends belong to it.
fn check_window(window: &TimeRange, now: i64) -> Result<bool, TrustError> {
    match bounds(window) {
        (Some(start), Some(end)) if end < start => Err(TrustError::EmptyWindow),
        (Some(start), _) if start > now => Err(TrustError::NotYetValid { start }),
        (_, end) => Ok(end.is_some_and(|end| end < now)),
    }
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
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ledgerstone_merkle::EMPTY_ROOT;
    use ledgerstone_merkle::EcdsaP256Signer;
    use ledgerstone_merkle::Ed25519Signer;
    use ledgerstone_merkle::NoteSigner;
    use ledgerstone_merkle::TreeSize;
    use serde_json::json;

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

    const SPKI: &str = "MCowBQYDK2VwAyEAREvJyNZGjX6B3DAIuD3BTg9rIwV00GY8Xg5FU+IFDUQ=";
    const NOW: i64 = 1_767_225_600; // 2026-01-01

    fn trusted_root(logs: &Value) -> Result<TrustedLogs, TrustError> {
        let root = json!({"mediaType": TRUSTED_ROOT_MEDIA_TYPE, "tlogs": logs});
        TrustedLogs::from_trusted_root_at(root.to_string().as_bytes(), NOW)
    }

    fn log_of_root(pointer: &str, value: Value) -> Value {
        let mut log = json!({
            "baseUrl": "https://log.example",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": SPKI,
                "keyDetails": "PKIX_ED25519",
                "validFor": {"start": "2025-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
            },
        });
        *log.pointer_mut(pointer).unwrap() = value;
        log
    }

    #[test]
    fn a_broken_trusted_root_is_refused() {
        let read = |json: &str| TrustedLogs::from_trusted_root(json.as_bytes());
        assert!(matches!(read("{"), Err(TrustError::Json(_))));
        assert!(matches!(
            read(r#"{"tlogs":[]}"#),
            Err(TrustError::MediaType(_))
        ));
        assert!(matches!(
            read(r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","tlogs":[]}"#),
            Err(TrustError::MediaType(_))
        ));
        assert!(matches!(trusted_root(&json!([])), Err(TrustError::NoLog)));
    }

    #[test]
    fn logs_that_cannot_be_used_are_left_out() {
        let good = log_of_root("/baseUrl", json!("https://log.example"));
        for (bad, reason) in [
            (json!({"baseUrl": 7}), "not one of a log"),
            (
                log_of_root("/baseUrl", json!("https:///x")),
                "baseUrl with a host",
            ),
            (log_of_root("/publicKey", Value::Null), "no publicKey"),
            (log_of_root("/publicKey/rawBytes", json!("AAAA")), "key"),
            (
                log_of_root("/publicKey/keyDetails", json!("PKIX_ECDSA_P256_SHA_256")),
                "keyDetails",
            ),
            (log_of_root("/publicKey/keyDetails", json!("PKIX_NEW")), ""),
            (
                log_of_root("/hashAlgorithm", json!("SHA2_512")),
                "hashAlgorithm",
            ),
            (
                log_of_root("/publicKey/validFor/start", json!("2026-01-01T00:00:01Z")),
                "not valid before",
            ),
            (
                log_of_root("/publicKey/validFor/end", json!("2024-01-01T00:00:00Z")),
                "ends before",
            ),
        ] {
            let logs = trusted_root(&json!([bad, good])).unwrap();
            let [left_out] = logs.left_out() else {
                panic!("{bad}")
            };
            assert!(left_out.contains(reason), "{left_out}");
            assert_eq!(logs.iter().count(), 1);
            let none = trusted_root(&json!([bad]));
            assert!(matches!(none, Err(TrustError::NoUsableLog(_))), "{bad}");
        }
        assert!(trusted_root(&json!([good])).unwrap().left_out().is_empty());
    }

    #[test]
    fn a_log_whose_time_is_over_is_trusted_and_tells() {
        for (end, ended) in [
            ("2026-01-01T00:00:00Z", false),
            ("2025-12-31T23:59:59Z", true),
        ] {
            let log = log_of_root("/publicKey/validFor/end", json!(end));
            let logs = trusted_root(&json!([log])).unwrap();
            assert_eq!(
                logs.iter().map(TrustedLog::ended).collect::<Vec<_>>(),
                [ended]
            );
        }
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

    #[test]
    fn hosts_are_the_same_in_any_case() {
        let key = signer("log.example", 1);
        let spki = STANDARD.encode(key.verifier().public_key_der());
        let mut log = log_of_root("/publicKey/rawBytes", json!(spki));
        for (url, name) in [
            ("https://LOG.example", "log.example"),
            ("https://log.example", "Log.Example"),
        ] {
            log["baseUrl"] = json!(url);
            let logs = trusted_root(&json!([log])).unwrap();
            let note = checkpoint(name, &[&signer(name, 1)]);
            assert_eq!(logs.open_checkpoint(&note).unwrap().key.name(), name);
            let other = checkpoint("log.example.org", &[&signer("log.example.org", 1)]);
            assert!(logs.open_checkpoint(&other).is_err());
        }
        // A verifier key names its log to the letter.
        let note = checkpoint("Log.Example", &[&signer("Log.Example", 1)]);
        assert!(trust(&[&key]).open_checkpoint(&note).is_err());
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
