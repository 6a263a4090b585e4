//! Host names to addresses, with an error of a type of its own: what the HTTP client makes of it
//! has none.

use std::io;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use tokio::net::lookup_host;

/// The system's own resolver.
#[derive(Debug)]
pub(crate) struct SystemResolver;

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name {host} has no address")]
pub(crate) struct UnknownHost {
    pub(crate) host: String,
    #[source]
    source: io::Error,
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            // The client puts the port of its URL in the place of this one.
            let addresses = lookup_host((host.as_str(), 0)).await.map(Vec::from_iter);
            match addresses {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(source) => Err(UnknownHost { host, source }.into()),
            }
        })
    }
}
