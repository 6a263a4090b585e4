//! The settings of log lines.

use clap::ValueEnum;
use serde::Deserialize;
use serde::Serialize;

use crate::settings::section::section;
use crate::settings::section::words;

section! {
    /// What is told on stderr, and in which form.
    pub struct TelemetrySettings from TelemetryOverrides {
        /// Form of the logs on stderr
        [FORMAT] log_format: LogFormat = LogFormat::Text;
        /// What is logged: error, warn, info, debug, trace, or a list of target=level; debug logs
        /// each request
        [LEVEL] log_level: String = "info".to_owned();
    }
}

/// The form of the log lines.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

words!(LogFormat);
