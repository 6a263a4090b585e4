//! The JSON and the binary form of messages.

use std::fmt::Debug;
use std::str;

use ledgerstone_proto::google::protobuf::Timestamp;
use ledgerstone_proto::intoto;
use ledgerstone_proto::json;
use ledgerstone_proto::log::v1 as log;
use ledgerstone_proto::sigstore::bundle::v1 as bundle;
use ledgerstone_proto::sigstore::rekor::v1 as rekor_v1;
use ledgerstone_proto::sigstore::rekor::v2 as rekor_v2;
use ledgerstone_proto::sigstore::trustroot::v1 as trustroot;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Target;

/// The target of this crate with this name.
pub fn target(name: &str) -> Option<Target> {
    Some(match name {
        "json" => fuzz_json,
        "protobuf" => fuzz_protobuf,
        "timestamp" => fuzz_timestamp,
        _ => return None,
    })
}

/// Calls a function for the type of message that the first byte stands for.
macro_rules! for_message {
    ($function:ident, $data:expr, [$($message:ty),+ $(,)?]) => {
        if let Some((choice, rest)) = $data.split_first() {
            let functions: &[Target] = &[$($function::<$message>),+];
            functions[usize::from(*choice) % functions.len()](rest);
        }
    };
}

/// A message in JSON: what was read can be written, and is read again as the same message.
fn fuzz_json(data: &[u8]) {
    for_message!(
        json_of,
        data,
        [
            rekor_v2::CreateEntryRequest,
            rekor_v2::Entry,
            rekor_v1::TransparencyLogEntry,
            bundle::Bundle,
            trustroot::TrustedRoot,
            trustroot::SigningConfig,
            trustroot::ClientTrustConfig,
            intoto::Envelope,
            log::AppendRequest,
            log::SearchRequest,
            log::SearchResponse,
            log::WatchEntriesRequest,
            log::GetInclusionProofRequest,
            log::InclusionProofResponse,
            log::ListTreesResponse,
        ]
    );
}

fn json_of<M>(json: &[u8])
where
    M: Default + DeserializeOwned + Serialize + PartialEq + Debug,
{
    let first = json::from_slice_first::<M>(json);
    let Ok(message) = json::from_slice::<M>(json) else {
        return;
    };
    assert_eq!(first.as_ref().ok(), Some(&message));
    must_read_again(&message);
}

fn must_read_again<M>(message: &M)
where
    M: DeserializeOwned + Serialize + PartialEq + Debug,
{
    // An enum with a number that has no name cannot be written.
    if let Ok(written) = json::to_vec(message) {
        let read = json::from_slice::<M>(&written).expect("what was written can be read");
        assert_eq!(&read, message);
    }
}

/// A message of gRPC.
fn fuzz_protobuf(data: &[u8]) {
    for_message!(
        protobuf_of,
        data,
        [
            rekor_v2::CreateEntryRequest,
            rekor_v1::TransparencyLogEntry,
            bundle::Bundle,
            trustroot::TrustedRoot,
            intoto::Envelope,
            log::AppendRequest,
            log::SearchRequest,
            log::WatchEntriesRequest,
            log::ReadEntriesRequest,
            log::GetEntryRequest,
            log::GetConsistencyProofRequest,
        ]
    );
}

fn protobuf_of<M>(bytes: &[u8])
where
    M: Message + Default + DeserializeOwned + Serialize + PartialEq + Debug,
{
    let Ok(message) = M::decode(bytes) else {
        return;
    };
    let encoded = message.encode_to_vec();
    let read = M::decode(&encoded[..]).expect("what was encoded can be decoded");
    assert_eq!(read, message);
    must_read_again(&message);
}

fn fuzz_timestamp(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(time) = text.parse::<Timestamp>() {
        let written = time.to_rfc3339().expect("what was read has this form");
        assert_eq!(written.parse(), Ok(time));
    }
}
