//! Who calls.

use std::net::IpAddr;
use std::net::Ipv6Addr;

/// A caller, as far as limits tell callers apart: an address of IPv4, or the first 64 bits of one
/// of IPv6, since whoever has one of those addresses has them all.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Peer(IpAddr);

/// The first 48 bits of an address of IPv6: what one site is given, which is many callers or one
/// that takes all of them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Site(Ipv6Addr);

impl Peer {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(IpAddr::V6(first_bits(address, 64))),
            address => Self(address),
        }
    }

    /// The site that it belongs to, where addresses have one.
    pub(crate) fn site(self) -> Option<Site> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(Site(first_bits(address, 48))),
        }
    }
}

fn first_bits(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    let mask = u128::MAX << (128 - bits);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::of(address.parse().unwrap())
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        assert_eq!(peer("192.0.2.1"), peer("::ffff:192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
        assert_eq!(peer("2001:db8:1:2::3"), peer("2001:db8:1:2:ffff::"));
        assert_ne!(peer("2001:db8:1:2::"), peer("2001:db8:1:3::"));
    }

    #[test]
    fn callers_of_ipv6_belong_to_a_site() {
        assert_eq!(peer("192.0.2.1").site(), None);
        let site = peer("2001:db8:1:2::").site();
        assert!(site.is_some());
        assert_eq!(site, peer("2001:db8:1:ffff::").site());
        assert_ne!(site, peer("2001:db8:2:2::").site());
    }
}
