use std::time::Duration;

/// Samples of one quantity, sorted.
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// # Panics
    /// When there is none: whoever measures takes at least one sample.
    pub(crate) fn new(mut samples: Vec<f64>) -> Self {
        assert!(!samples.is_empty(), "nothing was measured");
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The smallest sample that is not below `percent` of all (nearest rank).
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank.min(self.0.len()) - 1]
    }

    pub(crate) fn max(&self) -> f64 {
        self.percentile(100)
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_sample_of_the_nearest_rank() {
        let samples = Samples::new((1..=200).rev().map(f64::from).collect());
        assert_eq!(samples.median(), 100.0);
        assert_eq!(samples.percentile(99), 198.0);
        assert_eq!(samples.percentile(0), 1.0);
        assert_eq!(samples.max(), 200.0);
        assert_eq!(Samples::new(vec![7.0]).percentile(99), 7.0);
        assert_eq!(Samples::new(vec![3.0, 1.0, 2.0]).median(), 2.0);
    }
}
