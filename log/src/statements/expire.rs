//! Statements are kept for as long as the settings say.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Amendment;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::statements::read::stored_record;
use crate::statements::record::Record;
use crate::statements::record::State;
use crate::statements::rows::DUE;
use crate::statements::rows::piece_key;
use crate::statements::rows::pieces;
use crate::statements::rows::record_key;
use crate::statements::rows::time_and_index;
use crate::statements::totals::StatementTotals;

/// How many are looked up at a time.
const STEP: usize = 16;

/// The statements that were handed in before `time`, the oldest first, some at a time.
pub(crate) fn due(
    store: &Store,
    shard: ShardId,
    time: i64,
) -> Result<Vec<(Vec<u8>, LeafIndex)>, StorageError> {
    let rows = store.attestations(shard, DUE, None, STEP)?;
    let rows = rows.into_iter().filter_map(|(key, _)| {
        let (handed_in, index) = time_and_index(&key)?;
        (handed_in < time).then(|| (key.to_vec(), index))
    });
    Ok(rows.collect())
}

/// Removes the document that is due under `key`. What it named stays known.
pub(crate) fn expire(
    store: &Store,
    shard: ShardId,
    key: Vec<u8>,
    index: LeafIndex,
    now: i64,
) -> Result<(), StorageError> {
    let mut amendment = Amendment {
        forget: vec![key],
        ..Amendment::default()
    };
    let record = stored_record(store, shard, index)?;
    if let Some(record) = record.filter(|record| record.state == State::Kept) {
        let pieces = (0..pieces(record.length)).map(|number| piece_key(index, number).to_vec());
        amendment.forget.extend(pieces);
        let totals = StatementTotals::read(store, shard)?.without(record.length);
        let expired = Record {
            state: State::Expired,
            since: now,
            ..record
        };
        amendment.keep = vec![(record_key(index).to_vec(), expired.encode()), totals.row()];
    }
    // Durable step: until this returns, a crash leaves the statement as it was. After it, it is
    // gone.
    store.amend(shard, index, &amendment)
}
