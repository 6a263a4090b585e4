//! Inputs of several parts, in a form that a fuzzer finds by itself.

/// What stands between two parts.
pub const SEPARATOR: &[u8] = b"\n%%\n";

/// The parts of `data`; those that are missing are empty, and the last has all that is left.
pub(crate) fn split<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut left = data;
    let mut parts = [&data[..0]; N];
    let (last, others) = parts.split_last_mut().expect("there is a part");
    for part in others {
        let windows = left.windows(SEPARATOR.len());
        let end = windows.clone().position(|window| window == SEPARATOR);
        let (head, tail) = left.split_at(end.unwrap_or(left.len()));
        *part = head;
        left = tail.get(SEPARATOR.len()..).unwrap_or_default();
    }
    *last = left;
    parts
}

/// Numbers and hashes, taken from the front of an input. Zeros follow its end.
pub(crate) struct Numbers<'a>(pub(crate) &'a [u8]);

impl Numbers<'_> {
    /// The next eight bytes, or fewer at the end.
    pub(crate) fn next(&mut self) -> u64 {
        u64::from_be_bytes(self.next_bytes())
    }

    /// The next bytes.
    pub(crate) fn next_bytes<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) = self.0.split_at(self.0.len().min(N));
        self.0 = tail;
        let mut bytes = [0; N];
        bytes[..head.len()].copy_from_slice(head);
        bytes
    }
}
