//! Proxies that say for whom they call.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;
use http::HeaderName;
use thiserror::Error;

use crate::admission::peer::Peer;

/// The header that proxies add the address of their caller to.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How many addresses of the header are looked at, from its end.
const MAX_ADDRESSES: usize = 32;

/// A network, as in `192.0.2.0/24`; a lone address is a network of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error(
    "{0:?} is no address, and no network as in 192.0.2.0/24 or 2001:db8::/32, where only 0 follows \
     the first bits"
)]
pub(crate) struct NetworkError(String);

/// The proxies that are believed when they name their callers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<Network>);

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = (own.to_bits() ^ other.to_bits()).leading_zeros();
                differing >= u32::from(self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = (own.to_bits() ^ other.to_bits()).leading_zeros();
                differing >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| error())?,
            None => most,
        };
        let behind = match address {
            IpAddr::V4(address) => address.to_bits().trailing_zeros().min(32),
            IpAddr::V6(address) => address.to_bits().trailing_zeros().min(128),
        };
        if bits > most || u32::from(most - bits) > behind {
            return Err(error());
        }
        Ok(Self { address, bits })
    }
}

impl Proxies {
    pub(crate) fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether the connection from `address` is one of a proxy.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// Who sent a request with these headers over a connection from `address`. What anybody but a
    /// proxy says of others is not believed: of the addresses in the header the last one counts
    /// that is not a proxy's.
    pub(crate) fn caller(&self, address: IpAddr, headers: &HeaderMap) -> Peer {
        let mut caller = address;
        let values = headers.get_all(FORWARDED_FOR);
        let values = values.iter().filter_map(|value| value.to_str().ok());
        let lists: Vec<&str> = values.collect();
        let addresses = lists.iter().rev().flat_map(|list| list.rsplit(','));
        for text in addresses.take(MAX_ADDRESSES) {
            if !self.contain(caller) {
                break;
            }
            match text.trim().parse() {
                Ok(address) => caller = address,
                Err(_) => break,
            }
        }
        Peer::of(caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> Proxies {
        let networks = networks.iter().map(|network| network.parse().unwrap());
        Proxies::new(networks.collect())
    }

    fn peer(address: &str) -> Peer {
        Peer::of(address.parse().unwrap())
    }

    #[test]
    fn networks_are_read_and_hold_what_they_say() {
        for (network, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("0.0.0.0/0", "203.0.113.1", "2001:db8::"),
        ] {
            let proxies = proxies(&[network]);
            assert!(proxies.contain(inside.parse().unwrap()), "{network}");
            assert!(!proxies.contain(outside.parse().unwrap()), "{network}");
        }
        for text in [
            "",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "::/129",
            "a/8",
            "10.0.0.1/8",
            "2001:db8::1/32",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn callers_are_named_by_proxies_alone() {
        let proxies = proxies(&["10.0.0.0/8"]);
        let caller = |address: &str, lists: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(FORWARDED_FOR, list.parse().unwrap());
            }
            proxies.caller(address.parse().unwrap(), &headers)
        };
        for (address, lists, expected) in [
            // Nobody in between.
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            // One proxy, and two of them.
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
            // What the caller itself wrote comes before.
            ("10.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            // A proxy that does not say.
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
        ] {
            assert_eq!(
                caller(address, lists),
                peer(expected),
                "{address} {lists:?}"
            );
        }
    }
}
