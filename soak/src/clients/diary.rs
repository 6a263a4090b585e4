//! What the honest clients of one round saw.

use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::clients::habit::Habit;
use crate::told::Told;

/// One request that was answered, or given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) started: Instant,
    pub(crate) latency: Duration,
}

/// What all clients of a round saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// Verified answers.
    pub(crate) told: Vec<Told>,
    pub(crate) samples: Vec<Sample>,
    /// Answers that were not true, each with the reason.
    pub(crate) wrong: Vec<String>,
    /// Requests that the server refused or did not answer.
    pub(crate) failed: u64,
    /// The longest time that a client went without an answer that it could use.
    pub(crate) outage: Duration,
    /// What that client does.
    pub(crate) outage_of: Option<Habit>,
    /// Submissions of Rekor v2 that were answered.
    pub(crate) submissions: Vec<Bytes>,
}

/// Where all clients write.
#[derive(Default)]
pub(crate) struct Diary(Mutex<Seen>);

impl Diary {
    pub(crate) fn tell(&self, told: Told) {
        self.0.lock().told.push(told);
    }

    pub(crate) fn sample(&self, started: Instant) {
        let latency = started.elapsed();
        self.0.lock().samples.push(Sample { started, latency });
    }

    pub(crate) fn wrong(&self, reason: String) {
        self.0.lock().wrong.push(reason);
    }

    pub(crate) fn failed(&self) {
        self.0.lock().failed += 1;
    }

    pub(crate) fn without_answer_for(&self, time: Duration, habit: Habit) {
        let mut seen = self.0.lock();
        if time > seen.outage {
            (seen.outage, seen.outage_of) = (time, Some(habit));
        }
    }

    pub(crate) fn submitted(&self, json: &Bytes) {
        self.0.lock().submissions.push(json.clone());
    }

    /// Everything so far.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut self.0.lock())
    }
}

/// The latency that 99 of 100 requests which began from `from` until `to` did not exceed.
pub(crate) fn percentile_99(samples: &[Sample], from: Instant, to: Instant) -> Option<Duration> {
    let inside = samples
        .iter()
        .filter(|sample| (from..to).contains(&sample.started));
    let mut latencies: Vec<Duration> = inside.map(|sample| sample.latency).collect();
    latencies.sort_unstable();
    let rank = (latencies.len() * 99).div_ceil(100);
    latencies.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_that_of_the_requests_that_began_in_its_time() {
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        let samples: Vec<Sample> = (1..=200)
            .map(|number| Sample {
                started: begin,
                latency: Duration::from_millis(number),
            })
            .collect();
        let inside = percentile_99(&samples, begin, begin + second);
        assert_eq!(inside, Some(Duration::from_millis(198)));
        assert_eq!(
            percentile_99(&samples[..1], begin, begin + second)
                .unwrap()
                .as_millis(),
            1
        );
        assert_eq!(
            percentile_99(&samples, begin + second, begin + 2 * second),
            None
        );
    }
}
