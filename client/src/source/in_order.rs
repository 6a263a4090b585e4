//! Consecutive entries of a log, fetched by several requests at a time, within limits in bytes.

use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;

use crate::source::entry::SourceEntry;
use crate::source::error::SourceError;
use crate::transport::share::answer_share;
use crate::transport::share::parallel_within;

/// A round asks for no more entries once it has this many bytes of them, with what is kept beside
/// them. What is on its way then still belongs to it: it has at most this much and
/// [`MAX_PARALLEL_BYTES`](crate::MAX_PARALLEL_BYTES).
pub const SOURCE_ROUND_BYTES: usize = 32 << 20;

/// How the entries of a round are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Pace {
    /// How many entries one request asks for. Requests begin at multiples of it.
    entries: u64,
    /// How many requests are on their way at a time, at least one.
    parallel: usize,
    /// The longest answer that is taken, in bytes.
    answer_bytes: usize,
}

impl Pace {
    /// `parallel` requests at a time, each of which may bring its share of all bytes that may be on
    /// their way, and no more than `longest`.
    pub(crate) fn wide(entries: u64, parallel: usize, longest: usize) -> Self {
        Self {
            entries,
            parallel: parallel.max(1),
            answer_bytes: answer_share(parallel, longest),
        }
    }

    /// As many requests at a time as may all have an answer of `longest` bytes, but not over
    /// `parallel`.
    pub(crate) fn narrow(entries: u64, parallel: usize, longest: usize) -> Self {
        Self {
            entries,
            parallel: parallel_within(parallel, longest),
            answer_bytes: longest,
        }
    }
}

/// The entries from the start of `range` on: all of them, or fewer when these have
/// [`SOURCE_ROUND_BYTES`], but at least one. `fetch` asks for some, and is given the longest answer
/// to take. They are asked for at the first of `paces`, and at the next one from where an answer is
/// longer than a pace takes.
pub(crate) async fn fetch_in_order<F>(
    range: Range<u64>,
    paces: &[Pace],
    fetch: impl Fn(Range<u64>, usize) -> F,
) -> Result<Vec<SourceEntry>, SourceError>
where
    F: Future<Output = Result<Vec<SourceEntry>, SourceError>>,
{
    let mut entries = Vec::new();
    let mut too_long = None;
    for pace in paces {
        if too_long.as_ref().is_some_and(|(tried, _)| tried == pace) {
            continue;
        }
        match fetch_at(*pace, range.clone(), &mut entries, &fetch).await {
            Err(error) if error.is_too_long() => too_long = Some((*pace, error)),
            ended => return ended.map(|()| entries),
        }
    }
    too_long.map_or(Ok(entries), |(_, error)| Err(error))
}

/// Adds what follows `entries`, which are the first of `range`.
async fn fetch_at<F>(
    pace: Pace,
    range: Range<u64>,
    entries: &mut Vec<SourceEntry>,
    fetch: impl Fn(Range<u64>, usize) -> F,
) -> Result<(), SourceError>
where
    F: Future<Output = Result<Vec<SourceEntry>, SourceError>>,
{
    let next = range.start + entries.len() as u64;
    // Counted as soon as they are there, and not only when it is their turn.
    let bytes = AtomicUsize::new(bytes_of(entries));
    let wanted = pieces(next..range.end, pace.entries);
    let wanted = wanted.take_while(|_| bytes.load(Ordering::Relaxed) < SOURCE_ROUND_BYTES);
    let requests = wanted.map(|piece| {
        let fetched = fetch(piece, pace.answer_bytes);
        async {
            let fetched = fetched.await?;
            bytes.fetch_add(bytes_of(&fetched), Ordering::Relaxed);
            Ok::<_, SourceError>(fetched)
        }
    });
    let mut answers = stream::iter(requests).buffered(pace.parallel);
    while let Some(fetched) = answers.try_next().await? {
        entries.extend(fetched);
    }
    Ok(())
}

/// `range` cut at the multiples of `length`.
fn pieces(range: Range<u64>, length: u64) -> impl Iterator<Item = Range<u64>> {
    let mut next = range.start;
    std::iter::from_fn(move || {
        let first = next;
        next = (first - first % length)
            .saturating_add(length)
            .min(range.end);
        (first < range.end).then_some(first..next)
    })
}

fn bytes_of(entries: &[SourceEntry]) -> usize {
    entries.iter().map(SourceEntry::bytes).sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::transport::error::TransportError;
    use crate::transport::share::MAX_PARALLEL_BYTES;

    fn entry(bytes: usize) -> SourceEntry {
        SourceEntry {
            body: vec![0; bytes].into(),
            integrated_time: 0,
            timestamp: None,
            attestation: None,
        }
    }

    #[test]
    fn ranges_are_cut_at_multiples() {
        let cut = |range, length| {
            let pieces = pieces(range, length);
            pieces
                .map(|piece| (piece.start, piece.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(cut(7..31, 10), [(7, 10), (10, 20), (20, 30), (30, 31)]);
        assert_eq!(cut(10..20, 10), [(10, 20)]);
        assert_eq!(cut(5..5, 10), []);
        let end = u64::MAX;
        assert_eq!(cut(end - 1..end, 256), [(end - 1, end)]);
    }

    #[test]
    fn what_is_kept_beside_an_entry_counts() {
        let beside = SourceEntry {
            timestamp: Some(Bytes::from_static(&[0; 5])),
            attestation: Some(Bytes::from_static(&[0; 100])),
            ..entry(20)
        };
        assert_eq!(bytes_of(&[entry(1), beside]), 126);
    }

    /// Entries of `bytes` each, and the most bytes that all answers on their way were allowed.
    struct Answers {
        bytes: usize,
        allowed: AtomicUsize,
        most_allowed: AtomicUsize,
    }

    impl Answers {
        fn of(bytes: usize) -> Self {
            Self {
                bytes,
                allowed: AtomicUsize::new(0),
                most_allowed: AtomicUsize::new(0),
            }
        }

        async fn answer(
            &self,
            wanted: Range<u64>,
            limit: usize,
        ) -> Result<Vec<SourceEntry>, SourceError> {
            let allowed = self.allowed.fetch_add(limit, Ordering::Relaxed) + limit;
            self.most_allowed.fetch_max(allowed, Ordering::Relaxed);
            tokio::task::yield_now().await;
            self.allowed.fetch_sub(limit, Ordering::Relaxed);
            let entries: Vec<_> = wanted.map(|_| entry(self.bytes)).collect();
            if bytes_of(&entries) <= limit {
                return Ok(entries);
            }
            let url = String::new();
            Err(SourceError::Transport(TransportError::TooLong {
                url,
                limit,
            }))
        }
    }

    #[tokio::test]
    async fn all_answers_on_their_way_have_no_more_than_the_limit() {
        let longest = 16 << 20;
        let paces = [
            Pace::wide(10, 64, longest),
            Pace::narrow(10, 64, longest),
            Pace::narrow(1, 64, longest),
        ];
        // Some that fit into a share, some that fit into an answer, and some that do so only alone.
        for (bytes, all) in [(1 << 10, true), (1 << 20, false), (8 << 20, false)] {
            let answers = Answers::of(bytes);
            let fetch = |wanted, limit| answers.answer(wanted, limit);
            let entries = fetch_in_order(3..500, &paces, fetch).await.unwrap();
            assert_eq!(entries.len() == 497, all, "{bytes}");
            let held = bytes_of(&entries);
            assert!(held <= SOURCE_ROUND_BYTES + MAX_PARALLEL_BYTES, "{held}");
            let allowed = answers.most_allowed.into_inner();
            assert!(allowed <= MAX_PARALLEL_BYTES, "{allowed}");
        }
        let answers = Answers::of(longest + 1);
        let fetch = |wanted, limit| answers.answer(wanted, limit);
        let error = fetch_in_order(0..500, &paces, fetch).await.unwrap_err();
        assert!(error.is_too_long(), "{error}");
    }

    #[tokio::test]
    async fn a_round_asks_for_no_more_once_it_has_enough() {
        let asked = AtomicUsize::new(0);
        let large = SOURCE_ROUND_BYTES / 4;
        let paces = [Pace::wide(2, 3, large * 2)];
        let entries = fetch_in_order(0..1_000, &paces, |piece, _| {
            asked.fetch_add(1, Ordering::Relaxed);
            async move { Ok(piece.map(|_| entry(large)).collect()) }
        });
        let entries = entries.await.unwrap();
        let asked = asked.into_inner();
        // Two answers are enough, and not more were on their way than may be.
        assert!((2..=2 + 3).contains(&asked), "{asked}");
        assert_eq!(entries.len(), asked * 2);
    }
}
