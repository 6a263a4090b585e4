//! Entry bundles for tasks that look at them at the same time, within a limit in bytes.

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_merkle::TileWidth;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::audit::error::AuditError;
use crate::source::tiled_log::TiledLog;
use crate::transport::http::MAX_BUNDLE_BYTES;
use crate::transport::share::MAX_PARALLEL_BYTES;
use crate::transport::share::answer_share;

/// The bundles of one log. However many are asked for at a time, those that are on their way or in
/// use have no more than [`MAX_PARALLEL_BYTES`] in sum.
#[derive(Clone, Debug)]
pub(crate) struct BoundedBundles {
    log: TiledLog,
    /// How many bytes a bundle may have for which nobody else has to wait.
    share: usize,
    /// A permit for each byte that may still be asked for.
    bytes: Arc<Semaphore>,
}

/// The bodies of a bundle, which count as in use until this is dropped.
pub(crate) struct BoundedBundle {
    pub(crate) bodies: Vec<Bytes>,
    _permit: OwnedSemaphorePermit,
}

impl BoundedBundles {
    /// Bundles of `log` for `parallel` tasks at a time.
    pub(crate) fn new(log: TiledLog, parallel: usize) -> Self {
        Self {
            log,
            share: answer_share(parallel, MAX_BUNDLE_BYTES),
            bytes: Arc::new(Semaphore::new(MAX_PARALLEL_BYTES)),
        }
    }

    /// The bodies of the first `width` entries of the bundle `number`. One that is longer than its
    /// share is asked for again when others leave room for the longest that there may be.
    pub(crate) async fn get(
        &self,
        number: u64,
        width: TileWidth,
    ) -> Result<BoundedBundle, AuditError> {
        match self.get_within(number, width, self.share).await {
            Err(AuditError::Read(error))
                if error.is_too_long() && self.share < MAX_BUNDLE_BYTES =>
            {
                self.get_within(number, width, MAX_BUNDLE_BYTES).await
            }
            got => got,
        }
    }

    async fn get_within(
        &self,
        number: u64,
        width: TileWidth,
        limit: usize,
    ) -> Result<BoundedBundle, AuditError> {
        let permits = u32::try_from(limit).map_err(|_| AuditError::Aborted)?;
        let permit = Arc::clone(&self.bytes).acquire_many_owned(permits).await;
        let _permit = permit.map_err(|_| AuditError::Aborted)?;
        let bodies = self.log.bodies_within(number, width, limit).await?;
        Ok(BoundedBundle { bodies, _permit })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ledgerstone_merkle::EntryBundle;
    use ledgerstone_merkle::MAX_ENTRY_BYTES;

    use super::*;

    #[tokio::test]
    async fn bundles_in_use_leave_room_for_no_more_than_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let bundles = directory.path().join("tile/entries");
        fs::create_dir_all(&bundles).unwrap();
        let longest = vec![vec![0; MAX_ENTRY_BYTES]; TileWidth::FULL.get()];
        fs::write(bundles.join("000"), EntryBundle::encode(&longest).unwrap()).unwrap();
        fs::write(bundles.join("001"), EntryBundle::encode(&["one"]).unwrap()).unwrap();
        let log = TiledLog::in_directory(directory.path());
        let source = BoundedBundles::new(log, 16);

        let short = source.get(1, TileWidth::new(1).unwrap()).await.unwrap();
        assert_eq!(short.bodies, ["one"]);
        let mut in_use = vec![short];
        while source.bytes.available_permits() >= MAX_BUNDLE_BYTES {
            in_use.push(source.get(0, TileWidth::FULL).await.unwrap());
        }
        let bodies = in_use.iter().flat_map(|bundle| &bundle.bodies);
        let bytes: usize = bodies.map(Bytes::len).sum();
        assert!(in_use.len() > 2 && bytes <= MAX_PARALLEL_BYTES, "{bytes}");
        drop(in_use);
        assert_eq!(source.bytes.available_permits(), MAX_PARALLEL_BYTES);
    }
}
