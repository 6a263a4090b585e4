//! The proto3 JSON form of messages.
//!
//! Written: lowerCamelCase names, 64-bit integers as strings, bytes as padded standard base64,
//! enums by name. Messages of `dev.sigstore.rekor.v1` and `ledgerstone.v1` are written with their
//! zero values, all others without: the first are replies, the others requests and files.
//!
//! Read: lowerCamelCase and original names, integers as numbers or strings, base64 of either
//! alphabet with or without padding and with line breaks in it, enums by name or number, null for
//! any field that is not set. Refused: unknown and repeated names, two members of one choice, nulls
//! in lists.

use std::fmt;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::Serializer;
use serde::de::DeserializeOwned;
use serde::ser::SerializeSeq;
use serde::ser::SerializeStruct;
use serde_json::error::Category;

use crate::sigstore::rekor::v1::InclusionProof;
use crate::sigstore::rekor::v1::TransparencyLogEntry;

mod base64_text;
mod reader;

use self::reader::Trace;
use self::reader::ValueReader;

pub use self::base64_text::decode_base64;

/// Reads a message that is all of `json`: a file.
///
/// # Errors
///
/// The text is not JSON, is not of this message, or goes on after the value.
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let message = read_value(&mut deserializer)?;
    deserializer
        .end()
        .map_err(|error| JsonError::reading(&error, ""))?;
    Ok(message)
}

/// Reads the message at the start of `json`: the body of a request.
///
/// As the gateways of the field do, an empty body is an empty message, and what follows the first
/// value is not looked at.
///
/// # Errors
///
/// The first value is not JSON, or not of this message.
pub fn from_slice_first<T>(json: &[u8]) -> Result<T, JsonError>
where
    T: Default + DeserializeOwned,
{
    if json.iter().all(|byte| WHITESPACE.contains(byte)) {
        return Ok(T::default());
    }
    read_value(&mut serde_json::Deserializer::from_slice(json))
}

/// Writes a message, without line breaks.
///
/// # Errors
///
/// The message has no JSON form: see [`JsonError::Unwritable`].
pub fn to_vec<T: Serialize>(message: &T) -> Result<Vec<u8>, JsonError> {
    serde_json::to_vec(message).map_err(|error| JsonError::writing(&error))
}

/// Writes a message with line breaks and two spaces a level: a file that people read.
///
/// # Errors
///
/// As [`to_vec`].
pub fn to_vec_pretty<T: Serialize>(message: &T) -> Result<Vec<u8>, JsonError> {
    serde_json::to_vec_pretty(message).map_err(|error| JsonError::writing(&error))
}

/// An entry in the exact form in which Rekor v2 answers: all seven fields, unset messages as null.
///
/// The form inside bundles and of Ledgerstone's own replies, which is that of the entry itself,
/// differs in that it leaves unset messages out.
#[derive(Clone, Copy, Debug)]
pub struct RekorReply<'a>(pub &'a TransparencyLogEntry);

impl Serialize for RekorReply<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.0;
        let mut fields = serializer.serialize_struct("TransparencyLogEntry", 7)?;
        fields.serialize_field("logIndex", &Text(entry.log_index))?;
        fields.serialize_field("logId", &entry.log_id)?;
        fields.serialize_field("kindVersion", &entry.kind_version)?;
        fields.serialize_field("integratedTime", &Text(entry.integrated_time))?;
        fields.serialize_field("inclusionPromise", &entry.inclusion_promise)?;
        let inclusion_proof = entry.inclusion_proof.as_ref();
        fields.serialize_field("inclusionProof", &inclusion_proof.map(ProofReply))?;
        fields.serialize_field("canonicalizedBody", &Base64(&entry.canonicalized_body))?;
        fields.end()
    }
}

/// Why JSON could not be read or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON (RFC 8259), or is nested deeper than 127 levels.
    #[error("malformed JSON: {reason}")]
    Syntax {
        /// What was found, with line and column. At most [`REASON_BYTES_MAX`].
        reason: String,
    },
    /// The text is JSON but not of the message that is expected here.
    #[error("{reason}")]
    Message {
        /// The path to the value, what was found and what was expected, with line and column. At
        /// most [`REASON_BYTES_MAX`].
        reason: String,
    },
    /// The message has no JSON form: an enum has a number without a name, or a time is not within
    /// the years 1 to 9999.
    #[error("message without a JSON form: {reason}")]
    Unwritable {
        /// What was found.
        reason: String,
    },
}

/// The longest reason that a [`JsonError`] carries, in bytes: reasons quote the input, and go into
/// replies and logs.
pub const REASON_BYTES_MAX: usize = 1024;

impl JsonError {
    fn reading(error: &serde_json::Error, path: &str) -> Self {
        let mut reason = describe(&error.to_string());
        if !path.is_empty() {
            reason = format!("{path}: {reason}");
        }
        truncate(&mut reason);
        match error.classify() {
            Category::Data => Self::Message { reason },
            Category::Eof | Category::Io | Category::Syntax => Self::Syntax { reason },
        }
    }

    fn writing(error: &serde_json::Error) -> Self {
        let reason = error.to_string();
        Self::Unwritable { reason }
    }
}

fn read_value<T: DeserializeOwned>(
    deserializer: &mut serde_json::Deserializer<serde_json::de::SliceRead<'_>>,
) -> Result<T, JsonError> {
    let trace = Trace::default();
    T::deserialize(ValueReader::new(deserializer, &trace))
        .map_err(|error| JsonError::reading(&error, &trace.path()))
}

/// Rewrites the texts of the generated code that speak of its inside.
fn describe(error: &str) -> String {
    error
        .replace(
            "data did not match any variant of untagged enum Content",
            "expected an integer that fits the field",
        )
        .replace("expected expected one of", "expected one of")
        .replace("expected struct ", "expected an object: ")
}

fn truncate(reason: &mut String) {
    if reason.len() > REASON_BYTES_MAX {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX - ELLIPSIS.len()));
        reason.push_str(ELLIPSIS);
    }
}

struct ProofReply<'a>(&'a InclusionProof);

impl Serialize for ProofReply<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let proof = self.0;
        let mut fields = serializer.serialize_struct("InclusionProof", 5)?;
        fields.serialize_field("logIndex", &Text(proof.log_index))?;
        fields.serialize_field("rootHash", &Base64(&proof.root_hash))?;
        fields.serialize_field("treeSize", &Text(proof.tree_size))?;
        fields.serialize_field("hashes", &Base64List(&proof.hashes))?;
        fields.serialize_field("checkpoint", &proof.checkpoint)?;
        fields.end()
    }
}

/// A value that is written as a string.
struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

struct Base64List<'a>(&'a [bytes::Bytes]);

impl Serialize for Base64List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for bytes in self.0 {
            list.serialize_element(&Base64(bytes))?;
        }
        list.end()
    }
}

const WHITESPACE: &[u8] = b" \t\r\n";
const ELLIPSIS: &str = " ...";
