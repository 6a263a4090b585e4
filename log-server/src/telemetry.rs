//! Log lines on stderr, for people or for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;
use crate::settings::Settings;
use crate::settings::SettingsError;

/// Sends log lines to stderr, as the settings say. Once a process; a second call changes nothing.
///
/// # Errors
/// [`SettingsError::Value`] when the level cannot be understood.
pub fn init(settings: &Settings) -> Result<(), SettingsError> {
    let filter = EnvFilter::try_new(&settings.log_level).map_err(|error| SettingsError::Value {
        setting: "log-level",
        reason: error.to_string(),
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // An error means that there is a subscriber already, which then stays.
    let _ = match settings.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}
