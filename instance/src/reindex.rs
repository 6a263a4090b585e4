//! Rebuilds the search index of a data directory.

use ledgerstone_log::Reindex;
use ledgerstone_log::ReindexProgress;

use crate::error::InstanceError;
use crate::instance::Instance;

impl Instance {
    /// Rebuilds the search index of all trees, or goes on with a rebuild that was interrupted.
    /// `progress` hears of each step.
    ///
    /// # Errors
    /// [`InstanceError::NoLog`]; [`ledgerstone_storage::EngineError::Locked`] when a server runs
    /// on it, which can do it itself; [`ledgerstone_log::ReindexError`].
    pub fn reindex(
        &self,
        progress: &mut dyn FnMut(&ReindexProgress),
    ) -> Result<ReindexProgress, InstanceError> {
        let mut rebuild = Reindex::open(self.open_existing()?)?;
        loop {
            let more = rebuild.step()?;
            progress(rebuild.progress());
            if !more {
                return Ok(rebuild.progress().clone());
            }
        }
    }
}
