//! A small soak, always the same: a kill, a flipped bit and a hostile client, over one log.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

use std::path::Path;
use std::process::Command;

/// Plays one round with `trial` over the log in `directory`. Yields its result.
fn round(directory: &Path, trial: &str, seed: &str) -> serde_json::Value {
    let soak = env!("CARGO_BIN_EXE_ledgerstone-soak");
    let output = Command::new(soak)
        .args(["run", "--json", "--no-disks", "--rounds", "1"])
        .args(["--seed", seed, "--only", trial, "--dir"])
        .arg(directory)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{complaints}");
    serde_json::from_str(&told).unwrap()
}

#[test]
fn a_kill_a_flipped_bit_and_a_hostile_client_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for (trial, seed) in [
        ("kill", "1"),
        ("flip-stopped", "2"),
        ("stalled-bodies", "3"),
    ] {
        let result = round(directory.path(), trial, seed);
        assert_eq!(result["fault"], trial);
        assert!(result["acknowledged"].as_u64() > Some(0), "{result}");
        for name in ["lost", "forks", "wrong"] {
            assert_eq!(result[name], 0, "{result}");
        }
    }
}
