//! A run: rounds over one log, until their number or the time is over.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::random::Random;

use crate::filling::fill;
use crate::model::Model;
use crate::program::Program;
use crate::record::Record;
use crate::round::Round;
use crate::scene::Scene;
use crate::site::Site;
use crate::trial::Trial;
use crate::verify::verify;

/// How a run is bounded, and what it is made of.
pub(crate) struct Plan {
    pub(crate) rounds: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) seed: u64,
    /// The trials of each round, in families.
    pub(crate) families: Vec<Vec<Trial>>,
    /// The commit of the program under test.
    pub(crate) commit: String,
    pub(crate) results: Option<PathBuf>,
    pub(crate) json: bool,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) rounds: u64,
    pub(crate) acknowledged: u64,
    /// Rounds that were not good.
    pub(crate) bad: u64,
}

/// After so many rounds the whole log is audited.
const AUDITED_EVERY: u64 = 25;

/// A run over one log.
pub(crate) struct Run {
    plan: Plan,
    scene: Scene,
    model: Model,
    signer: Arc<Signer>,
    submissions: Arc<Vec<Bytes>>,
}

impl Run {
    /// A run over the log in `site`, which goes on where an earlier one ended.
    pub(crate) fn new(plan: Plan, program: Program, site: Site) -> anyhow::Result<Self> {
        ensure!(
            !plan.families.is_empty(),
            "no fault has one of these names, or can happen here"
        );
        Ok(Self {
            model: Model::open(&site.file("model"))?,
            scene: Scene::new(program, site),
            plan,
            signer: Arc::new(Signer::new()),
            submissions: Arc::default(),
        })
    }

    /// Plays all rounds. Ends early where the log does not come back.
    pub(crate) async fn play(mut self) -> anyhow::Result<Sum> {
        self.fill_new_log().await?;
        let (begin, mut sum) = (Instant::now(), Sum::default());
        while !self.is_over(sum.rounds, begin) {
            sum.rounds += 1;
            let record = self.round(sum.rounds).await?;
            sum.acknowledged += record.acknowledged;
            if !record.is_good() {
                sum.bad += 1;
                let name = format!("evidence-{}-{}", self.plan.seed, record.round);
                match self.scene.site.keep_evidence(&name) {
                    Ok(kept) => eprintln!("the log as it was found: {}", kept.display()),
                    Err(error) => eprintln!("the log as it was found cannot be kept: {error:#}"),
                }
            }
            if record.failure.is_some() {
                return Ok(sum);
            }
            if sum.rounds.is_multiple_of(AUDITED_EVERY) {
                self.audit().await?;
            }
        }
        self.audit().await?;
        Ok(sum)
    }

    fn is_over(&self, rounds: u64, begin: Instant) -> bool {
        let is_counted = self.plan.rounds.is_some_and(|most| rounds >= most);
        is_counted || self.plan.time.is_some_and(|time| begin.elapsed() >= time)
    }

    async fn round(&mut self, number: u64) -> anyhow::Result<Record> {
        let mut random = Random::new(self.plan.seed.wrapping_add(number));
        let trial = Trial::choose(&self.plan.families, &mut random);
        self.scene.random = random;
        let round = Round {
            scene: &mut self.scene,
            model: &mut self.model,
            signer: Arc::clone(&self.signer),
            submissions: &mut self.submissions,
            trial,
            record: Record {
                commit: self.plan.commit.clone(),
                seed: self.plan.seed,
                round: number,
                ..Record::default()
            },
        };
        let record = round.play().await;
        if let Some(results) = &self.plan.results {
            record.append_to(results)?;
        }
        match self.plan.json {
            true => println!("{}", serde_json::to_string(&record)?),
            false => println!("{record}"),
        }
        Ok(record)
    }

    /// Logs the first entries of a new log, where a trial needs them.
    async fn fill_new_log(&mut self) -> anyhow::Result<()> {
        let mut trials = self.plan.families.iter().flatten();
        if self.model.len() > 0 || !trials.any(|trial| trial.needs_long_entries()) {
            return Ok(());
        }
        self.scene.must_start().await?;
        let told = fill(&self.scene).await?;
        let server = self.scene.server()?;
        let mut random = Random::new(self.plan.seed);
        let (url, keys) = (&server.url, &server.keys);
        let findings = verify(url, keys, &mut self.model, &told, &mut random).await?;
        ensure!(
            findings.lost.is_empty() && findings.wrong.is_empty(),
            "the first entries are not as they were answered: {findings:?}"
        );
        self.scene.terminate().await
    }

    /// Has the whole log rebuilt by `ledgerstone audit`, and checked by `ledgerstone fsck`.
    async fn audit(&mut self) -> anyhow::Result<()> {
        self.scene.must_start().await?;
        let server = self.scene.server()?;
        for tree in server.keys.trees() {
            let state = self.scene.site.file(&format!("audit-{}.json", tree.id));
            let key = tree.key.to_string();
            let audit = self.scene.program.audit(&server.url, tree.id, &key, &state);
            let audit = audit.await?;
            ensure!(
                audit.code == Some(0),
                "the audit of the tree {} fails ({:?}): {}",
                tree.id,
                audit.code,
                audit.told
            );
        }
        self.scene.terminate().await?;
        let check = self
            .scene
            .program
            .fsck(&self.scene.site.data(), &[])
            .await?;
        ensure!(
            check.code == Some(0),
            "fsck finds ({:?}): {}",
            check.code,
            check.told
        );
        Ok(())
    }
}
