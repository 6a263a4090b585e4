//! What has become of the statement of an entry.
//!
//! state u8 | since i64 | parts u32 | length u64 | envelope u8 | type u16, text |
//! signatures u8, each u16, bytes; all numbers big-endian.

use bytes::Buf;
use bytes::BufMut;
use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;

/// What has become of a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// It is kept.
    Kept,
    /// It was kept for as long as the log keeps statements. What it named is still known.
    Expired,
    /// The operator removed it, and what it named.
    Removed,
}

/// What is stored of it besides the document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Record {
    pub(crate) state: State,
    /// Since when that is so, in Unix seconds.
    pub(crate) since: i64,
    /// In how many parts it is kept what the statement names, where the submission brought none.
    pub(crate) parts: u32,
    /// The length of the document, in bytes.
    pub(crate) length: u64,
    /// The type of the payload of an envelope.
    pub(crate) payload_type: Option<String>,
    pub(crate) signatures: Vec<Bytes>,
}

impl Record {
    pub(crate) fn of(statement: &AttachedStatement, since: i64, parts: u32) -> Self {
        Self {
            state: State::Kept,
            since,
            parts,
            length: statement.payload().len() as u64,
            payload_type: statement.payload_type().map(str::to_owned),
            signatures: statement.signatures().to_vec(),
        }
    }

    /// The statement with this document.
    pub(crate) fn with_document(&self, document: Bytes) -> AttachedStatement {
        match &self.payload_type {
            Some(kind) => AttachedStatement::envelope(kind, document, self.signatures.clone()),
            None => AttachedStatement::bare(document),
        }
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut bytes = Vec::new();
        bytes.put_u8(match self.state {
            State::Kept => 1,
            State::Expired => 2,
            State::Removed => 3,
        });
        bytes.put_i64(self.since);
        bytes.put_u32(self.parts);
        bytes.put_u64(self.length);
        bytes.put_u8(self.payload_type.is_some().into());
        put(
            &mut bytes,
            self.payload_type.as_deref().unwrap_or_default().as_bytes(),
        );
        bytes.put_u8(self.signatures.len().min(usize::from(u8::MAX)) as u8);
        for signature in self.signatures.iter().take(usize::from(u8::MAX)) {
            put(&mut bytes, signature);
        }
        bytes.into()
    }

    /// `None` when the bytes are no record.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        let state = match bytes.try_get_u8().ok()? {
            1 => State::Kept,
            2 => State::Expired,
            3 => State::Removed,
            _ => return None,
        };
        let since = bytes.try_get_i64().ok()?;
        let parts = bytes.try_get_u32().ok()?;
        let length = bytes.try_get_u64().ok()?;
        let is_envelope = bytes.try_get_u8().ok()? == 1;
        let kind = String::from_utf8(take(&mut bytes)?.to_vec()).ok()?;
        let count = bytes.try_get_u8().ok()?;
        let signatures = (0..count)
            .map(|_| take(&mut bytes))
            .collect::<Option<_>>()?;
        bytes.is_empty().then_some(Self {
            state,
            since,
            parts,
            length,
            payload_type: is_envelope.then_some(kind),
            signatures,
        })
    }
}

/// Adds bytes with their length. What is longer than that can tell was refused before.
fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
    bytes.put_u16(length);
    bytes.extend_from_slice(&part[..usize::from(length)]);
}

fn take(bytes: &mut Bytes) -> Option<Bytes> {
    let length = usize::from(bytes.try_get_u16().ok()?);
    (bytes.len() >= length).then(|| bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_back() {
        let record = |payload_type: Option<&str>, signatures: &[&'static [u8]]| Record {
            state: State::Expired,
            since: 7,
            parts: 2,
            length: 9,
            payload_type: payload_type.map(str::to_owned),
            signatures: signatures.iter().copied().map(Bytes::from_static).collect(),
        };
        for record in [
            record(None, &[]),
            record(Some(""), &[]),
            record(Some("text/x"), &[b"a", b""]),
        ] {
            let bytes = record.encode();
            assert_eq!(Record::decode(bytes.clone()), Some(record));
            for length in 0..bytes.len() {
                assert_eq!(Record::decode(bytes.slice(..length)), None);
            }
            let longer = [&bytes[..], b"x"].concat();
            assert_eq!(Record::decode(longer.into()), None);
        }
        assert_eq!(Record::decode(Bytes::from_static(&[9; 64])), None);
    }
}
