//! Where what belongs to statements lies among the attestations of a shard.
//!
//! ```text
//! s index              -> what has become of the statement of the entry
//! d index piece        -> a piece of the document
//! g index part         -> a part of what the statement names
//! e time index         -> nothing: a kept statement, by when it was handed in
//! "statements"         -> how many are kept, and how long they are
//! ```

use ledgerstone_merkle::LeafIndex;

/// The bytes of one piece of a document.
pub(crate) const PIECE_BYTES: usize = 1 << 20;

/// Set in the number of a part that is of a statement which was handed in after its entry.
pub(crate) const ATTACHED: u32 = 1 << 31;

/// The key of what is kept of a whole shard.
pub(crate) const TOTALS: &[u8] = b"statements";

/// What the keys of all records begin with. Indexes have no more than six bytes, and the hashes
/// under which attestations lie begin so by a rare chance.
pub(crate) const RECORDS: &[u8] = b"s\0\0";

/// What the keys of all statements by time begin with.
pub(crate) const DUE: &[u8] = b"e\0\0";

/// What has become of the statement of the entry at `index`.
pub(crate) fn record_key(index: LeafIndex) -> [u8; 9] {
    let mut key = [b's'; 9];
    key[1..].copy_from_slice(&index.get().to_be_bytes());
    key
}

/// The entry that a record is of.
pub(crate) fn index_of_record(key: &[u8]) -> Option<LeafIndex> {
    let index = key.strip_prefix(b"s")?.try_into().ok()?;
    Some(LeafIndex::new(u64::from_be_bytes(index)))
}

/// A piece of the document of the entry at `index`.
pub(crate) fn piece_key(index: LeafIndex, number: u32) -> [u8; 13] {
    numbered(b'd', index, number)
}

/// A part of what the statement names that was handed in after the entry at `index`.
pub(crate) fn attached_part_key(index: LeafIndex, number: u32) -> [u8; 13] {
    numbered(b'g', index, number)
}

/// A statement that was handed in at `time`, in Unix seconds.
pub(crate) fn due_key(time: i64, index: LeafIndex) -> [u8; 17] {
    let mut key = [b'e'; 17];
    key[1..9].copy_from_slice(&time.max(0).to_be_bytes());
    key[9..].copy_from_slice(&index.get().to_be_bytes());
    key
}

/// The time and the entry of a statement by time.
pub(crate) fn time_and_index(key: &[u8]) -> Option<(i64, LeafIndex)> {
    let (time, index) = key.strip_prefix(b"e")?.split_first_chunk()?;
    let index = index.try_into().ok()?;
    let index = LeafIndex::new(u64::from_be_bytes(index));
    Some((i64::from_be_bytes(*time), index))
}

/// How many pieces a document of `length` bytes has.
pub(crate) fn pieces(length: u64) -> u32 {
    u32::try_from(length.div_ceil(PIECE_BYTES as u64)).unwrap_or(u32::MAX)
}

fn numbered(first: u8, index: LeafIndex, number: u32) -> [u8; 13] {
    let mut key = [first; 13];
    key[1..9].copy_from_slice(&index.get().to_be_bytes());
    key[9..].copy_from_slice(&number.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        let index = LeafIndex::new(7);
        assert_eq!(index_of_record(&record_key(index)), Some(index));
        assert_eq!(time_and_index(&due_key(9, index)), Some((9, index)));
        assert_eq!(index_of_record(&[b's'; 32]), None);
        assert_eq!(time_and_index(&[b'e'; 32]), None);
        assert!(record_key(index).starts_with(RECORDS));
        assert!(due_key(i64::from(u32::MAX), index).starts_with(DUE));
        assert_eq!((pieces(0), pieces(1), pieces(1 << 20)), (0, 1, 1));
        assert_eq!(pieces((1 << 20) + 1), 2);
    }
}
