//! Nothing but its tests: see `tests/main.rs`.
