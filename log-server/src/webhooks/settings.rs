//! The settings of webhooks.

use std::path::PathBuf;

use crate::settings::section::section;

section! {
    /// Where new entries are sent, and which.
    pub struct WebhookSettings from WebhookOverrides {
        /// Where each new entry is sent as a CloudEvent, at least once, comma-separated
        [LIST] webhook_urls: Vec<String> = Vec::new(), shown "nowhere";
        /// File with the secret that webhooks are signed with: base64, perhaps after whsec_
        [FILE] webhook_secret_file: Option<PathBuf> = None;
        /// TOML file with identities, keys, digests and kinds, as a monitor has them: webhooks
        /// tell of these entries only. Read again on SIGHUP and by POST /webhook-rules
        [FILE] webhook_filter_file: Option<PathBuf> = None;
    }
}
