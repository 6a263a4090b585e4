//! Making and opening a store over an engine.

use std::sync::Arc;

use super::rows;
use super::store::Schema;
use crate::correction::INDEX_GENERATION;
use crate::engine::Batch;
use crate::engine::Engine;
use crate::error::StorageError;
use crate::trees::OLD_SCHEMA_VERSION;
use crate::trees::SCHEMA_VERSION;

/// The rows that a new store starts with, before anybody opens it: without them a store is damaged.
pub fn first_rows() -> Batch {
    let mut batch = Batch::default();
    rows::add_schema_version(&mut batch, SCHEMA_VERSION);
    rows::add_generation(&mut batch, INDEX_GENERATION);
    batch
}

impl Schema {
    /// Opens the store over `engine` for writing. What can be checked without reading everything is
    /// checked: the version of the schema, and for every shard that its head has the entries and
    /// tiles that it counts at its end, and no more.
    ///
    /// # Errors
    /// [`StorageError::SchemaVersion`], [`StorageError::Damaged`], or what the engine says.
    pub async fn open(engine: Arc<dyn Engine>) -> Result<Self, StorageError> {
        let schema = Self::open_read_only(engine).await?;
        schema.must_end_as_heads_say().await?;
        Ok(schema)
    }

    /// Opens the store over `engine` to read what can be read. Damage is no error here: reads meet
    /// it, and [`Schema::verify`] names it.
    ///
    /// # Errors
    /// [`StorageError::SchemaVersion`]; [`StorageError::Damaged`] when the version of the schema
    /// cannot be read; or what the engine says.
    pub async fn open_read_only(engine: Arc<dyn Engine>) -> Result<Self, StorageError> {
        let schema = Self::over(engine);
        match schema.schema_version().await? {
            SCHEMA_VERSION | OLD_SCHEMA_VERSION => Ok(schema),
            found => Err(StorageError::SchemaVersion {
                found,
                expected: SCHEMA_VERSION,
            }),
        }
    }
}
