//! Where a reader of several trees is.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The most trees that positions name.
pub const MAX_POSITIONS: usize = 1_024;

/// A position in each of some trees: the index of the first entry that was not seen. As text,
/// `<tree id>:<index>` for each, with commas between, in the order of tree ids.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Positions(BTreeMap<u64, u64>);

/// Why a text is no positions.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
pub enum PositionsError {
    /// A part is not `<tree id>:<index>`, or a tree is named twice.
    #[error("positions are <tree id>:<index> with commas between, each tree once")]
    Form,
    /// There are too many of them.
    #[error("there are more than {MAX_POSITIONS} positions")]
    Count,
}

impl Positions {
    /// The position in a tree; `None` when it is not named.
    pub fn of(&self, tree_id: u64) -> Option<u64> {
        self.0.get(&tree_id).copied()
    }

    /// Sets the position in a tree.
    pub fn set(&mut self, tree_id: u64, index: u64) {
        self.0.insert(tree_id, index);
    }

    /// The trees that are named, and the positions in them.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().map(|(tree_id, index)| (*tree_id, *index))
    }

    /// Whether no tree is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(u64, u64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(positions: I) -> Self {
        Self(positions.into_iter().collect())
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (tree_id, index)) in self.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{tree_id}:{index}")?;
        }
        Ok(())
    }
}

impl FromStr for Positions {
    type Err = PositionsError;

    fn from_str(text: &str) -> Result<Self, PositionsError> {
        let mut positions = Self::default();
        if text.is_empty() {
            return Ok(positions);
        }
        for part in text.split(',') {
            if positions.0.len() == MAX_POSITIONS {
                return Err(PositionsError::Count);
            }
            let (tree_id, index) = part.split_once(':').ok_or(PositionsError::Form)?;
            let number = |text: &str| text.parse::<u64>().map_err(|_| PositionsError::Form);
            if positions
                .0
                .insert(number(tree_id)?, number(index)?)
                .is_some()
            {
                return Err(PositionsError::Form);
            }
        }
        Ok(positions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_what_they_write() {
        let positions: Positions = [(7, 0), (3, u64::MAX)].into_iter().collect();
        assert_eq!(positions.to_string(), format!("3:{},7:0", u64::MAX));
        assert_eq!(positions.to_string().parse(), Ok(positions));
        assert_eq!("".parse(), Ok(Positions::default()));
    }

    #[test]
    fn refuse_what_has_another_form() {
        for text in [
            ",", "1", "1:", ":1", "1:2,", "1:2,1:3", "-1:0", "1:2:3", "a:0",
        ] {
            assert_eq!(
                text.parse::<Positions>(),
                Err(PositionsError::Form),
                "{text}"
            );
        }
        let many: Vec<String> = (0..=MAX_POSITIONS)
            .map(|tree| format!("{tree}:0"))
            .collect();
        assert_eq!(
            many.join(",").parse::<Positions>(),
            Err(PositionsError::Count)
        );
    }
}
