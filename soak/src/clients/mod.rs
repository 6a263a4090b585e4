//! The honest clients of a round. They check every answer before they believe it.

mod act;
pub(crate) mod diary;
pub(crate) mod habit;
pub(crate) mod talk;
pub(crate) mod v1;
pub(crate) mod v2;

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::random::Random;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::caller::Caller;
use crate::clients::diary::Diary;
use crate::clients::diary::Seen;
use crate::clients::habit::HABITS;
use crate::clients::habit::Habit;
use crate::clients::talk::Talk;
use crate::clients::talk::Trouble;
use crate::keys::LogKeys;
use crate::told::Entry;

/// After this a client takes its request for lost.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the clients of a round know.
#[derive(Clone)]
pub(crate) struct Knowledge {
    pub(crate) caller: Caller,
    pub(crate) keys: Arc<LogKeys>,
    pub(crate) signer: Arc<Signer>,
    /// What was acknowledged in earlier rounds.
    pub(crate) past: Arc<Vec<Entry>>,
    /// No other round has this name.
    pub(crate) name: String,
    /// Where the server is, while there is one.
    pub(crate) url: watch::Receiver<Option<Arc<str>>>,
}

/// Clients that are at work.
pub(crate) struct Crowd {
    diary: Arc<Diary>,
    stop: watch::Sender<bool>,
    clients: JoinSet<()>,
}

impl Crowd {
    /// Sets all clients to work.
    pub(crate) fn start(knowledge: &Knowledge, random: &mut Random) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (diary, mut clients) = (Arc::new(Diary::default()), JoinSet::new());
        for (number, habit) in HABITS.into_iter().enumerate() {
            // Every other one comes with a new connection each time.
            let http = knowledge.caller.http(PATIENCE, number % 2)?;
            let client = Client {
                habit,
                http,
                number,
                knowledge: knowledge.clone(),
                diary: Arc::clone(&diary),
                random: Random::new(random.below(u64::MAX)),
            };
            clients.spawn(client.live(stopped.clone()));
        }
        Ok(Self {
            diary,
            stop,
            clients,
        })
    }

    /// Ends all clients. Yields what they saw.
    pub(crate) async fn stop(mut self) -> Seen {
        // Without a receiver there is no client left.
        let _ = self.stop.send(true);
        while self.clients.join_next().await.is_some() {}
        self.diary.take()
    }
}

struct Client {
    habit: Habit,
    http: reqwest::Client,
    number: usize,
    knowledge: Knowledge,
    diary: Arc<Diary>,
    random: Random,
}

impl Client {
    async fn live(mut self, mut stopped: watch::Receiver<bool>) {
        let (diary, habit) = (Arc::clone(&self.diary), self.habit);
        let mut last_answer = Instant::now();
        tokio::select! {
            () = self.work(&mut last_answer) => {}
            _ = stopped.changed() => {}
        }
        diary.without_answer_for(last_answer.elapsed(), habit);
    }

    async fn work(&mut self, last_answer: &mut Instant) {
        for step in 0_u64.. {
            match self.step(step).await {
                Ok(()) => {
                    let time = last_answer.elapsed();
                    self.diary.without_answer_for(time, self.habit);
                    *last_answer = Instant::now();
                }
                Err(Trouble::Unavailable) => self.diary.failed(),
                Err(Trouble::Wrong(reason)) => {
                    self.diary.wrong(format!("{:?}: {reason}", self.habit));
                }
            }
            tokio::time::sleep(self.habit.pause()).await;
        }
    }

    async fn step(&mut self, step: u64) -> Result<(), Trouble> {
        let url = self.knowledge.url.wait_for(Option::is_some).await;
        let url = url.ok().and_then(|url| url.clone());
        let talk = Talk {
            http: self.http.clone(),
            url: url.ok_or(Trouble::Unavailable)?,
            keys: Arc::clone(&self.knowledge.keys),
            diary: Arc::clone(&self.diary),
            is_timed: self.habit.is_timed(),
        };
        let name = format!("{} {} {step}", self.knowledge.name, self.number);
        let (signer, past) = (&self.knowledge.signer, &self.knowledge.past);
        let random = &mut self.random;
        self.habit.go(&talk, signer, &name, past, random).await
    }
}
