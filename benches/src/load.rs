//! Clients that submit as fast as they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::bail;
use tokio::task::JoinSet;

use crate::connection::Connection;

/// What is submitted, by how many, for how long.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// Whole HTTP requests.
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
    /// The request to begin with.
    pub(crate) first: usize,
    /// The request to end before, if the time is not over earlier.
    pub(crate) end: usize,
    pub(crate) clients: usize,
    pub(crate) time: Duration,
    /// Every how many answers one is kept whole.
    pub(crate) sample_every: usize,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) answers: Vec<Answer>,
    /// Numbers of requests, with the answers to them.
    pub(crate) samples: Vec<(usize, Vec<u8>)>,
    pub(crate) elapsed: Duration,
}

/// One 201.
pub(crate) struct Answer {
    pub(crate) index: u64,
    pub(crate) latency: Duration,
}

/// Runs the clients until the time or the requests end. Everything but a 201 is an error.
pub(crate) async fn run(load: Load) -> anyhow::Result<Outcome> {
    let mut connections = Vec::with_capacity(load.clients);
    for _ in 0..load.clients {
        connections.push(Connection::open(load.address).await?);
    }
    let next = Arc::new(AtomicUsize::new(load.first));
    let load = Arc::new(load);
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for connection in connections {
        clients.spawn(client(
            Arc::clone(&load),
            connection,
            Arc::clone(&next),
            started,
        ));
    }
    let mut outcome = Outcome {
        answers: Vec::new(),
        samples: Vec::new(),
        elapsed: Duration::ZERO,
    };
    while let Some(ended) = clients.join_next().await {
        let part = ended??;
        outcome.answers.extend(part.answers);
        outcome.samples.extend(part.samples);
        outcome.elapsed = outcome.elapsed.max(part.elapsed);
    }
    Ok(outcome)
}

async fn client(
    load: Arc<Load>,
    mut connection: Connection,
    next: Arc<AtomicUsize>,
    started: Instant,
) -> anyhow::Result<Outcome> {
    let mut answers = Vec::with_capacity((load.end - load.first) / load.clients + 1);
    let mut samples = Vec::new();
    while started.elapsed() < load.time {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= load.end {
            break;
        }
        let sent = Instant::now();
        let reply = connection.exchange(&load.requests[number]).await?;
        let latency = sent.elapsed();
        if reply.status != 201 {
            let said = String::from_utf8_lossy(reply.body);
            bail!("entry {number} was answered with {}: {said}", reply.status);
        }
        let index = log_index(reply.body).context("the answer has no logIndex")?;
        answers.push(Answer { index, latency });
        if number.is_multiple_of(load.sample_every) {
            samples.push((number, reply.body.to_vec()));
        }
    }
    Ok(Outcome {
        answers,
        samples,
        elapsed: started.elapsed(),
    })
}

/// The first `logIndex` of an answer. Samples are read as a whole, but later: the clients must
/// leave the processors to the server.
fn log_index(body: &[u8]) -> Option<u64> {
    const NAME: &[u8] = br#""logIndex":""#;
    let at = body.windows(NAME.len()).position(|window| window == NAME)?;
    let digits = body[at + NAME.len()..].split(|byte| *byte == b'"').next()?;
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_read_from_an_answer() {
        let answer = br#"{"logIndex":"1041","logId":{},"inclusionProof":{"logIndex":"7"}}"#;
        assert_eq!(log_index(answer), Some(1_041));
        assert_eq!(log_index(br#"{"logIndex":12}"#), None);
        assert_eq!(log_index(br#"{"logIndex":"x"}"#), None);
    }
}
