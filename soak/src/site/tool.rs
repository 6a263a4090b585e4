//! Programs of the system that are run.

use std::process::Command;

use anyhow::Context;
use anyhow::bail;

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("{program} cannot be run"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    bail!("{program} {}: {}", arguments.join(" "), told.trim())
}
