//! Submitting to a log over its Rekor v2 interface, and checking the answer before it is believed.

use bytes::Bytes;
use ledgerstone_entry::Policy;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::prepare;
use ledgerstone_merkle::Hash;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;

use crate::artifact::Artifact;
use crate::artifact::ArtifactDigest;
use crate::submit::error::SubmitError;
use crate::transport::http::Transport;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::error::VerifyError;
use crate::verify::log_entry::LogEntry;
use crate::verify::request::dsse_request;
use crate::verify::request::envelope_as_hashedrekord;
use crate::verify::request::hashedrekord_request;
use crate::verify::subject::verify_subject;

/// The longest reply to a submission that is read, in bytes.
pub const MAX_SUBMIT_REPLY_BYTES: usize = 4 << 20;

const SUBMIT_PATH: &str = "/api/v2/log/entries";

/// The header with the index of an entry that the log had already.
const DUPLICATE_HEADER: &str = "x-log-index";

/// Something to be logged, verified on this side as the log will verify it.
#[derive(Clone, Debug)]
pub struct EntryToSubmit {
    request: CreateEntryRequest,
    prepared: PreparedEntry,
    material: BundleMaterial,
    content: BundleContent,
}

/// The two kinds of entry that an envelope can be logged as.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum EnvelopeKind {
    /// hashedrekord over the digest of what the signature is over, as current Rekor v2 clients do.
    #[default]
    HashedRekord,
    /// dsse 0.0.2, which older clients expect and which Ed25519 keys need.
    Dsse,
}

impl EntryToSubmit {
    /// A signature over an artifact with this digest.
    ///
    /// # Errors
    /// [`SubmitError::Reject`] when the log would refuse it, for instance because the signature
    /// does not verify.
    pub fn message(
        digest: &ArtifactDigest,
        signature: Bytes,
        verifier: VerifierMaterial,
    ) -> Result<Self, SubmitError> {
        let algorithm = read_key(&verifier)?.default_algorithm();
        let request = hashedrekord_request(digest.bytes(), &signature, &verifier, algorithm);
        let content = BundleContent::Message {
            digest: Some(digest.clone()),
            signature,
        };
        Self::new(request, &verifier, content)
    }

    /// A DSSE envelope with one signature by `verifier`.
    ///
    /// # Errors
    /// [`SubmitError::SignatureCount`] when it has another number of signatures, and as for
    /// [`message`](Self::message).
    pub fn envelope(
        envelope: Envelope,
        verifier: VerifierMaterial,
        kind: EnvelopeKind,
    ) -> Result<Self, SubmitError> {
        let [signature] = &envelope.signatures[..] else {
            return Err(SubmitError::SignatureCount(envelope.signatures.len()));
        };
        let key = read_key(&verifier)?;
        let request = match (kind, key.default_algorithm()) {
            (EnvelopeKind::HashedRekord, SigningAlgorithm::Ed25519Ph) => {
                return Err(SubmitError::Ed25519Envelope);
            }
            (EnvelopeKind::HashedRekord, _) => {
                envelope_as_hashedrekord(&envelope, &signature.sig, &verifier, &key)
            }
            (EnvelopeKind::Dsse, SigningAlgorithm::Ed25519Ph) => {
                dsse_request(&envelope, &[(verifier.clone(), SigningAlgorithm::Ed25519)])
            }
            (EnvelopeKind::Dsse, algorithm) => {
                dsse_request(&envelope, &[(verifier.clone(), algorithm)])
            }
        };
        Self::new(request, &verifier, BundleContent::Dsse(envelope))
    }

    /// Checks that an envelope is about `artifact`. A signature over an artifact was verified when
    /// this was made.
    ///
    /// # Errors
    /// [`VerifyError`] when no subject of the statement is the artifact.
    pub fn check_artifact(&self, artifact: &Artifact) -> Result<(), VerifyError> {
        match &self.content {
            BundleContent::Dsse(envelope) => verify_subject(envelope, artifact).map(drop),
            BundleContent::Message { .. } | BundleContent::SimpleSigning { .. } => Ok(()),
        }
    }

    /// The hash that the entry will have in the tree.
    pub fn leaf_hash(&self) -> Hash {
        self.prepared.leaf_hash
    }

    /// Submits to the log behind `transport`. Repeating it is safe: the log answers with the entry
    /// that it has.
    ///
    /// The answer is checked: it is about what was submitted, the entry is in the tree of its
    /// checkpoint, and, when `logs` are given, one of them signed that.
    ///
    /// # Errors
    /// When the log cannot be reached, refuses, or its answer does not hold.
    pub async fn submit(
        &self,
        transport: &Transport,
        logs: Option<&TrustedLogs>,
    ) -> Result<Submitted, SubmitError> {
        let request = serde_json::to_vec(&self.request).expect("messages have string keys");
        let reply = transport
            .post_json(SUBMIT_PATH, request.into(), MAX_SUBMIT_REPLY_BYTES)
            .await?;
        if reply.status.as_u16() != 201 {
            return Err(reply.into_error().into());
        }
        let message: TransparencyLogEntry = from_slice(&reply.body)
            .map_err(|error| transport.bad_reply(SUBMIT_PATH, error.to_string()))?;
        let entry = LogEntry::new(message)?;
        if *entry.body() != self.prepared.body {
            return Err(SubmitError::OtherBody {
                submitted: self.leaf_hash(),
                answered: entry.leaf_hash(),
            });
        }
        entry.verify_inclusion()?;
        let checkpoint = logs.map(|logs| entry.verify(logs)).transpose()?;
        Ok(Submitted {
            entry,
            checkpoint,
            duplicate: reply.headers.contains_key(DUPLICATE_HEADER),
        })
    }

    /// The bundle that proves to others that this was logged as `entry`.
    pub fn into_bundle(self, entry: LogEntry) -> Bundle {
        Bundle {
            material: self.material,
            intermediates: Vec::new(),
            content: self.content,
            entries: vec![BundleEntry::Proven(entry)],
            timestamps: Vec::new(),
            stamped: None,
        }
    }

    fn new(
        request: CreateEntryRequest,
        verifier: &VerifierMaterial,
        content: BundleContent,
    ) -> Result<Self, SubmitError> {
        let prepared = prepare(&request, &Policy::default())?;
        Ok(Self {
            request,
            prepared,
            material: BundleMaterial::of(verifier),
            content,
        })
    }
}

/// A log's verified answer.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The entry.
    pub entry: LogEntry,
    /// The checkpoint, when trusted logs were given.
    pub checkpoint: Option<SignedCheckpoint>,
    /// Whether the log says that it already had the entry.
    pub duplicate: bool,
}

fn read_key(verifier: &VerifierMaterial) -> Result<PublicKey, PublicKeyError> {
    match verifier {
        VerifierMaterial::PublicKey(der) => PublicKey::from_spki_der(der),
        VerifierMaterial::Certificate(der) => PublicKey::from_certificate_der(der),
    }
}
