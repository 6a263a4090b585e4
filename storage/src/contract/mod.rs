//! What the [`Schema`](crate::Schema) keeps over every engine, one function a rule. Each takes a
//! store without a shard and panics when the rule is broken.
//!
//! ```
//! # #[cfg(feature = "testing")]
//! mod tests {
//!     use std::sync::Arc;
//!
//!     use ledgerstone_storage::Schema;
//!     use ledgerstone_storage::contract;
//!     use ledgerstone_storage::engine::MemoryEngine;
//!     use ledgerstone_storage::first_rows;
//!
//!     // Whatever the first part of the pair is, it is dropped after the store.
//!     ledgerstone_storage::contract_tests!(|| {
//!         let engine = Arc::new(MemoryEngine::new(&first_rows()));
//!         ((), contract::run(Schema::open(engine)).unwrap())
//!     });
//! }
//! ```
#![allow(
    clippy::unwrap_used,
    reason = "only tests call this, and a panic is how a test fails"
)]

mod correction;
mod fixture;
mod reads;
mod rounds;
mod trees;

pub use correction::a_correction_changes_rows;
pub use correction::a_correction_spares_what_came_since;
pub use correction::a_refused_correction_changes_nothing;
pub use correction::an_amendment_changes_an_entry_alone;
pub use correction::progress_comes_with_corrections;
pub use correction::rows_are_listed_in_order;
pub use fixture::SHARD;
pub use fixture::assert_holds;
pub use fixture::create;
pub use fixture::head;
pub use fixture::identity;
pub use fixture::new_entry;
pub use fixture::round;
pub use fixture::run;
pub use fixture::search_key;
pub use reads::a_kept_checkpoint_advances_from_the_one_that_is_kept;
pub use reads::a_kept_checkpoint_is_replaced;
pub use reads::a_later_leaf_or_attestation_wins;
pub use reads::pages_of_entries_keep_their_limits;
pub use reads::search_is_paged;
pub use reads::shards_do_not_mix;
pub use reads::visits_keep_to_their_range;
pub use reads::what_is_kept_beside_entries_later_is_read_back;
pub use rounds::a_new_store_has_no_shard;
pub use rounds::a_refused_round_changes_nothing;
pub use rounds::a_round_is_read_back;
pub use rounds::a_round_needs_its_shard;
pub use rounds::a_shard_is_created_by_the_rules;
pub use rounds::a_shard_is_created_once;
pub use rounds::a_shard_starts_empty;
pub use rounds::limits_are_inclusive;
pub use rounds::rounds_follow_each_other;
pub use trees::a_change_of_trees_raises_the_schema;
pub use trees::a_duplicate_key_leads_to_its_entry;
pub use trees::a_frozen_shard_takes_no_round;
pub use trees::a_refused_change_of_trees_changes_nothing;
pub use trees::a_store_of_the_old_schema_stays_one;
pub use trees::refused_rounds_change_no_shard;
pub use trees::rounds_of_several_shards_are_one_write;
pub use trees::the_limit_of_bytes_is_on_all_rounds;
pub use trees::trees_change_in_one_write;

/// One test for every rule of the contract, each with a pair from `$make`: what must outlive the
/// store, and the store. With `old:` before it the rules are those of stores of the old schema,
/// without a shard.
#[macro_export]
macro_rules! contract_tests {
    ($make:expr) => {
        $crate::contract_tests! { $make;
            a_new_store_has_no_shard
            a_shard_starts_empty
            a_shard_is_created_once
            a_shard_is_created_by_the_rules
            a_round_is_read_back
            rounds_follow_each_other
            a_round_needs_its_shard
            a_refused_round_changes_nothing
            limits_are_inclusive
            visits_keep_to_their_range
            pages_of_entries_keep_their_limits
            search_is_paged
            a_later_leaf_or_attestation_wins
            what_is_kept_beside_entries_later_is_read_back
            shards_do_not_mix
            a_duplicate_key_leads_to_its_entry
            rounds_of_several_shards_are_one_write
            refused_rounds_change_no_shard
            the_limit_of_bytes_is_on_all_rounds
            a_frozen_shard_takes_no_round
            trees_change_in_one_write
            a_refused_change_of_trees_changes_nothing
            a_kept_checkpoint_is_replaced
            a_kept_checkpoint_advances_from_the_one_that_is_kept
            rows_are_listed_in_order
            a_correction_changes_rows
            a_correction_spares_what_came_since
            progress_comes_with_corrections
            a_refused_correction_changes_nothing
            an_amendment_changes_an_entry_alone
        }
    };
    (old: $make:expr) => {
        $crate::contract_tests! { $make;
            a_store_of_the_old_schema_stays_one
            a_change_of_trees_raises_the_schema
        }
    };
    ($make:expr; $($rule:ident)*) => {
        $(
            #[test]
            fn $rule() {
                let (_outlives, store) = $make();
                $crate::contract::run($crate::contract::$rule(&store));
            }
        )*
    };
}
