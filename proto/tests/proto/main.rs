//! The messages against the published ones, and their JSON form against a second implementation.
#![allow(clippy::unwrap_used)]

mod descriptors;
mod documents;
mod fixtures;
mod reading;
mod reply;
mod second_opinion;
