//! How much is kept of a shard.

use bytes::Bytes;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::statements::rows::TOTALS;

/// How many statements are kept that were handed in after their entries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StatementTotals {
    /// How many.
    pub statements: u64,
    /// How long they are together, in bytes.
    pub bytes: u64,
}

impl StatementTotals {
    /// What is kept in a shard.
    pub(crate) fn read(store: &Store, shard: ShardId) -> Result<Self, StorageError> {
        Ok(Self::decode(store.attestation(shard, TOTALS)?))
    }

    /// A row that is not there stands for nothing.
    pub(crate) fn decode(row: Option<Bytes>) -> Self {
        let read = row.as_deref().and_then(|row| {
            let (statements, bytes) = row.split_first_chunk()?;
            Some(Self {
                statements: u64::from_be_bytes(*statements),
                bytes: u64::from_be_bytes(bytes.try_into().ok()?),
            })
        });
        read.unwrap_or_default()
    }

    /// With one more of `length` bytes.
    pub(crate) fn with(self, length: u64) -> Self {
        Self {
            statements: self.statements.saturating_add(1),
            bytes: self.bytes.saturating_add(length),
        }
    }

    /// Without one of `length` bytes.
    pub(crate) fn without(self, length: u64) -> Self {
        Self {
            statements: self.statements.saturating_sub(1),
            bytes: self.bytes.saturating_sub(length),
        }
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            statements: self.statements.saturating_add(other.statements),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    /// The row that says it.
    pub(crate) fn row(self) -> (Vec<u8>, Bytes) {
        let value = [self.statements.to_be_bytes(), self.bytes.to_be_bytes()].concat();
        (TOTALS.to_vec(), value.into())
    }
}
