//! Which log a command talks to, and which tree of it.

use std::time::Duration;

use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::TiledLog;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;

pub(crate) const TLS_HELP: &str = "HTTPS:
  Servers are verified with the certificate authorities of the system. To use a private one,
  name its certificate (PEM) in the environment variable SSL_CERT_FILE; it then stands in place
  of the system's.";

/// Which tree.
#[derive(Args, Debug)]
pub(crate) struct TreeArguments {
    /// The number of a tree that the log holds: any of its own, or a copy of another log, whose key
    /// is then named with --log-key [default: the tree that takes entries of Rekor v2, or else of
    /// Rekor v1].
    #[arg(long, value_name = "N")]
    pub(crate) tree_id: Option<u64>,
}

impl TreeArguments {
    /// The number as machines get it: a text, since many readers of JSON round such numbers.
    pub(crate) fn text(&self) -> Option<String> {
        self.tree_id.map(|tree_id| tree_id.to_string())
    }
}

/// Which log to talk to.
#[derive(Args, Debug)]
pub(crate) struct LogArguments {
    /// The URL of the log.
    #[arg(
        long,
        env = "LEDGERSTONE_URL",
        default_value = "http://127.0.0.1:3000",
        value_name = "URL"
    )]
    pub(crate) url: String,

    /// How long a request may take, in seconds.
    #[arg(
        long,
        default_value_t = 30,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub(crate) timeout: u64,
}

pub(crate) fn transport(arguments: &LogArguments) -> Result<Transport, Error> {
    transport_to(&arguments.url, arguments)
}

fn transport_to(url: &str, arguments: &LogArguments) -> Result<Transport, Error> {
    let request_timeout = Duration::from_secs(arguments.timeout);
    let options = TransportOptions {
        request_timeout,
        ..TransportOptions::default()
    };
    Ok(Transport::new(url, options)?)
}

/// The tree that was asked for, or the one that is shown where none is named.
pub(crate) fn tree(transport: Transport, tree: &TreeArguments) -> LogApi {
    let api = LogApi::new(transport);
    match tree.tree_id {
        Some(tree_id) => api.tree(tree_id),
        None => api,
    }
}

/// As [`tree`], for readers of tiles: every tree is below a path of its own.
pub(crate) fn tiled_tree(
    arguments: &LogArguments,
    tree: &TreeArguments,
) -> Result<TiledLog, Error> {
    let mut url = arguments.url.trim_end_matches('/').to_owned();
    if let Some(tree_id) = tree.tree_id {
        url.push_str(&format!("/trees/{tree_id}"));
    }
    Ok(TiledLog::new(transport_to(&url, arguments)?))
}
