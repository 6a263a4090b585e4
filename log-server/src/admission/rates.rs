//! How many requests a second each caller may send.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;

use crate::admission::SITE_FACTOR;
use crate::admission::peer::Peer;
use crate::admission::peer::Site;

/// How long a caller may save up what it does not send.
const SAVED: Duration = Duration::from_secs(10);

/// How many callers are remembered before those that sent nothing for a while are forgotten.
const FIRST_TIDYING: usize = 4_096;

/// The rates of all callers.
#[derive(Debug)]
pub(crate) struct Rates {
    /// The time that one request stands for.
    interval: Duration,
    callers: Mutex<Callers>,
}

#[derive(Debug)]
struct Callers {
    peers: HashMap<Peer, Instant>,
    sites: HashMap<Site, Instant>,
    refused: u64,
    tidy_at: usize,
}

impl Rates {
    /// `limit` requests a second of one caller, and four times as many of one site.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            interval: Duration::from_secs(1) / u32::try_from(limit.max(1)).unwrap_or(u32::MAX),
            callers: Mutex::new(Callers {
                peers: HashMap::new(),
                sites: HashMap::new(),
                refused: 0,
                tidy_at: FIRST_TIDYING,
            }),
        }
    }

    /// Counts a request of `peer`.
    ///
    /// # Errors
    /// How long the caller has to wait, when it sends too fast.
    pub(crate) fn count(&self, peer: Peer) -> Result<(), Duration> {
        self.count_at(peer, Instant::now())
    }

    fn count_at(&self, peer: Peer, now: Instant) -> Result<(), Duration> {
        let mut callers = self.callers.lock();
        callers.tidy(now);
        let counted = self.count_in(&mut callers, peer, now);
        callers.refused += u64::from(counted.is_err());
        counted
    }

    /// How many requests came too fast.
    pub(crate) fn refused(&self) -> u64 {
        self.callers.lock().refused
    }

    fn count_in(&self, callers: &mut Callers, peer: Peer, now: Instant) -> Result<(), Duration> {
        let site_interval = self.interval / SITE_FACTOR as u32;
        if let Some(site) = peer.site() {
            check(&callers.sites, &site, site_interval, now)?;
        }
        check(&callers.peers, &peer, self.interval, now)?;
        advance(&mut callers.peers, peer, self.interval, now);
        if let Some(site) = peer.site() {
            advance(&mut callers.sites, site, site_interval, now);
        }
        Ok(())
    }
}

impl Callers {
    /// Forgets those who have saved up all that one may.
    fn tidy(&mut self, now: Instant) {
        if self.peers.len() < self.tidy_at {
            return;
        }
        self.peers.retain(|_, paid_until| *paid_until > now);
        self.sites.retain(|_, paid_until| *paid_until > now);
        self.tidy_at = FIRST_TIDYING.max(2 * self.peers.len());
    }
}

/// Each request pays for one interval. Who has paid further ahead than may be saved up has to wait.
fn check<K: Eq + Hash>(
    paid: &HashMap<K, Instant>,
    key: &K,
    interval: Duration,
    now: Instant,
) -> Result<(), Duration> {
    let Some(paid_until) = paid.get(key) else {
        return Ok(());
    };
    let ahead = (*paid_until + interval).saturating_duration_since(now);
    let wait = ahead.saturating_sub(SAVED);
    if wait.is_zero() { Ok(()) } else { Err(wait) }
}

fn advance<K: Eq + Hash>(paid: &mut HashMap<K, Instant>, key: K, interval: Duration, now: Instant) {
    let paid_until = paid.entry(key).or_insert(now);
    *paid_until = (*paid_until).max(now) + interval;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::of(address.parse().unwrap())
    }

    /// How many requests are taken in a row.
    fn burst(rates: &Rates, peer: Peer, now: Instant) -> usize {
        (0..10_000)
            .take_while(|_| rates.count_at(peer, now).is_ok())
            .count()
    }

    #[test]
    fn a_caller_sends_what_it_saved_and_then_at_its_rate() {
        let (rates, start) = (Rates::new(5), Instant::now());
        assert_eq!(burst(&rates, peer("192.0.2.1"), start), 50);
        let wait = rates.count_at(peer("192.0.2.1"), start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(200));
        assert_eq!(burst(&rates, peer("192.0.2.2"), start), 50);
        let later = start + Duration::from_secs(2);
        assert_eq!(burst(&rates, peer("192.0.2.1"), later), 10);
        let much_later = start + Duration::from_secs(100);
        assert_eq!(burst(&rates, peer("192.0.2.1"), much_later), 50);
    }

    #[test]
    fn a_site_has_four_times_as_much() {
        let (rates, now) = (Rates::new(5), Instant::now());
        let total: usize = (0..10)
            .map(|network| burst(&rates, peer(&format!("2001:db8:1:{network}::1")), now))
            .sum();
        assert_eq!(total, 200);
        assert_eq!(burst(&rates, peer("2001:db8:2::1"), now), 50);
    }

    #[test]
    fn callers_are_forgotten_once_they_have_saved_up_all() {
        let (rates, start) = (Rates::new(1), Instant::now());
        for number in 0..3 * FIRST_TIDYING {
            let now = start + Duration::from_secs(number as u64);
            let address = std::net::Ipv4Addr::from_bits(number as u32);
            rates.count_at(Peer::of(address.into()), now).unwrap();
        }
        assert!(rates.callers.lock().peers.len() <= FIRST_TIDYING);
    }
}
