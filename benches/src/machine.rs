//! What the figures depend on, and what the system says of processes: read from `/proc`, so on
//! Linux only.

use std::fmt;
use std::fs;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use rustix::time::ClockId;
use rustix::time::clock_gettime;
use serde_json::Value;
use serde_json::json;

use crate::statistics::Samples;
use crate::statistics::millis;

/// The machine, and how busy it was when the run began.
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory_gib: f64,
    kernel: String,
    load: String,
}

/// The latency of making 4 KiB at the end of a file durable, in milliseconds.
pub(crate) struct SyncLatency(Samples);

/// The processor time that the whole system has spent working, and that it did not get from its
/// host.
#[derive(Clone, Copy)]
pub(crate) struct SystemTime {
    pub(crate) busy: Duration,
    pub(crate) stolen: Duration,
}

/// The unit of processor times in `/proc` (`USER_HZ`), which Linux fixes for all programs.
const TICKS_PER_SECOND: f64 = 100.0;

const SYNCS: usize = 200;
const SYNC_BYTES: usize = 4 << 10;

impl Machine {
    pub(crate) fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let processor = field(&cpu, "model name").unwrap_or("unknown");
        let memory = read("/proc/meminfo");
        let kilobytes = field(&memory, "MemTotal").and_then(leading_number);
        Self {
            processor: processor.to_owned(),
            cores: thread::available_parallelism().map_or(1, Into::into),
            memory_gib: kilobytes.unwrap_or_default() / f64::from(1 << 20),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg")
                .split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "memoryGib": self.memory_gib.round(),
            "kernel": self.kernel,
            "loadBefore": self.load,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores, {:.0} GiB, Linux {}, load before {}",
            self.processor, self.cores, self.memory_gib, self.kernel, self.load
        )
    }
}

impl SyncLatency {
    /// Appends to a file of its own in `directory` and syncs, many times.
    pub(crate) fn measure(directory: &Path) -> io::Result<Self> {
        let mut file = tempfile::tempfile_in(directory)?;
        let block = [0x5a; SYNC_BYTES];
        let one = |file: &mut File| {
            let started = Instant::now();
            file.write_all(&block)?;
            file.sync_data()?;
            Ok(millis(started.elapsed()))
        };
        let samples: io::Result<Vec<f64>> = (0..SYNCS).map(|_| one(&mut file)).collect();
        Ok(Self(Samples::new(samples?)))
    }

    pub(crate) fn median(&self) -> f64 {
        self.0.median()
    }

    pub(crate) fn p99(&self) -> f64 {
        self.0.percentile(99)
    }
}

impl SystemTime {
    pub(crate) fn now() -> anyhow::Result<Self> {
        let text = fs::read_to_string("/proc/stat").context("/proc/stat cannot be read")?;
        let ticks: Vec<f64> = text
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .map_while(|number| number.parse().ok())
            .collect();
        // user nice system idle iowait irq softirq steal (proc(5)).
        let [user, nice, system, _, _, irq, soft_irq, steal, ..] = ticks[..] else {
            anyhow::bail!("/proc/stat has another form than expected");
        };
        Ok(Self {
            busy: from_ticks(user + nice + system + irq + soft_irq),
            stolen: from_ticks(steal),
        })
    }
}

/// The processor time that a process and its threads have used, user and system.
pub(crate) fn process_time(pid: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = text.rsplit_once(')').context("no program name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |position: usize| fields.get(position).and_then(|text| text.parse().ok());
    let (user, system): (f64, f64) = ticks(11).zip(ticks(12)).context("no processor times")?;
    Ok(from_ticks(user + system))
}

/// The processor time that the calling thread has used: what others run beside it does not count.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A memory figure of a process in MiB: `VmRSS`, what it holds now, or `VmHWM`, the most that it
/// ever held.
pub(crate) fn process_memory(pid: u32, name: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    let kilobytes = field(&text, name).and_then(leading_number);
    Ok(kilobytes.with_context(|| format!("{path} has no {name}"))? / 1024.0)
}

/// The bytes of all files under `directory`.
pub(crate) fn disk_bytes(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            disk_bytes(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

/// The median processor time of one `work`, in nanoseconds, over windows of `per_window` calls
/// each.
pub(crate) fn time_of(windows: usize, per_window: usize, mut work: impl FnMut(usize)) -> f64 {
    let mut samples = Vec::with_capacity(windows);
    for window in 0..windows {
        let started = thread_time();
        for call in 0..per_window {
            work(black_box(window * per_window + call));
        }
        samples.push((thread_time() - started).as_nanos() as f64 / per_window as f64);
    }
    Samples::new(samples).median()
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    })?;
    Some(line.split_once(':')?.1.trim())
}

fn leading_number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

fn from_ticks(ticks: f64) -> Duration {
    Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmPeak:\t  9 kB\nVmRSS:\t  2048 kB\nmodel name\t: A B\n";
        assert_eq!(field(text, "VmRSS").and_then(leading_number), Some(2048.0));
        assert_eq!(field(text, "model name"), Some("A B"));
        assert_eq!(field(text, "Vm"), None);
    }

    #[test]
    fn the_test_itself_has_memory_and_uses_the_processor() {
        let pid = std::process::id();
        assert!(process_memory(pid, "VmHWM").unwrap() > 0.1);
        let (before, system) = (thread_time(), SystemTime::now().unwrap());
        while thread_time() - before < Duration::from_millis(30) {}
        assert!(process_time(pid).unwrap() >= Duration::from_millis(20));
        assert!(SystemTime::now().unwrap().busy > system.busy);
    }
}
