//! On which threads requests are served, so that a caller with many does not hold up those with
//! few.
//!
//! What a request does between its waits is short, but each time it comes after everything else
//! that is ready then. So the connections and requests of a caller beyond its first few run on
//! threads of their own. The system divides a busy processor between threads, and lets those first
//! that have slept: so it costs little to be served beside a crowd.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use hyper::rt::Executor;
use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;

use crate::admission::activity::Activity;

/// How many requests of one connection may be under way before more of them are the crowd's.
const FEW_REQUESTS: usize = 4;

/// The threads of the crowd, which end when this is dropped.
pub(super) struct Lanes {
    crowd: Option<Runtime>,
}

/// Where one connection and its requests are served.
#[derive(Clone)]
pub(super) struct Lane {
    crowd: Option<Handle>,
    is_of_crowd: bool,
    activity: Arc<Activity>,
}

impl Lanes {
    /// Starts the threads of the crowd.
    pub(super) fn open() -> io::Result<Self> {
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        let crowd = Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("crowd")
            .enable_all()
            .build()?;
        Ok(Self { crowd: Some(crowd) })
    }

    /// Where the crowd is served.
    pub(super) fn crowd(&self) -> Option<Handle> {
        self.crowd.as_ref().map(|crowd| crowd.handle().clone())
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        if let Some(crowd) = self.crowd.take() {
            // Whatever is still under way was given its time.
            crowd.shutdown_background();
        }
    }
}

impl Lane {
    /// The lane of a connection with this activity.
    pub(super) fn of(crowd: Option<&Handle>, is_of_crowd: bool, activity: Arc<Activity>) -> Self {
        Self {
            crowd: crowd.cloned(),
            is_of_crowd,
            activity,
        }
    }

    /// Runs what serves the connection itself.
    pub(super) fn spawn(self, work: impl Future<Output = ()> + Send + 'static) {
        match &self.crowd {
            Some(crowd) if self.is_of_crowd => drop(crowd.spawn(work)),
            _ => drop(tokio::spawn(work)),
        }
    }
}

/// Runs one request of an HTTP/2 connection.
impl<F> Executor<F> for Lane
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, request: F) {
        match &self.crowd {
            Some(crowd) if self.is_of_crowd || self.activity.under_way() > FEW_REQUESTS => {
                drop(crowd.spawn(request));
            }
            _ => drop(tokio::spawn(request)),
        }
    }
}
