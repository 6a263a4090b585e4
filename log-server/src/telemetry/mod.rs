//! Log lines on stderr, for people or for machines. Whoever logs never waits for whoever reads
//! them: lines that nobody takes are dropped, and counted.

mod folding;
pub(crate) mod settings;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing_appender::non_blocking::ErrorCounter;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Format;

use crate::settings::Settings;
use crate::settings::SettingsError;
use crate::telemetry::folding::Folding;
use crate::telemetry::settings::LogFormat;

/// How many lines wait at most for whoever reads them.
const WAITING_LINES: usize = 8_192;

/// The most that crates of others log where no level is given for them.
const OTHERS_LEVEL: LevelFilter = LevelFilter::WARN;

/// What the targets of the log's own crates begin with.
const OWN_TARGETS: &str = "ledgerstone";

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes the log lines while it lives, and those that wait when it is dropped.
#[must_use]
pub struct Telemetry {
    _writer: WorkerGuard,
}

/// Sends log lines to stderr, as the settings say. Once a process; a second call changes nothing.
///
/// # Errors
/// [`SettingsError::Value`] when the level cannot be understood.
pub fn init(settings: &Settings) -> Result<Telemetry, SettingsError> {
    let filter = filter(&settings.telemetry.log_level)?;
    let (lines, writer) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("log-lines")
        .finish(std::io::stderr());
    DROPPED.get_or_init(|| lines.error_counter());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(lines)
        .with_ansi(std::io::stderr().is_terminal() && wants_colour(std::env::var_os("NO_COLOR")));
    // An error means that there is a subscriber already, which then stays.
    let _ = match settings.telemetry.log_format {
        LogFormat::Text => builder
            .event_format(Folding::new(Format::default(), false))
            .try_init(),
        LogFormat::Json => builder
            .json()
            .event_format(Folding::new(Format::default().json(), true))
            .try_init(),
    };
    Ok(Telemetry { _writer: writer })
}

/// Whether colours are welcome: not where `NO_COLOR` is set to anything (no-color.org).
fn wants_colour(no_color: Option<OsString>) -> bool {
    no_color.is_none_or(|value| value.is_empty())
}

/// How many lines were dropped, since nobody took those before them.
pub(crate) fn dropped_lines() -> u64 {
    DROPPED
        .get()
        .map_or(0, |counter| counter.dropped_lines() as u64)
}

/// Levels, and levels of targets. A level is one of the log's own crates; of others, which clients
/// may make talk, no more than warnings are wanted unless they are named. A lone word that is no
/// level is a slip: the library would take it for a target.
fn filter(text: &str) -> Result<EnvFilter, SettingsError> {
    let refused = |reason: String| SettingsError::value("log-level", reason);
    let mut directives = Vec::new();
    for directive in text.split(',') {
        // The library reads an empty text as a level.
        let level = directive.parse::<LevelFilter>().ok();
        if let Some(level) = level.filter(|_| !directive.is_empty()) {
            directives.push(level.min(OTHERS_LEVEL).to_string());
            directives.push(format!("{OWN_TARGETS}={level}"));
        } else if directive.contains('=') {
            directives.push(directive.to_owned());
        } else {
            return Err(refused(format!(
                "{directive:?} is none of off, error, warn, info, debug, trace, and no target=level"
            )));
        }
    }
    EnvFilter::try_new(directives.join(",")).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_of_the_logs_own_crates_and_of_others_where_they_are_named() {
        for (text, own, others) in [
            ("debug", "debug", "warn"),
            ("error", "error", "error"),
            ("off", "off", "off"),
        ] {
            let filter = filter(text).unwrap().to_string();
            assert!(filter.contains(&format!("ledgerstone={own}")), "{filter}");
            assert!(filter.split(',').any(|part| part == others), "{filter}");
        }
        let named = filter("info,h2=debug").unwrap().to_string();
        assert!(named.contains("h2=debug"), "{named}");
    }

    #[test]
    fn a_level_is_one_of_the_known_words_and_a_target_has_one() {
        for good in ["info", "off", "warn,ledgerstone_log=debug"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["", "blah", "info,blah", "ledgerstone_log=blah"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
