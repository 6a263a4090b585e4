//! Ranges of keys, and pages of rows.

use bytes::Bytes;

use super::table::Table;

/// Keys from `from` on, below `to`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRange {
    /// The first key that is wanted, if it is there.
    pub from: Vec<u8>,
    /// The first key that is not; `None` for a range without end.
    pub to: Option<Vec<u8>>,
}

/// Rows to read in the order of their keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scan {
    /// The table.
    pub table: Table,
    /// The keys.
    pub keys: KeyRange,
    /// The most rows of the page.
    pub rows: usize,
    /// The most bytes of keys and values of the page, but one row may be longer.
    pub bytes: usize,
    /// Whether it is worth keeping in memory what was read.
    pub reuse: Reuse,
}

/// Whether what is read will soon be read again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reuse {
    /// As likely as not.
    Likely,
    /// It comes by once, and would push something better out of a cache.
    Unlikely,
}

/// What a scan found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// Keys and values in the order of the keys.
    pub rows: Vec<(Bytes, Bytes)>,
    /// Whether the range ends with these rows: there is no further page.
    pub is_last: bool,
}

impl KeyRange {
    /// All keys that begin with `prefix`.
    pub fn of_prefix(prefix: &[u8]) -> Self {
        Self {
            from: prefix.to_vec(),
            to: Self::end_of_prefix(prefix),
        }
    }

    /// The first key behind all that begin with `prefix`; `None` when nothing is behind them.
    pub fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
        let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
        let mut end = prefix[..=last].to_vec();
        end[last] += 1;
        Some(end)
    }

    /// Whether no key lies in it.
    pub fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }
}

impl Page {
    /// Takes a row if the page of `scan` has room for it, and says whether it had.
    pub fn push(&mut self, scan: &Scan, bytes: &mut usize, key: &[u8], value: &[u8]) -> bool {
        let more = *bytes + key.len() + value.len();
        let is_full = self.rows.len() >= scan.rows || (more > scan.bytes && !self.rows.is_empty());
        if !is_full {
            *bytes = more;
            let row = (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
            self.rows.push(row);
        }
        !is_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_behind_its_last_key() {
        for (prefix, end) in [
            (&b"a"[..], Some(&b"b"[..])),
            (b"a\xff\xff", Some(b"b")),
            (b"\xff\x01", Some(b"\xff\x02")),
            (b"\xff\xff", None),
            (b"", None),
        ] {
            assert_eq!(
                KeyRange::end_of_prefix(prefix).as_deref(),
                end,
                "{prefix:?}"
            );
        }
    }
}
