//! Every message with random content, through our JSON and through that of `prost-reflect`.

use std::collections::BTreeSet;
use std::fmt::Debug;

use ledgerstone_proto::intoto;
use ledgerstone_proto::json;
use ledgerstone_proto::json::RekorReply;
use ledgerstone_proto::log::v1 as log;
use ledgerstone_proto::sigstore::bundle::v1 as bundle;
use ledgerstone_proto::sigstore::common::v1 as common;
use ledgerstone_proto::sigstore::rekor::v1 as rekor_v1;
use ledgerstone_proto::sigstore::rekor::v2 as rekor_v2;
use ledgerstone_proto::sigstore::trustroot::v1 as trustroot;
use proptest::prelude::*;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use prost::Message;
use prost_reflect::DynamicMessage;
use prost_reflect::FieldDescriptor;
use prost_reflect::Kind;
use prost_reflect::MessageDescriptor;
use prost_reflect::ReflectMessage;
use prost_reflect::SerializeOptions;
use prost_reflect::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::descriptors::our_pool;

type Check = fn(&DynamicMessage);

macro_rules! checks {
    ($($package:literal: $($name:literal => $message:ty),+;)+) => {
        &[$($((concat!($package, ".", $name), check::<$message> as Check)),+),+]
    };
}

const CHECKS: &[(&str, Check)] = checks! {
    "dev.sigstore.bundle.v1":
        "Bundle" => bundle::Bundle,
        "TimestampVerificationData" => bundle::TimestampVerificationData,
        "VerificationMaterial" => bundle::VerificationMaterial;
    "dev.sigstore.common.v1":
        "DistinguishedName" => common::DistinguishedName,
        "HashOutput" => common::HashOutput,
        "LogId" => common::LogId,
        "MessageSignature" => common::MessageSignature,
        "ObjectIdentifier" => common::ObjectIdentifier,
        "ObjectIdentifierValuePair" => common::ObjectIdentifierValuePair,
        "PublicKey" => common::PublicKey,
        "PublicKeyIdentifier" => common::PublicKeyIdentifier,
        "RFC3161SignedTimestamp" => common::Rfc3161SignedTimestamp,
        "SubjectAlternativeName" => common::SubjectAlternativeName,
        "TimeRange" => common::TimeRange,
        "X509Certificate" => common::X509Certificate,
        "X509CertificateChain" => common::X509CertificateChain;
    "dev.sigstore.rekor.v1":
        "Checkpoint" => rekor_v1::Checkpoint,
        "InclusionPromise" => rekor_v1::InclusionPromise,
        "InclusionProof" => rekor_v1::InclusionProof,
        "KindVersion" => rekor_v1::KindVersion,
        "TransparencyLogEntry" => rekor_v1::TransparencyLogEntry;
    "dev.sigstore.rekor.v2":
        "CreateEntryRequest" => rekor_v2::CreateEntryRequest,
        "DSSELogEntryV002" => rekor_v2::DsseLogEntryV002,
        "DSSERequestV002" => rekor_v2::DsseRequestV002,
        "Entry" => rekor_v2::Entry,
        "EntryBundleRequest" => rekor_v2::EntryBundleRequest,
        "HashedRekordLogEntryV002" => rekor_v2::HashedRekordLogEntryV002,
        "HashedRekordRequestV002" => rekor_v2::HashedRekordRequestV002,
        "PublicKey" => rekor_v2::PublicKey,
        "Signature" => rekor_v2::Signature,
        "Spec" => rekor_v2::Spec,
        "TileRequest" => rekor_v2::TileRequest,
        "Verifier" => rekor_v2::Verifier;
    "dev.sigstore.trustroot.v1":
        "CertificateAuthority" => trustroot::CertificateAuthority,
        "ClientTrustConfig" => trustroot::ClientTrustConfig,
        "Service" => trustroot::Service,
        "ServiceConfiguration" => trustroot::ServiceConfiguration,
        "SigningConfig" => trustroot::SigningConfig,
        "TransparencyLogInstance" => trustroot::TransparencyLogInstance,
        "TrustedRoot" => trustroot::TrustedRoot;
    "io.intoto":
        "Envelope" => intoto::Envelope,
        "Signature" => intoto::Signature;
    "ledgerstone.v1":
        "AppendRequest" => log::AppendRequest,
        "AppendResponse" => log::AppendResponse,
        "AppendResult" => log::AppendResult,
        "AttachStatementRequest" => log::AttachStatementRequest,
        "AttachStatementResponse" => log::AttachStatementResponse,
        "AttachedEntry" => log::AttachedEntry,
        "ConsistencyProofResponse" => log::ConsistencyProofResponse,
        "Entry" => log::Entry,
        "EntryFilter" => log::EntryFilter,
        "GetConsistencyProofRequest" => log::GetConsistencyProofRequest,
        "GetEntryRequest" => log::GetEntryRequest,
        "GetInclusionProofRequest" => log::GetInclusionProofRequest,
        "GetStatementRequest" => log::GetStatementRequest,
        "GetTreeHeadRequest" => log::GetTreeHeadRequest,
        "ListTreesRequest" => log::ListTreesRequest,
        "ListTreesResponse" => log::ListTreesResponse,
        "Tree" => log::Tree,
        "IdentityPattern" => log::IdentityPattern,
        "InclusionProofResponse" => log::InclusionProofResponse,
        "ReadEntriesRequest" => log::ReadEntriesRequest,
        "Statement" => log::Statement,
        "Status" => log::Status,
        "SearchCoverage" => log::SearchCoverage,
        "SearchHit" => log::SearchHit,
        "SearchPublicKey" => log::SearchPublicKey,
        "SearchRequest" => log::SearchRequest,
        "SearchResponse" => log::SearchResponse,
        "SearchTerm" => log::SearchTerm,
        "TreeHead" => log::TreeHead,
        "WatchEntriesRequest" => log::WatchEntriesRequest,
        "WatchTreeHeadsRequest" => log::WatchTreeHeadsRequest;
};

/// Both ways between the two implementations, in both spellings.
fn check<T>(random: &DynamicMessage)
where
    T: Debug + Default + DeserializeOwned + Message + PartialEq + Serialize,
{
    let message = T::decode(random.encode_to_vec().as_slice()).unwrap();
    let written = json::to_vec(&message).unwrap();
    let opinion = read_by_reflection(&random.descriptor(), &written);
    assert_eq!(
        T::decode(opinion.encode_to_vec().as_slice()).unwrap(),
        message
    );
    assert_eq!(json::from_slice::<T>(&written).unwrap(), message);

    for options in [
        SerializeOptions::new(),
        SerializeOptions::new().use_proto_field_name(true),
        SerializeOptions::new()
            .skip_default_fields(false)
            .use_enum_numbers(true)
            .stringify_64_bit_integers(false),
    ] {
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut text);
        random
            .serialize_with_options(&mut serializer, &options)
            .unwrap();
        let read: T = json::from_slice(&text).unwrap();
        assert_eq!(read, message, "{}", String::from_utf8_lossy(&text));
    }
}

fn read_by_reflection(descriptor: &MessageDescriptor, json: &[u8]) -> DynamicMessage {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    DynamicMessage::deserialize(descriptor.clone(), &mut deserializer).unwrap()
}

fn random_message(descriptor: &MessageDescriptor, rng: &mut TestRng) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    if descriptor.full_name() == "google.protobuf.Timestamp" {
        let seconds = (rng.next_u64() % 253_402_300_800).cast_signed();
        let nanos = (rng.next_u32() % 1_000_000_000).cast_signed();
        message.set_field_by_name("seconds", Value::I64(seconds));
        message.set_field_by_name("nanos", Value::I32(nanos));
        return message;
    }
    // A later member of a choice replaces an earlier one.
    for field in descriptor.fields() {
        if rng.next_u32().is_multiple_of(4) {
            continue;
        }
        if field.is_list() {
            let count = rng.next_u32() % 3;
            let values = (0..count).map(|_| random_value(&field, rng)).collect();
            message.set_field(&field, Value::List(values));
        } else {
            let value = random_value(&field, rng);
            message.set_field(&field, value);
        }
    }
    message
}

fn random_value(field: &FieldDescriptor, rng: &mut TestRng) -> Value {
    // Small and large numbers alike, and zero.
    let number = rng.next_u64() >> (rng.next_u32() % 65).min(63);
    match field.kind() {
        Kind::Bool => Value::Bool(number % 2 == 1),
        Kind::Bytes => Value::Bytes(random_bytes(rng).into()),
        Kind::Enum(values) => {
            let count = u64::try_from(values.values().len()).unwrap();
            Value::EnumNumber(i32::try_from(number % count).unwrap())
        }
        Kind::Int32 => Value::I32((number as u32).cast_signed()),
        Kind::Int64 => Value::I64(number.cast_signed()),
        Kind::Message(descriptor) => Value::Message(random_message(&descriptor, rng)),
        Kind::String => Value::String(random_bytes(rng).iter().copied().map(char::from).collect()),
        Kind::Uint32 => Value::U32(number as u32),
        Kind::Uint64 => Value::U64(number),
        other => panic!("no field has the kind {other:?}"),
    }
}

fn random_bytes(rng: &mut TestRng) -> Vec<u8> {
    let length = rng.next_u32() % 40;
    (0..length).map(|_| rng.next_u32() as u8).collect()
}

#[test]
fn every_message_is_checked() {
    let ours: BTreeSet<String> = our_pool()
        .all_messages()
        .map(|message| message.full_name().to_owned())
        .filter(|name| !name.starts_with("google."))
        .collect();
    let checked: BTreeSet<String> = CHECKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(ours, checked);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn both_implementations_agree(seed in any::<[u8; 32]>()) {
        let pool = our_pool();
        let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        for (name, check) in CHECKS {
            let descriptor = pool.get_message_by_name(name).unwrap();
            check(&random_message(&descriptor, &mut rng));
        }
    }

    #[test]
    fn rekor_reply_says_the_same_as_the_entry(seed in any::<[u8; 32]>()) {
        let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let descriptor = our_pool()
            .get_message_by_name("dev.sigstore.rekor.v1.TransparencyLogEntry")
            .unwrap();
        let random = random_message(&descriptor, &mut rng);
        let encoded = random.encode_to_vec();
        let entry = rekor_v1::TransparencyLogEntry::decode(encoded.as_slice()).unwrap();
        let reply = json::to_vec(&RekorReply(&entry)).unwrap();
        let opinion = read_by_reflection(&descriptor, &reply);
        prop_assert_eq!(opinion.encode_to_vec(), entry.encode_to_vec());
    }

    #[test]
    fn any_bytes_are_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = json::from_slice_first::<rekor_v2::CreateEntryRequest>(&text);
    }
}
