//! Entry bundles: the bodies under one tile of level 0 (C2SP tlog-tiles).

use crate::tile::TILE_WIDTH;

/// The size in bytes of the largest entry that an entry bundle can carry: its length is written in
/// 16 bits.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Appends an entry's body to the wire form of a bundle: its length as 16 bits, big-endian, then
/// its bytes (C2SP tlog-tiles).
///
/// # Errors
/// When the body is larger than [`MAX_ENTRY_BYTES`]; `bundle` is then as it was.
pub fn encode_bundle_entry(body: &[u8], bundle: &mut Vec<u8>) -> Result<(), EntryBundleError> {
    let length = u16::try_from(body.len())
        .map_err(|_| EntryBundleError::EntryTooLarge { bytes: body.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(body);
    Ok(())
}

/// Entry bundles: 1 to 256 consecutive bodies, those whose leaf hashes make up one tile of level 0.
#[derive(Clone, Copy, Debug)]
pub struct EntryBundle;

impl EntryBundle {
    /// The wire form of `bodies`.
    ///
    /// # Errors
    /// When there is no body, more than 256, or one larger than [`MAX_ENTRY_BYTES`].
    pub fn encode<B: AsRef<[u8]>>(bodies: &[B]) -> Result<Vec<u8>, EntryBundleError> {
        if bodies.is_empty() {
            return Err(EntryBundleError::Empty);
        }
        if bodies.len() > TILE_WIDTH {
            return Err(EntryBundleError::TooManyEntries);
        }
        let mut bundle = Vec::new();
        bodies
            .iter()
            .try_for_each(|body| encode_bundle_entry(body.as_ref(), &mut bundle))?;
        Ok(bundle)
    }

    /// The bodies in the wire form `bundle`, in their order.
    ///
    /// # Errors
    /// When there is no body, more than 256, or the bytes end within one.
    pub fn decode(bundle: &[u8]) -> Result<Vec<&[u8]>, EntryBundleError> {
        if bundle.is_empty() {
            return Err(EntryBundleError::Empty);
        }
        let mut bodies = Vec::new();
        let mut rest = bundle;
        while !rest.is_empty() {
            if bodies.len() == TILE_WIDTH {
                return Err(EntryBundleError::TooManyEntries);
            }
            let (body, after) = split_entry(rest).ok_or(EntryBundleError::Truncated {
                entries: bodies.len(),
            })?;
            bodies.push(body);
            rest = after;
        }
        Ok(bodies)
    }
}

/// Why something is not an entry bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryBundleError {
    /// A bundle holds at least one entry: those of width zero are never served.
    #[error("an entry bundle holds at least one entry")]
    Empty,
    /// The length of an entry is written in 16 bits.
    #[error("an entry holds at most {MAX_ENTRY_BYTES} bytes, not {bytes}")]
    EntryTooLarge {
        /// The size given.
        bytes: usize,
    },
    /// A bundle holds the entries of one tile.
    #[error("an entry bundle holds at most 256 entries")]
    TooManyEntries,
    /// The bytes end within an entry or its length.
    #[error("the entry bundle ends within the entry after {entries} whole ones")]
    Truncated {
        /// How many entries are whole.
        entries: usize,
    },
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::*;

    #[test]
    fn an_entry_is_its_length_and_its_bytes() {
        assert_eq!(
            EntryBundle::encode(&["one", ""]).unwrap(),
            b"\x00\x03one\x00\x00"
        );
        assert_eq!(
            EntryBundle::decode(b"\x00\x03one\x00\x00").unwrap(),
            [&b"one"[..], b""]
        );
    }

    #[test]
    fn limits() {
        let largest = vec![7; MAX_ENTRY_BYTES];
        let bundle = EntryBundle::encode(&[&largest]).unwrap();
        assert_eq!(EntryBundle::decode(&bundle).unwrap(), [&largest]);
        let refused = EntryBundle::encode(&[vec![7; MAX_ENTRY_BYTES + 1]]);
        assert_eq!(
            refused,
            Err(EntryBundleError::EntryTooLarge { bytes: 65_536 })
        );
        assert_eq!(
            EntryBundle::encode::<&str>(&[]),
            Err(EntryBundleError::Empty)
        );
        assert_eq!(EntryBundle::decode(b""), Err(EntryBundleError::Empty));
        assert_eq!(
            EntryBundle::decode(&EntryBundle::encode(&[""; 256]).unwrap())
                .unwrap()
                .len(),
            256
        );
        assert_eq!(
            EntryBundle::encode(&[""; 257]),
            Err(EntryBundleError::TooManyEntries)
        );
        assert_eq!(
            EntryBundle::decode(&[0; 2 * 257]),
            Err(EntryBundleError::TooManyEntries)
        );
    }

    #[test]
    fn a_cut_bundle_is_refused() {
        assert_eq!(
            EntryBundle::decode(b"\x00"),
            Err(EntryBundleError::Truncated { entries: 0 })
        );
        assert_eq!(
            EntryBundle::decode(b"\x00\x01a\x00"),
            Err(EntryBundleError::Truncated { entries: 1 })
        );
        assert_eq!(
            EntryBundle::decode(b"\x00\x01a\x00\x02b"),
            Err(EntryBundleError::Truncated { entries: 1 })
        );
    }

    proptest! {
        #[test]
        fn decoding_is_the_inverse(bodies in vec(vec(any::<u8>(), 0..40), 1..=256)) {
            let bundle = EntryBundle::encode(&bodies).unwrap();
            prop_assert_eq!(EntryBundle::decode(&bundle).unwrap(), bodies);
        }

        #[test]
        fn encoding_is_the_inverse(bundle in vec(0..4_u8, 0..60)) {
            if let Ok(bodies) = EntryBundle::decode(&bundle) {
                prop_assert_eq!(EntryBundle::encode(&bodies).unwrap(), bundle);
            }
        }
    }
}
