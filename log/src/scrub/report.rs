/// How far the reading is, for whoever counts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScrubReport {
    /// Bytes that this step read.
    pub bytes: u64,
    /// The share of the pass that is done, from 0 to 1, as far as that is known.
    pub progress: f64,
    /// How many passes are complete since the start.
    pub passes: u64,
    /// In how many places damage was found since the start.
    pub findings: u64,
}
