//! Whether statements that were handed in after their entries are still those that the entries
//! vouch for.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::error::reason;
use crate::fsck::finding::Finding;
use crate::statements::read::stored_statement;
use crate::statements::record::Record;
use crate::statements::record::State;
use crate::statements::rows::RECORDS;
use crate::statements::rows::index_of_record;

/// How many are looked up at a time.
const STEP: usize = 256;

/// Tells `find` of each statement in a shard that is not what it was.
pub(super) fn check(store: &Store, shard: ShardId, find: &mut dyn FnMut(Finding)) {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = match store.attestations(shard, RECORDS, after.as_deref(), STEP) {
            Ok(rows) => rows,
            Err(error) => return find(Finding::Store(reason(&error))),
        };
        let Some((last, _)) = rows.last() else {
            return;
        };
        after = Some(last.to_vec());
        for (key, row) in rows {
            // The hash of an attestation may begin as a record does.
            let Some(index) = index_of_record(&key) else {
                continue;
            };
            let fault = match Record::decode(row) {
                Some(record) => fault_of(store, shard, index, &record),
                None => Ok(Some("what has become of it cannot be read")),
            };
            match fault {
                Ok(None) => {}
                Ok(Some(fault)) => find(Finding::BadStatement(index, fault.to_owned())),
                Err(error) => find(Finding::BadStatement(index, reason(&error))),
            }
        }
    }
}

fn fault_of(
    store: &Store,
    shard: ShardId,
    index: LeafIndex,
    record: &Record,
) -> Result<Option<&'static str>, StorageError> {
    if record.state != State::Kept {
        return Ok(None);
    }
    let Some(statement) = stored_statement(store, shard, index, record)? else {
        return Ok(Some("a piece of it is missing"));
    };
    let entry = store.entry(shard, index)?;
    let is_right = entry.is_some_and(|entry| statement.answers_to(&entry.body));
    Ok((!is_right).then_some("the entry does not vouch for it"))
}
