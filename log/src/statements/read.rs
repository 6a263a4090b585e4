//! Reading what is kept of statements.

use bytes::Bytes;
use bytes::BytesMut;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::describe;
use ledgerstone_entry::v1::IntotoV002;
use ledgerstone_entry::v1::attestation_key;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Damage;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::error::ReadError;
use crate::statements::record::Record;
use crate::statements::record::State;
use crate::statements::rows::TOTALS;
use crate::statements::rows::attached_part_key;
use crate::statements::rows::piece_key;
use crate::statements::rows::pieces;
use crate::statements::rows::record_key;
use crate::statements::totals::StatementTotals;
use crate::tree::entry::LoggedEntry;
use crate::tree::reader::Reader;

/// What a log has of the statement of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeptStatement {
    /// It has it.
    Kept(AttachedStatement),
    /// It was kept for as long as the log keeps statements, until this time, in Unix seconds.
    Expired(i64),
    /// The operator removed it, at this time, in Unix seconds.
    Removed(i64),
}

/// What has become of the statement of an entry.
///
/// # Errors
/// The store's.
pub(crate) fn stored_record(
    store: &Store,
    shard: ShardId,
    index: LeafIndex,
) -> Result<Option<Record>, StorageError> {
    decode(store.attestation(shard, &record_key(index))?)
}

fn decode(row: Option<Bytes>) -> Result<Option<Record>, StorageError> {
    let Some(row) = row else {
        return Ok(None);
    };
    let record = Record::decode(row);
    record
        .map(Some)
        .ok_or_else(|| Damage::Undecodable("record of a statement").into())
}

/// The statement of a record, put together from its pieces; `None` when one is missing.
///
/// # Errors
/// The store's.
pub(crate) fn stored_statement(
    store: &Store,
    shard: ShardId,
    index: LeafIndex,
    record: &Record,
) -> Result<Option<AttachedStatement>, StorageError> {
    let mut document = BytesMut::new();
    for number in 0..pieces(record.length) {
        let Some(piece) = store.attestation(shard, &piece_key(index, number))? else {
            return Ok(None);
        };
        document.extend_from_slice(&piece);
    }
    let is_whole = document.len() as u64 == record.length;
    Ok(is_whole.then(|| record.with_document(document.freeze())))
}

/// What has become of a statement that is no longer kept.
fn ended(record: &Record) -> Option<KeptStatement> {
    match record.state {
        State::Expired => Some(KeptStatement::Expired(record.since)),
        State::Removed => Some(KeptStatement::Removed(record.since)),
        State::Kept => None,
    }
}

impl Reader {
    /// How much is kept of the tree.
    pub(crate) async fn statement_totals(&self) -> Result<StatementTotals, ReadError> {
        Ok(StatementTotals::decode(self.attestation(TOTALS).await?))
    }

    /// What has become of the statement of the entry at `index`.
    pub(crate) async fn record(&self, index: LeafIndex) -> Result<Option<Record>, ReadError> {
        Ok(decode(self.attestation(&record_key(index)).await?)?)
    }

    /// What the statement names that was handed in after the entry at `index`, in parts.
    pub(crate) async fn attached_parts(
        &self,
        index: LeafIndex,
        record: &Record,
    ) -> Result<Vec<Bytes>, ReadError> {
        let mut parts = Vec::new();
        for number in 0..record.parts {
            parts.extend(self.attestation(&attached_part_key(index, number)).await?);
        }
        Ok(parts)
    }

    /// The statement of `entry`, at `index`, or what has become of it; `None` where the log never
    /// had it.
    pub(crate) async fn statement(
        &self,
        index: LeafIndex,
        entry: &LoggedEntry,
    ) -> Result<Option<KeptStatement>, ReadError> {
        let Some(record) = self.record(index).await? else {
            return self.submitted_statement(entry).await;
        };
        if let Some(ended) = ended(&record) {
            return Ok(Some(ended));
        }
        if let Some(document) = self.document(index, &record).await? {
            return Ok(Some(KeptStatement::Kept(record.with_document(document))));
        }
        // Its time may have been over, or it was removed, while it was read: then the record, which
        // changes with the pieces, says so by now.
        let now = self.record(index).await?;
        match now.as_ref().and_then(ended) {
            Some(ended) => Ok(Some(ended)),
            None => Err(StorageError::from(Damage::Undecodable("statement")).into()),
        }
    }

    /// The document of a record, put together from its pieces; `None` when it is not whole.
    async fn document(
        &self,
        index: LeafIndex,
        record: &Record,
    ) -> Result<Option<Bytes>, ReadError> {
        let mut document = BytesMut::with_capacity(record.length as usize);
        for number in 0..pieces(record.length) {
            let Some(piece) = self.attestation(&piece_key(index, number)).await? else {
                return Ok(None);
            };
            document.extend_from_slice(&piece);
        }
        let is_whole = document.len() as u64 == record.length;
        Ok(is_whole.then(|| document.freeze()))
    }

    /// The document that came with the submission of an entry.
    async fn submitted_statement(
        &self,
        entry: &LoggedEntry,
    ) -> Result<Option<KeptStatement>, ReadError> {
        let Some(hash) = attestation_key(&entry.body) else {
            return Ok(None);
        };
        let Some(document) = self.attestation(hash.as_bytes()).await? else {
            return Ok(None);
        };
        let description = describe(&entry.body).ok();
        let body = description
            .as_ref()
            .and_then(|body| body.content::<IntotoV002>());
        Ok(Some(KeptStatement::Kept(match body {
            Some(body) => AttachedStatement::envelope(&body.payload_type, document, Vec::new()),
            None => AttachedStatement::bare(document),
        })))
    }
}
