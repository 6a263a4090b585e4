//! Changes that an engine makes together.

use std::ops::Range;

use bytes::Bytes;

use super::table::Table;

/// Changes that are made together or not at all. Of two changes of one key the later one counts.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Keys and beginnings of values, one behind the other.
    short: Vec<u8>,
    changes: Vec<Placed>,
}

/// A change of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Change<'a> {
    /// A row is written, over the one with this key if there is one.
    Put {
        /// The table.
        table: Table,
        /// The key.
        key: &'a [u8],
        /// The value.
        value: Value<'a>,
    },
    /// The row with this key is removed, if there is one.
    Delete {
        /// The table.
        table: Table,
        /// The key.
        key: &'a [u8],
    },
}

/// A value in two parts, so that a long one need not be copied to get a few bytes before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Value<'a> {
    /// How it begins.
    pub head: &'a [u8],
    /// What follows.
    pub tail: &'a Bytes,
}

impl Batch {
    /// An empty batch with room for `changes` changes, and for `bytes` bytes of keys and beginnings
    /// of values.
    pub fn with_capacity(changes: usize, bytes: usize) -> Self {
        Self {
            short: Vec::with_capacity(bytes),
            changes: Vec::with_capacity(changes),
        }
    }

    /// Writes a short row.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.put_long(table, key, value, Bytes::new());
    }

    /// Writes a row whose value is `head` and then `tail`.
    pub fn put_long(&mut self, table: Table, key: &[u8], head: &[u8], tail: Bytes) {
        let key = self.place(key);
        let head = self.place(head);
        let value = Some((head, tail));
        self.changes.push(Placed { table, key, value });
    }

    /// Removes a row.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        let key = self.place(key);
        self.changes.push(Placed {
            table,
            key,
            value: None,
        });
    }

    /// The changes in their order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.changes.iter().map(|placed| {
            let (table, key) = (placed.table, &self.short[placed.key.clone()]);
            match &placed.value {
                None => Change::Delete { table, key },
                Some((head, tail)) => Change::Put {
                    table,
                    key,
                    value: Value {
                        head: &self.short[head.clone()],
                        tail,
                    },
                },
            }
        })
    }

    /// The bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        let tails = self
            .changes
            .iter()
            .filter_map(|placed| placed.value.as_ref());
        self.short.len() + tails.map(|(_, tail)| tail.len()).sum::<usize>()
    }

    fn place(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.short.len();
        self.short.extend_from_slice(bytes);
        start..self.short.len()
    }
}

impl<'a> Value<'a> {
    /// The value in one piece, put together in `space` where it has two.
    pub fn joined<'b>(self, space: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        match (self.head, &self.tail[..]) {
            ([], whole) | (whole, []) => whole,
            (head, tail) => {
                space.clear();
                space.extend_from_slice(head);
                space.extend_from_slice(tail);
                space
            }
        }
    }

    /// The value in one piece, without a copy where it has no head.
    pub fn to_bytes(self) -> Bytes {
        if self.head.is_empty() {
            return self.tail.clone();
        }
        [self.head, self.tail].concat().into()
    }
}

#[derive(Clone, Debug)]
struct Placed {
    table: Table,
    key: Range<usize>,
    /// Where the value begins and what follows; `None` for a row to remove.
    value: Option<(Range<usize>, Bytes)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_in_order() {
        let mut batch = Batch::with_capacity(3, 16);
        let tail = Bytes::from_static(b"long");
        batch.put_long(Table::Entries, b"key", b"head", tail.clone());
        batch.delete(Table::Search, b"other");
        batch.put(Table::Meta, b"", b"");
        let changes: Vec<_> = batch.changes().collect();
        let value = Value {
            head: b"head",
            tail: &tail,
        };
        assert_eq!(value.to_bytes(), &b"headlong"[..]);
        let mut space = b"before".to_vec();
        assert_eq!(value.joined(&mut space), b"headlong");
        let expected = [
            Change::Put {
                table: Table::Entries,
                key: b"key",
                value,
            },
            Change::Delete {
                table: Table::Search,
                key: b"other",
            },
            Change::Put {
                table: Table::Meta,
                key: b"",
                value: Value {
                    head: b"",
                    tail: &Bytes::new(),
                },
            },
        ];
        assert_eq!(changes, expected);
        assert_eq!(batch.bytes(), 3 + 4 + 4 + 5);
    }
}
