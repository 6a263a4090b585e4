//! The memory that requests take: one amount for all of them, which each caller has a share of.
//!
//! A request takes room for its head before anything is read of it, for its body as that comes, for
//! what is made of the body, for its entry while that waits to be logged, and for its answer until
//! that is sent. Room is never waited for: two requests that each held what the other waits for
//! would wait for ever.

use std::sync::Arc;

use http::HeaderMap;
use http::Uri;
use parking_lot::Mutex;

use crate::admission::peer::Peer;
use crate::admission::shares::NoShare;
use crate::admission::shares::Share;
use crate::admission::shares::Shares;

/// What a request takes besides its bytes, in bytes: its task, and what stands for its connection.
const REQUEST_BYTES: usize = 8 << 10;

/// What a header takes besides its bytes.
const HEADER_BYTES: usize = 64;

/// How often a body may be in memory while an entry is made of it: as it came, as texts, and
/// decoded.
const COPIES: usize = 3;

/// A caller has at most one in so many bytes of the whole.
const CALLERS: usize = 4;

/// The memory for all requests.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    shares: Arc<Shares>,
}

/// The memory of one request. Clones share it; it is given back with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    share: Arc<Mutex<Share>>,
}

impl Memory {
    /// `limit` bytes for all requests. One with a body of `largest` bytes always fits where there
    /// are no others.
    pub(crate) fn new(limit: usize, largest: usize) -> Self {
        let for_largest = REQUEST_BYTES + (1 << 16) + (COPIES + 1) * largest;
        let of_caller = (limit / CALLERS).max(for_largest);
        Self {
            shares: Shares::new(limit.max(of_caller), of_caller),
        }
    }

    /// Room for a request with this head. Its body comes later.
    pub(crate) fn request(
        &self,
        peer: Option<Peer>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Room, NoShare> {
        let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + HEADER_BYTES);
        let bytes = REQUEST_BYTES + path + headers.sum::<usize>();
        let share = self.shares.take(peer, bytes)?;
        Ok(Room {
            share: Arc::new(Mutex::new(share)),
        })
    }

    /// How many bytes are taken.
    pub(crate) fn taken(&self) -> usize {
        self.shares.taken()
    }

    /// How often there were none left.
    pub(crate) fn refused(&self) -> u64 {
        self.shares.refused()
    }
}

impl Room {
    /// Room for so many bytes more.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), NoShare> {
        self.share.lock().grow(bytes)
    }

    /// Room for what is made of a body of so many bytes, which has room as it came.
    pub(crate) fn for_decoding(&self, body: usize) -> Result<(), NoShare> {
        self.grow(body.saturating_mul(COPIES - 1))
    }

    /// Room for an answer of so many bytes: what the request took serves for it.
    pub(crate) fn cover(&self, bytes: usize) -> Result<(), NoShare> {
        self.share.lock().cover(bytes.saturating_add(REQUEST_BYTES))
    }

    /// No more is needed than for a request with a short head.
    pub(crate) fn shrink_to_head(&self) {
        let mut share = self.share.lock();
        let more = share.amount().saturating_sub(REQUEST_BYTES);
        share.shrink(more);
    }

    /// So many bytes are no longer needed.
    pub(crate) fn shrink(&self, bytes: usize) {
        self.share.lock().shrink(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(limit: usize) -> Memory {
        Memory::new(limit, 0)
    }

    fn request(memory: &Memory, peer: Option<Peer>) -> Result<Room, NoShare> {
        memory.request(peer, &Uri::from_static("/checkpoint"), &HeaderMap::new())
    }

    #[test]
    fn a_caller_has_a_quarter_and_gets_back_what_it_gives() {
        let memory = memory(400 << 10);
        let peer = |number: u8| Some(Peer::of([192, 0, 2, number].into()));
        let room = request(&memory, peer(1)).unwrap();
        room.grow(80 << 10).unwrap();
        assert_eq!(room.grow(20 << 10), Err(NoShare::Peer));
        assert_eq!(room.for_decoding(80 << 10), Err(NoShare::Peer));
        let other = request(&memory, peer(2)).unwrap();
        other.cover(60 << 10).unwrap();
        room.shrink(80 << 10);
        room.for_decoding(40 << 10).unwrap();
        let (also_room, taken) = (room.clone(), memory.taken());
        drop(room);
        assert_eq!(memory.taken(), taken);
        drop((also_room, other));
        assert_eq!(memory.taken(), 0);
    }

    #[test]
    fn long_heads_take_room() {
        let memory = memory(1 << 20);
        let peer = Some(Peer::of([192, 0, 2, 1].into()));
        let mut headers = HeaderMap::new();
        headers.insert("x-long", "x".repeat(50_000).parse().unwrap());
        let path: Uri = format!("/{}", "y".repeat(10_000)).parse().unwrap();
        let _room = memory.request(peer, &path, &headers).unwrap();
        assert!(memory.taken() > 60_000);
    }

    #[test]
    fn the_largest_body_fits_whatever_the_limit_is() {
        let largest = 32 << 20;
        let memory = Memory::new(1 << 20, largest);
        let room = request(&memory, Some(Peer::of([192, 0, 2, 1].into()))).unwrap();
        room.grow(largest).unwrap();
        room.for_decoding(largest).unwrap();
    }
}
