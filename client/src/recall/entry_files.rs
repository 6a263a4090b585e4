//! A hit as other programs verify it: the entry with its proof, and a bundle where the body holds
//! all that is in one.

use bytes::Bytes;
use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::describe;
use ledgerstone_merkle::Hash;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1::Checkpoint as ProtoCheckpoint;
use ledgerstone_proto::sigstore::rekor::v1::InclusionProof as ProtoProof;
use ledgerstone_proto::sigstore::rekor::v1::KindVersion;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;

use crate::artifact::ArtifactDigest;
use crate::recall::heads::read_hashes;
use crate::recall::hit::ReportHit;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::verify::bundle::Bundle;
use crate::verify::bundle::remove_unset;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::log_entry::LogEntry;

/// The entry with the proof that it is in the tree of `head`.
pub(crate) fn log_entry(
    hit: &ReportHit,
    body: &[u8],
    head: &SignedCheckpoint,
) -> TransparencyLogEntry {
    let bytes = |hash: &Hash| Bytes::copy_from_slice(hash.as_bytes());
    let index = hit.entry.index.unwrap_or_default();
    let hashes = read_hashes(&hit.proof).unwrap_or_default();
    let kind = hit.entry.kind.clone().unwrap_or_default();
    let version = hit.entry.version.clone().unwrap_or_default();
    TransparencyLogEntry {
        log_index: hit.virtual_index.unwrap_or(index) as i64,
        log_id: Some(LogId {
            key_id: Bytes::copy_from_slice(&head.key.log_id()),
        }),
        kind_version: Some(KindVersion { kind, version }),
        integrated_time: hit.entry.integrated_seconds(),
        inclusion_promise: None,
        inclusion_proof: Some(ProtoProof {
            log_index: index as i64,
            root_hash: bytes(&head.checkpoint.root),
            tree_size: head.checkpoint.size.get() as i64,
            hashes: hashes.iter().map(bytes).collect(),
            checkpoint: Some(ProtoCheckpoint {
                envelope: head.note.clone(),
            }),
        }),
        canonicalized_body: Bytes::copy_from_slice(body),
    }
}

/// The same as JSON, with a line feed at the end.
pub(crate) fn entry_json(entry: &TransparencyLogEntry) -> String {
    let mut value = serde_json::to_value(entry).unwrap_or_default();
    remove_unset(&mut value);
    format!("{value:#}\n")
}

/// The bundle of an entry of Rekor v2 over an artifact: digest, signature and key or certificate
/// are in its body. `None` for entries that hold the hash of what was signed alone.
pub(crate) fn bundle(entry: TransparencyLogEntry) -> Option<Bundle> {
    let description = describe(&entry.canonicalized_body).ok()?;
    let body = description.content::<HashedRekordV002>()?;
    let digest = ArtifactDigest::new(body.hash_algorithm, body.digest.to_vec()).ok()?;
    let entry = LogEntry::new(entry).ok()?;
    Some(Bundle {
        material: BundleMaterial::of(&body.signature.verifier.material),
        intermediates: Vec::new(),
        content: BundleContent::Message {
            digest: Some(digest),
            signature: body.signature.content.clone(),
        },
        entries: vec![BundleEntry::Proven(entry)],
        timestamps: Vec::new(),
        stamped: None,
    })
}
