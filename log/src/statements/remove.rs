//! Removing what a log has of the statement of an entry, for its operator.
//!
//! A mark comes first: from then on no answer rests on the statement, and those that miss it say
//! so. The rows of the index, what was named, and the document go afterwards, a part at a time, by
//! the thread that writes the index late.

use bytes::Bytes;
use ledgerstone_entry::IndexKeys;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::facts::read_part;
use ledgerstone_entry::v1::attestation_key;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Amendment;
use ledgerstone_storage::Later;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::statements::error::DetachError;
use crate::statements::read::stored_record;
use crate::statements::record::Record;
use crate::statements::record::State;
use crate::statements::rows::ATTACHED;
use crate::statements::rows::attached_part_key;
use crate::statements::rows::due_key;
use crate::statements::rows::piece_key;
use crate::statements::rows::pieces;
use crate::statements::rows::record_key;
use crate::statements::totals::StatementTotals;
use crate::submission::stored_key;
use crate::tree::reader::part_key;

/// The most entries that may vouch for one document which came with their submissions.
const MAX_SHARING: usize = 4_096;

/// Marks the statement of the entry at `index` as removed, and says of how many entries it was: one
/// where it was removed before, however much of it is left to be taken away.
pub(crate) fn mark(
    store: &Store,
    shard: ShardId,
    index: LeafIndex,
    now: i64,
) -> Result<usize, DetachError> {
    let entry = store.entry(shard, index)?;
    let entry = entry.ok_or(DetachError::NoEntry { shard, index })?;
    let record = stored_record(store, shard, index)?;
    if record
        .as_ref()
        .is_some_and(|record| record.state == State::Removed)
    {
        return Ok(1);
    }
    let attestation = attestation_key(&entry.body);
    let document = match attestation {
        Some(hash) => store.attestation(shard, hash.as_bytes())?,
        None => None,
    };
    let noted = store.attestation(shard, &part_key(index, 0))?;
    if record.is_none() && noted.is_none() && document.is_none() {
        return Err(DetachError::NoStatement(index));
    }
    let entries = match (attestation, document) {
        (Some(hash), Some(_)) => sharing(store, shard, hash, index)?,
        _ => vec![index],
    };
    for index in &entries {
        mark_one(store, shard, *index, now)?;
    }
    Ok(entries.len())
}

/// The entries that vouch for the document with this hash. The one that was asked for is the last:
/// once it is marked, all others are, wherever a crash came.
fn sharing(
    store: &Store,
    shard: ShardId,
    hash: Hash,
    asked: LeafIndex,
) -> Result<Vec<LeafIndex>, DetachError> {
    let text = format!("sha256:{hash}");
    let key = stored_key(&SearchKey::of(SearchKeyKind::ArtifactDigest, &text));
    let mut found = Vec::new();
    for index in store.search(shard, &key, LeafIndex::new(0), MAX_SHARING)? {
        let entry = store.entry(shard, index)?;
        let key = entry.and_then(|entry| attestation_key(&entry.body));
        if key == Some(hash) && index != asked {
            found.push(index);
        }
    }
    found.push(asked);
    match found.len() >= MAX_SHARING {
        true => Err(DetachError::TooMany(MAX_SHARING)),
        false => Ok(found),
    }
}

fn mark_one(store: &Store, shard: ShardId, index: LeafIndex, now: i64) -> Result<(), StorageError> {
    let before = stored_record(store, shard, index)?;
    let mut amendment = Amendment {
        add: vec![stored_key(&SearchKey::of(
            SearchKeyKind::Statement,
            "removed",
        ))],
        remove: vec![stored_key(&SearchKey::of(SearchKeyKind::Statement, "seen"))],
        later: Later::From(0),
        ..Amendment::default()
    };
    let (parts, length) = match &before {
        Some(record) if record.state == State::Removed => return Ok(()),
        Some(record) => (record.parts, record.length),
        None => (0, 0),
    };
    if let Some(record) = before.filter(|record| record.state == State::Kept) {
        let totals = StatementTotals::read(store, shard)?.without(length);
        amendment.keep.push(totals.row());
        amendment.forget.push(due_key(record.since, index).to_vec());
    }
    let removed = Record {
        state: State::Removed,
        since: now,
        parts,
        length,
        payload_type: None,
        signatures: Vec::new(),
    };
    let row = (record_key(index).to_vec(), removed.encode());
    amendment.keep.push(row);
    // Durable step: until this returns, a crash leaves the statement as it was. After it, nothing
    // rests on it any more, and the rest goes now or with the next start.
    store.amend(shard, index, &amendment)
}

/// Takes away the part with this number, in the index and beside the entry; behind the last one,
/// the document.
pub(crate) fn take_part(
    store: &Store,
    shard: ShardId,
    index: LeafIndex,
    part: u32,
    record: &Record,
) -> Result<Amendment, StorageError> {
    let key = match part & ATTACHED {
        0 => part_key(index, part),
        _ => attached_part_key(index, part & !ATTACHED),
    };
    let Some(stored) = store.attestation(shard, &key)? else {
        return match part & ATTACHED {
            0 => Ok(Amendment {
                later: Later::From(ATTACHED),
                ..Amendment::default()
            }),
            _ => take_document(store, shard, index, record),
        };
    };
    let body = store.entry(shard, index)?.map(|entry| entry.body);
    let body = body.unwrap_or_default();
    let shown = IndexKeys::of(&body, |_| Ok::<_, StorageError>(None))?;
    let facts = read_part(&stored).unwrap_or_default();
    let keys = facts.iter().map(|fact| fact.search_key());
    let keys = keys.filter(|key| shown.named().binary_search(key).is_err());
    Ok(Amendment {
        remove: keys.map(|key| stored_key(&key)).collect(),
        forget: vec![key.to_vec()],
        later: Later::From(part + 1),
        ..Amendment::default()
    })
}

/// Takes away the document, in one write.
fn take_document(
    store: &Store,
    shard: ShardId,
    index: LeafIndex,
    record: &Record,
) -> Result<Amendment, StorageError> {
    let pieces = (0..pieces(record.length)).map(|number| piece_key(index, number).to_vec());
    let mut forget: Vec<Vec<u8>> = pieces.collect();
    let body = store.entry(shard, index)?.map(|entry| entry.body);
    let hash = body.and_then(|body: Bytes| attestation_key(&body));
    forget.extend(hash.map(|hash| hash.as_bytes().to_vec()));
    Ok(Amendment {
        forget,
        later: Later::Nothing,
        ..Amendment::default()
    })
}
