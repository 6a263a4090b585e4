//! A bounded amount of something that callers share: streams, or bytes of memory.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::admission::peer::Peer;

/// What is given out of a bounded amount, counted in total and for each caller, so that no caller
/// has all of it.
#[derive(Debug)]
pub(crate) struct Shares {
    limit: usize,
    peer_limit: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    refused: u64,
    peers: HashMap<Peer, usize>,
}

/// What one holder has, until this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Arc<Shares>,
    peer: Option<Peer>,
    amount: usize,
}

/// Why there is no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoShare {
    /// All of it is taken.
    Total,
    /// The caller has all that one may have.
    Peer,
}

impl Shares {
    /// `limit` in all, and `peer_limit` for one caller.
    pub(crate) fn new(limit: usize, peer_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            peer_limit,
            taken: Mutex::default(),
        })
    }

    /// Gives `amount` to `peer` (`None`: the server itself, which has no limit of its own).
    pub(crate) fn take(
        self: &Arc<Self>,
        peer: Option<Peer>,
        amount: usize,
    ) -> Result<Share, NoShare> {
        let mut share = Share {
            shares: Arc::clone(self),
            peer,
            amount: 0,
        };
        share.grow(amount)?;
        Ok(share)
    }

    /// How much is taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().total
    }

    /// How often somebody got nothing.
    pub(crate) fn refused(&self) -> u64 {
        self.taken.lock().refused
    }
}

impl Share {
    /// Takes `amount` more.
    pub(crate) fn grow(&mut self, amount: usize) -> Result<(), NoShare> {
        let mut taken = self.shares.taken.lock();
        let total = taken.total.saturating_add(amount);
        if total > self.shares.limit {
            taken.refused += 1;
            return Err(NoShare::Total);
        }
        if let Some(peer) = self.peer {
            let own = taken.peers.get(&peer).copied().unwrap_or(0);
            let own = own.saturating_add(amount);
            if own > self.shares.peer_limit {
                taken.refused += 1;
                return Err(NoShare::Peer);
            }
            if own > 0 {
                taken.peers.insert(peer, own);
            }
        }
        taken.total = total;
        self.amount += amount;
        Ok(())
    }

    /// How much it is.
    pub(crate) fn amount(&self) -> usize {
        self.amount
    }

    /// Takes as much as is lacking to `amount`.
    pub(crate) fn cover(&mut self, amount: usize) -> Result<(), NoShare> {
        self.grow(amount.saturating_sub(self.amount))
    }

    /// Gives back `amount`, or all where that is less.
    pub(crate) fn shrink(&mut self, amount: usize) {
        let amount = amount.min(self.amount);
        self.amount -= amount;
        self.shares.taken.lock().give_back(self.peer, amount);
    }
}

impl Taken {
    fn give_back(&mut self, peer: Option<Peer>, amount: usize) {
        self.total -= amount;
        if let Some(peer) = peer
            && let Some(own) = self.peers.get_mut(&peer)
        {
            *own -= amount;
            if *own == 0 {
                self.peers.remove(&peer);
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> Option<Peer> {
        Some(Peer::of([192, 0, 2, number].into()))
    }

    #[test]
    fn a_caller_has_its_share_and_leaves_room_for_others() {
        let shares = Shares::new(3, 2);
        let first = shares.take(peer(1), 1).unwrap();
        let _second = shares.take(peer(1), 1).unwrap();
        assert_eq!(shares.take(peer(1), 1).unwrap_err(), NoShare::Peer);
        let third = shares.take(peer(2), 1).unwrap();
        assert_eq!(shares.take(peer(3), 1).unwrap_err(), NoShare::Total);
        drop((first, third));
        let _again = shares.take(peer(1), 1).unwrap();
        let _other = shares.take(peer(3), 1).unwrap();
    }

    #[test]
    fn what_is_held_grows_and_shrinks_and_all_of_it_comes_back() {
        let shares = Shares::new(100, 60);
        let mut share = shares.take(peer(1), 10).unwrap();
        share.cover(50).unwrap();
        share.cover(20).unwrap();
        assert_eq!(shares.taken(), 50);
        assert_eq!(share.grow(11), Err(NoShare::Peer));
        assert_eq!(shares.taken(), 50);
        let other = shares.take(peer(2), 50).unwrap();
        assert_eq!(share.grow(1), Err(NoShare::Total));
        share.shrink(30);
        assert_eq!(shares.taken(), 70);
        share.shrink(1_000);
        drop((share, other));
        assert_eq!(shares.taken(), 0);
        assert!(shares.taken.lock().peers.is_empty());
    }

    #[test]
    fn the_server_itself_has_no_limit_of_its_own() {
        let shares = Shares::new(10, 2);
        let _all = shares.take(None, 10).unwrap();
        assert_eq!(shares.take(None, 1).unwrap_err(), NoShare::Total);
    }
}
