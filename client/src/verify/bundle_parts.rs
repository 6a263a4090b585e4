//! What a bundle is about, and what its signature verifies with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::bundle::v1::bundle::Content as ProtoContent;
use ledgerstone_proto::sigstore::bundle::v1::verification_material::Content as ProtoMaterial;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::HashOutput;
use ledgerstone_proto::sigstore::common::v1::MessageSignature;
use ledgerstone_proto::sigstore::common::v1::PublicKeyIdentifier;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use sha2::Digest as _;
use sha2::Sha256;

use crate::artifact::ArtifactDigest;

/// What the signature of a bundle verifies with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BundleMaterial {
    /// A public key that the verifier must have; the bundle only says which.
    PublicKey {
        /// Base64 of SHA-256 of the SubjectPublicKeyInfo, by convention. Not trusted.
        hint: String,
    },
    /// The signer's certificate, DER.
    Certificate(Bytes),
}

/// What a bundle is about.
#[derive(Clone, Debug, PartialEq)]
pub enum BundleContent {
    /// A signature over an artifact that is elsewhere.
    Message {
        /// The digest of the artifact, to find it by. Not trusted.
        digest: Option<ArtifactDigest>,
        /// The signature.
        signature: Bytes,
    },
    /// A DSSE envelope with its payload. In a Sigstore bundle it has one signature; elsewhere it
    /// may have at most [`MAX_ENVELOPE_SIGNATURES`](crate::MAX_ENVELOPE_SIGNATURES).
    Dsse(Envelope),
    /// A payload that names an image by its digest, as cosign before version 3 signs it. No
    /// Sigstore bundle has this; one that is written of it holds the signature over the payload.
    SimpleSigning {
        /// JSON.
        payload: Bytes,
        /// The signature over the payload.
        signature: Bytes,
    },
}

impl BundleMaterial {
    /// The material for a signature that verifies with `verifier`.
    pub fn of(verifier: &VerifierMaterial) -> Self {
        match verifier {
            VerifierMaterial::PublicKey(der) => Self::PublicKey {
                hint: key_hint(der),
            },
            VerifierMaterial::Certificate(der) => Self::Certificate(der.clone()),
        }
    }

    /// The part of a bundle message.
    pub(crate) fn to_message(&self) -> ProtoMaterial {
        match self {
            Self::PublicKey { hint } => {
                ProtoMaterial::PublicKey(PublicKeyIdentifier { hint: hint.clone() })
            }
            Self::Certificate(der) => ProtoMaterial::Certificate(X509Certificate {
                raw_bytes: der.clone(),
            }),
        }
    }
}

impl BundleContent {
    /// The part of a bundle message.
    pub(crate) fn to_message(&self) -> ProtoContent {
        match self {
            Self::Message { digest, signature } => {
                ProtoContent::MessageSignature(MessageSignature {
                    message_digest: digest.as_ref().map(|digest| HashOutput {
                        algorithm: digest.algorithm().into(),
                        digest: Bytes::copy_from_slice(digest.bytes()),
                    }),
                    signature: signature.clone(),
                })
            }
            Self::Dsse(envelope) => ProtoContent::DsseEnvelope(envelope.clone()),
            Self::SimpleSigning { payload, signature } => {
                ProtoContent::MessageSignature(MessageSignature {
                    message_digest: Some(HashOutput {
                        algorithm: HashAlgorithm::Sha2256.into(),
                        digest: Bytes::copy_from_slice(&Sha256::digest(payload)),
                    }),
                    signature: signature.clone(),
                })
            }
        }
    }
}

/// What a bundle by convention calls the key with this SubjectPublicKeyInfo.
pub fn key_hint(spki_der: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(spki_der))
}
