//! What entries name: every fact that they can be found by, extracted in one place.

pub(crate) mod authority;
pub(crate) mod claims;
pub(crate) mod collected;
pub(crate) mod fact;
pub(crate) mod normal;
pub(crate) mod package;
pub(crate) mod record;
pub(crate) mod repository;
pub(crate) mod statement;
mod walk;

pub use collected::Facts;
pub use collected::search_keys_of_statement;
pub use fact::Fact;
pub use fact::FactSource;
pub use normal::MAX_FACT_BYTES;
pub use record::MAX_PART_FACTS;
pub use record::read_part;
pub use statement::MAX_STATEMENT_FACTS;
