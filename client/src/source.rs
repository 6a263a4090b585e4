//! Reading a whole log that somebody else runs, to copy it: a Rekor v1 by its API, or any log with tiles over HTTP or from a
//! directory.

use std::ops::Range;

use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::tile_width_at;

use crate::rekor_v1::MAX_RETRIEVED;
use crate::rekor_v1::RekorV1;
use crate::rekor_v1::Tree;
use crate::tiled_log::FetchedTiles;
use crate::tiled_log::ReadError;
use crate::tiled_log::TiledLog;
use crate::transport::Transport;
use crate::transport::TransportError;
use crate::trusted_log::CheckpointFault;
use crate::trusted_log::SignedCheckpoint;
use crate::trusted_log::TrustedLogs;
use crate::trusted_log::tree_id_in;

/// A log to copy.
#[derive(Clone, Debug)]
pub struct LogSource {
    protocol: Protocol,
}

#[derive(Clone, Debug)]
enum Protocol {
    Tiles(TiledLog),
    RekorV1(RekorV1),
}

impl LogSource {
    /// A log with tiles (C2SP tlog-tiles).
    pub fn tiles(log: TiledLog) -> Self {
        let protocol = Protocol::Tiles(log);
        Self { protocol }
    }

    /// A Rekor v1 by its API.
    pub fn rekor_v1(transport: Transport) -> Self {
        let protocol = Protocol::RekorV1(RekorV1::new(transport));
        Self { protocol }
    }

    /// Whatever is behind the URL of `transport`: tiles, which are much faster; tiles where a Rekor v2 has them; a Rekor v1.
    ///
    /// # Errors
    /// [`SourceError::NoLog`] when it is none of these.
    pub async fn detect(transport: Transport) -> Result<Self, SourceError> {
        for log in [transport.clone(), transport.below("/api/v2")] {
            let log = TiledLog::new(log);
            match log.checkpoint().await {
                Ok(_) => return Ok(Self::tiles(log)),
                Err(ReadError::Missing { .. }) => {}
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

    /// The current head, signed by one of `logs`. `tree_id` picks one of the trees of a Rekor v1, instead of the one that
    /// grows.
    ///
    /// # Errors
    /// When the log does not give one, it is not signed by one of `logs`, or there is no such tree.
    pub async fn head(
        &self,
        logs: &TrustedLogs,
        tree_id: Option<u64>,
    ) -> Result<SourceHead, SourceError> {
        match &self.protocol {
            Protocol::Tiles(_) if tree_id.is_some() => Err(SourceError::NoTree {
                tree_id,
                known: Vec::new(),
            }),
            Protocol::Tiles(log) => {
                let signed = logs.open_tiled_checkpoint(&log.checkpoint().await?)?;
                Ok(SourceHead { signed, tree: None })
            }
            Protocol::RekorV1(log) => {
                let tree = log.tree(tree_id).await?;
                let signed = logs.open_rekor_v1_checkpoint(&tree.checkpoint, tree.tree_id)?;
                let tree = Some(tree);
                Ok(SourceHead { signed, tree })
            }
        }
    }

    /// The entries of `range`, which lies in `head`, with the proof that the tree up to its end is a part of that. At most
    /// `parallel` requests are on their way at a time.
    ///
    /// The proof is as the log gave it: verify it with the root of what was read so far.
    ///
    /// # Errors
    /// When the log does not give them, or an entry of a Rekor v1 is not what its id or its signed time says.
    pub async fn round(
        &self,
        head: &SourceHead,
        range: Range<u64>,
        parallel: usize,
    ) -> Result<SourceRound, SourceError> {
        let (old, new) = (TreeSize::new(range.end), head.size());
        match (&self.protocol, &head.tree) {
            (Protocol::RekorV1(log), Some(tree)) => {
                let entries = rekor_v1_entries(log, tree, head, range, parallel);
                let proof = log.consistency(tree, old, new);
                let (entries, proof) = tokio::try_join!(entries, proof)?;
                Ok(SourceRound { entries, proof })
            }
            (Protocol::Tiles(log), _) => {
                let entries = tiled_entries(log, new, range, parallel);
                let proof = tiled_consistency(log, old, new);
                let (entries, proof) = tokio::try_join!(entries, proof)?;
                Ok(SourceRound { entries, proof })
            }
            (Protocol::RekorV1(_), None) => Err(SourceError::OtherSource),
        }
    }
}

/// The head of a log that is copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceHead {
    /// What the log signed.
    pub signed: SignedCheckpoint,
    tree: Option<Tree>,
}

impl SourceHead {
    /// The number of entries.
    pub fn size(&self) -> TreeSize {
        self.signed.checkpoint.size
    }

    /// The virtual index of the first entry: how many the older trees of a Rekor v1 have. 0 for other logs.
    pub fn start(&self) -> u64 {
        self.tree.as_ref().map_or(0, |tree| tree.start)
    }

    /// The number of the tree, which only a Rekor v1 has.
    pub fn tree_id(&self) -> Option<u64> {
        let told = self.tree.as_ref().map(|tree| tree.tree_id);
        // By tiles, the checkpoint alone tells.
        told.or_else(|| tree_id_in(&self.signed.checkpoint.origin, self.signed.key.name()))
    }
}

/// Consecutive entries of a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceRound {
    /// The entries, in the order of their indexes.
    pub entries: Vec<SourceEntry>,
    /// From the tree that ends with them to the head.
    pub proof: ConsistencyProof,
}

/// An entry of a log that is copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceEntry {
    /// The bytes that are hashed.
    pub body: Bytes,
    /// When the log took it, in Unix seconds; 0 for a log with tiles, which does not say.
    pub integrated_time: i64,
    /// The log's signature over that time, verified; none for a log with tiles.
    pub timestamp: Option<Bytes>,
    /// What the log keeps beside the entry. Nothing vouches for it but the hash in the body of the entry.
    pub attestation: Option<Bytes>,
}

/// Why a log could not be read for a copy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The log could not be asked, or answered with an error.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The log could not be read by its tiles.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The head is not signed by a trusted log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// Neither tiles nor a Rekor v1.
    #[error(
        "{url} is neither a log with tiles nor a Rekor v1; give the URL that /checkpoint or /api/v1/log is under"
    )]
    NoLog {
        /// What was asked.
        url: String,
    },
    /// The log has no such tree.
    #[error("{}", no_tree(*tree_id, known))]
    NoTree {
        /// The tree that was asked for.
        tree_id: Option<u64>,
        /// Those that the log has; none when it is not a Rekor v1.
        known: Vec<u64>,
    },
    /// An entry of a Rekor v1 is not what it says.
    #[error("entry {index} of the tree {reason}")]
    Entry {
        /// Its index in the tree.
        index: u64,
        /// What is wrong with it.
        #[source]
        reason: EntryFault,
    },
    /// The head is not one of this source.
    #[error("the head is of another source; ask this one for its own")]
    OtherSource,
}

/// What is wrong with an entry of a Rekor v1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryFault {
    /// The log left it out, though it is within its signed tree.
    #[error("is within the signed tree, but was not given")]
    Missing,
    /// The body is not standard base64.
    #[error("has a body that is not base64")]
    Base64,
    /// The id is not the tree id and the leaf hash of the body.
    #[error("has the id {id}, but its body and tree make it {expected}")]
    Id {
        /// The id that it was given under.
        id: String,
        /// The id that it should have.
        expected: String,
    },
    /// The log id is not that of the trusted key.
    #[error("names another log key than the trusted one")]
    LogId,
    /// The log's signature over body, time and index is missing, or does not verify.
    #[error("has no valid signed entry timestamp")]
    Timestamp,
}

async fn tiled_entries(
    log: &TiledLog,
    size: TreeSize,
    range: Range<u64>,
    parallel: usize,
) -> Result<Vec<SourceEntry>, SourceError> {
    let numbers = range.start / BUNDLE_ENTRIES..range.end.div_ceil(BUNDLE_ENTRIES);
    let bundles = numbers.clone().filter_map(|number| {
        let width = tile_width_at(TileId { level: 0, number }, size)?;
        Some(log.bodies(number, width))
    });
    let bundles: Vec<Vec<Bytes>> = stream::iter(bundles)
        .buffered(parallel.max(1))
        .try_collect()
        .await?;
    let bodies = (numbers.start * BUNDLE_ENTRIES..).zip(bundles.into_iter().flatten());
    let wanted = bodies.filter(|(index, _)| range.contains(index));
    let entries = wanted.map(|(_, body)| SourceEntry {
        body,
        integrated_time: 0,
        timestamp: None,
        attestation: None,
    });
    Ok(entries.collect())
}

async fn tiled_consistency(
    log: &TiledLog,
    old: TreeSize,
    new: TreeSize,
) -> Result<ConsistencyProof, SourceError> {
    let mut tiles = FetchedTiles::default();
    let proof = log.compute(&mut tiles, |tiles| {
        ConsistencyProof::from_tiles(tiles, old, new)
    });
    Ok(proof.await?)
}

async fn rekor_v1_entries(
    log: &RekorV1,
    tree: &Tree,
    head: &SourceHead,
    range: Range<u64>,
    parallel: usize,
) -> Result<Vec<SourceEntry>, SourceError> {
    let virtual_end = tree.start.saturating_add(range.end);
    let firsts = (range.start..range.end).step_by(MAX_RETRIEVED as usize);
    let pages = firsts.map(|first| {
        let first = tree.start.saturating_add(first);
        let end = first.saturating_add(MAX_RETRIEVED).min(virtual_end);
        log.entries(tree, &head.signed.key, first, end)
    });
    let pages: Vec<Vec<SourceEntry>> = stream::iter(pages)
        .buffered(parallel.max(1))
        .try_collect()
        .await?;
    Ok(pages.into_iter().flatten().collect())
}

fn no_tree(tree_id: Option<u64>, known: &[u64]) -> String {
    let asked = tree_id.map(|id| format!(" {id}")).unwrap_or_default();
    if known.is_empty() {
        return format!("there is no tree{asked} to choose: only a Rekor v1 has several");
    }
    let known: Vec<String> = known.iter().map(u64::to_string).collect();
    format!("the log has no tree{asked}; it has {}", known.join(", "))
}

const BUNDLE_ENTRIES: u64 = TILE_WIDTH as u64;
