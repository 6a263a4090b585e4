//! Reading what is handed in: bundles, envelopes, and what is signed as it is.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::attached::statement::AttachedStatement;
use crate::dsse::MAX_SIGNATURES;
use crate::encoding::decode_base64_of_envelope;

/// The longest type of a payload, in bytes.
const MAX_TYPE_BYTES: usize = 1_024;

/// The longest signature, in bytes.
const MAX_SIGNATURE_BYTES: usize = 16 << 10;

/// Why a file is no statement that an entry can vouch for.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum NoStatement {
    /// It is no JSON, or of another form.
    #[error("it is no statement: {0}")]
    Json(String),
    /// It is JSON of another kind.
    #[error(
        "it is no DSSE envelope, no bundle with one, no payload that cosign signs for an image, no \
         in-toto statement and no SBOM in CycloneDX or SPDX"
    )]
    Other,
    /// It is a bundle without an envelope.
    #[error("the bundle holds a signature over an artifact: there is no statement in it")]
    NoEnvelope,
    /// A part of the envelope is missing, too long, or no base64.
    #[error("{0} of the envelope is missing, too long, or no base64")]
    Part(&'static str),
    /// The envelope has more signatures than any entry.
    #[error("the envelope has {count} signatures, but at most {MAX_SIGNATURES} are taken")]
    TooManySignatures {
        /// How many it has.
        count: usize,
    },
}

impl AttachedStatement {
    /// Reads a Sigstore bundle, a DSSE envelope, the payload that cosign before version 3 signs for
    /// an image, or a statement or SBOM that was signed as it is, whichever it is. Nothing is
    /// verified.
    ///
    /// # Errors
    /// [`NoStatement`].
    pub fn parse(json: &Bytes) -> Result<Self, NoStatement> {
        // A structure would be read from an array as well.
        if !json.trim_ascii_start().starts_with(b"{") {
            return Err(NoStatement::Other);
        }
        let file: File<'_> =
            serde_json::from_slice(json).map_err(|error| NoStatement::Json(error.to_string()))?;
        match file {
            File {
                dsse_envelope: Some(envelope),
                ..
            } => envelope.read(),
            File {
                payload: payload @ Some(_),
                payload_type,
                signatures,
                ..
            } => Envelope {
                payload,
                payload_type,
                signatures,
            }
            .read(),
            // What is signed as it is: by cosign for an image, or as any other file.
            File {
                critical: Some(_), ..
            }
            | File {
                statement: Some(_), ..
            }
            | File {
                cyclonedx: Some(_), ..
            }
            | File { spdx: Some(_), .. } => Ok(Self::bare(json.clone())),
            File {
                message_signature: Some(_),
                ..
            } => Err(NoStatement::NoEnvelope),
            _ => Err(NoStatement::Other),
        }
    }
}

/// All forms that are taken, by the members that tell them apart. Others are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(borrow)]
    dsse_envelope: Option<Envelope<'a>>,
    message_signature: Option<IgnoredAny>,
    #[serde(borrow)]
    payload: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    signatures: Vec<Signature<'a>>,
    critical: Option<IgnoredAny>,
    #[serde(rename = "_type")]
    statement: Option<IgnoredAny>,
    #[serde(rename = "bomFormat")]
    cyclonedx: Option<IgnoredAny>,
    #[serde(rename = "spdxVersion")]
    spdx: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    payload: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    signatures: Vec<Signature<'a>>,
}

#[derive(Deserialize)]
struct Signature<'a> {
    #[serde(borrow)]
    sig: Option<Cow<'a, str>>,
}

/// Base64 as envelopes in the field have it, which may lack its padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    decode_base64_of_envelope(text).or_else(|| {
        let missing = (4 - text.len() % 4) % 4;
        decode_base64_of_envelope(&format!("{text}{:=<missing$}", ""))
    })
}

impl Envelope<'_> {
    fn read(self) -> Result<AttachedStatement, NoStatement> {
        let count = self.signatures.len();
        if count > MAX_SIGNATURES {
            return Err(NoStatement::TooManySignatures { count });
        }
        let payload = self.payload.as_deref().and_then(decoded);
        let payload_type = self.payload_type.as_deref();
        let payload_type = payload_type.filter(|text| text.len() <= MAX_TYPE_BYTES);
        let signatures = self.signatures.iter().map(|signature| {
            let sig = signature.sig.as_deref().and_then(decoded);
            let sig = sig.filter(|sig| sig.len() <= MAX_SIGNATURE_BYTES);
            sig.map(Bytes::from).ok_or(NoStatement::Part("a signature"))
        });
        Ok(AttachedStatement::envelope(
            payload_type.ok_or(NoStatement::Part("the type"))?,
            payload.ok_or(NoStatement::Part("the payload"))?.into(),
            signatures.collect::<Result<_, _>>()?,
        ))
    }
}
