//! The recall: all entries of a log that some rules are about, as a report that others verify
//! offline, with nothing but a trusted root.
//!
//! A report is a directory. `recall.json` says what was asked, which signed heads were looked
//! through, and by whose word that is complete; `run-N/hits.jsonl` has each hit with its proof.
//! Everything else is made from these two, and made again by a check, so that no page for people
//! can say what the files do not.

pub(crate) mod check;
mod derived;
pub(crate) mod directory;
mod earlier;
mod entry_files;
pub(crate) mod error;
pub(crate) mod found;
mod heads;
pub(crate) mod hit;
mod page;
pub(crate) mod report;
mod rules;
mod table;
mod words;
pub(crate) mod write;
