//! The facts of a statement as a log keeps them beside the entry: a statement itself need not be
//! kept.
//!
//! A part is a row of facts: kind u8, length u16 big-endian, text in UTF-8.

use bytes::Bytes;

use crate::facts::fact::Fact;
use crate::facts::fact::FactSource;
use crate::search_key::SearchKeyKind;

/// The most facts of one part.
pub const MAX_PART_FACTS: usize = 4_096;

/// The facts of a statement as parts, of which each but the last has [`MAX_PART_FACTS`].
pub(crate) fn parts(facts: &[Fact]) -> Vec<Bytes> {
    parts_of(facts, MAX_PART_FACTS)
}

/// The facts as parts of `count` facts, at most [`MAX_PART_FACTS`].
pub(crate) fn parts_of(facts: &[Fact], count: usize) -> Vec<Bytes> {
    facts.chunks(count).map(part).collect()
}

fn part(facts: &[Fact]) -> Bytes {
    let length = facts.iter().map(|fact| 3 + fact.text.len()).sum();
    let mut part = Vec::with_capacity(length);
    for fact in facts {
        // Texts of facts are cut before they are as long as this allows.
        let length = u16::try_from(fact.text.len()).unwrap_or(u16::MAX);
        part.push(fact.kind.number());
        part.extend_from_slice(&length.to_be_bytes());
        part.extend_from_slice(&fact.text.as_bytes()[..usize::from(length)]);
    }
    part.into()
}

/// The facts of a part. Those of kinds that a later version knows are passed over. `None` when the
/// bytes are no part.
pub fn read_part(mut part: &[u8]) -> Option<Vec<Fact>> {
    let mut facts = Vec::new();
    while let Some((kind, rest)) = part.split_first() {
        let (length, rest) = rest.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        part = rest;
        let text = std::str::from_utf8(text).ok()?;
        facts.extend(SearchKeyKind::from_number(*kind).map(|kind| Fact {
            kind,
            text: text.to_owned(),
            source: FactSource::Statement,
            signer: 0,
        }));
    }
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_back() {
        let fact = |kind, text: &str| Fact {
            kind,
            text: text.to_owned(),
            source: FactSource::Statement,
            signer: 0,
        };
        let facts = [
            fact(SearchKeyKind::Name, "caf\u{e9}"),
            fact(SearchKeyKind::ArtifactDigest, "sha1:ab"),
        ];
        let parts = parts(&facts);
        assert_eq!(parts.len(), 1);
        assert_eq!(read_part(&parts[0]).unwrap(), facts);
        let length = parts[0].len();
        assert_eq!(read_part(&parts[0][..length - 1]), None);
        let unknown = [&[250, 0, 1, b'x'][..], &parts[0]].concat();
        assert_eq!(read_part(&unknown).unwrap(), facts);
        assert_eq!(
            super::parts(&vec![facts[0].clone(); MAX_PART_FACTS + 1]).len(),
            2
        );
    }
}
