//! Reading a whole log that somebody else runs, to copy it: a Rekor v1 by its API, or any log with
//! tiles over HTTP or from a directory.

use std::ops::Range;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::TreeSize;

use crate::source::entry::SourceEntry;
use crate::source::entry::SourceRound;
use crate::source::error::SourceError;
use crate::source::head::SourceHead;
use crate::source::rekor_v1::RekorV1;
use crate::source::rekor_v1::rekor_v1_entries;
use crate::source::tiled::tiled_consistency;
use crate::source::tiled::tiled_entries;
use crate::source::tiled_log::TiledLog;
use crate::source::tiled_log_error::TiledLogError;
use crate::transport::http::Transport;
use crate::trust::logs::TrustedLogs;

/// A log to copy.
#[derive(Clone, Debug)]
pub struct LogSource {
    protocol: SourceProtocol,
}

#[derive(Clone, Debug)]
enum SourceProtocol {
    Tiles(TiledLog),
    RekorV1(RekorV1),
}

impl LogSource {
    /// A log with tiles (C2SP tlog-tiles).
    pub fn tiles(log: TiledLog) -> Self {
        let protocol = SourceProtocol::Tiles(log);
        Self { protocol }
    }

    /// A Rekor v1 by its API.
    pub fn rekor_v1(transport: Transport) -> Self {
        let protocol = SourceProtocol::RekorV1(RekorV1::new(transport));
        Self { protocol }
    }

    /// Whatever is behind the URL of `transport`: tiles, which are much faster; tiles where a Rekor
    /// v2 has them; a Rekor v1.
    ///
    /// # Errors
    /// [`SourceError::NoLog`] when it is none of these.
    pub async fn detect(transport: Transport) -> Result<Self, SourceError> {
        for log in [transport.clone(), transport.below("/api/v2")] {
            let log = TiledLog::new(log);
            match log.checkpoint().await {
                Ok(_) => return Ok(Self::tiles(log)),
                Err(TiledLogError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if RekorV1::new(transport.clone()).is_there().await? {
            return Ok(Self::rekor_v1(transport));
        }
        Err(SourceError::NoLog {
            url: transport.url().to_owned(),
        })
    }

    /// The current head, signed by one of `logs`. `tree_id` picks one of the trees of a Rekor v1,
    /// instead of the one that grows.
    ///
    /// # Errors
    /// When the log does not give one, it is not signed by one of `logs`, or there is no such tree.
    pub async fn head(
        &self,
        logs: &TrustedLogs,
        tree_id: Option<u64>,
    ) -> Result<SourceHead, SourceError> {
        match &self.protocol {
            SourceProtocol::Tiles(_) if tree_id.is_some() => Err(SourceError::NoTree {
                tree_id,
                known: Vec::new(),
            }),
            SourceProtocol::Tiles(log) => {
                let signed = logs.open_tiled_checkpoint(&log.checkpoint().await?)?;
                Ok(SourceHead { signed, tree: None })
            }
            SourceProtocol::RekorV1(log) => {
                let tree = log.tree(tree_id).await?;
                let signed = logs.open_rekor_v1_checkpoint(&tree.checkpoint, tree.tree_id)?;
                let tree = Some(tree);
                Ok(SourceHead { signed, tree })
            }
        }
    }

    /// The entries of `range`, which lies in `head`, with the proof that the tree up to the last of
    /// them is a part of that. Where entries are large these are only the first of them: a round
    /// asks for no more once it has [`SOURCE_ROUND_BYTES`](crate::SOURCE_ROUND_BYTES), and the next
    /// one begins behind. At most `parallel` requests are on their way at a time, and fewer where
    /// their answers would have more than [`MAX_PARALLEL_BYTES`](crate::MAX_PARALLEL_BYTES).
    ///
    /// The proof is as the log gave it: verify it with the root of what was read so far.
    ///
    /// # Errors
    /// When the log does not give them, or an entry of a Rekor v1 is not what its id or its signed
    /// time says.
    pub async fn round(
        &self,
        head: &SourceHead,
        range: Range<u64>,
        parallel: usize,
    ) -> Result<SourceRound, SourceError> {
        let (first, end) = (range.start, range.end);
        let entries = self.entries(head, range, parallel);
        let (entries, proof) = tokio::try_join!(entries, self.proof(head, end))?;
        let behind = first + entries.len() as u64;
        let proof = match behind == end {
            true => proof,
            false => self.proof(head, behind).await?,
        };
        Ok(SourceRound { entries, proof })
    }

    /// The first entries of `range`, or all of them.
    async fn entries(
        &self,
        head: &SourceHead,
        range: Range<u64>,
        parallel: usize,
    ) -> Result<Vec<SourceEntry>, SourceError> {
        match (&self.protocol, &head.tree) {
            (SourceProtocol::RekorV1(log), Some(tree)) => {
                rekor_v1_entries(log, tree, head, range, parallel).await
            }
            (SourceProtocol::Tiles(log), _) => {
                tiled_entries(log, head.size(), range, parallel).await
            }
            (SourceProtocol::RekorV1(_), None) => Err(SourceError::OtherSource),
        }
    }

    /// That the tree of the first `end` entries is a part of the one of `head`.
    async fn proof(&self, head: &SourceHead, end: u64) -> Result<ConsistencyProof, SourceError> {
        let (old, new) = (TreeSize::new(end), head.size());
        match (&self.protocol, &head.tree) {
            (SourceProtocol::RekorV1(log), Some(tree)) => log.consistency(tree, old, new).await,
            (SourceProtocol::Tiles(log), _) => tiled_consistency(log, old, new).await,
            (SourceProtocol::RekorV1(_), None) => Err(SourceError::OtherSource),
        }
    }
}
