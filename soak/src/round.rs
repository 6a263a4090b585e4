//! One round: load, a fault under it, and a check of everything that was promised.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use bytes::Bytes;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::random::Random;
use tokio::time::sleep;

use crate::attacks::Attack;
use crate::attacks::ground::Ground;
use crate::caller::Caller;
use crate::clients::Crowd;
use crate::clients::Knowledge;
use crate::clients::diary::Seen;
use crate::clients::diary::percentile_99;
use crate::model::Model;
use crate::record::Record;
use crate::scene::Scene;
use crate::told::Told;
use crate::trial::Trial;
use crate::verify::Findings;
use crate::verify::verify;

/// How long clients work before the fault, under an attack, and after either.
const CALM: Duration = Duration::from_millis(1_500);
const ATTACKED: Duration = Duration::from_secs(3);
const AFTER: Duration = Duration::from_millis(700);

/// How many entries of the past the readers of a round know.
const KNOWN_ENTRIES: usize = 500;

/// One round.
pub(crate) struct Round<'a> {
    pub(crate) scene: &'a mut Scene,
    pub(crate) model: &'a mut Model,
    pub(crate) signer: Arc<Signer>,
    /// Submissions of earlier rounds, to be replayed.
    pub(crate) submissions: &'a mut Arc<Vec<Bytes>>,
    pub(crate) trial: Trial,
    /// With the number and the seed of the round; filled in by it.
    pub(crate) record: Record,
}

/// The most submissions that are kept for replays.
const MAX_SUBMISSIONS: usize = 5_000;

/// When the fault began and ended.
struct Times {
    begin: Instant,
    fault: Instant,
    end: Instant,
}

impl Round<'_> {
    /// Plays the round. What goes wrong is in the record.
    pub(crate) async fn play(mut self) -> Record {
        let begin = Instant::now();
        self.record.fault = self.trial.name();
        if let Err(error) = self.try_play().await {
            let reason = format!("{error:#}");
            self.record.failure = Some(self.scene.site.without_place(&reason));
        }
        let events = std::mem::take(&mut self.scene.events);
        self.record.refused = events.refused;
        self.record.ends = events.ends;
        self.record.peak_mib = events.peak_memory >> 20;
        self.record.notes.extend(events.notes);
        self.record.seconds = (begin.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        self.record
    }

    async fn try_play(&mut self) -> anyhow::Result<()> {
        let refusal = self.scene.start(self.trial.conditions()).await?;
        if let Some(refusal) = refusal {
            anyhow::bail!("the server refuses to start: {}", refusal.told);
        }
        let knowledge = self.knowledge()?;
        let crowd = Crowd::start(&knowledge, &mut self.scene.random)?;
        let mut times = Times {
            begin: Instant::now(),
            fault: Instant::now(),
            end: Instant::now(),
        };
        sleep(CALM).await;
        times.fault = Instant::now();
        let struck = self.strike(&knowledge).await;
        times.end = Instant::now();
        if struck.is_ok() {
            sleep(AFTER).await;
        }
        let seen = crowd.stop().await;
        let told = self.firm(&seen.told);
        self.note_seen(seen, &times);
        struck?;
        if self.scene.has_ended()? {
            self.scene.must_start().await?;
        }
        self.check(&told).await?;
        self.scene.terminate().await
    }

    fn knowledge(&mut self) -> anyhow::Result<Knowledge> {
        let past = self
            .model
            .some_entries(KNOWN_ENTRIES, &mut self.scene.random);
        Ok(Knowledge {
            caller: Caller::honest(self.trial.is_proxied()),
            keys: Arc::new(self.scene.server()?.keys.clone()),
            signer: Arc::clone(&self.signer),
            past: Arc::new(past),
            name: self.name(),
            url: self.scene.url(),
        })
    }

    fn name(&self) -> String {
        format!("{} {}", self.record.seed, self.record.round)
    }

    async fn strike(&mut self, knowledge: &Knowledge) -> anyhow::Result<()> {
        match self.trial {
            Trial::Fault(fault) => fault.strike(self.scene).await,
            Trial::Two(first, second) => {
                first.strike(self.scene).await?;
                second.strike(self.scene).await
            }
            Trial::Attack(attack) | Trial::Proxied(attack) => self.attack(attack, knowledge).await,
        }
    }

    async fn attack(&self, attack: Attack, knowledge: &Knowledge) -> anyhow::Result<()> {
        let url = &self.scene.server()?.url;
        let address = url.strip_prefix("http://").context("not http")?;
        let ground = Ground {
            server: address.parse::<SocketAddr>()?,
            caller: Caller::hostile(self.trial.is_proxied()),
            signer: Arc::clone(&knowledge.signer),
            submissions: Arc::clone(self.submissions),
            name: self.name(),
        };
        let attackers = tokio::spawn(attack.run(ground));
        sleep(ATTACKED).await;
        attackers.abort();
        // Its connections are closed once it has ended.
        let _ = attackers.await;
        Ok(())
    }

    /// What was told before the power was cut, or by a server whose power was not.
    fn firm(&self, told: &[Told]) -> Vec<Told> {
        let cuts = &self.scene.events.cuts;
        let is_firm = |told: &&Told| {
            cuts.iter()
                .all(|(cut, server)| told.server != *server || told.at < *cut)
        };
        told.iter().filter(is_firm).cloned().collect()
    }

    fn note_seen(&mut self, seen: Seen, times: &Times) {
        let millis = |from, to| {
            let p99 = percentile_99(&seen.samples, from, to);
            p99.map_or(0.0, |p99| (p99.as_secs_f64() * 1e4).round() / 10.0)
        };
        let record = &mut self.record;
        record.p99_calm_ms = millis(times.begin, times.fault);
        record.p99_fault_ms = millis(times.fault, times.end);
        record.failed = seen.failed;
        record.outage_ms = seen.outage.as_millis() as u64;
        record.outage_of = seen
            .outage_of
            .map_or_else(String::new, |habit| format!("{habit:?}"));
        record.wrong += seen.wrong.len() as u64;
        record.notes.extend(seen.wrong);
        let submissions = Arc::make_mut(self.submissions);
        submissions.extend(seen.submissions);
        let surplus = submissions.len().saturating_sub(MAX_SUBMISSIONS);
        submissions.drain(..surplus);
    }

    async fn check(&mut self, told: &[Told]) -> anyhow::Result<()> {
        let (url, keys) = {
            let server = self.scene.server()?;
            (Arc::clone(&server.url), server.keys.clone())
        };
        let before = self.model.len();
        let mut random = Random::new(self.scene.random.below(u64::MAX));
        let findings = verify(&url, &keys, self.model, told, &mut random).await?;
        self.record.acknowledged = (self.model.len() - before) as u64;
        self.model.save()?;
        self.note_findings(findings)
    }

    fn note_findings(&mut self, findings: Findings) -> anyhow::Result<()> {
        let Findings {
            lost,
            forks,
            wrong,
            unread,
        } = findings;
        let record = &mut self.record;
        record.lost += lost.len() as u64;
        record.forks += forks.len() as u64;
        record.wrong += wrong.len() as u64;
        for reasons in [lost, forks, wrong] {
            record.notes.extend(reasons.into_iter().take(MAX_REASONS));
        }
        match unread.first() {
            None => Ok(()),
            Some(first) => anyhow::bail!(
                "{} answers about what was acknowledged cannot be had: {first}",
                unread.len()
            ),
        }
    }
}

/// How many reasons of a kind are kept: a log that lost all would tell of each entry.
const MAX_REASONS: usize = 5;
