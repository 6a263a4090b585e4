//! How far a command is, for people at a terminal.

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

const PROGRESS: &str = "{bar:30} {human_pos} of {human_len} entries, {per_sec}, {eta} left";

/// How far in a log a command is. Draws on standard error, and only where that is a terminal.
pub(crate) fn entries_bar(entries: u64) -> ProgressBar {
    let bar = ProgressBar::new(entries);
    if let Ok(style) = ProgressStyle::with_template(PROGRESS) {
        bar.set_style(style);
    }
    bar
}
