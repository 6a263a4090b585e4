//! Warnings that repeat: the first few of a minute are written, the others are counted.
//!
//! A damaged block that many clients read, or a disk that is full, would otherwise fill the
//! operator's log with one sentence, and push out the one that matters.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use tracing::Event;
use tracing::Level;
use tracing::Subscriber;
use tracing::callsite::Identifier;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::FormatEvent;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::registry::LookupSpan;

/// How many lines of one place in the program are written in one [`WINDOW`].
const LINES: u64 = 16;

/// Since the first of them.
const WINDOW: Duration = Duration::from_secs(60);

/// Writes events by `format`, but of warnings and errors only so many of each place.
pub(super) struct Folding<F> {
    format: F,
    is_json: bool,
    places: Mutex<HashMap<Identifier, Place>>,
}

/// What one place in the program said. There are as many as the program has calls.
struct Place {
    since: Instant,
    lines: u64,
}

/// What becomes of an event.
#[derive(Debug, Eq, PartialEq)]
enum Fate {
    Written,
    /// Written, after a word on so many that were not.
    WrittenAfter(u64),
    LeftOut,
}

impl<F> Folding<F> {
    /// Folds what `format` writes, which is JSON or text.
    pub(super) fn new(format: F, is_json: bool) -> Self {
        Self {
            format,
            is_json,
            places: Mutex::default(),
        }
    }

    fn fate(&self, place: Identifier, now: Instant) -> Fate {
        let mut places = self.places.lock();
        let first = || Place {
            since: now,
            lines: 0,
        };
        let place = places.entry(place).or_insert_with(first);
        let mut left_out = 0;
        if now.duration_since(place.since) >= WINDOW {
            left_out = place.lines.saturating_sub(LINES);
            *place = first();
        }
        place.lines += 1;
        match (place.lines <= LINES, left_out) {
            (false, _) => Fate::LeftOut,
            (true, 0) => Fate::Written,
            (true, _) => Fate::WrittenAfter(left_out),
        }
    }

    fn tell(&self, writer: &mut Writer<'_>, target: &str, left_out: u64) -> fmt::Result {
        if self.is_json {
            let told = serde_json::json!({
                "level": "WARN",
                "target": target,
                "fields": {
                    "message": "lines like the next one were left out",
                    "left_out": left_out,
                },
            });
            writeln!(writer, "{told}")
        } else {
            writeln!(
                writer,
                "WARN {target}: {left_out} lines like the next one were left out"
            )
        }
    }
}

impl<S, N, F> FormatEvent<S, N> for Folding<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        if *metadata.level() <= Level::WARN {
            match self.fate(metadata.callsite(), Instant::now()) {
                Fate::LeftOut => return Ok(()),
                Fate::WrittenAfter(left_out) => {
                    self.tell(&mut writer, metadata.target(), left_out)?;
                }
                Fate::Written => {}
            }
        }
        self.format.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use tracing::subscriber::with_default;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::fmt::format::Format;

    use super::*;

    /// Lines in memory.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn written(say: impl FnOnce()) -> String {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .event_format(Folding::new(Format::default(), false))
            .with_writer(lines.clone())
            .finish();
        with_default(subscriber, say);
        String::from_utf8(lines.0.lock().clone()).unwrap()
    }

    #[test]
    fn one_warning_does_not_push_out_the_others() {
        let text = written(|| {
            for block in 0..100 {
                tracing::warn!(block, "a block is damaged");
            }
            tracing::error!("the disk is gone");
            for request in 0..100 {
                tracing::info!(request, "served");
            }
        });
        assert_eq!(text.matches("a block is damaged").count() as u64, LINES);
        assert_eq!(text.matches("the disk is gone").count(), 1);
        assert_eq!(text.matches("served").count(), 100);
    }

    #[test]
    fn what_was_left_out_is_told_with_the_next_one() {
        let folding = Folding::new((), true);
        let start = Instant::now();
        let place =
            tracing::callsite!(name: "here", kind: tracing::metadata::Kind::EVENT, fields: );
        let place = tracing::Callsite::metadata(place).callsite();
        for _ in 0..LINES {
            assert_eq!(folding.fate(place.clone(), start), Fate::Written);
        }
        for _ in 0..7 {
            assert_eq!(folding.fate(place.clone(), start), Fate::LeftOut);
        }
        let later = start + WINDOW;
        assert_eq!(folding.fate(place.clone(), later), Fate::WrittenAfter(7));
        assert_eq!(folding.fate(place, later), Fate::Written);
        let mut text = String::new();
        folding
            .tell(&mut Writer::new(&mut text), "ledgerstone_log", 7)
            .unwrap();
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["fields"]["left_out"], 7);
    }
}
