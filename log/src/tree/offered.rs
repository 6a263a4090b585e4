//! Signed entry timestamps between the answer that they were signed for and the store.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use ledgerstone_merkle::LeafIndex;
use parking_lot::Mutex;

/// The most timestamps that wait to be kept: about 10 MB. Those beyond are signed again by whoever
/// keeps them.
const MAX_OFFERED: usize = 65_536;

/// The key that the timestamp of the entry at `index` is kept under, where it was signed here.
/// Attestations have keys of 32 bytes, timestamps that came with imported entries keys of 8, and
/// what is kept beside an entry another first byte.
pub(crate) fn signed_key(index: LeafIndex) -> [u8; 9] {
    let mut key = [b't'; 9];
    key[1..].copy_from_slice(&index.get().to_be_bytes());
    key
}

/// The timestamps of a tree that were signed and are not kept yet.
#[derive(Debug)]
pub(crate) struct Offered {
    /// The first index whose timestamp is not kept. Nobody keeps any as long as it is the highest.
    next: AtomicU64,
    signed: Mutex<BTreeMap<u64, Vec<u8>>>,
}

impl Default for Offered {
    fn default() -> Self {
        Self {
            next: AtomicU64::new(u64::MAX),
            signed: Mutex::default(),
        }
    }
}

impl Offered {
    /// Takes the timestamp of the entry at `index`, unless one is kept or there is no room.
    pub(crate) fn offer(&self, index: LeafIndex, timestamp: &[u8]) {
        if index.get() < self.next.load(Ordering::Acquire) {
            return;
        }
        let mut signed = self.signed.lock();
        if signed.len() < MAX_OFFERED {
            signed.insert(index.get(), timestamp.to_vec());
        }
    }

    /// From now on those from `next` on are taken, and those before it are forgotten.
    pub(crate) fn keep_from(&self, next: u64) {
        self.next.store(next, Ordering::Release);
        let mut signed = self.signed.lock();
        *signed = signed.split_off(&next);
    }

    /// Those of `range`.
    pub(crate) fn of(&self, range: Range<u64>) -> BTreeMap<u64, Vec<u8>> {
        let signed = self.signed.lock();
        let of = signed.range(range);
        of.map(|(index, timestamp)| (*index, timestamp.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_or_nobody_keeps_is_not_taken() {
        let offered = Offered::default();
        let offer = |index| offered.offer(LeafIndex::new(index), &[index as u8]);
        offer(0);
        assert!(offered.of(0..10).is_empty());
        offered.keep_from(2);
        (0..6).for_each(offer);
        let indexes = |range| offered.of(range).into_keys().collect::<Vec<_>>();
        assert_eq!(indexes(0..5), [2, 3, 4]);
        offered.keep_from(4);
        assert_eq!(indexes(0..10), [4, 5]);
    }
}
