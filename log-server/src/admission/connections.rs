//! Which connections may stay.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::admission::SITE_FACTOR;
use crate::admission::activity::Activity;
use crate::admission::peer::Peer;
use crate::admission::peer::Site;
use crate::admission::share;

/// How many connections of one caller are a few. To serve a caller on two sets of threads costs it
/// a tenth of its throughput, so that it should really be many.
const FEW: usize = 64;

/// The connections that are open. No caller keeps others out: each has a share, and when there is
/// no room the longest idle connection of whoever has the most gives way.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: usize,
    peer_limit: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Entry>,
    peers: HashMap<Peer, usize>,
    sites: HashMap<Site, usize>,
}

#[derive(Debug)]
struct Entry {
    /// `None` for a proxy, which stands for many callers.
    peer: Option<Peer>,
    activity: Arc<Activity>,
    end: CancellationToken,
}

/// The place of an open connection, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    id: u64,
    activity: Arc<Activity>,
    end: CancellationToken,
    is_of_crowd: bool,
}

impl Connections {
    /// Room for `limit` connections, and for `peer_limit` of one caller, or a quarter of all where
    /// that is not below them.
    pub(crate) fn new(limit: usize, peer_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            peer_limit: share(peer_limit, limit),
            open: Mutex::default(),
        })
    }

    /// A place for a connection of `peer` (`None`: a proxy, which has no limit of its own). Another
    /// connection may have to end for it. `None` when all of those are at work.
    pub(crate) fn admit(self: &Arc<Self>, peer: Option<Peer>) -> Option<Place> {
        let mut open = self.open.lock();
        if let Some(peer) = peer {
            let site_limit = self.peer_limit.saturating_mul(SITE_FACTOR);
            if open.of_peer(peer) >= self.peer_limit {
                open.end_idle(|entry, _| entry.peer == Some(peer))?;
            }
            if let Some(site) = peer.site()
                && open.of_site(site) >= site_limit
            {
                open.end_idle(|entry, _| entry.peer.and_then(Peer::site) == Some(site))?;
            }
        }
        if open.connections.len() >= self.limit {
            // Who has few connections takes the place of one of those who have more, never the
            // other way round.
            let own = peer.map_or(0, |peer| open.of_peer(peer));
            open.end_idle(|_, weight| weight >= own)?;
        }
        let is_of_crowd = peer.is_some_and(|peer| open.has_many(peer));
        let (id, activity, end) = open.add(peer);
        Some(Place {
            is_of_crowd,
            connections: Arc::clone(self),
            id,
            activity,
            end,
        })
    }

    /// Ends connections whose clients have left an answer unread for `limit`, and says how many.
    pub(crate) fn end_unread(&self, limit: Duration) -> usize {
        let mut open = self.open.lock();
        let connections = open.connections.iter();
        let unread = connections.filter(|(_, entry)| entry.activity.leaves_unread(limit));
        let unread: Vec<u64> = unread.map(|(id, _)| *id).collect();
        let ended = unread.iter().filter_map(|id| open.remove(*id));
        ended.map(|entry| entry.end.cancel()).count()
    }

    /// How many are open.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.open.lock().connections.len()
    }
}

impl Open {
    fn of_peer(&self, peer: Peer) -> usize {
        self.peers.get(&peer).copied().unwrap_or(0)
    }

    fn of_site(&self, site: Site) -> usize {
        self.sites.get(&site).copied().unwrap_or(0)
    }

    fn has_many(&self, peer: Peer) -> bool {
        let of_site = peer.site().map_or(0, |site| self.of_site(site));
        self.of_peer(peer) >= FEW || of_site >= SITE_FACTOR * FEW
    }

    /// How many connections the caller of `entry` has. Those of a proxy are as if of one each.
    fn weight(&self, entry: &Entry) -> usize {
        entry.peer.map_or(1, |peer| self.of_peer(peer))
    }

    fn add(&mut self, peer: Option<Peer>) -> (u64, Arc<Activity>, CancellationToken) {
        let id = self.next;
        self.next += 1;
        if let Some(peer) = peer {
            *self.peers.entry(peer).or_default() += 1;
            if let Some(site) = peer.site() {
                *self.sites.entry(site).or_default() += 1;
            }
        }
        let activity = Activity::new();
        let end = CancellationToken::new();
        let entry = Entry {
            peer,
            activity: Arc::clone(&activity),
            end: end.clone(),
        };
        self.connections.insert(id, entry);
        (id, activity, end)
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.connections.remove(&id)?;
        if let Some(peer) = entry.peer {
            decrease(&mut self.peers, peer);
            if let Some(site) = peer.site() {
                decrease(&mut self.sites, site);
            }
        }
        Some(entry)
    }

    /// Ends the longest idle connection among those that `may` end by their weight and whose caller
    /// has the most. `None` when there is none.
    fn end_idle(&mut self, may: impl Fn(&Entry, usize) -> bool) -> Option<()> {
        let candidates = self.connections.iter().filter_map(|(id, entry)| {
            let weight = self.weight(entry);
            let idle_since = entry.activity.idle_since()?;
            may(entry, weight).then_some((*id, weight, idle_since))
        });
        let order =
            |(_, weight, since): &(u64, usize, Instant)| (*weight, std::cmp::Reverse(*since));
        let (id, ..) = candidates.max_by_key(order)?;
        self.remove(id)?.end.cancel();
        Some(())
    }
}

impl Place {
    /// What the connection has to do, for whoever serves its requests.
    pub(crate) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    /// Whether its caller had more than a few connections already.
    pub(crate) fn is_of_crowd(&self) -> bool {
        self.is_of_crowd
    }

    /// Resolves when the connection has to make room.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.end.clone().cancelled_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open.lock().remove(self.id);
    }
}

fn decrease<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> Option<Peer> {
        Some(Peer::of([192, 0, 2, number].into()))
    }

    fn has_ended(place: &Place) -> bool {
        place.end.is_cancelled()
    }

    #[test]
    fn the_longest_idle_connection_of_whoever_has_the_most_gives_way() {
        let connections = Connections::new(5, 4);
        let few = connections.admit(peer(1)).unwrap();
        let many: Vec<_> = (0..4)
            .map(|_| connections.admit(peer(2)).unwrap())
            .collect();
        // The first one has just been at work, so that the second is idle for longest.
        drop(many[0].activity().begin());
        let newcomer = connections.admit(peer(3)).unwrap();
        assert!(has_ended(&many[1]));
        let others = [&few, &newcomer, &many[0], &many[2], &many[3]];
        assert!(!others.into_iter().any(has_ended));
        assert_eq!(connections.len(), 5);
        // Its end is noticed later, and frees no second place.
        drop(many);
        assert_eq!(connections.len(), 2);
    }

    #[test]
    fn a_connection_at_work_never_gives_way() {
        let connections = Connections::new(2, 1);
        let places: Vec<_> = (1..=2)
            .map(|number| connections.admit(peer(number)).unwrap())
            .collect();
        let busy = places[0].activity().begin();
        let also_busy = places[1].activity().begin();
        assert!(connections.admit(peer(3)).is_none());
        drop(also_busy);
        let newcomer = connections.admit(peer(3)).unwrap();
        assert!(has_ended(&places[1]) && !has_ended(&places[0]));
        drop((busy, newcomer));
    }

    #[test]
    fn whoever_has_more_does_not_displace_whoever_has_less() {
        let connections = Connections::new(3, 2);
        let lone = connections.admit(peer(1)).unwrap();
        let greedy: Vec<_> = (0..2)
            .map(|_| connections.admit(peer(2)).unwrap())
            .collect();
        let busy: Vec<_> = greedy
            .iter()
            .map(|place| place.activity().begin())
            .collect();
        assert!(connections.admit(peer(2)).is_none());
        drop(busy);
        let again = connections.admit(peer(2)).unwrap();
        assert!(has_ended(&greedy[0]) && !has_ended(&lone));
        drop(again);
    }

    #[test]
    fn a_caller_has_its_share_and_a_proxy_none() {
        let connections = Connections::new(100, 2);
        let own: Vec<_> = (0..3)
            .map(|_| connections.admit(peer(1)).unwrap())
            .collect();
        assert_eq!(own.iter().filter(|place| has_ended(place)).count(), 1);
        let busy: Vec<_> = own.iter().map(|place| place.activity().begin()).collect();
        assert!(connections.admit(peer(1)).is_none());
        assert!(connections.admit(peer(2)).is_some());
        let proxy: Vec<_> = (0..10).map(|_| connections.admit(None).unwrap()).collect();
        assert!(!proxy.iter().any(has_ended));
        drop(busy);
    }

    #[test]
    fn no_caller_has_all_connections_however_many_one_may_have() {
        let connections = Connections::new(8, 1_000);
        let own: Vec<_> = (0..2)
            .map(|_| connections.admit(peer(1)).unwrap())
            .collect();
        let busy: Vec<_> = own.iter().map(|place| place.activity().begin()).collect();
        assert!(connections.admit(peer(1)).is_none());
        assert!(connections.admit(peer(2)).is_some());
        drop(busy);
    }

    #[test]
    fn whoever_leaves_an_answer_unread_is_hung_up_on() {
        let connections = Connections::new(8, 8);
        let reads = connections.admit(peer(1)).unwrap();
        let waits = connections.admit(peer(1)).unwrap();
        let (_read, unread) = (reads.activity().begin(), waits.activity().begin());
        unread.wait_for_reader();
        assert_eq!(connections.end_unread(Duration::from_secs(3_600)), 0);
        assert_eq!(connections.end_unread(Duration::ZERO), 1);
        assert!(has_ended(&waits) && !has_ended(&reads));
    }

    #[test]
    fn a_site_of_ipv6_has_a_share_too() {
        let connections = Connections::new(1_000, 1);
        let of = |network: u16, host: u16| {
            let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, 1, network, 0, 0, 0, host);
            Some(Peer::of(address.into()))
        };
        let places: Vec<_> = (0..6)
            .map(|network| connections.admit(of(network, 1)).unwrap())
            .collect();
        let ended = places.iter().filter(|place| has_ended(place)).count();
        assert_eq!(ended, 6 - SITE_FACTOR);
    }
}
