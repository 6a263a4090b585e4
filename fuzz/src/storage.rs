//! Rows of a store, as a damaged disk may give them back.

use std::ops::ControlFlow;
use std::sync::Arc;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use ledgerstone_storage::engine::Batch;
use ledgerstone_storage::engine::MemoryEngine;
use ledgerstone_storage::engine::Table;
use ledgerstone_storage::first_rows;

use crate::Target;
use crate::parts::Numbers;

/// The target of this crate with this name.
pub fn target(name: &str) -> Option<Target> {
    match name {
        "store_rows" => Some(fuzz_store_rows),
        _ => None,
    }
}

/// A store that opens has what its heads count at their ends, and one that is only read yields what
/// it has or an error.
fn fuzz_store_rows(data: &[u8]) {
    let rows = rows(data);
    if let Ok(store) = Store::open(Arc::new(MemoryEngine::new(&rows))) {
        for shard in store.shards().expect("they were read before") {
            let head = store.head(shard).expect("it was read before");
            let last = head.expect("a shard has one").size.last_index();
            let entry = last.map(|index| store.entry(shard, index));
            assert!(entry.is_none_or(|entry| entry.is_ok_and(|entry| entry.is_some())));
        }
    }
    if let Ok(store) = Store::open_read_only(Arc::new(MemoryEngine::new(&rows))) {
        let _ = (store.shards(), store.reindex_progress());
        for shard in (0..2).map(ShardId::new) {
            read(&store, shard);
        }
    }
}

fn read(store: &Store, shard: ShardId) {
    let _ = store.identity(shard);
    let _ = store.head(shard);
    let _ = store.frozen(shard);
    let _ = store.verify(shard);
    let _ = store.search_rows(shard, None, 16);
    let _ = store.entry(shard, LeafIndex::new(0));
    let _ = store.tile(
        shard,
        TileId {
            level: 0,
            number: 0,
        },
    );
    let mut seen = 0;
    let visited = store.visit_entries(shard, 0..8, &mut |index, _| {
        assert_eq!(index.get(), seen, "entries come in order and without a gap");
        seen += 1;
        ControlFlow::Continue(())
    });
    assert!(visited.is_err() || seen <= 8);
}

/// The rows of a new store, and then those that `data` has: table, lengths, key, value.
fn rows(data: &[u8]) -> Batch {
    let mut batch = first_rows();
    let mut left = Numbers(data);
    while !left.0.is_empty() {
        let [table, key_bytes, high, low] = left.next_bytes();
        let table = Table::ALL[usize::from(table) % Table::ALL.len()];
        let key = take(&mut left, usize::from(key_bytes));
        let value = take(&mut left, usize::from(u16::from_be_bytes([high, low])));
        batch.put(table, key, value);
    }
    batch
}

fn take<'a>(left: &mut Numbers<'a>, bytes: usize) -> &'a [u8] {
    let (head, tail) = left.0.split_at(left.0.len().min(bytes));
    left.0 = tail;
    head
}
