//! What a fault acts on: the server of a round, and the disk that its log lies on.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use ledgerstone_tests::random::Random;
use tokio::sync::watch;

use crate::program::Program;
use crate::server::Conditions;
use crate::server::Refusal;
use crate::server::Server;
use crate::server::Start;
use crate::site::Site;

/// The server of a round, and its log.
pub(crate) struct Scene {
    /// Dropped first: a disk that is in use cannot be unmounted.
    server: Option<Box<Server>>,
    pub(crate) program: Program,
    pub(crate) site: Site,
    pub(crate) random: Random,
    pub(crate) events: Events,
    url: watch::Sender<Option<Arc<str>>>,
}

/// What happened in a round, beside what clients saw.
#[derive(Default)]
pub(crate) struct Events {
    /// When the power of which server was cut: what it said later, it said in a world that did not
    /// happen.
    pub(crate) cuts: Vec<(Instant, Arc<str>)>,
    /// The most memory that a server of the round had resident, in bytes.
    pub(crate) peak_memory: u64,
    /// Servers that ended by themselves.
    pub(crate) ends: u64,
    /// Starts that were refused because of damage.
    pub(crate) refused: u64,
    pub(crate) notes: Vec<String>,
}

impl Scene {
    /// The log in `site`, which no server serves yet.
    pub(crate) fn new(program: Program, site: Site) -> Self {
        Self {
            program,
            site,
            random: Random::new(0),
            events: Events::default(),
            server: None,
            url: watch::Sender::new(None),
        }
    }

    /// Where the server is, for clients.
    pub(crate) fn url(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.url.subscribe()
    }

    /// The server that runs.
    pub(crate) fn server(&self) -> anyhow::Result<&Server> {
        match &self.server {
            Some(server) => Ok(server),
            None => bail!("no server runs"),
        }
    }

    /// Starts a server. Yields the refusal if it does not.
    pub(crate) async fn start(
        &mut self,
        conditions: Conditions,
    ) -> anyhow::Result<Option<Refusal>> {
        let (data, log_lines) = (self.site.data(), self.site.file(LOG_LINES));
        match Server::start(&self.program, &data, &log_lines, conditions).await? {
            Start::Serves(server) => {
                self.url.send_replace(Some(Arc::clone(&server.url)));
                self.server = Some(server);
                Ok(None)
            }
            Start::Refused(refusal) => Ok(Some(refusal)),
        }
    }

    /// Starts a server, which has to serve.
    pub(crate) async fn must_start(&mut self) -> anyhow::Result<()> {
        match self.start(Conditions::default()).await? {
            None => Ok(()),
            Some(refusal) => bail!(
                "the server refuses to start ({:?}): {}",
                refusal.code,
                refusal.told
            ),
        }
    }

    /// Starts a server and kills it a moment later.
    pub(crate) async fn start_and_kill(&self, moment: Duration) -> anyhow::Result<()> {
        let (data, log_lines) = (self.site.data(), self.site.file(LOG_LINES));
        Server::start_and_kill(&self.program, &data, &log_lines, moment).await
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        if self.has_ended()? {
            return Ok(());
        }
        if let Some(mut server) = self.take_server() {
            server.kill().await?;
        }
        Ok(())
    }

    /// SIGTERM, and a clean end.
    pub(crate) async fn terminate(&mut self) -> anyhow::Result<()> {
        if self.has_ended()? {
            return Ok(());
        }
        if let Some(mut server) = self.take_server() {
            let code = server.terminate().await?;
            if code != Some(0) {
                self.note(format!("SIGTERM ended the server with {code:?}"));
            }
        }
        Ok(())
    }

    /// Whether there is no server, or one that ended by itself, which is noted.
    pub(crate) fn has_ended(&mut self) -> anyhow::Result<bool> {
        let ended = match &mut self.server {
            Some(server) => server.ended()?,
            None => return Ok(true),
        };
        let Some((status, last_error)) = ended else {
            return Ok(false);
        };
        self.events.ends += 1;
        self.note(format!(
            "the server ended by itself ({status}): {last_error}"
        ));
        self.take_server();
        Ok(true)
    }

    /// Something that whoever reads the results should know.
    pub(crate) fn note(&mut self, text: String) {
        self.events.notes.push(self.site.without_place(&text));
    }

    /// Clients no longer find the server.
    fn take_server(&mut self) -> Option<Box<Server>> {
        self.url.send_replace(None);
        let server = self.server.take()?;
        let peak = server.peak_memory().unwrap_or_default();
        self.events.peak_memory = self.events.peak_memory.max(peak);
        Some(server)
    }
}

/// Where the server's log lines go.
const LOG_LINES: &str = "server.log";
