//! `monitor`: tells of every new entry that is looked for.

mod sample;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::Subcommand;
use indicatif::ProgressBar;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::HeadReport;
use ledgerstone_client::Hit;
use ledgerstone_client::Hook;
use ledgerstone_client::IssuedCertificate;
use ledgerstone_client::Monitor;
use ledgerstone_client::MonitorConfig;
use ledgerstone_client::MonitorPage;
use ledgerstone_client::MonitorStart;
use ledgerstone_client::MonitorState;
use ledgerstone_client::TrustedRoot;
use ledgerstone_entry::matcher::Match;
use ledgerstone_merkle::LeafIndex;

use crate::connection::LogArguments;
use crate::connection::TreeArguments;
use crate::connection::tiled_tree;
use crate::connection::transport;
use crate::output;
use crate::output::Report;
use crate::progress::entries_bar;
use crate::progress::show;
use crate::trust;
use crate::trust::TrustedLogArguments;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct MonitorArguments {
    #[command(subcommand)]
    pub(crate) job: Option<MonitorJob>,

    /// What to look for: a TOML file with rules, identities, keys, digests and kinds, and perhaps
    /// an on-hit command. With --interval it is read again before each look.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) config: Option<PathBuf>,

    /// The file that remembers the last head that was verified, and which entries were looked at.
    #[arg(long, value_name = "FILE", default_value = "ledgerstone-monitor.json")]
    pub(crate) state: PathBuf,

    /// Look once at what is new, and end. So it is without --interval.
    #[arg(long, conflicts_with = "interval")]
    pub(crate) once: bool,

    /// Look again and again, after so many seconds, until the log contradicts itself.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) interval: Option<u64>,

    /// Begin with this entry, whatever was looked at before. Without it, a first run begins with
    /// entry 0.
    #[arg(long, value_name = "INDEX")]
    pub(crate) from: Option<u64>,

    /// A first run passes over what is logged already, and begins with what comes.
    #[arg(long, conflicts_with = "from")]
    pub(crate) start_at_end: bool,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

/// What is done besides monitoring.
#[derive(Debug, Subcommand)]
pub(crate) enum MonitorJob {
    /// Run the on-hit command once for each rule, with a sample: so that it is known to work before
    /// it is needed.
    Test(TestArguments),
}

#[derive(Args, Debug)]
pub(crate) struct TestArguments {
    /// The file with the rules and the on-hit command.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

pub(crate) async fn run(arguments: MonitorArguments, json: bool) -> anyhow::Result<()> {
    let path = match (&arguments.job, &arguments.config) {
        (Some(MonitorJob::Test(test)), _) => return sample::run(&test.config, json).await,
        (None, Some(config)) => config.clone(),
        (None, None) => anyhow::bail!("give --config"),
    };
    let config = MonitorConfig::read(&path).map_err(Error::from)?;
    let transport = transport(&arguments.log)?;
    let state = MonitorState::load(&arguments.state).map_err(|error| Error::Audit(error.into()))?;
    let kept = state.and_then(|state| state.key);
    let logs =
        trust::named_or_kept_or_fetched(&arguments.trust, kept, &transport, arguments.tree.tree_id)
            .await?;
    let log = tiled_tree(&arguments.log, &arguments.tree)?;
    let authorities = trust::authorities(&arguments.trust)?;
    check_trust(&config, authorities.as_ref())?;
    let monitor = Monitor::new(log, logs, config.watch, &arguments.state);
    let mut watch = Watch {
        monitor: monitor.trusting(authorities.clone()),
        config: path,
        on_hit: config.on_hit,
        authorities,
        start: start(&arguments),
        json,
    };
    let Some(seconds) = arguments.interval.filter(|_| !arguments.once) else {
        let report = watch.look().await?.report();
        let state = arguments.state.display().to_string();
        return Ok(report.field("state", "state", state).print(json)?);
    };
    loop {
        match watch.look().await {
            Ok(tally) => tally.print(),
            // What the log is silent about now it tells later. Anything else needs somebody to look
            // at it.
            Err(error) if is_unreachable(&error) => {
                output::note(&format!("note: {error:#}; trying again in {seconds} s"));
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        watch.reload();
    }
}

fn start(arguments: &MonitorArguments) -> MonitorStart {
    match (arguments.from, arguments.start_at_end) {
        (Some(index), _) => MonitorStart::At(LeafIndex::new(index)),
        (None, true) => MonitorStart::ResumeOrEnd,
        (None, false) => MonitorStart::Resume,
    }
}

/// Refuses rules that nobody can decide by.
fn check_trust(config: &MonitorConfig, authorities: Option<&TrustedRoot>) -> anyhow::Result<()> {
    anyhow::ensure!(
        authorities.is_some() || !config.watch.asks_trust(),
        "a rule asks which authorities are trusted, which a trusted root says: give --trusted-root"
    );
    Ok(())
}

struct Watch {
    monitor: Monitor,
    /// Where the rules are.
    config: PathBuf,
    on_hit: Option<Hook>,
    /// Who may issue certificates, if that is known.
    authorities: Option<TrustedRoot>,
    start: MonitorStart,
    json: bool,
}

impl Watch {
    /// Looks at everything that is new.
    async fn look(&mut self) -> anyhow::Result<Tally> {
        let mut run = self.monitor.begin(self.start).await.map_err(Error::from)?;
        // From now on the state file knows.
        self.start = MonitorStart::Resume;
        let mut tally = Tally::new(run.head().clone());
        let bar = entries_bar(tally.head.head.checkpoint.size.get());
        while let Some(page) = run.next_page().await.map_err(Error::from)? {
            for hit in &page.hits {
                self.deliver(hit, &tally.head.head.checkpoint.origin, &bar)
                    .await?;
            }
            // Only now: a hit that was not dealt with has to be found again.
            run.confirm(&page).map_err(Error::from)?;
            show(&bar, page.end.get());
            tally.add(&page);
        }
        bar.finish_and_clear();
        Ok(tally)
    }

    /// Reads the rules again. Where they cannot be used, those before hold.
    fn reload(&mut self) {
        let read = MonitorConfig::read(&self.config).map_err(|error| Error::from(error).into());
        let read = read.and_then(|config| {
            check_trust(&config, self.authorities.as_ref())?;
            Ok::<_, anyhow::Error>(config)
        });
        match read {
            Ok(config) => {
                self.monitor.watch(config.watch);
                self.on_hit = config.on_hit;
            }
            Err(error) => output::note(&format!("note: the rules stay as they were: {error:#}")),
        }
    }

    async fn deliver(&self, hit: &Hit, origin: &str, bar: &ProgressBar) -> anyhow::Result<()> {
        let body = hit.entry.body_bytes().unwrap_or_default();
        let issued = trust::issued(&body, self.authorities.as_ref());
        let mut json = hit.to_json(origin);
        if self.authorities.is_some() {
            json["certificates"] = output::to_json(&issued);
        }
        let json = output::versioned(json).to_string();
        let line = match self.json {
            true => &json,
            false => &describe(hit, &issued),
        };
        bar.suspend(|| output::line(line))?;
        if let Some(hook) = &self.on_hit {
            let input = format!("{json}\n");
            hook.run(input.as_bytes()).await.map_err(Error::from)?;
        }
        Ok(())
    }
}

/// What came of looking.
struct Tally {
    head: HeadReport,
    entries: u64,
    hits: usize,
    not_understood: u64,
    not_seen: u64,
}

impl Tally {
    fn new(head: HeadReport) -> Self {
        Self {
            head,
            entries: 0,
            hits: 0,
            not_understood: 0,
            not_seen: 0,
        }
    }

    fn add(&mut self, page: &MonitorPage) {
        self.entries += page.entries;
        self.hits += page.hits.len();
        self.not_understood += page.not_understood;
        self.not_seen += page.not_seen;
    }

    fn report(&self) -> Report {
        let checkpoint = &self.head.head.checkpoint;
        let previous = self.head.previous.as_ref();
        let extends = previous.map_or_else(
            || "nothing: this is the first head".to_owned(),
            |old| format!("size {}", old.size),
        );
        Report::new()
            .field("verified", "verified", true)
            .field("log", "origin", checkpoint.origin.clone())
            .field("size", "treeSize", checkpoint.size.get())
            .field("extends", "extends", extends)
            .field("entries looked at", "entries", self.entries)
            .field("hits", "hits", self.hits)
            .field("not understood", "notUnderstood", self.not_understood)
            .field("not seen", "notSeen", self.not_seen)
    }

    /// Beside the hits, for people who watch.
    fn print(&self) {
        if self.entries > 0 {
            output::note(&format!(
                "size {}: {} new entries, {} hits, {} not understood, {} not seen",
                self.head.head.checkpoint.size,
                self.entries,
                self.hits,
                self.not_understood,
                self.not_seen
            ));
        }
    }
}

fn is_unreachable(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<Error>();
    error.is_some_and(|error| error.failure() == Failure::Unreachable)
}

/// A hit in one line, and one more for each certificate.
fn describe(hit: &Hit, issued: &[IssuedCertificate]) -> String {
    let matches: Vec<_> = hit.matches.iter().map(describe_match).collect();
    let mut line = format!(
        "{:>10}  {}  {}",
        hit.index,
        hit.entry.kind_text(),
        matches.join(", ")
    );
    for certificate in trust::issued_lines(issued) {
        line.push_str("\n            ");
        line.push_str(&certificate);
    }
    line
}

fn describe_match(found: &Match) -> String {
    match found {
        Match::Identity {
            subject,
            issuer: Some(issuer),
        } => format!("{subject} by {issuer}"),
        Match::Identity {
            subject,
            issuer: None,
        } => subject.clone(),
        Match::Key { sha256 } => format!("key {sha256}"),
        Match::ArtifactDigest { digest } => digest.clone(),
        Match::Query {
            rule,
            found,
            unexpected,
        } => {
            let unexpected = unexpected
                .iter()
                .map(|signer| format!("not expected: {signer}"));
            let reasons: Vec<String> = found.iter().cloned().chain(unexpected).collect();
            format!("rule {rule}: {}", reasons.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use ledgerstone_entry::EntryView;

    use super::*;

    #[test]
    fn a_hit_is_printed_in_one_line() {
        let hit = Hit {
            index: LeafIndex::new(7),
            entry: EntryView::new(br#"{"apiVersion":"0.0.9","kind":"book","spec":{}}"#),
            matches: vec![
                Match::Identity {
                    subject: "ann@example.com".to_owned(),
                    issuer: Some("https://accounts.example".to_owned()),
                },
                Match::ArtifactDigest {
                    digest: "sha256:00".to_owned(),
                },
            ],
        };
        assert_eq!(
            describe(&hit, &[]),
            "         7  book 0.0.9  ann@example.com by https://accounts.example, sha256:00"
        );
    }
}
