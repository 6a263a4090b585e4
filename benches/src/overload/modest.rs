//! A client who asks for little beside a crowd.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::connection::Connection;
use crate::statistics::millis;

/// Where it comes from.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Its pause between two requests.
const PAUSE: Duration = Duration::from_millis(10);

/// An answer within this time after a row means that the server has recovered.
const RECOVERED: Duration = Duration::from_millis(50);

/// A client that runs on a thread of its own, so that it waits for the server and not for the
/// crowd's turn in this process.
pub(crate) struct Modest {
    ended: oneshot::Receiver<anyhow::Result<Vec<f64>>>,
}

impl Modest {
    /// Begins to send the whole requests `requests`, for `time`.
    pub(crate) fn start(address: SocketAddr, requests: Vec<Vec<u8>>, time: Duration) -> Self {
        let (sender, ended) = oneshot::channel();
        thread::spawn(move || {
            // Nobody waits for it where the row has failed.
            let _ = sender.send(measured(address, &requests, time));
        });
        Self { ended }
    }

    /// The latencies, in milliseconds, in their order.
    pub(crate) async fn ended(self) -> anyhow::Result<Vec<f64>> {
        self.ended.await.context("the client panicked")?
    }
}

fn measured(address: SocketAddr, requests: &[Vec<u8>], time: Duration) -> anyhow::Result<Vec<f64>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(latencies(address, requests, time))
}

async fn latencies(
    address: SocketAddr,
    requests: &[Vec<u8>],
    time: Duration,
) -> anyhow::Result<Vec<f64>> {
    let mut connection = Connection::open_from(ADDRESS, address).await?;
    let (mut latencies, started) = (Vec::new(), Instant::now());
    for request in requests {
        if started.elapsed() >= time {
            break;
        }
        let sent = Instant::now();
        let reply = connection.exchange(request).await?;
        latencies.push(match reply.status {
            201 => millis(sent.elapsed()),
            // Who is refused has waited for nothing: the worst there is.
            _ => f64::INFINITY,
        });
        sleep(PAUSE).await;
    }
    Ok(latencies)
}

/// How long after the crowd is gone `request` is answered at once.
pub(crate) async fn recovery(address: SocketAddr, request: &[u8]) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut connection = Connection::open_from(ADDRESS, address).await?;
    loop {
        let sent = Instant::now();
        let reply = connection.exchange(request).await?;
        if reply.status == 201 && sent.elapsed() <= RECOVERED {
            return Ok(started.elapsed());
        }
    }
}
