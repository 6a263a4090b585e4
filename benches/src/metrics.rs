use anyhow::Context;

/// The sequencer's counters since the server started, from its `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rounds {
    pub(crate) count: f64,
    /// New entries of all rounds.
    pub(crate) entries: f64,
    /// Seconds in the atomic batches with their syncs.
    pub(crate) commit_seconds: f64,
    /// Seconds in whole rounds.
    pub(crate) seconds: f64,
}

impl Rounds {
    /// Reads OpenMetrics text.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
            let number = lines.find_map(|rest| rest.strip_prefix(' '));
            let number = number.with_context(|| format!("/metrics has no {name}"))?;
            number
                .trim()
                .parse::<f64>()
                .with_context(|| format!("{name} is not a number"))
        };
        Ok(Self {
            count: value("ledgerstone_rounds_total")?,
            entries: value("ledgerstone_round_entries_sum")?,
            commit_seconds: value("ledgerstone_round_commit_duration_seconds_sum")?,
            seconds: value("ledgerstone_round_duration_seconds_sum")?,
        })
    }

    /// What came after `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            count: self.count - before.count,
            entries: self.entries - before.entries,
            commit_seconds: self.commit_seconds - before.commit_seconds,
            seconds: self.seconds - before.seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_are_found_and_nothing_that_only_begins_like_them() {
        let text = "# TYPE ledgerstone_rounds counter\nledgerstone_rounds_total 12\n\
            ledgerstone_round_entries_sum 300.0\nledgerstone_round_entries_count 12\n\
            ledgerstone_round_commit_duration_seconds_sum \
            0.5\nledgerstone_round_duration_seconds_sum 0.75\n";
        let rounds = Rounds::parse(text).unwrap();
        let expected = Rounds {
            count: 12.0,
            entries: 300.0,
            commit_seconds: 0.5,
            seconds: 0.75,
        };
        assert_eq!(rounds, expected);
        assert_eq!(rounds.since(expected).entries, 0.0);
        assert!(Rounds::parse(&text.replace("rounds_total", "rounds_created")).is_err());
    }
}
