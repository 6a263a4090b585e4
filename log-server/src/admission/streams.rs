//! Which streams may run.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::admission::peer::Peer;
use crate::admission::share;

/// The streams that run, counted in total and for each caller, so that no caller has them all.
#[derive(Debug)]
pub(crate) struct Streams {
    limit: usize,
    peer_limit: usize,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    total: usize,
    peers: HashMap<Peer, usize>,
}

/// One stream, while this lives.
#[derive(Debug)]
pub(crate) struct Stream {
    streams: Arc<Streams>,
    peer: Option<Peer>,
}

/// Why a stream may not run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoStream {
    /// All that may run do.
    Total,
    /// The caller has all that one may have.
    Peer,
}

impl Streams {
    /// `limit` streams, and `peer_limit` of one caller, or a quarter of all where that is not below
    /// them.
    pub(crate) fn new(limit: usize, peer_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            peer_limit: share(peer_limit, limit),
            running: Mutex::default(),
        })
    }

    /// Lets a stream of `peer` run.
    pub(crate) fn begin(self: &Arc<Self>, peer: Option<Peer>) -> Result<Stream, NoStream> {
        let mut running = self.running.lock();
        if running.total >= self.limit {
            return Err(NoStream::Total);
        }
        if let Some(peer) = peer {
            let count = running.peers.entry(peer).or_default();
            if *count >= self.peer_limit {
                return Err(NoStream::Peer);
            }
            *count += 1;
        }
        running.total += 1;
        let streams = Arc::clone(self);
        Ok(Stream { streams, peer })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut running = self.streams.running.lock();
        running.total -= 1;
        if let Some(peer) = self.peer
            && let Some(count) = running.peers.get_mut(&peer)
        {
            *count -= 1;
            if *count == 0 {
                running.peers.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_its_share_and_leaves_room_for_others() {
        let peer = |number: u8| Some(Peer::of([192, 0, 2, number].into()));
        let streams = Streams::new(3, 2);
        let first = streams.begin(peer(1)).unwrap();
        let _second = streams.begin(peer(1)).unwrap();
        assert_eq!(streams.begin(peer(1)).unwrap_err(), NoStream::Peer);
        let third = streams.begin(peer(2)).unwrap();
        assert_eq!(streams.begin(peer(3)).unwrap_err(), NoStream::Total);
        drop((first, third));
        let _again = streams.begin(peer(1)).unwrap();
        let _other = streams.begin(peer(3)).unwrap();
    }
}
