//! The settings of the Rekor v2 face.

use crate::settings::section::section;

section! {
    /// Whether Rekor v2 is served, and what it takes.
    pub struct RekorV2Settings from RekorV2Overrides {
        /// Serve Rekor v2
        [BOOL] rekor_v2: bool = true;
        /// Accept dsse 0.0.2 entries, which older clients send
        [BOOL] accept_dsse: bool = true;
    }
}
