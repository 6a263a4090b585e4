//! `ready`: asks a server whether it serves, for whoever watches over it.

use std::time::Duration;

use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;

use crate::output::Report;

/// The path of the admin port that says it.
const READY: &str = "/readyz";

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 4096;

/// The arguments of `ready`.
#[derive(Args, Debug)]
pub(crate) struct ReadyArguments {
    /// The admin port of the server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:2112")]
    admin_url: String,

    /// How long the answer may take, in seconds.
    #[arg(
        long,
        default_value_t = 5,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    timeout: u64,
}

/// Whether the server serves, and does not drain.
pub(crate) async fn run(arguments: ReadyArguments) -> anyhow::Result<Report> {
    let options = TransportOptions {
        request_timeout: Duration::from_secs(arguments.timeout),
        ..TransportOptions::default()
    };
    let transport = Transport::new(&arguments.admin_url, options).map_err(Error::from)?;
    let answer = transport.fetch(READY, MAX_ANSWER_BYTES).await;
    let is_admin_port = answer.map_err(Error::from)?.is_some();
    anyhow::ensure!(
        is_admin_port,
        "{} is no admin port: give the address that the server calls admin",
        arguments.admin_url
    );
    Ok(Report::new().field("ready", "ready", true))
}
