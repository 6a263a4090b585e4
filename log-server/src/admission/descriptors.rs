//! How many files and connections a process may have open.

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;
use tracing::warn;

/// What is kept for the files of the store, beside connections: as many as it has open, its log,
/// kept checkpoints and what it writes anew.
const FOR_FILES: u64 = 1_024 + 256;

/// Raises the limit of open descriptors as far as the process may, and returns how many connections
/// of `wanted` fit under it. At least one in four descriptors is for connections.
pub(crate) fn connections(wanted: usize) -> usize {
    let limit = raise();
    let room = limit.saturating_sub(FOR_FILES).max(limit / 4);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if room < wanted {
        warn!(
            limit,
            connections = room,
            wanted,
            "the limit of open descriptors allows fewer connections than max-connections; raise it \
             (LimitNOFILE of the service)"
        );
    }
    wanted.min(room)
}

/// Raises the limit to the hard one, and returns it.
fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No limit is a limit that no process reaches.
    let wanted = maximum.unwrap_or(u64::MAX);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
    match raised {
        Ok(()) => wanted,
        Err(_) => current.unwrap_or(u64::MAX),
    }
}
