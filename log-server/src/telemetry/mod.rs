//! Log lines on stderr, for people or for machines.

pub(crate) mod settings;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::settings::Settings;
use crate::settings::SettingsError;
use crate::telemetry::settings::LogFormat;

/// Sends log lines to stderr, as the settings say. Once a process; a second call changes nothing.
///
/// # Errors
/// [`SettingsError::Value`] when the level cannot be understood.
pub fn init(settings: &Settings) -> Result<(), SettingsError> {
    let filter = filter(&settings.telemetry.log_level)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // An error means that there is a subscriber already, which then stays.
    let _ = match settings.telemetry.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}

/// Levels, and levels of targets. A lone word that is no level is a slip: the library would take it
/// for a target.
fn filter(text: &str) -> Result<EnvFilter, SettingsError> {
    let refused = |reason: String| SettingsError::value("log-level", reason);
    for directive in text.split(',') {
        // The library reads an empty text as a level.
        let is_level = !directive.is_empty() && directive.parse::<LevelFilter>().is_ok();
        if !directive.contains('=') && !is_level {
            return Err(refused(format!(
                "{directive:?} is none of off, error, warn, info, debug, trace, and no target=level"
            )));
        }
    }
    EnvFilter::try_new(text).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
