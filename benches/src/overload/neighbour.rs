//! Work beside the load, so that the load's processor is as busy in one phase as in another.

use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;

/// A process of the lowest priority on the processor of this one, which never idles. It ends with
/// this value.
pub(crate) struct Neighbour(Child);

/// Runs a program that gives way to all others (coreutils).
const NICE: &str = "nice";

impl Neighbour {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let child = Command::new(NICE)
            .args(["-n", "19", "sha256sum", "/dev/zero"])
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{NICE} cannot be started"))?;
        Ok(Self(child))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It has ended by itself where it cannot be killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
