//! The settings of the page.

use crate::settings::section::section;

section! {
    /// Whether there is a page to look at.
    pub struct PageSettings from PageOverrides {
        /// Serve a page for people at /
        [BOOL] page: bool = true;
    }
}
