//! How many bytes the answers to requests that are on their way at the same time may have in sum.

/// The most bytes that the answers to all requests of one reader that are on their way at a time
/// may have in sum. Where answers are long, fewer requests are on their way at a time.
pub const MAX_PARALLEL_BYTES: usize = 64 << 20;

/// The longest answer, in bytes, that each of `parallel` requests may take: its share, and never
/// over `longest`, which an answer of its kind has at most.
pub(crate) fn answer_share(parallel: usize, longest: usize) -> usize {
    (MAX_PARALLEL_BYTES / parallel.max(1)).min(longest)
}

/// How many of `parallel` requests may be on their way at a time, at least one, when each answer
/// may have `longest` bytes.
pub(crate) fn parallel_within(parallel: usize, longest: usize) -> usize {
    parallel.clamp(1, (MAX_PARALLEL_BYTES / longest).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_answers_together_have_no_more_than_the_limit() {
        for longest in [1, 1 << 20, 16 << 20, 32 << 20, MAX_PARALLEL_BYTES] {
            for parallel in 0..=100 {
                let share = answer_share(parallel, longest);
                assert!(share >= 1 && share <= longest);
                assert!(share * parallel <= MAX_PARALLEL_BYTES);
                let narrow = parallel_within(parallel, longest);
                assert!(narrow >= 1 && narrow <= parallel.max(1));
                assert!(narrow * longest <= MAX_PARALLEL_BYTES);
            }
        }
    }
}
