//! Many requests at a time, of clients that give up.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use std::time::Instant;

use clap::ValueEnum;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::interval;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::multiplexed::Multiplexed;
use crate::server::Server;
use crate::submit::Prepared;

/// How the clients connect.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Protocol {
    /// Few connections with many requests at a time.
    Http2,
    /// A connection for each request that is under way. Who gives up closes its own.
    Http1,
}

/// Where the crowd comes from.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// How many connections of HTTP/2 it has.
const CONNECTIONS: usize = 32;

/// How many requests each of them carries at a time: as many as the server allows.
const STREAMS: usize = 100;

/// How many connections of HTTP/1.1 it has, a little less than a server lets one caller have.
const SEPARATE_CONNECTIONS: usize = 1_000;

/// Clients of one server. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Crowd {
    shared: Rc<Shared>,
}

struct Shared {
    protocol: Protocol,
    address: SocketAddr,
    prepared: Rc<Prepared>,
    patience: Duration,
    multiplexed: Vec<RefCell<Option<Rc<Multiplexed>>>>,
    idle: RefCell<Vec<Connection>>,
    /// The requests that may be sent, for each connection of HTTP/2, and of HTTP/1.1 in all.
    free: Vec<Semaphore>,
}

/// What the requests of a crowd came to.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) asked: usize,
    /// How many were not sent: nothing more can be under way over the connections. A client that
    /// kept them to send them later would send only what it is about to give up.
    pub(crate) unsent: usize,
    pub(crate) in_time: Vec<Accepted>,
    pub(crate) refused: usize,
    pub(crate) gave_up: usize,
    pub(crate) failed: usize,
}

/// An entry that was taken before its client gave up.
pub(crate) struct Accepted {
    /// How long after the first request it was answered.
    pub(crate) at: Duration,
    pub(crate) latency: Duration,
}

enum Answer {
    Unsent,
    /// With the times when it was asked for and answered.
    Accepted(Instant, Instant),
    Refused,
    GaveUp,
    Failed,
}

impl Crowd {
    /// Clients that wait as long as `patience` for an answer.
    pub(crate) fn new(
        protocol: Protocol,
        server: &Server,
        prepared: &Rc<Prepared>,
        patience: Duration,
    ) -> Self {
        let shared = Shared {
            protocol,
            address: server.address,
            prepared: Rc::clone(prepared),
            patience,
            multiplexed: (0..CONNECTIONS).map(|_| RefCell::default()).collect(),
            idle: RefCell::default(),
            free: match protocol {
                Protocol::Http2 => (0..CONNECTIONS).map(|_| Semaphore::new(STREAMS)).collect(),
                Protocol::Http1 => vec![Semaphore::new(SEPARATE_CONNECTIONS)],
            },
        };
        Self {
            shared: Rc::new(shared),
        }
    }

    /// Begins `rate` requests a second, whatever comes of them, and waits for those that are left.
    pub(crate) async fn at_rate(&self, rate: f64, time: Duration) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut requests = JoinSet::new();
        let mut ticks = interval(Duration::from_millis(1));
        let started = Instant::now();
        while started.elapsed() < time {
            ticks.tick().await;
            let due = (started.elapsed().min(time).as_secs_f64() * rate) as usize;
            while outcome.asked < due {
                let (crowd, number) = (self.clone(), outcome.asked);
                requests.spawn_local(async move { crowd.ask(number).await });
                outcome.asked += 1;
            }
            while let Some(ended) = requests.try_join_next() {
                outcome.add(ended?, started);
            }
        }
        while let Some(ended) = requests.join_next().await {
            outcome.add(ended?, started);
        }
        Ok(outcome)
    }

    /// Keeps `count` requests under way, for `time`.
    pub(crate) async fn in_turns(&self, count: usize, time: Duration) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut requests = JoinSet::new();
        let started = Instant::now();
        let most = self.shared.prepared.requests.len();
        loop {
            let is_over = started.elapsed() >= time || outcome.asked >= most;
            while !is_over && requests.len() < count {
                let (crowd, number) = (self.clone(), outcome.asked);
                requests.spawn_local(async move { crowd.ask(number).await });
                outcome.asked += 1;
            }
            match requests.join_next().await {
                Some(ended) => outcome.add(ended?, started),
                None => return Ok(outcome),
            }
        }
    }

    /// Submits one entry.
    async fn ask(&self, number: usize) -> Answer {
        let Some(_free) = self.free(number) else {
            return Answer::Unsent;
        };
        let sent = Instant::now();
        let status = async {
            match self.shared.protocol {
                Protocol::Http2 => self.multiplexed(number).await,
                Protocol::Http1 => self.separate(number).await,
            }
        };
        match timeout(self.shared.patience, status).await {
            Err(_) => Answer::GaveUp,
            Ok(Ok(201)) => Answer::Accepted(sent, Instant::now()),
            Ok(Ok(503 | 429)) => Answer::Refused,
            Ok(Ok(_) | Err(_)) => Answer::Failed,
        }
    }

    fn free(&self, number: usize) -> Option<SemaphorePermit<'_>> {
        let free = &self.shared.free;
        free[number % free.len()].try_acquire().ok()
    }

    async fn multiplexed(&self, number: usize) -> anyhow::Result<u16> {
        let place = &self.shared.multiplexed[number % CONNECTIONS];
        let open = place.borrow().clone();
        let connection = match open {
            Some(connection) => connection,
            None => {
                let opened = Multiplexed::open(ADDRESS, self.shared.address).await?;
                Rc::clone(place.borrow_mut().get_or_insert(Rc::new(opened)))
            }
        };
        let request = &self.shared.prepared.requests[number];
        let status = Multiplexed::clone(&connection).post(request).await;
        let mut place = place.borrow_mut();
        if status.is_err()
            && place
                .as_ref()
                .is_some_and(|open| Rc::ptr_eq(open, &connection))
        {
            // The next request opens another.
            *place = None;
        }
        status
    }

    async fn separate(&self, number: usize) -> anyhow::Result<u16> {
        let idle = self.shared.idle.borrow_mut().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open_from(ADDRESS, self.shared.address).await?,
        };
        let request = &self.shared.prepared.requests[number];
        let status = connection.exchange(request).await?.status;
        self.shared.idle.borrow_mut().push(connection);
        Ok(status)
    }
}

impl Outcome {
    fn add(&mut self, answer: Answer, started: Instant) {
        match answer {
            Answer::Accepted(sent, answered) => self.in_time.push(Accepted {
                at: answered - started,
                latency: answered - sent,
            }),
            Answer::Unsent => self.unsent += 1,
            Answer::Refused => self.refused += 1,
            Answer::GaveUp => self.gave_up += 1,
            Answer::Failed => self.failed += 1,
        }
    }
}
