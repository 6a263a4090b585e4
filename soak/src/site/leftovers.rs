//! What a run that was killed leaves behind: servers, mounts and loop devices of its directory.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::site::mount::unmount;
use crate::site::tool::run;

/// Ends and unmounts what belongs to `directory`, and nothing else.
pub(crate) fn clean(directory: &Path) -> anyhow::Result<()> {
    for pid in servers_of(directory)? {
        // It may have ended meanwhile.
        let _ = kill_process(pid, Signal::KILL);
    }
    let mut mounts = mounts_below(directory)?;
    // The innermost first.
    mounts.sort_by_key(|path| std::cmp::Reverse((path.components().count(), path.clone())));
    for mount in mounts {
        unmount(&mount)?;
    }
    for device in loops_of(directory) {
        run("losetup", &["--detach", &device])?;
    }
    Ok(())
}

/// Processes with a data directory in `directory` among their arguments.
fn servers_of(directory: &Path) -> anyhow::Result<Vec<Pid>> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")? {
        let path = process?.path();
        let pid = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        let (Some(pid), Ok(line)) = (pid.and_then(Pid::from_raw), fs::read(path.join("cmdline")))
        else {
            continue;
        };
        let mut words = line.split(|byte| *byte == 0);
        let is_next = words.any(|word| word == b"--data-dir");
        let data = words.next().filter(|_| is_next).unwrap_or_default();
        if Path::new(std::ffi::OsStr::from_bytes(data)).starts_with(directory) {
            found.push(pid);
        }
    }
    Ok(found)
}

fn mounts_below(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let table = fs::read_to_string("/proc/mounts")?;
    let places = table.lines().filter_map(|line| line.split(' ').nth(1));
    // Blanks in a path are written as \040.
    let places = places.map(|place| PathBuf::from(place.replace("\\040", " ")));
    Ok(places
        .filter(|place| place.starts_with(directory))
        .collect())
}

/// Loop devices whose file lies in `directory`; none where the system has no loop devices.
fn loops_of(directory: &Path) -> Vec<String> {
    let Ok(devices) = fs::read_dir("/sys/block") else {
        return Vec::new();
    };
    let devices = devices.flatten().filter(|device| {
        let file = fs::read_to_string(device.path().join("loop/backing_file"));
        file.is_ok_and(|file| Path::new(file.trim_end()).starts_with(directory))
    });
    devices
        .map(|device| format!("/dev/{}", device.file_name().to_string_lossy()))
        .collect()
}
