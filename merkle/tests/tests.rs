//! Published vectors and properties of the whole crate.
