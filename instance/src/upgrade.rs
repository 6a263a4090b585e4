//! From the one tree of version 0.1 to a tree for each protocol.

use ledgerstone_log::LogOptions;
use ledgerstone_log::Upgrade;

use crate::error::InstanceError;
use crate::instance::Instance;

impl Instance {
    /// What [`Instance::upgrade`] would do, after the same checks; `None` when there is nothing to
    /// do. No byte is changed. The tree ids of the new trees are picked when they are made: these
    /// are others.
    ///
    /// # Errors
    /// As for [`Instance::upgrade`].
    pub fn plan_upgrade(
        &self,
        v2_origin: &str,
        options: &LogOptions,
    ) -> Result<Option<Upgrade>, InstanceError> {
        let store = self.open_read_only()?;
        let Some(upgrade) = Upgrade::plan(&store, Some(v2_origin))? else {
            return Ok(None);
        };
        upgrade.verify(&store, self.keys(), options)?;
        Ok(Some(upgrade))
    }

    /// Freezes the tree of version 0.1 with its last checkpoint, and begins a tree for each
    /// protocol, that of Rekor v2 under the name `v2_origin`; a tree without entries becomes the
    /// one of Rekor v2, and keeps its name. Returns what was done, `None` when there was nothing to
    /// do. A crash at any moment leaves the directory as it was or as it is to be.
    ///
    /// # Errors
    /// [`InstanceError::NoLog`]; [`ledgerstone_log::UpgradeError`] when the name is taken or the
    /// tree does not verify: nothing was changed then.
    pub fn upgrade(
        &self,
        v2_origin: &str,
        options: &LogOptions,
    ) -> Result<Option<Upgrade>, InstanceError> {
        let store = self.open_existing()?;
        let Some(upgrade) = Upgrade::plan(&store, Some(v2_origin))? else {
            return Ok(None);
        };
        upgrade.carry_out(&store, self.keys(), options)?;
        Ok(Some(upgrade))
    }
}
