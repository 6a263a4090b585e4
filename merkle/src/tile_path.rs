//! The paths of tiles and entry bundles (C2SP tlog-tiles).

use std::fmt;
use std::str::FromStr;

use crate::decimal::parse_decimal;
use crate::tile::MAX_TILE_LEVEL;
use crate::tile::TileId;
use crate::tile::TileWidth;

/// The path of a tile or of an entry bundle, relative to the log's prefix (C2SP tlog-tiles):
///
/// ```text
/// tile/<level>/<number>[.p/<width>]        level 0 to 63, width 1 to 255
/// tile/entries/<number>[.p/<width>]
/// ```
///
/// The number is written in groups of three digits, all but the last marked with `x`: 1234067 is
/// `x001/x234/067`. Every path has one spelling: parsing and `Display` are each other's inverse.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TilePath {
    /// A tile of hashes.
    Hashes {
        /// Which tile.
        id: TileId,
        /// How many of its hashes.
        width: TileWidth,
    },
    /// A bundle of entries: those whose leaf hashes are in the tile of level 0 with the same
    /// number.
    Entries {
        /// Which bundle.
        number: u64,
        /// How many of its entries.
        width: TileWidth,
    },
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let rest = path.strip_prefix("tile/").ok_or(TilePathError::Prefix)?;
        let (kind, rest) = rest.split_once('/').ok_or(TilePathError::Prefix)?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, parse_partial_width(width)?),
            None => (rest, TileWidth::FULL),
        };
        let number = parse_number(number)?;
        if kind == "entries" {
            return Ok(Self::Entries { number, width });
        }
        let level = parse_decimal(kind)
            .filter(|level| *level <= MAX_TILE_LEVEL.into())
            .ok_or(TilePathError::Level)?;
        Ok(Self::Hashes {
            id: TileId {
                level: level as u8,
                number,
            },
            width,
        })
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, width) = match *self {
            Self::Hashes { id, width } => {
                write!(f, "tile/{}/", id.level)?;
                (id.number, width)
            }
            Self::Entries { number, width } => {
                f.write_str("tile/entries/")?;
                (number, width)
            }
        };
        write_number(f, number)?;
        if width.is_full() {
            return Ok(());
        }
        write!(f, ".p/{}", width.get())
    }
}

/// Why a path names no tile. No message repeats the path, which came from outside and may be long.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TilePathError {
    /// The path starts with `tile/`, and then with a level or `entries`.
    #[error("a tile path starts with tile/<level>/ or tile/entries/")]
    Prefix,
    /// The level is 0 to 63 in decimal without leading zeros.
    #[error("the tile level must be 0 to 63 without leading zeros")]
    Level,
    /// The number is written in groups of three digits, all but the last with an `x` before it, and
    /// no group too many.
    #[error("the tile number must be groups of three digits like x001/x234/067")]
    Number,
    /// The width of a partial tile is 1 to 255 in decimal without leading zeros.
    #[error("the width of a partial tile must be 1 to 255 without leading zeros")]
    Width,
}

fn parse_partial_width(text: &str) -> Result<TileWidth, TilePathError> {
    let width = parse_decimal(text).and_then(|width| TileWidth::new(width.try_into().ok()?));
    width
        .filter(|width| !width.is_full())
        .ok_or(TilePathError::Width)
}

fn parse_number(text: &str) -> Result<u64, TilePathError> {
    let mut number = 0_u64;
    let mut groups = text.split('/').peekable();
    if text.starts_with("x000") {
        return Err(TilePathError::Number);
    }
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() {
            group.strip_prefix('x')
        } else {
            Some(group)
        };
        let digits = digits
            .filter(|digits| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let value: u64 = digits
            .and_then(|digits| digits.parse().ok())
            .ok_or(TilePathError::Number)?;
        number = number
            .checked_mul(1000)
            .and_then(|number| number.checked_add(value))
            .ok_or(TilePathError::Number)?;
    }
    Ok(number)
}

fn write_number(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    let groups = std::iter::successors(Some(number / 1000), |rest| Some(rest / 1000));
    let mut marked: Vec<u64> = groups
        .take_while(|rest| *rest > 0)
        .map(|rest| rest % 1000)
        .collect();
    marked.reverse();
    marked
        .iter()
        .try_for_each(|group| write!(f, "x{group:03}/"))?;
    write!(f, "{:03}", number % 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::*;

    fn hashes(level: u8, number: u64, width: u16) -> TilePath {
        TilePath::Hashes {
            id: TileId { level, number },
            width: TileWidth::new(width).unwrap(),
        }
    }

    #[test]
    fn paths_of_the_specification() {
        for (text, path) in [
            ("tile/0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("tile/0/x001/x234/067.p/8", hashes(0, 1_234_067, 8)),
            ("tile/63/000", hashes(63, 0, 256)),
            ("tile/1/x001/000.p/255", hashes(1, 1000, 255)),
            (
                "tile/0/x018/x446/x744/x073/x709/x551/615",
                hashes(0, u64::MAX, 256),
            ),
            (
                "tile/entries/000",
                TilePath::Entries {
                    number: 0,
                    width: TileWidth::FULL,
                },
            ),
            (
                "tile/entries/x273/999.p/1",
                TilePath::Entries {
                    number: 273_999,
                    width: TileWidth::new(1).unwrap(),
                },
            ),
        ] {
            assert_eq!(text.parse(), Ok(path));
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn nothing_else_is_a_path() {
        for (text, error) in [
            ("", TilePathError::Prefix),
            ("/tile/0/000", TilePathError::Prefix),
            ("tile/0", TilePathError::Prefix),
            ("tile/64/000", TilePathError::Level),
            ("tile/00/000", TilePathError::Level),
            ("tile/-1/000", TilePathError::Level),
            ("tile/256/000", TilePathError::Level),
            ("tile/Entries/000", TilePathError::Level),
            ("tile//000", TilePathError::Level),
            ("tile/0/", TilePathError::Number),
            ("tile/0/0", TilePathError::Number),
            ("tile/0/0000", TilePathError::Number),
            ("tile/0/x000/001", TilePathError::Number),
            ("tile/0/001/001", TilePathError::Number),
            ("tile/0/x001/x001", TilePathError::Number),
            ("tile/0/x001", TilePathError::Number),
            ("tile/0/x001//001", TilePathError::Number),
            ("tile/0/+01", TilePathError::Number),
            ("tile/0/000/", TilePathError::Number),
            ("tile/0/000.p", TilePathError::Number),
            (
                "tile/0/x018/x446/x744/x073/x709/x551/616",
                TilePathError::Number,
            ),
            ("tile/0/000.p/", TilePathError::Width),
            ("tile/0/000.p/0", TilePathError::Width),
            ("tile/0/000.p/256", TilePathError::Width),
            ("tile/0/000.p/65537", TilePathError::Width),
            ("tile/0/000.p/01", TilePathError::Width),
            ("tile/0/000.p/1/", TilePathError::Width),
        ] {
            assert_eq!(text.parse::<TilePath>(), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_path_has_one_spelling(
            level in 0..=MAX_TILE_LEVEL,
            number in any::<u64>(),
            width in 1..=256_u16,
        ) {
            let path = hashes(level, number, width);
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn what_parses_is_spelled_the_same(
            text in "tile/(0|1|63|entries)/(x[0-9]{3}/){0,7}[0-9]{3}(\\.p/[0-9]{1,3})?",
        ) {
            if let Ok(path) = text.parse::<TilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
