//! Reading a log by its tiles (C2SP tlog-tiles): any log that serves them, not only this one.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::GenerateError;
use ledgerstone_merkle::MAX_NOTE_BYTES;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TilePath;
use ledgerstone_merkle::TileWidth;
use tokio::io::AsyncReadExt as _;

use crate::source::fetched_tiles::FetchedTiles;
use crate::source::fetched_tiles::MissingTile;
use crate::source::tiled_log_error::TiledLogError;
use crate::transport::http::MAX_BUNDLE_BYTES;
use crate::transport::http::Transport;

/// A log that serves its checkpoint, tiles and entry bundles, or whose files lie in a directory.
#[derive(Clone, Debug)]
pub struct TiledLog {
    files: Files,
}

impl TiledLog {
    /// The log under the base URL of `transport`.
    pub fn new(transport: Transport) -> Self {
        Self {
            files: Files::Web(transport),
        }
    }

    /// The log whose files are in `directory`, under the names that their paths have on a server.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self {
            files: Files::Directory(directory.into()),
        }
    }

    /// The current checkpoint, a signed note. Nothing about it has been verified.
    ///
    /// # Errors
    /// When the log does not give one.
    pub async fn checkpoint(&self) -> Result<String, TiledLogError> {
        let path = "/checkpoint";
        let note = self.files.fetch(path, MAX_NOTE_BYTES).await?;
        let note = note.ok_or_else(|| self.missing(path))?;
        String::from_utf8(note.into()).map_err(|_| TiledLogError::CheckpointText)
    }

    /// The first `width` hashes of the tile `id`.
    ///
    /// # Errors
    /// When the log does not give them.
    pub async fn tile(&self, id: TileId, width: TileWidth) -> Result<Tile, TiledLogError> {
        let path = |width| TilePath::Hashes { id, width };
        let (bytes, path) = self.fetch_tile(path, width, TILE_BYTES).await?;
        let malformed = |reason| TiledLogError::Tile {
            path: path.clone(),
            reason,
        };
        let served = Tile::from_bytes(&bytes).map_err(malformed)?;
        let hashes = served.hashes().get(..width.get());
        let hashes = hashes.ok_or_else(|| self.short(&path, width.get(), served.width()))?;
        Tile::from_hashes(hashes).map_err(malformed)
    }

    /// The bodies of the first `width` entries of the bundle `number`: those from index 256 times
    /// `number` on.
    ///
    /// # Errors
    /// When the log does not give them.
    pub async fn bodies(&self, number: u64, width: TileWidth) -> Result<Vec<Bytes>, TiledLogError> {
        self.bodies_within(number, width, MAX_BUNDLE_BYTES).await
    }

    /// As [`bodies`](Self::bodies), of a bundle of at most `limit` bytes.
    pub(crate) async fn bodies_within(
        &self,
        number: u64,
        width: TileWidth,
        limit: usize,
    ) -> Result<Vec<Bytes>, TiledLogError> {
        let path = |width| TilePath::Entries { number, width };
        let (bundle, path) = self.fetch_tile(path, width, limit).await?;
        let bodies = EntryBundle::decode(&bundle).map_err(|reason| TiledLogError::Bundle {
            path: path.clone(),
            reason,
        })?;
        let wanted = bodies
            .get(..width.get())
            .ok_or_else(|| self.short(&path, width.get(), bodies.len()))?;
        Ok(wanted.iter().map(|body| bundle.slice_ref(body)).collect())
    }

    /// Runs `compute` over the log's tiles, which are fetched as it asks for them.
    ///
    /// `compute` runs again after each tile that was missing: it must be cheap, as proofs and roots
    /// are.
    ///
    /// # Errors
    /// When a tile cannot be had, or with what `compute` returns other than that a tile is missing.
    pub async fn compute<T>(
        &self,
        tiles: &mut FetchedTiles,
        compute: impl Fn(&FetchedTiles) -> Result<T, GenerateError<MissingTile>>,
    ) -> Result<T, TiledLogError> {
        loop {
            let MissingTile { id, width } = match compute(tiles) {
                Ok(value) => return Ok(value),
                Err(GenerateError::Source(missing)) => missing,
                Err(other) => return Err(TiledLogError::Sizes(other.to_string())),
            };
            let tile = self.tile(id, width).await?;
            tiles.insert(id, tile);
        }
    }

    /// Fetches a tile of any kind; where the partial one is gone, the full one that has taken its
    /// place.
    async fn fetch_tile(
        &self,
        path: impl Fn(TileWidth) -> TilePath,
        width: TileWidth,
        limit: usize,
    ) -> Result<(Bytes, String), TiledLogError> {
        for width in [width, TileWidth::FULL] {
            let path = format!("/{}", path(width));
            if let Some(bytes) = self.files.fetch(&path, limit).await? {
                return Ok((bytes, path));
            }
        }
        Err(self.missing(&format!("/{}", path(width))))
    }

    fn missing(&self, path: &str) -> TiledLogError {
        TiledLogError::Missing {
            url: self.files.place(path),
        }
    }

    fn short(&self, path: &str, expected: usize, actual: usize) -> TiledLogError {
        TiledLogError::Short {
            path: path.to_owned(),
            expected,
            actual,
        }
    }
}

/// Where the files of a log are.
#[derive(Clone, Debug)]
enum Files {
    Web(Transport),
    Directory(PathBuf),
}

impl Files {
    /// The file at `path`, which starts with a slash, or `None` where there is none.
    async fn fetch(&self, path: &str, limit: usize) -> Result<Option<Bytes>, TiledLogError> {
        match self {
            Self::Web(transport) => Ok(transport.fetch(path, limit).await?),
            Self::Directory(directory) => read_file(&in_directory(directory, path), limit).await,
        }
    }

    fn place(&self, path: &str) -> String {
        match self {
            Self::Web(transport) => format!("{}{path}", transport.url()),
            Self::Directory(directory) => in_directory(directory, path).display().to_string(),
        }
    }
}

fn in_directory(directory: &Path, path: &str) -> PathBuf {
    directory.join(path.trim_start_matches('/'))
}

async fn read_file(path: &Path, limit: usize) -> Result<Option<Bytes>, TiledLogError> {
    let io_error = |source| TiledLogError::File {
        path: path.to_owned(),
        source,
    };
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(error)),
    };
    let mut bytes = Vec::new();
    let mut limited = file.take(limit as u64 + 1);
    limited.read_to_end(&mut bytes).await.map_err(io_error)?;
    if bytes.len() > limit {
        return Err(TiledLogError::FileTooLong {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(Some(bytes.into()))
}
