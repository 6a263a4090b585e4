//! Where a log of one's own is: in a directory, or served by a process that does the work itself.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use ledgerstone_client::AdminPort;
use ledgerstone_client::Error;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_instance::InstanceError;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::StorageError;

/// The arguments of commands that work on a directory, or have its server do so.
#[derive(Args, Debug)]
pub(crate) struct LogPlace {
    /// Directory of the log, which no server may use meanwhile
    #[arg(
        long,
        env = "LEDGERSTONE_DATA_DIR",
        value_name = "DIR",
        default_value = "./data"
    )]
    pub(crate) data_dir: PathBuf,

    /// Instead of a directory, the admin port of the server that runs on the log: the server does
    /// the work, beside its own.
    #[arg(long, value_name = "URL")]
    admin_url: Option<String>,

    /// How long a request to the admin port may take, in seconds.
    #[arg(
        long,
        default_value_t = 30,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    timeout: u64,
}

impl LogPlace {
    /// The admin port of the server, where one is named.
    pub(crate) fn admin_port(&self) -> anyhow::Result<Option<AdminPort>> {
        let Some(url) = &self.admin_url else {
            return Ok(None);
        };
        let options = TransportOptions {
            request_timeout: Duration::from_secs(self.timeout),
            ..TransportOptions::default()
        };
        let transport = Transport::new(url, options).map_err(Error::from)?;
        Ok(Some(AdminPort::new(transport)))
    }
}

/// What was done in the directory, or what to do where a server has it, which then `does` the work.
pub(crate) fn unlocked<T>(done: Result<T, InstanceError>, does: &str) -> anyhow::Result<T> {
    match done {
        Err(InstanceError::Storage(locked @ StorageError::Engine(EngineError::Locked { .. }))) => {
            Err(locked).with_context(|| {
                format!(
                    "a server runs on this log: name its admin port with --admin-url, and it \
                     {does} itself"
                )
            })
        }
        other => Ok(other?),
    }
}
